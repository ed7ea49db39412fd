"""Do the whole exit in one go: archive, account files, report, verification and a first page.

`exit_page` makes START-HERE.md.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson
from pathvalidate import sanitize_filename

from gptexit.archive.archive import Archive
from gptexit.archive.description import (
    INCOMPLETE,
    Incomplete,
    expect,
    incomplete_of,
    need_same_account,
    part_of,
    record,
    record_of,
    unread,
)
from gptexit.archive.files import Copy, File
from gptexit.archive.folder import ArchiveFolder, beside, beside_key, sha256_of
from gptexit.archive.lock import owning
from gptexit.archive.manifest import Entry, entries
from gptexit.conversion import OutputSpec, choices, convert_export, spec_of
from gptexit.errors import Exit
from gptexit.exit_page import (
    DESTINATIONS,
    LISTED,
    PAGE,
    WEB_PAGE,
    CancelAnswer,
    Commands,
    Destination,
    Stale,
    answer,
    is_incomplete,
    marks,
    start_here,
    with_marks,
)
from gptexit.files.disk import full_disk_named, leads_out
from gptexit.inspection.run import form
from gptexit.pipeline import AssetUnreadable, Progress, guarded
from gptexit.proof import note, verify
from gptexit.readers.chatgpt.containers.nearby import parts_beside
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.readers.chatgpt.source import open_chatgpt
from gptexit.selection import Selection, options_of
from gptexit.source import need_outside
from gptexit.verification.result import Result
from gptexit.writers.base import NOTHING
from gptexit.writers.html.start_page import start_page

NOTES = "markdown"
HTML = "html"
FORMATS = (HTML, NOTES, "jsonl")
"""Formats that every exit has; `html` may be left out."""
ACCOUNT = "account"
"""The folder of the account's own files in an exit, and the name of its format."""
REPORT = "report.json"
_VIEWER = "chat.html"
"""A side file that is left out: it repeats every conversation, and is read as such."""
_MANIFEST = ".gptexit/manifest.jsonl"
_LISTS = (f"{HTML}/list/files.html", f"{HTML}/list/older.html")
"""Pages of the archive that lead to what no conversation shows."""

Watch = Callable[[ExportSet | None, str], AbstractContextManager[Progress | None]]
"""Makes a progress bar for a pass over the export, with a word such as `Reading` before it; None:
for work whose length is not known."""


class Finished(NamedTuple):
    """The findings of an exit when all was written."""

    checked: Result
    answer: CancelAnswer
    """What the page says too."""
    page: Path
    """The page to begin with: START-HERE.html, or START-HERE.md in an exit without pages; or what
    is beside it if the user changed that."""
    together: str
    """The command that takes also the parts of the export that lie beside it; "" if none do."""
    stale: list[Stale]
    """Packs of earlier runs that lack what is new."""
    beside: str | None = None
    """The name of the new START-HERE.md, if the user changed the one that is there."""


class Left(NamedTuple):
    """What an exit did."""

    report: dict[str, Any]
    """The report of the conversion."""
    finished: Finished | None = None
    """None if nothing was to be written."""


