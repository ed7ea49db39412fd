"""Paths that a person gives: which of them lead to devices and pipes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def special(path: str | os.PathLike[str]) -> str | None:
    """Return what a path leads to, such as `a pipe`; None for a file, a folder, and nothing.

    Opening a pipe waits for somebody who writes into it, and a device may have no end.
    """
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return None
    return next((name for is_one, name in _KINDS if is_one(mode)), None)
