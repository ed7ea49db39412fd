"""Find the members of a ZIP whose end is missing, as a download that broke off leaves it.

A ZIP's directory is its last part. Each member also has a header of its own in front of its data
(APPNOTE.TXT 4.3.7); these are walked from the start. If a header does not say how long its data is,
the data is unpacked to find out, and a descriptor follows it (4.3.9).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from gptexit.readers.chatgpt.containers.base import ByteRange
from gptexit.readers.chatgpt.containers.zip_member import DEFLATED, LIMIT, STORED, MemberStream

_HEADER = struct.Struct("<4s5H3I2H")
_SIGNATURE = b"PK\x03\x04"
_DESCRIPTOR = b"PK\x07\x08"
_NEXT = (_SIGNATURE, b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"")
_SIZES_LATER, _UTF8, _LOCKED = 0x08, 0x800, 0x01
_CHUNK = 1 << 20


@dataclass(slots=True)
class ZipEntry:
    """A member found by its own header."""

    name: str
    method: int
    encrypted: bool
    start: int
    """Position of its data, in bytes of the ZIP."""
    packed: int
    """Bytes of its data in the ZIP."""
    size: int
    """Bytes unpacked; as far as they are known."""
    whole: bool
    """False if the ZIP ends inside it."""
    crc: int | None = None
    most: int = LIMIT
    """Bytes of it at most if its size is not known."""

    def open(self, place: ByteRange) -> BinaryIO:
        """Open the member's bytes in the ZIP at `place`. Raises OSError."""
        file = place.open()
        file.seek(self.start)
        size = self.size if self.whole else None
        stream = MemberStream(file, self.method, self.packed, size, self.crc, self.most)
        return cast(BinaryIO, stream)

    def cut_at(self, end: int) -> None:
        """Take all bytes up to `end` for its data, since the ZIP ends or is damaged inside it."""
        self.whole = False
        self.packed = end - self.start
        if self.method == STORED:
            self.size = self.packed


def read_cut(file: BinaryIO) -> Iterator[ZipEntry]:
    """Yield each member from the start of `file` to its end. Raises OSError."""
    length = file.seek(0, 2)
    at = 0
    while at >= 0:
        entry, at = _entry(file, at, length)
        if entry:
            yield entry
        else:
            at = find(file, _SIGNATURE, at, length)


def _entry(file: BinaryIO, at: int, length: int) -> tuple[ZipEntry | None, int]:
    """Read the member whose header is at `at`, if one is; return it and where to look on."""
    file.seek(at)
    head = file.read(_HEADER.size)
    if len(head) < _HEADER.size or head[:4] != _SIGNATURE:
        return None, at + 1
    _, _, flags, method, _, _, crc, packed, size, name_size, extra_size = _HEADER.unpack(head)
    name = file.read(name_size)
    extra = file.read(extra_size)
    start = at + _HEADER.size + name_size + extra_size
    if start > length:  # its lengths are damaged
        return None, at + 1
    text = name.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    packed, size = _long_sizes(packed, size, extra)
    entry = ZipEntry(text, method, bool(flags & _LOCKED), start, packed, size, True)
    if flags & _SIZES_LATER:
        return entry, _measure(file, entry, length)
    end = start + packed
    fits = end <= length and _is_next(file, end)
    # Else the ZIP was cut in it, or it is damaged: the next header is elsewhere. A ZIP that is
    # stored in this one has headers of its own inside.
    behind = -1
    if not fits and not text.lower().endswith(".zip"):
        behind = find(file, _SIGNATURE, start, length)
    limit = behind if behind >= 0 else length
    if end <= limit:
        entry.crc = crc
        return entry, end
    entry.cut_at(limit)
    return entry, limit


def _is_next(file: BinaryIO, at: int) -> bool:
    """Tell whether a ZIP may go on at `at` behind a member, or ends there."""
    file.seek(at)
    return file.read(4) in _NEXT


def _long_sizes(packed: int, size: int, extra: bytes) -> tuple[int, int]:
    """Return both sizes, from the ZIP64 field if they are too large for the header."""
    at = 0
    while at + 4 <= len(extra):
        kind, count = struct.unpack_from("<HH", extra, at)
        if kind == 1 and 0xFFFFFFFF in (packed, size) and at + 20 <= len(extra):
            size, packed = struct.unpack_from("<QQ", extra, at + 4)
        at += 4 + count
    return packed, size


def _measure(file: BinaryIO, entry: ZipEntry, length: int) -> int:
    """Find the sizes of a member that its header does not have; return where to look on."""
    measure = _measure_deflated if entry.method == DEFLATED else _measure_stored
    end = measure(file, entry, length)
    if end < 0:
        entry.cut_at(length)
        return length
    return end


def _measure_deflated(file: BinaryIO, entry: ZipEntry, length: int) -> int:
    """Unpack to the end of the data, in pieces; return -1 if the ZIP ends before."""
    unpacker = zlib.decompressobj(-15)
    file.seek(entry.start)
    entry.size = 0
    read = 0
    out = b""
    while not unpacker.eof:
        data = unpacker.unconsumed_tail
        if not data:
            data = file.read(_CHUNK)
            read += len(data)
        if not data and len(out) < _CHUNK:
            return -1
        try:
            out = unpacker.decompress(data, _CHUNK)
            entry.size += len(out)
        except zlib.error:  # the damage is reported when it is read
            entry.whole = False
            behind = find(file, _SIGNATURE, entry.start + max(0, read - _CHUNK), length)
            end = behind if behind >= 0 else length
            entry.packed = end - entry.start
            return end
    entry.packed = read - len(unpacker.unused_data)
    return _behind_descriptor(file, entry.start + entry.packed)


def _behind_descriptor(file: BinaryIO, at: int) -> int:
    """Return where the next header is: a descriptor has 12 to 24 bytes, as its writer chose."""
    ends = (at + size for size in (16, 24, 12, 20))
    return next((end for end in ends if _is_next(file, end)), at)


def _measure_stored(file: BinaryIO, entry: ZipEntry, length: int) -> int:
    """Search for the descriptor whose size fits; return where it ends, -1 without one."""
    at = entry.start
    while (at := find(file, _DESCRIPTOR, at, length)) >= 0:
        file.seek(at + 8)
        sizes = file.read(16)
        count = at - entry.start
        for form, width in (("<I", 4), ("<Q", 8)):
            if len(sizes) >= width and struct.unpack_from(form, sizes)[0] == count:
                entry.packed = entry.size = count
                return at + 8 + 2 * width
        at += 4
    return -1


def find(file: BinaryIO, mark: bytes, at: int, length: int) -> int:
    """Find `mark` at or behind `at` and before `length`; return -1 without it."""
    while at < length:
        file.seek(at)
        data = file.read(min(_CHUNK, length - at))
        found = data.find(mark)
        if found >= 0:
            return at + found
        if len(data) < len(mark):
            return -1
        at += len(data) - len(mark) + 1
    return -1
