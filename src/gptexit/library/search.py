"""A search as SQL.

Three rules keep it short, however often a word occurs. Conversations and messages that a filter
leaves out are left out before anything is ranked. Of what is left, RANKED messages of an index at
most are ranked, those of the conversations with the highest numbers; counting all is cheap. And
text is read only of the hits of one page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gptexit.database.schema import PLACES
from gptexit.library.answers import Hit, Page
from gptexit.library.dates import beginning, ending
from gptexit.library.query import BadQuery, Match, Query, match_of
from gptexit.library.reading import number_of
from gptexit.library.running import Runner
from gptexit.library.snippets import Snippets

RANKED = 20_000
"""Messages of one index that are ranked; a word in more of them tells little."""
MOST = 100
"""Hits of a page."""
FURTHEST = 1_000_000
"""The largest offset."""
ROLES = ("user", "assistant", "tool", "system")
_TITLE_WEIGHT = 2
"""How much more a word in a title tells."""
_ORDERS = {"best": "bm25({index}) * {weight}", "newest": "-{number}", "oldest": "{number}"}
"""By what hits are ordered; the message that stands for a conversation is the first by it."""


@dataclass(frozen=True, slots=True)
class Index:
    """A line of the table of indexes."""

    name: str
    column: str
    """Which of its columns, as a filter of the index."""
    number: str = "{name}.rowid"
    """The number of the message; place 0 for a title."""
    of_titles: bool = False
    hidden: bool = False
    weight: int = 1


_TITLES = Index("conversations_fts", "{title}", f"{{name}}.rowid * {PLACES}", True, False, 2)
_SPACED = (Index("messages_fts", "{text}"), _TITLES)
_SPACED_HIDDEN = (Index("hidden_fts", "{hidden_text}", hidden=True),)
_UNSPACED = (Index("unspaced_fts", "{text}"),)
_UNSPACED_HIDDEN = (Index("unspaced_fts", "{hidden_text}", hidden=True),)


def _indexes(match: Match, query: Query) -> tuple[Index, ...]:
    """Text with unspaced scripts is cut up in an index of its own, whatever else is in it."""
    found = _UNSPACED + (_UNSPACED_HIDDEN if query.hidden else ())
    if match.unspaced:
        return found
    return _SPACED + (_SPACED_HIDDEN if query.hidden else ()) + found


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
    indexes = _indexes(match, query)
    filters.values["most"] = RANKED if query.order == "best" else -1
    sql = _found(indexes, match, query, filters) + _page(query)
    rows = runner.all(sql, filters.values)
    ranked, messages, conversations = _totals(runner, rows, indexes, match, query, filters)
    snippets = Snippets(runner, match)
    hits = [_hit(runner, snippets, indexes, row) for row in rows]
    return Page(hits, conversations, messages, _next(query, filters, rows, conversations), ranked)


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
        made.values["since"] = beginning(query.since)
    if query.until is not None:
        made.of_conversations.append("coalesce(c.created, c.updated) < :until")
        made.of_messages.append("m.created < :until")
        made.values["until"] = ending(query.until)
    if query.role is not None:
        if query.role not in ROLES:
            raise BadQuery(f"A role is one of {', '.join(ROLES)}.")
        made.of_messages.append("m.role = :role")
        made.values["role"] = query.role
        made.titles = False
    if not query.branches:
        made.of_messages.append("m.current = 1")
    return made


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


def _found(indexes: tuple[Index, ...], match: Match, query: Query, filters: Filters) -> str:
    """The messages that are found: number, rank, and which index found it; each message once."""
    parts = [
        "SELECT * FROM (SELECT {number} AS number, {rank} AS rank, {which} AS which "
        "FROM {name} WHERE {name} MATCH :match{which} {conditions} "
        "ORDER BY {name}.rowid DESC LIMIT :most)".format(
            number=index.number.format(name=index.name),
            rank=_ORDERS[query.order].format(
                index=index.name,
                number=index.number.format(name=index.name),
                weight=index.weight,
            ),
            which=which,
            name=index.name,
            conditions=_conditions(index, filters),
        )
        for which, index in _asked(indexes, match, filters)
    ]
    found = " UNION ALL ".join(parts)
    return (
        f"WITH every AS MATERIALIZED ({found}), found AS MATERIALIZED "
        "(SELECT number, min(rank) AS rank, which FROM every GROUP BY number) "
    )


def _asked(indexes: tuple[Index, ...], match: Match, filters: Filters) -> list[tuple[int, Index]]:
    """The indexes that a search asks, with their places; what to ask them joins the values."""
    asked = [
        (which, index)
        for which, index in enumerate(indexes)
        if filters.titles or not index.of_titles
    ]
    for which, index in asked:
        filters.values[f"match{which}"] = f"{index.column} : ({match.expression})"
    return asked


def _conditions(index: Index, filters: Filters) -> str:
    """The filters on what an index finds, the cheap one first."""
    number = f"{index.name}.rowid"
    made = ""
    if "conversation" in filters.values and not index.of_titles:
        made += (
            f" AND {number} BETWEEN :conversation * {PLACES} "
            f"AND :conversation * {PLACES} + {PLACES - 1}"
        )
    if filters.of_conversations:
        of = number if index.of_titles else f"{number} / {PLACES}"
        chosen = " AND ".join(filters.of_conversations)
        made += f" AND {of} IN (SELECT c.number FROM conversations AS c WHERE {chosen})"
    if filters.of_messages and not index.of_titles:
        chosen = " AND ".join(filters.of_messages)
        title = "" if not filters.titles else f"{number} % {PLACES} = 0 OR "
        made += (
            f" AND ({title}EXISTS (SELECT 1 FROM messages AS m INDEXED BY messages_for_search "
            f"WHERE m.number = {number} AND {chosen}))"
        )
    elif not filters.titles and not index.of_titles:
        made += f" AND {number} % {PLACES} <> 0"
    return made


def _page(query: Query) -> str:
    """The hits of a page: number, rank, index, hits; and the totals of all pages."""
    if query.grouped:
        hits = (
            f"SELECT number, min(rank) AS rank, which, count(*) AS hits FROM found "
            f"GROUP BY number / {PLACES}"
        )
        counted = "count(*) OVER (), sum(hits) OVER ()"
    else:
        hits = "SELECT number, rank, which, 1 AS hits FROM found"
        counted = "0, count(*) OVER ()"
    if query.order == "best":
        return (
            f"SELECT number, rank, which, hits, {counted} FROM ({hits}) "
            "ORDER BY rank, number DESC LIMIT :limit OFFSET :offset"
        )
    direction = "DESC" if query.order == "newest" else "ASC"
    if query.grouped:
        join = f"JOIN conversations AS o ON o.number = h.number / {PLACES}"
        date = "coalesce(o.updated, o.created)" if query.order == "newest" else "o.created"
    else:
        join = "LEFT JOIN messages AS o INDEXED BY messages_for_search ON o.number = h.number"
        date = "o.created"
    return (
        f"SELECT h.number, h.rank, h.which, h.hits, {counted} FROM ({hits}) AS h {join} "
        f"ORDER BY {date} IS NULL, {date} {direction}, h.number {direction} "
        "LIMIT :limit OFFSET :offset"
    )


def _totals(
    runner: Runner,
    rows: list[Any],
    indexes: tuple[Index, ...],
    match: Match,
    query: Query,
    filters: Filters,
) -> tuple[int | None, int, int]:
    """How many messages were ranked, where not all; how many were found; in how many conversations.

    What the page says of itself is right unless an index was cut short.
    """
    conversations, messages = (rows[0][4], rows[0][5]) if rows else (0, 0)
    cut = filters.values["most"] > 0 and messages >= filters.values["most"]
    if rows and not cut and query.grouped:
        return None, messages, conversations
    if not rows and not filters.values["offset"]:
        return None, 0, 0
    parts = [
        f"SELECT {index.number.format(name=index.name)} AS number FROM {index.name} "
        f"WHERE {index.name} MATCH :match{which} {_conditions(index, filters)}"
        for which, index in _asked(indexes, match, filters)
    ]
    union = f"SELECT count(*), count(DISTINCT number / {PLACES}) FROM ({' UNION '.join(parts)})"
    found, within = runner.one(union, filters.values)
    return (messages if cut and found > messages else None), found, within


def _next(query: Query, filters: Filters, rows: list[Any], conversations: int) -> int | None:
    after = int(filters.values["offset"]) + len(rows)
    total = rows[0][4] if rows and query.grouped else rows[0][5] if rows else 0
    return after if after < total and after <= FURTHEST else None


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
        snippet=snippets.of(index.name, index.column.strip("{}"), number),
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
