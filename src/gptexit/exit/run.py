"""Archive, account files, report, verification and a page to begin with, in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import orjson

from gptexit.archive import convert_export
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
from gptexit.targets.base import File, Options
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
) -> tuple[dict[str, Any], Result]:
    """Write everything to `out`; the report of the conversion, and what verifying it found.

    `going_to`: keys of DESTINATIONS, whose formats are written too.

    Reads the source once to write and once more, in another way, to verify. Raises NotAnExport,
    and OSError where the disk refuses.
    """
    going_to = list(dict.fromkeys(going_to))
    formats = [*FORMATS, *(DESTINATIONS[each].format for each in going_to)]
    with open_chatgpt(sources) as export:
        with watch(export, "Reading") as progress:
            report = convert_export(export, out, formats, Selection(), options, progress=progress)
        kept = keep(export, out / "account")
    with (
        open_chatgpt(sources, careful=True) as export,
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
