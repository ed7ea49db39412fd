"""Open WebUI: files for its *Settings > Data Controls > Import Chats*.

    import-001.json
    import-002.json
    files/floor-plan-3f9a.pdf
    HOW-TO-IMPORT.md

A file is an array of `{chat, meta, pinned, created_at, updated_at}`, which the page sends to
`POST /api/v1/chats/import`. Field names are those of Open WebUI 0.12.4 (`models/chats.py`, and the
page's own import). The app would take an item with `mapping` for a ChatGPT export.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gptexit.archive.files import Read, Rendered
from gptexit.archive.manifest import Catalog, readable
from gptexit.model import Asset, Cited, Conversation, Raw
from gptexit.text.json import dumps
from gptexit.writers.base import (
    CommonOptions,
    Series,
    Unmentioned,
    is_pinned,
    on_branches,
    title_of,
)
from gptexit.writers.chat.beside import Beside
from gptexit.writers.chat.turns import (
    ASSISTANT,
    USER,
    ChatStyle,
    Inline,
    Turn,
    Turns,
    last_instructions,
    reasoning,
    superseded,
    turns_of,
    words_of,
)
from gptexit.writers.how_to import how_to
from gptexit.writers.steps import Sketch, Stepped

MESSAGES, BYTES = 2_000, 24 << 20
"""The most that one file holds. The app commits each message by itself: a request of 9,000 messages
takes a minute, in which the page shows nothing."""

Attach = Callable[[Asset, str], Raw | None]
"""Takes an asset and the role of a message. Returns the entry for the message's `files`; None if
the app does not get the file."""


@dataclass(slots=True)
class Chat:
    """One conversation as Open WebUI takes it."""

    form: Raw
    """`{chat, meta, pinned, archived, created_at, updated_at}`."""
    turns: Turns
    files: dict[str, Asset]
    """Assets that are not in the chat itself, by id."""


def chat_of(
    conversation: Conversation,
    include: frozenset[str],
    attach: Attach,
    place: Callable[[Asset], str],
) -> Chat:
    """Make a chat. `place` returns where a person finds a file that the app does not get."""
    turns = turns_of(conversation, include)
    assets = {asset["id"]: asset for asset in conversation["assets"]}
    files: dict[str, Asset] = {}

    def place_file(asset: Asset) -> str:
        files[asset["id"]] = asset
        return place(asset)

    later = superseded(turns)
    models = [turn.model for turn in turns.by_id.values() if turn.model]
    fallback = conversation["model"] or "chatgpt"
    messages = {}
    when = _seconds(conversation["created"]) or _seconds(conversation["updated"]) or 0
    for turn in turns.by_id.values():
        when = _seconds(turn.created) or when
        message = _message(turn, assets, attach, place_file, later.get(turn.id, {}))
        message["timestamp"] = when
        if turn.role == USER:
            message["models"] = [turn.model or fallback]
        else:
            model = turn.model or fallback
            message |= {"model": model, "modelName": model, "modelIdx": 0, "done": True}
        messages[turn.id] = message
    tags = tags_of(conversation)
    title = title_of(conversation)
    created = _seconds(conversation["created"]) or when
    system = last_instructions(conversation) if "instructions" in include else ""
    chat: Raw = {
        "title": title,
        "models": models[:1] or [fallback],
        "params": {"system": system} if system else {},
        "history": {"messages": messages, "currentId": turns.current},
        "tags": tags,
        "timestamp": created * 1000,
        "files": [],
    }
    form: Raw = {
        "chat": chat,
        "meta": {
            "tags": tags,
            "gptexit": {"id": conversation["id"], "messages": fingerprint(messages)},
        },
        "pinned": is_pinned(conversation),
        "archived": bool(conversation["archived"]),
        "created_at": created,
        "updated_at": _seconds(conversation["updated"]) or created,
    }
    return Chat(form, turns, files)


def fingerprint(messages: Raw) -> str:
    """Return a digest of a chat's messages, to see later whether somebody has written in it.

    It leaves out the characters that the app removes: null bytes, and halves of surrogate pairs.
    """
    digest = hashlib.sha256()
    for key in sorted(messages):
        words = f"{key}\n{messages[key].get('content')}\n{messages[key].get('parentId')}\n"
        digest.update(_UNSTORED.sub("", words).encode())
    return digest.hexdigest()[:32]


_UNSTORED = re.compile("[\0\ud800-\udfff]")


def _message(
    turn: Turn,
    assets: dict[str, Asset],
    attach: Attach,
    place: Callable[[Asset], str],
    later: dict[str, int],
) -> Raw:
    entries: list[Raw] = []
    sources: dict[str, Cited] = {}

    def place_outside(asset: Asset) -> str | None:
        entry = attach(asset, turn.role)
        if entry is None:
            return place(asset)
        if entry not in entries:
            entries.append(entry)
        return None

    def mark(source: Cited) -> str:
        """Number the sources of the message from 1 on, as the app does: each URL once."""
        key = source["url"] or source["title"] or "source"
        sources.setdefault(key, source)
        return f"[{list(sources).index(key) + 1}]"

    words = words_of(turn.parts, ChatStyle(assets, place_outside, mark, later))
    thoughts = [_thoughts(part) for part in turn.parts if part["type"] == "reasoning"]
    message: Raw = {
        "id": turn.id,
        "parentId": turn.parent,
        "childrenIds": turn.children,
        "role": turn.role,
        "content": "\n".join([*thoughts, words]),
    }
    if entries:
        message["files"] = entries
    if sources and turn.role == ASSISTANT:
        message["sources"] = [_source(source) for source in sources.values()]
    if turn.feedback:
        message["annotation"] = {"rating": 1 if turn.feedback == "up" else -1}
    return message


def _thoughts(part: Any) -> str:
    """Show reasoning as the app's own folded block, which holds escaped text behind `>`."""
    title, words = reasoning(part)
    if not words:
        return f"*{title}*\n"
    seconds = f' duration="{round(part["seconds"])}"' if part["seconds"] else ""
    lines = "\n".join(f"> {text}" for text in html.escape(words).split("\n"))
    head = f"<summary>{html.escape(title)}</summary>"
    return f'<details type="reasoning" done="true"{seconds}>\n{head}\n{lines}\n</details>\n'


