"""Show the usual answer: only its headings and formulas are not as a note has to have them.

Most answers are such. `embed.protect_closely` looks for each danger on its own; here one
pattern looks at the beginnings of all lines, and else single signs are looked for, which takes a
fraction of that. What is not sure here is looked at closely.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gptexit.text.markdown import BLOCK_ID, TAG
from gptexit.writers.markdown.fences import language
from gptexit.writers.markdown.formulas import may_have, put_back, set_apart

LOWEST = 3
"""The highest heading level that an answer may use: below title and speaker."""

# Each pattern begins with a plain character: so it is found several times as fast.
HEADING = re.compile(r"\n( {0,3})(#{1,6})(?=[ \t\n]|\Z)")
_FENCE = re.compile(r"(\n```[^\n]*)")
_THREE_TICKS = re.compile(r"`(?=``)")
_CONTAINER = r"(?:[-*+][ \t]|>|\d{1,9}[.)][ \t])"
_BEGINNING = re.compile(
    # A line that may stand under a title. After a blank line it is a rule.
    r"\n[ \t]*(?:[-=](?<!\n\n.)(?:-*|=*)[ \t]*(?:\n|\Z)"
    # Lists and quotes, one in the other; code by indentation, after a blank line.
    rf"|(?:[-*+>]|\d{{1,9}}[.)])[ \t]*{_CONTAINER}|\n(?: {{4}}| {{0,3}}\t))"
)
_OPENING = re.compile(r"\[(?:[\[^!]|(?<=!\[))")
"""The bracket of a wiki-link, a footnote mark, a callout or a picture."""
_CLOSING = re.compile(r"\](?::|\((?!https?://))")
"""The bracket of the definition of a link, or of a link that does not lead to the web."""
_LONG = 100
"""Characters of a line that opens a fence, for which no place is kept in memory."""
_TAG = re.compile(TAG)
_BLOCK_ID = re.compile(BLOCK_ID)


def highest(text: str) -> int:
    """Return the highest level of the headings in `text`; 7 if there is none."""
    return min([len(signs) for _, signs in HEADING.findall(text)], default=7)


def moved(text: str, by: int) -> str:
    """Move the headings of `text` down by so many levels, to the sixth at most."""
    return HEADING.sub(lambda match: f"\n{match[1]}{'#' * min(6, len(match[2]) + by)}", text)


def usual(text: str, *, files: bool) -> str | None:
    """Show a usual answer, with its headings moved down. Return None if it may not be one.

    `text` has no `\\r`. `files`: whether addresses of the code interpreter may be changed.
    """
    # Prose, fence, code, fence, prose, … In front is a line end, as before each other line.
    pieces = _FENCE.split("\n" + text) if "`" in text else ["\n" + text]
    if len(pieces) > 1 and not _are_simple(pieces):
        return None
    prose = "\n".join(["", *pieces[::4]])
    formulas: list[list[str]] = []
    if may_have(prose):
        if "\t" in prose or "\n    " in prose or "]:" in prose or "```" in prose:
            return None  # may begin in a formula and end behind it
        formulas = _set_apart(pieces)
        prose = "\n".join(["", *pieces[::4]])
    if (
        _BEGINNING.search(prose)
        or "<" in prose
        or ("[" in prose and _OPENING.search(prose))
        or ("]" in prose and _CLOSING.search(prose))
        or ("#" in prose and _TAG.search(prose))
        or ("`" in prose and _THREE_TICKS.search(prose))
        or ("=" in prose and "==" in prose)
        or ("~" in text and "~~~" in text)
        or ("^" in prose and _BLOCK_ID.search(prose))
        or ("%" in prose and "%%" in prose)
        or ("{" in prose and "{{" in prose)
        or (files and "sandbox:" in prose)
    ):
        return None
    by = LOWEST - highest(prose) if "#" in prose else 0
    if by > 0:
        pieces[::4] = [moved(piece, by) for piece in pieces[::4]]
    elif not formulas:
        return text
    if formulas:
        pieces[::4] = map(put_back, pieces[::4], formulas)
    return "".join(pieces)[1:]


def _set_apart(pieces: list[str]) -> list[list[str]]:
    """Replace the formulas in the prose of `pieces` by marks; return those of each piece."""
    formulas: list[list[str]] = []
    for number in range(0, len(pieces), 4):
        begin = 0 if number else 1  # the line end in front is not of the text
        piece, of_piece = set_apart(pieces[number][begin:])
        pieces[number] = pieces[number][:begin] + piece
        formulas.append(of_piece)
    return formulas


def _are_simple(pieces: list[str]) -> bool:
    """Tell whether fences come in pairs, with nothing about them that could be doubtful."""
    return (
        len(pieces) % 4 == 1  # each is closed
        and set(pieces[3::4]) == {"\n```"}
        and all(len(line) < _LONG and _is_kept(line) for line in pieces[1::4])
        and "`" not in "".join(pieces[2::4])
    )


@lru_cache(256)
def _is_kept(opening: str) -> bool:
    """Tell whether the line that opens a fence stays as it is."""
    info = opening.removeprefix("\n```")
    return "`" not in info and language(info) == info
