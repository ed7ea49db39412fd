"""What a note holds of its conversation, told so briefly that the manifest can remember it.

An export that is older than an archive, or a slim one after a full one, may hold less of a
conversation than the note does. Rendered texts cannot tell: they also differ where the writer does.
So the manifest keeps, for each note, a mark for each message that it shows: a checksum of its id
and how much was said. They come from the source's own words, never from what the reader makes of
them, and stay the same from one version of gptexit to the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zlib import crc32

from gptexit.model import Conversation, Message
from gptexit.text.json import dumps

WRITER = "2"
"""The number of the way in which notes are written; raised when the same conversation is written
otherwise. Notes of commit f7a5429 and before carry none."""
Held = dict[str, int]
"""Of each message or file a checksum, and how many characters it has."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a note shows of its conversation, as strings that another process can hand over."""

    digest: str
    """A checksum of what the source says, the same whatever the reader makes of it."""
    held: str
    """The marks of what the note shows, as the manifest has them."""
    messages: int = 0
    """How many messages the note counts."""


def shown_by(
    conversation: Conversation, messages: list[Message], files: list[str], count: int
) -> Shown:
    """Sum up what a note shows: `messages` of `conversation`, and links to `files` (their ids).

    `count`: how many messages the note counts.
    """
    marks, words = _told_by(messages)
    named = (conversation["project"], conversation["assistant"])
    gone = conversation["source"]["gone"]
    flags = (conversation["archived"], conversation["starred"], gone)
    ids = [thing and thing["id"] for thing in named]
    head = dumps([conversation["title"], conversation["current"], *ids, flags, marks])
    joined = "\0".join([*words, *files])
    data = joined.encode() if joined.isascii() else joined.encode("utf-8", "replace")
    digest = hashlib.blake2b(head + data, digest_size=12).hexdigest()
    return Shown(digest, " ".join([*marks, *_files(files)]), count)


@dataclass(frozen=True)
class NoteContents:
    """A conversation as far as it has to be compared with a note of an earlier run."""

    conversation: Conversation
    shown: Shown
    """What the note shows of it."""
    files: list[str]
    """The ids of the files that the note links to."""
    whole: Callable[[], Conversation]
    """Return the conversation with its messages, which `conversation` may lack."""

    @property
    def held(self) -> str:
        """The marks of what the note shows, as the manifest has them."""
        return self.shown.held

    @property
    def digest(self) -> str:
        """A checksum of what the source says."""
        return self.shown.digest

    @property
    def messages(self) -> int:
        """How many messages the note counts."""
        return self.shown.messages

    @cached_property
    def everything(self) -> Held:
        """The marks of all that the conversation holds, also of what the note does not show."""
        marks, _ = _told_by(self.whole()["messages"])
        return read(" ".join([*marks, *_files(self.files)]))

    @property
    def updated(self) -> str:
        """When the conversation changed last, to the second; empty where nobody knows."""
        return (self.conversation["updated"] or "")[:19]

    @property
    def slim(self) -> bool:
        """Whether it is of an export that leaves out what tools said."""
        return self.conversation["source"]["nodes"] == "slim"

    def about(self) -> dict[str, str | None]:
        """What the manifest remembers of it."""
        return {
            "updated": self.updated or None,
            "messages": str(self.messages),
            "digest": self.digest,
            "held": self.held,
            "form": self.conversation["source"]["nodes"],
            "writer": WRITER,
        }


def said(message: Message) -> list[str]:
    """The strings of the message's content as the source has them, in order."""
    extra = message["extra"]
    if "content" not in extra:
        return [part["text"] for part in message["parts"] if part["type"] == "text"]
    found: list[str] = []
    stack: list[Any] = [extra["content"]]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            found.append(node)
        elif isinstance(node, dict):
            stack += reversed(node.values())
        elif isinstance(node, list):
            stack += reversed(node)
    return found


def _told_by(messages: list[Message]) -> tuple[list[str], list[str]]:
    """The marks of messages, and their strings. Asked for each note: it has to be fast."""
    marks: list[str] = []
    words: list[str] = []
    for message in messages:
        parts = message["parts"]
        if "content" not in message["extra"] and len(parts) == 1 and parts[0]["type"] == "text":
            text = parts[0]["text"]
            words.append(text)
            length = len(text)
        else:
            texts = said(message)
            words += texts
            length = sum(map(len, texts))
        # Of the ways to write a number in hexadecimal, this is the fastest.
        key = crc32(message["id"].encode("utf-8", "replace"))
        marks.append("%x.%x" % (key, length))  # noqa: UP031
    return marks, words


def _files(files: list[str]) -> list[str]:
    return [f"{_sum('file ' + key)}.0" for key in files]


def _sum(key: str) -> str:
    return f"{crc32(key.encode('utf-8', 'replace')):x}"


def read(held: str) -> Held:
    """The marks of a manifest; what is none of ours is left out."""
    found: Held = {}
    for mark in held.split():
        key, _, length = mark.partition(".")
        try:
            found[key] = int(length, 16)
        except ValueError:
            continue
    return found


def covers(more: Held, less: Held, *, lengths: bool = True) -> bool:
    """Whether `more` holds each message of `less`, and as much of it.

    `lengths`: False where texts were changed on the way, as by taking out secrets.
    """
    return all(key in more and (more[key] >= length or not lengths) for key, length in less.items())


def together(held: Iterable[Held]) -> Held:
    """What several notes of one conversation hold."""
    found: Held = {}
    for each in held:
        for key, length in each.items():
            found[key] = max(length, found.get(key, 0))
    return found
