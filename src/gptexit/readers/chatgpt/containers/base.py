"""Containers of files, each as a list of members: a ZIP, a folder, one file.

Names come from the source and are not to be trusted: a name is a label and a key, never a path to
write to.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from gptexit.chatgpt.names import CONVERSATIONS
from gptexit.codes import Lost, Passed, Reason
from gptexit.files.disk import HOUSE


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A part of a file on the disk."""

    path: Path
    start: int = 0
    length: int | None = None
    """In bytes; None for all from `start` on."""

    def open(self) -> BinaryIO:
        """Open it as a file of its own, seekable, not buffered. Raises OSError."""
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


BUNDLED = re.compile(r"(?:^|/)(?:Conversations|Files|Ads)__[^/]*\.zip$")
"""An export inside the bundle that the Privacy Portal sends."""
_NOISE = re.compile(
    r"(?:^|/)(?:__MACOSX/?$|\._[^/]*$|\.DS_Store$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE
)
"""Files that file managers leave behind; not every file in a folder `__MACOSX` is one."""
_PART = re.compile(r"[-_]part[-_](\d+)(?: ?\(\d+\))?(?:\.zip)?$", re.IGNORECASE)
DEEPEST = 5
"""Folders below each other that are entered in search of an export."""
WIDEST = 10_000
"""Folders beside each other that are looked into."""
MOST = 2_000_000
"""Files that are looked at in one folder; a home folder given by mistake must not take hours."""


@dataclass(slots=True)
class Loss:
    """Something in the source that could not be read."""

    where: str
    why: Reason

    @property
    def reason(self) -> str:
        """The sentence that says why."""
        return self.why.sentence

    def as_json(self) -> dict[str, str]:
        """Return it as reports have it."""
        return {"where": self.where, "code": self.why.code.value, "reason": self.why.sentence}


