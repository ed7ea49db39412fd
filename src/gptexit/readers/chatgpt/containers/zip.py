"""List the members of a ZIP by its directory; also those of a ZIP inside a ZIP.

`zipfile` reads the directory (ZIP64, names, the offset of a ZIP behind other bytes). The data is
read by `zip_member`, which gets further in damaged files.
"""

from __future__ import annotations

import shutil
import stat
import struct
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from gptexit.chatgpt.names import CONVERSATIONS
from gptexit.codes import Lost, Reason
from gptexit.readers.chatgpt.containers.base import (
    BUNDLED,
    ByteRange,
    Loss,
    Member,
    Volume,
    is_noise,
)
from gptexit.readers.chatgpt.containers.zip_member import (
    LIMIT,
    METHODS,
    STORED,
    MemberStream,
    Unreadable,
)
from gptexit.readers.chatgpt.containers.zip_recovery import find, read_cut

RATIO = 200
"""How many times smaller than its content a large member may be."""
LARGE = 10_000_000
"""Bytes from which on that ratio counts."""
LARGE_CONVERSATIONS = 2_000_000_000
"""Bytes from which on it counts for conversations: they are read in pieces."""
TIMES = 20
"""Files beside the conversations may unpack to this many times the size of all ZIPs."""
TOTAL = 500_000_000
"""Bytes that these files may unpack to in any case."""


@dataclass(slots=True)
class Allowance:
    """Bytes that may still be unpacked; one for all ZIPs of a run, those inside a ZIP too."""

    left: int = TOTAL
    """Bytes that files beside the conversations may still take together."""
    unbounded: bool = False

    @classmethod
    def of(cls, paths: Iterable[Path], *, allow_large: bool) -> Allowance:
        """Measure the files at `paths`."""
        size = sum(path.stat().st_size for path in paths if path.is_file())
        return cls(max(TOTAL, TIMES * size), allow_large)

    def refusal(self, name: str, size: int, packed: int) -> Reason | None:
        """Count a member of `size` bytes unpacked; return why it is left out, None if it is not."""
        if self.unbounded:
            return None
        chats = bool(CONVERSATIONS.search(name.replace("\\", "/")))
        large = size > (LARGE_CONVERSATIONS if chats else LARGE)
        if large and size > RATIO * max(packed, 1):
            return Lost.ZIP_BOMB.say(size=size, packed=packed)
        if chats:
            return None
        if size > self.left:
            return Lost.OVER_ALLOWANCE.say(size=size)
        self.left -= size
        return None

    def most(self, packed: int) -> int:
        """Return how many bytes a member of unknown size may have."""
        return LIMIT if self.unbounded else max(LARGE, RATIO * packed)


_LOCAL = struct.Struct("<4s22xHH")
UNREADABLE = (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OverflowError)
"""Errors of `zipfile` for a table of contents that cannot be read."""
_SIGNATURE = b"PK\x03\x04"
_END_RECORD = b"PK\x05\x06"
_LONGEST_END = 22 + 0xFFFF + 76
"""Bytes of a ZIP's last record, its comment and what ZIP64 puts in front, at most."""
_UTF8 = 0x800


def read_zip(place: ByteRange, label: str, allowance: Allowance) -> Volume:
    """List the members of the ZIP at `place`, as far as `allowance` goes. Raises OSError."""
    infos, damage = _directory(place)
    if damage:
        return _cut(place, label, damage, allowance)
    volume = Volume(label, zipped=True)
    volume.losses += _misplaced(place, label, infos)
    for info in infos:
        name = info.filename.replace("\\", "/")
        if name.endswith("/") or is_noise(name):
            continue
        linked = stat.S_ISLNK(info.external_attr >> 16)
        locked, method = bool(info.flag_bits & 0x1), info.compress_type
        reason = Lost.LINK.say() if linked else _refusal(locked, method)
        reason = reason or allowance.refusal(name, info.file_size, info.compress_size)
        if reason:
            volume.barred.append((info.filename, reason))
            continue
        member = Member(info.filename, info.file_size, partial(_opened, place, info), info.CRC)
        with suppress(ValueError):  # it may be no date; ZIPs have no time zone
            member.stamp = datetime(*info.date_time, tzinfo=UTC)
        if method == STORED:
            member.place = partial(_piece, place, info)
        volume.members.append(member)
    return volume


def _directory(place: ByteRange) -> tuple[list[zipfile.ZipInfo], Lost | None]:
    """Read a ZIP's directory, and tell if it is missing or damaged. Raises OSError.

    A wrong length in it ends the list early. It may be that of a ZIP in a ZIP without an end.
    """
    try:
        with place.open() as file, zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            length = file.seek(0, 2)
            damaged = (
                # An offset of ZIP64 may be larger than any file, and than 2**63.
                any(not 0 <= info.header_offset < length for info in infos)
                or (len(infos) - end_record(file).members) % 0x10000 != 0
                or _is_inner(file, infos)
            )
    except UNREADABLE:
        return [], Lost.ZIP_INCOMPLETE
    return infos, Lost.ZIP_TABLE_DAMAGED if damaged else None


