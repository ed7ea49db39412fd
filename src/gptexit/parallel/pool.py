"""Prepare the conversations of an export in worker processes, and return them in order.

    split, parse  ->  batches  ->  workers: read, select, draft  ->  in order: names, sinks

This process reads the source and writes the archive; the workers do the steps between. Each has one
batch at a time, and few batches are under way, so that memory stays bounded.

A worker may die: of too little memory, or of a fault in a C library. Its batch is then tried again,
one conversation at a time, and a conversation that kills two more workers is reported as lost.
"""

from __future__ import annotations

import marshal
import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any, cast

import gptexit
from gptexit.codes import Lost, Oddity, from_text
from gptexit.parallel.worker import (
    LOST,
    Prepared,
    Raw,
    Reply,
    Result,
    Setup,
    Task,
    found_lost,
    lost,
    prepare,
    receive,
    send,
)
from gptexit.readers.chatgpt.containers.base import Loss
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats
from gptexit.readers.chatgpt.source import ChatGPTExport, read
from gptexit.source import Source

BATCH = 1 << 20
"""Bytes of a batch of conversations, as `marshal` writes them."""
AHEAD = 3
"""Batches that are under way for each worker: one with it, one before and one behind it."""
SMALL = 32 << 20
"""Bytes of conversations below which workers cost more time than they save."""
Batch = list[tuple[str, Any, Any]]
"""Conversations as `Raw`, but one that `marshal` cannot write is an object instead of bytes."""


def prepared(
    export: Source, task: Task, met: ReadStats, jobs: int, *, once: bool, wholes: bool
) -> Iterator[tuple[str, Prepared | Loss]]:
    """Yield each conversation of `export`, prepared by `jobs` workers, in the export's order.

    `wholes`: whether the workers send whole conversations back. Raises what
    `ChatGPTExport.conversations` raises.
    """
    assert isinstance(export, ChatGPTExport)
    assert export.again is not None  # `jobs_for` made sure
    setup = Setup(export.again, task, wholes)
    account = export.account()
    with _Pool(jobs, pickle.dumps(setup)) as pool:
        for batch, replies in pool.replies(_batches(export, once)):
            for _, oddities, unknown, losses in replies:
                met.oddities += from_text(Oddity, oddities)
                met.unknown.update(unknown)
                for loss in map(found_lost, losses):
                    export.lose(loss.where, loss.why)
            results = (result for reply in replies for result in reply[0])
            for raw in batch:
                result = next(results, []) if isinstance(raw[1], bytes) else []
                yield raw[0], _from_result(raw, result, task, account, met)


def _batches(export: ChatGPTExport, once: bool) -> Iterator[Batch]:
    batch: Batch = []
    held = 0
    for where, raw in export.conversations(once=once):
        gone = export.gone("")
        try:
            data: Any = marshal.dumps(raw)
        except ValueError:  # nested deeper than `marshal` goes
            data = raw
        batch.append((where, data, gone))
        held += len(data)
        if held >= BATCH:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _from_result(
    raw: tuple[str, Any, Any], result: Result, task: Task, account: Account, met: ReadStats
) -> Prepared | Loss:
    where, data, gone = raw
    if not result:
        # No worker could prepare it, so this process does.
        value = marshal.loads(data) if isinstance(data, bytes) else data
        found = read(where, value, replace(account, gone=lambda conversation: gone), met)
        return found if isinstance(found, Loss) else prepare(where, found, task)
    if len(result) == LOST:
        return found_lost(result)
    head, messages, left_out, outcomes, whole = result
    head = task.names.applied(head)  # so that this process, too, knows which names there are
    outcomes = [found_lost(one) if isinstance(one, list) else one for one in outcomes]
    return Prepared(head, messages, left_out, outcomes, lambda: marshal.loads(whole))


class _CannotStart(Exception):
    """A worker process cannot be started, or cannot open the export."""


class _Pool:
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

    def __enter__(self) -> _Pool:
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

    def replies(self, batches: Iterator[Batch]) -> Iterator[tuple[Batch, list[Reply]]]:
        """Yield each batch with its replies, in order; see `_exchange`."""
        under_way: deque[tuple[Batch, Future[list[Reply]]]] = deque()
        for batch in batches:
            under_way.append((batch, self._threads.submit(self._exchange, batch)))
            while under_way and (len(under_way) >= self._limit or under_way[0][1].done()):
                first, future = under_way.popleft()
                yield first, future.result()
        for batch, future in under_way:
            yield batch, future.result()

    def _exchange(self, batch: Batch) -> list[Reply]:
        """Let a worker prepare the conversations that `marshal` can write.

        Return its reply; or if that kills the worker, a reply for each conversation; or if no
        worker can be started, none.
        """
        portable: list[Raw] = [raw for raw in batch if isinstance(raw[1], bytes)]
        try:
            return [self._ask(portable)] if portable else []
        except _CannotStart:
            return []
        except (EOFError, OSError):
            return [self._once_more(raw) for raw in portable]

    def _once_more(self, raw: Raw) -> Reply:
        for _ in range(2):
            try:
                return self._ask([raw])
            except _CannotStart:
                return [[]], {}, {}, []
            except (EOFError, OSError):
                continue
        title = marshal.loads(raw[1]).get("title")
        named = f" “{title}”" if isinstance(title, str) else ""
        loss = Loss(f"{raw[0]}{named}", Lost.ENDED_PROCESSES.say())
        return [lost(loss)], {}, {}, []

    def _ask(self, batch: list[Raw]) -> Reply:
        """Send a batch to an idle worker. Raises EOFError or OSError if the worker dies."""
        worker = self._idle.get()
        try:
            worker = worker or self._started()
            assert worker.stdin is not None and worker.stdout is not None
            send(cast(Any, worker.stdin), marshal.dumps(batch))
            reply: Reply = marshal.loads(receive(cast(Any, worker.stdout)))
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


def jobs_for(export: Source, jobs: int | None) -> int:
    """Return the number of workers to start for an export; 1 means to start none.

    `jobs`: the number that is asked for, or None for one a core if the export is large enough.
    """
    again = export.again if isinstance(export, ChatGPTExport) else None
    if again is None or not sys.executable or getattr(sys, "frozen", False):
        return 1
    if jobs is not None:
        return jobs
    if (export.bytes_total or 0) < SMALL:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
