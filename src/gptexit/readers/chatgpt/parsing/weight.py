"""How much memory a piece of JSON takes once it is parsed, from its bytes alone.

A value costs Python 8 to 240 bytes whatever its text is: `[[]],` grows 34 times, `{"a":1},` 30
times. So not only bytes are counted, but also the signs that stand between values. Looking at them
costs far less than parsing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

FOLDER = "too-large"
"""The folder of an archive with such files."""
Take = Callable[[bytes], object]
"""Is given the bytes piece by piece; an empty piece is the end."""
Keep = Callable[[str], Take]
"""Is told the path of the file in the archive, and returns what takes its bytes."""
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


def path_of(label: str, place: str) -> str:
    """Make the path of the file, from its source's name and the place in it: alike in every run."""
    base = _ODD.sub("-", label.replace("\\", "/").rsplit("/", 1)[-1])[-80:].strip(".-")
    return f"{FOLDER}/{base.removesuffix('.json') or 'conversations'}-{place}.json"


MOST_BYTES = 64 << 20
"""Bytes of one item at most. Text is parsed, read and written: about five copies of it."""
MOST_SIGNS = 1_500_000
"""Brackets, commas and colons outside strings in one item at most: about 130 MB once parsed. A
conversation has one for each 20 to 50 of its bytes."""
LIGHT = 1 << 21
"""Bytes that are never weighed: whatever they are, they take less than 100 MB."""
TOO_MUCH = f"more than {MOST_BYTES >> 20} MB or {MOST_SIGNS:,} values"
_STEP = 1 << 20
_LEAST = 1 << 12
"""Bytes that are worth a step."""
_SIGNS = (b",", b":", b"[", b"{")
_BRACKETS = bytes.maketrans(b"[]", b"{}")
_NO_SIGN = bytes(code for code in range(256) if code not in b",:[{")
_NO_BRACKET = bytes(code for code in range(256) if code not in b"[]{}")
_WORTH = 16
"""Pairs of brackets are taken out of a step as long as each time so large a part of it goes."""
_QUOTES = 8
"""Escaped quotes of a string that are looked at one by one."""
_IN_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*){0,500}', re.DOTALL)


def heavy(data: bytes) -> bool:
    """Tell whether a JSON text is too large to be parsed, or holds too many values."""
    large = len(data) > MOST_BYTES
    return large or (len(data) > LIGHT and too_many_signs(data, 0, len(data), MOST_SIGNS))


def too_many_signs(data: bytes, start: int, end: int, most: int) -> bool:
    """Tell whether the JSON in `data[start:end]` has more than `most` signs outside its strings.

    `start` stands outside a string. The quick count takes those in strings for signs too; only
    where it says too many, strings are left out.
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
    """Find the place behind the closing quote of the string that begins at `start`; -1 without."""
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
            while found := _IN_STRING.match(data, at):
                if data[found.end()] == 0x22:
                    return found.end() + 1
                at = found.end()
        at += len(piece)
        step = min(2 * step, _STEP)
        if not piece:
            break
    return -1


def _without_escapes(text: bytes) -> bytes:
    r"""Take out each `\\` and each `\"`; a backslash that is left escapes something else."""
    return text.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in text else text


def is_escaped(data: bytes, least: int, at: int) -> bool:
    """Tell whether an odd number of backslashes stands before `at`, none of them before `least`."""
    begin = at
    while begin > least and data[begin - 1] == 0x5C:
        step = max(least, begin - 4096)
        left = len(data[step:begin].rstrip(b"\\"))
        begin = step + left
        if left:
            break
    return (at - begin) % 2 == 1


def _outside(piece: bytes) -> tuple[bytes, int]:
    """What stands outside of the strings of `piece`, and how much of it was looked at.

    A string that is not closed is not looked at. `piece` begins outside of one.
    """
    parts = _without_escapes(piece).split(b'"')
    passed = len(piece)
    if len(parts) % 2 == 0:
        passed = piece.rfind(b'"')
        while is_escaped(piece, 0, passed):
            passed = piece.rfind(b'"', 0, passed)
    return b"".join(parts[::2]), passed


def passed_over(data: bytes, start: int, depth: int) -> tuple[int, int]:
    """Go on from `start`, `depth` values deep and in no string, as far as surely none of them ends.

    Returns how far, and how deep that is. Where it cannot tell, it stays where it is.
    """
    while len(data) - start >= _LEAST:
        passed, closed, opened = _brackets(data[start : start + _STEP])
        if not passed or closed >= depth:
            break
        depth += opened - closed
        start += passed
    return start, depth


@lru_cache(maxsize=8)  # What packs small and unpacks large repeats itself.
def _brackets(piece: bytes) -> tuple[int, int, int]:
    """How much of a piece was looked at, and how many values end and begin in it and no more.

    None is looked at where it nests deep; there counting is quick.
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
