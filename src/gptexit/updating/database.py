"""Write a database into an archive: a file's bytes are the rows of one conversation.

A copy under another name is changed, and then takes the database's place: a killed run leaves the
old file, and a reader who has it open goes on reading it. If no conversation changed, the file is
not touched. The copy has the tables and views that a person has added.

The rows that come are joined with those that the database holds (see `rows.united`).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import ClassVar, Protocol, cast

import orjson

from gptexit.archive.files import File, Outcome
from gptexit.archive.folder import ArchiveFolder, FolderSink, beside, beside_key, sha256_of
from gptexit.archive.manifest import Entry
from gptexit.errors import OtherArchive
from gptexit.files.disk import CHUNK, digest_of, open_new, open_plain, sync
from gptexit.sqlite import (
    NAME,
    VERSION,
    Rows,
    need_full_text,
    version_of,
)
from gptexit.sqlite.database import DatabaseWriter, digest_in
from gptexit.text.json import dumps
from gptexit.updating.rows import stored, united, without

_KEY = "database"
_HEADER = 100
"""Bytes of the header of a SQLite file."""
_SIDE_FILES = ("-wal", "-journal")
"""Endings of the files that SQLite keeps beside a database while it is written to."""
_LEAST, _GROWTH = 170_000, 1.5
"""The bytes of a database without conversations, and of one for each byte of rows, about."""
ANY = "0" * 64
"""The SHA-256 of a database that is not written."""


class PartWriter(Protocol):
    """Writes the file that takes the place of a database."""

    def finish(self) -> None:
        """Complete the file."""

    def discard(self) -> None:
        """Give the file up."""


class DatabaseSink(FolderSink):
    """The sink for one database. Raises NoFullText if SQLite cannot write it."""

    name: ClassVar[str] = NAME
    """The file of the database."""
    key: ClassVar[str] = _KEY
    """Its key in the manifest."""
    _writer: PartWriter | None

    def __init__(
        self,
        folder: ArchiveFolder,
        without_secrets: Callable[[str], str] | None = None,
        *,
        older: bool = False,
    ) -> None:
        """`without_secrets` takes secrets out of a text; None if the database holds none.

        `older`: True if the database has a newer export than the one that is converted.
        """
        need_full_text()
        super().__init__(folder)
        self._without_secrets = without_secrets
        self._older = older
        self._writer = None
        self._there: sqlite3.Connection | None = None
        self._where: Path | None = None
        self._part = ""

    def put(self, file: File) -> Outcome:
        """Write a conversation unless the database has it; a file without bytes ends the run."""
        if file.path != self.name:
            return self.folder.put(file)
        place = self._where or self._find(file.path)
        if not file.data:
            return self._end(place, file)
        key = file.key.partition("/")[2]
        known = digest_in(self._there, key) if self._there else None
        self._take(key, file.data, known, sha256_of(file.data))
        return "part"

    def _take(self, key: str, data: bytes, known: str | None, digest: str) -> None:
        """Write the rows of a conversation; `known`: the digest of those in the database."""
        if self._there and known not in (None, digest):
            data = self._united(self._there, key, data)
            digest = sha256_of(data)
        if known != digest:
            cast(DatabaseWriter, self._writing()).put(data, digest)

    def _united(self, there: sqlite3.Connection, key: str, data: bytes) -> bytes:
        """Return the rows that come, with what only the database holds of the conversation."""
        earlier = stored(there, key)
        if earlier is None:
            return data
        if self._without_secrets:
            earlier = without(earlier, self._without_secrets)
        incoming = cast(Rows, orjson.loads(data))
        rows = united(earlier, incoming, redacts=self.folder.redacts, older=self._older)
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
        """Return the place of the database: beside a file of its name if that is not ours."""
        for number in count():
            name = beside(path, number) if number else path
            key = beside_key(self.key, number) if number else self.key
            place = Path(self.folder.places.inside(name))
            if not os.path.lexists(place) or self.folder.heals(key, name, _is_cut):
                break
            self._there = self._opened(place)
            if self._there:
                break
        self._where = place
        return place

    def _opened(self, place: Path) -> sqlite3.Connection | None:
        """Open the database of ours at `place` for reading, if there is one."""
        return open_database(place, _is_ours)

    def _writing(self) -> PartWriter:
        """Return the writer, and begin the file if nothing was written yet."""
        if self._writer is None:
            self._part = self.folder.places.new_part()
            self._writer = self._begun(Path(self._part))
        return self._writer

    def _begun(self, part: Path) -> PartWriter:
        return DatabaseWriter(part, self._there)

    def _end(self, place: Path, file: File) -> Outcome:
        changed = self._writer is not None or self._there is None
        if changed:
            self._writing().finish()
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
        written = Path(self._part) if changed else place
        entry = Entry(key, path, digest_of(written), written.stat().st_size)
        if not changed:
            self.catalog.put(entry)
            return "unchanged"
        sync(written)
        self.folder.place_now(self._part, str(place), entry)
        return "written"

    def _keep_theirs(self, place: Path) -> None:
        """Keep a database that a person has changed, beside the one that takes its place."""
        if not place.is_file() or self.folder.is_ours(place.name, digest_of(place)):
            return
        if place.name in self.folder.tally.healed:
            return
        for number in count(1):
            yours = place.with_name(beside(place.name, number, "yours"))
            with suppress(FileExistsError), open_new(yours) as out, open_plain(place) as source:
                shutil.copyfileobj(source, out, CHUNK)
                os.fsync(out.fileno())
                break
        self.folder.edited.append(place.name)


class DryDatabaseSink(DatabaseSink):
    """The sink of a dry run: finds out whether the database would change, and about its size."""

    _rows = 0
    """Bytes of the rows that would be written."""

    def _take(self, key: str, data: bytes, known: str | None, digest: str) -> None:
        """Count the rows of a conversation that the database does not have so."""
        self._rows += 0 if known == digest else len(data)

    def _end(self, place: Path, file: File) -> Outcome:
        changed = bool(self._rows) or self._there is None
        size = place.stat().st_size if self._there else 0
        if self._there:
            self._there.close()
            self._there = None
        self.folder.keep(place.name, file.key)
        if not changed:
            return "unchanged"
        size += _LEAST + int(self._rows * _GROWTH)
        self.folder.place_now(os.devnull, str(place), Entry(file.key, place.name, ANY, size))
        return "written"


def _is_cut(path: str) -> bool:
    """Tell whether a file is shorter than its header, as that of SQLite, says, or has none."""
    place = Path(path)
    if not place.is_file():
        return False
    with open_plain(path) as stream:
        header = stream.read(_HEADER)
    if not header.strip(b"\0"):
        return True
    page = int.from_bytes(header[16:18]) or 1
    pages = int.from_bytes(header[28:32])
    whole = (65536 if page == 1 else page) * pages
    return header.startswith(b"SQLite format 3\0") and place.stat().st_size < max(whole, _HEADER)


def open_database(
    path: Path, is_wanted: Callable[[sqlite3.Connection], bool]
) -> sqlite3.Connection | None:
    """Open the database at `path` for reading, if there is one and `is_wanted` says so."""
    if path.is_symlink() or not path.is_file():
        return None
    base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    wanted = False
    try:
        wanted = is_wanted(base)
    except sqlite3.DatabaseError:
        pass
    finally:
        if not wanted:
            base.close()
    return base if wanted else None


def _is_ours(base: sqlite3.Connection) -> bool:
    """Tell whether gptexit wrote a database. Raises OtherArchive if another version did."""
    version = version_of(base)
    if version not in (None, VERSION):
        raise OtherArchive(
            f"{_file_of(base)} was written by another version of gptexit (schema {version}; this "
            f"one writes {VERSION}): write into a new folder, or use the gptexit that wrote it."
        )
    return version == VERSION


def _file_of(base: sqlite3.Connection) -> str:
    return str(base.execute("PRAGMA database_list").fetchone()[2])


def _quiet(path: Path) -> None:
    """Make SQLite remove its side files, which must not meet another database.

    Raises OSError if another program has the database open.
    """
    side_files = [Path(f"{path}{ending}") for ending in _SIDE_FILES]
    if not path.is_file() or not any(file.exists() for file in side_files):
        return
    try:
        base = sqlite3.connect(path, timeout=1)
        base.execute("PRAGMA journal_mode = DELETE")
        base.close()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise OSError(0, "another program is writing to the database; close it", path) from error
    if any(file.exists() for file in side_files):
        raise OSError(0, "another program is writing to the database; close it", str(path))