@dataclass(slots=True, eq=False)
class Member:
    """One file of a volume. Two members may have the same name."""

    name: str
    """As the source spells it."""
    size: int
    """Bytes, as declared; unpacked."""
    open: Callable[[], BinaryIO]
    """Opens its bytes at their start. Raises OSError."""
    crc: int | None = None
    place: Callable[[], ByteRange] | None = None
    """Returns its bytes as they are on the disk; None if they have to be unpacked."""
    stamp: datetime | None = None
    """When it was changed last, in UTC, if the source says so."""
    path: str = ""
    """The name with `/` between its parts, whatever packed it."""

    def __post_init__(self) -> None:
        self.path = self.name.replace("\\", "/")

    @property
    def base(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(slots=True)
class Volume:
    """The members of one source, and its files that are not read."""

    label: str
    members: list[Member] = field(default_factory=list)
    barred: list[tuple[str, Reason]] = field(default_factory=list)
    """Names and reasons of members that are refused whatever they are: encrypted, unsafe."""
    losses: list[Loss] = field(default_factory=list)
    cut: bool = False
    """True for a ZIP without its end."""
    zipped: bool = False
    """True for a ZIP: the dates of its members are those of its making."""
    bare: bool = False
    """True for one file that was given by itself."""
    part_of: str | None = None
    """The file name without `-part-0002.zip`: volumes with the same value belong to one export."""
    given: str = ""
    """The path that led to it; the ZIPs in a bundle share that of the bundle."""
    passed: list[Loss] = field(default_factory=list)
    """Files beside the conversations that are not read as such, and what they are."""

    def __post_init__(self) -> None:
        part = _PART.search(self.label)
        self.part_of = self.label[: part.start()] if part else None

    def where(self, member: Member) -> str:
        """Name a member for a person: `export.zip: conversations.json`."""
        return f"{self.label}: {member.name}"


def part_number(label: str) -> int:
    """Return 2 for `export-part-0002.zip`; 0 for no part."""
    part = _PART.search(label)
    return int(part[1]) if part else 0


def is_noise(path: str) -> bool:
    """Tell whether an operating system put that file there."""
    return bool(_NOISE.search(path))


def plain(text: str) -> str:
    """Make a name printable: bytes that are no UTF-8 become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def label_of(path: Path) -> str:
    """Return the name of a file or folder, also of `.` and `..`, printable."""
    return plain((path if path.name.strip(".") else path.resolve()).name or str(path))


def read_file(path: Path) -> Volume:
    """Read a bare file as a volume of one member; files of one folder are parts of one export."""
    label = plain(path.name)
    volume = Volume(label, [_member(path, label, path.stat())], bare=True)
    volume.part_of = str(path.parent)
    return volume


def _member(path: Path, name: str, status: os.stat_result) -> Member:
    stamp = datetime.fromtimestamp(status.st_mtime, UTC)
    place = partial(ByteRange, path)
    return Member(name, status.st_size, place().open, place=place, stamp=stamp)


def read_folder(folder: Path, label: str) -> Volume:
    """Read the files below the shallowest folders that hold an export. Raises OSError."""
    volume = Volume(label)
    top = folder.resolve()
    next(top.iterdir(), None)  # a folder that nobody may read is an error, not an empty export
    level, holders = [top], list[Path]()
    for _ in range(DEEPEST):
        holders = [inner for inner in level if holds_conversations(inner, BUNDLED)]
        if holders:
            break
        level = list(islice((inner for outer in level for inner in _folders(outer)), WIDEST))
    if holders and holders[0] != top and not any(map(holds_conversations, holders)):
        holders = list(dict.fromkeys(inner.parent for inner in holders))  # CSVs beside a bundle
    # Without an export, single chats may have any names.
    for start in holders or [top]:
        _walk(start, top, volume, chats=not holders)
    return volume


def holds_conversations(folder: Path, *others: re.Pattern[str]) -> bool:
    """Tell whether an export, or a file with a name like `others`, lies directly in a folder."""
    signs = (CONVERSATIONS, *others)
    names = names_in(folder)
    return "chat.html" in names or any(sign.search(name) for sign in signs for name in names)


def names_in(folder: Path) -> list[str]:
    """List a folder; return nothing if that is not possible."""
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []


def _folders(folder: Path) -> list[Path]:
    """List the folders inside that may hold an export, without those that links lead to."""
    inner = [folder / name for name in names_in(folder)]
    return [path for path in inner if not path.is_symlink() and path.is_dir() and _open_to(path)]


def _open_to(folder: Path) -> bool:
    """Tell whether a search enters a folder: not if it is hidden, or an archive of gptexit."""
    hidden = folder.name.startswith(".") or is_noise(folder.name)
    return not hidden and not (folder / HOUSE).is_dir()


def _walk(start: Path, top: Path, volume: Volume, *, chats: bool = False) -> None:
    """Add every file below `start`, named relative to `top`.

    What gptexit wrote there is left out. `chats`: in search of single chats, only down to DEEPEST,
    and in no hidden folder.
    """

    def unlisted(error: OSError) -> None:
        why = Lost.UNREADABLE.say(error=error.strerror)
        volume.losses.append(Loss(plain(str(error.filename)), why))

    deepest = len(start.parts) + DEEPEST - 1
    for here, folders, files in os.walk(start, onerror=unlisted):
        folders[:] = sorted(name for name in folders if not (is_noise(name) or name == HOUSE))
        archives = [name for name in folders if Path(here, name, HOUSE).is_dir()]
        for name in archives:
            where = plain(Path(here, name).relative_to(top).as_posix())
            volume.passed.append(Loss(f"{volume.label}: {where}", Passed.ARCHIVE.say()))
        folders[:] = [
            name
            for name in folders
            if name not in archives and not (chats and name.startswith("."))
        ]
        if chats and len(Path(here).parts) >= deepest:
            folders[:] = []
        for name in sorted(files) + [name for name in folders if (Path(here) / name).is_symlink()]:
            path = Path(here) / name
            label = plain(path.relative_to(top).as_posix())
            if is_noise(label):
                continue
            _add(path, label, top, volume)
            if len(volume.members) >= MOST:
                volume.losses.append(Loss(volume.label, Lost.TOO_MANY_FILES.say(most=MOST)))
                return


def _add(path: Path, label: str, top: Path, volume: Volume) -> None:
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(top):
            volume.barred.append((label, Lost.LINK_OUT_OF_FOLDER.say()))
            return
        status = path.stat()
    except (OSError, RuntimeError) as error:  # a link to nowhere, or in a circle
        code = Lost.BROKEN_LINK if path.is_symlink() else Lost.UNREADABLE
        volume.barred.append((label, code.say(error=error)))
        return
    if stat.S_ISREG(status.st_mode):
        volume.members.append(_member(path, label, status))
