"""Convert an export into archives: what the command `convert`, `exit` and the library share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from gptexit.archive.archive import Archive
from gptexit.archive.description import expect, is_older, need_same_account, part_of
from gptexit.archive.files import Sink, StdoutSink
from gptexit.archive.folder import ArchiveFolder
from gptexit.archive.lock import owning
from gptexit.archive.manifest import entries
from gptexit.archive.moved import follow
from gptexit.archive.note_contents import WRITER
from gptexit.archive.notes_folder import NotesSink
from gptexit.archive.places import MANIFEST
from gptexit.archive.zip_folder import ZipSink
from gptexit.chatgpt import take
from gptexit.errors import BadOption, DamagedNames, Exit, OtherArchive, Unusable
from gptexit.extras import need
from gptexit.files.disk import HOUSE, full_disk_named
from gptexit.model import Conversation
from gptexit.names import Names, load_names, save_names
from gptexit.parallel.pool import need_jobs
from gptexit.pipeline import Output, Progress
from gptexit.pipeline import convert as convert_along
from gptexit.readers.chatgpt.containers.base import plain
from gptexit.readers.chatgpt.merge.exports import Edition, shown
from gptexit.report import RunReport, Written
from gptexit.selection import Selection
from gptexit.source import Source, is_path, need_outside, open_source, paths_of
from gptexit.text.terminal import export_words, printable
from gptexit.updating.database import DatabaseSink, DryDatabaseSink
from gptexit.updating.jsonl_folder import JsonlSink, Moment, seconds
from gptexit.writers.base import (
    NOTHING,
    CommonOptions,
    Format,
    Options,
    SinkKind,
    WriterSetting,
    need_known,
)
from gptexit.writers.registry import FORMATS
from gptexit.writers.steps import drafting_of

if TYPE_CHECKING:
    from gptexit.readers.chatgpt.export_set import ExportSet
    from gptexit.redact.files import Outgoing

AnyPath = str | PathLike[str]
Report = dict[str, Any]
"""The account of a run, as `schemas/report.schema.json` describes it."""
EVERYTHING = Selection()
USUAL = Options()
_SMALLER = 20
"""How many times smaller than in the export its text can be in an archive, at most."""


def convert(
    sources: AnyPath | Sequence[AnyPath],
    out: AnyPath = "chatgpt-archive",
    formats: str | Sequence[str] = ("markdown",),
    *,
    selection: Selection = EVERYTHING,
    options: Mapping[str, Any] = USUAL,
    allow_large: bool = False,
    progress: Progress | None = None,
    check: bool = False,
    jobs: int | None = 1,
    dry_run: bool = False,
) -> Report:
    """Convert the export in `sources` (see `open_source`) into the folder `out`; return the report.

    `formats`: the name of a format, or several; `gptexit formats` lists them.
    With one format `out` is its folder; with several, each gets a folder of its name in `out`.
    `options`: by name, such as `Options(branches="all", layout="flat")`; each format takes those
    that it has, and `gptexit formats NAME` lists them.
    `check`: compare existing assets by their bytes, and not by their size alone.
    `allow_large`: read also members of a ZIP that unpack to far more than an export's do.
    `jobs`: how many processes read and render; None for one for each core if the export is large
    enough. The files are the same for each number.
    `dry_run`: write nothing; `planned` in each target of the report says what would be written.
    If the selection matches nothing, nothing is written, and `exit_code` of the report is 7.
    Raises NotAnExport if nothing can be read, OSError if nothing can be written, CannotRedact if
    the libraries that find secrets are not installed, NoFullText if this Python cannot write the
    format sqlite, and BadOption for a format that does not exist, an option that none of the
    formats has, and a value that makes no sense. Raises an Unusable if the folder cannot be written
    to: InUse if another run writes there, OtherAccount if it has the archive of another account,
    OtherArchive if it has an archive of another format, and Unusable itself if a link is in it, or
    if it is the folder of the export.
    """
    specs = specs_of(need_formats(formats), options)
    root = need_folder(out)
    need_selection(selection)
    need_jobs(jobs)
    paths = paths_of(sources)
    need_outside(paths, roots_of(root, [spec.format.name for spec in specs]))
    with open_source(paths, allow_large=allow_large) as export:
        return convert_export(
            export, root, specs, selection, progress=progress, check=check, jobs=jobs, dry=dry_run
        )


def need_formats(formats: Any) -> list[str]:
    """Return the names of formats, which a program gives as one or several. Raises BadOption."""
    names = [formats] if isinstance(formats, str) else formats
    known = ", ".join(FORMATS)
    if not isinstance(names, list | tuple | set | frozenset) or not names:
        raise BadOption(f"formats names a format, or several in a list: {known}.")
    for name in names:
        if not isinstance(name, str) or name not in FORMATS:
            raise BadOption(f"there is no format {name!r}.", f"The formats are {known}.")
    return list(dict.fromkeys(names))


def need_folder(out: Any) -> Path:
    """Return the folder to write to. Raises BadOption, and Unusable for a file."""
    if not is_path(out) or not str(out) or str(out) == "-":
        raise BadOption(f"out is the folder to write to, not {out!r}.")
    if Path(out).is_file():
        raise Unusable(f"{printable(str(out))} is a file, not a folder.", "Name a folder.")
    return Path(out)


def need_selection(selection: Any) -> None:
    """Raise BadOption for what is no selection, or has a bound that is no text."""
    if not isinstance(selection, Selection):
        raise BadOption('selection is a Selection, as Selection(since="2026-05-01T00:00:00Z").')
    for name in ("since", "until", "title", "project", "model"):
        if not isinstance(getattr(selection, name), str | None):
            raise BadOption(f"{name} of a selection is a text; a date is 2026-05-01T00:00:00Z.")
    for name, bound in (("since", selection.since), ("until", selection.until)):
        try:
            datetime.fromisoformat(bound or "2026-05-01T00:00:00Z")
        except ValueError as error:
            raise BadOption(
                f"{name} of a selection is a date such as 2026-05-01T00:00:00Z, not {bound!r}."
            ) from error
    if isinstance(selection.ids, str):
        raise BadOption("ids of a selection is a set of ids, not a text.")


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One format of a run."""

    format: Format
    options: CommonOptions
    """Of the class that the format declares."""
    selection: Selection | None = None
    """The part that goes into it if the run selects everything; None for all of it."""
    of_exit: bool = False
    """True for a part of what `gptexit exit` writes."""

    @property
    def redact(self) -> str:
        """`secrets` if they are taken out, else `nothing`."""
        return self.format.redacts(self.options)


