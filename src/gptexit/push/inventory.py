"""Find the chats of earlier runs in the app, by the marks that gptexit leaves.

A chat has `meta.gptexit` with the conversation's id, a digest of the chat as it was sent, and one
of the words of its messages; a file has the asset's key; a folder has the project's id. The chats
are read line by line: only an index of ids stays in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from gptexit.errors import Refusal
from gptexit.push.client import Server, dig, text_at
from gptexit.push.tally import Verdict
from gptexit.writers.open_webui import fingerprint

Raw = dict[str, Any]
MARK = "gptexit"


@dataclass(frozen=True, slots=True)
class AppChat:
    """A chat of gptexit's in the app, and the id of its conversation."""

    id: str
    conversation: str
    digest: str | None
    """Digest of the chat as it was sent; None for one that was imported from a file."""
    continued: bool
    """Whether the user has written in it since."""
    folder: str | None
    pinned: bool
    archived: bool


@dataclass(slots=True)
class Inventory:
    """The chats of gptexit's in the app."""

    chats: dict[str, list[AppChat]] = field(default_factory=dict)
    """By the conversation's id."""
    shown: set[str] = field(default_factory=set)
    """Ids of the files that any chat shows, also a chat of another origin."""


def judge(digest: str, chats: list[AppChat]) -> tuple[Verdict, list[AppChat]]:
    """Decide on a conversation with that digest, and which of its chats to delete afterwards.

    A chat in which the user has written is neither replaced nor deleted.
    """
    if not chats:
        return "new", []
    same = [chat for chat in chats if chat.digest == digest]
    if same:
        kept = min(same, key=lambda chat: (not chat.continued, chat.id))
        return "same", [chat for chat in chats if chat is not kept and not chat.continued]
    if any(chat.continued for chat in chats):
        return "continued", []
    return "changed", list(chats)


def inventory(server: Server) -> Inventory:
    """Read all chats of the app, archived ones too. Raises ServerError."""

    def read() -> Inventory:
        found = Inventory()
        for line in server.lines("/api/v1/chats/all"):
            for chat in _chats(line):
                found.shown.update(_files(_messages(chat)))
                known = app_chat(chat)
                if known is not None:
                    found.chats.setdefault(known.conversation, []).append(known)
        return found

    return server.attempt(read)


def untouched(server: Server, chat: str) -> bool:
    """Tell whether a chat exists and still has the words that were sent. Raises ServerError."""
    try:
        found = app_chat(server.get(f"/api/v1/chats/{chat}"))
    except Refusal as refusal:
        # The app answers 401 for a chat that is gone.
        if refusal.status in (401, 404):
            return False
        raise
    return found is not None and not found.continued


def app_chat(chat: Any) -> AppChat | None:
    """Read a chat of gptexit's; return None for any other, also for a copy that the user made."""
    key, conversation = text_at(chat, "id"), text_at(chat, "meta", MARK, "id")
    content = dig(chat, "chat")
    if key is None or conversation is None or not isinstance(content, dict):
        return None
    if content.get("originalChatId"):
        return None
    mark = chat["meta"][MARK]
    return AppChat(
        key,
        conversation,
        text_at(mark, "digest"),
        mark.get("messages") != fingerprint(_messages(chat)),
        text_at(chat, "folder_id"),
        bool(chat.get("pinned")),
        bool(chat.get("archived")),
    )


def _messages(chat: Any) -> Raw:
    messages = dig(chat, "chat", "history", "messages")
    messages = messages if isinstance(messages, dict) else {}
    return {key: message for key, message in messages.items() if isinstance(message, dict)}


def _files(messages: Raw) -> Iterator[str]:
    for message in messages.values():
        entries = message.get("files")
        ids = (text_at(entry, "id") for entry in (entries if isinstance(entries, list) else ()))
        yield from filter(None, ids)


def _chats(line: bytes) -> list[Any]:
    """Parse a line with one chat, or with a list of all chats, as older versions send it."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return []
    return value if isinstance(value, list) else [value]
