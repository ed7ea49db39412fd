"""The members of a ZIP, from its directory; ZIPs inside a ZIP too.

`zipfile` reads the directory (ZIP64, names, the offset of a ZIP behind other bytes). The data is
read by `zip_member`, which gets further in damaged files.
"""

from __future__ import annotations

import shutil
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

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
from gptexit.readers.chatgpt.containers.zip_member import METHODS, STORED, MemberStream, Unreadable
from gptexit.readers.chatgpt.containers.zip_recovery import find, read_cut

RATIO = 200
"""How much smaller than its content a large member may be."""
LARGE = 10_000_000
"""Bytes from which on that ratio counts."""
LARGE_CONVERSATIONS = 2_000_000_000
"""Bytes from which on it counts for conversations: they are read in pieces."""
TIMES = 20
"""How many times the size of all ZIPs the files beside the conversations may unpack to together,
or else to TOTAL."""
TOTAL = 500_000_000


@dataclass(slots=True)
class Allowance:
    """What may still be unpacked; one for all ZIPs of a run, those inside a ZIP too."""

    left: int = TOTAL
    """Bytes that files beside the conversations may still take together."""
    unbounded: bool = False

    @classmethod
    def of(cls, paths: Iterable[Path], *, allow_large: bool) -> Allowance:
        """Make one for the sources at `paths`."""
        size = sum(path.stat().st_size for path in paths if path.is_file())
        return cls(max(TOTAL, TIMES * size), allow_large)

    def refusal(self, name: str, size: int, packed: int) -> Reason | None:
        """Count a member, and say why it is left out; None for one that is taken.

        `size`: bytes unpacked, as they are declared or were counted.
        """
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

    def most(self, packed: int) -> int | None:
        """How many bytes a member may give whose size nobody knows; None for no bound."""
        return None if self.unbounded else max(LARGE, RATIO * packed)


_LOCAL = struct.Struct("<4s22xHH")
_SIGNATURE = b"PK\x03\x04"
_END_RECORD = b"PK\x05\x06"
_LONGEST_END = 22 + 0xFFFF + 76
"""Bytes of a ZIP's last record, its comment and what ZIP64 puts in front, at most."""
_UTF8 = 0x800


def read_zip(place: ByteRange, label: str, allowance: Allowance) -> Volume:
    """The members of the ZIP at `place`. One without its end is walked from its start.

    `allowance`: what its members may unpack to. Raises OSError where the file cannot be read.
    """
    try:
        with place.open() as file, zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            length = file.seek(0, 2)
            if any(not 0 <= info.header_offset < length for info in infos):
                raise _Torn  # an offset of ZIP64 may be larger than any file, and than 2**63
            if (len(infos) - _declared(file)) % 0x10000 or _is_inner(file, infos):
                raise _Torn
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OverflowError):
        with place.open() as file:
            return _cut(place, label, file, Lost.ZIP_INCOMPLETE, allowance)
    except _Torn:
        with place.open() as file:
            return _cut(place, label, file, Lost.ZIP_TABLE_DAMAGED, allowance)
    volume = Volume(label, zipped=True)
    volume.losses += _misplaced(place, label, infos)
    for info in infos:
        name = info.filename.replace("\\", "/")
        if name.endswith("/") or is_noise(name):
            continue
        reason = _refusal(info) or allowance.refusal(name, info.file_size, info.compress_size)
        if reason:
            volume.barred.append((info.filename, reason))
        else:
            member = Member(info.filename, info.file_size, _opener(place, info), info.CRC)
            member.stamp = _stamp(info)
            if info.compress_type == STORED:
                member.place = partial(_piece, place, info)
            volume.members.append(member)
    return volume


class _Torn(Exception):
    """The directory is not what it should be.

    It was not read to its end: one wrong length, and the rest looks like no entry. Or it is that of
    a ZIP in the ZIP, whose own end is missing.
    """


def _is_inner(file: BinaryIO, infos: list[zipfile.ZipInfo]) -> bool:
    """Whether a member stands in front of those that the directory knows."""
    known = min((info.header_offset for info in infos), default=0)
    return known > 0 and find(file, _SIGNATURE, 0, known) >= 0


def _declared(file: BinaryIO) -> int:
    """How many members a ZIP's end declares, or that number modulo 65,536 (APPNOTE.TXT 4.3.16)."""
    length = file.seek(0, 2)
    file.seek(max(0, length - _LONGEST_END))
    tail = file.read(_LONGEST_END)
    at = tail.rfind(_END_RECORD)
    declared = int.from_bytes(tail[at + 10 : at + 12], "little")
    long = tail[max(0, at - 76) : max(0, at - 20)]  # the record of ZIP64, and its locator
    if declared == 0xFFFF and long[:4] == b"PK\x06\x06":
        declared = int.from_bytes(long[32:40], "little")
    return declared


