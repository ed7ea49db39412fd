"""A search as SQL.

Three rules keep it short, however often a word occurs. What a filter leaves out is left out before
anything is ranked. Where more than RANKED messages are left, only those of the conversations that
were used last are ranked; counting them all is cheap. And text is read of the hits of one page
only.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gptexit.errors import BadDate, BadQuery
from gptexit.library.query import Match, Query, match_of
from gptexit.library.results import Hit, Page, number_of
from gptexit.library.running import Runner
from gptexit.library.snippets import Snippets
from gptexit.sqlite.schema import PLACES
from gptexit.text.dates import beginning, ending

RANKED = 10_000
"""Messages that are ranked, about: a word that is in more of them tells little."""
MOST = 100
"""Hits of a page."""
FURTHEST = 1_000_000
"""The largest offset."""
ROLES = ("user", "assistant", "tool", "system")


@dataclass(frozen=True, slots=True)
class Index:
    """A line of the table of indexes."""

    name: str
    column: str
    number: str
    """Of the message, from the row; place 0 for a title."""
    among: str = ""
    """The filter for that column, where the index has several."""
    of_titles: bool = False
    hidden: bool = False
    weight: int = 1
    """How much a word in it tells."""


_TEXT = Index("messages_fts", "text", "messages_fts.rowid")
_TITLES = Index(
    *("conversations_fts", "title", f"conversations_fts.rowid * {PLACES}"),
    of_titles=True,
    weight=2,
)
_HIDDEN = Index("hidden_fts", "hidden_text", "hidden_fts.rowid", hidden=True)
_UNSPACED = Index("unspaced_fts", "text", "unspaced_fts.rowid", "{text} : ")
_UNSPACED_HIDDEN = Index(
    "unspaced_fts", "hidden_text", "unspaced_fts.rowid", "{hidden_text} : ", hidden=True
)


def _indexes(runner: Runner, match: Match, query: Query, filters: Filters) -> tuple[Index, ...]:
    """Which to ask; what to ask them joins the values of the filters.

    Text with unspaced scripts is cut up in an index of its own, whatever else is in it.
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
    """What the filters of a query say, as conditions and their values."""

    of_conversations: list[str] = field(default_factory=list)
    of_messages: list[str] = field(default_factory=list)
    """Beside those of conversations."""
    values: dict[str, Any] = field(default_factory=dict)
    titles: bool = True
    """Whether a title can be what is looked for."""


def search(runner: Runner, query: Query) -> Page:
    """One page of what `query` finds. Raises BadQuery, TooSlow, Unknown, Ambiguous."""
    match = match_of(query.words)
    filters = _filters(runner, query)
    filters.values["limit"] = min(max(query.limit, 1), MOST)
    filters.values["offset"] = min(max(query.offset, 0), FURTHEST)
    if match is None:
        return _listed(runner, query, filters)
    indexes = _indexes(runner, match, query, filters)
    tally = _tally(runner, indexes, filters)
    messages = sum(tally.values())
    if not messages:
        return Page([], 0, 0, None)
    cut = messages > RANKED and query.order == "best"
    if cut:
        filters.values["recent"] = json.dumps(_recent(runner, tally))
    rows = runner.all(_page(query, indexes, filters, cut=cut), filters.values)
    snippets = Snippets(runner, match)
    hits = [_hit(runner, snippets, indexes, row) for row in rows]
    ranked = rows[0][5] if cut and rows else None
    found = rows[0][4] if rows else 0
    after = int(filters.values["offset"]) + len(rows)
    return Page(hits, len(tally), messages, after if rows and after < found else None, ranked)


def _tally(runner: Runner, indexes: tuple[Index, ...], filters: Filters) -> dict[int, int]:
    """In which conversations how many messages are found."""
    numbers = _union(indexes, filters, "SELECT {number} AS number")
    return dict(
        runner.all(
            f"SELECT number / {PLACES} AS within, count(*) FROM ({numbers}) GROUP BY within",
            filters.values,
        )
    )