def spec_of(
    name: str,
    given: Mapping[str, Any],
    selection: Selection | None = None,
    *,
    of_exit: bool = False,
) -> OutputSpec:
    """Return the format `name` with those of the options `given` that it has.

    Raises CannotRedact if it would take secrets out, and what finds them is not installed, and
    MissingPackages if the format needs others that are not.
    """
    format = FORMATS[name]
    spec = OutputSpec(format, format.options.taken_from(given), selection, of_exit)
    if format.extra:
        need(format.extra)
    if spec.redact != NOTHING:
        need("redact")
    return spec


def specs_of(formats: Sequence[str], options: Mapping[str, Any]) -> list[OutputSpec]:
    """Return a specification for each format. Raises BadOption if none of them has an option."""
    if not isinstance(options, Mapping):
        raise BadOption('options is a dictionary, as Options(branches="all").')
    need_known(options, [FORMATS[name] for name in formats])
    return [spec_of(name, options) for name in formats]


def choices(spec: OutputSpec, selection: Selection) -> dict[str, Any]:
    """Return the part of an archive's record of itself that is known before the run."""
    return {
        "format": spec.format.name,
        "options": {**spec.options.recorded(), "redact": spec.redact},
        "selection": selection.as_json(),
        **({"part_of": part_of(spec.format.name)} if spec.of_exit else {}),
    }


def convert_export(
    export: Source,
    out: str | Path,
    specs: Sequence[OutputSpec],
    selection: Selection,
    *,
    progress: Progress | None = None,
    stdout: BinaryIO | None = None,
    check: bool = False,
    jobs: int | None = 1,
    dry: bool = False,
) -> Report:
    """Convert an export that is open.

    `stdout`: where a single format goes if `out` is `-`. `dry`: write nothing. See
    `convert` for the other parameters, and for what is raised.
    """
    if str(out) != "-":
        stdout = None
    roots: list[Path] = []
    names = [spec.format.name for spec in specs]
    if stdout is None:
        roots = roots_of(out, names)
    # Of an export that is read in part, nobody knows how large that part is.
    asked = names if selection.is_everything and not dry else []
    full = full_disk_named(out, lambda: bytes_needed(export, out, asked))
    with full if roots else nullcontext(), nullcontext() if dry else owning(*roots):
        need_same_account(export, roots, Path(out) if stdout is None else None)
        given = _names(specs, roots)
        archives = [Archive(root, dry=dry) for root in roots]
        run = _Run(export, specs, selection, given, archives, check=check)
        report = convert_along(
            export,
            run.to_folders if stdout is None else partial(run.to_stdout, stdout),
            selection,
            progress=progress,
            settle=stdout is not None,
            numbered=any(spec.format.sink is SinkKind.PAGES for spec in specs),
            names=given,
            jobs=jobs,
        )
        # To standard output there is no archive.
        for output, archive, spec in zip(run.outputs, archives, specs, strict=False):
            if dry:
                files = output.written.files
                output.written.planned = {
                    **archive.planned(),
                    "unchanged": files["unchanged"] + files["kept"] + files["edited"],
                    "exact": spec.format.sink not in (SinkKind.DATABASE, SinkKind.LLM),
                }
            elif not report.selects_nothing():
                _keep_names(output, archive.root, given)
    if report.selects_nothing():
        code = Exit.NOTHING_SELECTED
    else:
        code = Exit.COMPLETE if report.complete(export) else Exit.INCOMPLETE
    return report.report(export, code)


