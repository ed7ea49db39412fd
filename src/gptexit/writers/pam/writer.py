"""Portable AI Memory 1.0: an open format in which programs exchange memories and conversations.

    memory-store.json
    conversations/2025-03-01-postgres-or-sqlite-for-a-small-shop.json
    files/floor-plan-3f9a.pdf

The store names each conversation that a memory comes from, or all if they are written too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from gptexit.archive.files import Copy, File, Rendered
from gptexit.archive.manifest import Catalog, readable
from gptexit.files.disk import scratch_database
from gptexit.memories.collect import Collector, remembered
from gptexit.memories.model import Memory, Origin
from gptexit.model import Asset, Conversation
from gptexit.text.json import dumps, encodable
from gptexit.writers.base import CommonOptions, copy_of, no_place_for, on_branches
from gptexit.writers.pam.conversation import PLATFORM, document, first_of, later
from gptexit.writers.pam.store import head, integrity, memories, relations
from gptexit.writers.steps import Sketch, Stepped

STORE = "memory-store.json"
OWNER = "chatgpt-account"
"""The owner's id, the same in every store: the account's own would identify the user."""


class Pam(Stepped):
    """The writer. `conversations`: whether to write them, and not only the store."""

    def __init__(
        self,
        options: CommonOptions,
        catalog: Catalog,
        *,
        own_list: Sequence[Origin] = (),
        conversations: bool = True,
    ) -> None:
        self._branches = options.branches
        self._catalog = catalog
        self._own_list = own_list
        self._all = conversations
        self.memory = Memory()
        """The content of the store; set by `finish`."""
        self._collector = Collector()
        self._index = scratch_database(
            "CREATE TABLE entry (id TEXT PRIMARY KEY, row BLOB) WITHOUT ROWID;"
        )

    def draft(self, conversation: Conversation) -> Sketch:
        """Write the conversation's file, and copy the files that it names."""
        memory = remembered(conversation)
        done = Rendered(messages=len(conversation["messages"]))
        conversation = on_branches(conversation, self._branches, done)
        key, path = f"conversation/{conversation['id']}", None
        if self._all:
            day = (conversation["created"] or "undated")[:10]
            words = f"{day}-{readable(conversation['title'] or '') or 'untitled'}"
            path = self._catalog.name(key, "conversations", words, ending=".json")
            copies: dict[str, Copy] = {}
            data = dumps(document(conversation, lambda asset: self._place(asset, copies)))
            done.files.append(File(path, data + b"\n", key))
            done.copies += copies.values()
        return Sketch(done, {"memory": memory, "entry": dumps(_entry(conversation, path))})

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Keep what was remembered, and the line of the index."""
        self._collector.take(sketch.facts["memory"])
        row = encodable(conversation["id"]), sketch.facts["entry"]
        self._index.execute("INSERT OR REPLACE INTO entry VALUES (?, ?)", row)
        return sketch.done

    def _place(self, asset: Asset, copies: dict[str, Copy]) -> str | None:
        if asset["member"] is None:
            return None
        copy = copies[asset["id"]] = copy_of(asset, asset["member"], "files", self._catalog)
        return copy.path

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: the format has no place for them."""
        return no_place_for(assets)

    def finish(self) -> Rendered:
        """Write the store."""
        self.memory = self._collector.memory(self._own_list)
        objects = memories(self.memory)
        checked = integrity(objects)
        fields: dict[str, Iterator[Any]] = {
            "memories": iter(objects),
            "relations": iter(relations(self.memory)),
            "conversations_index": self._entries(objects),
        }
        opening = dumps(head(checked["checksum"], OWNER))[:-1]
        files = [_piece(opening)]
        for name, values in fields.items():
            files.append(_piece(b',\n"%s":[' % name.encode()))
            for number, value in enumerate(values):
                files.append(_piece((b",\n" if number else b"\n") + dumps(value)))
            files.append(_piece(b"\n]"))
        files.append(_piece(b',\n"integrity":' + dumps(checked) + b"}\n", last=True))
        return Rendered(files=files)

    def _entries(self, objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Return the index of conversations, each with the memories that come from it."""
        derived: dict[str, list[str]] = defaultdict(list)
        for memory in objects:
            derived[memory["provenance"].get("conversation_ref", "")].append(memory["id"])
        for key, row in self._index.execute("SELECT id, row FROM entry ORDER BY id"):
            if self._all or key in derived:
                yield {**orjson.loads(row), "derived_memories": derived.get(key, [])}


def _entry(conversation: Conversation, path: str | None) -> dict[str, Any]:
    created = first_of(conversation["created"], conversation["updated"])
    updated = later(conversation["updated"], created)
    entry = {
        "id": conversation["id"],
        "platform": PLATFORM,
        "title": conversation["title"],
        "message_count": len(conversation["messages"]),
        "temporal": {"created_at": created} | ({"updated_at": updated} if updated else {}),
    }
    return entry | ({"storage": {"type": "file", "ref": path, "format": "json"}} if path else {})


def _piece(data: bytes, *, last: bool = False) -> File:
    return File(STORE, data, "memory-store", append=True, last=last)
