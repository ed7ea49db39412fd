"""SHA-256 of a stream as it is read, worked out beside the reading."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor


class Digest:
    """Hashes in a thread of `worker`: hashlib lets go of the interpreter, so the two overlap."""

    def __init__(self, worker: ThreadPoolExecutor) -> None:
        self._worker = worker
        self._sum = hashlib.sha256()
        self._under_way: Future[None] | None = None

    def update(self, data: bytes) -> None:
        """Add `data`; at most one piece waits."""
        self._wait()
        self._under_way = self._worker.submit(self._sum.update, data)

    def hex(self) -> str:
        """The digest of all that was added, as 64 hex digits."""
        self._wait()
        return self._sum.hexdigest()

    def _wait(self) -> None:
        if self._under_way is not None:
            self._under_way.result()
