"""The run: an archive held against its manifest, and against the export that it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from gptexit.export.container import Export
from gptexit.export.facts import file_id
from gptexit.verify.changes import only_additions
from gptexit.verify.claims import Raw, nodes_of, object_of
from gptexit.verify.folder import Archive, find_archives, read_archive
from gptexit.verify.lines import Lines
from gptexit.verify.notes import Notes
from gptexit.verify.result import Checked, Problem, Result

Progress = Callable[[int, int], None]


class Reader(Protocol):
    """Reads an archive of one format back."""

    messages: int

    def ids(self) -> set[str]:
        """The conversations that are there."""

    def check(self, key: str, raw: Raw) -> list[tuple[str, str]] | None:
        """File and sentence for each thing that is lacking; None where the conversation is."""


READERS: dict[str, Callable[[Archive, Callable[[str], str | None]], Reader]] = {
    "markdown": Notes,
    "jsonl": Lines,
}
"""Formats that can be read back. Of any other, only the bytes are checked."""


class NoArchive(Exception):
    """The folder is no archive of gptexit's; `str(error)` is a sentence for a person."""


def verify(root: Path, export: Export | None = None, progress: Progress | None = None) -> Result:
    """Hold the archives at and below `root` against their manifests, and against `export`.

    Raises NoArchive, and OSError where a file cannot be read.
    """
    folders = find_archives(root)
    if not folders:
        raise NoArchive(
            f"{root} holds no archive that gptexit wrote: give the folder that `gptexit convert` "
            "or `gptexit exit` wrote to."
        )
    benches = [_Bench.of(root, folder) for folder in folders]
    result = Result(export.label if export else None, [each.checked for each in benches])
    for bench in benches:
        for file, sentence in bench.archive.damage:
            result.problems.append(Problem(bench.shown(file), sentence))
    if export is not None:
        _against(export, benches, result, progress)
    for bench in benches:
        _bytes(bench, result, alone=export is None)
    result.problems = sorted(set(result.problems), key=lambda each: (each.file or "", each.what))
    return result


@dataclass(slots=True)
class _Bench:
    """One archive under examination."""

    prefix: str
    archive: Archive
    checked: Checked
    reader: Reader | None = None
    excused: set[str] | None = None
    """Changed files that were found to hold everything."""

    @classmethod
    def of(cls, root: Path, folder: Path) -> _Bench:
        """Read the archive in `folder`."""
        archive = read_archive(folder)
        prefix = folder.relative_to(root).as_posix()
        prefix = "" if prefix == "." else f"{prefix}/"
        checked = Checked(prefix.rstrip("/") or ".", archive.format, len(archive.promised))
        return cls(prefix, archive, checked)

    def shown(self, file: str) -> str:
        """A file of the archive as seen from the folder that was given."""
        return self.prefix + file


def _bytes(bench: _Bench, result: Result, *, alone: bool) -> None:
    """Every file against its SHA-256. Where the source was read, more may be known of a change."""
    archive = bench.archive
    for file in archive.absent:
        result.problems.append(Problem(bench.shown(file), "is gone"))
    for file in archive.changed:
        if not alone and bench.excused and file in bench.excused:
            result.edited.append(bench.shown(file))
        else:
            result.problems.append(Problem(bench.shown(file), "is not as it was written"))


def _against(
    export: Export, benches: list[_Bench], result: Result, progress: Progress | None
) -> None:
    locate = _Locator(export)
    for bench in benches:
        make = READERS.get(bench.archive.format)
        if make:
            bench.reader = make(bench.archive, locate)
            bench.excused = set()
    seen: set[str] = set()
    nameless: set[str] = set()
    export.settle()
    for number, (_, raw) in enumerate(export.conversations(), 1):
        key = _id_of(raw) or _found(raw, benches, nameless)
        seen.add(key or "")
        for bench in benches:
            if bench.reader:
                _conversation(bench, key, raw, result, export)
        if progress:
            progress(number, export.bytes_read)
    for bench in benches:
        _assets(bench, locate, result)
        if bench.reader:
            bench.checked.older = len(bench.reader.ids() - seen)
            bench.checked.messages = bench.reader.messages
            for file, sentence in getattr(bench.reader, "unreadable", ()):
                result.problems.append(Problem(bench.shown(file), sentence))
    result.lacking += _lacking(export, locate)


def _assets(bench: _Bench, locate: _Locator, result: Result) -> None:
    """Every asset of the archive byte for byte, by what the export holds under its id."""
    for key, path in bench.archive.keys.items():
        if not key.startswith("asset/") or path not in bench.archive.found:
            continue
        digest = locate(key.removeprefix("asset/"))
        if digest is None:  # only an earlier export had it
            continue
        bench.checked.assets += 1
        if digest != bench.archive.found[path]:
            result.problems.append(Problem(bench.shown(path), "is not the file of the export"))


