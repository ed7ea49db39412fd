"""Start a worker as a copy of this process: it has imported everything already.

A new Python takes 0.15 seconds of a processor until it is ready. A copy is only made where nothing
can go wrong with it: on Linux, of a process that is gptexit's own, as long as that has one thread.
Everywhere else, and in place of a worker that died, a new Python is started (see `pool`).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

_OWN: set[int] = set()
"""The number of this process, if it is gptexit's own."""
_INPUT, _OUTPUT, _ERRORS = 0, 1, 2


def allow() -> None:
    """Say that this process runs the command line of gptexit, and nothing else."""
    _OWN.add(os.getpid())


def may_fork() -> bool:
    """Tell whether a copy of this process can go on by itself, as one of several threads cannot."""
    if os.getpid() not in _OWN or sys.platform != "linux":
        return False
    try:
        return len(list(Path("/proc/self/task").iterdir())) == 1  # those of C libraries too
    except OSError:
        return False


class ForkedWorker:
    """A copy of this process that does the work of a worker; used like a `Popen`."""

    def __init__(self, work: Callable[[BinaryIO, BinaryIO], None]) -> None:
        """`work`: what the copy does, with the streams that it reads and writes. Raises OSError."""
        incoming, sending = os.pipe()
        try:
            receiving, outgoing = os.pipe()
        except OSError:
            _close(incoming, sending)
            raise
        # Ctrl-C is for this process, also before the copy can say that it does not listen.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            pid = os.fork()
            if not pid:
                _be_worker(work, incoming, outgoing)
        except OSError:
            _close(sending, receiving)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            _close(incoming, outgoing)
        self._pid = pid
        self._ended = False
        self.stdin: BinaryIO = os.fdopen(sending, "wb")
        self.stdout: BinaryIO = os.fdopen(receiving, "rb")

    def kill(self) -> None:
        """Kill the copy, if it has not been waited for."""
        if not self._ended:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> None:
        """Wait until the copy has ended."""
        if not self._ended:
            with suppress(ChildProcessError):
                os.waitpid(self._pid, 0)
            self._ended = True


def _be_worker(
    work: Callable[[BinaryIO, BinaryIO], None], incoming: int, outgoing: int
) -> NoReturn:
    """Do the work, and end without going back to what this process was about to do."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (_INPUT, _OUTPUT, _ERRORS):
            os.dup2(nothing, stream)
        # Nobody may wait for a lock or a pipe of the other process that this one holds too.
        kept = {_INPUT, _OUTPUT, _ERRORS, incoming, outgoing}
        _close(*({int(open_one.name) for open_one in Path("/proc/self/fd").iterdir()} - kept))
        work(os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb"))
    finally:
        os._exit(0)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        with suppress(OSError):
            os.close(descriptor)
