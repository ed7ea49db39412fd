"""Write files into a folder: atomically, and only if something changed.

A file is written under another name and then renamed, so a killed run leaves no half of one.
`.gptexit/manifest.jsonl` lists each file's name, its SHA-256, and what it is of. During a run each
line goes to a journal beside it first, so that the next run after a killed one knows the files of
that; and before that the file is on the disk (see `batch`).

A file that is neither as an earlier run left it nor as this run would write it was changed by the
user: it stays, and the new text goes beside it, in the place of no file of the user's. A file that
a power cut damaged is written again (see `batch.is_torn`). Nothing is written through a link (see
`files.disk`).
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gptexit.archive.archive import Archive
from gptexit.archive.batch import Torn, is_torn, recorded, seems_torn
from gptexit.archive.files import Copy, File, Outcome, Tally
from gptexit.archive.manifest import Entry
from gptexit.archive.places import GrowingFile
from gptexit.files.disk import CHUNK, begins_with_zeros, digest_at, write_all
from gptexit.files.numbers import NumberMap


class ArchiveFolder:
    """The sink that writes into an archive, for one pass over the export. Raises OSError."""

    def __init__(self, archive: Archive | Path) -> None:
        self.archive = archive if isinstance(archive, Archive) else Archive(archive)
        self.catalog = self.archive.catalog
        self.places = self.archive.places
        self.strict = False
        """True to remove files of earlier runs that this run does not write, unless the user
        changed them. For what goes to somebody else: nothing may stay that was taken out since."""
        self.redacts = False
        """True if this run takes secrets out that an earlier one left in."""
        self.checks = False
        """True to compare existing assets by their bytes, and not only by their size."""
        self.tally = Tally()
        self.edited: list[str] = []
        """Notes that the user changed and that would read otherwise now."""
        self._kept = NumberMap()
        """Hashes of the paths that this pass has written or found in place, and of their keys."""
        self._appended: dict[str, GrowingFile] = {}
        self.ended: Counter[Outcome] = Counter()
        """Outcomes of the files that only the end of the run completed."""
        self._keys: dict[str, str] = {}

    def put(self, file: File) -> Outcome:
        """Write a file, unless it is there already."""
        if file.append:
            return self._append(file)
        if file.gone:
            return self._take_away(file.key)
        digest = sha256_of(file.data)
        existing = self.read(file.path)
        first = self.keep(file.path, file.key)
        if existing == file.data:
            self.catalog.put(Entry(file.key, file.path, digest, len(file.data), file.about))
            return self._outcome(file.path)
        ours = first and (existing is None or self.is_ours(file.path, sha256_of(existing)))
        if not ours and not (first and self.heals(file.key, file.path, file.data)):
            # The user has changed the file: a text that is new to them goes beside it.
            target = self.places.inside(file.path)
            if self.is_ours(file.path, digest) and not seems_torn(target, file.data):
                return "unchanged"
            return self.put_beside(file, digest)
        self.write(file, digest)
        return "written"

    def keep(self, path: str, key: str) -> bool:
        """Give `path` to `key`; return False if this run gave it to another key.

        Two keys have one path only if a manifest from elsewhere says so.
        """
        return self._kept.setdefault(hash(path), hash(key)) == hash(key)

    def heals(self, key: str, path: str, new: bytes | str | Torn) -> bool:
        """Tell whether a file is damaged, so that it is written again, and count it.

        One that a killed run was about to replace is not: it is as an earlier run left it.
        """
        target = self.places.inside(path)
        torn = is_torn(self.catalog.get(key), target, new, self.places.manifest_time)
        if not torn or self.is_ours(path, digest_at(target) or ""):
            return False
        self.tally.healed.append(path)
        return True

    def copy(self, copy: Copy, size: int, open_asset: Callable[[], BinaryIO]) -> Outcome:
        """Write an asset, unless it is there already. Raises what reading it raises."""
        target = self.places.inside(copy.path)
        first = self.keep(copy.path, copy.key)
        known = self.catalog.get(copy.key)
        there = self.places.size_of(target)
        sound = known is not None and known.sha256 and there == known.size == size
        if sound and not self.checks and not begins_with_zeros(target):
            return self._outcome(copy.path)
        if there is not None and (self.checks or sound):
            with open_asset() as source:
                digest, length = _hashed(source)
            if digest_at(target) == digest:
                self.catalog.put(Entry(copy.key, copy.path, digest, length))
                return self._outcome(copy.path)
        part, digest, length = self._copied(open_asset)
        entry = Entry(copy.key, copy.path, digest, length)
        existing = None if there is None else digest_at(target)
        if existing == digest:
            self.places.drop(part)
            self.catalog.put(entry)
            return self._outcome(copy.path)
        ours = first and (there is None or self.is_ours(copy.path, existing or ""))
        if not ours and not (first and self.heals(copy.key, copy.path, part)):
            return self._copy_beside(entry, part, there)
        self._place(part, target, entry)
        return "written"

    def _copied(self, open_asset: Callable[[], BinaryIO]) -> tuple[str, str, int]:
        """Write an asset under another name. Return that, its SHA-256 and its size."""
        part = self.places.new_part()
        try:
            with open_asset() as source, self.places.open_part(part) as out:
                return part, *_hashed(source, out)
        except BaseException:
            with suppress(FileNotFoundError):
                self.places.drop(part)
            raise

    def _copy_beside(self, entry: Entry, part: str, there: int | None) -> Outcome:
        """Put an asset beside one that the user has changed, if it is new to them."""
        self.edited.append(entry.path)
        # One of the same size is hardly changed on purpose.
        doubtful = seems_torn(self.places.inside(entry.path), part) or (
            self.checks and there == entry.size
        )
        if self.is_ours(entry.path, entry.sha256) and not doubtful:
            self.places.drop(part)
            return "edited"
        key, path, same = self.beside(entry.key, entry.path, entry.sha256)
        if same:
            self.places.drop(part)
        else:
            self._place(part, self.places.inside(path), Entry(key, path, entry.sha256, entry.size))
        return "edited"

    def _outcome(self, path: str) -> Outcome:
        """Return the outcome for a file that is as it should be: did this run write it?"""
        return "written" if hash(path) in self.archive.new else "unchanged"

    def is_ours(self, path: str, digest: str) -> bool:
        """Tell whether a run of ours gave the file at `path` these bytes. A link is the user's."""
        return self.catalog.is_ours(path, digest) and not os.path.islink(self.places.inside(path))

    def discard(self) -> None:
        """Remove the files that were appended to and are not complete."""
        for growing in self._appended.values():
            growing.discard()
        self._appended.clear()

    @property
    def holds_more(self) -> bool:
        """True if the archive holds something that this export, or an earlier one, does not."""
        tally = self.tally
        return bool(tally.merged or tally.kept or tally.beside or tally.filled)

    def finish(self) -> int:
        """Complete the appended files, and save the manifest. Return the bytes of all files."""
        for path in list(self._appended):
            self.ended[self._close(path)] += 1
        self.places.settle()
        self._remove_left_over()
        if self.strict:
            self._remove_others()
        self.archive.save()
        return self.catalog.bytes

    def _close(self, path: str, place: str = "") -> Outcome:
        """Put a file that was appended to in its place, unless it is there already."""
        growing = self._appended.pop(path)
        digest, part = growing.close(), str(growing.path)
        key, path = self._keys.pop(path), place or path
        target = self.places.inside(path)
        there = digest_at(target)
        outcome: Outcome = self._outcome(path) if there == digest else "written"
        theirs = there not in (None, digest) and not self.is_ours(path, there or "")
        if theirs and not self.heals(key, path, part):
            self.edited.append(path)
            key, path, same = self.beside(key, path, digest)
            target, outcome = self.places.inside(path), "edited"
            there = digest if same else None
        self.keep(path, key)
        entry = Entry(key, path, digest, growing.size)
        if there == digest:
            self.places.drop(part)
            self.catalog.put(entry)
        else:
            self.place_now(part, target, entry)
        return outcome

    def _remove_others(self) -> None:
        """Remove files of earlier runs that this one did not write and nobody changed."""
        gone = [entry for entry in self.catalog if hash(entry.path) not in self._kept]
        for entry in gone:
            self._remove(entry)

    def _remove_left_over(self) -> None:
        """Remove the files that a pass wrote which was given up, unless the user changed them."""
        for path in self.catalog.left_over():
            target = f"{self.places.top}/{path}"
            if not self._is_linked(path) and self.is_ours(path, digest_at(target) or ""):
                self.places.remove(target)

    def _remove(self, entry: Entry) -> bool:
        """Remove a file of an earlier run; return False if it stays, since the user changed it."""
        target = f"{self.places.top}/{entry.path}"
        if os.path.lexists(target):
            # What a link leads to is the user's, wherever it is, and so is the link.
            theirs = self._is_linked(entry.path) or not os.path.isfile(target)
            if theirs or not self.is_ours(entry.path, digest_at(target) or ""):
                self.edited.append(entry.path)
                return False
            self.places.remove(target)
        self.catalog.forget(entry.key)
        return True

    def _take_away(self, key: str) -> Outcome:
        entry = self.catalog.get(key)
        return "edited" if entry and not self._remove(entry) else "unchanged"

    def _is_linked(self, path: str) -> bool:
        """Tell whether a file, or a folder that it is in, is a link."""
        steps = path.split("/")
        ends = range(1, len(steps) + 1)
        return any(os.path.islink("/".join([self.places.top, *steps[:end]])) for end in ends)

    def _append(self, file: File) -> Outcome:
        growing = self._appended.get(file.path)
        if growing is None:
            growing = self.places.grow()
            self._appended[file.path] = growing
            self._keys[file.path] = file.key
        growing.append(file.data)
        if not file.last:
            return "part"
        self._keys[file.path] = file.key
        return self._close(file.path, file.place)

    def put_beside(self, file: File, digest: str) -> Outcome:
        """Write a text beside a file that the user has changed, unless it is there already."""
        self.edited.append(file.path)
        key, path, same = self.beside(file.key, file.path, digest)
        if not same:
            self.write(File(path, file.data, key, about=file.about), digest)
        return "edited"

    def beside(self, key: str, path: str, digest: str) -> tuple[str, str, bool]:
        """Choose a place beside a file. Return its key, its path, and whether `digest` is there.

        A file that is not as we left it is the user's, whoever made it.
        """
        ours: tuple[str, str] | None = None
        for number in count(1):
            place = self.place_beside(key, path, number)
            existing = self.places.digest(self.places.inside(place[1]))
            if existing is None:
                ours = ours or place
                break
            if existing == digest or self.is_ours(place[1], existing):
                ours = place
            if existing == digest:
                break
        assert ours is not None
        own, name = ours
        self.tally.new_texts[path] = name
        self.keep(name, own)
        return own, name, existing == digest

    def place_beside(
        self, key: str, path: str, number: int, kind: str = "beside"
    ) -> tuple[str, str]:
        """Return key and path of a file beside another: the path that it has, else the usual one.

        They differ if the user moved one of the two files.
        """
        own = beside_key(key, number, kind)
        known = self.catalog.get(own)
        tail = "new" if kind == "beside" else kind
        return own, known.path if known else beside(path, number, tail)

    def read(self, path: str) -> bytes | None:
        """Return the bytes of the archive's file at `path`, if there is one."""
        return self.places.read(self.places.inside(path))

    def write(self, file: File, digest: str | None = None) -> None:
        """Write a file into its place; `digest`: the SHA-256 of its bytes, if it is known."""
        part = self.places.new_part()
        with self.places.open_part(part) as out:
            write_all(out, file.data)
        digest = digest or sha256_of(file.data)
        entry = Entry(file.key, file.path, digest, len(file.data), file.about)
        self._place(part, self.places.inside(file.path), entry)

    def rewrite(self, entry: Entry, data: bytes) -> None:
        """Write a file that the user changed with other bytes of theirs; it stays theirs."""
        part = self.places.new_part()
        with self.places.open_part(part) as out:
            write_all(out, data)
        self.catalog.put(entry)
        self.places.place(part, self.places.inside(entry.path), entry)

    def _place(self, part: str, target: str, entry: Entry) -> None:
        """Put a file in its place together with others (see `batch`)."""
        self.places.place(part, target, self._noted(part, entry))

    def place_now(self, part: str, target: str, entry: Entry) -> None:
        """Put a file in its place that is on the disk already."""
        self.places.place_now(part, target, self._noted(part, entry))

    def _noted(self, part: str, entry: Entry) -> Entry:
        """Enter a file that was written just now in the catalog. Return its entry, with a time."""
        known = self.catalog.get(entry.key) if self.archive.begun else None
        if known is not None and known.sha256 and known.path == entry.path:
            fresh = hash(entry.path) in self.archive.new or hash(entry.path) in self.archive.unsure
            if not fresh and not os.path.lexists(self.places.inside(entry.path)):
                self.tally.restored.append(entry.path)
        entry = replace(entry, about={**entry.about, **recorded(part)})
        self.catalog.put(entry)
        self.archive.new.put(hash(entry.path), 1)
        return entry


