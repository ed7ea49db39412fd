"""Where a person may be going, and what `gptexit exit --for` adds for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Destination:
    """A line of the table."""

    format: str
    """The format that it takes."""
    place: str
    """What of it to open, below the folder of that format."""
    what: str
    """One line for START-HERE.md."""


DESTINATIONS = {
    "gemini": Destination(
        "chatgpt", "chatgpt-export.zip", "for Gemini's *Import chats*; delete what it need not know"
    ),
    "librechat": Destination("librechat", "HOW-TO-IMPORT.md", "files for LibreChat, and how to"),
    "open-webui": Destination(
        "open-webui", "HOW-TO-IMPORT.md", "files for Open WebUI, and how to import them"
    ),
}
"""By the name that `--for` takes."""
