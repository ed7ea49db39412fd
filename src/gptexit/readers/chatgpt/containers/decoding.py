"""JSON in UTF-16 or UTF-32, as UTF-8: what PowerShell's `>` and some editors write."""

from __future__ import annotations

import codecs

from gptexit.readers.chatgpt.parsing.buffer import ByteStream

_LONGEST_BOM = 4
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""The longer ones first: that of UTF-32 in little-endian order begins with that of UTF-16."""


def encoding_of(head: bytes) -> str | None:
    """The encoding that the first bytes of a JSON text tell; None for UTF-8.

    Without a byte order mark, JSON tells it too: its first character, `[` or `{`, is ASCII.
    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if head[:1] in (b"[", b"{", b" ", b"\n", b"<") and head[1:2] == b"\0" != head[2:3]:
        return "utf-16-le"
    if head[:1] == b"\0" and head[1:2] in (b"[", b"{", b" ", b"\n", b"<"):
        return "utf-16-be"
    return None


def decoded(head: bytes) -> bytes:
    """The first bytes of a text as UTF-8, without a byte order mark; the last may be cut off."""
    name = encoding_of(head)
    if name is None:
        return head.removeprefix(codecs.BOM_UTF8)
    text = codecs.getincrementaldecoder(name)("replace").decode(head)
    return text.encode("utf-8", "replace").removeprefix(codecs.BOM_UTF8)


class _Transcoded:
    """A stream of UTF-16 or UTF-32 that gives UTF-8; halves of pairs come out as CESU-8 bytes."""

    def __init__(self, front: bytes, stream: ByteStream, name: str) -> None:
        self._front = front
        self._stream = stream
        # Halves without the other half are as odd here as in UTF-8, and are mended in one place.
        wide = name.startswith("utf-32")
        self._decoder = codecs.getincrementaldecoder(name)("replace" if wide else "surrogatepass")
        self._left = b""
        self._ended = False

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes. Raises what the stream raises."""
        while not self._left and not self._ended:
            data = self._front or self._stream.read(size)
            self._front = b""
            self._ended = not data
            try:
                text = self._decoder.decode(data, self._ended)
            except UnicodeDecodeError:  # an odd number of bytes at the end
                text = "\ufffd"
            self._left = text.encode("utf-8", "surrogatepass")
        given, self._left = self._left[:size], self._left[size:]
        return given


class _Onward:
    """A stream with some of its bytes put back in front."""

    def __init__(self, front: bytes, stream: ByteStream) -> None:
        self._front = front
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes."""
        if self._front:
            given, self._front = self._front[:size], self._front[size:]
            return given
        return self._stream.read(size)


def put_back(front: bytes, stream: ByteStream) -> ByteStream:
    """`stream` as it was before `front` was read from it."""
    return _Onward(front, stream)


def as_utf8(stream: ByteStream) -> ByteStream:
    """`stream` as UTF-8, whatever of the Unicode encodings it is in. Raises what it raises."""
    head = b""
    while len(head) < _LONGEST_BOM and (more := stream.read(_LONGEST_BOM - len(head))):
        head += more
    name = encoding_of(head)
    return put_back(head, stream) if name is None else _Transcoded(head, stream, name)
