"""Write a search as SQL, and find the passage of each hit.

Three rules keep it fast, however often a word occurs. A filter is applied before anything is
ranked. If more than RANKED messages are left, only those of the conversations that were used last
are ranked; counting them all is cheap. And text is read for the hits of one page only.
"""

from __future__ import annotations

import itertools
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from gptexit.errors import BadDate, BadQuery, TooSlow
from gptexit.library.connection import Runner
from gptexit.library.query import Match, Query, match_of
from gptexit.library.results import Hit, Page, Snippet
from gptexit.sqlite import PLACES
from gptexit.text.dates import beginning, ending

RANKED = 10_000
"""Messages that are ranked, about: a word that is in more of them tells little."""
MOST = 100
"""Hits of a page."""
FURTHEST = 1_000_000
"""The largest offset."""
ROLES = ("user", "assistant", "tool", "system")
FACTS = "c.id, c.title, c.created, c.updated, coalesce(p.name, p.id), c.model"
FROM = "FROM conversations AS c LEFT JOIN projects AS p ON p.id = c.project"
"""Columns that describe a conversation in a hit or a span, and their tables."""


@dataclass(frozen=True, slots=True)
class Index:
    """A row of the table of indexes."""

    name: str
    column: str
    among: str = ""
    """The filter for that column, if the index has several."""
    of_titles: bool = False
    hidden: bool = False

    @property
    def number(self) -> str:
        """SQL for the number of the message, from the row of the index; a title has place 0."""
        return f"{self.name}.rowid" + (f" * {PLACES}" if self.of_titles else "")


_TEXT = Index("messages_fts", "text")
_TITLES = Index("conversations_fts", "title", of_titles=True)
_HIDDEN = Index("hidden_fts", "hidden_text", hidden=True)
_UNSPACED = Index("unspaced_fts", "text", "{text} : ")
_UNSPACED_HIDDEN = Index("unspaced_fts", "hidden_text", "{hidden_text} : ", hidden=True)


def _indexes(runner: Runner, match: Match, query: Query, filters: Filters) -> tuple[Index, ...]:
    """Choose the indexes to ask, and add the question for each to the values of the filters.

    All text of a message that has an unspaced script is in an index for such scripts.
    """
    asked = [] if match.unspaced else [_TEXT, *([_TITLES] if filters.titles else [])]
    asked += [_HIDDEN] if query.hidden and not match.unspaced else []
    if match.unspaced or runner.one("SELECT 1 FROM unspaced_fts_docsize"):
        asked += [_UNSPACED, *([_UNSPACED_HIDDEN] if query.hidden else [])]
    for which, index in enumerate(asked):
        filters.values[f"match{which}"] = f"{index.among}({match.expression})"
    return tuple(asked)


@dataclass(slots=True)
class Filters:
    """The filters of a query, as conditions in SQL with their values."""

    of_conversations: list[str] = field(default_factory=list)
    of_messages: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    titles: bool = True
    """Whether a title can match."""


def find(runner: Runner, query: Query) -> Page:
    """Return one page of hits.

    Raises BadQuery, TooSlow, UnknownConversation, AmbiguousConversation.
    """
    match = match_of(query.words)
    filters = _filters(runner, query)
    filters.values["limit"] = min(max(query.limit, 1), MOST)
    filters.values["offset"] = min(max(query.offset, 0), FURTHEST)
    if match is None:
        return _listed(runner, query, filters)
    found = _Found(runner, match, query, filters)
    partial = None
    if not found.tally:
        fewer = _with_most(runner, match, query, filters)
        if fewer is None:
            return Page([], 0, 0, None)
        found, partial = fewer
    messages = sum(found.tally.values())
    cut = messages > RANKED and query.order == "best"
    if cut:
        filters.values["recent"] = json.dumps(_recent(runner, found.tally))
    rows = runner.all(_page(query, found.indexes, filters, cut=cut), filters.values)
    hits = [_hit(runner, found.match, found.indexes, row) for row in rows]
    ranked = rows[0][5] if cut and rows else None
    return Page(hits, len(found.tally), messages, _next(filters, rows, 4), ranked, partial)


class _Found:
    """Find messages for a match in the indexes. The values of the filters belong to the match."""

    def __init__(self, runner: Runner, match: Match, query: Query, filters: Filters) -> None:
        self.match = match
        self.indexes = _indexes(runner, match, query, filters)
        self.tally = _tally(runner, self.indexes, filters)


