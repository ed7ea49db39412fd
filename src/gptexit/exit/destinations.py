"""Where a person may be going, and what `gptexit exit --for` adds for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
