"""Read a ChatGPT data export, normalize it, and write it in formats that last.

import gptexit

gptexit.convert("export.zip", "archive", ["markdown", "jsonl"])

with gptexit.open_export(["export.zip"]) as export:
    for conversation in gptexit.conversations(export):
        print(conversation["title"])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gptexit.archive import convert
    from gptexit.export.container import Export, NotAnExport, open_export
    from gptexit.model import Conversation
    from gptexit.pipeline import conversations

__version__ = "0.1.0"
__all__ = ["Conversation", "Export", "NotAnExport", "conversations", "convert", "open_export"]

_HOMES = {
    "Conversation": "model",
    "Export": "export.container",
    "NotAnExport": "export.container",
    "conversations": "pipeline",
    "convert": "archive",
    "open_export": "export.container",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and only then: `gptexit --help` must not wait for it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gptexit' has no attribute {name!r}")
    return getattr(importlib.import_module(f"gptexit.{_HOMES[name]}"), name)
