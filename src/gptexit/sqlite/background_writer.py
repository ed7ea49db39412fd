"""Writes to a database in the background, a batch at a time; see `files.background`."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import cast

import orjson

from gptexit.sqlite.columns import Rows
from gptexit.sqlite.database import Writer

BATCH = 1 << 20
"""Bytes of rows that are written at once; at most three times as many are held."""


class Behind:
    """A writer that works while the next conversation is rendered: SQLite needs no Python for it.

    Each method raises the error of an earlier batch.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._batch: list[tuple[bytes, str]] = []
        self._held = 0
        self._worker = ThreadPoolExecutor(1)
        self._under_way: Future[None] | None = None

    def put(self, rows: bytes, digest: str) -> None:
        """Write a conversation, given as the JSON of `Rows`."""
        self._batch.append((rows, digest))
        self._held += len(rows)
        if self._held >= BATCH:
            self._hand_over()

    def finish(self) -> None:
        """Write what is left, and close the database."""
        try:
            self._hand_over()
            self._wait()
        finally:
            self._worker.shutdown()
        self._writer.finish()

    def discard(self) -> None:
        """Give it up."""
        self._batch.clear()
        self._worker.shutdown()
        self._writer.discard()

    def _hand_over(self) -> None:
        self._wait()
        batch, self._batch, self._held = self._batch, [], 0
        self._under_way = self._worker.submit(self._write, batch)

    def _wait(self) -> None:
        if self._under_way is not None:
            self._under_way.result()

    def _write(self, batch: list[tuple[bytes, str]]) -> None:
        for rows, digest in batch:
            self._writer.put(cast(Rows, orjson.loads(rows)), digest)
