"""One file with conversations to the conversations in it, and to what of it is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from gptexit.codes import Lost, Reason, Repair, reason_of
from gptexit.errors import NotAnExport
from gptexit.files.background import Digest
from gptexit.readers.chatgpt.containers.base import Member
from gptexit.readers.chatgpt.containers.recognize import as_utf8, put_back
from gptexit.readers.chatgpt.parsing.array_items import NotAnArray, Split, split
from gptexit.readers.chatgpt.parsing.chat_html import conversations_at, sample, unescape
from gptexit.readers.chatgpt.parsing.scanner import ByteStream
from gptexit.readers.chatgpt.parsing.shapes import conversations_in, ordinary
from gptexit.readers.chatgpt.parsing.weight import TOO_MUCH, Keep, Take, path_of

Raw = dict[str, Any]
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
    """True for `chat.html`, where the conversations stand in the middle."""

    @property
    def size(self) -> int | None:
        """Bytes, unpacked; None for a stream."""
        return self.member.size if self.member else None


class Reading:
    """Reads feeds one after the other; what cannot be read goes to `lose(where, why)`."""

    def __init__(self, lose: Callable[[str, Reason], None], *, careful: bool = False) -> None:
        """`careful`: see `array_items.split`."""
        self._lose = lose
        self._careful = careful
        self.hashing = False
        """Whether `digests` is wanted."""
        self.digests: dict[Member, str] = {}
        """SHA-256, as hex digits, of the members that were read to their end."""
        self.keep: Keep | None = None
        """Who keeps conversations that are too large."""
        self.bytes = 0
        """Bytes read since `start`."""
        self.cut = False
        """Whether a file ended in the middle, since `start`."""

    def start(self) -> None:
        """Begin a pass over all feeds."""
        self.bytes = 0
        self.cut = False

    def read(self, feed: Feed, repairs: Counter[Repair]) -> Iterator[tuple[str, Raw]]:
        """Each conversation of `feed` with where it stands."""
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
        said, skipped, escaped = Split(), 0, False
        said.keep = lambda offset: self._pass_on(feed, offset + skipped)
        try:
            stream = as_utf8(stream)
            if feed.viewer:
                found = conversations_at(stream)
                if found is None:
                    self._lose(feed.label, Lost.NO_CONVERSATIONS.say())
                    return
                stream, skipped = found
                first, escaped = sample(stream)
                stream = put_back(first, stream)
            items = split(stream, said, self._careful, one=feed.viewer)
            if escaped:
                items = ((offset, unescape(item)) for offset, item in items)
            for offset, item in items:
                where = f"{feed.label}, byte {offset + skipped}"
                if type(item) is dict and "mapping" in item:
                    if code := ordinary(item):
                        self._lose(_titled(where, item), code.say())
                    yield where, item
                else:
                    yield from self._found_in(item, where)
            if said.failure:
                self.cut = True
                self._lose(feed.label, said.failure)
        except NotAnArray:
            self._lose(feed.label, self._failure(stream) or Lost.NO_ARRAY.say())
        except OSError as error:
            self.cut = True
            self._lose(feed.label, reason_of(error))
        finally:
            repairs += said.repairs
            for trouble in said.troubles:
                self.cut |= trouble.cut
                self._lose(f"{feed.label}, byte {trouble.offset + skipped}", trouble.why)

    def _pass_on(self, feed: Feed, offset: int) -> Take:
        """Tell of a conversation that is too large, and return what takes its bytes."""
        path = path_of(feed.label.rsplit(": ", 1)[-1], f"at-byte-{offset}")
        self._lose(f"{feed.label}, byte {offset}", Lost.TOO_LARGE.say(limit=TOO_MUCH, path=path))
        return self.keep(path) if self.keep else _nothing

    def _found_in(self, item: Any, where: str) -> Iterator[tuple[str, Raw]]:
        """The conversations in an item that is no ordinary one: see `shapes`."""
        found = conversations_in(item) or ([item] if isinstance(item, dict) else [])
        if not found:
            kind = _KINDS.get(type(item), "something else")
            self._lose(where, Lost.NO_CONVERSATION.say(kind=kind))
        for raw in found:
            if code := ordinary(raw):
                self._lose(_titled(where, raw), code.say())
            yield where, raw

    def _failure(self, stream: ByteStream) -> Reason | None:
        """Why a stream gave nothing; None where that is not its fault."""
        try:
            stream.read(1)
        except OSError as error:
            self.cut = True
            return reason_of(error)
        return None


def _nothing(piece: bytes) -> None:
    """Keep nothing."""


def _titled(where: str, raw: Raw) -> str:
    title = raw.get("title")
    return f"{where} “{title}”" if isinstance(title, str) and title else where


class _Counted:
    """A stream that counts what it gives, and has it hashed."""

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
