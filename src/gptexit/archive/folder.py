"""Named bytes into a folder: atomically, and only where something changed.

A file is written under another name and then renamed, so a killed run leaves no half of one. What
the archive holds is told in `.gptexit/manifest.jsonl`: each file's name, its SHA-256, and what it
is of. During a run each line goes to a journal beside it first, so that a run which was killed
knows its own files when it is run again; and before that the file is on the disk (see `batch`).

A file that is neither as an earlier run left it nor as this run would write it was changed by the
user: it stays, and the new text goes beside it, where nothing of the user's is. One that a power
cut damaged is written again (see `torn`). Nothing is written through a link (see `disk`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal, Protocol

import orjson

from gptexit.archive.batch import is_torn, recorded, seems_torn
from gptexit.archive.description import KEY as ACCOUNT
from gptexit.archive.description import sealed
from gptexit.archive.files import Copy, File
from gptexit.archive.manifest import Catalog, Entry, entries, line_of, time_line, times
from gptexit.archive.places import MANIFEST, TIMES, ArchivePlaces
from gptexit.errors import OtherArchive
from gptexit.files.background import BackgroundFile
from gptexit.files.disk import CHUNK, begins_with_zeros, digest_at, open_new, read_bytes, write_all
from gptexit.text.terminal import printable

Outcome = Literal["written", "unchanged", "edited", "kept", "part"]
"""What became of a file; `part` where it is not complete yet, or is in a file such as a ZIP; `kept`
where the archive's own holds more."""
RECORD = "archive.json"
"""The file in which an archive says what it was made from; see `description`."""


@dataclass(slots=True)
class Tally:
    """What a run met of earlier ones in an archive, beside what the user changed."""

    kept: list[str] = field(default_factory=list)
    """Notes that hold more than this export."""
    beside: list[str] = field(default_factory=list)
    """Files with what only an older export holds, each beside its note."""
    anew: int = 0
    """Notes written anew since this gptexit writes them otherwise."""
    merged: int = 0
    """Conversations that hold more than this export, since the archive did."""
    stayed: int = 0
    """Conversations of the archive that this run did not bring."""
    healed: list[str] = field(default_factory=list)
    """Files that were damaged, as by a power cut, and were written again."""
    new_texts: dict[str, str] = field(default_factory=dict)
    """Where the new text is of a file that the user changed."""


class Sink(Protocol):
    """Where the files of a target go."""

    catalog: Catalog

    def put(self, file: File) -> Outcome:
        """Write a file, unless it is there already."""

    def copy(self, copy: Copy, size: int, open_asset: Callable[[], BinaryIO]) -> Outcome:
        """Write an asset, unless it is there already."""

    def restart(self) -> None:
        """Forget what was appended: the source is read from the start again."""

    def finish(self) -> int:
        """Everything has come. How many bytes the archive's files now have."""


