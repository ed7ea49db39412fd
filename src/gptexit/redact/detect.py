"""Every secret of a text, by both libraries."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace

from gptexit.redact import passwords, tokens
from gptexit.redact.marks import blanked, mark
from gptexit.redact.placeholders import stands_for_one
from gptexit.redact.secret import Secret, united

_ROUNDS = 50
"""Times that a text is searched again once what was found is out of it."""
_AT_ONCE = 4_000_000
"""Characters of strings that are searched in one go for whether there is anything in them."""

_NAME = 300
"""Characters of a text that may be the name of a file."""
_ENDING = 5
"""And of the ending of one."""


def prepare() -> None:
    """Load the libraries. Raises CannotRedact."""
    tokens.prepare()
    passwords.prepare()


def secrets(text: str, language: str | None = None) -> list[Secret]:
    """The secrets of `text`, in order, none of them overlapping.

    What is found is blanked out and the text searched again, until there is nothing: a detector may
    see one secret a line only, and a second run must find nothing that the first left.
    `language`: that of the whole text, where it is code.
    """
    found: list[Secret] = []
    for _ in range(_ROUNDS):
        rest = _Rest(text, found)
        searched = _ending_apart(rest.text)
        more = [
            replace(each, start=rest.back(each.start), end=rest.back(each.end))
            for each in _once(searched, language)
        ]
        more = more or [
            replace(each, start=rest.back(each.start), end=rest.back(each.end))
            for each in _broken(searched)
        ]
        if not more:
            break
        found = united([*found, *more])
    return found


class _Rest:
    """A text with blanks as long as their marks in place of secrets, and the way back."""

    def __init__(self, text: str, found: list[Secret]) -> None:
        pieces: list[str] = []
        self._places = [(0, 0)]
        """Where, in the text with blanks and in the other, each piece of it begins."""
        length = at = 0
        for each in found:
            blank = " " * len(mark(each.kind))
            pieces += [text[at : each.start], blank]
            length += each.start - at
            self._places += [(length, each.start), (length + len(blank), each.end)]
            length += len(blank)
            at = each.end
        self.text = blanked("".join([*pieces, text[at:]]))

    def back(self, position: int) -> int:
        """A position in `text` as one in the text that it was made of."""
        number = bisect_right(self._places, (position, sys.maxsize)) - 1
        here, there = self._places[number]
        last = number + 1 == len(self._places)
        return (
            there + position - here
            if last
            else min(there + position - here, self._places[number + 1][1])
        )


def suspects(strings: Iterable[str]) -> Iterator[str]:
    """Those of `strings` that may hold a secret; all that do are among them.

    Searching one long text is much faster than searching many short ones, and almost all hold
    nothing. A line break between two strings is for every rule what the end of a text is.
    """
    batch: list[str] = []
    size = 0
    for each in strings:
        batch.append(each)
        size += len(each)
        if size > _AT_ONCE:
            yield from _suspects(batch)
            batch, size = [], 0
    if batch:
        yield from _suspects(batch)


def _suspects(batch: list[str]) -> Iterator[str]:
    # An empty line between two: no secret goes over it, as one may over a line break.
    text = blanked("\n\n".join(map(_ending_apart, batch)))
    if tokens.there(text) or passwords.there(text):
        yield from batch


def _ending_apart(text: str) -> str:
    """Set the ending of a file's name apart from the name, which may be a key, in a short text."""
    if len(text) <= _NAME:
        name, dot, ending = text.rpartition(".")
        if dot and 0 < len(ending) <= _ENDING and ending.isalnum():
            return f"{name} {ending}"
    return text


def _once(text: str, language: str | None) -> Iterator[Secret]:
    for each, guessed in tokens.tokens(text):
        value = each.within(text)
        if value.strip() and not (guessed and stands_for_one(value)):
            yield each
    yield from (each for each in passwords.passwords(text, language) if each.within(text).strip())


def _broken(text: str) -> Iterator[Secret]:
    yield from tokens.broken_tokens(text)
