"""Store conversations in a database of the command `llm`, through llm's own library.

llm keeps a tree of messages, each known by a hash of what it says and of the message above it, and
two things that point into it: a thread for each conversation, and a turn for each answer, with its
date and its model. Seen in `llm/logs.py` and `llm/cli.py` of llm 0.36.

An id is a ULID: a time, then ten bytes that are made of the ids of the export here. By these ten
bytes a later run finds what an earlier one stored, also where the time is another one by now.
Nothing of what llm itself or a person stored is changed. Where two exports tell an answer
differently, the later one counts, and the other stays as a turn of the same thread, which
`llm logs` lists and finds.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import llm
import sqlite_utils
from llm.logs import TURN_SEARCH_INSERT_SQL, LogStore
from llm.parts import AttachmentPart, Part, ReasoningPart, TextPart
from ulid import ULID

from gptexit.writers.chat.turns import USER
from gptexit.writers.llm_logs import NO_MODEL, LlmConversation, LlmMessage, milliseconds

_TIME, _REST = 10, 10
"""Characters of a ULID that hold its time, and the bytes behind it."""
_TURN = ("thread_id", "parent_message_hash", "tip_message_hash", "model", "datetime_utc")
_LOOSE = """
    WITH RECURSIVE kept(hash) AS (
        SELECT tip_message_hash FROM turns UNION SELECT parent_message_hash FROM turns
        UNION SELECT tip_message_hash FROM threads
        UNION SELECT parent_hash FROM messages JOIN kept USING (hash)
    )
    SELECT hash FROM messages WHERE hash NOT IN (SELECT hash FROM kept WHERE hash IS NOT NULL)
