"""Put the pieces that replace markers into a text.

A marker that shows nothing takes with it the brackets, marks, spaces and empty lines around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from gptexit.model import Citation, Cited
from gptexit.readers.chatgpt.normalize.links import link

_OPENINGS = frozenset("([（【「")
_OPENING, _CLOSING = "(\\[（【「", ")\\]）】」"
_NO_TEXT = "".join(map(chr, range(0xFDD0, 0xFDF0)))
"""Characters that Unicode reserves for no text."""
_ENDS = r"[ \t\n.,;:!?)\]`。，]|\Z|[*_]{1,3}(?:[\s.,;:!?)]|\Z)"
"""If one of these follows a marker that shows nothing, the space before it goes too."""


@dataclass(slots=True)
class MarkerPiece:
    """The replacement of a marker."""

    start: int
    end: int
    text: str = ""
    sources: list[Cited] = field(default_factory=list)
    """Shown as links in parentheses, behind `text`."""
    sign: bool = False
    """True if the marker never shows anything, so that the text around it stays as it is."""


def joined(text: str, pieces: list[MarkerPiece]) -> tuple[str, list[Citation]]:
    """Return `text` with the pieces in it, and the spans of their sources.

    Each piece is first replaced by a character that the text does not have. This shows which
    brackets, marks and spaces are left with nothing in them.
    """
    if not pieces:
        return text, []
    pieces = list(_without_overlaps(pieces))
    unused = (letter for letter in _NO_TEXT if letter not in text)
    empty, full = next(unused, "\ue2fe"), next(unused, "\ue2ff")
    out: list[str] = []
    at = 0
    for piece in pieces:
        if piece.start > at:
            out.append(text[at : piece.start])
        if not piece.sign:
            out.append(full if piece.text or piece.sources else empty)
        elif out and out[-1].rstrip(" \t")[-1:] in (*_OPENINGS, empty):
            out.append(empty)  # a sign that may be alone in brackets
        at = piece.end
    out.append(text[at:])
    held = "".join(out)
    if empty in held:
        held = _closed_up(held, empty)
    return _filled(held, full, [piece for piece in pieces if piece.text or piece.sources])


def _without_overlaps(pieces: list[MarkerPiece]) -> Iterator[MarkerPiece]:
    """Yield the pieces that do not begin within the one before."""
    at = 0
    for piece in pieces:
        if piece.start >= at:
            yield piece
            at = piece.end


def _filled(held: str, full: str, pieces: list[MarkerPiece]) -> tuple[str, list[Citation]]:
    """Replace each `full` by the words and links of its piece; return also where the links are."""
    out: list[str] = []
    citations: list[Citation] = []
    length = 0

    def add(words: str) -> None:
        nonlocal length
        out.append(words)
        length += len(words)

    before, *rest = held.split(full)
    add(before)
    for piece, after in zip(pieces, rest, strict=True):
        if piece.text[:1] == "*" and out[-1] and not out[-1][-1].isspace():
            add(" ")  # emphasis begins at a space
        add(piece.text)
        if piece.sources:
            links = ", ".join(map(link, piece.sources))
            last = piece.text or out[-2]
            begin = length
            if not piece.text and last.endswith(("(", "（")) and after.startswith((")", "）")):
                # The brackets of the text serve, and belong to the citation.
                begin -= 2 if last[-2:-1] == " " else 1
                shown, end = links, length + len(links) + 1
            else:
                shown = f" ({links})" if last and not last[-1].isspace() else f"({links})"
                end = length + len(shown)
            citations.append({"start": begin, "end": end, "sources": piece.sources})
            add(shown)
        add(after)
    return "".join(out), citations


class _Leftovers(NamedTuple):
    """Patterns of what is left around a letter that shows nothing."""

    enclosed: re.Pattern[str]
    """Matches wherever one of `around` does; it begins with the letter, so it is found fast."""
    around: list[re.Pattern[str]]
    """Brackets and marks. Replaced by the letter until none is left."""
    alone: re.Pattern[str]
    """At the start of a line: a list item, heading or quotation that held nothing else."""
    space_before: re.Pattern[str]
    space_behind: re.Pattern[str]
    """At the start of a line."""


@lru_cache(maxsize=4)
def _leftovers(empty: str) -> _Leftovers:
    around = [
        f"[{_OPENING}][ \\t,;、，]*(?:{empty}[ \\t,;、，]*)+[{_CLOSING}]",
        rf"(\*\*|__|\*|_|`){empty}\1",
    ]
    return _Leftovers(
        re.compile(f"{empty}[ \\t,;、，]*[{_CLOSING}*_`]"),
        [re.compile(pattern) for pattern in around],
        re.compile(
            rf"[ \t>]*(?:(?:[-*+]|\d{{1,9}}[.)]|#{{1,6}})[ \t]+)?(?:{empty}[ \t]*)+(?:\n|\Z)"
        ),
        re.compile(f"[ \\t]+{empty}(?={_ENDS})"),
        re.compile(rf"{empty}[ \t]+"),
    )


def _closed_up(held: str, empty: str) -> str:
    """Remove each `empty` and what is left around it. Only lines with one are read closely."""
    out: list[str] = []
    at = 0
    while (place := held.find(empty, at)) >= 0:
        start = held.rfind("\n", at, place) + 1 or at
        end = held.find("\n", place) + 1 or len(held)
        out += (held[at:start], _line_closed_up(held[start:end], empty))
        at = end
    out.append(held[at:])
    return "".join(out)


def _line_closed_up(line: str, empty: str) -> str:
    leftovers = _leftovers(empty)
    for _ in range(4):
        if not leftovers.enclosed.search(line):
            break
        for pattern in leftovers.around:
            line = pattern.sub(empty, line)
    line = _without_start(line, leftovers.alone)
    if f" {empty}" in line or f"\t{empty}" in line:
        line = leftovers.space_before.sub("", line)
    return _without_start(line, leftovers.space_behind).replace(empty, "")


def _without_start(line: str, pattern: re.Pattern[str]) -> str:
    match = pattern.match(line)
    return line[match.end() :] if match else line
