"""Standard output as a sink, for what goes on to another program."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from gptexit.archive.files import Copy, File
from gptexit.archive.folder import Outcome
from gptexit.archive.manifest import Catalog
from gptexit.errors import Closed


class StdoutSink:
    """Standard output as a sink, for a target that appends to one file."""

    def __init__(self, out: BinaryIO) -> None:
        self.catalog = Catalog()
        self._out = out
        self._written = 0

    def put(self, file: File) -> Outcome:
        """Pass the bytes on. Raises Closed."""
        try:
            self._out.write(file.data)
        except BrokenPipeError as error:
            raise Closed from error
        self._written += len(file.data)
        return "part"

    def copy(self, copy: Copy, size: int, open_asset: Callable[[], BinaryIO]) -> Outcome:
        """Nowhere to put it."""
        return "part"

    def discard(self) -> None:
        """Raise RuntimeError: what has gone out is out. The source is settled beforehand."""
        raise RuntimeError("standard output cannot be started again")

    def finish(self) -> int:
        """The bytes that went out. Raises Closed."""
        try:
            self._out.flush()
        except BrokenPipeError as error:
            raise Closed from error
        return self._written
