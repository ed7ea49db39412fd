"""Sum up what a note holds of its conversation, so briefly that the manifest can remember it.

An export that is older than an archive, or a slim one after a full one, may hold less of a
conversation than the note does. Rendered texts cannot tell: they also differ if the writer does.
So the manifest keeps a mark for each message that a note shows: a checksum of its id, the length
of its text, and a checksum of what was written in it. Marks come from the source's own words, never
from what the reader makes of them, and stay the same from one version of gptexit to the next. Those
of commit a155e39 and before have no checksum of the text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from zlib import crc32

from gptexit.model import Conversation, Message
from gptexit.text.front_matter import parted
from gptexit.text.json import dumps
from gptexit.text.note_links import digest_of_body

WRITER = "2"
"""Version of the text of notes; raised when the same conversation gives another text. Notes of
commit f7a5429 and before carry none."""


class Mark(NamedTuple):
    """The mark of a message or a file."""

    length: int
    """Its number of characters."""
    texts: frozenset[str] = frozenset()
    """The checksum of what was written in it, or several of several notes; empty if unknown."""


Held = dict[str, Mark]
"""Marks by the checksum of the id of the message or file."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a note shows of its conversation, as strings that another process can hand over."""

    digest: str
    """A checksum of what the source says, which does not depend on the reader."""
    held: str
    """The marks of what the note shows, as the manifest has them."""
    messages: int
    """How many messages the note counts."""


def shown_by(
    conversation: Conversation, messages: list[Message], files: list[str], count: int
) -> Shown:
    """Sum up what a note shows: `messages` of `conversation`, and links to `files` (their ids).

    `count`: how many messages the note counts.
    """
    marks, lengths, words = _marks_of(messages)
    named = (conversation["project"], conversation["assistant"])
    gone = conversation["source"]["gone"]
    flags = (conversation["archived"], conversation["starred"], gone)
    ids = [thing and thing["id"] for thing in named]
    head = dumps([conversation["title"], conversation["current"], *ids, flags, lengths])
    digest = hashlib.blake2b(head, digest_size=12)
    digest.update(b"\0".join([*words, *map(_utf8, files)]))
    return Shown(digest.hexdigest(), _joined(marks, files), count)


def text_of(data: bytes) -> dict[str, str | None]:
    """Return what the manifest remembers of a note's text: the user may change both parts of it."""
    front, body = parted(data)
    return {"front": front, "body": digest_of_body(body)}


@dataclass(frozen=True)
class NoteContents:
    """A conversation as far as it has to be compared with a note of an earlier run."""

    conversation: Conversation
    shown: Shown
    files: list[str]
    """The ids of the files that the note links to."""
    whole: Callable[[], Conversation]
    """Return the conversation with its messages, which `conversation` may lack."""

    @cached_property
    def everything(self) -> Held:
        """The marks of all that the conversation holds, also of what the note does not show."""
        marks, _, _ = _marks_of(self.whole()["messages"])
        return read(_joined(marks, self.files))

    @property
    def updated(self) -> str:
        """When the conversation changed last, to the second; empty if unknown."""
        return (self.conversation["updated"] or "")[:19]

    @property
    def slim(self) -> bool:
        """True if the export leaves out what tools said."""
        return self.conversation["source"]["nodes"] == "slim"

    def about(self, text: Mapping[str, str | None]) -> dict[str, str | None]:
        """Return what the manifest remembers of the note, which has this text (see `text_of`)."""
        return {
            "updated": self.updated or None,
            "messages": str(self.shown.messages),
            "digest": self.shown.digest,
            "held": self.shown.held,
            "form": self.conversation["source"]["nodes"],
            "writer": WRITER,
            **text,
        }


def said(message: Message) -> list[str]:
    """Return the strings of the message's content as the source has them, in order."""
    extra = message["extra"]
    if "content" not in extra:
        return [part["text"] for part in message["parts"] if part["type"] == "text"]
    strings: list[str] = []
    stack: list[Any] = [extra["content"]]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            strings.append(node)
        elif isinstance(node, dict):
            stack += reversed(node.values())
        elif isinstance(node, list):
            stack += reversed(node)
    return strings


def _written(message: Message, said: list[str]) -> str:
    """Return what was written in a message, as each export that has the message tells it.

    `said`: the strings of its content. Of a content that is more than texts, only those texts count
    that are in no object: what else is in it, an export may leave out.
    """
    content = message["extra"].get("content")
    if not isinstance(content, dict):
        return "\0".join(said)
    parts = content.get("parts")
    texts = [*(parts if isinstance(parts, list) else []), content.get("text")]
    return "\0".join(text for text in texts if isinstance(text, str))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _marks_of(messages: list[Message]) -> tuple[list[str], list[str], list[bytes]]:
    """Return the marks of messages, those without the checksums of texts, and their strings.

    Called for each note: it has to be fast.
    """
    marks: list[str] = []
    lengths: list[str] = []
    words: list[bytes] = []
    for message in messages:
        parts = message["parts"]
        if "content" not in message["extra"] and len(parts) == 1 and parts[0]["type"] == "text":
            text = parts[0]["text"]
            length = len(text)
            written = text.encode("utf-8", "replace")
            words.append(written)
        else:
            texts = said(message)
            length = sum(map(len, texts))
            written = _utf8(_written(message, texts))
            words += map(_utf8, texts)
        # Of the ways to write a number in hexadecimal, this is the fastest.
        mark = "%x.%x" % (crc32(message["id"].encode("utf-8", "replace")), length)  # noqa: UP031
        lengths.append(mark)
        marks.append("%s.%x" % (mark, crc32(written)) if written else mark)  # noqa: UP031
    return marks, lengths, words


def _joined(marks: list[str], files: list[str]) -> str:
    """Return marks of messages, and of files by their ids, as the manifest has them."""
    keys = (crc32(_utf8(f"file {key}")) for key in files)
    return " ".join([*marks, *(f"{key:x}.0" for key in keys)])


def read(held: str) -> Held:
    """Parse the marks of a manifest; skip those that are not ours."""
    marks: Held = {}
    for mark in held.split():
        key, _, rest = mark.partition(".")
        length, _, text = rest.partition(".")
        try:
            marks[key] = Mark(int(length, 16), frozenset([text] if text else []))
        except ValueError:
            continue
    return marks


def covers(more: Held, less: Held, *, lengths: bool = True) -> bool:
    """Tell whether `more` holds each message of `less`, and as much of it.

    `lengths`: False if texts were changed, as by taking out secrets, so that lengths do not count.
    """
    return all(
        key in more and (more[key].length >= mark.length or not lengths)
        for key, mark in less.items()
    )


def differ(more: Held, less: Held) -> bool:
    """Tell whether a message of both reads otherwise in `less`, or is longer or shorter there."""
    shared = ((mark.texts, more[key].texts) for key, mark in less.items() if key in more)
    return any(texts and known and not texts <= known for texts, known in shared)


def together(held: Iterable[Held]) -> Held:
    """Return what several notes of one conversation hold together."""
    marks: Held = {}
    for note in held:
        for key, mark in note.items():
            known = marks.get(key, Mark(0))
            marks[key] = Mark(max(mark.length, known.length), mark.texts | known.texts)
    return marks
