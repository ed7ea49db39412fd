"""The other places where a secret that was found stands, and how it may be spelled there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

import regex

from gptexit.redact.false_positives import is_scrambled
from gptexit.redact.placeholder import blanked
from gptexit.redact.secret import Secret

LEAST = 8
"""Characters of a secret that is looked for elsewhere."""
_MARKED = re.compile(r"\d|[^\w\s]|[a-z][A-Z]")
"""What tells a secret from a word."""


_FEW = 200
"""Spellings that are looked for one by one, which is faster than to compile a set of them."""


class Known:
    """The secrets of a conversation, to be found wherever they stand in it."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[int, str]] = {}
        self._recent: list[str] = []
        self._sets: list[tuple[int, regex.Pattern[str]]] = []
        """Compiled sets with the number of spellings in each, from large to small.

        Two of the same size become one, so that no spelling is compiled often however many there
        are.
        """

    def add(self, text: str, found: Iterable[Secret]) -> None:
        """Take in what was found in `text`.

        What could be an ordinary word stays where it stands as a password: `monkey` may be one,
        and a talk about monkeys is none.
        """
        for each in found:
            value = each.within(text)
            if len(value) < LEAST or not (_MARKED.search(value) or is_scrambled(value)):
                continue
            for spelled in spellings(value):
                known = self._kinds.get(spelled)
                if known is None:
                    self._recent.append(spelled)
                if known is None or (each.rank, each.kind) < known:
                    self._kinds[spelled] = (each.rank, each.kind)
        if len(self._recent) > _FEW:
            self._compile()

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def within(self, text: str) -> list[Secret]:
        """Where they stand in `text`."""
        if not self._kinds:
            return []
        text = blanked(text)
        spans = [span for spelled in self._recent for span in _places(spelled, text)]
        for _, pattern in self._sets:
            spans += [found.span() for found in pattern.finditer(text)]
        return [Secret(start, end, *self._kinds[text[start:end]]) for start, end in spans]

    def _compile(self) -> None:
        words, self._recent = self._recent, []
        while self._sets and self._sets[-1][0] <= len(words):
            _, pattern = self._sets.pop()
            words += pattern.named_lists["known"]
        self._sets.append((len(words), regex.compile(r"\L<known>", known=words)))


def _places(word: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(word)
    while start >= 0:
        yield start, start + len(word)
        start = text.find(word, start + len(word))


def spellings(value: str) -> set[str]:
    """`value` as it stands in a URL, in JSON, and in JSON inside JSON."""
    found = {value}
    try:
        found |= {quote(value), quote(value, safe=""), quote_plus(value)}
        found |= {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), each) for each in found}
    except UnicodeEncodeError:
        pass  # half of a surrogate pair: no URL holds it
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        twice = json.dumps(once, ensure_ascii=ascii_only)[1:-1]
        found |= {once, twice, once.replace("/", r"\/")}
    return found
