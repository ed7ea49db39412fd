"""The layout of a Markdown archive, which it keeps from its first run on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from gptexit.archive.catalog import Catalog
from gptexit.archive.folder import OtherArchive
from gptexit.writers.base import Options
from gptexit.writers.markdown.folders import FLAT, LAYOUTS, NOTES, PROJECT, PROJECTS, YEAR

_FORMAT = "markdown"


def laid_out(format_name: str, options: Options, root: Path, catalog: Catalog) -> Options:
    """Return `options` with the layout of the archive in `root`, whose files are in `catalog`.

    A new archive has the one that is asked for, else `year`. Raises OtherArchive where the archive
    has another one than is asked for: its notes stay where they are, and would then be mixed.
    """
    if format_name != _FORMAT:
        return options
    there = _recorded(root)
    if there is None and (options.layout is None or (root / ".gptexit/archive.json").exists()):
        there = _seen(catalog)
    if there and options.layout and there != options.layout:
        raise OtherArchive(
            f"{root} has the layout {there}, which an archive keeps from its first run on: leave "
            f"--layout {options.layout} out, or name another folder with -o."
        )
    return replace(options, layout=there or options.layout or YEAR)


def _recorded(root: Path) -> str | None:
    """Return the layout in the archive's record of itself, None where it tells none."""
    try:
        found: Any = orjson.loads((root / ".gptexit/archive.json").read_bytes())
        layout = found["options"]["layout"] if found["format"] == _FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return layout if layout in LAYOUTS else None


def _seen(catalog: Catalog) -> str | None:
    """Return the layout that the paths of the notes have, None where there is no note.

    For archives of versions that wrote no layout down, which had `year` alone; for one whose first
    run was killed; and for one whose record is that of another format in the same folder.
    """
    if catalog.has_note(f"{PROJECTS}/"):
        return PROJECT
    if catalog.has_note(f"{NOTES}/"):
        return FLAT
    return YEAR if catalog.has_note("") else None