def _with_most(
    runner: Runner, match: Match, query: Query, filters: Filters
) -> tuple[_Found, tuple[int, int]] | None:
    """Find the messages with most of the words, where none has all of them.

    Returns None if none has any, or if that takes too long.
    """
    all_ = len(match.wanted)
    if all_ == 1:
        return None
    with suppress(TooSlow):
        terms = [
            term
            for term in match.wanted
            if (single := match.with_some([term], 1)) and _is_found(runner, single, query, filters)
        ]
        for count in range(min(len(terms), all_ - 1), 0, -1):
            fewer = match.with_some(terms, count)
            if fewer and (found := _Found(runner, fewer, query, filters)).tally:
                return found, (count, all_)
    return None


def _is_found(runner: Runner, match: Match, query: Query, filters: Filters) -> bool:
    indexes = _indexes(runner, match, query, filters)
    return runner.one(_union(indexes, filters, "SELECT 1"), filters.values) is not None


def _next(filters: Filters, rows: list[Any], total: int) -> int | None:
    """Return the offset of the next page; `total` is the column with the number of all hits."""
    after: int = filters.values["offset"] + len(rows)
    return after if rows and after < rows[0][total] else None


def _tally(runner: Runner, indexes: tuple[Index, ...], filters: Filters) -> dict[int, int]:
    """Count the messages that are found, by the number of their conversation."""
    numbers = _union(indexes, filters, "SELECT {number} AS number")
    return dict(
        runner.all(
            f"SELECT number / {PLACES} AS within, count(*) FROM ({numbers}) GROUP BY within",
            filters.values,
        )
    )


def _recent(runner: Runner, tally: dict[int, int]) -> list[int]:
    """Choose the conversations used last that together have about RANKED messages."""
    rows = runner.all(
        "SELECT number FROM conversations WHERE number IN (SELECT value FROM json_each(?)) "
        "ORDER BY coalesce(updated, created) DESC, number",
        (json.dumps(list(tally)),),
    )
    before = itertools.accumulate((tally[number] for (number,) in rows), initial=0)
    return [number for (number,), sum_ in zip(rows, before, strict=False) if sum_ < RANKED]


def _filters(runner: Runner, query: Query) -> Filters:
    filters = Filters()
    values = filters.values
    if query.conversation is not None:
        filters.of_conversations.append("c.number = :conversation")
        values["conversation"] = runner.number_of(query.conversation)
    if query.project is not None:
        filters.of_conversations.append("c.project = :project")
        values["project"] = _project(runner, query.project)
    if query.model is not None:
        filters.of_conversations.append(
            "c.number IN (SELECT conversation FROM conversation_models WHERE model = :model)"
        )
        values["model"] = _model(runner, query.model)
    try:
        if query.since is not None:
            filters.of_conversations.append("coalesce(c.updated, c.created) >= :since")
            filters.of_messages.append("m.created >= :since")
            values["since"] = beginning(query.since)
        if query.until is not None:
            filters.of_conversations.append("coalesce(c.created, c.updated) < :until")
            filters.of_messages.append("m.created < :until")
            values["until"] = ending(query.until)
    except BadDate as error:
        raise BadQuery(str(error)) from error
    if query.role is not None:
        if query.role not in ROLES:
            raise BadQuery(f"A role is one of {', '.join(ROLES)}.")
        filters.of_messages.append("m.role = :role")
        values["role"] = query.role
        filters.titles = False
    if not query.branches:
        filters.of_messages.append("m.current = 1")
    return filters


def _project(runner: Runner, wanted: str) -> str:
    """Find the id of a project. SQLite folds the case of ASCII letters only, Python of all."""
    folded = wanted.casefold()
    for key, name in runner.all("SELECT id, coalesce(name, '') FROM projects"):
        if folded in (key.casefold(), name.casefold()):
            return str(key)
    raise BadQuery(f"There is no project {wanted[:80]!r} in this archive.")


def _model(runner: Runner, wanted: str) -> str:
    rows = runner.all("SELECT DISTINCT model FROM conversation_models ORDER BY model LIMIT 1000")
    for (model,) in rows:
        if model.casefold() == wanted.casefold():
            return str(model)
    known = ", ".join(model for (model,) in rows[:20]) or "none"
    raise BadQuery(f"No answer in this archive is by a model {wanted[:80]!r}. Models: {known}.")


