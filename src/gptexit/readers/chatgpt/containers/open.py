"""Open the paths, or `-`, that a person gives, as volumes."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from gptexit.chatgpt.names import CONVERSATIONS
from gptexit.codes import reason_of
from gptexit.errors import NotAnExport
from gptexit.files.disk import HOUSE, special
from gptexit.readers.chatgpt.containers import recognize
from gptexit.readers.chatgpt.containers.base import (
    BUNDLED,
    ByteRange,
    Loss,
    Member,
    Volume,
    holds_conversations,
    label_of,
    names_in,
    read_file,
    read_folder,
)
from gptexit.readers.chatgpt.containers.nearby import exports_in
from gptexit.readers.chatgpt.containers.own_files import (
    inner_archives,
    need_no_archive,
    need_no_packed_archive,
)
from gptexit.readers.chatgpt.containers.zip import Allowance, bundled, read_zip, unpacked
from gptexit.readers.chatgpt.parsing.json_scanner import ByteStream
from gptexit.text.terminal import count

Spool = Callable[[], Path]
"""Returns the folder for members that have to be unpacked before they can be read."""
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
"""First bytes of a ZIP, and of one without members."""
_LOOKED_AT = 10
"""Files with conversations that are looked at before an export is refused."""


def open_volumes(paths: Sequence[Path], spool: Spool, *, allow_large: bool = False) -> list[Volume]:
    """Open each of `paths` once; `allow_large`: see `open_export`. Raises NotAnExport."""
    volumes: list[Volume] = []
    allowance = Allowance.of(dict.fromkeys(paths), allow_large=allow_large)
    for path in dict.fromkeys(paths):
        try:
            opened = _volumes(path, label_of(path), spool, allowance)
        except OSError as error:
            raise recognize.unreachable(str(path), error) from error
        for volume in opened:
            volume.given = str(path)
        volumes += opened
    return volumes


def _volumes(path: Path, label: str, spool: Spool, allowance: Allowance) -> list[Volume]:
    """Open one path; a bundle has several volumes."""
    if path.is_dir():
        if not holds_conversations(path, BUNDLED):
            if (path / HOUSE).is_dir() or inner_archives(path):
                need_no_archive(path)
            _need_unpacked(path)
        volume = read_folder(path, label)
        if not volume.members and not volume.barred:
            wrong = recognize.wrong_members(str(path), names_in(path))
            raise wrong.with_choices([str(path)], [])
        return _with_bundled(volume, spool, allowance)
    if kind := special(path):
        raise NotAnExport(
            f"{recognize.named(str(path))} is {kind}, not a file: give the path of a file, or "
            "pass JSON to standard input and give `-`."
        )
    with path.open("rb") as file:
        head = file.read(recognize.HEAD)
    if head.startswith(_ZIPS) or zipfile.is_zipfile(path):
        volume = read_zip(ByteRange(path), label, allowance)
        need_no_packed_archive(volume, path)
        return _with_bundled(volume, spool, allowance)
    try:
        return [_bare(path, str(path), head)]
    except NotAnExport:
        need_no_archive(path)
        raise


def _need_unpacked(folder: Path) -> None:
    """Raise NotAnExport, with the choices, if exports lie in a folder as ZIPs."""
    exports = exports_in(folder)
    if any(export.size for export in exports):
        raise NotAnExport(
            f"{recognize.named(str(folder))} is a folder with {count(len(exports), 'export')} of "
            "ChatGPT in it.",
            f"Give {'one of them' if len(exports) > 1 else 'it'}, with all its parts.",
        ).with_choices([str(folder)], [export.as_choice() for export in exports])


def _with_bundled(volume: Volume, spool: Spool, allowance: Allowance) -> list[Volume]:
    """Return a volume and the exports inside a bundle: one level deep, never further."""
    inner = []
    for member in bundled(volume):
        label = volume.where(member)
        try:
            place = unpacked(member, Path() if member.place else spool())
            inner.append(read_zip(place, label, allowance))
        except OSError as error:
            volume.losses.append(Loss(label, reason_of(error)))
    return [volume, *inner]


def _bare(path: Path, label: str, head: bytes) -> Volume:
    """Open one file that is no ZIP: JSON with conversations, or the viewer `chat.html`."""
    head = recognize.decoded(head)
    if refused := recognize.foreign(label, head):
        raise refused
    if _begins_json(head):
        if CONVERSATIONS.search(path.name) or recognize.seems_conversations(head):
            return read_file(path)
    elif b"jsonData" in head:
        return read_file(path)
    raise recognize.wrong_file(label, head)


def _begins_json(head: bytes) -> bool:
    return head.lstrip(b"\x1e \t\r\n").startswith((b"[", b"{"))


def kept(stdin: ByteStream, folder: Path, label: str) -> Volume:
    """Copy standard input to a file in `folder`, as a volume that can be read twice."""
    path = folder / label
    with path.open("wb") as file:
        while data := stdin.read(1 << 20):
            file.write(data)
    volume = read_file(path)
    volume.part_of, volume.given = None, label
    return volume


def open_stdin(stdin: BinaryIO) -> ByteStream:
    """Open standard input as a stream of JSON. Raises NotAnExport if it is something else."""
    front = stdin.read(recognize.HEAD)
    head = recognize.decoded(front)
    label = "standard input"
    if not front:
        raise NotAnExport(
            f"{label} is empty: nothing came through the pipe.",
            "Look at what the command before it prints. `unzip -l EXPORT.zip` lists the files of "
            "an export: some have conversations-000.json in place of conversations.json.",
        )
    if head.startswith(b"PK"):
        raise NotAnExport(
            f"{label} holds a ZIP, which cannot be read from a pipe: give the path of the file."
        )
    if refused := recognize.foreign(label, head):
        raise refused
    if not _begins_json(head):
        raise recognize.wrong_file(label, head)
    return recognize.PutBack(front, stdin)


def check(volume: Volume, conversations: Sequence[Member]) -> None:
    """Raise NotAnExport if all `conversations` of `volume` are those of another program.

    If one of the files holds something else, that is reported where it is read.
    """
    names = {member.base for member in volume.members}
    if names >= recognize.CLAUDE and "user.json" not in names:
        raise recognize.wrong_members(volume.given or volume.label, names)
    refused = None
    for member in conversations[:_LOOKED_AT]:
        try:
            with closing(member.open()) as stream:
                head = recognize.decoded(stream.read(recognize.HEAD))
        except OSError:  # reported when it is read
            return
        refused = recognize.foreign(volume.given or volume.label, head)
        if refused is None:
            return
    if refused:
        raise refused
