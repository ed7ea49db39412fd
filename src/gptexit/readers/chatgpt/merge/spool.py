"""Copies of conversations that wait for the last of their kind, in a temporary file."""

from __future__ import annotations

import marshal
import tempfile
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any

Raw = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """A copy of a conversation in memory."""

    moment: float
    """When it was changed last; Unix seconds."""
    export: int
    """The number of its export; a higher one was made later."""
    where: str
    raw: Raw

    def read(self) -> tuple[str, Raw]:
        """Where it was met, and its content."""
        return self.where, self.raw


@dataclass(frozen=True, slots=True)
class Waits:
    """A copy in the file."""

    moment: float
    export: int
    file: IO[bytes]
    start: int
    """Its place in the file, in bytes."""
    size: int

    def read(self) -> tuple[str, Raw]:
        """Where it was met, and its content, made anew."""
        self.file.seek(self.start)
        where, raw = marshal.loads(self.file.read(self.size))
        return where, raw


class WaitingCopies:
    """The file, and where in it each copy stands. Memory follows their number."""

    def __init__(self) -> None:
        self._places: dict[str, list[Waits]] = {}
        self._end = 0

    @cached_property
    def _file(self) -> IO[bytes]:
        return tempfile.TemporaryFile(prefix="gptexit-")  # without a name: it goes with us

    def put(self, key: str, moment: float, export: int, where: str, raw: Raw) -> None:
        """Keep a copy of the conversation `key`. Raises OSError where the disk is full."""
        # `marshal` takes whatever a parser gives, and is never read from a file of anybody else.
        data = marshal.dumps((where, raw))
        if self._file.tell() != self._end:
            self._file.seek(self._end)
        self._file.write(data)
        copy = Waits(moment, export, self._file, self._end, len(data))
        self._places.setdefault(key, []).append(copy)
        self._end += len(data)

    def take(self, key: str) -> list[Waits]:
        """The copies of a conversation in the order of reading; they wait no longer."""
        return self._places.pop(key, [])

    def left(self) -> list[str]:
        """The conversations that copies wait of, in the order of reading."""
        return list(self._places)

    def close(self) -> None:
        """Give the file up."""
        if "_file" in self.__dict__:
            self._file.close()
            del self.__dict__["_file"]
