"""Read a ChatGPT data export, normalize it, and write it in formats that last.

import gptexit

gptexit.convert("export.zip", "archive", ["markdown", "jsonl"])

with gptexit.open_export("export.zip") as export:
    for conversation in gptexit.conversations(export):
        print(conversation["title"])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gptexit.conversion import convert
    from gptexit.errors import NotAnExport
    from gptexit.model import Conversation
    from gptexit.pipeline import conversations
    from gptexit.readers.chatgpt.export_set import Export
    from gptexit.source import open_source as open_export

__version__ = "0.1.0"
__all__ = ["Conversation", "Export", "NotAnExport", "conversations", "convert", "open_export"]

_HOMES = {
    "Conversation": "model",
    "Export": "readers.chatgpt.export_set",
    "NotAnExport": "errors",
    "conversations": "pipeline",
    "convert": "conversion",
    "open_export": "source:open_source",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and only then: `gptexit --help` must not wait for it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gptexit' has no attribute {name!r}")
    home, _, own = _HOMES[name].partition(":")
    return getattr(importlib.import_module(f"gptexit.{home}"), own or name)
