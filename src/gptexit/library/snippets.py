"""The passage of a message in which something was found."""

from __future__ import annotations

import re

from gptexit.library.query import Match
from gptexit.library.results import Snippet
from gptexit.library.running import Runner
from gptexit.sqlite.schema import PLACES

_WORDS = 24
"""Words of a passage."""
_WIDEST = 400
"""Characters of it."""
_BEFORE = 60
"""Characters before what was found, in a script without spaces."""
_READ = 200_000
"""Characters of a text that are looked through for one."""
_MARKS = ("\x02", "\x03")


class Snippets:
    """Passages for the hits of one search."""

    def __init__(self, runner: Runner, match: Match | None) -> None:
        self._runner = runner
        self._match = match

    def of(self, index: str, column: str, number: int) -> Snippet:
        """The passage of the message with that number, as that index found it."""
        assert self._match is not None
        if index == "unspaced_fts":
            return _around(self._text(column, number), self._match.terms)
        rowid = number // PLACES if index == "conversations_fts" else number
        row = self._runner.one(
            f"SELECT snippet({index}, 0, char(2), char(3), '…', {_WORDS}) FROM {index} "
            f"WHERE {index} MATCH ? AND rowid = ?",
            (self._match.expression, rowid),
        )
        return _pieces(row[0]) if row else ()

    def first(self, number: int) -> Snippet:
        """How a conversation begins."""
        row = self._runner.one(
            "SELECT substr(text, 1, 200) FROM messages WHERE number BETWEEN ? AND ? "
            "AND current AND hidden IS NULL AND text <> '' ORDER BY number",
            (number * PLACES, number * PLACES + PLACES - 1),
        )
        return ((row[0], False),) if row else ()

    def _text(self, column: str, number: int) -> str:
        if number % PLACES == 0:
            row = self._runner.one(
                "SELECT title FROM conversations WHERE number = ?", (number // PLACES,)
            )
        else:
            row = self._runner.one(
                f"SELECT substr({column}, 1, {_READ}) FROM messages WHERE number = ?", (number,)
            )
        return str(row[0]) if row else ""


def _pieces(snippet: str) -> Snippet:
    """What SQLite marked, in pieces; no longer than it may be, a word may be very long."""
    before, after = _MARKS
    first = max(0, snippet.find(before) - _WIDEST // 2) if len(snippet) > _WIDEST else 0
    made: list[tuple[str, bool]] = []
    hit = False
    for piece in re.split(f"([{before}{after}])", snippet[first : first + _WIDEST]):
        if piece in _MARKS:
            hit = piece == before
        elif piece:
            made.append((piece, hit))
    return tuple(made)


def _around(text: str, terms: tuple[str, ...]) -> Snippet:
    """The surroundings of the first of `terms` in `text`, with all of them marked."""
    wanted = re.compile("|".join(map(re.escape, terms)), re.IGNORECASE)
    found = wanted.search(text)
    begins = max(0, found.start() - _BEFORE) if found else 0
    passage = text[begins : begins + _WIDEST // 2]
    made: list[tuple[str, bool]] = [("…", False)] if begins else []
    at = 0
    for each in wanted.finditer(passage):
        made += [(passage[at : each.start()], False), (each.group(), True)]
        at = each.end()
    made += [(passage[at:], False), ("…" if begins + len(passage) < len(text) else "", False)]
    return tuple(each for each in made if each[0])
