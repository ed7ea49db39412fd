"""Every secret of a text, by both libraries."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace

from gptexit.redact import kingfisher as tokens
from gptexit.redact import passwords
from gptexit.redact.false_positives import is_random, stands_for_one
from gptexit.redact.notations import apart, broken, continued, joined, without_colours
from gptexit.redact.occurrences import Secret, blanked, mark, united

_ROUNDS = 50
"""Times that a text is searched again once what was found is out of it."""
_AT_ONCE = 200_000
"""Characters of strings that are searched in one go for whether there is anything in them."""

_PATIENCE = 4
"""Rounds after which a secret is taken with all that is written in one with it."""
_RUN_BEFORE = re.compile(r"[A-Za-z0-9_-]*")
_FEW = 8
"""Strings that are searched one by one, and parts of a batch in which one of many is looked for."""
_LINES = 20
"""Lines over which a token may go on."""
_BY_FORM = 3
"""The lowest rank of what is known by its form."""
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
    for turn in range(_ROUNDS):
        rest = _Rest(text, found)
        searched = without_colours(_without_ending(rest.text))
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
        if turn >= _PATIENCE:
            more = [_whole_run(secret, text) for secret in more]
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
    text = without_colours(
        blanked(
            "\n\n".join(
                text if text.rfind(".", -_ENDING - 1) < 0 else _without_ending(text)
                for text in batch
            )
        )
    )
    data = tokens.as_bytes(text)
    spaced = apart(data)
    if (
        tokens.there(data, spaced)
        or passwords.there(text)
        or any(True for _ in _in_one_line(joined(data, spaced)))
    ):
        if len(batch) <= _FEW:
            yield from batch
        else:
            size = -(-len(batch) // _FEW)
            for start in range(0, len(batch), size):
                yield from _suspects(batch[start : start + size])


def _whole_run(secret: Secret, text: str) -> Secret:
    """Widen a secret to all that is written in one with it: one after the other would be found."""
    start = secret.start - len(_RUN_BEFORE.match(text[: secret.start][::-1])[0])  # type: ignore[index]
    end = _RUN_BEFORE.match(text, secret.end).end()  # type: ignore[union-attr]
    return replace(secret, start=start, end=end)


def _without_ending(text: str) -> str:
    """Set the ending of a file's name, if it may be one, apart: the name before it may be a key."""
    dot = text.rfind(".", -_ENDING - 1)
    if dot <= 0 or len(text) > _NAME or not text[dot + 1 :].isalnum():
        return text
    return f"{text[:dot]} {text[dot + 1 :]}"


def _once(text: str, language: str | None) -> Iterator[Secret]:
    found = []
    for each, guessed in tokens.tokens(text):
        value = each.within(text)
        if value.strip() and not (guessed and stands_for_one(value)):
            found.append(each)
    found += [each for each in passwords.passwords(text, language) if each.within(text).strip()]
    starts = {each.start for each in found}
    yield from (_to_its_end(each, text, starts) for each in found)


def _to_its_end(secret: Secret, text: str, starts: set[int]) -> Secret:
    """A token with the rest of it in the next lines, where a line break cuts one of any length."""
    for _ in range(_LINES if secret.rank <= _BY_FORM else 0):
        rest = continued(text, secret.end)
        if not rest or rest.start(1) in starts or not is_random(rest[1]):
            break
        value = secret.within(text).replace("\n", "") + rest[1]
        if not any(
            found.start == 0 and found.end == len(value) for found, _ in tokens.tokens(value)
        ):
            break
        secret = replace(secret, end=rest.end())
    return secret


def _broken(text: str) -> Iterator[Secret]:
    """What a line break cuts in two, in a text in which nothing whole is left."""
    if "\n" not in text and text.isascii() and "\\_" not in text:
        return
    for value, rank, kind in _in_one_line(joined(tokens.as_bytes(text))):
        yield from (Secret(*span, rank, kind) for span in broken(value, text))


def _in_one_line(data: bytes) -> Iterator[tuple[str, int, str]]:
    """What is found where the lines of each paragraph are one: the value, its rank and its kind."""
    yield from (found for found in tokens.in_one_line(data) if is_random(found[0]))
    line = data.decode("utf-8", "replace")
    for each in passwords.by_form(line, passwords.folded(line)):
        value = each.within(line)
        if is_random(value):
            yield value, each.rank, each.kind