def _source(source: Cited) -> Raw:
    name = source["title"] or source["url"] or "source"
    place = source["url"] or name
    return {
        "source": {"name": name, "url": source["url"]} if source["url"] else {"name": name},
        "document": [name],
        "metadata": [{"source": place, "name": name}],
    }


def tags_of(conversation: Conversation, *, by_name: bool = True) -> list[str]:
    """Return the tags of a chat, for facts that the app's import has no field for.

    They have the form of the app's own ids of tags: lower case, no spaces. `by_name`: with the name
    of its project and custom GPT, or the beginning of the id if there is no name.
    """
    tags = ["chatgpt", *(["archived"] if conversation["archived"] else [])]
    for word, prefix, named in (
        ("project", "g-p-", conversation["project"]),
        ("gpt", "g-", conversation["assistant"]),
    ):
        if named:
            words = readable(named["name"] or "") if by_name else ""
            tags.append(f"{word}-{words or named['id'].removeprefix(prefix)[:8]}".lower())
    return tags


def _seconds(time: str | None) -> int:
    return int(datetime.fromisoformat(time).timestamp()) if time else 0


class OpenWebUI(Stepped):
    """The writer. It takes all branches unless `--branches current`."""

    def __init__(self, options: CommonOptions, catalog: Catalog, read: Read) -> None:
        self._branches = options.branches
        self._include = options.include
        self._catalog = catalog
        self._read = read
        self._series = Series("import-{:03}.json", "import", MESSAGES, BYTES)
        self._unmentioned = Unmentioned()

    def draft(self, conversation: Conversation) -> Sketch:
        """Make the chat, and copy the files outside of it."""
        done = Rendered()
        conversation = on_branches(conversation, self._branches, done)
        beside = Beside(self._catalog)
        inlined = Inline(self._read)
        chat = chat_of(conversation, self._include, inlined.entry, beside.place)
        beside.add_to(done)
        done.messages = chat.turns.messages
        done.hidden += chat.turns.hidden
        return Sketch(done, {"chat": dumps(chat.form)})

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Add the chat to the current file or the next one."""
        self._unmentioned.see(conversation)
        sketch.done.files += self._series.add(sketch.facts["chat"], sketch.done.messages)
        return sketch.done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: the app has no place for them."""
        return self._unmentioned.left(assets)

    def finish(self) -> Rendered:
        """End the last file, and tell how to import the files."""
        files = self._series.end()
        page = how_to("open-webui", files=self._series.number, last=self._series.name)
        return Rendered(files=[*files, page])
