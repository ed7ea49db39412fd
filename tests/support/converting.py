"""Convert an open export as `gptexit.conversion` does, without options, names and locks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gptexit.archive.archive import Archive
from gptexit.archive.folder import ArchiveFolder
from gptexit.pipeline import Output, convert
from gptexit.report import RunReport, Written
from gptexit.selection import Selection
from gptexit.source import open_source
from gptexit.writers.base import WriterSetting
from gptexit.writers.registry import FORMATS


def convert_each(
    source: Path,
    out: Path,
    names: Sequence[str],
    options: Mapping[str, Any] | None = None,
    progress: Callable[..., Any] | None = None,
) -> dict[str, Any]:
    """Convert `source` to a folder of `out` for each of the formats `names`. Return the report."""
    with open_source([source]) as export:
        archives = {name: Archive(out / name) for name in names}

        def outputs(report: RunReport) -> list[Output]:
            made = []
            for name, archive in archives.items():
                folder = ArchiveFolder(archive)
                setting = WriterSetting(folder.catalog, export.open)
                writer = FORMATS[name].make(options or {}, setting)
                made.append(Output(writer, folder, Written(name, str(out / name)), folder))
            return made

        report = convert(export, outputs, Selection(), progress=progress)
        return report.report(export, 0 if report.complete(export) else 1)
