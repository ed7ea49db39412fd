"""Archive, account files, report, verification and a page to begin with, in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from gptexit.archive.description import need_same_account, record, unread
from gptexit.archive.files import File
from gptexit.archive.folder import ArchiveFolder
from gptexit.archive.lock import owning
from gptexit.conversion import OutputSpec, carry_out
from gptexit.exit.account_files import FOLDER, keep
from gptexit.exit.destinations import DESTINATIONS, parts
from gptexit.exit.start_here import start_here
from gptexit.inspection.absences import as_markdown
from gptexit.inspection.run import form
from gptexit.pipeline import Progress
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.readers.chatgpt.source import open_chatgpt
from gptexit.selection import Selection
from gptexit.verification.result import Result
from gptexit.writers.base import NOTHING, Options
from gptexit.writers.registry import choices

FORMATS = ("markdown", "jsonl")
PAGE = "START-HERE.md"
REPORT = "report.json"

Watch = Callable[[ExportSet, str], AbstractContextManager[Progress | None]]
"""Makes a progress bar for a pass over the export, with a word for what it does."""


def leave(
    sources: Sequence[str | Path],
    out: Path,
    options: Options,
    watch: Watch,
    going_to: Sequence[str] = (),
    taken_along: Selection | None = None,
    *,
    allow_large: bool = False,
    jobs: int | None = 1,
) -> tuple[dict[str, Any], Result]:
    """Write everything to `out`; the report of the conversion, and what verifying it found.

    `going_to`: keys of DESTINATIONS, whose formats are written too, with the conversations that
    `taken_along` selects; the archive itself always holds them all, as they are. `jobs`: how many
    processes read and render; None for one for each core, where the export is large enough.

    Reads the source once to write and once more, in another way, to verify. Raises NotAnExport,
    CannotRedact, Unusable, and OSError where the disk refuses.
    """
    going_to = list(dict.fromkeys(going_to))
    plans = [OutputSpec(name, replace(options, redact=NOTHING), of_exit=True) for name in FORMATS]
    plans += [_plan(each, options, taken_along) for each in going_to]
    with owning(out):
        return _leave(sources, out, options, watch, going_to, plans, allow_large, jobs)


def _leave(
    sources: Sequence[str | Path],
    out: Path,
    options: Options,
    watch: Watch,
    going_to: Sequence[str],
    plans: Sequence[OutputSpec],
    allow_large: bool,
    jobs: int | None,
) -> tuple[dict[str, Any], Result]:
    """Write and verify an exit in a folder that this run owns. Return the report and the result."""
    with open_chatgpt(sources, allow_large=allow_large) as export:
        need_same_account(export, [out])
        with watch(export, "Reading") as progress:
            report = carry_out(export, out, plans, Selection(), progress=progress, jobs=jobs)
        kept = keep(export, out / FOLDER)
        lost = [{"where": loss.where, "reason": loss.reason} for loss in export.losses]
        lost += [*report["read"]["unreadable"], *report["assets"]["not_copied"]]
    with (
        open_chatgpt(sources, careful=True, allow_large=allow_large) as export,
        watch(export, "Verifying") as progress,
    ):
        checked = verify(out, export, progress, finished=False)
        nodes = report["read"]["nodes"]
        generation = form(export, nodes["full"], nodes["slim"]).generation
        page = start_here(report, checked, kept, as_markdown(generation), going_to)
        folder = ArchiveFolder(out)
        folder.put(File(PAGE, page.encode(), PAGE))
        folder.put(File(REPORT, orjson.dumps(report, option=orjson.OPT_INDENT_2), REPORT))
        folder.finish()
        about = choices("exit", options, Selection())
        about["parts"] = parts(out, [each.format for each in plans], folder.recorded())
        folder.describe(record(about, export, {}, unread(lost)))
    return report, checked


def _plan(place: str, options: Options, taken_along: Selection | None) -> OutputSpec:
    """What is written for a destination."""
    going = DESTINATIONS[place]
    chosen = replace(options, **going.options)
    return OutputSpec(going.format, chosen, taken_along, of_exit=True)
