"""Hand the conversations of an export to worker processes, and return their replies in order.

Each worker has one batch at a time, and few batches are under way, so that memory stays bounded.

A worker may die: of too little memory, or of a fault in a C library. Its batch is then tried again,
one conversation at a time, and one that kills two more workers has no reply.
"""

from __future__ import annotations

import marshal
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, cast

import gptexit
from gptexit.errors import BadOption
from gptexit.parallel.forking import ForkedWorker, may_fork
from gptexit.parallel.worker import Raw, receive, send, serve, wait_for_ready
from gptexit.readers.chatgpt.export_set import ExportSet

BATCH = 1 << 20
"""Bytes of a batch of conversations, as `marshal` writes them."""
AHEAD = 3
"""Batches that are under way for each worker: one with it, one before and one behind it."""
TRIES = 3
"""Workers that fail to start, one after the other, until none is tried any more."""
START = """
import sys
sys.path[:] = {path!a}
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
spec = PathFinder.find_spec("gptexit", [{root!a}])
sys.modules["gptexit"] = module_from_spec(spec)
spec.loader.exec_module(sys.modules["gptexit"])
from gptexit.parallel.worker import main
main()
"""
"""The program of a worker. It imports the one gptexit that this process has."""
SMALL = 32 << 20
"""Bytes of conversations below which workers cost more time than they save."""
MOST = 256
"""Workers, at most."""
OWN_FILES = 24
"""Files that this process may have open, besides the pipes to its workers."""
_PYTHON = re.compile(r"(^|[/\\])\.?(python|pypy|graalpy)[^/\\]*$", re.IGNORECASE)
"""The file name of a Python. A program that has one inside would start itself as a worker."""
Batch = list[tuple[str, Any, Any]]
"""Conversations as `Raw`; or a single one that no worker can have, an object instead of bytes."""
Answered = tuple[list[Raw], bytes | None]
"""Conversations and the reply to them; None if they ended two workers."""


def batches_of(conversations: Iterable[tuple[str, Any, Any]], size: int = BATCH) -> Iterator[Batch]:
    """Join conversations (place, content, what the newest export lacks of it) to batches.

    `size`: the bytes of a batch at most; a conversation that has more makes one by itself.

    One that `marshal` cannot write, since it nests deeper than `marshal` goes, or that is wrapped
    in `Here`, makes a batch by itself.
    """
    batch: Batch = []
    held = 0
    for where, raw, gone in conversations:
        data: Any = raw
        if not isinstance(raw, Here):
            with suppress(ValueError):
                data = marshal.dumps(raw)
        if not isinstance(data, bytes):
            if batch:
                yield batch
            yield [(where, data.value if isinstance(data, Here) else data, gone)]
            batch, held = [], 0
            continue
        if batch and held + len(data) > size:
            yield batch
            batch, held = [], 0
        batch.append((where, data, gone))
        held += len(data)
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class Here:
    """A conversation that no worker is to have."""

    value: Any


_Process = subprocess.Popen[bytes] | ForkedWorker


class _CannotStart(Exception):
    """A worker process cannot be started, or cannot open the export."""


