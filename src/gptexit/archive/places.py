"""Give files their places in the folder of an archive, and keep the files of its `.gptexit`.

Every file is written in `.gptexit` under a name that nobody can have guessed, and renamed from
there. Each folder on the way is checked once in a run; one that is a link is refused.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Protocol

from gptexit.archive.batch import Batch, WaitingFile
from gptexit.archive.manifest import Entry, journal_line
from gptexit.files.background import BackgroundFile
from gptexit.files.disk import (
    CHUNK,
    HOUSE,
    PART,
    digest_at,
    leads_out,
    need_plain_folder,
    need_plain_house,
    new_name,
    open_new,
    read_bytes,
    sync_folder,
    write_all,
)

MANIFEST = "manifest.jsonl"
TIMES = "times.jsonl"
"""When each file was written; apart from the manifest, which does not depend on time."""
_JOURNAL = ".journal"
_NO_FILE = secrets.token_bytes(32)
"""Stands for the bytes of what is no plain file, such as a pipe or a folder: no file has them."""


class GrowingFile(Protocol):
    """A file that is appended to."""

    path: Path
    size: int

    def append(self, data: bytes) -> None:
        """Add `data` at the end."""

    def close(self) -> str:
        """Complete the file. Return its SHA-256, as hex digits."""

    def discard(self) -> None:
        """Give the file up and remove it."""


class ArchivePlaces:
    """The places in the folder `root`. Raises Unusable if a link is in the way, and OSError."""

    dry = False
    """True if nothing is written."""

    def __init__(self, root: Path) -> None:
        need_plain_house(root)
        # Strings and not paths: a thousand notes a second go through here.
        self.top = str(root)
        self.path = f"{self.top}/{HOUSE}"
        self.manifest = f"{self.path}/{MANIFEST}"
        self.manifest_time: int | None = None
        """When an earlier run wrote it, in nanoseconds."""
        with suppress(OSError):
            self.manifest_time = os.stat(self.manifest).st_mtime_ns
        self._sound: set[str] = set()
        """Folders that are there, and are no links."""
        self._changed: set[str] = set()
        """Folders in which names are new."""
        self._batch = Batch(self._note_down)
        self._journal: BinaryIO | None = None
        self.removed = 0
        """Files of earlier runs that were removed."""

    def inside(self, path: str) -> str:
        """Return the place of a path of ours. Raises ValueError if it leads out."""
        if leads_out(path):
            raise ValueError(f"a path that leads out of the archive: {path!r}")
        target = f"{self.top}/{path}"
        if target.rpartition("/")[0] not in self._sound:
            self._walk(path)
        return target

    def _walk(self, path: str, *, make: bool = False) -> None:
        """Check each folder on the way to a file; `make` those that are missing."""
        folder = self.top
        if make and folder not in self._sound:
            os.makedirs(folder, exist_ok=True)  # it may be a link, as the user wants it
            self._sound.add(folder)
        for name in path.split("/")[:-1]:
            above, folder = folder, f"{folder}/{name}"
            if folder not in self._sound:
                if not need_plain_folder(folder):
                    if not make:
                        return
                    os.mkdir(folder)
                    self._changed.add(above)
                self._sound.add(folder)

    def read(self, target: str) -> bytes | None:
        """Return the bytes of a file, if there is one."""
        self._await(target)
        if not os.path.lexists(target):
            return None
        try:
            data = read_bytes(target)
        except IsADirectoryError:
            return _NO_FILE
        return _NO_FILE if data is None and os.path.islink(target) else data

    def digest(self, target: str) -> str | None:
        """Return the SHA-256 of a file, if there is one; "" for what is no plain file."""
        self._await(target)
        return digest_at(target)

    def size_of(self, target: str) -> int | None:
        """Return the bytes of a file, if there is one."""
        self._await(target)
        try:
            return os.stat(target).st_size
        except FileNotFoundError:
            return -1 if os.path.islink(target) else None

    def _await(self, target: str) -> None:
        if self._batch.has(target):
            self._batch.settle()

    def new_part(self) -> str:
        """Return a name for a file that is not complete yet."""
        if self.path not in self._sound:
            self._walk(f"{HOUSE}/", make=True)
        return f"{self.path}/{new_name()}"

    def open_part(self, part: str) -> BinaryIO:
        """Open a new file for writing, under a name of `new_part`."""
        return open_new(part)

    def grow(self) -> GrowingFile:
        """Return a new file that is appended to."""
        return BackgroundFile(Path(self.new_part()))

    def drop(self, part: str) -> None:
        """Remove a file that has no place yet."""
        os.unlink(part)

    def remove(self, target: str) -> None:
        """Remove a file, and the folders above it that are empty then, up to the root."""
        os.unlink(target)
        self.removed += 1
        folder = os.path.dirname(target)
        while folder != self.top and not os.listdir(folder):
            os.rmdir(folder)
            folder = os.path.dirname(folder)

    def place(self, part: str, target: str, entry: Entry) -> None:
        """Put a file in its place together with others (see `batch`)."""
        self._prepare(target)
        self._batch.add(WaitingFile(part, target, entry), entry.size)

    def place_now(self, part: str, target: str, entry: Entry) -> None:
        """Put `part`, whose bytes are on the disk already, in its place at once."""
        self._prepare(target)
        self._batch.settle()
        self._note_down([entry])
        os.replace(part, target)

    def _prepare(self, target: str) -> None:
        folder = target.rpartition("/")[0]
        if folder not in self._sound:
            self._walk(target[len(self.top) + 1 :], make=True)
        self._changed.add(folder)

    def _note_down(self, noted: Sequence[Entry]) -> None:
        """Add entries to the journal, and wait until they are on the disk."""
        if self._journal is None:
            # A name of its own: one that is there may be somebody's.
            self._journal = open_new(f"{self.path}/{secrets.token_hex(8)}{_JOURNAL}")
            sync_folder(self.path)
        write_all(self._journal, b"".join(map(journal_line, noted)))
        os.fsync(self._journal.fileno())

    def settle(self) -> None:
        """Wait until every file is in its place."""
        self._batch.close()

    def sync_names(self) -> None:
        """Wait until the names of this run are on the disk."""
        for folder in sorted(self._changed):
            sync_folder(folder)
        self._changed.clear()

    def write(self, name: str, pieces: Iterable[bytes]) -> str:
        """Write a file of `.gptexit`: onto the disk, then into its place. Return its SHA-256."""
        part, digest, held = self.new_part(), hashlib.sha256(), bytearray()
        with open_new(part) as out:
            for piece in chain(pieces, (None,)):
                held += piece or b""
                if piece is None or len(held) >= CHUNK:
                    digest.update(held)
                    write_all(out, bytes(held))
                    held.clear()
            os.fsync(out.fileno())
        os.replace(part, f"{self.path}/{name}")
        sync_folder(self.path)
        return digest.hexdigest()

    def journals(self) -> list[str]:
        """Return the journals of this run and of those that were killed, the oldest first."""
        journals = [str(path) for path in Path(self.path).glob(f"*{_JOURNAL}")]
        journals.sort(key=lambda path: os.stat(path).st_mtime_ns)
        earlier = f"{self.path}/journal.jsonl"  # as versions until f7a5429 called it
        return [earlier, *journals] if os.path.exists(earlier) else journals

    def tidy(self) -> None:
        """Remove the temporary files of this run and of those that were killed.

        The parts of a killed run may hold what is redacted by now.
        """
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        litter = [*map(Path, self.journals()), *Path(self.path).glob(f"*{PART}*")]
        for path in litter:
            path.unlink(missing_ok=True)


class DryPlaces(ArchivePlaces):
    """The places for a dry run: what is there is read, and nothing is written or removed."""

    dry = True

    def new_part(self) -> str:
        """Return the null device: a part is written to it, and only counted."""
        return os.devnull

    def open_part(self, part: str) -> BinaryIO:
        """Open the null device."""
        return open(part, "wb", buffering=0)

    def grow(self) -> GrowingFile:
        """Return a file that keeps nothing of what is appended."""
        return _CountedFile()

    def drop(self, part: str) -> None:
        """Do nothing."""

    def remove(self, target: str) -> None:
        """Count the file."""
        self.removed += 1

    def place(self, part: str, target: str, entry: Entry) -> None:
        """Do nothing."""

    def place_now(self, part: str, target: str, entry: Entry) -> None:
        """Do nothing."""

    def write(self, name: str, pieces: Iterable[bytes]) -> str:
        """Do nothing; there is no SHA-256."""
        return ""

    def tidy(self) -> None:
        """Do nothing: the parts of a killed run stay too."""


class _CountedFile:
    """A file that is nowhere, of which the size and the SHA-256 are known."""

    def __init__(self) -> None:
        self.path = Path(os.devnull)
        self.size = 0
        self._digest = hashlib.sha256()

    def append(self, data: bytes) -> None:
        self.size += len(data)
        self._digest.update(data)

    def close(self) -> str:
        return self._digest.hexdigest()

    def discard(self) -> None:
        """Do nothing."""