class FolderSink:
    """Base of the sinks that write through an `ArchiveFolder`; each kind has its own `put`."""

    def __init__(self, folder: ArchiveFolder) -> None:
        self.folder = folder
        self.catalog = folder.catalog

    def copy(self, copy: Copy, size: int, open_asset: Callable[[], BinaryIO]) -> Outcome:
        """Write an asset as `ArchiveFolder.copy` does."""
        return self.folder.copy(copy, size, open_asset)

    def finish(self) -> int:
        """Complete every file. Return how many bytes the archive's files have."""
        return self.folder.finish()

    def discard(self) -> None:
        """Give up what is not complete."""
        self.folder.discard()


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of bytes, as hex digits."""
    return hashlib.sha256(data).hexdigest()


def _hashed(source: BinaryIO, out: BinaryIO | None = None) -> tuple[str, int]:
    """Read a stream to its end, and write it to `out`. Return its SHA-256 and size."""
    digest, length = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        length += len(chunk)
        if out:
            write_all(out, chunk)
    return digest.hexdigest(), length


def beside(path: str, number: int, kind: str = "new") -> str:
    """Return the path of a file beside the one at `path`: `a.new.md`, then `a.new2.md`."""
    pure = PurePosixPath(path)
    return str(pure.with_name(f"{pure.stem}.{kind}{_tail(number)}{pure.suffix}"))


def beside_key(key: str, number: int, kind: str = "beside") -> str:
    """Return the key of a file beside the one of `key`."""
    return f"{kind}{_tail(number)}/{key}"


def _tail(number: int) -> str:
    return "" if number == 1 else str(number)