def _recent(runner: Runner, tally: dict[int, int]) -> list[int]:
    """Those used last that together have about as many messages as are ranked."""
    rows = runner.all(
        "SELECT number FROM conversations WHERE number IN (SELECT value FROM json_each(?)) "
        "ORDER BY coalesce(updated, created) DESC, number",
        (json.dumps(list(tally)),),
    )
    before = itertools.accumulate((tally[number] for (number,) in rows), initial=0)
    return [number for (number,), sum_ in zip(rows, before, strict=False) if sum_ < RANKED]


def _filters(runner: Runner, query: Query) -> Filters:
    made = Filters()
    if query.conversation is not None:
        made.of_conversations.append("c.number = :conversation")
        made.values["conversation"] = number_of(runner, query.conversation)
    if query.project is not None:
        made.of_conversations.append("c.project = :project")
        made.values["project"] = _project(runner, query.project)
    if query.model is not None:
        made.of_conversations.append(
            "c.number IN (SELECT conversation FROM conversation_models WHERE model = :model)"
        )
        made.values["model"] = _model(runner, query.model)
    if query.since is not None:
        made.of_conversations.append("coalesce(c.updated, c.created) >= :since")
        made.of_messages.append("m.created >= :since")
        made.values["since"] = _bound(beginning, query.since)
    if query.until is not None:
        made.of_conversations.append("coalesce(c.created, c.updated) < :until")
        made.of_messages.append("m.created < :until")
        made.values["until"] = _bound(ending, query.until)
    if query.role is not None:
        if query.role not in ROLES:
            raise BadQuery(f"A role is one of {', '.join(ROLES)}.")
        made.of_messages.append("m.role = :role")
        made.values["role"] = query.role
        made.titles = False
    if not query.branches:
        made.of_messages.append("m.current = 1")
    return made


def _bound(bound: Callable[[str], str], value: str) -> str:
    """A date as a bound in UTC. Raises BadQuery."""
    try:
        return bound(value)
    except BadDate as error:
        raise BadQuery(str(error)) from error


def _project(runner: Runner, wanted: str) -> str:
    """Its id. There are few projects, and SQLite folds the case of ASCII letters only."""
    rows = runner.all("SELECT id, coalesce(name, '') FROM projects")
    folded = wanted.casefold()
    for key, name in rows:
        if folded in (key.casefold(), name.casefold()):
            return str(key)
    raise BadQuery(f"There is no project {wanted[:80]!r} in this archive.")


def _model(runner: Runner, wanted: str) -> str:
    rows = runner.all("SELECT DISTINCT model FROM conversation_models ORDER BY model LIMIT 1000")
    for (model,) in rows:
        if model.casefold() == wanted.casefold():
            return str(model)
    known = ", ".join(model for (model,) in rows[:20]) or "none"
    raise BadQuery(f"No answer here is of a model {wanted[:80]!r}. Models: {known}.")


def _union(indexes: tuple[Index, ...], filters: Filters, select: str, more: str = "") -> str:
    """What is asked of each index, joined; a message that several find is in it once."""
    parts = [
        f"{select} FROM {{name}} WHERE {{name}} MATCH :match{which}{more}{{conditions}}".format(
            name=index.name,
            number=index.number,
            rank=f"bm25({index.name}) * {index.weight}",
            which=which,
            conditions=_conditions(index, filters),
            conversation=f"{index.number} / {PLACES}",
        )
        for which, index in enumerate(indexes)
    ]
    return (" UNION ALL " if _apart(indexes) else " UNION ").join(parts)


def _apart(indexes: tuple[Index, ...]) -> bool:
    """Whether no two of them can find the same message."""
    return sum(not index.of_titles for index in indexes) < 2


