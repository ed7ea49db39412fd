"""Read an archive as files: those that its manifest promises, and those that exist."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from gptexit.errors import NEWER, UPDATE, OtherArchive
from gptexit.files.disk import special
from gptexit.text.terminal import printable
from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.index import Groups, Index
from gptexit.verification.page import id_in
from gptexit.verification.raw import leaves, object_of, objects

HOUSE = ".gptexit"
DEEPEST = 2
"""Levels of folders below the given one that are searched for archives."""
ALONE = "chatgpt"
"""The format of a ZIP that is in no archive."""
_MANIFEST = f"{HOUSE}/manifest.jsonl"
_TIMES = f"{HOUSE}/times.jsonl"
_AT_ONCE = 1 << 18
"""Bytes of a file, such as a note, that is hashed at once, which takes fewer steps."""
_VERSION = 2
"""The newest version of a record that is known."""
_RECORD = f"{HOUSE}/archive.json"
_TOLD = ("accepted", "body", "own", "updated")
"""What the manifest tells of a note and is kept in `CheckedArchive.about`."""
_NO_EXIT = "is not there: `gptexit exit` did not finish, or somebody removed it; run it again"
ALWAYS = ("account", "jsonl", "markdown")
"""The parts that each exit renews; all others are for a place to go to."""


def find_archives(root: Path, parts: Collection[str] | None = None) -> list[Path]:
    """Return the folders at and below `root` that gptexit wrote, `root` first.

    Another exit below an exit is none of its own. `parts`: the only folders to return, by name.
    """
    if parts is not None:
        return [root / part for part in parts if _is_archive(root / part)]
    level, archives = [root], list[Path]()
    is_exit = _is_exit(root)
    for _ in range(DEEPEST + 1):
        archives += filter(_is_archive, level)
        below = (inner for folder in level for inner in _folders(folder))
        level = [inner for inner in below if not (is_exit and _is_exit(inner))]
    return archives


def _is_exit(folder: Path) -> bool:
    return _record(folder / _RECORD)[0].get("format") == "exit"


def _is_archive(folder: Path) -> bool:
    """Tell whether a folder has the manifest or the record of an archive."""
    return any((folder / name).is_file() for name in (_MANIFEST, _RECORD))


def _folders(folder: Path) -> list[Path]:
    try:
        inner = sorted(path for path in folder.iterdir() if path.name != HOUSE)
    except OSError:
        return []
    return [path for path in inner if path.is_dir() and not path.is_symlink()]


def read_archive(root: Path, only: str | None = None, index: Index | None = None) -> CheckedArchive:
    """Read the archive at `root` and hash its files, or `only` that one.

    `index`: what keeps the lists of its files; None for one of its own. Raises OSError, and
    OtherArchive if a newer gptexit wrote it.
    """
    record, fault = _record(root / _RECORD)
    if isinstance(version := record.get("version"), int) and version > _VERSION:
        raise OtherArchive(f"{printable(str(root))} {NEWER}", UPDATE)
    name = record.get("format")
    archive = CheckedArchive(
        root, name if isinstance(name, str) else "", record, only, index or Index()
    )
    if fault:
        archive.damage.append((_RECORD, fault))
    _read_manifest(archive)
    archive.names += leaves(_record(root / HOUSE / "names.json")[0])
    for path in archive.asked:
        if digest := _file_digest(root / path):
            archive.find(path, digest)
    if archive.format == "markdown":
        for path in _displaced(archive):
            del archive.found[path], archive.changed[path]
        if len(archive.found) < len(archive.promised):
            _follow(archive)
    archive.list_found()
    _read_times(archive)
    return archive


def _displaced(archive: CheckedArchive) -> list[str]:
    """Return the promised places of notes at which a person put that of another conversation."""
    displaced = []
    for path in archive.changed:
        kind, _, key = archive.told(path, "key").partition("/")
        if kind == "conversation":
            now = id_in(archive.root / path) or key
            if now != key and f"conversation/{now}" in archive.keys:
                displaced.append(path)
    return displaced


def _follow(archive: CheckedArchive) -> None:
    """Find the promised files that a person moved: notes by their id, any file by its bytes."""
    sizes = {archive.told(path, "size") for path in _gone(archive)}
    by_digest, by_id = Groups[str](archive.index), Groups[str](archive.index)
    for place in files_in(archive.root):
        path = place.relative_to(archive.root).as_posix()
        if path in archive.found:
            continue
        if str(place.stat().st_size) in sizes and (digest := _file_digest(place)):
            by_digest.add(digest, path)
        if path.lower().endswith(".md") and (own_id := id_in(place)):
            by_id.add(own_id, path)
    for same_bytes_only in (True, False):
        for path in _gone(archive):
            key = archive.told(path, "key").removeprefix("conversation/")
            found = by_id.get(key) if not same_bytes_only else None
            found = by_digest.get(archive.promised[path]) if found is None else found
            found = [now for now in found or () if now not in archive.origin]
            if found:
                name = path.rpartition("/")[2]
                now = min(found, key=lambda now: (now.rpartition("/")[2] != name, now))
                archive.moved[path], archive.origin[now] = now, path
                archive.find(path, _file_digest(archive.root / now) or "")


def _gone(archive: CheckedArchive) -> Iterator[str]:
    """Yield the promised files that are not found yet."""
    yield from (path for path in archive.promised if path not in archive.found)


def archive_of(file: Path, index: Index) -> CheckedArchive:
    """Read the archive that lists a ZIP; if none does, make one of that ZIP. Raises OSError."""
    for folder in file.absolute().parents[: DEEPEST + 1]:
        if (folder / _MANIFEST).is_file():
            name = file.absolute().relative_to(folder).as_posix()
            archive = read_archive(folder, name, index)
            if name in archive.promised:
                return archive
    return CheckedArchive(file.absolute().parent, ALONE, {}, file.name, index)


def _record(path: Path) -> tuple[dict[str, Any], str | None]:
    """Read a JSON record; also return a sentence if it is not as it was written."""
    try:
        with _opened(path) as stream:
            data = stream.read()
        record = object_of(json.loads(data))
    except (OSError, ValueError, RecursionError):
        record = {}
    if not record:
        return {}, "is missing or cannot be read"
    return record, None if _is_sealed(data, record) else "is not as it was written"


def _opened(path: Path) -> BinaryIO:
    """Open a file. Raises OSError, also for a pipe, which would wait for somebody who writes."""
    if special(path):
        raise FileNotFoundError
    return path.open("rb")


def _is_sealed(data: bytes, record: dict[str, Any]) -> bool:
    """Tell whether the checksum in a record is that of its bytes, with 64 zeros in its place.

    Records of version 1 have none.
    """
    checksum = record.get("checksum")
    if not isinstance(checksum, str):
        return "checksum" not in record and record.get("version", 1) == 1
    written = b'"%s"' % checksum.encode("utf-8", "replace")
    head, _, tail = data.rpartition(written)
    zeros = b'"%s"' % (b"0" * 64)
    return hashlib.sha256(head + zeros + tail).hexdigest() == checksum


def _read_manifest(archive: CheckedArchive) -> None:
    """Add the promises of its manifest to an archive, or the faults of it. Raises OSError."""
    faults: list[str] = []
    whole = hashlib.sha256()
    try:
        stream = _opened(archive.root / _MANIFEST)
    except FileNotFoundError:
        archive.damage.append((_MANIFEST, "is gone, and with it the list of files"))
        return
    with stream:
        for number, line in enumerate(stream, 1):
            whole.update(line)
            if fault := _read_line(archive, line):
                faults.append(f"line {number} {fault}")
    if archive.record and archive.record.get("manifest") != whole.hexdigest():
        faults.insert(0, "is not as it was written, nor is its list of files")
    if any((archive.root / HOUSE).glob("*.journal")):
        archive.damage.append((f"{HOUSE}/", "a run was interrupted: run it again"))
    archive.damage += [(_MANIFEST, fault) for fault in faults]


def _read_line(archive: CheckedArchive, line: bytes) -> str | None:
    """Add what a line of the manifest promises to an archive; return its fault, if it has one."""
    try:
        entry = object_of(json.loads(line))
    except (ValueError, RecursionError):
        entry = {}
    path, digest, key = entry.get("path"), entry.get("sha256"), entry.get("key")
    if not (isinstance(path, str) and isinstance(digest, str) and isinstance(key, str)):
        return "cannot be read"
    if _leads_out(path):
        return "names a file outside of the archive"
    archive.promised[path] = digest
    archive.keys[key] = path
    about = object_of(entry.get("about"))
    if isinstance(marks := about.get("held"), str):
        archive.shows[key] = marks
    told = {name: value for name in _TOLD if isinstance(value := about.get(name), str)}
    archive.about[path] = {**told, "key": key, "size": str(entry.get("size"))}
    return None


def _read_times(archive: CheckedArchive) -> None:
    """Add when each file that is changed was written, as far as the archive tells."""
    if not archive.changed:
        return
    try:
        stream = _opened(archive.root / _TIMES)
    except OSError:
        return
    with stream:
        for line in stream:
            with suppress(ValueError, TypeError, OverflowError, RecursionError):
                path, time = json.loads(line)
                if isinstance(path, str) and archive.is_changed(path):
                    archive.times[path] = int(time)


def _leads_out(path: str) -> bool:
    """Tell whether a path is no place below a folder, or one that no disk can name."""
    unnamed = "\0" in path or any("\ud800" <= letter <= "\udfff" for letter in path)
    return unnamed or path.startswith("/") or ".." in path.split("/") or "\\" in path or ":" in path


def _file_digest(path: Path) -> str | None:
    """Return the SHA-256 of a file, as hex digits; None for a pipe and nothing. Raises OSError."""
    if special(path):
        return None
    try:
        with path.open("rb", buffering=0) as stream:
            if os.fstat(stream.fileno()).st_size > _AT_ONCE:
                return hashlib.file_digest(stream, "sha256").hexdigest()
            return hashlib.sha256(stream.readall()).hexdigest()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def files_in(root: Path) -> Iterator[Path]:
    """Yield every file below `root`, in order: none of a hidden folder or an archive within."""
    folders = [root]
    while folders:
        with suppress(OSError):
            for path in sorted(folders.pop().iterdir(), reverse=True):
                if path.name.startswith("."):
                    continue
                if path.is_file():
                    yield path
                elif path.is_dir() and not path.is_symlink() and not (path / HOUSE).exists():
                    folders.append(path)


def notes_in(root: Path) -> Iterator[Path]:
    """Yield every Markdown file that `files_in` yields."""
    yield from (path for path in files_in(root) if path.name.lower().endswith(".md"))


def lacking_parts(root: Path, archives: Mapping[str, CheckedArchive]) -> Iterator[tuple[str, str]]:
    """Yield a file and a sentence for each part of an exit that does not exist.

    The record of an exit lists its folders, and each of them names the exit: so a folder that was
    removed as a whole is missed, and so is the record. `archives`: those at and below `root`, by
    their folder relative to it (`""`, `"markdown/"`).
    """
    for prefix, archive in archives.items():
        if archive.format == "exit":
            yield from _of_exit(root, prefix, archive, archives)
        elif folder := _folder_in_exit(archive):
            above = prefix.removesuffix(f"{folder}/")
            if above != prefix and (not above or above.endswith("/")) and above not in archives:
                yield f"{above}{_MANIFEST}", _NO_EXIT


def _of_exit(
    root: Path, prefix: str, archive: CheckedArchive, archives: Mapping[str, CheckedArchive]
) -> Iterator[tuple[str, str]]:
    for path, name, files in _listed(archive):
        part = archives.get(f"{prefix}{path}/")
        if part is None:
            exists = (root / prefix / path).is_dir()
            what = "is gone, and with it the list of files" if exists else "is gone"
            yield f"{prefix}{path}/{_MANIFEST if exists else ''}", what
        elif part.format not in ("", name):
            yield f"{prefix}{path}/", f"is an archive of another format than {name}"
        elif len(part.promised) < files:
            what = f"lists {len(part.promised):,} files, but {files:,} were written"
            yield f"{prefix}{path}/{_MANIFEST}", what


def _listed(archive: CheckedArchive) -> Iterator[tuple[str, str, int]]:
    """Yield the folder, format and number of files of each part in the record of an exit."""
    if "parts" not in archive.record and archive.record.get("version", 1) == 1:
        yield from ((name, name, 0) for name in ALWAYS)
    for part in objects(archive.record.get("parts")):
        path, name, files = part.get("path"), part.get("format"), part.get("files")
        plain = isinstance(path, str) and path not in ("", ".", "..") and "/" not in path
        if plain and isinstance(name, str) and "\0" not in str(path):
            yield str(path), name, files if isinstance(files, int) else 0


def _folder_in_exit(archive: CheckedArchive) -> str | None:
    """Return the folder of an archive in the exit that it is a part of, if it is one."""
    folder = object_of(archive.record.get("part_of")).get("as")
    if isinstance(folder, str):
        return folder
    return "account" if archive.format == "account" else None