"""
_LISTS_OF_ATTACHMENTS = ("part_attachments", "prompt_attachments", "tool_results_attachments")
_BEGINNING = "1970-01-01 00:00:00+00:00"
"""The time at which the tables of a new database are said to have been made, so that the same
export gives the same bytes."""


class LlmLogs:
    """An open database of llm."""

    def __init__(
        self,
        base: sqlite3.Connection | Path,
        *,
        new: bool = False,
        older: bool = False,
        keeps: bool = False,
    ) -> None:
        """Open a database, and bring its tables up to date.

        `new`: nobody else has it. `older`: it has a newer export than the one that is stored.
        `keeps`: an answer that gives way to another one stays as a turn beside it. Not so where
        an earlier gptexit, or other options, may have told the same answer otherwise.
        """
        self._older, self._keeps = older, keeps
        self.base = sqlite_utils.Database(base)
        self._store = LogStore(self.base)  # type: ignore[no-untyped-call]
        if new:
            self.base.execute("UPDATE _llm_migrations SET applied_at = ?", [_BEGINNING])
        self._threads = {
            key[_TIME:]: key for (key,) in self.base.execute("SELECT id FROM threads").fetchall()
        }
        self._images: dict[str, str] = {}
        """The ids of the attachments that this run stored, by the keys of their copies."""
        self.replaced = False
        """True if a turn of an earlier run was changed, so that messages may be loose."""

    @property
    def changes(self) -> int:
        """The number of rows that were changed since the database was opened."""
        return int(self.base.conn.total_changes)

    def has(self, conversation_id: str) -> bool:
        """Tell whether an earlier run stored a conversation."""
        return end_of_id(conversation_id) in self._threads

    def size_of(self, key: str) -> int:
        """Return the bytes of an image that this run stored, 0 if it did not."""
        query = "SELECT length(content) FROM attachments WHERE id = ?"
        row = self.base.execute(query, [self._images.get(key)]).fetchone()
        return int(row[0] or 0) if row else 0

    def add_image(self, key: str, media_type: str, data: bytes) -> None:
        """Store an image, for the message that names `key`."""
        digest = hashlib.sha256(data).hexdigest()
        row = {"id": digest, "type": media_type, "path": None, "url": None, "content": data}
        if not self.base.table("attachments").count_where("id = ?", [digest]):
            self.base.table("attachments").insert(row)
        self._images[key] = digest

    def add(self, conversation: LlmConversation) -> bool:
        """Store a conversation, or what is new in it. Return whether anything was."""
        with self.base.atomic():
            before = self.changes
            self._add(conversation)
            return self.changes != before

    def _add(self, conversation: LlmConversation) -> None:
        messages = conversation["messages"]
        created = milliseconds(conversation["created"])
        rest = _rest(conversation["id"])
        known = self._threads.get(_letters(rest))
        thread = known or _ulid(created, rest)
        root = None
        if conversation["system"]:
            system = llm.Message("system", [TextPart(conversation["system"])])
            root = self._store.ensure_chain([system])
        hashes: list[str | None] = []
        for message in messages:
            above = root if message["parent"] is None else hashes[message["parent"]]
            said = llm.Message(message["role"], self._parts(message))
            hashes.append(self._store.ensure_chain([said], parent=above))
        current = conversation["current"]
        tip = root if current is None else hashes[current]
        if known is None:
            self._store.create_thread(conversation["title"], tip, id=thread)
            self._threads[_letters(rest)] = thread
            when = _shown(conversation["created"])
            self.base.table("threads").update(thread, {"datetime_utc": when})
        own = self._turns(conversation, thread, hashes, root)
        if known and not self._older:
            self._move_tip(thread, conversation["title"], tip, own)

    def _parts(self, message: LlmMessage) -> list[Part]:
        parts: list[Part] = [ReasoningPart(text) for text in message["reasoning"]]
        if message["text"]:
            parts.append(TextPart(message["text"]))
        for digest in dict.fromkeys(map(self._images.get, message["images"])):
            if digest is not None:
                row = self.base.table("attachments").get(digest)
                image = llm.Attachment.from_row(row)  # type: ignore[no-untyped-call]
                parts.append(AttachmentPart(image))
        return parts

    def _turns(
        self,
        conversation: LlmConversation,
        thread: str,
        hashes: list[str | None],
        root: str | None,
    ) -> set[str | None]:
        """Store a turn for each answer, and for each question that has none.

        Return the hashes that turns of this conversation pointed to before. A thread without a turn
        is one that llm cannot go on with: so a question without an answer is a turn that adds
        nothing, and so is a conversation in which nothing was said.
        """
        there = {
            row["id"][_TIME:]: row
            for row in self.base.query("SELECT * FROM turns WHERE thread_id = ?", [thread])
        }
        before: set[str | None] = set()
        for turn in _turns_of(conversation, hashes, root):
            known = there.get(_letters(turn.rest))
            values = (thread, turn.start, turn.tip, turn.model, _shown(turn.when))
            if known:
                before |= {known["parent_message_hash"], known["tip_message_hash"]}
                if tuple(known[column] for column in _TURN) == values:
                    continue
                self.replaced = True
            row = dict(zip(_TURN, values, strict=True))
            if known and self._keeps:
                stays, goes = (known, row) if self._older else (row, known)
                self._keep_older(conversation["id"], turn, stays, goes)
            if known is None or not self._older:
                key = known["id"] if known else _ulid(turn.time, turn.rest)
                self._store_turn({**(known or {}), "id": key, **row})
        return before

    def _keep_older(
        self, conversation_id: str, turn: _Turn, stays: dict[str, Any], goes: dict[str, Any]
    ) -> None:
        """Store the turn `goes`, which gives way to `stays`, if it says something of its own."""
        said = (
            (self._text_of(goes[end]), self._text_of(stays[end]))
            for end in ("parent_message_hash", "tip_message_hash")
        )
        if not all(now.startswith(before) for before, now in said):
            rest = _rest(conversation_id, turn.message, goes["tip_message_hash"])
            key = _ulid(turn.time, rest)
            if not self.base.table("turns").count_where("id = ?", [key]):
                self._store_turn({**goes, "id": key})

    def _store_turn(self, row: dict[str, Any]) -> None:
        """Store a turn, and the words by which a search finds it."""
        self.base.table("turns").insert(row, replace=True)
        self.base.table("turn_search").delete_where("turn_id = ?", [row["id"]])
        self.base.execute(TURN_SEARCH_INSERT_SQL, {"turn_id": row["id"]})

    def _text_of(self, digest: str | None) -> str:
        """Return the text of a message by its hash."""
        query = "SELECT text FROM parts WHERE message_hash = ? AND type = 'text' ORDER BY position"
        rows = self.base.execute(query, [digest]).fetchall()
        return "".join(text or "" for (text,) in rows)

    def _move_tip(self, thread: str, title: str, tip: str | None, before: set[str | None]) -> None:
        """Let a thread of an earlier run end where the export does, unless it was gone on with."""
        row = self.base.table("threads").get(thread)
        now = {
            "name": title,
            "tip_message_hash": tip
            if row["tip_message_hash"] in before
            else row["tip_message_hash"],
        }
        if any(row[column] != value for column, value in now.items()):
            self.base.table("threads").update(thread, now)

    def remove_loose(self) -> None:
        """Remove messages that no thread and no turn leads to, and images that no message has."""
        with self.base.atomic():
            self.base.execute(f"CREATE TEMP TABLE loose AS {_LOOSE}")
            parts = "SELECT id FROM parts WHERE message_hash IN (SELECT hash FROM loose)"
            for table in ("part_attachments", "part_fragments"):
                self.base.execute(f"DELETE FROM {table} WHERE part_id IN ({parts})")
            self.base.execute("DELETE FROM parts WHERE message_hash IN (SELECT hash FROM loose)")
            self.base.execute("DELETE FROM messages WHERE hash IN (SELECT hash FROM loose)")
            used = " UNION ".join(f"SELECT attachment_id FROM {it}" for it in _LISTS_OF_ATTACHMENTS)
            self.base.execute(f"DELETE FROM attachments WHERE id NOT IN ({used})")
            self.base.execute("DROP TABLE loose")

    def close(self) -> None:
        """Close the database."""
        self.base.close()


class _Turn(NamedTuple):
    """What llm calls a response: the messages between `start` and `tip`."""

    rest: bytes
    """Of its id."""
    time: int
    """Of its id: that of the message, or a millisecond after that of the message above."""
    start: str | None
    tip: str | None
    model: str
    when: str | None
    message: str = ""
    """The id of the message at `tip`."""


def _turns_of(
    conversation: LlmConversation, hashes: list[str | None], root: str | None
) -> Iterator[_Turn]:
    own, created = conversation["id"], conversation["created"]
    messages = conversation["messages"]
    if not messages:
        yield _Turn(_rest(own), milliseconds(created), root, root, NO_MODEL, created)
    answered = {message["parent"] for message in messages if message["role"] != USER}
    times: list[int] = []
    for place, message in enumerate(messages):
        parent = message["parent"]
        when = message["when"] or created
        times.append(max(milliseconds(when), 0 if parent is None else times[parent] + 1))
        asks = message["role"] == USER
        if asks and place in answered:
            continue
        start = hashes[place] if asks else root if parent is None else hashes[parent]
        rest = _rest(own, message["id"])
        model, key = message["model"], message["id"]
        yield _Turn(rest, times[-1], start, hashes[place], model, when, key)


def end_of_id(*ids: str) -> str:
    """Return the letters behind the time in the id of a thread, or of a turn.

    `ids`: of the conversation, and for a turn that of the message too.
    """
    return _letters(_rest(*ids))


def _rest(*ids: str) -> bytes:
    """Make the bytes of a ULID behind its time."""
    return hashlib.sha256("\0".join(("gptexit", *ids)).encode("utf-8", "replace")).digest()[:_REST]


def _letters(rest: bytes) -> str:
    return _ulid(0, rest)[_TIME:]


def _ulid(milliseconds: int, rest: bytes) -> str:
    """Make an id of llm's, which writes them in small letters."""
    time = min(milliseconds, 2**48 - 1).to_bytes(6, "big")
    return str(ULID(time + rest)).lower()


def _shown(time: str | None) -> str:
    """Write a time as llm does."""
    return (time or "1970-01-01T00:00:00Z").replace("Z", "+00:00")


def is_llm_database(base: sqlite3.Connection) -> bool:
    """Tell whether llm made a database. Raises sqlite3.DatabaseError if it is none at all."""
    query = "SELECT count(*) FROM sqlite_master WHERE name = '_llm_migrations'"
    return bool(base.execute(query).fetchone()[0])
