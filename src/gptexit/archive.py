"""An export into an archive: what the command `convert` and the library's `convert` share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from gptexit.ledger import Written
from gptexit.packed import Packed
from gptexit.pipeline import Progress, Way
from gptexit.pipeline import convert as convert_along
from gptexit.record import choices
from gptexit.select import Selection
from gptexit.sink import Folder, Sink, Stream
from gptexit.source import Source, open_source
from gptexit.targets.base import NOTHING, Options
from gptexit.targets.table import FORMATS, redact_of

if TYPE_CHECKING:
    from gptexit.redact.outgoing import Outgoing

Report = dict[str, Any]
"""The account of a run, as `schemas/report.schema.json` describes it."""
EVERYTHING = Selection()
USUAL = Options()


def convert(
    sources: str | Path | Sequence[str | Path],
    out: str | Path = "chatgpt-archive",
    formats: Sequence[str] = ("markdown",),
    *,
    selection: Selection = EVERYTHING,
    options: Options = USUAL,
    progress: Progress | None = None,
) -> Report:
    """Convert the export in `sources` (see `open_source`) into the folder `out`; the report.

    With one format `out` is its folder; with several, each gets a folder of its name in `out`.
    Raises NotAnExport where nothing can be read, OSError where nothing can be written, CannotRedact
    where secrets are to be taken out and the libraries that find them are not installed, NoFullText
    where this Python cannot write the format sqlite, and KeyError for a format that is not in
    `targets.table.FORMATS`.
    """
    given = [sources] if isinstance(sources, str | Path) else sources
    with open_source(given) as export:
        return convert_export(export, out, formats, selection, options, progress=progress)


def convert_export(
    export: Source,
    out: str | Path,
    formats: Sequence[str],
    selection: Selection,
    options: Options,
    *,
    progress: Progress | None = None,
    stdout: BinaryIO | None = None,
) -> Report:
    """The same for an export that is open. `stdout`: where a single format goes if `out` is `-`."""
    several = len(formats) > 1
    options = replace(options, why=selection.words)
    outgoing = _outgoing(formats, options, export)
    if stdout is not None and str(out) == "-":
        ways = [_to_stream(name, stdout, options, export, outgoing) for name in formats]
    else:
        ways = [
            _to_folder(
                name,
                Path(out) / name if several else Path(out),
                options,
                selection,
                export,
                outgoing,
            )
            for name in formats
        ]
    settle = any(isinstance(way.sink, Stream) for way in ways)
    ledger = convert_along(export, ways, selection, progress=progress, settle=settle)
    return ledger.report(export, 0 if ledger.complete(export) else 1)


def _outgoing(formats: Sequence[str], options: Options, export: Source) -> Outgoing | None:
    """What redacts, where a format asks for it. Raises CannotRedact."""
    if all(redact_of(name, options) == NOTHING for name in formats):
        return None
    from gptexit.redact.outgoing import Outgoing

    return Outgoing(export.open)


def _to_stream(
    name: str, out: BinaryIO, options: Options, export: Source, outgoing: Outgoing | None
) -> Way:
    return _way(name, Stream(out), "-", options, export, outgoing)


def _to_folder(
    name: str,
    root: Path,
    options: Options,
    selection: Selection,
    export: Source,
    outgoing: Outgoing | None,
) -> Way:
    folder = _sink(name)(root)
    folder.exact = FORMATS[name].zipped or FORMATS[name].pack or FORMATS[name].pack
    way = _way(name, folder, str(root), options, export, outgoing)
    way.asked = choices(name, options, selection)
    return way


def _way(
    name: str, sink: Sink, out: str, options: Options, export: Source, outgoing: Outgoing | None
) -> Way:
    redact = redact_of(name, options)
    through = None if redact == NOTHING else outgoing
    read = export.open if through is None else through.open
    target = FORMATS[name].make(options, sink.catalog, read)
    return Way(target, sink, Written(name, out, redact), outgoing=through)


def _sink(name: str) -> type[Folder]:
    """What writes a format."""
    if FORMATS[name].database:
        from gptexit.database.sink import Database

        return Database
    return Packed if FORMATS[name].zipped else Folder
