"""Say what a folder is that gptexit wrote, and what to do with it next. Nothing is written.

All of it is read from the lists of the archive: of its files, only names, sizes and times, and the
bytes of those whose size or time has changed.
"""

from __future__ import annotations

import os
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from gptexit.archive.archive import Archive
from gptexit.archive.checked import PART, LastCheck, last_check
from gptexit.archive.description import (
    EXPORTS,
    LARGEST_USER,
    RECORD,
    USER_FILE,
    account_in,
    account_in_archive,
    incomplete_of,
    record_of,
)
from gptexit.archive.manifest import RECORDED, Entry
from gptexit.archive.places import MANIFEST
from gptexit.chatgpt import take
from gptexit.chatgpt.names import CONVERSATIONS
from gptexit.errors import NoArchive
from gptexit.files.disk import HOUSE, digest_at, open_plain
from gptexit.readers.chatgpt.containers.nearby import NearbyExport, exports_in, exports_near
from gptexit.readers.chatgpt.containers.zip import UNREADABLE
from gptexit.text.dates import moment, stamp
from gptexit.text.terminal import command_line, count, printable
from gptexit.writers.base import SECRETS
from gptexit.writers.registry import FORMATS

VERSION = 1
"""The number that a status carries as `version`."""
LISTED = 1000
"""Changed and missing files that are listed; more of them are only counted."""
MOST = 200
"""Folders in a folder that are looked at for archives, and exports that a record lists."""
EXIT = "exit"
SEVERAL = "archives"
"""The kind of a folder without a record of its own, with an archive for each format."""


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """An export that an archive was made from."""

    name: str
    made: str | None
    """When it was made, as RFC 3339, if that is known."""


@dataclass(frozen=True, slots=True)
class ArchivePart:
    """One archive: the folder itself, or a folder in it."""

    path: str
    """Relative to the folder; `.` for itself."""
    format: str
    files: int
    size: int
    """Bytes of the files as they were written."""
    conversations: int | None
    """None for a format that does not tell."""