def _union(indexes: tuple[Index, ...], filters: Filters, select: str, more: str = "") -> str:
    """Join the query `select` of each index; a message that several find is in the result once."""
    parts = [
        f"{select} FROM {{name}} WHERE {{name}} MATCH :match{which}{more}{{conditions}}".format(
            name=index.name,
            number=index.number,
            rank=f"bm25({index.name}) * {2 if index.of_titles else 1}",
            which=which,
            conditions=_conditions(index, filters),
            conversation=f"{index.number} / {PLACES}",
        )
        for which, index in enumerate(indexes)
    ]
    return (" UNION ALL " if _are_disjoint(indexes) else " UNION ").join(parts)


def _are_disjoint(indexes: tuple[Index, ...]) -> bool:
    """Tell whether no two of them can find the same message."""
    return sum(not index.of_titles for index in indexes) < 2


def _conditions(index: Index, filters: Filters) -> str:
    """Write the filters on the rows of an index, the cheap one first."""
    number, conditions = f"{index.name}.rowid", ""
    if "conversation" in filters.values and not index.of_titles:
        first = f":conversation * {PLACES}"
        conditions += f" AND {number} BETWEEN {first} AND {first} + {PLACES - 1}"
    if filters.of_conversations:
        of = number if index.of_titles else f"{number} / {PLACES}"
        chosen = " AND ".join(filters.of_conversations)
        conditions += f" AND {of} IN (SELECT c.number FROM conversations AS c WHERE {chosen})"
    if filters.of_messages and not index.of_titles:
        chosen = " AND ".join(filters.of_messages)
        title = f"{number} % {PLACES} = 0 OR " if filters.titles else ""
        conditions += (
            f" AND ({title}EXISTS (SELECT 1 FROM messages AS m INDEXED BY messages_for_search "
            f"WHERE m.number = {number} AND {chosen}))"
        )
    return conditions


_RANKS = {"best": "{rank}", "newest": "-{number}", "oldest": "{number}"}
"""The rank of a hit in each order; the first message of a conversation by it represents that."""


def _page(query: Query, indexes: tuple[Index, ...], filters: Filters, *, cut: bool) -> str:
    """Write the query for the hits of a page.

    Columns: number, rank, index, hits, and the number of all hits and of all messages. `cut`:
    search the recent conversations only.
    """
    every = _union(
        indexes,
        filters,
        f"SELECT {{number}} AS number, {_RANKS[query.order]} AS rank, {{which}} AS which",
        " AND {conversation} IN (SELECT value FROM json_each(:recent))" if cut else "",
    )
    disjoint = _are_disjoint(indexes)
    rank, once = ("rank", "") if disjoint else ("min(rank) AS rank", " GROUP BY number")
    if query.grouped:
        hits = "number, min(rank) AS rank, which, count(*) AS hits"
        group = f" GROUP BY number / {PLACES}"
    else:
        hits, group = "number, rank, which, 1 AS hits", ""
    return (
        f"WITH every AS MATERIALIZED ({every}), "
        f"found AS MATERIALIZED (SELECT number, {rank}, which FROM every{once}), "
        f"hits AS MATERIALIZED (SELECT {hits} FROM found{group}) {_ordered(query)}"
    )


def _ordered(query: Query) -> str:
    counted = "count(*) OVER (), sum(h.hits) OVER ()"
    select = f"SELECT h.number, h.rank, h.which, h.hits, {counted} FROM hits AS h"
    if query.order == "best":
        return f"{select} ORDER BY h.rank, h.number DESC LIMIT :limit OFFSET :offset"
    direction = "DESC" if query.order == "newest" else "ASC"
    if query.grouped:
        join = f"JOIN conversations AS o ON o.number = h.number / {PLACES}"
        date = "coalesce(o.updated, o.created)" if query.order == "newest" else "o.created"
    else:
        join = "LEFT JOIN messages AS o INDEXED BY messages_for_search ON o.number = h.number"
        date = "o.created"
    return (
        f"{select} {join} ORDER BY {date} IS NULL, {date} {direction}, h.number {direction} "
        "LIMIT :limit OFFSET :offset"
    )


_HIT = (
    f"SELECT {FACTS}, m.role, m.created {FROM} LEFT JOIN messages AS m ON m.number = :number "
    f"WHERE c.number = :number / {PLACES}"
)