def leave(
    sources: Sequence[str | Path],
    out: Path,
    options: Mapping[str, Any],
    watch: Watch,
    going_to: Sequence[str] = (),
    taken_along: Selection | None = None,
    *,
    without: Container[str] = (),
    allow_large: bool = False,
    jobs: int | None = 1,
    dry: bool = False,
) -> Left:
    """Write everything to `out`.

    `going_to`: keys of DESTINATIONS, whose formats are written too, with the conversations that
    `taken_along` selects; the archive itself always holds them all, as they are. `without`: those
    of FORMATS that are not wanted. `jobs`: how many
    processes read and render; None for one for each core, if the export is large enough. `dry`:
    write nothing; `planned` in the report says what would be written, and nothing is verified.

    Read the source once to write and once more, by other code, to verify. Raise NotAnExport,
    CannotRedact, Unusable, and OSError if the disk refuses.
    """
    need_outside(sources, [out])
    expect(out, "exit")
    places = {name: DESTINATIONS[name] for name in going_to}
    own = [name for name in FORMATS if name not in without]
    pages = HTML in own
    specs = _specs(own, options, places.values(), taken_along)
    owned = nullcontext() if dry else owning(out)
    with full_disk_named(out, lambda: 0), owned:
        with watch(None, "Opening"):
            opened = open_chatgpt(sources, allow_large=allow_large)
        with opened as export:
            need_same_account(export, [out], out)
            with watch(export, "Reading") as progress:
                report = convert_export(
                    export, out, specs, Selection(), progress=progress, jobs=jobs, dry=dry
                )
            kept, account = _keep_account_files(export, out / ACCOUNT, dry=dry)
            _add_losses(report, [loss.as_json() for loss in export.losses])
            if dry:
                return Left({**report, "account": account})
            lost = report["read"]["unreadable"] + report["assets"]["not_copied"]
            if export.is_one_file:
                lost = [*lost, {"where": export.label, "reason": "only one file out of an export"}]
        with watch(None, "Opening"):
            opened = open_chatgpt(sources, careful=True, allow_large=allow_large)
        with opened as export, watch(export, "Verifying") as progress:
            parts = _parts(out, [spec.format.name for spec in specs], record_of(out))
            checked = verify(
                out, export, progress, parts=[part["path"] for part in parts], jobs=jobs
            )
            nodes = report["read"]["nodes"]
            generation = form(export, nodes["full"], nodes["slim"]).generation
            folder = ArchiveFolder(out)
            earlier = folder.archive.recorded()
            commands = Commands.of(sources, out)
            renewed, stale = _earlier_packs(
                out, {part["format"] for part in parts}, checked, commands
            )
            there = [*places, *(name for name in renewed if name not in places)]
            together = _together(sources, report, out, going_to)
            this, incomplete = _export_of(report), incomplete_of(earlier)
            incomplete = None if incomplete and incomplete.is_replaced_by(this) else incomplete
            facts = (report, checked, kept, generation, there, stale, commands, incomplete)
            text = partial(
                start_here,
                *facts,
                together,
                pages=pages,
                places=_places(out, report, checked),
                lists=[path for path in _LISTS if (out / path).is_file()],
            )
            plain = _put_pages(folder, text, earlier.get("page"), pages=pages)
            folder.put(File(REPORT, orjson.dumps(report, option=orjson.OPT_INDENT_2), REPORT))
            folder.finish()
            # The options as they were given, those of the notes among them.
            about = {
                **choices(spec_of(NOTES, options), Selection()),
                **{"format": "exit", "parts": parts, "page": plain},
            }
            if lacks := incomplete or (this if is_incomplete(report, checked) else None):
                about[INCOMPLETE] = lacks._asdict()
            before = earlier.get("unread") if incomplete else None
            folder.archive.describe(record(about, export, {}, unread(lost, before, whole=False)))
        note([out], checked)
    new = folder.tally.new_texts
    name = WEB_PAGE if pages else new.get(PAGE, PAGE)
    answered = answer(report, checked, name, incomplete, together)
    return Left(report, Finished(checked, answered, out / name, together, stale, new.get(PAGE)))


def _put_pages(folder: ArchiveFolder, text: Callable[..., str], before: Any, *, pages: bool) -> str:
    """Write START-HERE.md, and with `pages` START-HERE.html. Return the SHA-256 of the first.

    `text`: returns the text of a page by its `name`. `before`: the SHA-256 of the page of an
    earlier run. Both are of a page without marks.
    """
    page = text(name=PAGE)
    folder.put(File(PAGE, with_marks(page, _marks(folder, before)).encode(), PAGE))
    if pages:
        data = start_page(text(name=WEB_PAGE), f"{HTML}/index.html")
        folder.put(File(WEB_PAGE, data, WEB_PAGE))
    return sha256_of(page.encode())


def _places(out: Path, report: dict[str, Any], checked: Result) -> dict[str, dict[str, str]]:
    """Return the paths of the conversations that START-HERE names, by the page and their ids."""
    named = {form.conversation for form in checked.unknown}
    named |= {asset["conversation"] for asset in report["assets"]["missing"][:LISTED]}
    wanted = {f"conversation/{name}": name for name in named}
    return {
        page: {
            wanted[entry.key]: f"{folder}/{entry.path}"
            for entry in entries(out / folder / _MANIFEST)
            if entry.key in wanted
        }
        for page, folder in ((PAGE, NOTES), (WEB_PAGE, HTML))
    }


def _specs(
    own: Iterable[str],
    options: Mapping[str, Any],
    places: Iterable[Destination],
    taken_along: Selection | None,
) -> list[OutputSpec]:
    """Return the formats of an exit: `own`, those of the archive, whole, and one for each place."""
    whole = {**options, "redact": NOTHING, "start": f"../{WEB_PAGE}"}
    specs = [spec_of(name, whole, of_exit=True) for name in own]
    for place in places:
        given = {**options, **place.options}
        specs.append(spec_of(place.format, given, taken_along, of_exit=True))
    return specs


def _together(
    sources: Sequence[str | Path], report: dict[str, Any], out: Path, going_to: Iterable[str]
) -> str:
    """Return the command that takes the parts beside the sources too; "" if there are none."""
    beside = parts_beside(sources, report["source"]["missing_files"])
    places = [word for name in going_to for word in ("--for", name)]
    return Commands.of([*sources, *beside], out).exit(*places) if beside else ""


def _export_of(report: dict[str, Any]) -> Incomplete:
    """Return the newest export of a run, as a record names one that is not whole."""
    source = report["source"]
    made = source["made"] if source["made"] and source["made"]["by"] != "files" else {}
    label = source["exports"][-1]["label"] if source["exports"] else source["label"]
    return Incomplete(label, made.get("time") or report["read"]["newest"] or "")


