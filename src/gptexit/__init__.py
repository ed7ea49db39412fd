"""Read a ChatGPT data export, convert it to formats that last, and prove that nothing is missing.

    import gptexit

    gptexit.convert("export.zip", "archive", ["markdown", "jsonl"])
    gptexit.verify("archive", "export.zip").verdict

    with gptexit.open("export.zip") as export:
        for conversation in export:
            print(conversation["title"])

The functions:

    open      open an export; iterate over it for its conversations
    convert   write an export in one format or several, into a folder
    verify    prove that an archive holds what the export holds
    inspect   say what an export holds and what it lacks
    memory    collect what ChatGPT remembered of its user
    status    say what an archive is, and what to do with it next
    bag       copy an archive into a BagIt bag, for a library or another keeper

Errors are of the family of GptexitError (see `gptexit.errors`). docs/python.md has examples. No
function opens a connection.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gptexit.api import (
        Export,
        bag,
        conversations,
        inspect,
        memory,
        open,
        open_export,
        status,
        verify,
    )
    from gptexit.archive_status import Status
    from gptexit.bagging import Bagged
    from gptexit.conversion import Report, convert
    from gptexit.errors import GptexitError, NoArchive, NotAnExport, Unusable
    from gptexit.inspection.run import Inspection
    from gptexit.memories.model import Memory
    from gptexit.model import Asset, Conversation, Message, Part
    from gptexit.readers.chatgpt.containers.base import Loss
    from gptexit.selection import Selection
    from gptexit.verification.result import Problem, Result
    from gptexit.writers.base import Options

__version__ = "0.1.0"
__all__ = [
    "Asset",
    "Bagged",
    "Conversation",
    "Export",
    "GptexitError",
    "Inspection",
    "Loss",
    "Memory",
    "Message",
    "NoArchive",
    "NotAnExport",
    "Options",
    "Part",
    "Problem",
    "Report",
    "Result",
    "Selection",
    "Status",
    "Unusable",
    "bag",
    "conversations",
    "convert",
    "inspect",
    "memory",
    "open",
    "open_export",
    "status",
    "verify",
]

_HOMES = {
    **dict.fromkeys(("Export", "conversations", "inspect", "memory"), "api"),
    **dict.fromkeys(("bag", "open", "open_export", "status", "verify"), "api"),
    **dict.fromkeys(("Report", "convert"), "conversion"),
    **dict.fromkeys(("GptexitError", "NoArchive", "NotAnExport", "Unusable"), "errors"),
    **dict.fromkeys(("Asset", "Conversation", "Message", "Part"), "model"),
    **dict.fromkeys(("Problem", "Result"), "verification.result"),
    "Bagged": "bagging",
    "Inspection": "inspection.run",
    "Loss": "readers.chatgpt.containers.base",
    "Memory": "memories.model",
    "Options": "writers.base",
    "Selection": "selection",
    "Status": "archive_status",
}
"""The module of each name, which is imported when the name is used: `--help` must not wait."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gptexit' has no attribute {name!r}")
    return getattr(importlib.import_module(f"gptexit.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