def _hit(runner: Runner, match: Match, indexes: tuple[Index, ...], row: Any) -> Hit:
    number, rank, which, hits = row[:4]
    index = indexes[which]
    key, title, begun, updated, project, model, role, written = runner.one(_HIT, {"number": number})
    return Hit(
        conversation=key,
        title=title,
        date=written or begun,
        updated=updated,
        project=project,
        model=model,
        role=role,
        place=number % PLACES,
        snippet=_snippet(runner, match, index, number),
        rank=float(rank),
        hits=hits,
        hidden=index.hidden,
    )


def _listed(runner: Runner, query: Query, filters: Filters) -> Page:
    """List the conversations that pass the filters, the newest first, or the oldest if wanted."""
    where = " AND ".join(filters.of_conversations) or "1"
    newest = query.order != "oldest"
    date = "coalesce(c.updated, c.created)" if newest else "c.created"
    rows = runner.all(
        f"SELECT c.number, count(*) OVER (), {FACTS} {FROM} "
        f"WHERE {where} ORDER BY {date} IS NULL, {date} {'DESC' if newest else 'ASC'}, c.number "
        "LIMIT :limit OFFSET :offset",
        filters.values,
    )
    hits = []
    for number, _, key, title, begun, changed, project, model in rows:
        snippet = _first_words(runner, number)
        facts = (key, title, begun, changed, project, model)
        hits.append(Hit(*facts, None, 0, snippet, 0.0, 0, False))
    return Page(hits, rows[0][1] if rows else 0, 0, _next(filters, rows, 1))


_WORDS = 24
"""Words of a passage."""
_WIDEST = 400
"""Characters of a passage."""
_BEFORE = 60
"""Characters before a hit, in a script without spaces."""
_READ = 200_000
"""Characters of a text that are searched for a hit."""
_MARKS = ("\x02", "\x03")
"""Characters that SQLite puts around a hit."""


def _snippet(runner: Runner, match: Match, index: Index, number: int) -> Snippet:
    """Cut the passage out of a message in which the index found something."""
    conversation, place = divmod(number, PLACES)
    if index.name == "unspaced_fts":
        if place == 0:
            query = "SELECT title FROM conversations WHERE number = ?"
            row = runner.one(query, (conversation,))
        else:
            query = f"SELECT substr({index.column}, 1, {_READ}) FROM messages WHERE number = ?"
            row = runner.one(query, (number,))
        return _around(str(row[0]) if row else "", match.terms)
    rowid = conversation if index.of_titles else number
    row = runner.one(
        f"SELECT snippet({index.name}, 0, char(2), char(3), '…', {_WORDS}) FROM {index.name} "
        f"WHERE {index.name} MATCH ? AND rowid = ?",
        (match.expression, rowid),
    )
    return _pieces(row[0]) if row else ()


def _first_words(runner: Runner, conversation: int) -> Snippet:
    row = runner.one(
        "SELECT substr(text, 1, 200) FROM messages WHERE number BETWEEN ? AND ? "
        "AND current AND hidden IS NULL AND text <> '' ORDER BY number",
        (conversation * PLACES, conversation * PLACES + PLACES - 1),
    )
    return ((row[0], False),) if row else ()


def _pieces(snippet: str) -> Snippet:
    """Split the passage of SQLite at its marks, and shorten it: one word may be very long."""
    before, after = _MARKS
    first = max(0, snippet.find(before) - _WIDEST // 2) if len(snippet) > _WIDEST else 0
    pieces: list[tuple[str, bool]] = []
    hit = False
    for piece in re.split(f"([{before}{after}])", snippet[first : first + _WIDEST]):
        if piece in _MARKS:
            hit = piece == before
        elif piece:
            pieces.append((piece, hit))
    return tuple(pieces)


def _around(text: str, terms: tuple[str, ...]) -> Snippet:
    """Cut out the surroundings of the first of `terms` in `text`, with all of them marked."""
    wanted = re.compile("|".join(map(re.escape, terms)), re.IGNORECASE)
    first = wanted.search(text)
    begins = max(0, first.start() - _BEFORE) if first else 0
    passage = text[begins : begins + _WIDEST // 2]
    pieces: list[tuple[str, bool]] = [("…", False)] if begins else []
    at = 0
    for term in wanted.finditer(passage):
        pieces += [(passage[at : term.start()], False), (term.group(), True)]
        at = term.end()
    pieces += [(passage[at:], False), ("…" if begins + len(passage) < len(text) else "", False)]
    return tuple(piece for piece in pieces if piece[0])
