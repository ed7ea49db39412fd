"""What can be asked of an archive."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from gptexit.library.query import Query
from gptexit.library.reading import number_of, read
from gptexit.library.results import Instruction, Page, Period, Place, Project, Remembered, Span
from gptexit.library.running import Runner
from gptexit.library.search import search
from gptexit.sqlite.columns import CITED

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
