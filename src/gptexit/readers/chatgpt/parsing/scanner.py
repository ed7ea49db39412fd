"""Where a JSON value ends, by counting brackets outside strings: no guess, no parser.

It walks over values that no parser accepts, and over those that are too large to hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from gptexit.codes import Reason, reason_of
from gptexit.readers.chatgpt.parsing import weight
from gptexit.readers.chatgpt.parsing.weight import LIGHT, is_escaped, passed_over, string_end


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
        self.failure: Reason | None = None
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
                self.failure = reason_of(error)
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


# A string without escapes, a run of brackets, or the quote of any other string.
_TOKEN = re.compile(rb'"[^"\\]*"|[{\[]+|[}\]]+|"')
_SCALAR = re.compile(rb"[^,\]}{\[\"]*")


def careful_end(window: Window, start: int) -> int:
    """Just behind the value at `start`; -1 where the stream ends before, or the window is full."""
    if window.data[start] not in b'{["':
        return _scalar_end(window, start)
    depth = 0
    at = start
    while True:
        if depth and len(window.data) - at > LIGHT:
            at, depth = passed_over(window.data, at, depth)
        depth, at, done = count(window.data, at, depth)
        if done:
            return at
        if not window.more(start):
            return -1


def skip(window: Window, start: int) -> int:
    """Like `careful_end`, but forgets what it has passed: any size in bounded memory.

    -1 where the stream ends before the value does. Positions in the window from before are void.
    """
    window.drop(start)
    mark = window.data[:1]
    if mark == b'"':
        window.drop(1)
        return 0 if _skip_string(window) else -1
    return leave(window, 1, 1) if mark in (b"{", b"[") else _skip_scalar(window)


def leave(window: Window, start: int, depth: int) -> int:
    """Go from `start` to just behind the bracket that closes the outermost of `depth` values.

    Returns its position, -1 where the stream ends before. Forgets what it has passed, as `skip`.
    """
    window.drop(start)
    at = 0
    while True:
        at, depth = passed_over(window.data, at, depth)
        depth, at, done = count(window.data, at, depth)
        if done:
            return at
        in_string = window.data[at : at + 1] == b'"'
        window.drop(at + in_string)
        at = 0
        if in_string and not _skip_string(window):
            return -1
        if not in_string and not window.more():
            return -1


def count(data: bytes, at: int, depth: int) -> tuple[int, int, bool]:
    """Count brackets from `at` on, which stands `depth` values deep and in no string.

    Returns the depth and the position behind the last whole token, and whether a value ended there.
    """
    while True:
        for token in _TOKEN.finditer(data, at):
            start, at = token.span()
            mark = data[start]
            if mark in b"{[":
                depth += at - start
            elif mark in b"}]":
                if at - start >= depth:
                    return 0, start + depth, True
                depth -= at - start
            else:
                escapes = at - start == 1
                at = string_end(data, start) if escapes else at
                if at < 0:
                    return depth, start, False
                if depth == 0:
                    return depth, at, True
                if escapes:
                    break
        else:
            return depth, at, False


def _skip_string(window: Window) -> bool:
    """Drop the rest of a string with its closing quote; False where the stream ends before."""
    while True:
        end = string_end(window.data, -1)
        if end >= 0:
            window.drop(end)
            return True
        # All but a backslash whose other half is still to come.
        window.drop(len(window.data) - is_escaped(window.data, 0, len(window.data)))
        if not window.more():
            return False


def _scalar_end(window: Window, start: int) -> int:
    """Just behind a number, literal or stray bytes at `start`; -1 as for `careful_end`."""
    while True:
        found = _SCALAR.match(window.data, start)
        end = found.end() if found else start
        if end < len(window.data):
            return max(end, start + 1)
        if not window.more(start):
            return -1


def _skip_scalar(window: Window) -> int:
    while True:
        found = _SCALAR.match(window.data)
        end = found.end() if found else 0
        if end < len(window.data):
            return end
        window.drop(end)
        if not window.more():
            return -1
