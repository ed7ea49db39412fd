"""An archive as files: what its manifest promises, and what is there."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

from gptexit.chatgpt.names import file_id
from gptexit.files.disk import special
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.verification.raw import Raw, leaves, mentioned, object_of, objects, shown
from gptexit.verification.redacted_text import same_bytes

HOUSE = ".gptexit"
DEEPEST = 2
"""Folders below the one that is given in which an archive is looked for."""
ALONE = "chatgpt"
"""The format of a ZIP that lies in no archive."""


@dataclass(slots=True)
class CheckedArchive:
    """One folder that gptexit wrote."""

    root: Path
    format: str
    record: dict[str, Any]
    """What it says of itself; empty where that is gone."""
    promised: dict[str, str] = field(default_factory=dict)
    """Path to SHA-256, from the manifest."""
    keys: dict[str, str] = field(default_factory=dict)
    """What a file is of (`conversation/<id>`, `asset/<id>`) to its path."""
    shows: dict[str, str] = field(default_factory=dict)
    """What a file is of to the marks of the messages that it shows, where it says."""
    names: list[str] = field(default_factory=list)
    """The names that it gives to projects and custom GPTs."""
    found: dict[str, str] = field(default_factory=dict)
    """Path to SHA-256 of each promised file that is there."""
    only: str | None = None
    """The one file of it that was asked about, where it was one."""
    unmarked: dict[str, str] = field(default_factory=dict)
    """Path to the SHA-256 of the file of the export, for a text in which secrets were redacted."""
    damage: list[tuple[str, str]] = field(default_factory=list)
    """File and sentence: what is wrong with the archive's own account of itself."""

    def is_changed(self, path: str) -> bool:
        """Tell whether a file is there, and not as it was written."""
        return path in self.found and self.found[path] != self.promised[path]

    @property
    def changed(self) -> list[str]:
        """The files that are not as they were written."""
        return [path for path in self.found if self.is_changed(path)]

    @property
    def absent(self) -> list[str]:
        """The files that were written and are gone."""
        return [path for path in self.asked if path not in self.found]

    @property
    def asked(self) -> list[str]:
        """The promised files that are looked at."""
        return [path for path in self.promised if self.only in (None, path)]

    @property
    def zips(self) -> list[str]:
        """Its ZIPs, in order."""
        named = [path for path in self.promised if path.endswith(".zip")]
        return named or ([self.only] if self.only else [])

    @property
    def redacted(self) -> bool:
        """Whether it was made with marks in place of secrets."""
        return bool(self.option("redact") == "secrets")

    @property
    def unread(self) -> dict[str, str]:
        """What of the export could not be read when it was made: where, and why."""
        listed = object_of(self.record.get("unread")).get("listed")
        return {
            each["where"]: each["reason"]
            for each in objects(listed)
            if isinstance(each.get("where"), str) and isinstance(each.get("reason"), str)
        }

    def option(self, name: str) -> Any:
        """An option that the archive was made with; None where it does not say."""
        return object_of(self.record.get("options")).get(name)


def find_archives(root: Path) -> list[Path]:
    """The folders at and below `root` that gptexit wrote, `root` first."""
    level, found = [root], list[Path]()
    for _ in range(DEEPEST + 1):
        found += [each for each in level if _is_archive(each)]
        level = [inner for each in level for inner in _folders(each)]
    return found


def _is_archive(folder: Path) -> bool:
    """Tell whether a folder holds what an archive says of itself, or part of it."""
    return any((folder / HOUSE / name).is_file() for name in ("manifest.jsonl", "archive.json"))


def _folders(folder: Path) -> list[Path]:
    try:
        inner = sorted(each for each in folder.iterdir() if each.name != HOUSE)
    except OSError:
        return []
    return [each for each in inner if each.is_dir() and not each.is_symlink()]


def read_archive(root: Path, only: str | None = None) -> CheckedArchive:
    """The archive at `root`, each of its files hashed; or that one alone. Raises OSError."""
    record, fault = _record(root / HOUSE / "archive.json")
    name = record.get("format")
    archive = CheckedArchive(root, name if isinstance(name, str) else "", record, only=only)
    if fault:
        archive.damage.append((f"{HOUSE}/archive.json", fault))
    _read_manifest(archive)
    archive.names += leaves(_record(root / HOUSE / "names.json")[0])
    for path in archive.asked:
        digest = digest_of(root / path)
        if digest:
            archive.found[path] = digest
    return archive


def archive_of(file: Path) -> CheckedArchive:
    """The archive that a ZIP belongs to; where none lists it, one of that ZIP alone.

    Raises OSError.
    """
    for folder in file.absolute().parents[: DEEPEST + 1]:
        if (folder / HOUSE / "manifest.jsonl").is_file():
            name = file.absolute().relative_to(folder).as_posix()
            archive = read_archive(folder, name)
            if name in archive.promised:
                return archive
    return CheckedArchive(file.absolute().parent, ALONE, {}, only=file.name)


def _record(path: Path) -> tuple[dict[str, Any], str | None]:
    """Return what an archive says of itself, and a sentence where that is not as it was written."""
    try:
        if special(path):
            raise FileNotFoundError
        data = path.read_bytes()
        record = object_of(json.loads(data))
    except (OSError, ValueError, RecursionError):
        return {}, "is missing or cannot be read"
    if not record:
        return {}, "is missing or cannot be read"
    return record, None if _is_sealed(data, record) else "is not as it was written"


