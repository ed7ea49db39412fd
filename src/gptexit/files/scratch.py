"""Databases for the time of a run, so that memory does not grow with the export."""

from __future__ import annotations

import sqlite3


def scratch_database(tables: str, cache: int = 1000) -> sqlite3.Connection:
    """Open a database in a temporary file without a name, which ends with the connection.

    `tables`: SQL that makes them; `cache`: KiB of memory. All later changes are in one transaction
    that is never committed: nothing of it has to outlive a crash.
    """
    base = sqlite3.connect("", isolation_level=None)
    base.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        f"PRAGMA cache_size = -{cache}; {tables} BEGIN;"
    )
    return base
