"""What a person gives: paths or `-`, to the volumes that stand behind them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from gptexit.chatgpt.names import CONVERSATIONS
from gptexit.codes import reason_of
from gptexit.errors import NotAnExport
from gptexit.files.disk import special
from gptexit.readers.chatgpt.containers import diagnosis
from gptexit.readers.chatgpt.containers.base import (
    ByteRange,
    Loss,
    Member,
    Volume,
    names_in,
    plain,
    read_file,
    read_folder,
)
from gptexit.readers.chatgpt.containers.recognize import decoded, put_back
from gptexit.readers.chatgpt.containers.zip import Allowance, bundled, read_zip, unpacked
from gptexit.readers.chatgpt.parsing.scanner import ByteStream

Spool = Callable[[], Path]
"""Gives the folder for what has to be unpacked before it can be read."""
_EMPTY_ZIP = b"PK\x05\x06"


def open_volumes(paths: Sequence[Path], spool: Spool, *, allow_large: bool = False) -> list[Volume]:
    """The volumes behind `paths`; each path once.

    `allow_large`: take also what unpacks to more than an export's files do. Raises NotAnExport.
    """
    volumes: list[Volume] = []
    allowance = Allowance.of(dict.fromkeys(paths), allow_large=allow_large)
    for path in dict.fromkeys(paths):
        label = plain(path.name or str(path))
        try:
            found = _volumes(path, label, spool, allowance)
        except OSError as error:
            raise diagnosis.unreachable(label, error) from error
        for volume in found:
            volume.given, volume.folder = str(path), str(path.parent)
        volumes += found
    return volumes


def _volumes(path: Path, label: str, spool: Spool, allowance: Allowance) -> list[Volume]:
    """The volumes of one path: a bundle has several."""
    if path.is_dir():
        volume = read_folder(path, label)
        if not volume.members and not volume.barred:
            raise diagnosis.wrong_members(label, names_in(path))
        return _with_bundled(volume, spool, allowance)
    if kind := special(path):
        raise diagnosis.endless(label, kind)
    with path.open("rb") as file:
        head = file.read(diagnosis.HEAD)
    if head.startswith((b"PK\x03\x04", _EMPTY_ZIP)) or zipfile.is_zipfile(path):
        return _with_bundled(read_zip(ByteRange(path), label, allowance), spool, allowance)
    return [_bare(path, label, head)]


def _with_bundled(volume: Volume, spool: Spool, allowance: Allowance) -> list[Volume]:
    """A volume and the exports inside it, where it is a bundle. One level deep, never further."""
    inner = []
    for member in bundled(volume):
        label = f"{volume.label}: {member.name}"
        try:
            place = unpacked(member, Path() if member.place else spool())
            inner.append(read_zip(place, label, allowance))
        except OSError as error:
            volume.losses.append(Loss(label, reason_of(error)))
    return [volume, *inner]


def _bare(path: Path, label: str, head: bytes) -> Volume:
    """One file that is no ZIP: JSON with conversations, or the viewer `chat.html`."""
    head = decoded(head)
    refused = diagnosis.foreign(label, head)
    if refused:
        raise refused
    if _begins_json(head):
        if CONVERSATIONS.search(path.name) or diagnosis.seems_conversations(head):
            return read_file(path)
    elif b"jsonData" in head:
        return read_file(path)
    raise diagnosis.wrong_file(label, head)


def _begins_json(head: bytes) -> bool:
    return head.lstrip(b"\x1e \t\r\n").startswith((b"[", b"{"))


def kept(stdin: ByteStream, folder: Path, label: str) -> Volume:
    """Standard input as a volume that can be read twice: its bytes go to a file in `folder`."""
    path = folder / label
    with path.open("wb") as file:
        while data := stdin.read(1 << 20):
            file.write(data)
    volume = read_file(path)
    volume.part_of, volume.given = None, label
    return volume


def open_stdin(stdin: BinaryIO) -> ByteStream:
    """Standard input as a stream of JSON. Raises NotAnExport where it is something else."""
    front = stdin.read(diagnosis.HEAD)
    head = decoded(front)
    label = "standard input"
    if head.startswith(b"PK"):
        raise NotAnExport(
            f"{label} holds a ZIP, which cannot be read from a pipe: give the path of the file."
        )
    refused = diagnosis.foreign(label, head)
    if refused:
        raise refused
    if not _begins_json(head):
        raise diagnosis.wrong_file(label, head)
    return put_back(front, stdin)


def check(volume: Volume, conversations: Sequence[Member]) -> None:
    """Raise NotAnExport where the conversations of `volume` are another program's.

    `conversations`: its files with conversations. One of them that holds something else is told
    where it is read, and the others are converted.
    """
    refused = diagnosis.foreign_members(volume.label, [each.path for each in volume.members])
    for member in conversations[:_LOOKED_AT]:
        if refused:
            break
        try:
            with closing(member.open()) as stream:
                found = diagnosis.foreign(volume.label, decoded(stream.read(diagnosis.HEAD)))
        except OSError:  # told when it is read
            return
        if found is None:
            return
        refused = found if member is conversations[:_LOOKED_AT][-1] else None
    if refused:
        raise refused


_LOOKED_AT = 10
"""Files with conversations that are looked at before an export is refused."""