def bytes_needed(
    export: Source | ExportSet, out: str | Path, formats: Sequence[str], free: int = 0
) -> int:
    """Return how many bytes must be free in `out` to write `export` in `formats`, at least.

    What an earlier run left there is not needed again. Return 0 if that is not known, or if it is
    not more than `free` in any case.
    """
    if not formats:
        return 0
    needed = 0
    roots = roots_of(out, formats)
    try:
        files = sum(map(export.size, export.others(())))
        copies = sum(FORMATS[name].sink in (SinkKind.NOTES, SinkKind.PAGES) for name in formats)
        needed = files * copies + (export.bytes_total or 0) // _SMALLER
        if needed > free:
            lists = (entries(root / HOUSE / MANIFEST) for root in roots)
            needed -= sum(entry.size for files in lists for entry in files)
    except OSError:
        return 0
    return needed if needed > free else 0


def roots_of(out: str | Path, formats: Sequence[str]) -> list[Path]:
    """Return the folder of each format: `out`, or folders in `out` if there are several formats."""
    return [Path(out) / name if len(formats) > 1 else Path(out) for name in formats]


def _names(specs: Sequence[OutputSpec], roots: Sequence[Path]) -> Names:
    """Return the names of this run: what the person gives, else what the archives keep.

    Raises OtherArchive if an archive's own names cannot be read.
    """
    kept: dict[str, str] = {}
    try:
        for root in roots:
            kept = {**load_names(root), **kept}
    except DamagedNames as error:
        raise OtherArchive(str(error)) from error
    return specs[0].options.names.with_kept(kept) if specs else Names()


def _keep_names(output: Output, root: Path, names: Names) -> None:
    """Keep the names in the archive, for later runs that are given none. Raises OSError.

    An archive for somebody else keeps only the names that went out, as they did.
    """
    strict = output.folder is not None and output.folder.strict
    kept = output.names if strict or output.outgoing else {**names.all(), **output.names}
    save_names(root, kept)


@dataclass(slots=True)
class _Run:
    """The parameters of a run. Makes the outputs of each of its passes."""

    export: Source
    specs: Sequence[OutputSpec]
    selection: Selection
    names: Names
    archives: Sequence[Archive]
    check: bool
    outputs: list[Output] = field(default_factory=list)
    """The outputs of the last pass."""

    def __post_init__(self) -> None:
        """Give each format the names of the run, and the options that its archive needs."""
        self.specs = [
            replace(spec, options=replace(spec.options, names=self.names)) for spec in self.specs
        ]
        if not self.archives:
            return
        for spec, archive in zip(self.specs, self.archives, strict=True):
            expect(archive.root, spec.format.name)
        for number, (spec, archive) in enumerate(zip(self.specs, self.archives, strict=True)):
            if adapt := spec.format.for_archive:
                adapted = adapt(spec.options, archive.root, archive.catalog)
                self.specs[number] = replace(spec, options=adapted)
            if spec.format.sink is SinkKind.NOTES:
                follow(archive)

    def to_stdout(self, stdout: BinaryIO, report: RunReport) -> list[Output]:
        """Make the outputs of the one pass to standard output."""
        outgoing = self._outgoing()
        return [self._output(spec, StdoutSink(stdout), "-", outgoing) for spec in self.specs]

    def to_folders(self, report: RunReport) -> list[Output]:
        """Make the outputs of a pass into the archives; its counts go to `report`."""
        outgoing = self._outgoing()
        self.outputs = []
        for spec, archive in zip(self.specs, self.archives, strict=True):
            asked = choices(spec, spec.selection or self.selection)
            whole = self.selection.is_everything and spec.selection is None
            change = _Change(partial(_moment, self.export, report, whole=whole), self.names.applied)
            folder = ArchiveFolder(archive)
            if archive.begun:
                recorded = archive.recorded()
                before = take.mapping(recorded.get("options"))
                change.compare(asked["options"], recorded, self.export, outgoing)
                folder.tally.options = spec.format.showed_more(before, asked["options"])
            folder.strict = spec.format.strict
            folder.checks = self.check
            folder.redacts = change.redacts
            sink = _SINKS[spec.format.sink](folder, change)
            output = self._output(spec, sink, str(archive.root), outgoing)
            output.folder, output.asked = folder, asked
            self.outputs.append(output)
        return self.outputs

    def _outgoing(self) -> Outgoing | None:
        """Return the redaction for this pass if a format needs it. Raises CannotRedact."""
        if all(spec.redact == NOTHING for spec in self.specs):
            return None
        from gptexit.redact.files import Outgoing

        return Outgoing(self.export.open)

    def _output(self, spec: OutputSpec, sink: Sink, out: str, outgoing: Outgoing | None) -> Output:
        through = None if spec.redact == NOTHING else outgoing
        read = self.export.open if through is None else through.open
        why = (spec.selection or self.selection).words
        again = getattr(self.export, "again", None)
        setting = WriterSetting(sink.catalog, read, why, export_words(again.paths if again else ()))
        writer = spec.format.writer(spec.options, setting)
        written = Written(spec.format.name, plain(out), spec.redact)
        output = Output(writer, sink, written, selection=spec.selection, outgoing=through)
        output.drafting = drafting_of(writer, spec.format, spec.options, sink.catalog)
        return output


