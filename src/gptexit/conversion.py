"""An export into an archive: what the command `convert` and the library's `convert` share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from gptexit.archive.description import need_same_account, part_of
from gptexit.archive.folder import ArchiveFolder, Sink
from gptexit.archive.lock import owning
from gptexit.archive.notes_folder import NotesFolder
from gptexit.archive.stdout import StdoutSink
from gptexit.archive.zip_folder import ZipFolder
from gptexit.errors import DamagedNames, OtherArchive
from gptexit.model import Conversation
from gptexit.names import Names, load_names, save_names
from gptexit.pipeline import Output, Progress
from gptexit.pipeline import convert as convert_along
from gptexit.report import Written
from gptexit.selection import Selection
from gptexit.source import Source, open_source
from gptexit.updating.jsonl_folder import JsonlFolder
from gptexit.writers.base import NOTHING, Options
from gptexit.writers.markdown.index import laid_out
from gptexit.writers.registry import FORMATS, choices, redact_of, resolved

if TYPE_CHECKING:
    from gptexit.redact.files import Outgoing

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
    allow_large: bool = False,
    progress: Progress | None = None,
    check: bool = False,
    jobs: int | None = 1,
) -> Report:
    """Convert the export in `sources` (see `open_source`) into the folder `out`; the report.

    With one format `out` is its folder; with several, each gets a folder of its name in `out`.
    `check`: compare assets that are there by their bytes, and not by their size alone.
    `allow_large`: take also the members of a ZIP that unpack to far more than an export's do.
    `jobs`: how many processes read and render; None for one for each core, where the export is
    large enough. The files are the same, whatever the number.
    Raises NotAnExport where nothing can be read, OSError where nothing can be written, CannotRedact
    where secrets are to be taken out and the libraries that find them are not installed, NoFullText
    where this Python cannot write the format sqlite, and KeyError for a format that is not in
    `writers.registry.FORMATS`. Raises an Unusable where the folder cannot be written to as it is:
    InUse where another run writes there, OtherAccount where it has the archive of another account,
    OtherArchive where ZIPs or a pack would take the place of an archive of another format, and
    Unusable itself where a link is in it.
    """
    given = [sources] if isinstance(sources, str | Path) else sources
    with open_source(given, allow_large=allow_large) as export:
        return convert_export(
            export, out, formats, selection, options, progress=progress, check=check, jobs=jobs
        )


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One format of a run."""

    format: str
    options: Options
    selection: Selection | None = None
    """What goes into it where the run selects everything; None for all of it."""
    of_exit: bool = False
    """True for a folder that is one part of what `gptexit exit` writes."""


def convert_export(
    export: Source,
    out: str | Path,
    formats: Sequence[str],
    selection: Selection,
    options: Options,
    *,
    progress: Progress | None = None,
    stdout: BinaryIO | None = None,
    check: bool = False,
    jobs: int | None = 1,
) -> Report:
    """The same for an export that is open. `stdout`: where a single format goes if `out` is `-`."""
    plans = [OutputSpec(name, options) for name in formats]
    return carry_out(
        export, out, plans, selection, progress=progress, stdout=stdout, check=check, jobs=jobs
    )


def carry_out(
    export: Source,
    out: str | Path,
    plans: Sequence[OutputSpec],
    selection: Selection,
    *,
    progress: Progress | None = None,
    stdout: BinaryIO | None = None,
    check: bool = False,
    jobs: int | None = 1,
) -> Report:
    """The same for formats each with options of its own."""
    plans = [_resolved(plan) for plan in plans]
    several = len(plans) > 1
    to_stdout = stdout is not None and str(out) == "-"
    roots = [Path(out) / each.format if several else Path(out) for each in plans]
    with owning(*([] if to_stdout else roots)):
        return _carry_out(
            export, roots, plans, selection, progress, stdout if to_stdout else None, check, jobs
        )


def _carry_out(
    export: Source,
    roots: Sequence[Path],
    plans: Sequence[OutputSpec],
    selection: Selection,
    progress: Progress | None,
    stdout: BinaryIO | None,
    check: bool,
    jobs: int | None,
) -> Report:
    """Convert into folders that this run owns, or to `stdout`. Return the report as data."""
    to_stdout = stdout is not None
    if not to_stdout:
        need_same_account(export, roots)
    names = _names(plans, [] if to_stdout else roots)
    plans = [_with_reason(each, selection, names) for each in plans]
    outgoing = _outgoing(plans, export)
    if stdout is not None:
        ways = [_way(each, StdoutSink(stdout), "-", export, outgoing) for each in plans]
    else:
        ways = [
            _to_folder(each, root, selection, export, outgoing)
            for each, root in zip(plans, roots, strict=True)
        ]
    for way in ways:
        if isinstance(way.sink, ArchiveFolder):
            way.sink.checks = check
    settle = any(isinstance(way.sink, StdoutSink) for way in ways)
    ledger = convert_along(
        export, ways, selection, progress=progress, settle=settle, names=names, jobs=jobs
    )
    if not to_stdout:
        for way, root in zip(ways, roots, strict=True):
            _keep(way, root, names)
    return ledger.report(export, 0 if ledger.complete(export) else 1)


