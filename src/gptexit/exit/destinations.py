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
    what: str
    """One line for START-HERE.md."""
    then: str
    """What to do with it, as Markdown; `{here}`: the way to it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that format, by their names."""


DESTINATIONS = {
    "claude": Destination(
        "claude",
        "START-HERE.md",
        "for Claude: your memory and projects, and how to move them",
        "**To move to Claude**, do what `{here}` says.",
    ),
    "gemini": Destination(
        "gemini",
        "START-HERE.md",
        "for Gemini: your memory and chats, and how to move them",
        "**To move to Gemini**, do what `{here}` says.",
    ),
    "librechat": Destination(
        "chatgpt",
        "chatgpt-export.zip",
        "for LibreChat: *Settings > Data Controls > Import*",
        "**To move to LibreChat**, choose there *Settings > Data Controls > Import*, and take "
        "`{here}`.",
        {"fit": "librechat"},
    ),
    "mcp": Destination(
        "sqlite",
        "chatgpt.sqlite",
        "for `gptexit mcp`, through which an assistant searches your history on this machine",
        "**To have your assistant search the archive** on this machine, quit it, and run in this "
        "folder `gptexit mcp --install claude-desktop --write {here}`; or `--install claude-code`, "
        "`--install gemini-cli`. Then start it again. To search yourself: `gptexit search {here} "
        "WORDS`.",
    ),
    "open-webui": Destination(
        "open-webui",
        "HOW-TO-IMPORT.md",
        "files for Open WebUI, and how to import them",
        "**To move to Open WebUI**, do what `{here}` says.",
    ),
}
"""By the name that `--for` takes."""


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
