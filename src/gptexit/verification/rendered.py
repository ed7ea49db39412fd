"""Find the words of a message in a page that renders its Markdown, or shows it as it was typed.

Numbers of lists, boxes of tasks, names of code and `<br>` may be drawn or left out; nothing else
may. So a text has two spellings, with all of these and without any of them, and nearly every page
has one of the two. A page may mix them, as where a list stands within code.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from gptexit.verification.compare_text import letters
from gptexit.verification.redacted_text import TextFinder

_DRAWN = re.compile(
    r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$))+(?:\[[ xX]\][ \t])?"
    r"(?:`{3,}[^`\n]*$|~{3,}[^\n]*$)?"
    r"|^[ \t>]*(?:`{3,}[^`\n]*$|~{3,}[^\n]*$)"
    r"|<br */?>",
    re.MULTILINE,
)
"""What may be drawn in another way: the signs of lists and tasks, fences with their names."""
_SIGNS = re.compile(r"^[ \t>]*(?:[-*+`~]|\d{1,9}[.)])", re.MULTILINE)
_TRIED = 64
"""Places at which a mixed spelling is tried, at most."""


class Span(NamedTuple):
    """Where words were found."""

    begin: int
    end: int


class _Spelling(NamedTuple):
    """Letters, and those before them that may lack."""

    may: str
    must: str


def find(piece: str, look: TextFinder, within: str, at: int) -> Span | None:
    """Return where the words of a piece of a message stand in the letters of a page, from `at` on.

    None if they are not there.
    """
    spellings = _spellings(piece)
    without = "".join(spelling.must for spelling in spellings)
    whole = "".join(spelling.may + spelling.must for spelling in spellings)
    spans = [] if without else [Span(at, at)]
    for spelled in {without, whole} - {""}:
        begin = within.find(spelled, at)
        if begin >= 0:
            spans.append(Span(begin, begin + len(spelled)))
    if spans:
        return _drawn_around(spellings, within, at, min(spans, key=lambda it: (it.begin, -it.end)))
    if len(spellings) > 1 and (mixed := _mixed(spellings, within, at)):
        return mixed
    return _through_marks(spellings, look, within, at) if look.redacted else None


def has_words(piece: str) -> bool:
    """Tell whether a piece of a message has words that a page has to show."""
    return any(spelling.must for spelling in _spellings(piece))


def plainer(text: str) -> str:
    """Return a text without what may be drawn in another way."""
    return _DRAWN.sub("", text) if _SIGNS.search(text) or "<br" in text else text


def lacking(piece: str, within: str) -> str:
    """Return the letters of a piece that was not found, from the first on that the page lacks."""
    spellings = _spellings(piece)
    whole = "".join(spelling.may + spelling.must for spelling in spellings)
    without = "".join(spelling.must for spelling in spellings)
    rests = [spelled[_held(spelled, within) :] for spelled in (without, whole)]
    return min(filter(None, rests), key=len, default=whole)


def _held(words: str, within: str) -> int:
    """Return how many letters of a text stand in a page in a row."""
    least, most = 0, len(words)
    while least < most:
        middle = (least + most + 1) // 2
        if words[:middle] in within:
            least = middle
        else:
            most = middle - 1
    return least


@lru_cache(maxsize=32)  # a message is looked for in its page and in what the search reads
def _spellings(piece: str) -> list[_Spelling]:
    if not (_SIGNS.search(piece) or "<br" in piece):
        return [_Spelling("", letters(piece))]
    found, may, at = [], "", 0
    for sign in _DRAWN.finditer(piece):
        drawn = letters(sign[0])
        if drawn:
            found.append(_Spelling(may, letters(piece[at : sign.start()])))
            may, at = drawn, sign.end()
    found.append(_Spelling(may, letters(piece[at:])))
    return found


def _mixed(spellings: list[_Spelling], within: str, at: int) -> Span | None:
    first = next((n for n, spelling in enumerate(spellings) if spelling.must), None)
    if first is None:
        return None
    start = at
    for _ in range(_TRIED):
        begin = within.find(spellings[first].must, start)
        if begin < 0:
            return None
        end = _walked(spellings[first:], within, begin)
        if end is not None:
            return _drawn_around(spellings, within, at, Span(begin, end))
        start = begin + 1
    return None


def _drawn_around(spellings: list[_Spelling], within: str, at: int, span: Span) -> Span:
    """Return a span with what may lack before its first and behind its last words."""
    begin, end = span
    musts = [number for number, spelling in enumerate(spellings) if spelling.must]
    first, last = (musts[0], musts[-1]) if musts else (len(spellings), 0)
    for may, _ in reversed(spellings[: first + 1]):
        begin -= len(may) if within.endswith(may, at, begin) else 0
    for may, _ in spellings[last + 1 :]:
        end += len(may) if within.startswith(may, end) else 0
    return Span(begin, end)


def _walked(spellings: list[_Spelling], within: str, at: int) -> int | None:
    """Return where the words end that begin at a place, each with or without what may lack."""
    places = {at}
    for number, (may, must) in enumerate(spellings):
        spelled = (must, may + must) if number else (must,)
        places = {
            place + len(words)
            for place in places
            for words in spelled
            if within.startswith(words, place)
        }
        if not places or len(places) > _TRIED:
            return None
    return max(places)


def _through_marks(
    spellings: list[_Spelling], look: TextFinder, within: str, at: int
) -> Span | None:
    """Find words of which marks replace some, in an archive that says so."""
    begin = None
    for spelling in spellings:
        if not spelling.must:
            continue
        end = look.find(spelling.must, within, at)
        if end < 0:
            return None
        begin = at if begin is None else begin
        at = end
    return None if begin is None else Span(begin, at)
