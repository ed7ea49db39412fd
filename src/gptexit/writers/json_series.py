"""A series of JSON files, each an array of a bounded size, for programs that take no larger one."""

from __future__ import annotations

from typing import Any

from gptexit.text.json import dumps
from gptexit.writers.base import File


class Series:
    """Adds items to the last file and begins a new one before it grows too large."""

    def __init__(self, pattern: str, key: str, most: int, most_bytes: int) -> None:
        """`pattern`: the files' names, with a place for a number; `most`: of what `add` counts."""
        self._pattern = pattern
        self._key = key
        self._most = most
        self._most_bytes = most_bytes
        self.restart()

    def restart(self) -> None:
        """Begin again with the first file."""
        self.number = 1
        self._count = 0
        self._bytes = 0

    @property
    def name(self) -> str:
        """The file that is written now."""
        return self._pattern.format(self.number)

    def add(self, item: Any, count: int) -> list[File]:
        """What has to be written so that `item` is in the series."""
        data = dumps(item)
        files = []
        full = self._count + count > self._most or self._bytes + len(data) > self._most_bytes
        if self._bytes and full:
            files += self.end()
            self.number += 1
            self._count = self._bytes = 0
        files.append(self._file((b",\n" if self._bytes else b"[\n") + data))
        self._count += count
        self._bytes += len(data)
        return files

    def end(self) -> list[File]:
        """The end of the last file; an empty array where nothing was added."""
        return [self._file(b"\n]\n" if self._bytes else b"[]\n", last=True)]

    def _file(self, data: bytes, *, last: bool = False) -> File:
        return File(self.name, data, f"{self._key}/{self.number}", append=True, last=last)