def _is_sealed(data: bytes, record: dict[str, Any]) -> bool:
    """Tell whether the checksum in a record is that of its bytes, 64 zeros standing for itself.

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
    name = f"{HOUSE}/manifest.jsonl"
    try:
        if special(archive.root / name):
            raise FileNotFoundError
        data = (archive.root / name).read_bytes()
    except FileNotFoundError:
        archive.damage.append((name, "is gone, and what it promises with it"))
        return
    if archive.record and archive.record.get("manifest") != hashlib.sha256(data).hexdigest():
        archive.damage.append((name, "is not as it was written, and what it promises with it"))
    for number, line in enumerate(data.splitlines(), 1):
        try:
            entry = object_of(json.loads(line))
        except (ValueError, RecursionError):
            entry = {}
        path, digest, key = entry.get("path"), entry.get("sha256"), entry.get("key")
        if not (isinstance(path, str) and isinstance(digest, str) and isinstance(key, str)):
            archive.damage.append((name, f"line {number} cannot be read"))
        elif _leads_out(path):
            archive.damage.append((name, f"line {number} names a place outside of the archive"))
        else:
            archive.promised[path] = digest
            archive.keys[key] = path
            marks = object_of(entry.get("about")).get("held")
            if isinstance(marks, str):
                archive.shows[key] = marks


def _leads_out(path: str) -> bool:
    """Tell whether a path is no place below a folder; one that no disk can name is none either."""
    unnamed = "\0" in path or any("\ud800" <= letter <= "\udfff" for letter in path)
    return unnamed or path.startswith("/") or ".." in path.split("/") or "\\" in path or ":" in path


def digest_of(path: Path) -> str | None:
    """SHA-256 of a file, as hex digits; None where none is there. Raises OSError.

    A pipe is no file: opening it would wait for somebody who writes into it.
    """
    if special(path):
        return None
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def notes_in(root: Path) -> Iterator[Path]:
    """Every Markdown file below `root`, in order."""
    for path in sorted(root.rglob("*.md")):
        if HOUSE not in path.parts and path.is_file():
            yield path


LONGEST = 1 << 26
"""Bytes of a text that is looked through for marks."""


class Locator:
    """Asks the export; reads each member once."""

    def __init__(self, export: ExportSet) -> None:
        self._export = export
        self._known: dict[str, str | None] = {}
        self.missing: set[str] = set()
        """The ids of files that the export mentions and does not hold."""
        self.unreadable: dict[str, str] = {}
        """Files of the export whose bytes it cannot give: where, and why."""

    def look_for(self, conversation: str | None, raw: Raw) -> None:
        """Note which of the files that a conversation mentions the export does not hold."""
        pointers, paths = mentioned(raw)
        for pointer in pointers:
            key = file_id(pointer)
            if self._export.lookup(key).member is None:
                self.missing.add(key)
        if not paths:
            return
        rows = self._export.library(conversation or "")
        names = {str(row.get("file_name")) for row in rows if row.get("file_name")}
        for path in paths:
            written = unquote(path)
            if not any(_leads_to(written, name) for name in names):
                # Paths of the code interpreter are each conversation's own.
                end = re.search(r"\)(?![.\w])" if ")" in written else r"\s", written)
                self.missing.add(f"{conversation}: {written[: end.start() if end else None]}")

    def shown_by(self, conversation: str, raw: Raw) -> list[str]:
        """Pointers to the files that a conversation shows: its own, and what the library says."""
        rows = [row.get("file_id") for row in self._export.library(conversation)]
        found = [*shown(raw), *(each for each in rows if isinstance(each, str) and each)]
        return list(dict.fromkeys(found))

    def __call__(self, pointer: str) -> str | None:
        """The digest; None where the export has no such file, or cannot give its bytes."""
        member = self.member_of(pointer)
        return None if member is None else self.member(member)

    def member_of(self, pointer: str) -> str | None:
        """The name of the file in the export."""
        return self._export.lookup(file_id(pointer)).member

    def through_marks(self, member: str, written: bytes) -> str | None:
        """The digest of a file of the export, where `written` is it with marks for secrets."""
        try:
            with closing(self._export.open(member)) as stream:
                text = stream.read(LONGEST + 1)
        except OSError:
            return None
        if len(text) > LONGEST or not same_bytes(text, written):
            return None
        return hashlib.sha256(text).hexdigest()

    def member(self, member: str) -> str | None:
        """The digest of a file by its name in the export."""
        if member not in self._known:
            try:
                self._known[member] = _digest(self._export.open(member))
            except Exception as error:  # any codec's own error
                self.unreadable[member] = str(error) or type(error).__name__
                self._known[member] = None
        return self._known[member]

    def side_file(self, name: str) -> str | None:
        """The digest of a side file; None where the export has none of that name."""
        stream = self._export.files.side_file(name)
        try:
            return _digest(stream) if stream else None
        except Exception as error:  # any codec's own error
            self.unreadable[name] = str(error) or type(error).__name__
            return None


def _leads_to(written: str, name: str) -> bool:
    """Tell whether an address, with whatever stands behind it, begins with the path of a file."""
    at = written.find("/" + name)
    return at >= 0 and ")" not in written[:at]


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    with closing(stream):
        while data := stream.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()
