"""The other places where a secret that was found stands, and how it may be spelled there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

import regex

from gptexit.redact.marks import blanked
from gptexit.redact.secret import Secret

LEAST = 8
"""Characters of a secret that is looked for elsewhere."""
_MARKED = re.compile(r"\d|[^\w\s]|[a-z][A-Z]")
"""What tells a secret from a word."""


class Known:
    """The secrets of a conversation, to be found wherever they stand in it."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[int, str]] = {}
        self._pattern: regex.Pattern[str] | None = None

    def add(self, text: str, found: Iterable[Secret]) -> None:
        """Take in what was found in `text`.

        What could be an ordinary word stays where it stands as a password: `monkey` may be one,
        and a talk about monkeys is none.
        """
        for each in found:
            value = each.within(text)
            if len(value) < LEAST or not _MARKED.search(value):
                continue
            for spelled in spellings(value):
                known = self._kinds.setdefault(spelled, (each.rank, each.kind))
                if (each.rank, each.kind) < known:
                    self._kinds[spelled] = (each.rank, each.kind)
                self._pattern = None

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def within(self, text: str) -> list[Secret]:
        """Where they stand in `text`."""
        if not self._kinds:
            return []
        if self._pattern is None:
            # A set, so that a thousand secrets take no longer than one.
            self._pattern = regex.compile(r"\L<known>", known=list(self._kinds))
        return [
            Secret(each.start(), each.end(), *self._kinds[each[0]])
            for each in self._pattern.finditer(blanked(text))
        ]


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
