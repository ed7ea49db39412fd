"""Archive, account files, report, verification and a page to begin with, in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from gptexit.archive import Plan, carry_out
from gptexit.chatgpt.reader import open_chatgpt
from gptexit.exit.account import keep
from gptexit.exit.destinations import DESTINATIONS
from gptexit.exit.start_here import start_here
from gptexit.export.container import Export
from gptexit.inspect.absences import as_markdown
from gptexit.inspect.generation import form
from gptexit.pipeline import Progress
from gptexit.record import choices, record
from gptexit.select import Selection
from gptexit.sink import Folder
from gptexit.targets.base import NOTHING, File, Options
from gptexit.verify.check import verify
from gptexit.verify.result import Result

FORMATS = ("markdown", "jsonl")
PAGE = "START-HERE.md"
REPORT = "report.json"

Watch = Callable[[Export, str], AbstractContextManager[Progress | None]]
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
) -> tuple[dict[str, Any], Result]:
    """Write everything to `out`; the report of the conversion, and what verifying it found.

    `going_to`: keys of DESTINATIONS, whose formats are written too, with the conversations that
    `taken_along` selects; the archive itself always holds them all, as they are.

    Reads the source once to write and once more, in another way, to verify. Raises NotAnExport,
    CannotRedact, and OSError where the disk refuses.
    """
    going_to = list(dict.fromkeys(going_to))
    plans = [Plan(name, replace(options, redact=NOTHING)) for name in FORMATS]
    plans += [_plan(each, options, taken_along) for each in going_to]
    with open_chatgpt(sources, allow_large=allow_large) as export:
        with watch(export, "Reading") as progress:
            report = carry_out(export, out, plans, Selection(), progress=progress)
        kept = keep(export, out / "account")
    with (
        open_chatgpt(sources, careful=True, allow_large=allow_large) as export,
        watch(export, "Verifying") as progress,
    ):
        checked = verify(out, export, progress)
        nodes = report["read"]["nodes"]
        generation = form(export, nodes["full"], nodes["slim"]).generation
        page = start_here(report, checked, kept, as_markdown(generation), going_to)
        folder = Folder(out)
        folder.put(File(PAGE, page.encode(), PAGE))
        folder.put(File(REPORT, orjson.dumps(report, option=orjson.OPT_INDENT_2), REPORT))
        folder.finish()
        folder.describe(record(choices("exit", options, Selection()), export, {}))
    return report, checked


def _plan(place: str, options: Options, taken_along: Selection | None) -> Plan:
    """What is written for a destination."""
    going = DESTINATIONS[place]
    return Plan(going.format, replace(options, **going.options), taken_along)
