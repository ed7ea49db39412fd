"""Write conversations into a new database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from gptexit import __version__
from gptexit.files.disk import open_new
from gptexit.sqlite import (
    ASSET,
    CONVERSATION,
    INSTRUCTION,
    MEMORY,
    MESSAGE,
    PLACES,
    Rows,
    create,
    has_unspaced,
    spaced,
)

_SETTINGS = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA cache_size = -32000;
PRAGMA secure_delete = ON;
PRAGMA trusted_schema = OFF;
"""
"""A killed run leaves the file useless, but the next run begins a new one. The text that is
replaced may be a secret that is redacted now, so nothing of it stays in the file."""
BATCH = 1 << 20
"""Bytes of rows that are written at once; at most three times as many are held."""


def _insert(table: str, columns: str) -> str:
    marks = ", ".join("?" * len(columns.split(",")))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"


_CONVERSATION = _insert("conversations", f"number, {CONVERSATION}, digest")
_MESSAGE = _insert("messages", f"number, parent, conversation, {MESSAGE}")
_ASSET = _insert("assets", f"conversation, message, {ASSET}")
_MEMORY = _insert("memories", f"conversation, message, {MEMORY}")
_INSTRUCTION = _insert("instructions", f"conversation, message, {INSTRUCTION}")
_MODEL = _insert("conversation_models", "conversation, model")
_NAMED = (
    "INSERT INTO {} VALUES (?, ?) "
    "ON CONFLICT (id) DO UPDATE SET name = coalesce(excluded.name, name)"
)
_ROWS_OF = ("conversation_models", "assets", "memories", "instructions", "messages")
_OF_MESSAGES = (("messages_fts", "text"), ("hidden_fts", "hidden_text"))
_INDEXES = ("conversations_fts", "messages_fts", "hidden_fts", "unspaced_fts")
_TOGETHER = 200
"""Conversations whose text goes into the indexes in one statement, since each statement makes an
index write out all that it holds. Meanwhile, Python can go on."""