def _conditions(index: Index, filters: Filters) -> str:
    """The filters on what an index finds, the cheap one first."""
    number, made = f"{index.name}.rowid", ""
    if "conversation" in filters.values and not index.of_titles:
        first = f":conversation * {PLACES}"
        made += f" AND {number} BETWEEN {first} AND {first} + {PLACES - 1}"
    if filters.of_conversations:
        of = number if index.of_titles else f"{number} / {PLACES}"
        chosen = " AND ".join(filters.of_conversations)
        made += f" AND {of} IN (SELECT c.number FROM conversations AS c WHERE {chosen})"
    if filters.of_messages and not index.of_titles:
        chosen = " AND ".join(filters.of_messages)
        title = f"{number} % {PLACES} = 0 OR " if filters.titles else ""
        made += (
            f" AND ({title}EXISTS (SELECT 1 FROM messages AS m INDEXED BY messages_for_search "
            f"WHERE m.number = {number} AND {chosen}))"
        )
    return made


_RANKS = {"best": "{rank}", "newest": "-{number}", "oldest": "{number}"}
"""By what hits are ordered; the message that stands for a conversation is the first by it."""


def _page(query: Query, indexes: tuple[Index, ...], filters: Filters, *, cut: bool) -> str:
    """The hits of a page: number, rank, index, hits; and how many hits and messages there are.

    `cut`: only of the recent conversations.
    """
    every = _union(
        indexes,
        filters,
        f"SELECT {{number}} AS number, {_RANKS[query.order]} AS rank, {{which}} AS which",
        " AND {conversation} IN (SELECT value FROM json_each(:recent))" if cut else "",
    )
    once = "" if _apart(indexes) else " GROUP BY number"
    rank = "rank" if _apart(indexes) else "min(rank) AS rank"
    found = (
        f"WITH every AS MATERIALIZED ({every}), "
        f"found AS MATERIALIZED (SELECT number, {rank}, which FROM every{once}), "
    )
    if query.grouped:
        found += (
            "hits AS MATERIALIZED (SELECT number, min(rank) AS rank, which, count(*) AS hits "
            f"FROM found GROUP BY number / {PLACES})"
        )
    else:
        found += "hits AS MATERIALIZED (SELECT number, rank, which, 1 AS hits FROM found)"
    return f"{found} {_ordered(query)}"


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


_HIT = f"""
    SELECT c.id, c.title, c.created, c.updated, coalesce(p.name, p.id), c.model, m.role, m.created
    FROM conversations AS c
    LEFT JOIN projects AS p ON p.id = c.project
    LEFT JOIN messages AS m ON m.number = :number
    WHERE c.number = :number / {PLACES}
"""


def _hit(runner: Runner, snippets: Snippets, indexes: tuple[Index, ...], row: Any) -> Hit:
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
        snippet=snippets.of(index.name, index.column, number),
        rank=float(rank),
        hits=hits,
        hidden=index.hidden,
    )


def _listed(runner: Runner, query: Query, filters: Filters) -> Page:
    """The conversations that the filters allow, the newest first unless the oldest are wanted."""
    where = " AND ".join(filters.of_conversations) or "1"
    newest = query.order != "oldest"
    date = "coalesce(c.updated, c.created)" if newest else "c.created"
    rows = runner.all(
        "SELECT c.number, c.id, c.title, c.created, c.updated, coalesce(p.name, p.id), c.model, "
        "count(*) OVER () FROM conversations AS c LEFT JOIN projects AS p ON p.id = c.project "
        f"WHERE {where} ORDER BY {date} IS NULL, {date} {'DESC' if newest else 'ASC'}, c.number "
        "LIMIT :limit OFFSET :offset",
        filters.values,
    )
    snippets = Snippets(runner, None)
    hits = [
        Hit(
            key,
            title,
            begun,
            updated,
            project,
            model,
            None,
            0,
            snippets.first(number),
            0.0,
            0,
            False,
        )
        for number, key, title, begun, updated, project, model, _ in rows
    ]
    total = rows[0][7] if rows else 0
    after = int(filters.values["offset"]) + len(rows)
    return Page(hits, total, 0, after if rows and after < total else None)
