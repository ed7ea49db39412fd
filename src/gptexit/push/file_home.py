"""A home whose conversations are files that a writer makes.

`.gptexit/pushed.jsonl` in the app's folder records what was written: a line for each unit, with the
digest of its bytes. A unit is what the app takes as one: a folder of files, or a single file. It is
written under another name and then renamed, so the app never sees half of one. One whose bytes are
not those of the record was changed in the app, or is of somebody else, and stays as it is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from gptexit.archive.files import Copy, File, Rendered
from gptexit.archive.lock import owning
from gptexit.archive.manifest import Catalog, Entry, entries, journal_line
from gptexit.files.disk import (
    CHUNK,
    HOUSE,
    PART,
    need_plain_house,
    new_name,
    open_new,
    open_plain,
    sync_folder,
    write_all,
)
from gptexit.model import Conversation
from gptexit.pipeline import AssetUnreadable, guarded
from gptexit.push.places import Planned, Setting
from gptexit.push.tally import Verdict

RECORD = "pushed.jsonl"
_ASIDE = f"{HOUSE}-"
"""The beginning of the names of what is not complete yet, in the app's folder."""
_ORDER: tuple[Verdict, ...] = ("continued", "changed", "new", "same")
"""The verdict on a conversation of several units is the first of these that one of them has."""


class _Writer(Protocol):
    def render(self, conversation: Conversation) -> Rendered: ...


@dataclass(frozen=True, slots=True)
class FileApp:
    """How an app keeps its conversations."""

    writer: Callable[[Setting, Catalog], _Writer]
    unit: Callable[[str], str]
    """Returns the path of the unit that a file belongs to: its folder, or its own path."""
    shared: str = ""
    """The folder of files that conversations only refer to, with a `/` at its end. A file there is
    written once and never replaced."""


@dataclass(slots=True)
class Unit:
    """Hold the files of one chat or thread, which the app takes as a whole."""

    key: str
    path: str
    files: dict[str, bytes]
    """By their names in the unit; "" for a unit that is a single file."""

    @property
    def digest(self) -> str:
        """Of names and bytes, as hex digits."""
        return _digest(self.files)

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(map(len, self.files.values()))


