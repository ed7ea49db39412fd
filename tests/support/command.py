"""Run the command line in this process, with streams of its own.

To start Python and import gptexit takes longer than most commands do. So this is for tests of what
a command prints, writes and returns. What is about the process itself (signals, pipes that close,
limits of memory, the state that it starts in) starts `python -m gptexit`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from gptexit.__main__ import main


def gptexit(
    *words: str | Path,
    stdin: bytes = b"",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run `gptexit WORDS…`; return its exit code, and what it printed.

    `cwd` is the folder that it runs in; `env` is added to the environment.
    """
    argv = ["gptexit", *map(str, words)]
    files = [tempfile.TemporaryFile() for _ in range(3)]  # noqa: SIM115 - closed below
    files[0].write(stdin)
    try:
        with (
            chdir(cwd or Path.cwd()),
            _environment(env or {}),
            patch.object(sys, "argv", argv),
            _streams(files),
        ):
            code = _exit_code()
        for file in files[1:]:
            file.seek(0)
        return subprocess.CompletedProcess(argv, code, *(file.read() for file in files[1:]))
    finally:
        for file in files:
            file.close()


def as_text(done: subprocess.CompletedProcess[bytes]) -> subprocess.CompletedProcess[str]:
    """Return the same with what was printed as text."""
    printed = done.stdout.decode(), done.stderr.decode()
    return subprocess.CompletedProcess(done.args, done.returncode, *printed)


def _exit_code() -> int:
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@contextmanager
def _streams(files: list[Any]) -> Iterator[None]:
    """Put files in the place of the descriptors 0, 1 and 2, and of Python's streams over them."""
    ours = sys.stdin, sys.stdout, sys.stderr
    for stream in ours[1:]:
        stream.flush()
    kept = [os.dup(number) for number in range(3)]
    for number, file in enumerate(files):
        file.seek(0)
        os.dup2(file.fileno(), number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - the descriptors stay
        for number, mode in enumerate("rww")
    )
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdin, sys.stdout, sys.stderr = ours
        for number, descriptor in enumerate(kept):
            os.dup2(descriptor, number)
            os.close(descriptor)


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Change the environment, and follow its `TZ`."""
    tzset = getattr(time, "tzset", lambda: None)  # Windows has none
    try:
        with patch.dict(os.environ, changes):
            tzset()
            yield
    finally:
        tzset()
