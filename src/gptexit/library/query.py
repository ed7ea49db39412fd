"""What a person types, as a query that SQLite's full-text search always understands.

    words            messages with all of them
    "two words"      in this order
    data*            words that begin so
    -word            and without it

Everything else that is typed is text to be looked for, or nothing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from gptexit.errors import BadQuery
from gptexit.sqlite.schema import has_unspaced, spaced

LONGEST = 2_000
"""Characters of a query."""
MOST_WORDS = 32
"""Words of a query, those of phrases and each letter of an unspaced script counted."""
MOST_BEGINNINGS = 4
"""Each `*` of a query stands for as many words as begin so, and takes its time."""
_SHORTEST_BEGINNING = 2
"""Letters before a `*`: with one there is nothing that the index could narrow down."""

Role = Literal["user", "assistant", "tool", "system"]


@dataclass(frozen=True, slots=True)
class Query:
    """A search. With no words at all: the conversations that the rest allows, newest first."""

    words: str = ""
    since: str | None = None
    """Only messages of this moment or later: a date, or a time in RFC 3339, UTC."""
    until: str | None = None
    """Only messages before this moment; of a date (`2025-03-31`, `2025-03`) to its end."""
    project: str | None = None
    """Its id, or its name in any case."""
    model: str | None = None
    """Only conversations in which this model answered."""
    role: str | None = None
    """Only messages of `user`, `assistant`, `tool` or `system`."""
    conversation: str | None = None
    """Only this one: its id or the beginning of it."""
    hidden: bool = False
    """Also what a person did not see: reasoning, calls of tools and their output, context."""
    branches: bool = True
    """Also versions that were edited or regenerated."""
    grouped: bool = True
    """A hit a conversation; else a hit a message."""
    order: Literal["best", "newest", "oldest"] = "best"
    limit: int = 20
    offset: int = 0


_TERM = re.compile(r'(-?)"([^"]*)"?(\*?)|(\S+)')


@dataclass(frozen=True, slots=True)
class Match:
    """A query for the index."""

    expression: str
    """Without the columns that it is for."""
    unspaced: bool
    """Whether it asks for a script that is written without spaces."""
    terms: tuple[str, ...]
    """What is looked for, as it was typed."""


def match_of(words: str) -> Match | None:
    """The query for the index; None where there are no words. Raises BadQuery."""
    if len(words) > LONGEST:
        raise BadQuery(
            f"A search takes up to {LONGEST:,} characters; this has {len(words):,}. "
            "Give the few words that matter."
        )
    wanted, unwanted = _terms(_clean(words))
    if sum(len(spaced(each).split()) for each, _ in (*wanted, *unwanted)) > MOST_WORDS:
        raise BadQuery(f"A search takes up to {MOST_WORDS} words. Give the few that matter.")
    if sum(beginning for _, beginning in (*wanted, *unwanted)) > MOST_BEGINNINGS:
        raise BadQuery(f"A search takes up to {MOST_BEGINNINGS} beginnings of words (“data*”).")
    if unwanted and not wanted:
        raise BadQuery("A search needs at least one word that is wanted, beside those with a “-”.")
    if not wanted:
        if words.strip():
            raise BadQuery("There is no letter and no digit in this to search for.")
        return None
    expression = " AND ".join(_quoted(*each) for each in wanted)
    for each in unwanted:
        expression = f"({expression}) NOT {_quoted(*each)}"
    terms = tuple(text for text, _ in wanted)
    return Match(expression, any(map(has_unspaced, terms)), terms)


def _clean(words: str) -> str:
    """Without what no text holds and no index takes: NUL, halves of surrogate pairs."""
    return (
        words.replace("\0", " ")
        .encode("utf-8", "replace")
        .decode()
        .replace("“", '"')
        .replace("”", '"')
    )


def _terms(words: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """The terms that are wanted and those that are not, each with whether it is a beginning."""
    wanted: dict[tuple[str, bool], None] = {}
    unwanted: dict[tuple[str, bool], None] = {}
    for minus, phrase, star, word in _TERM.findall(words):
        text = word or phrase
        negative = bool(minus) or (word.startswith("-") and len(word) > 1)
        beginning = bool(star) or word.endswith("*")
        text = text.removeprefix("-") if word else text
        text = text.rstrip("*").replace('"', " ")
        if _has_letters(text):
            short = len(re.findall(r"\w*\W*\Z", text)[0].strip()) < _SHORTEST_BEGINNING
            key = (text.strip(), beginning and not short and not has_unspaced(text))
            (unwanted if negative else wanted)[key] = None
    return list(wanted), list(unwanted)


def _has_letters(text: str) -> bool:
    """Whether the index's tokenizer finds a word in it: a letter, a number, or for private use."""
    return any(
        unicodedata.category(each)[0] in "LN" or unicodedata.category(each) == "Co" for each in text
    )


def _quoted(text: str, beginning: bool) -> str:
    """A term as the index takes it; between quotation marks nothing is an operator."""
    return f'"{" ".join(spaced(text).split())}"' + (" *" if beginning else "")
