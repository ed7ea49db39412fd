"""Scan JSON without a parser: find where a value ends, and how much memory it takes once parsed.

Counting brackets outside strings needs no guess. It walks over values that no parser accepts, and
over those that are too large to hold.

A value costs Python 8 to 240 bytes whatever its text is: `[[]],` grows 34 times, `{"a":1},` 30
times. So not only bytes are counted, but also the signs between values. Looking at them costs far
less than parsing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from gptexit.codes import Reason, reason_of

Take = Callable[[bytes], object]
"""Takes bytes piece by piece; an empty piece is the end."""
Keep = Callable[[str], Take]
"""Returns the function that takes the bytes of a file, given its path in the archive."""
FOLDER = "too-large"
"""The folder of an archive with such files."""
_ODD = re.compile(r"[^A-Za-z0-9._-]+")
MOST_BYTES = 64 << 20
"""Bytes of one item at most. Its text is parsed, read and written: about five copies of it."""
MOST_SIGNS = 1_500_000
"""Brackets, commas and colons outside strings in one item at most: about 130 MB once parsed. A
conversation has one for each 20 to 50 of its bytes."""
LIGHT = 1 << 21
"""Bytes that are never weighed: whatever they hold, they take less than 100 MB."""
TOO_MUCH = f"more than {MOST_BYTES >> 20} MB or {MOST_SIGNS:,} values"
_STEP = 1 << 20
_LEAST = 1 << 12
"""Bytes that are worth a step."""
_SIGNS = (b",", b":", b"[", b"{")
_BRACKETS = bytes.maketrans(b"[]", b"{}")
_NO_SIGN = bytes(code for code in range(256) if code not in b",:[{")
_NO_BRACKET = bytes(code for code in range(256) if code not in b"[]{}")
_MASK = b"\0\0"
"""Takes the place of an escaped quote or backslash, which are in strings alone."""
_WORTH = 16
"""Pairs of brackets are taken out of a step as long as each time so large a part of it goes."""
_QUOTES = 8
"""Escaped quotes of a string that are looked at one by one."""
_IN_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*){0,500}', re.DOTALL)


def path_of(label: str, place: str) -> str:
    """Make the path of a file that is too large, from its source's name and the place in it."""
    base = _ODD.sub("-", label.replace("\\", "/").rsplit("/", 1)[-1])[-80:].strip(".-")
    return f"{FOLDER}/{base.removesuffix('.json') or 'conversations'}-{place}.json"


def heavy(data: bytes) -> bool:
    """Tell whether a JSON text is too large to be parsed, or holds too many values."""
    large = len(data) > MOST_BYTES
    return large or (len(data) > LIGHT and too_many_signs(data, 0, len(data), MOST_SIGNS))


def too_many_signs(data: bytes, start: int, end: int, most: int) -> bool:
    """Tell whether the JSON in `data[start:end]` has more than `most` signs outside its strings.

    `start` is outside a string. Strings are left out only if a quick count with them is too high.
    """
    if sum(data.count(sign, start, end) for sign in _SIGNS) <= most:
        return False
    count = 0
    while start < end and count <= most:
        step = min(end, start + _STEP)
        outside, passed = _outside(data[start:step])
        if not passed:  # one string longer than a step
            start = string_end(data, start)
            if start < 0:
                return False
            continue
        count += len(outside.translate(None, _NO_SIGN))
        start += passed
    return count > most


def string_end(data: bytes, start: int) -> int:
    """Return the place behind the closing quote of the string at `start`; -1 without one."""
    at = start + 1
    for _ in range(_QUOTES):
        quote = data.find(b'"', at)
        if quote < 0:
            return -1
        if not is_escaped(data, at, quote):
            return quote + 1
        at = quote + 1
    step = _LEAST
    while at < len(data):
        piece = data[at : at + step]
        if is_escaped(piece, 0, len(piece)):
            piece = piece[:-1]
        if b'"' in _without_escapes(piece):
            while part := _IN_STRING.match(data, at):
                at = part.end()
                if data[at] == 0x22:
                    return at + 1
        at += len(piece)
        step = min(2 * step, _STEP)
        if not piece:
            break
    return -1


def _without_escapes(text: bytes) -> bytes:
    r"""Take out each `\\` and each `\"`; a backslash that is left escapes something else."""
    return text.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in text else text


def is_escaped(data: bytes, least: int, at: int) -> bool:
    """Tell whether an odd number of backslashes precedes `at`, counted back to `least`."""
    begin = at
    while begin > least and data[begin - 1] == 0x5C:
        step = max(least, begin - 4096)
        left = len(data[step:begin].rstrip(b"\\"))
        begin = step + left
        if left:
            break
    return (at - begin) % 2 == 1


def _outside(piece: bytes) -> tuple[bytes, int]:
    """Return `piece` without its strings, and its length up to one that is not closed."""
    parts, passed = _parts(piece)
    return b"".join(parts[::2]), passed


