# ruff: noqa: E501 - expressions and samples are easier to read in one line
"""A text in the forms that detectors can read: their rules want white space or quotes beside a key.

A person writes "(KEY)", "**KEY**", "?k=KEY&z=1", "KEY." or "密钥是KEY。", a program escapes what is
around it, and a mail program breaks it in two. All functions take and give UTF-8, because its
methods for replacing run ten times as fast as an expression does.
"""

from __future__ import annotations

import re

_APART = b",()[]{}<>*|&?!#~^$@%/\\"
_SPACED = bytes(0x20 if code in _APART + b"\t" or code >= 0x80 else code for code in range(256))
"""Delimiters of prose, Markdown, URLs and markup, and all that is not ASCII, as spaces."""
_COLOUR = re.compile(rb"\x1b\[[0-9;]{0,20}[A-Za-z]")
"""A colour of a terminal: its last letter would be part of a word."""
_UNICODE = re.compile(rb"\\u00[0-7][0-9A-Fa-f]")
_PERCENT = re.compile(rb"%(?:0[9ADad]|2[0-9A-Fa-f]|3[A-Fa-f]|40|5[B-Eb-e]|60|7[B-Db-d])")
_EMPHASIS = re.compile(rb" (_{1,3})([A-Za-z0-9][A-Za-z0-9_.=+-]{14,400}?)(_{1,3})(?=[\s\"'`;:])")
"""A word between underscores; detectors take these for a part of it."""
_STOPS = tuple((sign, b" " + sign[1:]) for sign in (b". ", b".\n", b'."', b".'", b": ", b":\n"))
"""Signs that end a sentence or a clause, where a word ends behind them."""
_HIDDEN = ((b"\xe2\x80\x8b", b""), (b"\xc2\xad", b""), (b"\xe2\x81\xa0", b""), (b"\\_", b"_"))
"""Signs that are not seen: they say where a word may be broken, or that a letter is one."""
_INDENTS = (
    *((b"\n    ", b"\n"), (b"\n  ", b"\n"), (b"\n ", b"\n")),
    *((b"  \n", b"\n"), (b" \n", b"\n")),
)
_BETWEEN = r"[\s>\\\u200b\u00ad\u2060]{0,24}"
"""What may stand between two letters of a key that was broken in two."""
_NEXT = re.compile(r"[ \t\\]{0,4}\r?\n[ \t>]{0,24}([A-Za-z0-9_+/=.-]{6,2000})")
_COLOURED = re.compile(_COLOUR.pattern.decode())
LONGEST = 4000
"""Characters of a broken key that is looked for."""


def apart(data: bytes) -> bytes:
    """Set apart by spaces what stands between delimiters; every offset stays what it was.

    One space more is at the end, so that a full stop there is one too.
    """
    if b"\x1b" in data:
        data = _COLOUR.sub(_blank, data)
    if b"\\" in data:
        if b"\\u00" in data:
            data = _UNICODE.sub(_blank, data)
        for escape in (b"\\n", b"\\t", b"\\r"):
            data = data.replace(escape, b"  ")
    if b"%" in data:
        data = _PERCENT.sub(_blank, data)
    data = data.translate(_SPACED) + b" "
    data = data.replace(b"..", b"  ")
    for stop, space in _STOPS:
        data = data.replace(stop, space)
    if b"_" in data:
        data = data.replace(b"\n_", b" _")
        if data.startswith(b"_"):
            # The first letter of a text has no delimiter before it that could be a space.
            data = b" " + data[1:]
        data = _EMPHASIS.sub(_without_signs, data)
    return data


def joined(data: bytes, spaced: bytes | None = None) -> bytes:
    """Make one line of the lines of each paragraph, without their indents and quotation signs.

    `spaced`: what `apart` makes of the same data, where it is known.
    """
    changed = False
    for sign, seen in _HIDDEN:
        if sign in data:
            data, changed = data.replace(sign, seen), True
    if changed or spaced is None:
        spaced = apart(data)
    if b"\r" in spaced:
        spaced = spaced.replace(b"\r\n", b"\n")
    spaced = spaced.replace(b"\n\n", b"\0\0")
    for indent, nothing in _INDENTS:
        spaced = spaced.replace(indent, nothing)
    return spaced.replace(b"\n", b"").replace(b"\0", b"\n")


def without_colours(text: str) -> str:
    """Put spaces in place of the colours of a terminal."""
    return _COLOURED.sub(lambda found: " " * len(found[0]), text) if "\x1b" in text else text


def continued(text: str, end: int) -> re.Match[str] | None:
    """Match what a line begins with that follows one which ends at `end`; group 1 is its first word."""
    return _NEXT.match(text, end)


def broken(value: str, text: str) -> list[tuple[int, int]]:
    """Find where `value`, found in a joined form of `text`, is in it, broken by at least one sign."""
    if not 0 < len(value) <= LONGEST:
        return []
    pattern = re.compile(_BETWEEN.join(map(re.escape, value)))
    return [
        found.span() for found in pattern.finditer(text) if found.end() - found.start() > len(value)
    ]


def _blank(found: re.Match[bytes]) -> bytes:
    return b" " * len(found[0])


def _without_signs(found: re.Match[bytes]) -> bytes:
    return b" " * (1 + len(found[1])) + found[2] + b" " * len(found[3])
