"""A text that is too large for one file, cut at the ends of lines; a code block goes on as one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gptexit.writers.packs.pack_limits import Measure

_FENCE = re.compile(rb" {0,3}(`{3,}|~{3,})([^\n]*)")
_LANGUAGE = re.compile(rb"[\w+#.-]*")
_LONGEST_OPENING = 200
"""Bytes of a line that opens a code block; a longer one opens none that goes on."""


def cut(text: bytes, most_bytes: int, most_tokens: int, measure: Measure) -> Iterator[bytes]:
    """`text` in pieces of at most so many bytes and tokens, each ending with an empty line.

    `measure` counts tokens.
    """
    # What a cut adds: the end of a code block, its beginning anew, an empty line.
    bytes_room, tokens_room = most_bytes - 2 * _LONGEST_OPENING - 8, most_tokens - 500
    held: list[bytes] = []
    size = tokens = 0
    opening = b""
    for part in _lines(text, min(bytes_room, tokens_room // 5)):
        cost = measure(part)
        if held and (size + len(part) > bytes_room or tokens + cost > tokens_room):
            yield _whole(held, opening)
            held, size, tokens = [opening + b"\n"] if opening else [], 0, 0
        held.append(part)
        size, tokens = size + len(part), tokens + cost
        opening = _open(part, opening)
    yield _whole(held, opening)


def _whole(held: list[bytes], opening: bytes) -> bytes:
    text = b"".join(held).rstrip(b"\n")
    match = _FENCE.match(opening)
    return text + (b"\n" + match[1] if match else b"") + b"\n\n"


def _open(part: bytes, opening: bytes) -> bytes:
    """The line that opened the code block in which the text is after `part`; empty outside."""
    match = _FENCE.match(part)
    if match is None:
        return opening
    ticks, info = match[1], match[2].strip()
    if not opening:
        opens = len(part) <= _LONGEST_OPENING and not (ticks[:1] == b"`" and b"`" in info)
        return ticks + (info if _LANGUAGE.fullmatch(info) else b"") if opens else b""
    before = _FENCE.match(opening)
    closes = before and ticks[0] == before[1][0] and len(ticks) >= len(before[1]) and not info
    return b"" if closes else opening


def _lines(text: bytes, most: int) -> Iterator[bytes]:
    """The lines with their ends; one of more bytes than `most` between words, or characters."""
    for each in text.splitlines(keepends=True):
        start = 0
        while len(each) - start > most:
            end = start + most
            end = each.rfind(b" ", start + most // 2, end) + 1 or end
            while each[end] & 0xC0 == 0x80:  # inside of a UTF-8 character
                end -= 1
            yield each[start:end]
            start = end
        yield each[start:]
