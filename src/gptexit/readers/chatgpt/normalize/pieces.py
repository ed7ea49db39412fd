"""Put the pieces that replace markers into a text.

A marker that shows nothing takes with it the brackets, marks, spaces and empty lines around it.
"""

from __future__ import annotations

import re
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
    """Return `text` with the pieces in it, and the spans of their sources."""
    if not pieces:
        return text, []
    pieces = _without_overlaps(pieces)
    full = [piece for piece in pieces if piece.text or piece.sources]
    gaps = _gaps(text, pieces) if len(full) == len(pieces) else _gaps_left(text, pieces)
    return _filled(gaps, full)


def _without_overlaps(pieces: list[MarkerPiece]) -> list[MarkerPiece]:
    """Return the pieces that do not begin within the one before."""
    kept: list[MarkerPiece] = []
    at = 0
    for piece in pieces:
        if piece.start >= at:
            kept.append(piece)
            at = piece.end
    return kept


def _gaps(text: str, pieces: list[MarkerPiece]) -> list[str]:
    """Return the text before each piece, and that behind the last."""
    starts = [piece.start for piece in pieces]
    ends = [piece.end for piece in pieces]
    return [text[end:start] for end, start in zip([0, *ends], [*starts, len(text)], strict=True)]


def _gaps_left(text: str, pieces: list[MarkerPiece]) -> list[str]:
    """Return the text around the pieces that show something, without what the others leave empty.

    Each piece is first replaced by a character that the text does not have. This shows which
    brackets, marks and spaces are left with nothing in them.
    """
    unused = (letter for letter in _NO_TEXT if letter not in text)
    empty, full = next(unused, "\ue2fe"), next(unused, "\ue2ff")
    out: list[str] = []
    for piece, before in zip(pieces, gaps := _gaps(text, pieces), strict=False):
        if before:
            out.append(before)
        if not piece.sign:
            out.append(full if piece.text or piece.sources else empty)
        elif out and out[-1].rstrip(" \t")[-1:] in (*_OPENINGS, empty):
            out.append(empty)  # a sign that may be alone in brackets
    held = "".join([*out, gaps[-1]])
    return (_closed_up(held, empty) if empty in held else held).split(full)


def _filled(gaps: list[str], pieces: list[MarkerPiece]) -> tuple[str, list[Citation]]:
    """Join the gaps with the words and links of the pieces; return also where the links are."""
    out = [gaps[0]]
    citations: list[Citation] = []
    length = len(gaps[0])
    for piece, before, after in zip(pieces, gaps[:-1], gaps[1:], strict=True):
        last = piece.text or before
        if piece.text:
            # Emphasis begins at a space.
            apart = piece.text[0] == "*" and out[-1] and not out[-1][-1].isspace()
            words = f" {piece.text}" if apart else piece.text
            out.append(words)
            length += len(words)
        if piece.sources:
            links = ", ".join(map(link, piece.sources))
            begin = length
            if not piece.text and last.endswith(("(", "（")) and after.startswith((")", "）")):
                # The brackets of the text serve, and belong to the citation.
                begin -= 2 if last[-2:-1] == " " else 1
                shown, end = links, length + len(links) + 1
            else:
                shown = f" ({links})" if last and not last[-1].isspace() else f"({links})"
                end = length + len(shown)
            citations.append({"start": begin, "end": end, "sources": piece.sources})
            out.append(shown)
            length += len(shown)
        out.append(after)
        length += len(after)
    return "".join(out), citations


class _Leftovers(NamedTuple):
    """Patterns of what is left around a letter that shows nothing."""

    enclosed: re.Pattern[str]
    """Matches wherever one of `around` does; it begins with the letter, so it is found fast."""
    around: list[re.Pattern[str]]
    """Brackets and marks. Replaced by the letter until none is left."""
    alone: re.Pattern[str]
    """At the start of a line: a list item, heading or quotation that held nothing else."""
    ending: re.Pattern[str]
    """The letter where the space before it goes too."""
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
        re.compile(f"{empty}(?={_ENDS})"),
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
        line = _without_space_before(line, leftovers.ending)
    return _without_start(line, leftovers.space_behind).replace(empty, "")


def _without_space_before(line: str, ending: re.Pattern[str]) -> str:
    """Remove each match of `ending` that follows a space, and the spaces before it."""
    out: list[str] = []
    at = 0
    for match in ending.finditer(line):
        if line[match.start() - 1 : match.start()] in (" ", "\t"):
            out.append(line[at : match.start()].rstrip(" \t"))
            at = match.end()
    return "".join([*out, line[at:]])


def _without_start(line: str, pattern: re.Pattern[str]) -> str:
    match = pattern.match(line)
    return line[match.end() :] if match else line
