"""Bytes on the disk: a file, or a piece of one, such as a ZIP stored inside a ZIP."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Where some bytes lie: in the file at `path`, from `start` on, `length` of them or all."""

    path: Path
    start: int = 0
    length: int | None = None

    def open(self) -> BinaryIO:
        """The bytes, seekable, not buffered. Raises OSError."""
        file = self.path.open("rb", buffering=0)
        if self.length is None:
            return cast(BinaryIO, file)
        return cast(BinaryIO, _Piece(file, self.start, self.length))


class _Piece(io.RawIOBase):
    """A piece of a file as a file of its own."""

    def __init__(self, file: Any, start: int, length: int) -> None:
        super().__init__()
        self._file, self._start, self._length, self._at = file, start, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = max(0, (0, self._at, self._length)[whence] + offset)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        self._file.seek(self._start + self._at)
        data: bytes = self._file.read(max(0, min(len(buffer), self._length - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