@dataclass(slots=True)
class _Change:
    """How a run differs from the one that wrote the archive, and how it changes what is there."""

    moment: Callable[[], Moment]
    """Tells when the export was made, as far as the pass knows by now."""
    conversation: Callable[[Conversation], Conversation]
    """Changes a conversation of the archive."""
    text: Callable[[str], str] | None = None
    """Takes secrets out of a text of the archive; None if it holds none."""
    redacts: bool = False
    """True if this run takes secrets out that the archive may hold."""
    same_options: bool = True
    same_writer: bool = False
    """True if what reads otherwise in the archive reads so in another export."""
    same_source: bool = False
    older: bool = False
    """True if the archive has a newer export: of two titles at the same time its own stays."""

    def compare(
        self,
        now: dict[str, Any],
        recorded: dict[str, Any],
        export: Source,
        outgoing: Outgoing | None,
    ) -> None:
        """Compare the options `now` and the files of `export` with what an archive recorded."""
        before = take.mapping(recorded.get("options"))
        self.redacts = now["redact"] != NOTHING and before.get("redact") != now["redact"]
        # An option that the earlier gptexit did not know is none that the user changed.
        self.same_options = all(before.get(name, value) == value for name, value in now.items())
        self.older = is_older(export, recorded)
        self.same_writer = recorded.get("writer") == int(WRITER)
        if "writer" not in recorded:
            self.same_source = _same_files(recorded.get("sources"), export)
        if self.redacts and outgoing:
            named, redacted = self.conversation, outgoing.conversation
            self.conversation = lambda conversation: redacted(named(conversation))
            self.text = outgoing.quietly


def _notes(folder: ArchiveFolder, change: _Change) -> Sink:
    return NotesSink(
        folder, same_source=change.same_source, same_options=change.same_options, older=change.older
    )


def _llm(folder: ArchiveFolder, change: _Change) -> Sink:
    # Its library is imported only where somebody wants the format.
    from gptexit.updating.llm_database import DryLlmSink, LlmSink

    return (DryLlmSink if folder.places.dry else LlmSink)(
        folder, older=change.older, keeps=change.same_writer and change.same_options
    )


_SINKS: dict[SinkKind, Callable[[ArchiveFolder, _Change], Sink]] = {
    SinkKind.FOLDER: lambda folder, change: folder,
    SinkKind.FILE: lambda folder, change: folder,
    SinkKind.NOTES: _notes,
    SinkKind.PAGES: _notes,
    SinkKind.LINES: lambda folder, change: JsonlSink(
        folder, change.moment, change.conversation, older=change.older
    ),
    SinkKind.ZIPS: lambda folder, change: ZipSink(folder),
    SinkKind.DATABASE: lambda folder, change: (
        DryDatabaseSink if folder.places.dry else DatabaseSink
    )(folder, change.text, older=change.older),
    SinkKind.LLM: _llm,
}


def _moment(export: Source, report: RunReport, *, whole: bool) -> Moment:
    """Return the time of the newest of the exports, as far as it is known by now."""
    newest: Edition | None = export.editions[-1] if export.editions else None
    latest = seconds(report.latest)
    if newest is None:
        return Moment(latest, None, tells=False)
    lost = export.losses or export.missing or report.unreadable
    tells = whole and not (lost or newest.pieces or newest.broken)
    return Moment(newest.moment(latest), shown(newest), tells)


def _same_files(sources: Any, export: Source) -> bool:
    """Tell whether an archive's record names the files of `export`, and no others."""
    if not isinstance(sources, list):
        return False
    named = [
        (source.get("name"), source.get("size")) for source in sources if isinstance(source, dict)
    ]
    # Lists, since an archive from elsewhere may name a list; sorted as text for the same reason.
    return sorted(map(repr, named)) == sorted(
        {repr((name, size)) for name, size, _ in export.inventory()}
    )
