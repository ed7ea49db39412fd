"""The part of a stream that is in memory while an item is looked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from gptexit.readers.chatgpt.parsing import weight


class ByteStream(Protocol):
    """Anything with `read(n)`: a file, a ZIP member, standard input."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, `b""` at the end."""


class Window:
    """Some bytes of the stream: `data`, which starts at byte `base`."""

    __slots__ = (
        *("at_end", "base", "chunk", "data", "failed", "failure", "keys", "largest", "searched"),
        *("stream", "take", "_weighed"),
    )

    def __init__(self, stream: ByteStream, chunk: int, largest: int) -> None:
        """`chunk`: bytes asked of the stream at a time. `largest`: bytes held at most, roughly."""
        self.stream = stream
        self.chunk = chunk
        self.largest = largest
        self.data = b""
        self.base = 0
        self.at_end = False
        self.failure: str | None = None
        """Why the stream could not be read to its end, in its own words."""
        # What the splitter has found out, kept so that no search repeats; bytes of the stream.
        self.keys: list[int] = []
        self.searched = 0
        self.failed: dict[int, int] = {}
        self.take: Callable[[bytes], object] | None = None
        """Is given what is dropped, in pieces."""
        self._weighed = (0, 0, False)

    def full(self, start: int) -> bool:
        """Whether the item at `start` is larger than anything that is held in memory."""
        return self.heavy(start, len(self.data))

    def heavy(self, start: int, end: int) -> bool:
        """Tell whether what stands from `start` to `end` is too large, or holds too many values."""
        if end - start >= self.largest or end - start <= weight.LIGHT:
            return end - start >= self.largest
        place = (self.base + start, self.base + end)
        if self._weighed[:2] != place:
            heavy = weight.too_many_signs(self.data, start, end, weight.MOST_SIGNS)
            self._weighed = (*place, heavy)
        return self._weighed[2]

    def more(self, start: int = 0) -> bool:
        """Append the next bytes; False at the end, or where the item at `start` gets too large.

        Grows faster the longer an item gets, so that the cost stays linear.
        """
        if self.at_end or self.full(start):
            return False
        parts = []
        held = len(self.data)
        wanted = max(self.chunk, min(held // 2, self.largest - held + self.chunk))
        while wanted > 0:
            try:
                part = self.stream.read(min(wanted, self.chunk))
            except Exception as error:  # any codec's own error: zlib, CRC, a vanished disk
                self.failure = str(error) or type(error).__name__
                part = b""
            if not part:
                self.at_end = True
                break
            parts.append(part)
            wanted -= len(part)
        if parts:
            self.data = b"".join((self.data, *parts))
        return bool(parts)

    def drop(self, count: int) -> None:
        """Forget the first `count` bytes."""
        if self.take:
            for at in range(0, count, self.chunk):
                self.take(self.data[at : min(at + self.chunk, count)])
        self.data = self.data[count:]
        self.base += count
