"""The account's own files, kept as they are: settings, ratings, shared links, name tables."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from pathvalidate import sanitize_filename

from gptexit.archive.description import part_of, record, unread
from gptexit.archive.files import Copy
from gptexit.archive.folder import ArchiveFolder
from gptexit.archive.lock import owning
from gptexit.files.disk import leads_out
from gptexit.readers.chatgpt.export_set import ExportSet

FOLDER = "account"
"""The folder of an exit in which they are, and the name of its format."""
LEFT_OUT = "chat.html"
"""A viewer with a copy of every conversation in it: it is read where the conversations are gone."""


def keep(export: ExportSet, root: Path) -> list[str]:
    """Copy the side files of `export` to the folder `root`; their names there.

    Raises OSError where the disk refuses. A file that cannot be read is named in `export.losses`.
    """
    with owning(root):
        return _keep(export, ArchiveFolder(root))


def _keep(export: ExportSet, folder: ArchiveFolder) -> list[str]:
    digests: dict[str, str] = {}
    kept = []
    for name in export.files.side_files():
        stream = None if name.startswith(LEFT_OUT) else export.files.side_file(name)
        if stream is None:
            continue
        copy = Copy(_safe(name), f"account/{name}", name)
        outcome = folder.copy(copy, _ANY_SIZE, partial(_given, stream))
        entry = folder.catalog.get(copy.key)
        if entry and outcome != "edited":
            digests[name] = entry.sha256
        kept.append(copy.path)
    folder.finish()
    asked: dict[str, Any] = {"format": FOLDER, "options": {}, "selection": {}}
    asked["part_of"] = part_of(FOLDER)
    lost = [{"where": each.where, "reason": each.reason} for each in export.losses]
    folder.archive.describe(record(asked, export, digests, unread(lost)))
    return kept


_ANY_SIZE = -1
"""Never taken for unchanged by its size: unlike an asset, a side file changes under its name."""


def _given(stream: BinaryIO) -> BinaryIO:
    return stream


def _safe(name: str) -> str:
    """A name from the export as a path that every system takes and that leads nowhere else."""
    parts = [str(sanitize_filename(part, platform="universal")) for part in name.split("/")]
    path = "/".join(part or "_" for part in parts if part not in (".", ".."))
    return f"_{path}" if leads_out(path) else path
