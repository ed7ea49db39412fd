"""Find the processes that a test has started, and those that these have started."""

from __future__ import annotations

import os
from pathlib import Path

MARK = "GPTEXIT_TEST_MARK"
"""Environment variable by which a test knows its processes."""
VISIBLE = Path("/proc/self/environ").exists()
"""Whether this system shows the environment of processes."""


def marked(mark: str) -> dict[str, str]:
    """Return an environment for processes that `still_there` will find."""
    return {**os.environ, MARK: mark}


def still_there(mark: str) -> list[int]:
    """Return the processes with a mark that have not ended."""
    entry = f"{MARK}={mark}".encode()
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if entry in environment.read_bytes().split(b"\0"):
                found.append(int(environment.parent.name))
        except OSError:  # it has ended, or is another user's
            continue
    return found
