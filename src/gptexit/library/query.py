"""Translate what a person types into a query that SQLite's full-text search always understands.

    words            messages with all of these words; if there are none, those with most of them
    "two words"      with these words in this order
    data*            with a word that begins so
    -word            without this word

Everything else that is typed is text to search for, or nothing.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from gptexit.errors import BadQuery
from gptexit.sqlite import has_unspaced, spaced
from gptexit.text.json import encodable

LONGEST = 2_000
"""Characters of a query."""
MOST_WORDS = 32
"""Words of a query; each word of a phrase counts, and each letter of an unspaced script."""
MOST_BEGINNINGS = 4
"""Words with a `*` in a query: each costs the time of all the words that begin so."""
_SHORTEST_BEGINNING = 2
"""Letters before a `*`: after a single letter, the index narrows nothing down."""


@dataclass(frozen=True, slots=True)
class Query:
    """A search. Without words, it lists the conversations that pass the filters, newest first."""

    words: str = ""
    since: str | None = None
    """Only messages of this moment or later: a date, or a time in RFC 3339, UTC."""
    until: str | None = None
    """Only messages before this moment; of a date (`2025-03-31`, `2025-03`) to its end."""
    project: str | None = None
    """Only in this project: its id, or its name in any case."""
    model: str | None = None
    """Only conversations in which this model answered."""
    role: str | None = None
    """Only messages of `user`, `assistant`, `tool` or `system`."""
    conversation: str | None = None
    """Only in this conversation: its id or a beginning of its id."""
    hidden: bool = False
    """Also text that ChatGPT does not show: reasoning, tool calls and their output, context."""
    branches: bool = True
    """Also versions that were edited or regenerated."""
    grouped: bool = True
    """One hit for a conversation; if False, one for a message."""
    order: Literal["best", "newest", "oldest"] = "best"
    limit: int = 20
    offset: int = 0


_TERM = re.compile(r'(-?)"([^"]*)"?(\*?)|(\S+)')


Term = tuple[str, bool]
"""A word or a phrase, and whether it is the beginning of a word."""
_MOST_CHOICES = 200
"""Ways to choose some of the words of a query that are searched at once."""


@dataclass(frozen=True, slots=True)
class Match:
    """A query for the index."""

    expression: str
    """The query in the syntax of FTS5, without the names of columns."""
    unspaced: bool
    """True if each text that it finds has letters of a script that is written without spaces."""
    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """The words and phrases that are wanted, as they were typed."""
        return tuple(text for text, _ in self.wanted)

    def with_some(self, terms: Sequence[Term], count: int) -> Match | None:
        """Ask for at least so many of `terms`, or return None if that is too much to ask for."""
        if math.comb(len(terms), count) > _MOST_CHOICES:
            return None
        return _match(combinations(terms, count), tuple(terms), self.unwanted)


def match_of(words: str) -> Match | None:
    """Translate the words of a search, or return None if there are none. Raises BadQuery."""
    if len(words) > LONGEST:
        raise BadQuery(
            f"A search takes up to {LONGEST:,} characters; this has {len(words):,}. "
            "Give the few words that matter."
        )
    wanted, unwanted = _terms(_clean(words))
    if sum(len(spaced(text).split()) for text, _ in (*wanted, *unwanted)) > MOST_WORDS:
        raise BadQuery(f"A search takes up to {MOST_WORDS} words. Give the few that matter.")
    if sum(beginning for _, beginning in (*wanted, *unwanted)) > MOST_BEGINNINGS:
        raise BadQuery(f"A search takes up to {MOST_BEGINNINGS} beginnings of words (“data*”).")
    if unwanted and not wanted:
        raise BadQuery("A search needs at least one word without a “-” before it.")
    if not wanted:
        if words.strip():
            raise BadQuery("A search needs at least one letter or digit.")
        return None
    return _match([wanted], tuple(wanted), tuple(unwanted))


def _match(
    choices: Iterable[Sequence[Term]], wanted: tuple[Term, ...], unwanted: tuple[Term, ...]
) -> Match:
    """Ask for all terms of one of `choices`, and for none of the unwanted ones."""
    ways, unspaced = [], True
    for choice in choices:
        ways.append("(" + " AND ".join(_quoted(*term) for term in choice) + ")")
        unspaced = unspaced and any(has_unspaced(text) for text, _ in choice)
    expression = " OR ".join(ways)
    for term in unwanted:
        expression = f"({expression}) NOT {_quoted(*term)}"
    return Match(expression, unspaced, wanted, unwanted)


_REPLACED = str.maketrans({"\0": " ", "“": '"', "”": '"'})


def _clean(words: str) -> str:
    """Replace NUL and halves of surrogate pairs, which no index takes, and typographic quotes."""
    return encodable(words).translate(_REPLACED)


def _terms(words: str) -> tuple[list[Term], list[Term]]:
    """Split into wanted and unwanted terms, each with whether it is the beginning of a word."""
    wanted: dict[Term, None] = {}
    unwanted: dict[Term, None] = {}
    for minus, phrase, star, word in _TERM.findall(words):
        text = word or phrase
        negative = bool(minus) or (word.startswith("-") and len(word) > 1)
        beginning = bool(star) or word.endswith("*")
        text = text.removeprefix("-") if word else text
        text = text.rstrip("*").replace('"', " ")
        # The tokenizer of the index finds words in letters, numbers and private use.
        if re.search("L|N|Co", "".join(map(unicodedata.category, text))):
            short = len(re.findall(r"\w*\W*\Z", text)[0].strip()) < _SHORTEST_BEGINNING
            key = (text.strip(), beginning and not short and not has_unspaced(text))
            (unwanted if negative else wanted)[key] = None
    return list(wanted), list(unwanted)


def _quoted(text: str, beginning: bool) -> str:
    """Quote a term for FTS5, so that nothing in it is an operator."""
    return f'"{" ".join(spaced(text).split())}"' + (" *" if beginning else "")
