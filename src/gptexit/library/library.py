"""What can be asked of an archive."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal, Self

from gptexit.errors import NoLibrary, TooSlow
from gptexit.files.disk import special
from gptexit.library.query import Query
from gptexit.library.results import (
    Instruction,
    Page,
    Period,
    Place,
    Project,
    Remembered,
    Span,
    number_of,
    read,
)
from gptexit.library.running import Runner
from gptexit.library.search import search
from gptexit.sqlite.schema import CITED, NAME, VERSION, version_of

BEGINNING = Place(0)
_MOST = 1_000
"""Rows of a list."""


class Library:
    """An open archive. Whatever is asked, nothing is written, and the answer is bounded."""

    def __init__(self, path: Path, runner: Runner) -> None:
        self.path = path
        self._runner = runner

    def search(self, query: Query) -> Page:
        """A page of hits. Raises BadQuery, TooSlow, Unknown, Ambiguous."""
        return search(self._runner, query)

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
        """A piece of a conversation, by its id or a beginning of it that no other one has.

        At most `most` messages and `most_characters` of text; `Span.next` is where to go on. On the
        current branch, and what a person saw, unless `branches` and `hidden` ask for the rest.
        Raises Unknown, Ambiguous, TooSlow.
        """
        return read(
            self._runner, key, start, most, most_characters, hidden=hidden, branches=branches
        )

    def shortest(self, key: str) -> str:
        """The beginning of a conversation's id that is enough to name it; eight letters or all."""
        try:
            number_of(self._runner, key[:8])
        except LookupError:
            return key
        return key[:8]

    def projects(self, limit: int = 100, offset: int = 0) -> list[Project]:
        """The projects, the one that was used last first."""
        return self._groups("projects", "project", limit, offset)

    def gpts(self, limit: int = 100, offset: int = 0) -> list[Project]:
        """The custom GPTs, the one that was used last first."""
        return self._groups("gpts", "gpt", limit, offset)

    def _groups(self, table: str, column: str, limit: int, offset: int) -> list[Project]:
        rows = self._runner.all(
            "SELECT g.id, g.name, count(*), sum(c.messages), min(c.created), "
            f"max(coalesce(c.updated, c.created)) AS last FROM {table} AS g "
            f"JOIN conversations AS c ON c.{column} = g.id "
            "GROUP BY g.id ORDER BY last DESC, g.id LIMIT ? OFFSET ?",
            _bounds(limit, offset),
        )
        return [Project(*row) for row in rows]

    def periods(self, unit: Literal["month", "year"] = "month") -> list[Period]:
        """The months or years with conversations, the latest first."""
        rows = self._runner.all(
            "SELECT substr(created, 1, ?) AS name, count(*), sum(messages) FROM conversations "
            "GROUP BY name ORDER BY name DESC LIMIT ?",
            (7 if unit == "month" else 4, _MOST),
        )
        return [Period(*row) for row in rows]

    def models(self) -> list[tuple[str, int]]:
        """The models that answered, each with in how many conversations, the most used first."""
        return self._runner.all(
            "SELECT model, count(*) FROM conversation_models GROUP BY model "
            "ORDER BY count(*) DESC, model LIMIT ?",
            (_MOST,),
        )

    def memories(self, limit: int = 100, offset: int = 0) -> list[Remembered]:
        """What ChatGPT wrote to its memory and cited of it, in the order of time."""
        rows = self._runner.all(
            "SELECT m.text, m.snapshot, coalesce(m.written, c.created) AS at, c.id, c.title "
            "FROM memories AS m JOIN conversations AS c ON c.number = m.conversation "
            "ORDER BY at IS NULL, at, m.message, m.rowid LIMIT ? OFFSET ?",
            _bounds(limit, offset),
        )
        return [
            Remembered(
                text, bool(kind) and kind != CITED, written, conversation, title, kind == CITED
            )
            for text, kind, written, conversation, title in rows
        ]

    def instructions(self, limit: int = 100, offset: int = 0) -> list[Instruction]:
        """The custom instructions, each text once, the latest first."""
        rows = self._runner.all(
            "SELECT about, response, first_seen, last_seen, conversations "
            "FROM instruction_versions LIMIT ? OFFSET ?",
            _bounds(limit, offset),
        )
        return [Instruction(*row) for row in rows]

    def close(self) -> None:
        """Let the file go."""
        self._runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _bounds(limit: int, offset: int) -> tuple[int, int]:
    return min(max(limit, 1), _MOST), min(max(offset, 0), 2**31)


_INSIDE = (NAME, f"sqlite/{NAME}")
"""Where it stands in a folder of one format, and of several."""

_BESIDE = ("-journal", "-wal")
"""What SQLite keeps beside a database that is being written."""


def open_library(path: str | Path) -> Library:
    """The library in a file, or in the folder that `convert` or `exit` wrote. Raises NoLibrary."""
    given = Path(path)
    if given.is_dir():
        found = next((given / each for each in _INSIDE if (given / each).is_file()), None)
        if found is None:
            raise NoLibrary(
                f"There is no {NAME} in {given}. Make one from the export: "
                f"gptexit convert EXPORT.zip --to sqlite -o {given / 'sqlite'}"
            )
        given = found
    if kind := special(given):
        raise NoLibrary(f"{given} is {kind}, and no database: give the file, or its folder.")
    if not given.is_file():
        raise NoLibrary(
            f"{given} does not exist. Make a database from the export: "
            "gptexit convert EXPORT.zip --to sqlite -o FOLDER"
        )
    return Library(given, _opened(given))


def _opened(path: Path) -> Runner:
    runner = None
    try:
        runner = Runner(path)
        version = version_of(runner.connection)
        runner.all("SELECT 1 FROM messages_fts LIMIT 1" if version == VERSION else "SELECT 1")
    except (sqlite3.DatabaseError, TooSlow) as error:
        if runner:
            runner.close()
        if "no such module" in str(error):
            raise NoLibrary("The SQLite of this Python has no full-text search (FTS5).") from error
        raise NoLibrary(unreadable(path, error)) from error
    if version == VERSION:
        return runner
    runner.close()
    if version is None:
        raise NoLibrary(
            f"{path} is a database of another program, or altered by one. Make one from the "
            "export: gptexit convert EXPORT.zip --to sqlite -o FOLDER"
        )
    raise NoLibrary(
        f"{path} has schema {version}, and this gptexit reads schema {VERSION}. "
        "Convert the export again, into a new folder, or use the gptexit that wrote it."
    )


def unreadable(path: Path, error: Exception) -> str:
    """Return the sentence for a database that cannot be read, or not to its end."""
    beside = [f"{path}{ending}" for ending in _BESIDE if Path(f"{path}{ending}").exists()]
    if beside:
        return (
            f"{path} cannot be read ({error}): another program left {beside[0]} beside it. Open "
            "it in that program and close it, or convert the export again, into a new folder."
        )
    return (
        f"{path} is no database that can be read ({error}). Make one from the export: "
        "gptexit convert EXPORT.zip --to sqlite -o FOLDER"
    )
