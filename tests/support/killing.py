"""Run the command in a real process that is killed in the middle of its writing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

_CODE = """
import os, signal, sys
real, left = os.replace, [{left}]
def replace(*words):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    real(*words)
os.replace = replace
from gptexit.cli import run
sys.argv = ["gptexit", *{words!r}]
run()
"""


def killed_before_rename(words: Sequence[str], number: int) -> None:
    """Run `gptexit WORDS…`, and kill it where it would rename a file for the `number`th time."""
    code = _CODE.format(left=number, words=list(words))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL if os.name == "posix" else done.returncode != 0