def _parts(piece: bytes) -> tuple[list[bytes], int]:
    """Return the pieces between quotes, each second one a string, up to a string not closed.

    Return also the length up to there. `piece` begins outside a string. Escaped quotes and
    backslashes are masked.
    """
    masked = piece
    if b"\\" in piece:
        masked = piece.replace(b"\\\\", _MASK).replace(b'\\"', _MASK)
    parts = masked.split(b'"')
    passed = len(piece)
    if len(parts) % 2 == 0:
        passed -= len(parts.pop()) + 1
    return parts, passed


def passed_over(data: bytes, start: int, depth: int) -> tuple[int, int]:
    """Go on from `start`, `depth` values deep and in no string, as far as surely none of them ends.

    Returns the new position and its depth; both as they were if nothing is sure.
    """
    while len(data) - start >= _LEAST:
        passed, closed, opened = _brackets(data[start : start + _STEP])
        if not passed or closed >= depth:
            break
        depth += opened - closed
        start += passed
    return start, depth


@lru_cache(maxsize=8)  # data that packs small and unpacks large repeats itself
def _brackets(piece: bytes) -> tuple[int, int, int]:
    """Return how much of a piece was looked at, and how many values only end and only begin in it.

    A piece that nests deep is not looked at, since counting it is quick.
    """
    outside, passed = _outside(piece)
    brackets = outside.translate(_BRACKETS, _NO_BRACKET)
    fewer = brackets.replace(b"{}", b"")
    while len(brackets) - len(fewer) > len(brackets) // _WORTH:
        brackets, fewer = fewer, fewer.replace(b"{}", b"")
    if len(fewer) < len(brackets):
        return 0, 0, 0
    closed = brackets.count(b"}")
    return passed, closed, len(brackets) - closed


class ByteStream(Protocol):
    """Anything with `read(n)`: a file, a ZIP member, standard input."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, `b""` at the end."""


class Window:
    """Some bytes of the stream: `data`, which starts at byte `base`."""

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
        # Search cache of the splitter, as absolute stream offsets.
        self.keys: list[int] = []
        self.searched = 0
        self.failed: dict[int, int] = {}
        self.take: Callable[[bytes], object] | None = None
        """Takes dropped bytes, in pieces."""
        self._weighed = (0, 0, False)

    def heavy(self, start: int, end: int) -> bool:
        """Tell whether `data[start:end]` is too large, or holds too many values."""
        if end - start >= self.largest or end - start <= LIGHT:
            return end - start >= self.largest
        place = (self.base + start, self.base + end)
        if self._weighed[:2] != place:
            heavy = too_many_signs(self.data, start, end, MOST_SIGNS)
            self._weighed = (*place, heavy)
        return self._weighed[2]

    def more(self, start: int = 0) -> bool:
        """Append the next bytes; return False at the end, or for an item that is too large."""
        if self.at_end or self.heavy(start, len(self.data)):
            return False
        parts = []
        held = len(self.data)
        # It reads more the longer an item gets, so that the cost stays linear.
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

    def compact(self, at: int) -> int:
        """Drop the bytes before `at` if they are many; return its new position."""
        if at <= max(self.chunk, len(self.data) // 2):
            return at
        self.drop(at)
        return 0

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
    """Return the place behind the value at `start`; -1 if the stream ends or the window is full."""
    if window.data[start] not in b'{["':
        return _scalar_end(window, start)
    depth = 0
    at = start
    if window.data[start] != 0x22:
        depth, at = 1, start + 1
    while True:
        if depth and len(window.data) - at > LIGHT:
            at, depth = passed_over(window.data, at, depth)
        depth, at, done = count(window.data, at, depth)
        if done:
            return at
        if not window.more(start):
            return -1


def skip(window: Window, start: int) -> int:
    """Drop the value at `start`, of any size; return the place behind it, -1 without its end."""
    window.drop(start)
    mark = window.data[:1]
    if mark == b'"':
        window.drop(1)
        return 0 if _skip_string(window) else -1
    return leave(window, 1, 1) if mark in (b"{", b"[") else _scalar_end(window, 0, drop=True)


def leave(window: Window, start: int, depth: int) -> int:
    """Return the place behind the bracket that closes `depth` values, or -1; drop like `skip`."""
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
    """Count brackets from `at` on, `depth` values deep and in no string.

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
    """Drop the rest of a string with its closing quote; return False if the stream ends before."""
    while True:
        end = string_end(window.data, -1)
        if end >= 0:
            window.drop(end)
            return True
        # All but a backslash whose other half is still to come.
        window.drop(len(window.data) - is_escaped(window.data, 0, len(window.data)))
        if not window.more():
            return False


def _scalar_end(window: Window, start: int, *, drop: bool = False) -> int:
    """Return the place behind a number, literal or stray bytes; -1 as for `careful_end`."""
    while True:
        scalar = _SCALAR.match(window.data, start)
        end = scalar.end() if scalar else start
        if end < len(window.data):
            return end if drop else max(end, start + 1)
        if drop:
            window.drop(end)
        if not window.more(start):
            return -1