class DatabaseWriter:
    """Writes batches in a thread while the next conversation is rendered: SQLite needs no Python.

    Each method raises the error of an earlier batch.
    """

    def __init__(self, path: Path, earlier: sqlite3.Connection | None) -> None:
        """Create the file, as a copy of `earlier` or empty. Raises FileExistsError."""
        open_new(path).close()  # SQLite would open what a link leads to
        self.path = path
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        if earlier:
            earlier.backup(self._base)
        self._base.executescript(_SETTINGS)
        if not earlier:
            create(self._base, f"gptexit {__version__}")
        self._waiting: list[int] = []
        self._base.execute("BEGIN")
        self._next: int = self._one("SELECT coalesce(max(number), 0) + 1 FROM conversations")
        self._batch: list[tuple[bytes, str]] = []
        self._held = 0
        self._worker = ThreadPoolExecutor(1)
        self._under_way: Future[None] | None = None

    def put(self, rows: bytes, digest: str) -> None:
        """Write a conversation, given as the JSON of `Rows`, in place of an earlier version."""
        self._batch.append((rows, digest))
        self._held += len(rows)
        if self._held >= BATCH:
            self._hand_over()

    def finish(self) -> None:
        """Write the rest, put the database in order and close it."""
        try:
            self._hand_over()
            self._wait()
        finally:
            self._worker.shutdown()
        self._index()
        for table, column in (("projects", "project"), ("gpts", "gpt")):
            self._base.execute(
                f"DELETE FROM {table} WHERE id NOT IN "
                f"(SELECT {column} FROM conversations WHERE {column} IS NOT NULL)"
            )
        # This makes searches faster; and only what an index merges is really gone from it.
        for index in _INDEXES:
            self._base.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")
        self._base.execute("COMMIT")
        self._base.close()

    def discard(self) -> None:
        """Close and remove the file."""
        self._batch.clear()
        self._worker.shutdown()
        self._base.close()
        self.path.unlink(missing_ok=True)

    def _hand_over(self) -> None:
        self._wait()
        batch, self._batch, self._held = self._batch, [], 0
        self._under_way = self._worker.submit(self._write, batch)

    def _wait(self) -> None:
        if self._under_way is not None:
            self._under_way.result()

    def _write(self, batch: list[tuple[bytes, str]]) -> None:
        for rows, digest in batch:
            self._put(orjson.loads(rows), digest)

    def _put(self, rows: Rows, digest: str) -> None:
        number = self._one("SELECT number FROM conversations WHERE id = ?", rows["conversation"][0])
        if number is None:
            number = self._next
            self._next += 1
        else:
            self._remove(number)
        self._insert(number, rows, digest)

    def _one(self, query: str, *values: Any) -> Any:
        row = self._base.execute(query, values).fetchone()
        return row[0] if row else None

    def _insert(self, number: int, rows: Rows, digest: str) -> None:
        base = self._base
        for table, named in (("projects", rows["project"]), ("gpts", rows["gpt"])):
            if named:
                base.execute(_NAMED.format(table), named)
        title = rows["conversation"][1] or ""
        base.execute(_CONVERSATION, (number, *rows["conversation"], digest))
        base.execute("INSERT INTO conversations_fts (rowid, title) VALUES (?, ?)", (number, title))
        base.executemany(_MODEL, [(number, model) for model in rows["models"]])
        first = number * PLACES
        base.executemany(
            _MESSAGE,
            [
                (first + place, parent and first + parent, number, *values)
                for place, parent, *values in rows["messages"]
            ],
        )
        texts = [(first + row[0], row[-2], row[-1]) for row in rows["messages"]]
        self._index_unspaced(number, title, texts, delete=False)
        self._waiting.append(number)
        if len(self._waiting) >= _TOGETHER:
            self._index()
        for statement, found in (
            (_ASSET, rows["assets"]),
            (_MEMORY, rows["memories"]),
            (_INSTRUCTION, rows["instructions"]),
        ):
            base.executemany(
                statement,
                [(number, place and first + place, *values) for place, *values in found],
            )

    def _remove(self, number: int) -> None:
        """Delete a conversation, from the indexes too; each needs the text that it is to forget."""
        if number in self._waiting:
            self._index()  # an index cannot forget a text that it does not have yet
        base = self._base
        first = number * PLACES
        title = self._one("SELECT title FROM conversations WHERE number = ?", number) or ""
        texts = base.execute(
            "SELECT number, text, hidden_text FROM messages WHERE number BETWEEN ? AND ?",
            (first, first + PLACES - 1),
        ).fetchall()
        base.execute(
            "INSERT INTO conversations_fts (conversations_fts, rowid, title) "
            "VALUES ('delete', ?, ?)",
            (number, title),
        )
        for index, column in _OF_MESSAGES:
            base.execute(
                f"INSERT INTO {index} ({index}, rowid, {column}) SELECT 'delete', number, {column} "
                "FROM messages WHERE number BETWEEN ? AND ?",
                (first, first + PLACES - 1),
            )
        self._index_unspaced(number, title, texts, delete=True)
        for table in _ROWS_OF:
            base.execute(f"DELETE FROM {table} WHERE conversation = ?", (number,))
        base.execute("DELETE FROM conversations WHERE number = ?", (number,))

    def _index(self) -> None:
        """Put the texts of the conversations that wait into the indexes."""
        numbers = sorted(self._waiting)
        self._waiting.clear()
        for first, last in _runs(numbers):
            for index, column in _OF_MESSAGES:
                self._base.execute(
                    f"INSERT INTO {index} (rowid, {column}) SELECT number, {column} "
                    "FROM messages WHERE number BETWEEN ? AND ?",
                    (first * PLACES, last * PLACES + PLACES - 1),
                )

    def _index_unspaced(
        self, number: int, title: str, texts: list[tuple[int, str, str]], *, delete: bool
    ) -> None:
        """Add or delete the title and texts that have unspaced scripts, in the index for those."""
        column, value = ("unspaced_fts, ", "'delete', ") if delete else ("", "")
        self._base.executemany(
            f"INSERT INTO unspaced_fts ({column}rowid, text, hidden_text) VALUES ({value}?, ?, ?)",
            [
                (place, spaced(text), spaced(hidden))
                for place, text, hidden in [(number * PLACES, title, ""), *texts]
                if has_unspaced(text) or has_unspaced(hidden)
            ],
        )


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of each run of consecutive numbers."""
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        yield members[0], members[-1]


def digest_in(base: sqlite3.Connection, key: str) -> str | None:
    """Return the digest of a conversation in a database of gptexit's, or None."""
    row = base.execute("SELECT digest FROM conversations WHERE id = ?", (key,)).fetchone()
    return str(row[0]) if row else None
