"""Text for a terminal or a spreadsheet: counts, and names from a source without their dangers.

`str.isprintable` is false for controls, with which escape sequences begin, and for ends of lines.
"""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from collections.abc import Iterable

_MOST = 10_000
"""Characters of a name that are looked at."""
_BARE = re.compile(r"[\w@%+=:,./\\-]+" if os.name == "nt" else r"[\w@%+=:,./-]+", re.ASCII)
"""Arguments that a shell takes as they are."""
_QUOTED = re.compile(r'[^"]*' if os.name == "nt" else r'[^"$`\\!]*')
"""Arguments that it takes between double quotes."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of a cell that a spreadsheet may take for a formula."""


def count(number: int, thing: str, things: str = "") -> str:
    """Format a count: `1 file`, `2,000 files`; `things`: an irregular plural."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def size(number: int) -> str:
    """Format a number of bytes in decimal units: `1.2 MB`."""
    amount = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:,.0f} {unit}" if unit == "bytes" else f"{amount:,.1f} {unit}"


def command_line(words: Iterable[object]) -> str:
    """Join the words of a command to a line to copy, as a person types it into a shell.

    A character that no terminal shows is a question mark in it: a name may hold any.
    """
    return " ".join(_shell_word(str(word)) for word in words)


def export_words(paths: Iterable[object]) -> str:
    """Return the paths of an export for a command in a page; `EXPORT` where they are not known.

    In Markdown, a command with a backtick would end before its end.
    """
    words = command_line(paths)
    return words if words and "`" not in words else "EXPORT"


def _shell_word(word: str) -> str:
    word = "".join(sign if sign.isprintable() else "?" for sign in word)
    if _BARE.fullmatch(word):
        return word
    return f'"{word}"' if _QUOTED.fullmatch(word) else shlex.quote(word)


def printable(text: str, width: int | None = None) -> str:
    """Return `text` on one line, without control characters, cut to `width` columns."""
    words = text[:_MOST]
    if not (words.isascii() and words.isprintable()):
        words = "".join(sign if sign.isprintable() else _instead(sign) for sign in words)
    words = " ".join(words.split())
    return words if width is None else _cut(words, width)


def harmless(text: str) -> str:
    """Return `text` with its lines and tabs, without other control characters."""
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else _instead(sign)
        for sign in text.replace("\r\n", "\n")
    )


def cell(value: str | None) -> str | None:
    """Escape a cell of a table, so that no spreadsheet takes it for a formula."""
    return f"'{value}" if value and value.startswith(_FORMULA) else value


def _instead(sign: str) -> str:
    """Return nothing for a format character, which may turn the direction of text; else a space."""
    return "" if unicodedata.category(sign) == "Cf" else " "


def columns(text: str) -> int:
    """Return the number of columns of a terminal that `text` takes."""
    return sum(map(_width, text))


def _width(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _cut(text: str, width: int) -> str:
    if columns(text) <= width:
        return text
    room, kept = width - 1, []
    for sign in text:
        room -= _width(sign)
        if room < 0:
            break
        kept.append(sign)
    return "".join(kept).rstrip() + "…"
