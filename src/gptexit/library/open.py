"""Finds the database in what a person names."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from gptexit.files.special import special
from gptexit.library.library import Library
from gptexit.library.running import Runner, TooSlow
from gptexit.sqlite.schema import NAME, VERSION, version_of

_INSIDE = (NAME, f"sqlite/{NAME}")
"""Where it stands in a folder of one format, and of several."""

_BESIDE = ("-journal", "-wal")
"""What SQLite keeps beside a database that is being written."""


class NoLibrary(Exception):
    """There is no database to search; `str(error)` is a sentence for a person."""


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