class FileHome:
    """The folder of an app during one run."""

    def __init__(self, app: FileApp, folder: Path, setting: Setting) -> None:
        self._app = app
        self._folder = folder
        self._setting = setting
        self._catalog = Catalog()
        self._record = folder / HOUSE / RECORD
        for entry in entries(self._record):
            self._catalog.add(entry)
        self._writer = app.writer(setting, self._catalog)
        self._planned: set[str] = set()
        """Paths of the shared files that this run has written, or would write."""

    def plan(self, conversation: Conversation) -> Planned:
        """Compare a conversation with what the app has; write nothing."""
        done = self._writer.render(conversation)
        units, shared = self._units(done.files)
        verdicts = {unit.path: self._verdict(unit) for unit in units}
        verdict = min(verdicts.values(), key=_ORDER.index, default=_ORDER[-1])
        wanted = [unit for unit in units if verdicts[unit.path] in ("new", "changed")]
        shared = [file for file in shared if self._lacks(file.path)]
        copies = [copy for copy in done.copies if self._lacks(copy.path)]
        if self._setting.dry:
            self._planned |= {copy.path for copy in copies}
        return Planned(
            verdict,
            lambda: self._put(wanted, shared, copies),
            done.messages,
            len(copies),
            sum(unit.size for unit in wanted) + sum(len(file.data) for file in shared),
            done.not_kept,
        )

    def _units(self, files: list[File]) -> tuple[list[Unit], list[File]]:
        units: dict[str, Unit] = {}
        shared = []
        for file in files:
            if file.gone:  # a person may have gone on in that chat: nothing is taken away here
                continue
            if self._app.shared and file.path.startswith(self._app.shared):
                shared.append(file)
                continue
            path = self._app.unit(file.path)
            unit = units.setdefault(path, Unit(file.key, path, {}))
            unit.files[file.path[len(path) + 1 :]] = file.data
        return list(units.values()), shared

    def _lacks(self, path: str) -> bool:
        return path not in self._planned and not os.path.lexists(self._folder / path)

    def _verdict(self, unit: Unit) -> Verdict:
        target = self._folder / unit.path
        if not os.path.lexists(target):
            return "new"
        known = self._catalog.get(unit.key)
        if known and known.path == unit.path and known.sha256 == unit.digest:
            return "same"
        found = _read(target)
        if found == unit.files:
            return "same"
        recorded = known is not None and found is not None and _digest(found) == known.sha256
        return "changed" if recorded else "continued"

    def _put(self, units: list[Unit], shared: list[File], copies: list[Copy]) -> list[str]:
        refused = []
        for copy in copies:
            try:
                self._copy(copy)
            except AssetUnreadable as error:
                refused.append(f"{copy.member}: cannot be read ({error})")
        for file in shared:
            self._write(Unit(file.key, file.path, {"": file.data}))
        for unit in units:
            self._write(unit)
        return refused

    def _copy(self, copy: Copy) -> None:
        """Write a file of the export beside the conversations."""
        part = self._folder / f"{_ASIDE}{new_name()}"
        try:
            with guarded(self._setting.read, copy.member) as source, open_new(part) as out:
                while chunk := source.read(CHUNK):
                    write_all(out, chunk)
                os.fsync(out.fileno())
                size = out.tell()
            self._place(part, copy.path)
        finally:
            part.unlink(missing_ok=True)
        self._note(Entry(copy.key, copy.path, "", size))

    def _write(self, unit: Unit) -> None:
        part = self._folder / f"{_ASIDE}{new_name()}"
        try:
            if "" not in unit.files:
                part.mkdir()
            for name, data in unit.files.items():
                with open_new(part / name if name else part) as out:
                    write_all(out, data)
                    os.fsync(out.fileno())
            self._place(part, unit.path)
        finally:
            _remove(part)
        self._note(Entry(unit.key, unit.path, unit.digest, unit.size))

    def _note(self, entry: Entry) -> None:
        """Record what was written."""
        with self._record.open("ab") as record:
            record.write(journal_line(entry))
        self._catalog.put(entry)

    def _place(self, part: Path, path: str) -> None:
        """Rename what is complete into its place. What was there, as we wrote it, goes."""
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            before = self._folder / f"{_ASIDE}{new_name()}"
            target.rename(before)
            part.rename(target)
            _remove(before)
        else:
            part.replace(target)
        sync_folder(target.parent)


def _jan(setting: Setting, catalog: Catalog) -> _Writer:
    from gptexit.writers.jan import Jan

    return Jan(setting.options, catalog, setting.read, copies=False)


def _lm_studio(setting: Setting, catalog: Catalog) -> _Writer:
    from gptexit.writers.lm_studio import LMStudio

    return LMStudio(setting.options, catalog, setting.read, copies=False)


APPS = {
    "jan": FileApp(_jan, lambda path: path.rpartition("/")[0]),
    "lm-studio": FileApp(_lm_studio, lambda path: path, shared="user-files/"),
}


@contextmanager
def open_home(app: str, folder: Path, setting: Setting) -> Iterator[FileHome]:
    """Open an app's folder for one run; nobody else writes to it meanwhile.

    A dry run writes nothing, and so locks nothing. Raises InUse, Unusable and OSError.
    """
    need_plain_house(folder)
    with nullcontext() if setting.dry else owning(folder):
        if not setting.dry:
            for left in folder.glob(f"{_ASIDE}*{PART}"):  # by a run that was killed
                _remove(left)
        yield FileHome(APPS[app], folder, setting)


def _digest(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\n{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return digest.hexdigest()


def _read(target: Path) -> dict[str, bytes] | None:
    """Read a unit; None if it holds anything but plain files, or cannot be read."""
    try:
        if target.is_symlink():
            return None
        paths = {"": target} if target.is_file() else {path.name: path for path in target.iterdir()}
        return {name: _bytes(path) for name, path in paths.items()}
    except OSError:
        return None


def _bytes(path: Path) -> bytes:
    if path.is_symlink():
        raise OSError(f"{path} is a link")
    stream: BinaryIO
    with open_plain(path) as stream:
        return stream.read()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
