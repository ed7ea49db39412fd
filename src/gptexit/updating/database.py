"""Write a database into an archive: a file's bytes are the rows of one conversation.

The database is changed in a copy under another name, which then takes its place: a killed run
leaves what was there, and a reader who has it open goes on reading it. Where no conversation
changed there is no copy and the file is not touched. What else a person has put into it, tables and
views of their own, is copied along.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import cast

import orjson

from gptexit.archive.files import File
from gptexit.archive.folder import ArchiveFolder, FolderSink, Outcome, beside, beside_key, sha256_of
from gptexit.archive.manifest import Entry
from gptexit.errors import OtherArchive
from gptexit.files.disk import CHUNK, digest_of, open_new, open_plain, sync
from gptexit.sqlite import (
    ASSET,
    CONVERSATION,
    INSTRUCTION,
    MEMORY,
    MESSAGE,
    NAME,
    PLACES,
    VERSION,
    Rows,
    need_full_text,
    version_of,
)
from gptexit.sqlite.database import DatabaseWriter, digest_in
from gptexit.text.json import dumps
from gptexit.updating.rows import united, without


def stored(base: sqlite3.Connection, key: str) -> Rows | None:
    """Return the rows of a conversation, by its id, if the database has them."""
    row = base.execute(
        f"SELECT number, {CONVERSATION} FROM conversations WHERE id = ?", (key,)
    ).fetchone()
    if row is None:
        return None
    number, *conversation = row
    first = number * PLACES
    messages = base.execute(
        f"SELECT number - ?, parent - ?, {MESSAGE} FROM messages "
        "WHERE number BETWEEN ? AND ? ORDER BY number",
        (first, first, first, first + PLACES - 1),
    )

    def of(table: str, columns: str) -> list[list[object]]:
        query = f"SELECT message - ?, {columns} FROM {table} WHERE conversation = ? ORDER BY rowid"
        return [list(found) for found in base.execute(query, (first, number))]

    def named(table: str, name: str | None) -> list[object] | None:
        found = base.execute(f"SELECT id, name FROM {table} WHERE id = ?", (name,)).fetchone()
        return list(found) if found else None

    models = base.execute(
        "SELECT model FROM conversation_models WHERE conversation = ? ORDER BY model", (number,)
    )
    places = CONVERSATION.split(", ")
    return {
        "conversation": conversation,
        "project": named("projects", conversation[places.index("project")]),
        "gpt": named("gpts", conversation[places.index("gpt")]),
        "models": [model for (model,) in models],
        "messages": [list(found) for found in messages],
        "assets": of("assets", ASSET),
        "memories": of("memories", MEMORY),
        "instructions": of("instructions", INSTRUCTION),
    }


_KEY = "database"
_BEGINS = b"SQLite format 3\0"
_SIDE_FILES = ("-wal", "-journal")
"""What SQLite keeps beside a database while it is written to."""


class DatabaseSink(FolderSink):
    """The sink, for one database. Raises NoFullText where SQLite cannot write it."""

    def __init__(
        self, folder: ArchiveFolder, without_secrets: Callable[[str], str] | None = None
    ) -> None:
        """`without_secrets` takes secrets out of a text, if the database may hold some."""
        need_full_text()
        super().__init__(folder)
        self._without_secrets = without_secrets
        self._writer: DatabaseWriter | None = None
        self._there: sqlite3.Connection | None = None
        self._where: Path | None = None
        self._part = ""

    def put(self, file: File) -> Outcome:
        """Write a conversation unless it is there as it is; a file without bytes is the end."""
        if file.path != NAME:
            return self.folder.put(file)
        place = self._where or self._find(file.path)
        if not file.data:
            return self._end(place, file)
        key = file.key.partition("/")[2]
        data, digest = file.data, sha256_of(file.data)
        known = digest_in(self._there, key) if self._there else None
        if self._there and known not in (None, digest):
            data = self._united(self._there, key, data)
            digest = sha256_of(data)
        if known != digest:
            self._open().put(data, digest)
        return "part"

    def _united(self, there: sqlite3.Connection, key: str, data: bytes) -> bytes:
        """The rows that come, with what only the database holds of their conversation."""
        earlier = stored(there, key)
        if earlier is None:
            return data
        if self._without_secrets:
            earlier = without(earlier, self._without_secrets)
        incoming = cast(Rows, orjson.loads(data))
        rows = united(earlier, incoming, redacts=self.folder.redacts)
        if rows is incoming:
            return data
        self.folder.tally.merged += 1
        return dumps(rows)

    def discard(self) -> None:
        """Give up what was written."""
        if self._writer:
            self._writer.discard()
        if self._there:
            self._there.close()
        super().discard()

    def _find(self, path: str) -> Path:
        """Where the database is, or will be: beside a file of that name that is none of ours."""
        for number in count():
            name = beside(path, number) if number else path
            key = beside_key(_KEY, number) if number else _KEY
            place = Path(self.folder.places.inside(name))
            if not os.path.lexists(place) or self.folder.heals(key, name, _BEGINS):
                break
            self._there = _opened(place)
            if self._there:
                break
        self._where = place
        return place

    def _open(self) -> DatabaseWriter:
        if self._writer is None:
            self._part = self.folder.places.new_part()
            self._writer = DatabaseWriter(Path(self._part), self._there)
        return self._writer

    def _end(self, place: Path, file: File) -> Outcome:
        changed = self._writer is not None or self._there is None
        if changed:
            self._open().finish()
            self._writer = None
        if self._there:
            self._there.close()
            self._there = None
        if changed:
            _quiet(place)
            self._keep_theirs(place)
        path, key = place.name, file.key
        if path != file.path:
            self.folder.edited.append(file.path)
            self.folder.tally.new_texts[file.path] = path
            number = next(tail for tail in count(1) if beside(file.path, tail) == path)
            key = beside_key(file.key, number)
        self.folder.keep(path, key)
        known = self.folder.catalog.get(key)
        if not changed and known and known.sha256:
            return "unchanged"
        made = Path(self._part) if changed else place
        entry = Entry(key, path, digest_of(made), made.stat().st_size)
        if not changed:
            self.folder.record(entry)
            return "unchanged"
        sync(made)
        self.folder.place_now(self._part, str(place), entry)
        return "written"

    def _keep_theirs(self, place: Path) -> None:
        """Keep a database that a person has changed, beside the one that takes its place."""
        if not place.is_file() or self.folder.is_ours(place.name, digest_of(place)):
            return
        if place.name in self.folder.tally.healed:
            return
        for number in count(1):
            tail = "" if number == 1 else str(number)
            yours = place.with_name(f"{place.stem}.yours{tail}{place.suffix}")
            with suppress(FileExistsError), open_new(yours) as out, open_plain(place) as source:
                shutil.copyfileobj(source, out, CHUNK)
                os.fsync(out.fileno())
                break
        self.folder.edited.append(place.name)


def _opened(path: Path) -> sqlite3.Connection | None:
    """Open the database of ours at `path` for reading, if there is one."""
    if path.is_symlink() or not path.is_file():
        return None
    base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        version = version_of(base)
        if version == VERSION:
            return base
        if version is not None:
            base.close()
            raise OtherArchive(
                f"{path} has schema {version}, and this gptexit writes schema {VERSION}: write "
                "into a new folder, or use the gptexit that wrote it."
            )
    except sqlite3.DatabaseError:
        pass
    base.close()
    return None


def _quiet(path: Path) -> None:
    """Have SQLite put away what it keeps beside a database, which must not meet another one.

    Raises OSError where a program that has the database open does not let it.
    """
    beside = [Path(f"{path}{ending}") for ending in _SIDE_FILES]
    if not path.is_file() or not any(file.exists() for file in beside):
        return
    try:
        base = sqlite3.connect(path, timeout=1)
        base.execute("PRAGMA journal_mode = DELETE")
        base.close()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise OSError(0, "another program is writing to the database; close it", path) from error
    if any(file.exists() for file in beside):
        raise OSError(0, "another program is writing to the database; close it", str(path))
