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
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of that format, by their names."""


DESTINATIONS = {
    "claude": Destination(
        "claude", "START-HERE.md", "for Claude: your memory and projects, and how to move them"
    ),
    "gemini": Destination(
        "gemini", "START-HERE.md", "for Gemini: your memory and chats, and how to move them"
    ),
    "librechat": Destination(
        "chatgpt",
        "chatgpt-export.zip",
        "for LibreChat: *Settings > Data Controls > Import*",
        {"fit": "librechat"},
    ),
    "mcp": Destination(
        "sqlite",
        "chatgpt.sqlite",
        "for `gptexit mcp`, through which an assistant searches your history on this machine",
    ),
    "open-webui": Destination(
        "open-webui", "HOW-TO-IMPORT.md", "files for Open WebUI, and how to import them"
    ),
}
"""By the name that `--for` takes."""
