"""A conversation, or a piece of one of a bounded size."""

from __future__ import annotations

from typing import Any

from gptexit.library.results import Place, Said, Span
from gptexit.library.running import Runner
from gptexit.sqlite.schema import PLACES

MOST = 200
"""Messages of a piece."""
MOST_CHARACTERS = 400_000
_ID = 200
"""Characters of an id that are looked at."""


class Unknown(LookupError):
    """There is no such conversation; `str(error)` is a sentence for a person."""


class Ambiguous(LookupError):
    """Several conversations begin so; `str(error)` is a sentence for a person."""


def number_of(runner: Runner, key: str) -> int:
    """The number of a conversation, by its id or a beginning of it. Raises Unknown, Ambiguous."""
    wanted = key.strip().replace("\0", "").encode("utf-8", "replace").decode()[:_ID]
    rows = runner.all(
        "SELECT number, id FROM conversations WHERE id >= ?1 AND substr(id, 1, length(?1)) = ?1 "
        "ORDER BY id LIMIT 3",
        (wanted,),
    )
    if not wanted or not rows:
        raise Unknown(f"There is no conversation {wanted[:80]!r} in this archive.")
    if len(rows) > 1 and rows[0][1] != wanted:
        some = ", ".join(each for _, each in rows[:2])
        raise Ambiguous(f"Several conversations begin with {wanted!r}: {some}, … Give more of it.")
    return int(rows[0][0])


def read(
    runner: Runner,
    key: str,
    start: Place,
    most: int,
    most_characters: int,
    *,
    hidden: bool,
    branches: bool,
) -> Span:
    """A piece of the conversation from `start` on. Raises Unknown, Ambiguous, TooSlow."""
    number = number_of(runner, key)
    first = number * PLACES
    wanted = "number BETWEEN ? AND ?"
    wanted += "" if branches else " AND current"
    wanted += "" if hidden else " AND hidden IS NULL"
    some = "text <> '' OR hidden_text <> ''" if hidden else "text <> ''"
    wanted += f" AND ({some})"
    last = first + PLACES - 1
    (total,) = runner.one(f"SELECT count(*) FROM messages WHERE {wanted}", (first, last))
    begin = first + min(max(start.message, 0), PLACES - 1)
    rows = runner.each(
        "SELECT number, id, role, coalesce(name, recipient), created, model, hidden, text, "
        f"{'hidden_text' if hidden else repr('')} FROM messages WHERE {wanted} ORDER BY number",
        (begin, last),
    )
    messages, following = _filled(
        rows,
        Place(begin, max(start.character, 0)),
        min(max(most, 1), MOST),
        min(max(most_characters, 1), MOST_CHARACTERS),
    )
    id_, title, created, updated, project, model, url = runner.one(
        "SELECT c.id, c.title, c.created, c.updated, coalesce(p.name, p.id), c.model, c.url "
        "FROM conversations AS c LEFT JOIN projects AS p ON p.id = c.project WHERE c.number = ?",
        (number,),
    )
    return Span(id_, title, created, updated, project, model, url, total, messages, following)


def _filled(rows: Any, start: Place, most: int, room: int) -> tuple[list[Said], Place | None]:
    """Messages until there is no room, and where to go on."""
    made: list[Said] = []
    for row in rows:
        number, key, role, name, created, model, why, text, unseen = row
        place = number % PLACES
        skip = start.character if number == start.message else 0
        if len(made) >= most or room <= 0:
            return made, Place(place, skip)
        at = 0
        for words, reason in ((unseen, why or "reasoning"), (text, why)):
            if not words:
                continue
            begins = max(0, skip - at)
            piece = words[begins : begins + room]
            if piece:
                whole = begins + len(piece) == len(words)
                made.append(
                    Said(place, key, role, name, created, model, piece, reason, begins, whole)
                )
                room -= len(piece)
                if not whole:
                    return made, Place(place, at + begins + len(piece))
            at += len(words)
            if room <= 0 and words is unseen and text:
                return made, Place(place, at)
    return made, None
