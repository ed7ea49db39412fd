"""Decompression in a thread of its own, while the caller parses.

zlib lets go of the interpreter lock, so on two cores the two overlap.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from gptexit.export.window import ByteStream

CHUNK = 1 << 20
"""Bytes that the thread reads at a time."""
AHEAD = 8
"""Chunks that wait at most."""


class ReadAhead:
    """The bytes of a stream, fetched ahead by a thread. Close it; that also closes the stream.

    What the stream raises is raised by `read`, behind the bytes that came before it.
    """

    def __init__(self, stream: ByteStream, chunk: int = CHUNK, ahead: int = AHEAD) -> None:
        self._stream = stream
        self._chunk = chunk
        self._ahead = ahead
        self._waiting: deque[bytes | Exception] = deque()
        self._rest = b""
        self._closed = False
        self._turn = threading.Condition()
        self._thread = threading.Thread(target=self._fetch, name="read-ahead", daemon=True)
        self._thread.start()

    def _fetch(self) -> None:
        """Runs in the thread: read until the end, a failure or `close`."""
        part: bytes | Exception = b"-"
        while part and not isinstance(part, Exception):
            try:
                part = self._stream.read(self._chunk)
            except Exception as error:
                part = error
            with self._turn:
                self._turn.wait_for(lambda: self._closed or len(self._waiting) < self._ahead)
                if self._closed:
                    return
                self._waiting.append(part)
                self._turn.notify_all()

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, `b""` at the end. Raises what the stream raised."""
        if not self._rest:
            with self._turn:
                self._turn.wait_for(lambda: bool(self._waiting))
                part = self._waiting[0]
                if isinstance(part, Exception):
                    raise part
                if part:  # the end stays, for whoever reads once more
                    self._waiting.popleft()
                    self._turn.notify_all()
            self._rest = part
        given, self._rest = self._rest[:size], self._rest[size:]
        return given

    def close(self) -> None:
        """Stop the thread, wait for it and close the stream. Harmless when repeated."""
        with self._turn:
            self._closed = True
            self._turn.notify_all()
        self._thread.join()
        close: Any = getattr(self._stream, "close", None)
        if close:
            close()
