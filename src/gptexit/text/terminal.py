"""Words for a person: counts, and names from a source for a terminal.

Of a name no control characters, and no wider than there is room.
"""

from __future__ import annotations

import unicodedata

# Not printable are controls, with which escape sequences begin, and ends of lines.
_MOST = 10_000
"""Characters of a name that are looked at."""


_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet may take a cell for a formula by."""


def count(number: int, thing: str, things: str = "") -> str:
    """`1 file`, `2,000 files`; `things` where the plural is another."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def printable(text: str, width: int | None = None) -> str:
    """`text` on one line, without what a terminal may obey; cut to `width` columns."""
    words = text[:_MOST]
    if not (words.isascii() and words.isprintable()):
        words = "".join(each if each.isprintable() else _instead(each) for each in words)
    words = " ".join(words.split())
    return words if width is None else _cut(words, width)


def harmless(text: str) -> str:
    """`text` with its lines and tabs, and without what else a terminal may obey."""
    return "".join(
        each if each.isprintable() or each in "\n\t" else _instead(each)
        for each in text.replace("\r\n", "\n")
    )


def cell(value: str | None) -> str | None:
    """`value` for a table that a spreadsheet may open, which is to take none for a formula."""
    return f"'{value}" if value and value.startswith(_FORMULA) else value


def _instead(character: str) -> str:
    """Nothing for a mark of format, some of which turn the direction of text; else a space."""
    return "" if unicodedata.category(character) == "Cf" else " "


def columns(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _cut(text: str, width: int) -> str:
    if columns(text) <= width:
        return text
    room, kept = width - 1, []
    for each in text:
        room -= _width(each)
        if room < 0:
            break
        kept.append(each)
    return "".join(kept).rstrip() + "…"