class ArchiveFolder:
    """A folder as a sink. Raises OSError where the disk refuses, Unusable where a link is in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.exact = False
        """Whether what an earlier run wrote and this one does not is removed, unless the user
        changed it. For what goes to somebody else: nothing may stay that was taken out since."""
        self.redacts = False
        """Whether this run takes secrets out that an earlier one left in."""
        self.checks = False
        """Whether assets that are there are compared by their bytes, and not by their size."""
        self._kept: dict[int, int] = {}
        """Hashes of the paths that this run has written or found in place, and of their keys."""
        self.catalog = Catalog()
        self.tally = Tally()
        self.edited: list[str] = []
        """Notes that the user changed and that would read otherwise now."""
        self._new: set[int] = set()
        """The hashes of the paths that this run has written; the paths themselves are too many."""
        self._appended: dict[str, BackgroundFile] = {}
        self._keys: dict[str, str] = {}
        self._manifest = ""
        self._house = ArchivePlaces(root)
        self._load()
        self.begun = not self.catalog.is_empty
        """Whether an earlier run left something here."""

    def put(self, file: File) -> Outcome:
        """Write a file, unless it is there already."""
        if file.append:
            return self._append(file)
        target = self._house.inside(file.path)
        digest = sha256_of(file.data)
        there = self._house.read(target)
        first = self._keep(file.path, file.key)
        if there == file.data:
            self._record(Entry(file.key, file.path, digest, len(file.data), file.about))
            return self._outcome(file.path)
        ours = first and (there is None or self._is_ours(file.path, sha256_of(there)))
        if not ours and not (first and self._heals(file.key, file.path, file.data)):
            return self._put_beside(file, digest)
        self._write(target, file, digest)
        return "written"

    def _keep(self, path: str, key: str) -> bool:
        """Note that `path` belongs to the archive; whether nothing else has it in this run.

        Two things have one path only if a manifest from elsewhere says so.
        """
        return self._kept.setdefault(hash(path), hash(key)) == hash(key)

    def _heals(self, key: str, path: str, new: bytes | str) -> bool:
        """Tell whether a file is to be written again since it is damaged, and name it then."""
        if not is_torn(
            self.catalog.get(key), self._house.inside(path), new, self._house.manifest_time
        ):
            return False
        self.tally.healed.append(path)
        return True

    def copy(self, copy: Copy, size: int, open_asset: Callable[[], BinaryIO]) -> Outcome:
        """Write an asset, unless it is there already. Raises what reading it raises."""
        target = self._house.inside(copy.path)
        first = self._keep(copy.path, copy.key)
        known = self.catalog.get(copy.key)
        there = self._house.size_of(target)
        sound = known is not None and known.sha256 and there == known.size == size
        if sound and not self.checks and not begins_with_zeros(target):
            return self._outcome(copy.path)
        if there is not None and (self.checks or sound):
            digest, length = _digest_and_size(open_asset)
            if digest_at(target) == digest:
                self._record(Entry(copy.key, copy.path, digest, length))
                return self._outcome(copy.path)
        part, digest, length = self._copied(open_asset)
        entry = Entry(copy.key, copy.path, digest, length)
        existing = None if there is None else digest_at(target)
        if existing == digest:
            os.unlink(part)
            self._record(entry)
            return "unchanged"
        ours = first and (there is None or self._is_ours(copy.path, existing or ""))
        if not ours and not (first and self._heals(copy.key, copy.path, part)):
            return self._copy_beside(entry, part, there)
        self._place(part, target, entry)
        return "written"

    def _copied(self, open_asset: Callable[[], BinaryIO]) -> tuple[str, str, int]:
        """Write an asset under another name. Return that, its SHA-256 and its size."""
        digest = hashlib.sha256()
        length = 0
        part = self._house.new_part()
        try:
            with open_asset() as source, open_new(part) as out:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    length += len(chunk)
                    write_all(out, chunk)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(part)
            raise
        return part, digest.hexdigest(), length

    def _copy_beside(self, entry: Entry, part: str, there: int | None) -> Outcome:
        """The user has changed an asset: one that is new to them goes beside it."""
        self.edited.append(entry.path)
        # One of the same size is hardly changed on purpose.
        doubtful = seems_torn(self._house.inside(entry.path), part) or (
            self.checks and there == entry.size
        )
        if self._is_ours(entry.path, entry.sha256) and not doubtful:
            os.unlink(part)
            return "edited"
        key, path, same = self._beside(entry.key, entry.path, entry.sha256)
        if same:
            os.unlink(part)
        else:
            self._place(part, self._house.inside(path), Entry(key, path, entry.sha256, entry.size))
        return "edited"

    def _outcome(self, path: str) -> Outcome:
        """Of a file that is as it should be: whether this run made it so."""
        return "written" if hash(path) in self._new else "unchanged"

    def _is_ours(self, path: str, digest: str) -> bool:
        """Tell whether a run of ours, and not the user, gave the file at `path` these bytes.

        A link is the user's, wherever it leads.
        """
        return self.catalog.is_ours(path, digest) and not os.path.islink(self._house.inside(path))

    def restart(self) -> None:
        """Forget what was appended: the source is read from the start again."""
        for growing in self._appended.values():
            growing.discard()
        self._appended.clear()
        self._kept.clear()
        self.edited.clear()
        self.tally = Tally()

    def finish(self) -> int:
        """Close what was appended, and save the manifest. The bytes of the archive's files."""
        for path in list(self._appended):
            self._close(path)
        self._house.settle()
        if self.exact:
            self._remove_others()
        self._save()
        return self.catalog.bytes

    def _close(self, path: str, place: str = "") -> Outcome:
        """Put a file that was appended to in its place, where it reads otherwise there."""
        growing = self._appended.pop(path)
        digest, part = growing.close(), str(growing.path)
        key, path = self._keys.pop(path), place or path
        target = self._house.inside(path)
        there = digest_at(target)
        outcome: Outcome = "unchanged" if there == digest else "written"
        theirs = there not in (None, digest) and not self._is_ours(path, there or "")
        if theirs and not self._heals(key, path, part):
            self.edited.append(path)
            key, path, same = self._beside(key, path, digest)
            target, outcome = self._house.inside(path), "edited"
            there = digest if same else None
        self._keep(path, key)
        entry = Entry(key, path, digest, growing.size)
        if there == digest:
            os.unlink(part)
            self._record(entry)
        else:
            self._place_now(part, target, entry)
        return outcome

    def _remove_others(self) -> None:
        """Remove what earlier runs wrote and this one did not, as far as it is still theirs."""
        gone = [entry for entry in self.catalog if hash(entry.path) not in self._kept]
        for entry in gone:
            target = f"{self._house.top}/{entry.path}"
            if os.path.lexists(target):
                # What a link leads to is the user's, wherever it is, and so is the link.
                theirs = self._is_linked(entry.path) or not os.path.isfile(target)
                if theirs or not self._is_ours(entry.path, digest_at(target) or ""):
                    self.edited.append(entry.path)
                    continue
                os.unlink(target)
                self._remove_empty(os.path.dirname(target))
            self.catalog.forget(entry.key)

    def _is_linked(self, path: str) -> bool:
        """Whether a file, or a folder that it is in, is a link."""
        steps = path.split("/")
        ends = range(1, len(steps) + 1)
        return any(os.path.islink("/".join([self._house.top, *steps[:end]])) for end in ends)

    def _remove_empty(self, folder: str) -> None:
        """Remove a folder that has nothing in it any more, and those above it, up to the root."""
        while folder != self._house.top and not os.listdir(folder):
            os.rmdir(folder)
            folder = os.path.dirname(folder)

    def recorded(self) -> dict[str, Any]:
        """What the archive says of itself; empty where it says nothing that can be read."""
        try:
            there = orjson.loads(read_bytes(f"{self._house.path}/{RECORD}") or b"{}")
        except orjson.JSONDecodeError:
            return {}
        return there if isinstance(there, dict) else {}

    def expect(self, format_name: str) -> None:
        """Raise OtherArchive where an earlier run wrote another format here."""
        known = self.recorded().get("format")
        if isinstance(known, str) and known != format_name:
            raise OtherArchive(
                f"{self.root} has an archive of the format {printable(known, 20)}, which "
                f"{format_name} would take the place of; name another folder with -o."
            )

    def describe(self, record: dict[str, Any]) -> None:
        """Save what the archive says of itself; after `finish`, which saves the manifest."""
        before = self.recorded()
        account = before.get(ACCOUNT)
        if isinstance(account, str) and ACCOUNT not in record:
            record = {ACCOUNT: account, **record}  # also where this run's source does not tell
        tally = self.tally
        if before.get("several") or tally.merged or tally.kept or tally.beside:
            record = {**record, "several": True}  # it holds what no single export has
        data = sealed({**record, "manifest": self._manifest})
        if read_bytes(f"{self._house.path}/{RECORD}") != data:
            self._house.write(RECORD, [data])

    def _append(self, file: File) -> Outcome:
        growing = self._appended.get(file.path)
        if growing is None:
            growing = BackgroundFile(Path(self._house.new_part()))
            self._appended[file.path] = growing
            self._keys[file.path] = file.key
        growing.append(file.data)
        if not file.last:
            return "part"
        self._keys[file.path] = file.key
        return self._close(file.path, file.place)

    def _put_beside(self, file: File, digest: str) -> Outcome:
        """The user has changed the file: a text that is new to them goes beside it."""
        target = self._house.inside(file.path)
        if self._is_ours(file.path, digest) and not seems_torn(target, file.data):
            return "unchanged"
        self.edited.append(file.path)
        key, path, same = self._beside(file.key, file.path, digest)
        if not same:
            self._write(
                self._house.inside(path), File(path, file.data, key, about=file.about), digest
            )
        return "edited"

    def _beside(self, key: str, path: str, digest: str) -> tuple[str, str, bool]:
        """Choose where a new text goes beside a file: its key, its path, and whether it is there.

        What is there and is not as we left it is the user's, whoever made it.
        """
        ours: tuple[str, str] | None = None
        for number in count(1):
            own, name = beside_key(key, number), beside(path, number)
            target = self._house.inside(name)
            there = self._house.digest(target)
            if there == digest:
                ours = own, name
                break
            if there is None:
                ours = ours or (own, name)
                break
            if self._is_ours(name, there):
                ours = own, name
        assert ours is not None
        self.tally.new_texts[path] = ours[1]
        self._keep(ours[1], ours[0])
        return *ours, there == digest

    def _write(self, target: str, file: File, digest: str) -> None:
        part = self._house.new_part()
        with open_new(part) as out:
            write_all(out, file.data)
        self._place(part, target, Entry(file.key, file.path, digest, len(file.data), file.about))

    def _place(self, part: str, target: str, entry: Entry) -> None:
        """Put a file in its place, soon: together with others (see `batch`)."""
        self._house.place(part, target, self._noted(part, entry))

    def _place_now(self, part: str, target: str, entry: Entry) -> None:
        """Put a file in its place that is on the disk already."""
        self._house.place_now(part, target, self._noted(part, entry))

    def _noted(self, part: str, entry: Entry) -> Entry:
        """Return the entry of a file that was written just now, as the catalog has it."""
        about = {**entry.about, **recorded(part)}
        entry = Entry(entry.key, entry.path, entry.sha256, entry.size, about)
        self._record(entry)
        self._new.add(hash(entry.path))
        return entry

    def _record(self, entry: Entry) -> None:
        """Note in the catalog what a file is."""
        self.catalog.put(entry)

    def _load(self) -> None:
        for entry in entries(Path(self._house.manifest)):
            self.catalog.add(entry)
        for path, time in times(Path(self._house.path) / TIMES):
            self.catalog.set_time(path, time)
        for journal in self._house.journals():
            for entry in entries(Path(journal)):
                self.catalog.add(entry)

    def _save(self) -> None:
        """Write the manifest, where it reads otherwise, and remove what a run leaves behind."""
        digest, of_times = hashlib.sha256(), hashlib.sha256()
        for entry in self.catalog:
            digest.update(line_of(entry))
            of_times.update(time_line(entry))
        self._manifest = digest.hexdigest()
        self._house.sync_names()
        if digest_at(f"{self._house.path}/{TIMES}") != of_times.hexdigest():
            self._house.write(TIMES, map(time_line, self.catalog))
        if digest_at(self._house.manifest) != self._manifest:
            self._house.write(MANIFEST, map(line_of, self.catalog))
        self._house.tidy()


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of bytes, as hex digits."""
    return hashlib.sha256(data).hexdigest()


def _digest_and_size(open_asset: Callable[[], BinaryIO]) -> tuple[str, int]:
    digest, length = hashlib.sha256(), 0
    with open_asset() as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            length += len(chunk)
    return digest.hexdigest(), length


def beside(path: str, number: int = 1) -> str:
    """The name of what goes beside a file that the user has changed; a further one has a number."""
    pure = PurePosixPath(path)
    return str(pure.with_name(f"{pure.stem}.new{_tail(number)}{pure.suffix}"))


def beside_key(key: str, number: int = 1) -> str:
    """The key of that in the catalog."""
    return f"beside{_tail(number)}/{key}"


def _tail(number: int) -> str:
    return "" if number == 1 else str(number)
