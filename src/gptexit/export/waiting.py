"""Copies of conversations that wait for the last of their kind, in a temporary file."""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Iterator
from functools import cached_property
from typing import IO, Any, NamedTuple

Raw = dict[str, Any]


class Copy(NamedTuple):
    """One copy of a conversation. The order of copies is that of their age, the oldest first."""

    moment: float
    """When it was changed last; Unix seconds."""
    export: int
    """The number of its export; a higher one was made later."""
    number: int
    """In the order of reading."""
    start: int
    """Its place in the file, in bytes."""
    size: int


class Waiting:
    """The file, and where in it each copy stands. Memory follows their number."""

    def __init__(self) -> None:
        self._places: dict[str, list[Copy]] = {}
        self._number = 0
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
        self._places.setdefault(key, []).append(
            Copy(moment, export, self._number, self._end, len(data))
        )
        self._number += 1
        self._end += len(data)

    def take(self, key: str) -> list[Copy]:
        """The copies of a conversation, the oldest first; they wait no longer."""
        return sorted(self._places.pop(key, ()))

    def read(self, copy: Copy) -> tuple[str, Raw]:
        """Where a copy was met, and its content. Each call makes it anew."""
        self._file.seek(copy.start)
        where, raw = marshal.loads(self._file.read(copy.size))
        return where, raw

    def left(self) -> Iterator[str]:
        """The conversations that copies wait of, in the order of reading."""
        return iter(list(self._places))

    def close(self) -> None:
        """Give the file up."""
        if "_file" in self.__dict__:
            self._file.close()
            del self.__dict__["_file"]
