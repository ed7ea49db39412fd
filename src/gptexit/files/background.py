"""Work in the background: write and hash a file, a batch at a time; hash bytes that are read."""

from __future__ import annotations

import gc
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from gptexit.files.disk import open_new, write_all

BATCH = 2 << 20
"""Bytes that are written at once; at most three times as many are held."""


class BackgroundFile:
    """A file that is appended to; each method may raise the OSError of an earlier batch."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        """Bytes appended."""
        self._digest = hashlib.sha256()
        self._file = open_new(path)
        self._batch: list[bytes] = []
        self._held = 0
        self._worker = ThreadPoolExecutor(1)
        self._under_way: Future[None] | None = None

    def append(self, data: bytes) -> None:
        """Add `data` at the end."""
        self._batch.append(data)
        self._held += len(data)
        self.size += len(data)
        if self._held >= BATCH:
            self._hand_over()

    def close(self) -> str:
        """Write the rest, and wait for the disk. Return the file's SHA-256, as hex digits."""
        try:
            self._hand_over()
            _wait(self._under_way)
            os.fsync(self._file.fileno())
        finally:
            self._worker.shutdown()
            self._file.close()
        return self._digest.hexdigest()

    def discard(self) -> None:
        """Give the file up and remove it."""
        self._batch.clear()
        self._worker.shutdown()
        self._file.close()
        self.path.unlink()

    def _hand_over(self) -> None:
        _wait(self._under_way)
        data = b"".join(self._batch)
        self._batch.clear()
        self._held = 0
        self._under_way = self._worker.submit(self._write, data)

    def _write(self, data: bytes) -> None:
        write_all(self._file, data)
        self._digest.update(data)


class Digest:
    """Hashes in a thread of `worker`: hashlib releases the interpreter, so the two overlap."""

    def __init__(self, worker: ThreadPoolExecutor) -> None:
        self._worker = worker
        self._sum = hashlib.sha256()
        self._under_way: Future[None] | None = None

    def update(self, data: bytes) -> None:
        """Add `data`; at most one piece waits."""
        _wait(self._under_way)
        self._under_way = self._worker.submit(self._sum.update, data)

    def hex(self) -> str:
        """Return the digest of all added bytes, as 64 hex digits."""
        _wait(self._under_way)
        return self._sum.hexdigest()


def _wait(task: Future[None] | None) -> None:
    if task is not None:
        task.result()


@contextmanager
def collector_off() -> Iterator[None]:
    """Turn the cyclic collector off: parsed JSON holds no cycles, and it costs 25 to 50 %."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
