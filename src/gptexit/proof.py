"""Prove that an archive holds an export, and that a person only added to its notes."""

from __future__ import annotations

import hashlib
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from gptexit.archive.checked import note_check
from gptexit.archive.manifest import Catalog, Entry
from gptexit.errors import BadOption, CannotRedact, DamagedNames
from gptexit.names import Names, load_names
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.verification.archive_files import CheckedArchive
from gptexit.verification.raw import Raw
from gptexit.verification.result import Result
from gptexit.verification.run import Progress
from gptexit.verification.run import verify as run
from gptexit.writers.base import WriterSetting
from gptexit.writers.registry import FORMATS

if TYPE_CHECKING:
    from gptexit.redact.redactor import Redactor


def verify(
    root: Path,
    export: ExportSet | None = None,
    progress: Progress | None = None,
    *,
    finished: bool = True,
) -> Result:
    """Verify as `verification.run` does, and excuse a note that a person only added to.

    This needs to write the note again, and `verification` shares no code with the writers. Record
    in the archives that they were verified, if they are finished.
    """
    result = run(root, export, progress, finished=finished, added_to=only_additions)
    if finished:
        note(root, result)
    return result


def note(root: Path, result: Result) -> None:
    """Record that the archive in a folder was verified; if it has none itself, for those in it."""
    if root.is_dir():
        places = [archive.path for archive in result.archives]
        roots = [root] if "." in places else [root / place for place in places]
        note_check(roots, result.verdict, result.source)


def only_additions(archive: CheckedArchive, path: str, raw: Raw, export: ExportSet) -> bool:
    """Tell whether the file at `path` still has every line that was written to it, in order.

    Return False if the file cannot be written again as it was, as after a change of version.
    """
    written = _written(archive, path, raw, export)
    if written is None:
        return False
    lines = iter((archive.root / path).read_bytes().splitlines())
    return all(line in lines for line in written.splitlines())


def _written(archive: CheckedArchive, path: str, raw: Raw, export: ExportSet) -> bytes | None:
    """Write a note again; return None if its SHA-256 is not that of the manifest."""
    format = FORMATS[archive.format]
    # Written by somebody else, the record may name a value that the option does not have.
    recorded = {
        name: archive.option(name) if archive.option(name) in spec.choices else None
        for name, spec in format.options.own().items()
    }
    given = {
        **recorded,
        "branches": archive.option("branches"),
        "include": frozenset(archive.option("include") or ()),
        "timezone": _zone(archive.option("timezone")),
    }
    catalog = Catalog()
    for key, known in archive.keys.items():
        catalog.add(Entry(key, known))
    account = Account(export.lookup, export.library, gone=export.gone)
    conversation = _names(archive).applied(read_conversation(deepcopy(raw), account, ReadStats()))
    if archive.redacted:
        redactor = _redactor()
        if redactor is None:
            return None
        conversation = redactor.conversation(conversation)
    try:
        writer = format.make(given, WriterSetting(catalog, export.open))
    except BadOption:
        return None
    for file in writer.render(conversation).files:
        if file.path == path and hashlib.sha256(file.data).hexdigest() == archive.promised[path]:
            return file.data
    return None


def _names(archive: CheckedArchive) -> Names:
    """Return the names of projects and custom GPTs that the archive was written with."""
    try:
        return Names(kept=load_names(archive.root))
    except DamagedNames:
        return Names()


@cache
def _redactor() -> Redactor | None:
    """Return the redactor, if its libraries are installed."""
    from gptexit.redact.redactor import Redactor

    try:
        return Redactor()
    except CannotRedact:
        return None


def _zone(name: Any) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if isinstance(name, str) else None
    except (KeyError, ValueError, OSError):
        return None
