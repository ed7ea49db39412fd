"""Worker processes, and the conversations that go to them and come back in order.

    split, parse  ->  batches  ->  workers: read, select, draft  ->  in order: names, sinks

This process reads the source and writes the archive; the workers do what lies between. Each has one
batch at a time, and only so many batches are under way that memory stays bounded.

A worker may die: of too little memory, or of a fault in a C library. Its batch is then tried again,
one conversation at a time, and one that kills a second worker is told as a loss.
"""

from __future__ import annotations

import marshal
import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any, cast

import gptexit
from gptexit.codes import Lost, Oddity, as_text, from_text
from gptexit.parallel.worker import (
    LOST,
    Prepared,
    Raw,
    Reply,
    Result,
    Setup,
    Task,
    found_lost,
    from_plain,
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
"""Bytes of conversations, as `marshal` writes them, that go to a worker at once."""
AHEAD = 3
"""Batches that are under way for each worker: one with it, one before and one behind it."""


def prepared(
    export: Source, task: Task, met: ReadStats, jobs: int, *, once: bool, wholes: bool
) -> Iterator[tuple[str, Prepared | Loss]]:
    """Yield each conversation of `export`, prepared by `jobs` workers, in the export's order.

    `wholes`: whether they are to come back whole. Raises what `Export.conversations` raises.
    """
    assert isinstance(export, ChatGPTExport)
    again = export.again
    assert again is not None  # as `jobs_for` made sure
    setup = Setup(again, task, wholes)
    account = export.account()
    with _Pool(jobs, pickle.dumps(setup)) as pool:
        for batch, reply in pool.replies(_batches(export, once)):
            results, oddities, unknown, losses = reply
            met.oddities += from_text(Oddity, oddities)
            met.unknown.update(unknown)
            for loss in map(found_lost, losses):
                export.lose(loss.where, loss.why)
            for raw, result in zip(batch, results, strict=True):
                yield raw[0], _from_result(raw, result, task, account, met)


Batch = list[tuple[str, Any, Any]]
"""As `Raw`; a conversation that `marshal` cannot write is there as it is."""


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
        return _here(where, data, gone, task, account, met)
    if len(result) == LOST:
        return found_lost(result)
    head, messages, left_out, outcomes, whole = result
    head = task.names.applied(head)  # so that this process, too, knows which names there are
    return Prepared(head, messages, left_out, list(map(from_plain, outcomes)), _loader(whole))


def _loader(whole: bytes) -> Callable[[], Any]:
    return lambda: marshal.loads(whole)


def _here(
    where: str, data: Any, gone: Any, task: Task, account: Account, met: ReadStats
) -> Prepared | Loss:
    """Prepare a conversation in this process."""
    raw = marshal.loads(data) if isinstance(data, bytes) else data
    found = read(where, raw, replace(account, gone=lambda conversation: gone), met)
    return found if isinstance(found, Loss) else prepare(where, found, task)


class _CannotStart(Exception):
    """A worker process cannot be started here, or cannot open the export."""


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
        """End every worker, whatever it does."""
        with self._lock:
            self._closed = True
            workers = list(self._all)
        for worker in workers:
            worker.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in workers:
            _end(worker)

    def replies(self, batches: Iterator[Batch]) -> Iterator[tuple[Batch, Reply]]:
        """Yield each batch with its reply, in order."""
        under_way: deque[tuple[Batch, Future[Reply]]] = deque()
        for batch in batches:
            under_way.append((batch, self._threads.submit(self._exchange, batch)))
            while under_way and (len(under_way) >= self._limit or under_way[0][1].done()):
                first, future = under_way.popleft()
                yield first, future.result()
        for batch, future in under_way:
            yield batch, future.result()

    def _exchange(self, batch: Batch) -> Reply:
        """Have a batch prepared; where that kills the worker, each conversation on its own.

        Where no worker can be started, the results are empty: see `Result`.
        """
        portable: list[Raw] = [raw for raw in batch if isinstance(raw[1], bytes)]
        try:
            reply = self._ask(portable)
        except _CannotStart:
            return [[] for _ in batch], {}, {}, []
        except (EOFError, OSError):
            replies = [self._once_more(raw) for raw in portable]
            reply = _sum(replies)
        answers = iter(reply[0])
        results = [next(answers) if isinstance(raw[1], bytes) else [] for raw in batch]
        return results, *reply[1:]

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
        """Raises EOFError or OSError where the worker dies."""
        if not batch:
            return [], {}, {}, []
        worker = self._idle.get()
        try:
            worker = worker or self._started()
            assert worker.stdin is not None and worker.stdout is not None
            send(cast(Any, worker.stdin), marshal.dumps(batch))
            reply: Reply = marshal.loads(receive(cast(Any, worker.stdout)))
        except BaseException:
            if worker is not None:
                worker.kill()
                _end(worker)
                with self._lock:
                    self._all.discard(worker)
            self._idle.put(None)
            raise
        self._idle.put(worker)
        return reply

    def _started(self) -> subprocess.Popen[bytes]:
        """Start a worker; the folder that this process runs in has no say in what it imports."""
        root = str(Path(gptexit.__file__).resolve().parent.parent)
        code = (
            f"import sys; sys.path.append({root!r}); from gptexit.parallel.worker import main; "
            "main()"
        )
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
            worker.kill()
            _end(worker)
            raise _CannotStart from error
        return worker


def _sum(replies: list[Reply]) -> Reply:
    """Return the replies to several batches as one to all of them."""
    met = ReadStats()
    for _, oddities, unknown, _ in replies:
        met.oddities += from_text(Oddity, oddities)
        met.unknown.update(unknown)
    results = [result for reply in replies for result in reply[0]]
    losses = [loss for reply in replies for loss in reply[3]]
    return results, as_text(met.oddities), dict(met.unknown), losses


def _end(worker: subprocess.Popen[bytes]) -> None:
    """Close a worker's pipes and wait until it is gone."""
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    worker.wait()


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