@dataclass(frozen=True, slots=True)
class Newer:
    """An export on this machine that is newer than what an archive was made from."""

    paths: list[str]
    made: str


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do next."""

    why: str
    """A sentence."""
    command: str | None
    """The line to copy, if one does it."""


@dataclass(slots=True)
class Status:
    """The facts that are known of an archive."""

    path: str
    kind: str
    """`exit`, a format, or `archives` for a folder with several of them."""
    version: str | None
    """The version of gptexit that wrote it last."""
    parts: list[ArchivePart] = field(default_factory=list)
    exports: list[MadeFrom] = field(default_factory=list)
    """The exports that it was made from, the oldest run first."""
    incomplete: str | None = None
    """The name of an export that was not whole, and that no newer one has replaced."""
    checked: LastCheck | None = None
    """The last verification; None if there was none since the archive was written."""
    changed: list[str] = field(default_factory=list)
    """Files that are not as gptexit wrote them, at most LISTED."""
    changed_files: int = 0
    gone: list[str] = field(default_factory=list)
    """Files that are not there any more, at most LISTED."""
    gone_files: int = 0
    interrupted: bool = False
    """True if the last run that wrote to it did not come to its end."""
    newer: list[Newer] = field(default_factory=list)
    """Exports near it, or in the folder for downloads, that are newer; the newest first."""
    next: list[Step] = field(default_factory=list)

    @property
    def conversations(self) -> int | None:
        """How many conversations it holds, if a part tells."""
        counts = [part.conversations for part in self.parts if part.conversations is not None]
        return max(counts, default=None)

    def as_json(self) -> dict[str, Any]:
        """Return the status as it is printed by `gptexit status --json`."""
        return {"version": VERSION, "conversations": self.conversations} | {
            ("tool" if name == "version" else name): value for name, value in asdict(self).items()
        }


_APART = timedelta(days=3)
"""How far the times of one export, as its list and its ZIP tell them, may be from each other."""


def status_of(path: Path) -> Status:
    """Return the status of the archive in a folder. Raises NoArchive, and OSError."""
    path, roots = _archives_in(path)
    archives = {root: Archive(root) for root in roots}
    records = [archive.recorded() for archive in archives.values()]
    status = Status(
        str(path),
        take.string(records[0].get("format")) or "archive" if roots[0] == path else SEVERAL,
        take.string(take.mapping(records[0].get("tool")).get("version")),
    )
    for root, archive in archives.items():
        status.interrupted |= bool(archive.places.journals())
        _add_part(status, root.relative_to(path).as_posix(), archive)
    lacking = incomplete_of(records[0])
    status.incomplete = lacking and lacking.name
    made_from = (export for record in records for export in _made_from(record))
    status.exports = list(dict.fromkeys(made_from))
    written = _written(archives)
    status.checked = _checked(archives if status.kind == SEVERAL else [path], written)
    known = max((export.made for export in status.exports if export.made), default=written)
    nearby = exports_near(path)
    held = {size for record in records for size in _sizes(record)}
    accounts = {account_in_archive(root).checksum for root in roots} - {""}
    same = []
    for export in nearby:
        sizes, of_export = _contents(export)
        if (sizes and sizes <= held) or _is_listed(export, status.exports):
            same.append(export)
        elif stamp(export.made) > known and not (accounts and of_export - accounts):
            status.newer.append(Newer(list(map(str, export.paths)), stamp(export.made)))
    status.next = list(_steps(status, take.mapping(records[0].get("options")), same))
    return status


def _archives_in(path: Path) -> tuple[Path, list[Path]]:
    """Return a folder and the archives in it, itself first. Raises NoArchive for any other.

    For a part of an exit it is the folder of that; for one with a single archive, that one's.
    """
    if not path.exists():
        raise NoArchive(f"{printable(str(path))} does not exist: check the spelling of the path.")
    if not path.is_dir():
        raise _no_folder(path)
    if is_archive(path.parent) and is_archive(path) and record_of(path).get("part_of"):
        path = path.parent
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry in islice(entries, MOST) if not entry.is_symlink())
    inner = [path / name for name in names if is_archive(path / name)]
    if is_archive(path):
        parts = {take.string(part.get("path")) for part in _objects(record_of(path).get("parts"))}
        return path, [path, *(root for root in inner if root.name in parts)]
    if len(inner) > 1 and all(record_of(root).get("format") == root.name for root in inner):
        return path, inner
    if len(inner) == 1:
        return _archives_in(inner[0])
    raise _no_archive(path, inner)


def is_archive(root: Path) -> bool:
    """Tell whether a folder has the record, or the list of files, of an archive."""
    return any((root / HOUSE / name).is_file() for name in (MANIFEST, RECORD))


_GIVE = "Give the folder that `gptexit exit` or `gptexit convert` wrote to."


def _above(path: Path) -> list[Path]:
    """Return the three folders that a path is in, the nearest first; relative, if the path is."""
    folders = Path(os.path.abspath(path)).parents[:3]  # noqa: PTH100 - `..` may be in it
    return [folder if path.is_absolute() else Path(os.path.relpath(folder)) for folder in folders]


def _no_folder(path: Path) -> NoArchive:
    """Return the error for a file: it is in an archive, or it is an export, or something else."""
    inside = [folder for folder in _above(path) if is_archive(folder)]
    if inside:
        return _part(path, "file", inside[-1])
    with suppress(OSError):
        if any(path in export.paths for export in exports_in(path.parent)):
            return _is_export(path)
    return NoArchive(f"{printable(str(path))} is a file, not an archive.", _GIVE)


def _no_archive(path: Path, inner: list[Path]) -> NoArchive:
    """Return the error for a folder that is no archive, with `inner` archives in it."""
    name = printable(str(path))
    if inner:
        commands = "; ".join(command_line(["gptexit", "status", root]) for root in map(str, inner))
        return NoArchive(f"{name} holds {len(inner)} archives.", f"For one of them: {commands}")
    inside = [folder for folder in _above(path) if is_archive(folder)]
    if inside:
        return _part(path, "folder", inside[-1])
    if any(path in export.paths for export in exports_in(path.parent)):
        return _is_export(path)
    return NoArchive(f"{name} holds no archive that gptexit wrote.", _GIVE)


def _part(path: Path, kind: str, folder: Path) -> NoArchive:
    return NoArchive(
        f"{printable(str(path))} is a {kind} of the archive in {printable(str(folder))}.",
        f"For the archive: {command_line(['gptexit', 'status', str(folder)])}",
    )


def _is_export(path: Path) -> NoArchive:
    return NoArchive(
        f"{printable(str(path))} is an export of ChatGPT, not an archive.",
        f"To see what it holds: {command_line(['gptexit', 'inspect', str(path)])}",
    )


def _add_part(status: Status, place: str, archive: Archive) -> None:
    """Add the counts of one archive, and its files that are changed or gone."""
    format = take.string(archive.recorded().get("format")) or "archive"
    files = size = conversations = 0
    for entry in archive.catalog:
        files, size = files + 1, size + entry.size
        conversations += entry.key.startswith("conversation/")
        shown = entry.path if place == "." else f"{place}/{entry.path}"
        match _state(archive, entry):
            case "changed":
                status.changed_files += 1
                status.changed += [shown] if len(status.changed) < LISTED else []
            case "gone":
                status.gone_files += 1
                status.gone += [shown] if len(status.gone) < LISTED else []
    count = _COUNTS.get(format)
    told = conversations if format == "markdown" else count(archive.root) if count else None
    status.parts.append(ArchivePart(place, format, files, size, told))


def _state(archive: Archive, entry: Entry) -> str:
    """Tell whether a file is `same`, `changed` or `gone`; its bytes count if its time is new."""
    target = f"{archive.places.top}/{entry.path}"
    try:
        found = os.lstat(target)
    except OSError:
        return "gone"
    if found.st_size == entry.size and str(found.st_mtime_ns) == entry.about.get(RECORDED):
        return "same"
    same = found.st_size == entry.size and digest_at(target) == entry.sha256
    return "same" if same else "changed"


def _lines(root: Path) -> int | None:
    """Count the lines of a jsonl file."""
    try:
        with open_plain(root / "conversations.jsonl") as stream:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b""))
    except OSError:
        return None


def _rows(root: Path) -> int | None:
    """Count the conversations of a database."""
    uri = f"{(root / 'chatgpt.sqlite').absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as base:
            return int(base.execute("SELECT count(*) FROM conversations").fetchone()[0])
    except (sqlite3.Error, TypeError, ValueError):
        return None


_COUNTS: dict[str, Callable[[Path], int | None]] = {"jsonl": _lines, "sqlite": _rows}
"""By format, a function that counts the conversations if its manifest does not list each."""


def _made_from(record: Mapping[str, Any]) -> list[MadeFrom]:
    """Return the exports that a record names; of an older record, those that its files tell."""
    exports = [
        MadeFrom(name, take.string(export.get("made")))
        for export in _objects(record.get(EXPORTS))
        if (name := take.string(export.get("name")))
    ]
    if exports:
        return exports
    names = (take.string(source.get("name")) for source in _objects(record.get("sources")))
    labels = (name.partition(": ")[0] for name in names if name and ": " in name)
    return [MadeFrom(label, None) for label in islice(dict.fromkeys(labels), MOST)]


def _written(archives: Iterable[Path]) -> str:
    """Return when archives were written last, by the times of their records."""
    times = [0.0]
    for root in archives:
        with suppress(OSError):
            times.append((root / HOUSE / RECORD).stat().st_mtime)
    return stamp(datetime.fromtimestamp(max(times), UTC))


def _checked(roots: Iterable[Path], written: str) -> LastCheck | None:
    """Return the last verification of all archives in `roots`, if none was written to since."""
    checks = [last_check(root) for root in roots]
    dated = [check for check in checks if check and check.time >= written]
    return min(dated, key=lambda check: check.time) if len(dated) == len(checks) else None


def _sizes(record: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    """Yield name and size of each file of an export that a record names, without its folder."""
    for source in _objects(record.get("sources")):
        name, size = take.string(source.get("name")), source.get("size")
        if name and ": " in name and isinstance(size, int):
            yield name.partition(": ")[2].rpartition("/")[2], size


def _contents(export: NearbyExport) -> tuple[set[tuple[str, int]], set[str]]:
    """Return name and size of each file with conversations, and the accounts that an export tells.

    Folders are left out of the names, as they change when an export is packed again.
    """
    sizes, accounts = set[tuple[str, int]](), set[str]()
    for path in export.paths:
        with suppress(OSError, RuntimeError, zlib.error, *UNREADABLE):
            for name, size, opened in _listed(path):
                base = name.rpartition("/")[2]
                if CONVERSATIONS.search(name):
                    sizes.add((base, size))
                elif base == USER_FILE:
                    with opened() as stream:
                        accounts.add(account_in(stream.read(LARGEST_USER)).checksum)
    return sizes, accounts - {""}


def _listed(path: Path) -> Iterator[tuple[str, int, Callable[[], IO[bytes]]]]:
    """Yield name and size of each file of a ZIP or a folder, and what opens it."""
    if path.is_dir():
        with os.scandir(path) as entries:
            for entry in islice(entries, LISTED):
                yield entry.name, entry.stat().st_size, partial(open_plain, entry.path)
        return
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            yield info.filename, info.file_size, partial(archive.open, info)


def _is_listed(export: NearbyExport, exports: Iterable[MadeFrom]) -> bool:
    """Tell whether an export has the name and the date of one that an archive was made from.

    The list of an export has the time at which it was asked for, and its ZIP a later one.
    """
    names = {path.name for path in export.paths}
    dates = (moment(known.made, UTC) for known in exports if known.name in names)
    return any(date is not None and abs(date - export.made) < _APART for date in dates)


def _steps(
    status: Status, options: Mapping[str, Any], same: Sequence[NearbyExport]
) -> Iterable[Step]:
    """Yield what to do next, the most urgent first.

    `same`: the exports that it was made from, as far as they lie nearby; one may do so twice.
    """
    if status.interrupted:
        why = "The last run did not finish, or is still running."
        yield Step(f"{why} If it is not running, run the same command again.", None)
    if status.newer:
        yield Step("A newer export is on this machine. To take it in:", _renewing(status, options))
    if status.incomplete or (status.checked and status.checked.verdict == PART):
        named = f"{status.incomplete} was not whole. " if status.incomplete else ""
        yield Step(
            f"{named}Download the export again, with all its ZIPs, and give them all to gptexit "
            "exit. START-HERE.md says what is lacking.",
            None,
        )
    elif status.gone_files or not status.checked or status.checked.verdict == "not complete":
        found = {export.made: export for export in reversed(same)}
        sources = [str(path) for made in sorted(found) for path in found[made].paths]
        command = command_line(["gptexit", "verify", *sources, status.path])
        lacking = len(status.exports) - len(found) if found else 0
        also = f" (with {count(lacking, 'other export')} that it was made from)"
        yield Step(f"To check that all is there{also if lacking > 0 else ''}:", command)
    elif not status.interrupted and not status.newer:
        yield Step("Nothing to do: no newer export was found on this machine.", None)


def _renewing(status: Status, options: Mapping[str, Any]) -> str:
    """Return the command that takes the newest export into an archive, with its options."""
    words = ["gptexit", "exit" if status.kind == EXIT else "convert", *status.newer[0].paths]
    formats = [part.format for part in status.parts if part.format in FORMATS]
    if status.kind != EXIT and formats != ["markdown"]:
        words += [word for name in formats for word in ("--to", name)]
    words += _options(options, of_exit=status.kind == EXIT)
    return command_line([*words, "-o", status.path])


def _options(options: Mapping[str, Any], *, of_exit: bool) -> list[str]:
    """Return the options that an archive was written with, as on the command line."""
    words: list[str] = []
    include = options.get("include")
    if not of_exit:
        if branches := take.string(options.get("branches")):
            words += ["--branches", branches]
        if isinstance(include, list) and include != ["reasoning"]:
            words += ["--include", ",".join(filter(None, map(take.string, include))) or "none"]
    if zone := take.string(options.get("timezone")):
        words += ["--timezone", zone]
    if options.get("redact") == SECRETS and not of_exit:
        words += ["--redact", SECRETS]
    for name, spec in FORMATS["markdown"].options.own().items():
        value = options.get(name)
        if value in spec.choices and name != "layout":  # an archive keeps its folders
            words += [spec.flag_of(name), str(value)]
    return words


def _objects(value: Any) -> list[dict[str, Any]]:
    return take.objects(value[:MOST] if isinstance(value, list) else value)
