"""What a run may touch: nothing outside of its folders, no network, no more than its time.

Python tells an audit hook of every file that is opened for writing, made, renamed or removed, and
of every connection. A hook cannot be removed, so there is one, and it listens while it is asked to.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SECONDS = 10.0
"""A run that takes longer hangs."""
_PATHS = {
    **dict.fromkeys(("os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod"), 1),
    **dict.fromkeys(("os.rename", "os.link", "os.symlink"), 2),
}
"""Events, and how many of their arguments are paths."""
_NEVER = ("socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.Popen", "os.system")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Hangs(BaseException):
    """A run has not ended in time."""


class _Watch:
    def __init__(self) -> None:
        self.roots: tuple[str, ...] | None = None
        self.strays: list[str] = []
        self.installed = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.roots is None:
            return
        if event == "open":
            path, mode, flags = arguments
            if (flags or 0) & _WRITES or set(mode or "") & set("wax+"):
                self._check(event, path)
        elif event in _PATHS:
            for path in arguments[: _PATHS[event]]:
                self._check(event, path)
        elif event in _NEVER and not _is_worker(event, arguments):
            self.strays.append(f"{event} {arguments!r}"[:300])

    def _check(self, event: str, path: Any) -> None:
        if isinstance(path, int) or self.roots is None:
            return
        real = os.path.realpath(os.fsdecode(path))
        if not any(real == root or real.startswith(root + "/") for root in self.roots):
            self.strays.append(f"{event} {real!r}"[:300])


def _is_worker(event: str, arguments: tuple[Any, ...]) -> bool:
    """Tell a process of gptexit's own, which reads a large export beside the first one."""
    return event == "subprocess.Popen" and "from gptexit.parallel.worker import" in str(arguments)


_WATCH = _Watch()


@contextmanager
def watched(*roots: str) -> Iterator[list[str]]:
    """Whatever is written elsewhere than below `roots`, while the block runs.

    What is imported meanwhile leaves no bytecode behind, which would count.
    """
    if not _WATCH.installed:
        sys.addaudithook(_WATCH)
        _WATCH.installed = True
    _WATCH.strays = []
    _WATCH.roots = tuple(os.path.realpath(root) for root in roots)
    without_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield _WATCH.strays
    finally:
        sys.dont_write_bytecode = without_bytecode
        _WATCH.roots = None


@contextmanager
def timed(seconds: float = SECONDS) -> Iterator[None]:
    """Raise Hangs where the block takes longer. Does nothing where there is no such signal."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
