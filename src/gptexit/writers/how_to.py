"""The page on importing that lies beside the files of a format."""

from __future__ import annotations

from typing import Any

from gptexit.archive.files import File
from gptexit.templates import render

HOW_TO = "HOW-TO-IMPORT.md"


def how_to(format: str, **facts: Any) -> File:
    """Return the page of a format. `facts`: what its template asks for."""
    text = render(f"{format}/{HOW_TO}.j2", **facts)
    return File(HOW_TO, text.encode(), "how-to")
