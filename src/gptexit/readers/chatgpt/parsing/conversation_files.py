"""Read the conversations of one file, and report what of it is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

from gptexit.codes import Lost, Reason, Repair, reason_of
from gptexit.errors import NotAnExport
from gptexit.files.background import Digest
from gptexit.model import Raw
from gptexit.readers.chatgpt.containers.base import Member
from gptexit.readers.chatgpt.containers.recognize import PutBack, as_utf8
from gptexit.readers.chatgpt.parsing.array_items import NotAnArray, Split, split
from gptexit.readers.chatgpt.parsing.chat_html import CONVERSATIONS, find, sample, unescape
from gptexit.readers.chatgpt.parsing.json_scanner import TOO_MUCH, ByteStream, Keep, Take, path_of
from gptexit.readers.chatgpt.parsing.shapes import conversations_in, ordinary
from gptexit.readers.chatgpt.parsing.unread import Unread

_KINDS = {
    list: "an array",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
}


@dataclass(slots=True)
class Feed:
    """A file with conversations: a member, or a stream that can be read only once."""

    label: str
    member: Member | None = None
    stream: ByteStream | None = None
    viewer: bool = False
    """True for `chat.html`, which has the conversations in its middle."""


class Reading:
    """Reads feeds one after the other; calls `lose(where, why)` for what cannot be read."""

    def __init__(self, lose: Callable[[str, Reason], None], *, careful: bool = False) -> None:
        """`careful`: see `array_items.split`."""
        self._lose = lose
        self._careful = careful
        self.hashing = False
        """Whether to compute `digests`."""
        self.digests: dict[Member, str] = {}
        """SHA-256, as hex digits, of the members that were read to their end."""
        self.unread = False
        """True to leave the reading of usual conversations to others: see `heads`."""
        self._keep: Keep | None = None
        self.bytes = 0
        """Bytes read since `start`."""
        self.cut = False
        """Whether a file ended in the middle, since `start`."""

    def start(self, keep: Keep | None) -> None:
        """Begin a pass over all feeds; `keep` takes conversations that are too large, if set."""
        self._keep = keep
        self.bytes = 0
        self.cut = False

    def read(self, feed: Feed, repairs: Counter[Repair]) -> Iterator[tuple[str, Raw]]:
        """Yield each conversation of `feed` with its place."""
        if feed.member is None:
            if feed.stream is None:
                raise NotAnExport(f"{feed.label} can be read only once: give a path instead.")
            stream, feed.stream = feed.stream, None
            yield from self._split(feed, _Counted(stream, self), repairs)
            return
        try:
            opened = feed.member.open()
        except OSError as error:
            self._lose(feed.label, reason_of(error))
            return
        before = self.bytes
        with closing(opened), ThreadPoolExecutor(1) as worker:
            digest = Digest(worker) if self.hashing else None
            counted = _Counted(opened, self, digest)
            yield from self._split(feed, counted, repairs)
            if digest and counted.count == feed.member.size:
                self.digests[feed.member] = digest.hex()
        self.bytes = before + feed.member.size

    def _split(
        self, feed: Feed, stream: ByteStream, repairs: Counter[Repair]
    ) -> Iterator[tuple[str, Raw]]:
        result, skipped, escaped = self._splitting(feed), 0, False
        result.keep = lambda offset: self._pass_on(feed, offset + skipped)
        try:
            stream = as_utf8(stream)
            if feed.viewer:
                data = find(stream, CONVERSATIONS)
                if data is None:
                    self._lose(feed.label, Lost.NO_CONVERSATIONS.say())
                    return
                stream, skipped = data
                first, escaped = sample(stream)
                stream = PutBack(first, stream)
            for offset, item in split(stream, result, self._careful, one=feed.viewer):
                value = unescape(item) if escaped else item
                where = f"{feed.label}, byte {offset + skipped}"
                if isinstance(value, dict) and "mapping" in value:
                    yield self._ordinary(where, value)
                else:
                    for raw in self._conversations_in(value, where):
                        yield self._ordinary(where, raw)
            if result.failure:
                self.cut = True
                self._lose(feed.label, result.failure)
        except NotAnArray:
            why = Lost.NO_ARRAY.say()
            try:
                stream.read(1)
            except OSError as error:  # the stream gave nothing since it is damaged
                self.cut, why = True, reason_of(error)
            self._lose(feed.label, why)
        except OSError as error:
            self.cut = True
            self._lose(feed.label, reason_of(error))
        finally:
            repairs += result.repairs
            for trouble in result.troubles:
                self.cut |= trouble.cut
                self._lose(f"{feed.label}, byte {trouble.offset + skipped}", trouble.why)

    def _splitting(self, feed: Feed) -> Split:
        """Return what splits a file: with `heads` if that is asked for and can be imported."""
        result = Split()
        if self.unread and not feed.viewer:
            with suppress(ImportError):
                from gptexit.readers.chatgpt.parsing.heads import loads

                result.loads = loads
        return result

    def _pass_on(self, feed: Feed, offset: int) -> Take:
        """Report a conversation that is too large, and return the function that takes its bytes."""
        path = path_of(feed.label.rsplit(": ", 1)[-1], f"at-byte-{offset}")
        self._lose(f"{feed.label}, byte {offset}", Lost.TOO_LARGE.say(limit=TOO_MUCH, path=path))
        return self._keep(path) if self._keep else lambda piece: None

    def _ordinary(self, where: str, raw: Raw) -> tuple[str, Raw]:
        """Bring a conversation into the ordinary shape; report one in an unknown form."""
        if isinstance(raw, Unread):
            return where, raw
        if code := ordinary(raw):
            title = raw.get("title")
            named = f"{where} “{title}”" if isinstance(title, str) and title else where
            self._lose(named, code.say())
        return where, raw

    def _conversations_in(self, item: Any, where: str) -> list[Raw]:
        """Find the conversations in an item that is no ordinary one: see `shapes`."""
        conversations = conversations_in(item) or ([item] if isinstance(item, dict) else [])
        if not conversations:
            kind = _KINDS.get(type(item), "something else")
            self._lose(where, Lost.NO_CONVERSATION.say(kind=kind))
        return conversations


class _Counted:
    """A stream that counts its bytes, and has them hashed."""

    def __init__(self, stream: ByteStream, reading: Reading, digest: Digest | None = None) -> None:
        self._stream = stream
        self._reading = reading
        self._digest = digest
        self.count = 0

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self.count += len(data)
        self._reading.bytes += len(data)
        if self._digest:
            self._digest.update(data)
        return data
