"""Search and read the SQLite archive; nothing here writes.

from gptexit.library import Query, open_library, plain

with open_library("chatgpt-archive") as library:
    for hit in library.search(Query('postgres "order form"', since="2025-03-01")).hits:
        print(hit.date, hit.title, plain(hit.snippet))
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Self

from gptexit.errors import AmbiguousConversation, BadQuery, NoLibrary, TooSlow, UnknownConversation
from gptexit.files.disk import special
from gptexit.library.connection import Runner, connect
from gptexit.library.query import Query
from gptexit.library.results import (
    Hit,
    Instruction,
    Page,
    Period,
    Place,
    Project,
    Remembered,
    Said,
    Snippet,
    Span,
    marked,
    plain,
)
from gptexit.library.search import FACTS, FROM, find
from gptexit.sqlite import CITED, NAME, PLACES

__all__ = [
    "AmbiguousConversation",
    "BadQuery",
    "Hit",
    "Library",
    "NoLibrary",
    "Page",
    "Place",
    "Query",
    "Said",
    "Snippet",
    "Span",
    "TooSlow",
    "UnknownConversation",
    "marked",
    "open_library",
    "plain",
]

BEGINNING = Place(0)
_MOST = 1_000
"""Rows of a list."""
_MOST_MESSAGES = 200
"""Messages of a piece of a conversation."""
_MOST_CHARACTERS = 400_000
"""Characters of a piece of a conversation."""


class Library:
    """An open archive. No method writes, and each answer is bounded."""

    def __init__(self, path: Path, runner: Runner) -> None:
        self.path = path
        self._runner = runner

    def search(self, query: Query) -> Page:
        """Return a page of hits.

        Raises BadQuery, TooSlow, UnknownConversation, AmbiguousConversation.
        """
        return find(self._runner, query)

    def conversation(
        self,
        key: str,
        start: Place = BEGINNING,
        most: int = 50,
        most_characters: int = 20_000,
        *,
        hidden: bool = False,
        branches: bool = False,
    ) -> Span:
        """Read a piece of a conversation, by its id or a beginning of its id only.

        The piece has at most `most` messages and `most_characters` of text; `Span.next` is the
        position to go on at. `branches`: also other branches than the current one. `hidden`: also
        text that ChatGPT does not show. Raises UnknownConversation, AmbiguousConversation, TooSlow.
        """
        number = self._runner.number_of(key)
        first, last = number * PLACES, number * PLACES + PLACES - 1
        wanted = "number BETWEEN ? AND ?"
        wanted += "" if branches else " AND current"
        wanted += "" if hidden else " AND hidden IS NULL"
        wanted += " AND (text <> '' OR hidden_text <> '')" if hidden else " AND text <> ''"
        (total,) = self._runner.one(f"SELECT count(*) FROM messages WHERE {wanted}", (first, last))
        begin = first + min(max(start.message, 0), PLACES - 1)
        rows = self._runner.each(
            "SELECT number, id, role, coalesce(name, recipient), created, model, hidden, text, "
            f"{'hidden_text' if hidden else repr('')} FROM messages WHERE {wanted} ORDER BY number",
            (begin, last),
        )
        messages, following = _filled(
            rows,
            Place(begin, max(start.character, 0)),
            min(max(most, 1), _MOST_MESSAGES),
            min(max(most_characters, 1), _MOST_CHARACTERS),
        )
        id_, title, created, updated, project, model, url = self._runner.one(
            f"SELECT {FACTS}, c.url {FROM} WHERE c.number = ?", (number,)
        )
        return Span(id_, title, created, updated, project, model, url, total, messages, following)

    def shortest(self, key: str) -> str:
        """Return the first eight letters of a conversation's id if they name it, else the id."""
        try:
            self._runner.number_of(key[:8])
        except LookupError:
            return key
        return key[:8]

    def projects(self, limit: int = 100, offset: int = 0) -> list[Project]:
        """List the projects, the one that was used last first."""
        rows = self._runner.all(
            "SELECT p.id, p.name, count(*), sum(c.messages), min(c.created), "
            "max(coalesce(c.updated, c.created)) AS last FROM projects AS p "
            "JOIN conversations AS c ON c.project = p.id "
            "GROUP BY p.id ORDER BY last DESC, p.id LIMIT ? OFFSET ?",
            _bounds(limit, offset),
        )
        return [Project(*row) for row in rows]

    def periods(self, unit: Literal["month", "year"] = "month") -> list[Period]:
        """List the months or years with conversations, the latest first."""
        rows = self._runner.all(
            "SELECT substr(created, 1, ?) AS name, count(*), sum(messages) FROM conversations "
            "GROUP BY name ORDER BY name DESC LIMIT ?",
            (7 if unit == "month" else 4, _MOST),
        )
        return [Period(*row) for row in rows]

    def models(self) -> list[tuple[str, int]]:
        """List the models with the number of conversations they answered in, the largest first."""
        return self._runner.all(
            "SELECT model, count(*) FROM conversation_models GROUP BY model "
            "ORDER BY count(*) DESC, model LIMIT ?",
            (_MOST,),
        )

    def memories(self, limit: int = 100, offset: int = 0) -> list[Remembered]:
        """List what ChatGPT wrote to its memory and what it cited, the oldest first."""
        rows = self._runner.all(
            "SELECT m.text, m.snapshot, coalesce(m.written, c.created) AS at, c.id, c.title "
            "FROM memories AS m JOIN conversations AS c ON c.number = m.conversation "
            "ORDER BY at IS NULL, at, m.message, m.rowid LIMIT ? OFFSET ?",
            _bounds(limit, offset),
        )
        return [
            Remembered(text, bool(kind) and kind != CITED, time, key, title, kind == CITED)
            for text, kind, time, key, title in rows
        ]

    def instructions(self, limit: int = 100, offset: int = 0) -> list[Instruction]:
        """List the custom instructions, each text once, the latest first."""
        rows = self._runner.all(
            "SELECT about, response, first_seen, last_seen, conversations "
            "FROM instruction_versions LIMIT ? OFFSET ?",
            _bounds(limit, offset),
        )
        return [Instruction(*row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _bounds(limit: int, offset: int) -> tuple[int, int]:
    return min(max(limit, 1), _MOST), min(max(offset, 0), 2**31)


def _filled(
    rows: Iterable[Any], start: Place, most: int, room: int
) -> tuple[list[Said], Place | None]:
    """Take messages until `most` or `room` is reached; return the position to go on at too.

    `start.message` is the number of a row here.
    """
    messages: list[Said] = []
    for number, key, role, name, created, model, why, text, unseen in rows:
        place = number % PLACES
        skip = start.character if number == start.message else 0
        if len(messages) >= most or room <= 0:
            return messages, Place(place, skip)
        at = 0
        for words, reason in ((unseen, why or "reasoning"), (text, why)):
            if not words:
                continue
            begins = max(0, skip - at)
            piece = words[begins : begins + room]
            if piece:
                whole = begins + len(piece) == len(words)
                messages.append(
                    Said(place, key, role, name, created, model, piece, reason, begins, whole)
                )
                room -= len(piece)
                if not whole:
                    return messages, Place(place, at + begins + len(piece))
            at += len(words)
            if room <= 0 and words is unseen and text:
                return messages, Place(place, at)
    return messages, None


def open_library(path: str | Path) -> Library:
    """Open a database, or that in the folder that `convert` or `exit` wrote. Raises NoLibrary."""
    given = Path(path)
    if given.is_dir():
        # A folder of one format, or of several.
        files = [file for file in (given / NAME, given / "sqlite" / NAME) if file.is_file()]
        if not files:
            raise NoLibrary(
                f"There is no {NAME} in {given}. Make one from the export: "
                f"gptexit convert EXPORT.zip --to sqlite -o {given / 'sqlite'}"
            )
        given = files[0]
    if kind := special(given):
        raise NoLibrary(f"{given} is {kind}, not a database: give the file, or its folder.")
    if not given.is_file():
        raise NoLibrary(
            f"{given} does not exist. Make a database from the export: "
            "gptexit convert EXPORT.zip --to sqlite -o FOLDER"
        )
    return Library(given, connect(given))
