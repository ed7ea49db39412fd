"""Named bytes into a folder: atomically, and only where something changed.

A file is written under another name and then renamed, so a killed run leaves no half of one. What
the archive holds is told in `.gptexit/manifest.jsonl`: each file's name, its SHA-256, and what it
is of. During a run each line goes to `.gptexit/journal.jsonl` first, so that a run which was killed
knows its own files when it is run again.

A file that is neither as an earlier run left it nor as this run would write it was changed by the
user: it stays, and the new text goes beside it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal, Protocol

import orjson

from gptexit.catalog import Catalog, Entry
from gptexit.growing import Growing
from gptexit.manifest import entries, leads_out, line_of
from gptexit.printable import printable
from gptexit.seal import sealed
from gptexit.targets.base import Copy, File

Outcome = Literal["written", "unchanged", "edited", "kept", "part"]
"""What became of a file; `part` where it is not complete yet, or is in a file such as a ZIP; `kept`
where the archive's own holds more."""
CHUNK = 1 << 20
_HOUSE = ".gptexit"
RECORD = "archive.json"
"""The file in which an archive says what it was made from; see `record`."""


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


class OtherArchive(Exception):
    """The folder has an archive of another format; `str(error)` is a sentence for a person."""


class Folder:
    """A folder as a sink. Raises OSError where the disk refuses."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.exact = False
        """Whether what an earlier run wrote and this one does not is removed, unless the user
        changed it. For what goes to somebody else: nothing may stay that was taken out since."""
        self.redacts = False
        """Whether this run takes secrets out that an earlier one left in."""
        self._kept: set[int] = set()
        """The hashes of the paths that this run has written or found in place."""
        self.catalog = Catalog()
        self.tally = Tally()
        self.edited: list[str] = []
        """Notes that the user changed and that would read otherwise now."""
        self._new: set[int] = set()
        """The hashes of the paths that this run has written; the paths themselves are too many."""
        self._appended: dict[str, Growing] = {}
        self._keys: dict[str, str] = {}
        self._journal: BinaryIO | None = None
        self._manifest = ""
        self._made: set[str] = set()
        # Strings and not paths: a thousand notes a second go through here.
        self._top = str(root)
        self._part = os.path.join(self._top, _HOUSE, "writing.part")
        self._load()
        self.begun = not self.catalog.is_empty
        """Whether an earlier run left something here."""

    def put(self, file: File) -> Outcome:
        """Write a file, unless it is there already."""
        if file.append:
            return self._append(file)
        target = self._inside(file.path)
        self._kept.add(hash(file.path))
        digest = hashlib.sha256(file.data).hexdigest()
        there = read_bytes(target)
        if there == file.data:
            self._record(Entry(file.key, file.path, digest, len(file.data), file.about), quiet=True)
            return self._outcome(file.path)
        if there is not None and not self._is_ours(file.path, hashlib.sha256(there).hexdigest()):
            return self._beside(file, digest)
        self._write(target, file, digest)
        return "written"

    def copy(self, copy: Copy, size: int, open_asset: Callable[[], BinaryIO]) -> Outcome:
        """Write an asset, unless it is there already. Raises what reading it raises."""
        target = self._inside(copy.path)
        self._kept.add(hash(copy.path))
        known = self.catalog.get(copy.key)
        try:
            there = os.stat(target).st_size
        except OSError:
            there = -1
        if known and known.sha256 and there == known.size == size:
            return self._outcome(copy.path)
        digest = hashlib.sha256()
        length = 0
        with open_asset() as source, self._open_part() as out:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                length += len(chunk)
                out.write(chunk)
        if there >= 0:
            existing = digest_of(target)
            if existing == digest.hexdigest():
                os.unlink(self._part)
                self._record(Entry(copy.key, copy.path, existing, length), quiet=True)
                return "unchanged"
            if not self._is_ours(copy.path, existing):
                os.unlink(self._part)
                self.edited.append(copy.path)
                return "edited"
        self._record(Entry(copy.key, copy.path, digest.hexdigest(), length))
        self._replace(self._part, target)
        self._new.add(hash(copy.path))
        return "written"

    def _outcome(self, path: str) -> Outcome:
        """Of a file that is as it should be: whether this run made it so."""
        return "written" if hash(path) in self._new else "unchanged"

    def _is_ours(self, path: str, digest: str) -> bool:
        """Whether a run of ours, and not the user, gave the file at `path` these bytes."""
        return self.catalog.is_ours(path, digest)

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
        if self.exact:
            self._remove_others()
        self._save()
        return self.catalog.bytes

    def _close(self, path: str, place: str = "") -> Outcome:
        """Put a file that was appended to in its place, where it reads otherwise there."""
        growing = self._appended.pop(path)
        digest = growing.close()
        key, path = self._keys.pop(path), place or path
        there = _digest_at(self._inside(path))
        outcome: Outcome = "unchanged" if there == digest else "written"
        if there not in (None, digest) and not self._is_ours(path, there):
            self.edited.append(path)
            key, path, outcome = f"beside/{key}", beside(path), "edited"
            there = _digest_at(self._inside(path))
        self._kept.add(hash(path))
        self._record(Entry(key, path, digest, growing.size), quiet=there == digest)
        if there == digest:
            growing.path.unlink()
        else:
            self._replace(str(growing.path), self._inside(path))
        return outcome

    def _remove_others(self) -> None:
        """Remove what earlier runs wrote and this one did not, as far as it is still theirs."""
        gone = [entry for entry in self.catalog if hash(entry.path) not in self._kept]
        for entry in gone:
            target = self._inside(entry.path)
            if os.path.lexists(target):
                # What a link leads to is the user's, wherever it is, and so is the link.
                theirs = self._is_linked(entry.path) or not os.path.isfile(target)
                if theirs or not self._is_ours(entry.path, digest_of(target)):
                    self.edited.append(entry.path)
                    continue
                os.unlink(target)
                self._remove_empty(os.path.dirname(target))
            self.catalog.forget(entry.key)

    def _is_linked(self, path: str) -> bool:
        """Whether a file, or a folder that it is in, is a link."""
        steps = path.split("/")
        return any(
            os.path.islink(self._inside("/".join(steps[:end]))) for end in range(1, len(steps) + 1)
        )

    def _remove_empty(self, folder: str) -> None:
        """Remove a folder that has nothing in it any more, and those above it, up to the root."""
        while folder != self._top and not os.listdir(folder):
            os.rmdir(folder)
            folder = os.path.dirname(folder)

    def recorded(self) -> dict[str, Any]:
        """What the archive says of itself; empty where it says nothing that can be read."""
        try:
            there = orjson.loads(read_bytes(f"{self._top}/{_HOUSE}/{RECORD}") or b"{}")
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
        data = sealed({**record, "manifest": self._manifest})
        path = f"{self._top}/{_HOUSE}/{RECORD}"
        if read_bytes(path) != data:
            with self._open_part() as out:
                out.write(data)
            self._replace(self._part, path)

    def _inside(self, path: str) -> str:
        """The place of a path of ours, which may not lead out of the folder."""
        if leads_out(path):
            raise ValueError(f"a path that leads out of the archive: {path!r}")
        return f"{self._top}/{path}"

    def _append(self, file: File) -> Outcome:
        growing = self._appended.get(file.path)
        if growing is None:
            house = self.root / _HOUSE
            house.mkdir(parents=True, exist_ok=True)
            growing = Growing(house / (file.path.replace("/", "_") + ".part"))
            self._appended[file.path] = growing
            self._keys[file.path] = file.key
        growing.append(file.data)
        if not file.last:
            return "part"
        self._keys[file.path] = file.key
        return self._close(file.path, file.place)

    def _beside(self, file: File, digest: str) -> Outcome:
        """The user has changed the file: a text that is new to them goes beside it."""
        if self._is_ours(file.path, digest):
            return "unchanged"
        path = beside(file.path)
        self.edited.append(file.path)
        self._kept.add(hash(path))
        target = self._inside(path)
        if read_bytes(target) != file.data:
            self._write(target, File(path, file.data, f"beside/{file.key}"), digest)
        return "edited"

    def _write(self, target: str, file: File, digest: str) -> None:
        with self._open_part() as out:
            out.write(file.data)
        self._record(Entry(file.key, file.path, digest, len(file.data), file.about))
        self._replace(self._part, target)
        self._new.add(hash(file.path))

    def _open_part(self) -> BinaryIO:
        self._make_folder(self._part)
        return open(self._part, "wb")

    def _replace(self, part: str, target: str) -> None:
        self._make_folder(target)
        os.replace(part, target)

    def _make_folder(self, target: str) -> None:
        folder = os.path.dirname(target)
        if folder not in self._made:
            os.makedirs(folder, exist_ok=True)
            self._made.add(folder)

    def _record(self, entry: Entry, *, quiet: bool = False) -> None:
        """Note in the catalog, and before a write in the journal, what the file will be."""
        self.catalog.put(entry)
        if quiet:
            return
        if self._journal is None:
            self._make_folder(self._part)
            self._journal = open(f"{self._top}/{_HOUSE}/journal.jsonl", "ab", buffering=0)
        self._journal.write(line_of(entry))

    def _load(self) -> None:
        for name in ("manifest.jsonl", "journal.jsonl"):
            for entry in entries(self.root / _HOUSE / name):
                self.catalog.add(entry)

    def _save(self) -> None:
        """Write the manifest, where it reads otherwise, and remove what a run leaves behind."""
        house = self.root / _HOUSE
        digest = hashlib.sha256()
        for entry in self.catalog:
            digest.update(line_of(entry))
        self._manifest = digest.hexdigest()
        manifest = f"{self._top}/{_HOUSE}/manifest.jsonl"
        if not os.path.exists(manifest) or digest_of(manifest) != self._manifest:
            with self._open_part() as out:
                out.writelines(map(line_of, self.catalog))
            self._replace(self._part, manifest)
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        # Also what a killed run was at: it may hold what is redacted by now.
        for litter in (house / "journal.jsonl", *house.glob("*.part")):
            litter.unlink(missing_ok=True)


def read_bytes(path: str | Path) -> bytes | None:
    """The bytes of a file; None where there is none. Raises OSError."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _digest_at(path: str) -> str | None:
    return digest_of(path) if os.path.exists(path) else None


def beside(path: str) -> str:
    """The name of what goes beside a file that the user has changed."""
    pure = PurePosixPath(path)
    return str(pure.with_name(f"{pure.stem}.new{pure.suffix}"))


def digest_of(path: str | Path) -> str:
    """SHA-256 of a file, as hex digits. Raises OSError."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
