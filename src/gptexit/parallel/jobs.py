"""How many processes share the work of a run."""

from __future__ import annotations

import os
import sys

from gptexit.readers.chatgpt.source import ChatGPTExport
from gptexit.source import Source

SMALL = 32 << 20
"""Bytes of conversations below which starting workers costs more time than they save."""


def jobs_for(export: Source, jobs: int | None) -> int:
    """Return how many workers to start for an export; 1: do it all in this process.

    `jobs`: how many are asked for; None for one for each core, where the export is large enough.
    """
    if not isinstance(export, ChatGPTExport) or export.again is None or not sys.executable:
        return 1
    if getattr(sys, "frozen", False):
        return 1
    if jobs is None:
        return _cores() if (export.bytes_total or 0) >= SMALL else 1
    return jobs


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