def _conversation(bench: _Bench, key: str | None, raw: Raw, result: Result, export: Export) -> None:
    assert bench.reader is not None
    title = raw.get("title")
    named = title if isinstance(title, str) else None
    lacks = bench.reader.check(key, raw) if key else None
    if lacks is None:
        if leaves_out(raw, object_of(bench.archive.record.get("selection"))):
            bench.checked.left_out += 1
        else:
            what = f"is missing from the {bench.archive.format} archive"
            result.problems.append(Problem(None, what, key, named))
        return
    bench.checked.conversations += 1
    for file, sentence in lacks:
        result.problems.append(Problem(bench.shown(file), sentence, key, named))
    path = bench.archive.keys.get(f"conversation/{key}")
    if (
        not lacks
        and path in bench.archive.changed
        and only_additions(bench.archive, path, raw, export)
    ):
        assert bench.excused is not None
        bench.excused.add(path)


def _id_of(raw: Raw) -> str | None:
    for name in ("conversation_id", "id"):
        value = raw.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def _found(raw: Raw, benches: list[_Bench], taken: set[str]) -> str | None:
    """The name that the archive gave to a conversation without an id: the one that holds it."""
    for bench in benches:
        for key in sorted(bench.reader.ids() - taken) if bench.reader else ():
            if key.startswith("no-id-") and bench.reader and bench.reader.check(key, raw) == []:
                taken.add(key)
                return key
    return None


class _Locator:
    """From a pointer to the SHA-256 of what the export holds for it; each member is read once."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._known: dict[str, str | None] = {}
        self.missing: set[str] = set()
        """The ids of files that the export mentions and does not hold."""

    def __call__(self, pointer: str) -> str | None:
        """The digest; None where the export has no such file, or cannot give its bytes."""
        key = file_id(pointer)
        member = self._export.lookup(key).member
        if member is None:
            self.missing.add(key)
            return None
        if member not in self._known:
            self._known[member] = self._digest(member)
        return self._known[member]

    def _digest(self, member: str) -> str | None:
        digest = hashlib.sha256()
        try:
            with closing(self._export.open(member)) as stream:
                while data := stream.read(1 << 20):
                    digest.update(data)
        except OSError:
            return None
        return digest.hexdigest()


def _lacking(export: Export, locate: _Locator) -> list[str]:
    """What the export itself lacks, a phrase each."""
    found = []
    if export.missing:
        found.append(_counted(len(export.missing), "file") + " that its own list names")
    if export.losses:
        found.append(_counted(len(export.losses), "part") + " of it that cannot be read")
    if locate.missing:
        found.append(_counted(len(locate.missing), "attachment") + " that it mentions")
    return found


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def leaves_out(raw: Raw, selection: Raw) -> bool:
    """Whether an archive made with `selection` (as its record has it) leaves `raw` out."""
    return any(
        name in selection and not holds(raw, selection[name]) for name, holds in _CONDITIONS.items()
    )


def _project(raw: Raw, wanted: Any) -> bool:
    return wanted in (raw.get("gizmo_id"), raw.get("conversation_template_id"))


def _models(raw: Raw, wanted: Any) -> bool:
    messages = (object_of(node.get("message")) for node in nodes_of(raw).values())
    found = {str(object_of(each.get("metadata")).get("model_slug")) for each in messages}
    return wanted in found or raw.get("default_model_slug") == wanted


def _times(raw: Raw, name: str) -> list[float]:
    own = raw.get(name)
    messages = [object_of(node.get("message")) for node in nodes_of(raw).values()]
    values = [own] if own else [each.get("create_time") for each in messages]
    return [each for each in values if isinstance(each, int | float)]


def _seconds(wanted: Any) -> float:
    return datetime.fromisoformat(str(wanted)).replace(tzinfo=UTC).timestamp()


_CONDITIONS: dict[str, Callable[[Raw, Any], bool]] = {
    "since": lambda raw, value: max(_times(raw, "update_time"), default=0) >= _seconds(value),
    "until": lambda raw, value: min(_times(raw, "create_time"), default=9e9) < _seconds(value),
    "title": lambda raw, value: value.casefold() in str(raw.get("title") or "").casefold(),
    "ids": lambda raw, value: _id_of(raw) in value,
    "project": _project,
    "model": _models,
    "archived": lambda raw, value: bool(raw.get("is_archived")) is value,
}
"""The conditions of a selection, by their name in the archive's record."""
