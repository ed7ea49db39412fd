"""Where a person may be going, and the folders that an exit for it consists of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gptexit.archive.manifest import entries
from gptexit.exit.account_files import FOLDER


@dataclass(frozen=True, slots=True)
class Destination:
    """A line of the table."""

    format: str
    """The format that it takes."""
    place: str
    """What of it to open, below the folder of that format."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that format, by their names."""


DESTINATIONS = {
    "claude": Destination("claude", "START-HERE.md"),
    "gemini": Destination("gemini", "START-HERE.md"),
    "librechat": Destination("chatgpt", "chatgpt-export.zip", {"fit": "librechat"}),
    "mcp": Destination("sqlite", "chatgpt.sqlite"),
    "open-webui": Destination("open-webui", "HOW-TO-IMPORT.md"),
}
"""By the name that `--for` takes. What they are, and what to do with them, is said in
templates/exit/places.md.j2 and next.md.j2."""


_MANIFEST = ".gptexit/manifest.jsonl"


def parts(root: Path, formats: Iterable[str], earlier: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a part for each folder of an exit: its path, its format, how many files it lists.

    `formats`: what this run wrote, each in a folder of its name, beside the account files.
    `earlier`: the record of an earlier run. A folder that it lists and that is still there stays a
    part; one that somebody has removed since is none any more.
    """
    written = {FOLDER: FOLDER, **{name: name for name in formats}}
    listed = earlier.get("parts")
    for part in listed if isinstance(listed, list) else ():
        known = part if isinstance(part, dict) else {}
        path, name = known.get("path"), known.get("format")
        if isinstance(path, str) and isinstance(name, str) and _is_there(root, path):
            written.setdefault(path, name)
    return [
        {"path": path, "format": name, "files": sum(1 for _ in entries(root / path / _MANIFEST))}
        for path, name in sorted(written.items())
    ]


def _is_there(root: Path, path: str) -> bool:
    """Tell whether `path` names a folder of an archive, one level below `root`."""
    plain = path not in ("", ".", "..") and not any(sign in path for sign in "/\\:\0")
    return plain and (root / path / _MANIFEST).is_file()
