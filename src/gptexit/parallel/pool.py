"""Hand the conversations of an export to worker processes, and return their replies in order.

Each worker has one batch at a time, and few batches are under way, so that memory stays bounded.

A worker may die: of too little memory, or of a fault in a C library. Its batch is then tried again,
one conversation at a time, and one that kills two more workers has no reply.
"""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any, cast

import gptexit
from gptexit.parallel.worker import Raw, receive, send
from gptexit.readers.chatgpt.export_set import ExportSet

BATCH = 1 << 20
"""Bytes of a batch of conversations, as `marshal` writes them."""
AHEAD = 3
"""Batches that are under way for each worker: one with it, one before and one behind it."""
SMALL = 32 << 20
"""Bytes of conversations below which workers cost more time than they save."""
Batch = list[tuple[str, Any, Any]]
"""Conversations as `Raw`; or a single one that no worker can have, an object instead of bytes."""
Answered = tuple[list[Raw], bytes | None]
"""Conversations and the reply to them; None if they ended two workers."""


def batches_of(conversations: Iterable[tuple[str, Any, Any]]) -> Iterator[Batch]:
    """Join conversations (place, content, what the newest export lacks of it) to batches.

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
        batch.append((where, data, gone))
        held += len(data)
        if held >= BATCH:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class Here:
    """A conversation that no worker is to have."""

    value: Any


class _CannotStart(Exception):
    """A worker process cannot be started, or cannot open the export."""


class Pool:
    """Worker processes, each driven by a thread of its own."""

    def __init__(self, jobs: int, setup: bytes) -> None:
        self._setup = setup
        self._threads = ThreadPoolExecutor(jobs)
        self._limit = AHEAD * jobs
        self._idle: SimpleQueue[subprocess.Popen[bytes] | None] = SimpleQueue()
        self._all: set[subprocess.Popen[bytes]] = set()
        self._lock = Lock()
        self._closed = False
        for _ in range(jobs):
            self._idle.put(None)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        """Kill every worker."""
        with self._lock:
            self._closed = True
            workers = list(self._all)
        for worker in workers:
            worker.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in workers:
            _end(worker)

    def answers(self, batches: Iterator[Batch]) -> Iterator[tuple[Batch, list[Answered]]]:
        """Yield each batch with its answers, in order; without one if no worker could answer."""
        under_way: deque[tuple[Batch, Future[list[Answered]]]] = deque()
        for batch in batches:
            under_way.append((batch, self._threads.submit(self._exchange, batch)))
            while under_way and (len(under_way) >= self._limit or under_way[0][1].done()):
                first, future = under_way.popleft()
                yield first, future.result()
        for batch, future in under_way:
            yield batch, future.result()

    def _exchange(self, batch: Batch) -> list[Answered]:
        """Let a worker answer a batch; if that kills it, each conversation by itself."""
        if not isinstance(batch[0][1], bytes):
            return []
        try:
            return [(batch, self._ask(batch))]
        except _CannotStart:
            return []
        except (EOFError, OSError):
            pass
        try:
            return [([raw], self._once_more(raw)) for raw in batch]
        except _CannotStart:
            return []

    def _once_more(self, raw: Raw) -> bytes | None:
        for _ in range(2):
            with suppress(EOFError, OSError):
                return self._ask([raw])
        return None

    def _ask(self, batch: Batch) -> bytes:
        """Send a batch to an idle worker. Raises EOFError or OSError if the worker dies."""
        worker = self._idle.get()
        try:
            worker = worker or self._started()
            assert worker.stdin is not None and worker.stdout is not None
            send(cast(Any, worker.stdin), marshal.dumps(batch))
            reply = receive(cast(Any, worker.stdout))
        except BaseException:
            if worker is not None:
                _end(worker)
                with self._lock:
                    self._all.discard(worker)
            self._idle.put(None)
            raise
        self._idle.put(worker)
        return reply

    def _started(self) -> subprocess.Popen[bytes]:
        """Start a worker. It imports nothing from the current folder. Raises _CannotStart."""
        root = str(Path(gptexit.__file__).resolve().parent.parent)
        path = f"import sys; sys.path.append({root!r})"
        code = f"{path}; from gptexit.parallel.worker import main; main()"
        flags = ["-X", "utf8"] if sys.flags.utf8_mode else []
        with self._lock:
            if self._closed:
                raise _CannotStart
            try:
                worker = subprocess.Popen(
                    [sys.executable, "-P", *flags, "-c", code],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except OSError as error:
                raise _CannotStart from error
            self._all.add(worker)
        try:
            send(cast(Any, worker.stdin), self._setup)
            receive(cast(Any, worker.stdout))
        except (EOFError, OSError) as error:
            _end(worker)
            raise _CannotStart from error
        return worker


def _end(worker: subprocess.Popen[bytes]) -> None:
    """Kill a worker, close its pipes and wait until it is gone."""
    worker.kill()
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    worker.wait()


def jobs_for(export: object, jobs: int | None) -> int:
    """Return the number of workers to start for an export; 1 means to start none.

    `jobs`: the number that is asked for, or None for one a core if the export is large enough.
    """
    if not isinstance(export, ExportSet) or export.again is None:
        return 1
    if not sys.executable or getattr(sys, "frozen", False):
        return 1
    if jobs is not None:
        return jobs
    if (export.bytes_total or 0) < SMALL:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
