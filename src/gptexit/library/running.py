"""Queries that only read, and end."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gptexit.errors import TooSlow
from gptexit.sqlite.schema import readable_errors

_SECONDS = 5.0
"""How long one query may take."""
_STEPS = 20_000
"""Of SQLite's machine, between two looks at the clock: about a millisecond."""
_LONGEST = 100_000_000
"""Bytes of a value that are read: a hostile database may hold more than there is memory."""
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
        """Raises sqlite3.DatabaseError where there is no database at `path`."""
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

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection itself."""
        return self._base

    def all(self, query: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Any]:
        """Every row. Raises TooSlow."""
        self._ends = time.monotonic() + _SECONDS
        try:
            with readable_errors():
                return self._base.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            if self._is_late():
                raise TooSlow from error
            raise

    def one(self, query: str, values: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """The first row; None where there is none. Raises TooSlow."""
        rows = self.all(f"SELECT * FROM ({query}) LIMIT 1", values)
        return rows[0] if rows else None

    def each(self, query: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """The rows one after the other. Raises TooSlow."""
        self._ends = time.monotonic() + _SECONDS
        try:
            with readable_errors():
                yield from self._base.execute(query, values)
        except sqlite3.OperationalError as error:
            if self._is_late():
                raise TooSlow from error
            raise

    def close(self) -> None:
        """Let the file go."""
        self._base.close()

    def _is_late(self) -> bool:
        return time.monotonic() > self._ends


def _as_text(_: sqlite3.Cursor, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row with text in place of bytes: a column of text may hold them all the same."""
    return tuple(
        value.decode("utf-8", "replace") if type(value) is bytes else value for value in row
    )
