"""Find exports of ChatGPT among the files of a folder, by the tables of contents of their ZIPs.

Browsers and people rename downloads, so a name alone tells nothing. No member is unpacked, and of a
folder only the first entries are looked at: this is for advice, and must not take long.
"""

from __future__ import annotations

import os
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gptexit.chatgpt.names import CONVERSATIONS
from gptexit.errors import Choice
from gptexit.files.disk import HOUSE
from gptexit.readers.chatgpt.containers.base import BUNDLED, Member, Volume, part_number, plain
from gptexit.readers.chatgpt.containers.recognize import CLAUDE
from gptexit.readers.chatgpt.containers.zip import UNREADABLE, end_record
from gptexit.readers.chatgpt.merge.exports import made
from gptexit.text.terminal import size

MOST = 500
"""Entries of a folder that are looked at."""
_LARGEST_TABLE = 1 << 24
"""Bytes of the largest table of contents that is read: that of about 130,000 members."""
_USERS_FOLDERS = ("Downloads", "Desktop")
_XDG = re.compile(r'^\s*XDG_(?:DOWNLOAD|DESKTOP)_DIR="\$HOME/([^"\n]+)"', re.MULTILINE)
"""A line of `user-dirs.dirs`, which has the names of these folders in the user's language."""
_LONGEST_SETTINGS = 10_000


class NearbyExport(NamedTuple):
    """An export on the disk."""

    paths: tuple[Path, ...]
    """Its ZIP, its ZIPs in the order of their parts, or its folder."""
    made: datetime
    """When it was made, as far as its name and its members tell; in UTC."""
    size: int
    """Bytes of its ZIPs together; 0 for a folder."""

    def as_choice(self) -> Choice:
        """Return it as a choice for a person, with its date, size and parts."""
        words = [self.made.date().isoformat()]
        words += [size(self.size)] if self.size else ["unpacked"]
        words += [f"{len(self.paths)} parts"] if len(self.paths) > 1 else []
        return Choice(tuple(map(str, self.paths)), ", ".join(words))


class _Zip(NamedTuple):
    path: Path
    part_of: str | None
    made: datetime
    size: int
    whole: bool
    """Whether it has conversations; other ZIPs may be further parts of its export."""


def exports_in(folder: Path) -> list[NearbyExport]:
    """List the exports that lie directly in a folder, the newest first; [] if it cannot be read.

    ZIPs whose names say that they are parts of one export are one entry.
    """
    found = list(_unpacked(folder))
    groups: dict[str, list[_Zip]] = {}
    for file in map(_zip_at, _entries(folder)):
        if file:
            groups.setdefault(file.part_of or str(file.path), []).append(file)
    for files in groups.values():
        if any(file.whole for file in files):
            files.sort(key=lambda file: (part_number(file.path.name), file.path.name))
            paths = tuple(file.path for file in files)
            newest = max(file.made for file in files)
            found.append(NearbyExport(paths, newest, sum(file.size for file in files)))
    return sorted(found, key=lambda export: (export.made, export.paths), reverse=True)


def exports_near(path: Path) -> list[NearbyExport]:
    """List the exports in the folder of `path`, the current one, and those for downloads."""
    folders = [path.parent, Path(), *download_folders()]
    by_paths: dict[tuple[str, ...], NearbyExport] = {}
    for folder in folders:
        for export in exports_in(folder):
            by_paths.setdefault(tuple(map(os.path.realpath, export.paths)), export)
    return sorted(by_paths.values(), key=lambda export: export.made, reverse=True)


def parts_beside(given: Sequence[str | Path], missing: Iterable[str]) -> list[Path]:
    """Return the ZIPs in the folders of ZIPs that were given which hold some `missing` file.

    Files with conversations are named alike in every export: those count in a part alone whose name
    says that it is of the same export.
    """
    names = {name.rpartition("/")[2] for name in missing}
    parts = {Volume(plain(Path(path).name)).part_of for path in given} - {None}
    known = set(map(os.path.realpath, given))
    folders = dict.fromkeys(Path(path).parent for path in given if Path(path).is_file())
    found = []
    for path in (path for folder in folders for path in sorted(_entries(folder))):
        zipped = _zip_at(path) if names and os.path.realpath(path) not in known else None
        if not zipped:
            continue
        is_part = zipped.part_of in parts
        wanted = {name for name in names if is_part or not CONVERSATIONS.search(name)}
        with suppress(OSError), path.open("rb") as file:
            infos = _table(file) or []
            held = wanted & {info.filename.rpartition("/")[2] for info in infos}
            names -= held
            found += [path] if held else []
    return found


def download_folders() -> list[Path]:
    """Return the folders that browsers save to on this system, as far as they exist."""
    try:
        home = Path.home()
    except RuntimeError:
        return []
    names = list(_USERS_FOLDERS)
    if sys.platform not in ("win32", "darwin"):
        settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "user-dirs.dirs"
        with suppress(OSError), settings.open(encoding="utf-8", errors="replace") as file:
            names += _XDG.findall(file.read(_LONGEST_SETTINGS))
    return [folder for folder in dict.fromkeys(home / name for name in names) if folder.is_dir()]


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [folder / entry.name for entry in islice(entries, MOST)]
    except OSError:
        return []


def _unpacked(folder: Path) -> Iterator[NearbyExport]:
    """Yield the folders in `folder` that an export was unpacked to, as some browsers do it."""
    for path in _entries(folder):
        names = [entry.name for entry in _entries(path)]
        if HOUSE not in names and _is_export(names):
            with suppress(OSError):
                yield NearbyExport((path,), _changed(path), 0)


def _is_export(paths: Iterable[str]) -> bool:
    """Tell whether files with these paths are an export, with its conversations."""
    paths = list(paths)
    bases = {path.rsplit("/", 1)[-1] for path in paths}
    if bases >= CLAUDE and "user.json" not in bases:
        return False
    return "chat.html" in bases or any(
        CONVERSATIONS.search(path) or BUNDLED.search(path) for path in paths
    )


def _zip_at(path: Path) -> _Zip | None:
    """Return what is known of a ZIP by its table of contents; None for any other file."""
    try:
        if not path.is_file():  # a pipe would wait
            return None
        with path.open("rb") as file:
            if file.read(2) != b"PK" or end_record(file).table > _LARGEST_TABLE:
                return None
            infos = _table(file)
        length = path.stat().st_size
    except OSError:
        return None
    if infos is None:
        return None
    volume = Volume(plain(path.name), zipped=True)
    volume.members = [_member(info) for info in infos]
    date = made(volume)
    return _Zip(
        path,
        volume.part_of,
        date.moment if date else _changed(path),
        length,
        _is_export(member.path for member in volume.members),
    )


def _table(file: BinaryIO) -> list[zipfile.ZipInfo] | None:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.infolist()
    except UNREADABLE:
        return None


def _member(info: zipfile.ZipInfo) -> Member:
    def closed() -> BinaryIO:
        raise OSError("only the table of contents is read")

    member = Member(info.filename, info.file_size, closed)
    with suppress(ValueError):  # it may be no date
        member.stamp = datetime(*info.date_time, tzinfo=UTC)
    return member


def _changed(path: Path) -> datetime:
    seconds = path.stat().st_mtime
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError):  # a disk may say anything
        return datetime.fromtimestamp(0, UTC)