def _resolved(plan: OutputSpec) -> OutputSpec:
    name, options = resolved(plan.format, plan.options)
    return replace(plan, format=name, options=options)


def _names(plans: Sequence[OutputSpec], roots: Sequence[Path]) -> Names:
    """Return the names of this run: what the person gives, else what the archives keep.

    Raises OtherArchive where an archive's own names cannot be read.
    """
    found: dict[str, str] = {}
    try:
        for root in roots:
            found = {**load_names(root), **found}
    except DamagedNames as error:
        raise OtherArchive(str(error)) from error
    return plans[0].options.names.with_kept(found) if plans else Names()


def _keep(way: Output, root: Path, names: Names) -> None:
    """Keep the names in the archive, for later runs that are given none. Raises OSError.

    What goes to somebody else keeps those alone that went out, as they did: it is not to tell what
    else there is.
    """
    exact = isinstance(way.sink, ArchiveFolder) and way.sink.exact
    save_names(root, way.names if exact or way.outgoing else {**names.all(), **way.names})


def _with_reason(plan: OutputSpec, selection: Selection, names: Names) -> OutputSpec:
    """The plan, and in its options the names of the run and what chose the conversations."""
    why = (plan.selection or selection).words
    return replace(plan, options=replace(plan.options, why=why, names=names))


def _outgoing(plans: Sequence[OutputSpec], export: Source) -> Outgoing | None:
    """What redacts, where a format asks for it. Raises CannotRedact."""
    if all(redact_of(each.format, each.options) == NOTHING for each in plans):
        return None
    from gptexit.redact.files import Outgoing

    return Outgoing(export.open)


def _to_folder(
    plan: OutputSpec, root: Path, selection: Selection, export: Source, outgoing: Outgoing | None
) -> Output:
    folder = _sink(plan.format)(root)
    plan = replace(plan, options=laid_out(plan.format, plan.options, root, folder.catalog))
    folder.exact = FORMATS[plan.format].zipped or FORMATS[plan.format].pack
    if folder.exact:
        folder.expect(plan.format)
    way = _way(plan, folder, str(root), export, outgoing)
    way.asked = choices(plan.format, plan.options, plan.selection or selection)
    if plan.of_exit:
        way.asked["part_of"] = part_of(plan.format)
    if folder.begun:
        _acquaint(folder, way, export)
    if isinstance(folder, JsonlFolder):
        folder.through = _named(folder.through, plan.options.names)
    return way


def _named(
    through: Callable[[Conversation], Conversation] | None, names: Names
) -> Callable[[Conversation], Conversation]:
    """Return what gives names to a line of an earlier run before it goes through `through`."""
    if through is None:
        return names.applied
    return lambda conversation: through(names.applied(conversation))


def _acquaint(folder: ArchiveFolder, way: Output, export: Source) -> None:
    """Tell a sink how this run differs from the one that wrote what is there."""
    recorded = folder.recorded()
    options = recorded.get("options")
    before = options if isinstance(options, dict) else {}
    now = way.asked["options"]
    redacts = now["redact"] != NOTHING and before.get("redact") != now["redact"]
    folder.redacts = redacts
    if isinstance(folder, NotesFolder):
        # An option that the earlier gptexit did not know is none that the user changed.
        folder.same_options = all(before.get(name, value) == value for name, value in now.items())
        if "writer" not in recorded:
            folder.same_source = _same_files(recorded.get("sources"), export)
    elif redacts and way.outgoing:
        if isinstance(folder, JsonlFolder):
            folder.through = way.outgoing.conversation
        elif hasattr(folder, "without"):
            folder.without = way.outgoing.quietly


def _same_files(sources: Any, export: Source) -> bool:
    """Whether an archive's record names the files of `export`, and no others."""
    if not isinstance(sources, list):
        return False
    named = [
        (source.get("name"), source.get("size")) for source in sources if isinstance(source, dict)
    ]
    # Lists, since an archive from elsewhere may name a list; sorted as text for the same reason.
    return sorted(map(repr, named)) == sorted(
        {repr((name, size)) for name, size, _ in export.inventory()}
    )


def _way(
    plan: OutputSpec, sink: Sink, out: str, export: Source, outgoing: Outgoing | None
) -> Output:
    redact = redact_of(plan.format, plan.options)
    through = None if redact == NOTHING else outgoing
    read = export.open if through is None else through.open
    target = FORMATS[plan.format].make(plan.options, sink.catalog, read)
    written = Written(plan.format, out, redact)
    return Output(target, sink, written, selection=plan.selection, outgoing=through)


def _sink(name: str) -> type[ArchiveFolder]:
    """What writes a format."""
    if FORMATS[name].database:
        from gptexit.updating.database import Database

        return Database
    if name in _SINKS:
        return _SINKS[name]
    return ZipFolder if FORMATS[name].zipped else ArchiveFolder


_SINKS: dict[str, type[ArchiveFolder]] = {"markdown": NotesFolder, "jsonl": JsonlFolder}
"""Formats of which an archive holds what an export may lack."""
