"""The bytes of one ZIP member, to the last one before any damage.

`zipfile` loses what it had read when it meets damage, and checks no limit but the declared size.
Here all readable bytes come first, and the error for the damage comes behind them.
"""

from __future__ import annotations

import importlib
import io
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

from gptexit.codes import Lost, Reason

fast_zlib: Any = zlib
with suppress(ImportError):  # it is not made for every machine
    fast_zlib = importlib.import_module("isal.isal_zlib")  # unpacks about three times as fast

STORED, DEFLATED = 0, 8
METHODS = {STORED, DEFLATED}
"""Compression methods that are read. No export is known to use another."""
LIMIT = 64 << 30
"""Bytes of one member at most, whatever it declares."""
_PACKED = 1 << 18


class Unreadable(OSError):
    """Bytes that are damaged or gone; `str(error)` is fit for a person."""

    def __init__(self, why: Reason) -> None:
        super().__init__(why.sentence)
        self.why = why


class MemberStream(io.RawIOBase):
    """The unpacked bytes of one member. Raises `Unreadable` behind the last readable byte."""

    def __init__(
        self,
        raw: BinaryIO,
        method: int,
        packed: int,
        size: int | None,
        crc: int | None,
        most: int = LIMIT,
    ) -> None:
        """Read on from where `raw` is, the start of the packed data; `raw` is closed with this.

        `packed` and `size`: bytes, as declared; `size` is None if the end is missing, and then at
        most `most` bytes are read. `crc`: the checksum, if it is known.
        """
        super().__init__()
        self._raw = raw
        self._start = raw.tell()
        self._packed = packed
        self._left = packed
        self._size = size
        self._limit = min(most if size is None else size, LIMIT)
        self._crc = crc
        self._sum = 0
        self._given = 0
        self._pending = b""
        self._unpacker: Any = fast_zlib.decompressobj(-15)
        self._careful = False
        self._take: Callable[[int], bytes] = self._inflate if method == DEFLATED else self._fetch
        self._deflated = method == DEFLATED
        self._failure: Unreadable | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most `size` bytes, all for -1. Raises `Unreadable` where the damage begins."""
        if size is None or size < 0:
            return self.readall()
        if self._failure:
            raise self._failure
        wanted = min(size, self._limit - self._given)
        if wanted <= 0:
            if size:
                self._check()
            return b""
        data = self._take(wanted)
        self._given += len(data)
        self._sum = fast_zlib.crc32(data, self._sum)
        if not data:
            self._check()
        return data

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer` as far as the next bytes go."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file too."""
        self._raw.close()
        super().close()

    def _fetch(self, wanted: int) -> bytes:
        """Return at most `wanted` packed bytes."""
        data = self._raw.read(min(wanted, self._left))
        self._left -= len(data)
        return data

    def _inflate(self, wanted: int) -> bytes:
        data = b"-"
        while data and not self._unpacker.eof:
            # Without further input, zlib may still hold output.
            data = self._pending or self._fetch(_PACKED)
            before = self._unpacker.copy() if self._careful else None
            try:
                out: bytes = self._unpacker.decompress(data, wanted)
            except (zlib.error, fast_zlib.error):
                if before is not None:
                    return self._to_the_damage(before, data, wanted)
                self._start_again()
                return self._inflate(wanted)
            self._pending = self._unpacker.unconsumed_tail
            if out:
                return out
        return b""

    def _start_again(self) -> None:
        """Go back, since damage is ahead, and come here again in steps that can be undone."""
        self._careful = True
        self._unpacker = zlib.decompressobj(-15)
        self._raw.seek(self._start)
        self._left, self._pending = self._packed, b""
        passed, more = 0, True
        while more and passed < self._given:
            again = self._inflate(min(self._given - passed, _PACKED))
            passed, more = passed + len(again), bool(again)

    def _to_the_damage(self, before: Any, data: bytes, wanted: int) -> bytes:
        """Unpack `data` byte by byte until it breaks."""
        out = bytearray()
        for at in range(len(data)):
            try:
                out += before.decompress(data[at : at + 1], wanted - len(out))
            except zlib.error:
                break
            if len(out) >= wanted:
                self._unpacker = before
                self._pending = before.unconsumed_tail + data[at + 1 :]
                return bytes(out)
        place = self._given + len(out)
        self._failure = Unreadable(Lost.PACKED_DATA_DAMAGED.say(at=place))
        if not out:
            raise self._failure
        return bytes(out)

    def _check(self) -> None:
        """Check at the end that all bytes came, the right ones, and no more than declared."""
        if self._size is not None and self._given < self._size:
            self._fail(Lost.ENDS_EARLY.say(at=self._given, size=self._size))
        if self._size is None and not self._unpacker.eof:
            self._fail(Lost.ENDS_IN_MIDDLE.say(at=self._given))
        if self._deflated and not self._unpacker.eof and self._inflate(1):
            self._fail(Lost.LONGER_THAN_DECLARED.say(size=self._given))
        if self._crc is not None and self._crc != self._sum:
            self._fail(Lost.CHECKSUM.say())

    def _fail(self, why: Reason) -> None:
        self._failure = Unreadable(why)
        raise self._failure