def _misplaced(place: ByteRange, label: str, infos: list[zipfile.ZipInfo]) -> Iterator[Loss]:
    """Members that the directory and their own headers name differently: one of them is damaged.

    What is in such a member is not what its name says, and it may be read as something else.
    """
    with place.open() as file:
        for info in infos:
            name = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")
            file.seek(max(0, info.header_offset))
            header = file.read(_LOCAL.size + len(name))
            length = int.from_bytes(header[26:28], "little")
            named = header[_LOCAL.size :] == name and length == len(name)
            if header[:4] == _SIGNATURE and not named:
                yield Loss(f"{label}: {info.filename}", Lost.NAME_DAMAGED.say())


def _stamp(info: zipfile.ZipInfo) -> datetime | None:
    """A member's date; ZIPs tell no time zone. None where it is no date."""
    try:
        return datetime(*info.date_time, tzinfo=UTC)
    except ValueError:
        return None


def _refusal(info: zipfile.ZipInfo) -> Reason | None:
    """Why a member is not read; None for a good one."""
    if stat.S_ISLNK(info.external_attr >> 16):
        return Lost.LINK.say()
    if info.flag_bits & 0x1:
        return Lost.ENCRYPTED.say()
    if info.compress_type not in METHODS:
        return Lost.PACKED_OTHERWISE.say(method=info.compress_type)
    return None


def _piece(place: ByteRange, info: zipfile.ZipInfo) -> ByteRange:
    with place.open() as file:
        start = data_start(file, info.header_offset)
    return ByteRange(place.path, place.start + start, info.file_size)


def _opener(place: ByteRange, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        file = place.open()
        try:
            file.seek(data_start(file, info.header_offset))
        except BaseException:
            file.close()
            raise
        stream = MemberStream(
            file, info.compress_type, info.compress_size, info.file_size, info.CRC
        )
        return cast(BinaryIO, stream)

    return opened


def data_start(file: BinaryIO, header: int) -> int:
    """Where the data of the member begins whose local header stands at `header`, in bytes.

    The local header has an extra field of its own length (APPNOTE.TXT 4.3.7).
    """
    file.seek(header)
    bytes_ = file.read(_LOCAL.size)
    if len(bytes_) < _LOCAL.size or bytes_[:4] != _SIGNATURE:
        raise Unreadable(Lost.PLACE_DAMAGED.say())
    _, name, extra = _LOCAL.unpack(bytes_)
    return header + _LOCAL.size + int(name) + int(extra)


def _itself(place: ByteRange) -> ByteRange:
    return place


def _cut(place: ByteRange, label: str, file: BinaryIO, code: Lost, allowance: Allowance) -> Volume:
    """A volume of what a ZIP without a whole directory still holds."""
    volume = Volume(label, cut=True, zipped=True)
    volume.losses.append(Loss(label, code.say()))
    for entry in read_cut(file):
        if is_noise(entry.name.replace("\\", "/")) or entry.name.endswith("/"):
            continue
        if entry.encrypted:
            volume.barred.append((entry.name, Lost.ENCRYPTED.say()))
        elif entry.method not in METHODS:
            why = Lost.PACKED_OTHERWISE.say(method=entry.method)
            volume.barred.append((entry.name, why))
        elif refusal := allowance.refusal(entry.name, entry.size, entry.packed):
            volume.barred.append((entry.name, refusal))
        else:
            if not CONVERSATIONS.search(entry.name.replace("\\", "/")):
                entry.most = allowance.most(entry.packed)
            member = Member(entry.name, entry.size, entry.opener(place.open), entry.crc)
            if entry.method == STORED:
                piece = ByteRange(place.path, place.start + entry.start, entry.packed)
                member.place = partial(_itself, piece)
            volume.members.append(member)
    return volume


def bundled(volume: Volume) -> list[Member]:
    """The exports inside a bundle of the Privacy Portal. None where it is an export itself."""
    if any(CONVERSATIONS.search(member.path) for member in volume.members):
        return []
    return [member for member in volume.members if BUNDLED.search(member.path)]


def unpacked(member: Member, folder: Path) -> ByteRange:
    """Where the bytes of `member` lie; those that are packed are unpacked into `folder`.

    A packed member that breaks off is kept as far as it goes. Raises OSError.
    """
    if member.place:
        return member.place()
    with (
        tempfile.NamedTemporaryFile(dir=folder, delete=False) as file,
        closing(member.open()) as stream,
        suppress(Unreadable),  # the ZIP inside tells what it lacks
    ):
        shutil.copyfileobj(stream, file, 1 << 20)
    return ByteRange(Path(file.name))
