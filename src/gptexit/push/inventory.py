"""What an app holds of earlier runs, told by the marks that gptexit leaves.

A chat carries `meta.gptexit` with the conversation's id, a digest of what was sent, and one of its
messages' words; a file carries the asset's key; a folder the project's id. Read line by line: what
stays in memory is an index of ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from gptexit.errors import Refusal
from gptexit.push.client import Server
from gptexit.writers.open_webui import fingerprint

Raw = dict[str, Any]
MARK = "gptexit"
PAGE = 500
"""Files in one answer."""


@dataclass(frozen=True, slots=True)
class There:
    """A chat of ours in the app."""

    chat: str
    """The app's own id."""
    digest: str | None
    """Of what was sent; None for one that was imported from a file."""
    continued: bool
    """Whether somebody has written in it since."""
    folder: str | None
    pinned: bool
    archived: bool


@dataclass(slots=True)
class Inventory:
    """The chats of ours, by the conversation's id."""

    chats: dict[str, list[There]] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    """Ids of the files that any chat shows, also one that is not of ours."""


Verdict = Literal["new", "same", "changed", "continued"]


def judge(digest: str, there: list[There]) -> tuple[Verdict, list[There]]:
    """What is to be done for a conversation, and which of its chats are then one too many.

    A chat in which somebody has written is theirs: it is neither replaced nor taken away.
    """
    if not there:
        return "new", []
    same = sorted(
        (each for each in there if each.digest == digest),
        key=lambda each: (not each.continued, each.chat),
    )
    if same:
        return "same", [each for each in there if each is not same[0] and not each.continued]
    if any(each.continued for each in there):
        return "continued", []
    return "changed", list(there)


def inventory(server: Server) -> Inventory:
    """The chats of ours, archived ones too. Raises ServerError."""

    def read() -> Inventory:
        found = Inventory()
        for line in server.lines("/api/v1/chats/all"):
            for chat in _chats(line):
                found.shown.update(_files(_messages(chat)))
                marked = mark_of(chat)
                if marked is not None:
                    found.chats.setdefault(marked["id"], []).append(_there(chat, marked))
        return found

    return server.attempt(read)


def untouched(server: Server, chat: str) -> bool:
    """Whether a chat is there and still has the words that were sent. Raises ServerError."""
    try:
        found = server.get(f"/api/v1/chats/{chat}")
    except Refusal as refusal:
        # The app says so of a chat that is gone.
        if refusal.status in (401, 404):
            return False
        raise
    marked = mark_of(found)
    return marked is not None and not _there(found, marked).continued


def mark_of(thing: Any) -> Raw | None:
    """The mark of a chat that is ours; a copy that somebody made of it is theirs."""
    if not isinstance(thing, dict) or not isinstance(thing.get("id"), str):
        return None
    meta, chat = thing.get("meta"), thing.get("chat")
    mark = meta.get(MARK) if isinstance(meta, dict) else None
    if not isinstance(mark, dict) or not isinstance(mark.get("id"), str):
        return None
    return None if not isinstance(chat, dict) or chat.get("originalChatId") else mark


def _there(chat: Raw, mark: Raw) -> There:
    folder = chat.get("folder_id")
    return There(
        chat["id"],
        mark.get("digest") if isinstance(mark.get("digest"), str) else None,
        mark.get("messages") != fingerprint(_messages(chat)),
        folder if isinstance(folder, str) else None,
        bool(chat.get("pinned")),
        bool(chat.get("archived")),
    )


def _messages(chat: Any) -> Raw:
    found = chat
    for name in ("chat", "history", "messages"):
        found = found.get(name) if isinstance(found, dict) else None
    found = found if isinstance(found, dict) else {}
    return {key: each for key, each in found.items() if isinstance(each, dict)}


def _files(messages: Raw) -> Iterator[str]:
    for each in messages.values():
        entries = each.get("files")
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("id"), str):
                yield entry["id"]


def _chats(line: bytes) -> list[Any]:
    """A line holds one chat; in older versions the one line is a list of all."""
    if not line.strip():
        return []
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return []
    return value if isinstance(value, list) else [value]


def uploaded(server: Server) -> dict[str, list[str]]:
    """The files of ours by the asset's key, the oldest first. Raises ServerError."""
    found: dict[str, list[str]] = {}
    skip = 0
    while True:
        page = server.get(f"/api/v1/files/user/search?content=false&limit={PAGE}&skip={skip}")
        if not isinstance(page, list) or not page:
            break
        for each in page:
            key = _asset_of(each)
            if key is not None:
                found.setdefault(key, []).insert(0, each["id"])
        skip += len(page)
    return found


def _asset_of(file: Any) -> str | None:
    mark = file.get("meta") if isinstance(file, dict) and isinstance(file.get("id"), str) else None
    for name in ("data", MARK):
        mark = mark.get(name) if isinstance(mark, dict) else None
    key = mark.get("asset") if isinstance(mark, dict) else None
    return key if isinstance(key, str) else None