class Pool:
    """Worker processes, each driven by a thread of its own."""

    def __init__(self, jobs: int, setup: bytes) -> None:
        """Start the threads; where the system allows fewer, so many. They start the workers."""
        self._setup = setup
        self._limit = AHEAD * jobs
        self._waiting: SimpleQueue[tuple[Batch, Future[list[Answered]]] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._workers: set[_Process] = set()
        self._lock = Lock()
        self._closed = False
        self._failures = 0
        """Workers that could not be started since the last that could."""
        self._copies: SimpleQueue[ForkedWorker] = SimpleQueue()
        """Workers that have no batch yet."""
        if may_fork():  # not any more once there are threads
            self._copy_this_process(min(jobs, _cores()))
        for _ in range(jobs):
            thread = Thread(target=self._drive, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system allows no more threads
                break
            self._threads.append(thread)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        """Kill every worker."""
        with self._lock:
            self._closed = True
            workers = list(self._workers)
        for worker in workers:
            worker.kill()
        while not self._copies.empty():
            self.end(self._copies.get())
        for _thread in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def answers(self, batches: Iterator[Batch]) -> Iterator[tuple[Batch, list[Answered]]]:
        """Yield each batch with its answers, in order; without one if no worker could answer."""
        under_way: deque[tuple[Batch, Future[list[Answered]]]] = deque()
        for batch in batches:
            under_way.append((batch, self._handed(batch)))
            while under_way and (len(under_way) >= self._limit or under_way[0][1].done()):
                first, future = under_way.popleft()
                yield first, future.result()
        for batch, future in under_way:
            yield batch, future.result()

    def _handed(self, batch: Batch) -> Future[list[Answered]]:
        """Hand a batch to the threads, and return its answers to come."""
        future: Future[list[Answered]] = Future()
        if self._threads and isinstance(batch[0][1], bytes):
            self._waiting.put((batch, future))
        else:
            future.set_result([])
        return future

    def _drive(self) -> None:
        """Let a worker answer one batch after the other, until the pool is closed."""
        seat = _Seat(self)
        while (handed := self._waiting.get()) is not None:
            batch, future = handed
            try:
                future.set_result([] if self._closed else seat.exchange(batch))
            except BaseException as error:  # the thread that waits for the answer raises it
                future.set_exception(error)
        seat.clear()

    def _copy_this_process(self, times: int) -> None:
        with suppress(OSError):  # then a new Python may start yet, or this process does the work
            for _ in range(times):
                worker = ForkedWorker(serve)
                self._workers.add(worker)
                self._copies.put(worker)

    def start(self) -> _Process:
        """Start a worker. Raises _CannotStart."""
        with self._lock:
            if self._closed or self._failures >= TRIES:
                raise _CannotStart
            try:
                worker = self._copies.get_nowait() if not self._copies.empty() else _process()
            except (OSError, RuntimeError) as error:  # the latter while this Python ends
                self._failures += 1
                raise _CannotStart from error
            self._workers.add(worker)
        try:
            send(cast(Any, worker.stdin), self._setup)
            wait_for_ready(cast(Any, worker.stdout))
        except (EOFError, OSError) as error:
            self.end(worker)
            self._failures += 1
            raise _CannotStart from error
        self._failures = 0
        return worker

    def end(self, worker: _Process) -> None:
        """Kill a worker, close its pipes and wait until it is gone."""
        worker.kill()
        for stream in (worker.stdin, worker.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        worker.wait()
        with self._lock:
            self._workers.discard(worker)


class _Seat:
    """The place of one worker, which is started when it has work, and again when it has died."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._worker: _Process | None = None

    def exchange(self, batch: Batch) -> list[Answered]:
        """Let the worker answer a batch; if that kills it, each conversation by itself."""
        try:
            with suppress(EOFError, OSError):
                return [(batch, self._ask(batch))]
            return [([raw], self._once_more(raw)) for raw in batch]
        except (_CannotStart, MemoryError):  # of this process
            return []

    def _once_more(self, raw: Raw) -> bytes | None:
        for _ in range(2):
            with suppress(EOFError, OSError):
                return self._ask([raw])
        return None

    def _ask(self, batch: Batch) -> bytes:
        """Send a batch to the worker. Raises EOFError or OSError if it dies, and _CannotStart."""
        worker = self._worker = self._worker or self._pool.start()
        try:
            send(cast(Any, worker.stdin), marshal.dumps(batch))
            return receive(cast(Any, worker.stdout))
        except BaseException:
            self.clear()
            raise

    def clear(self) -> None:
        """End the worker, if there is one."""
        if self._worker is not None:
            self._pool.end(self._worker)
            self._worker = None


def _process() -> subprocess.Popen[bytes]:
    """Start the process of a worker. Raises OSError.

    It has this gptexit, wherever that is, and finds other packages where this process does, but for
    the current folder: what lies there by chance is not imported.
    """
    root = str(Path(gptexit.__file__).resolve().parent.parent)
    path = [folder for folder in map(str, sys.path) if folder and not _is_current(folder)]
    return subprocess.Popen(
        [sys.executable, *_options(), "-c", START.format(path=[*path, root], root=root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _is_current(folder: str) -> bool:
    with suppress(OSError, ValueError):
        return os.path.samefile(folder, os.curdir)  # noqa: PTH121 - on Windows too
    return False


def _options() -> list[str]:
    """Return the options of this Python which say what a process imports as it starts."""
    flags = sys.flags
    options = ["-I"] if flags.isolated else ["-P"]
    options += ["-E"] * flags.ignore_environment + ["-s"] * flags.no_user_site
    options += ["-S"] * flags.no_site
    return [*options, *(["-X", "utf8"] if flags.utf8_mode else [])]


def need_jobs(jobs: int | None) -> None:
    """Check a number of processes that a program gives. Raises BadOption."""
    if jobs is not None and (not isinstance(jobs, int) or jobs < 1):
        raise BadOption("jobs is a number of processes, 1 or more; None for one for each core.")


def jobs_for(export: object, jobs: int | None) -> int:
    """Return the number of workers to start for an export; 1 means to start none.

    `jobs`: the number that is asked for, or None for one a core if the export is large enough.
    """
    if not isinstance(export, ExportSet) or export.again is None:
        return 1
    if getattr(sys, "frozen", False) or not _PYTHON.search(sys.executable or ""):
        return 1
    if jobs is None:
        jobs = _cores() if (export.bytes_total or 0) >= SMALL else 1
    return max(1, min(jobs, _most()))


def _cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _most() -> int:
    """Return the number of workers whose pipes leave this process enough open files."""
    try:
        import resource
    except ImportError:  # Windows
        return MOST
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if allowed == resource.RLIM_INFINITY else min(MOST, (allowed - OWN_FILES) // 4)
