"""Connect to a database read-only, and end each query that takes too long."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gptexit.errors import AmbiguousConversation, NoLibrary, TooSlow, UnknownConversation
from gptexit.sqlite import VERSION, readable_errors, version_of
from gptexit.text.json import encodable

_SECONDS = 5.0
"""Time that one query may take."""
_STEPS = 20_000
"""Steps of SQLite's machine between two looks at the clock: about a millisecond."""
_LONGEST = 100_000_000
"""Bytes of a value that are read: a hostile database may hold more than fits into memory."""
_ID = 200
"""Characters of an id that are looked at."""
_BESIDE = ("-journal", "-wal")
"""Endings of the files that SQLite keeps beside a database that is being written."""
_SETTINGS = """
PRAGMA query_only = ON;
PRAGMA cache_size = -16000;
PRAGMA mmap_size = 1073741824;
PRAGMA temp_store = MEMORY;
PRAGMA trusted_schema = OFF;
"""


class Runner:
    """A connection that cannot write."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises sqlite3.DatabaseError if it is no database."""
        self._ends = float("inf")
        self._base = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
        )
        self._base.text_factory = lambda data: data.decode("utf-8", "replace")
        self._base.row_factory = _as_text
        self._base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        with readable_errors():
            self._base.executescript(_SETTINGS)
        self._base.set_progress_handler(self._is_late, _STEPS)

    def version(self) -> int | None:
        """Read the version of the schema, and test the full-text search if it is ours.

        Raises sqlite3.DatabaseError, TooSlow.
        """
        version = version_of(self._base)
        self.all("SELECT 1 FROM messages_fts LIMIT 1" if version == VERSION else "SELECT 1")
        return version

    def all(self, query: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Any]:
        """Return every row. Raises TooSlow."""
        with self._in_time():
            return self._base.execute(query, values).fetchall()

    def one(self, query: str, values: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """Return the first row, or None. Raises TooSlow."""
        rows = self.all(f"SELECT * FROM ({query}) LIMIT 1", values)
        return rows[0] if rows else None

    def each(self, query: str, values: Sequence[Any] | dict[str, Any] = ()) -> Iterator[Any]:
        """Yield the rows one after the other. Raises TooSlow."""
        with self._in_time():
            yield from self._base.execute(query, values)

    def number_of(self, key: str) -> int:
        """Return the number of a conversation, by its id or a beginning of its id only.

        Raises UnknownConversation, AmbiguousConversation, TooSlow.
        """
        wanted = encodable(key.strip().replace("\0", ""))[:_ID]
        rows = self.all(
            "SELECT number, id FROM conversations WHERE id >= ?1 "
            "AND substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 3",
            (wanted,),
        )
        if not wanted or not rows:
            raise UnknownConversation(f"There is no conversation {wanted[:80]!r} in this archive.")
        if len(rows) > 1 and rows[0][1] != wanted:
            some = ", ".join(found for _, found in rows[:2])
            raise AmbiguousConversation(
                f"The ids of several conversations begin with {wanted!r}: {some}, … Give more of "
                f"it."
            )
        return int(rows[0][0])

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        self._ends = time.monotonic() + _SECONDS
        try:
            with readable_errors():
                yield
        except sqlite3.OperationalError as error:
            if self._is_late():
                raise TooSlow from error
            raise

    def _is_late(self) -> bool:
        return time.monotonic() > self._ends


def _as_text(_: sqlite3.Cursor, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Decode the bytes of a row: SQLite lets a column of text hold bytes too."""
    return tuple(
        value.decode("utf-8", "replace") if type(value) is bytes else value for value in row
    )


def connect(path: Path) -> Runner:
    """Open a database of this version of the schema. Raises NoLibrary."""
    runner = None
    try:
        runner = Runner(path)
        version = runner.version()
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
            f"{path} was written or changed by another program. Make one from the "
            "export: gptexit convert EXPORT.zip --to sqlite -o FOLDER"
        )
    raise NoLibrary(
        f"{path} was written by another version of gptexit (schema {version}; this one reads "
        f"{VERSION}). Convert the export again, into a new folder, or use the gptexit that wrote "
        "it."
    )


def unreadable(path: Path, error: Exception) -> str:
    """Write the sentence for a database that cannot be read, or not to its end."""
    beside = [f"{path}{ending}" for ending in _BESIDE if Path(f"{path}{ending}").exists()]
    if beside:
        return (
            f"{path} cannot be read ({error}): another program left {beside[0]} beside it. Open "
            "it in that program and close it, or convert the export again, into a new folder."
        )
    return (
        f"{path} cannot be read as a database ({error}). Make one from the export: "
        "gptexit convert EXPORT.zip --to sqlite -o FOLDER"
    )