def _is_inner(file: BinaryIO, infos: list[zipfile.ZipInfo]) -> bool:
    """Tell whether a member comes before those that the directory lists."""
    known = min((info.header_offset for info in infos), default=0)
    return known > 0 and find(file, _SIGNATURE, 0, known) >= 0


class EndRecord(NamedTuple):
    """What the end of a ZIP says of its table of contents."""

    members: int
    """Modulo 65,536 at times (APPNOTE.TXT 4.3.16)."""
    table: int
    """Bytes."""


def end_record(file: BinaryIO) -> EndRecord:
    """Read the end of a ZIP; zeros if it has none. Raises OSError."""
    length = file.seek(0, 2)
    file.seek(max(0, length - _LONGEST_END))
    tail = file.read(_LONGEST_END)
    at = tail.rfind(_END_RECORD)
    members = int.from_bytes(tail[at + 10 : at + 12], "little")
    table = int.from_bytes(tail[at + 12 : at + 16], "little")
    long = tail[max(0, at - 76) : max(0, at - 20)]  # the record of ZIP64, and its locator
    if long[:4] == b"PK\x06\x06":
        members = int.from_bytes(long[32:40], "little") if members == 0xFFFF else members
        table = int.from_bytes(long[40:48], "little") if table == 0xFFFFFFFF else table
    return EndRecord(members, table)


def _misplaced(place: ByteRange, label: str, infos: list[zipfile.ZipInfo]) -> Iterator[Loss]:
    """Report members with another name in their own header: their content may be another too."""
    with place.open() as file:
        for info in infos:
            name = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")
            file.seek(max(0, info.header_offset))
            header = file.read(_LOCAL.size + len(name))
            length = int.from_bytes(header[26:28], "little")
            named = header[_LOCAL.size :] == name and length == len(name)
            if header[:4] == _SIGNATURE and not named:
                yield Loss(f"{label}: {info.filename}", Lost.NAME_DAMAGED.say())


def _refusal(locked: bool, method: int) -> Reason | None:
    """Return why a member is not read; None for a good one."""
    if locked:
        return Lost.ENCRYPTED.say()
    return None if method in METHODS else Lost.PACKED_OTHERWISE.say(method=method)


def _piece(place: ByteRange, info: zipfile.ZipInfo) -> ByteRange:
    with place.open() as file:
        start = _data_start(file, info.header_offset)
    return ByteRange(place.path, place.start + start, info.file_size)


def _opened(place: ByteRange, info: zipfile.ZipInfo) -> BinaryIO:
    file = place.open()
    try:
        file.seek(_data_start(file, info.header_offset))
    except BaseException:
        file.close()
        raise
    stream = MemberStream(file, info.compress_type, info.compress_size, info.file_size, info.CRC)
    return cast(BinaryIO, stream)


def _data_start(file: BinaryIO, header: int) -> int:
    """Return the position behind a local header and its extra field (APPNOTE.TXT 4.3.7)."""
    file.seek(header)
    fields = file.read(_LOCAL.size)
    if len(fields) < _LOCAL.size or fields[:4] != _SIGNATURE:
        raise Unreadable(Lost.PLACE_DAMAGED.say())
    _, name, extra = _LOCAL.unpack(fields)
    return header + _LOCAL.size + int(name) + int(extra)


def _cut(place: ByteRange, label: str, code: Lost, allowance: Allowance) -> Volume:
    """List what a ZIP without a whole directory still holds."""
    volume = Volume(label, cut=True, zipped=True)
    volume.losses.append(Loss(label, code.say()))
    with place.open() as file:
        for entry in read_cut(file):
            path = entry.name.replace("\\", "/")
            if is_noise(path) or entry.name.endswith("/"):
                continue
            reason = _refusal(entry.encrypted, entry.method)
            reason = reason or allowance.refusal(entry.name, entry.size, entry.packed)
            if reason:
                volume.barred.append((entry.name, reason))
                continue
            if not CONVERSATIONS.search(path):
                entry.most = allowance.most(entry.packed)
            member = Member(entry.name, entry.size, partial(entry.open, place), entry.crc)
            if entry.method == STORED:
                start = place.start + entry.start
                member.place = partial(ByteRange, place.path, start, entry.packed)
            volume.members.append(member)
    return volume


def bundled(volume: Volume) -> list[Member]:
    """List the exports inside a bundle of the Privacy Portal; none if it is an export itself."""
    if any(CONVERSATIONS.search(member.path) for member in volume.members):
        return []
    return [member for member in volume.members if BUNDLED.search(member.path)]


def unpacked(member: Member, folder: Path) -> ByteRange:
    """Return the bytes of `member` on the disk, unpacked into `folder` as far as they go."""
    if member.place:
        return member.place()
    with (
        tempfile.NamedTemporaryFile(dir=folder, delete=False) as file,
        closing(member.open()) as stream,
        suppress(Unreadable),  # the losses are those of the ZIP inside
    ):
        shutil.copyfileobj(stream, file, 1 << 20)
    return ByteRange(Path(file.name))