def _add_losses(report: dict[str, Any], losses: list[dict[str, str]]) -> None:
    """Add to a report what was lost after it was made: files of the account."""
    unreadable = report["read"]["unreadable"]
    more = [loss for loss in losses if loss not in unreadable]
    if more:
        unreadable += more
        report |= {"complete": False, "exit_code": int(Exit.INCOMPLETE)}


def _marks(folder: ArchiveFolder, plain: Any) -> dict[str, str]:
    """Return the marks that the user put into the boxes of the pages that are there, by title.

    A page on which they did nothing else is entered as one of ours, so that it is renewed. `plain`:
    the SHA-256 of the page that an earlier run wrote, without marks.
    """
    known: dict[str, str] = {}
    number, path = 0, PAGE
    while (data := folder.read(path)) is not None:
        page = data.decode("utf-8", "replace").replace("\r\n", "\n")
        known |= marks(page)
        empty = sha256_of(with_marks(page, {}).encode())
        if empty == plain or folder.is_ours(path, empty):
            key = beside_key(PAGE, number) if number else PAGE
            folder.catalog.put(Entry(key, path, sha256_of(data), len(data)))
        number += 1
        path = beside(PAGE, number)
    return known


def _earlier_packs(
    out: Path, formats: Container[str], checked: Result, commands: Commands
) -> tuple[list[str], list[Stale]]:
    """Return the names of packs that are of this export, and those of earlier ones.

    `checked`: the verification, which tells them apart by the sources that they record.
    """
    of_this = {archive.path for archive in checked.archives if not archive.of_earlier}
    fresh, stale = [], []
    for name, place in DESTINATIONS.items():
        if place.format not in formats:
            continue
        if place.format in of_this:
            fresh.append(name)
        else:
            excluded = options_of(record_of(out / place.format).get("selection"))
            stale.append(Stale(name, commands.exit("--for", name, *excluded)))
    return fresh, stale


def _keep_account_files(
    export: ExportSet, root: Path, *, dry: bool = False
) -> tuple[list[str], dict[str, Any]]:
    """Copy settings, ratings, links and name tables as they are.

    One that is damaged becomes a loss of `export`. Return their paths in `root`, and what a dry run
    would write.
    """
    digests: dict[str, str] = {}
    kept = []
    unchanged = 0
    with nullcontext() if dry else owning(root):
        folder = ArchiveFolder(Archive(root, dry=dry))
        for name in export.files.side_files():
            stream = None if name.startswith(_VIEWER) else export.files.side_file(name)
            if stream is None:
                continue

            def opened(stream: BinaryIO = stream, name: str = name) -> BinaryIO:
                return guarded(lambda _: stream, name)

            copy = Copy(_portable(name), f"account/{name}", name)
            # No file has a size of -1, so each is compared by its bytes: unlike an asset, a side
            # file changes under its name.
            try:
                outcome = folder.copy(copy, -1, opened)
            except AssetUnreadable as error:
                export.lose(name, error.why)
                continue
            entry = folder.catalog.get(copy.key)
            if entry and outcome != "edited":
                digests[name] = entry.sha256
            unchanged += outcome != "written"
            kept.append(copy.path)
        folder.finish()
        asked: dict[str, Any] = {"format": ACCOUNT, "options": {}, "selection": {}}
        asked["part_of"] = part_of(ACCOUNT)
        lost = unread(loss.as_json() for loss in export.losses)
        folder.archive.describe(record(asked, export, digests, lost))
    return kept, {**folder.archive.planned(), "unchanged": unchanged, "exact": True}


def _portable(name: str) -> str:
    """Make a path of the export one that every system takes and that stays in its folder."""
    parts = [str(sanitize_filename(part, platform="universal")) for part in name.split("/")]
    path = "/".join(part or "_" for part in parts if part not in (".", ".."))
    return f"_{path}" if leads_out(path) else path


def _parts(root: Path, formats: Iterable[str], earlier: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a part for each folder of an exit: its path, its format, how many files it lists.

    `formats`: what this run wrote, each in a folder of its name, beside the account files.
    `earlier`: the record of an earlier run. A folder that it lists stays a part as long as nobody
    removes it.
    """
    written = {ACCOUNT: ACCOUNT, **{name: name for name in formats}}
    listed = earlier.get("parts")
    for part in listed if isinstance(listed, list) else ():
        known = part if isinstance(part, dict) else {}
        path, name = known.get("path"), known.get("format")
        if isinstance(path, str) and isinstance(name, str) and _is_archive(root, path):
            written.setdefault(path, name)
    return [
        {"path": path, "format": name, "files": sum(1 for _ in entries(root / path / _MANIFEST))}
        for path, name in sorted(written.items())
    ]


def _is_archive(root: Path, path: str) -> bool:
    """Tell whether `path` is the folder of a whole archive, directly below `root`."""
    plain = path not in ("", ".", "..") and not any(sign in path for sign in "/\\:\0")
    return plain and (root / path / _MANIFEST).is_file()
