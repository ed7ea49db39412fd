"""What holds files: a ZIP, a folder, one file. Each becomes a list of members.

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
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from gptexit.chatgpt.names import CONVERSATIONS
from gptexit.codes import Lost, Reason


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


BUNDLED = re.compile(r"(?:^|/)(?:Conversations|Files|Ads)__[^/]*\.zip$")
"""An export inside the bundle that the Privacy Portal sends."""
_NOISE = re.compile(
    r"(?:^|/)(?:__MACOSX/?$|\._[^/]*$|\.DS_Store$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE
)
"""What file managers leave behind; a file in `__MACOSX` that has a name of its own is no such."""
DEEPEST = 5
"""Folders below each other that are entered in search of an export."""
WIDEST = 10_000
"""Folders beside each other that are looked into."""
MOST = 2_000_000
"""Files that are looked at in one folder; a home folder given by mistake must not take hours."""


@dataclass(slots=True)
class Loss:
    """Something that the source holds and that could not be read."""

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
    """Its bytes, from the start. Raises OSError."""
    crc: int | None = None
    place: Callable[[], ByteRange] | None = None
    """Where the bytes lie as they are, on the disk; None where they have to be unpacked."""
    stamp: datetime | None = None
    """When it was changed last, in UTC; the source may not tell."""
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
    """The members of one source, and those that are there and are not read."""

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
    """What the parts of one export have in common; None where the source is no part."""
    given: str = ""
    """The path that led to it; the ZIPs in a bundle share that of the bundle."""
    folder: str = ""
    """The folder of that path."""
    passed: list[Loss] = field(default_factory=list)
    """Files beside the conversations that are not read as such, and what they are."""

    def __post_init__(self) -> None:
        self.part_of = _whole(self.label)


_PART = re.compile(r"[-_]part[-_](\d+)(?: ?\(\d+\))?(?:\.zip)?$", re.IGNORECASE)


def _whole(label: str) -> str | None:
    """`export` for `export-part-0002.zip`."""
    found = _PART.search(label)
    return label[: found.start()] if found else None


def part_number(label: str) -> int:
    """2 for `export-part-0002.zip`; 0 for no part."""
    found = _PART.search(label)
    return int(found[1]) if found else 0


def is_noise(path: str) -> bool:
    """Whether an operating system put that file there."""
    return bool(_NOISE.search(path))


def plain(text: str) -> str:
    """A name as text that can be printed: bytes that are no UTF-8 become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def read_file(path: Path) -> Volume:
    """A bare file as a volume of one member; files of one folder are parts of one export."""
    label = plain(path.name)
    volume = Volume(label, [_member(path, label, path.stat())], bare=True)
    volume.part_of = str(path.parent)
    return volume


def _member(path: Path, name: str, facts: os.stat_result) -> Member:
    place = ByteRange(path)
    stamp = datetime.fromtimestamp(facts.st_mtime, UTC)
    return Member(name, facts.st_size, place.open, place=lambda: place, stamp=stamp)


def read_folder(folder: Path, label: str) -> Volume:
    """The files below the shallowest folder, or folders, that hold an export.

    Raises OSError where `folder` itself cannot be listed.
    """
    volume = Volume(label)
    top = folder.resolve()
    next(top.iterdir(), None)  # a folder that nobody may read is an error, not an empty export
    level, found = [top], list[Path]()
    for _ in range(DEEPEST):
        found = [each for each in level if _holds_export(each)]
        if found:
            break
        level = list(islice((inner for each in level for inner in _folders(each)), WIDEST))
    if found and found[0] != top and not any(map(_holds_conversations, found)):
        found = list(dict.fromkeys(each.parent for each in found))  # a bundle: its CSVs are beside
    # Without any of these, there may be single chats under whatever names.
    for start in found or [top]:
        _walk(start, top, volume, chats=not found)
    return volume


def _holds_export(folder: Path) -> bool:
    return any(BUNDLED.search(name) for name in names_in(folder)) or _holds_conversations(folder)


def _holds_conversations(folder: Path) -> bool:
    return any(CONVERSATIONS.search(name) or name == "chat.html" for name in names_in(folder))


def names_in(folder: Path) -> list[str]:
    """What a folder holds; nothing where it cannot be listed."""
    try:
        return sorted(each.name for each in folder.iterdir())
    except OSError:
        return []


def _folders(folder: Path) -> list[Path]:
    """The folders inside, without those that symbolic links lead to."""
    inner = [folder / name for name in names_in(folder) if not is_noise(name)]
    return [each for each in inner if each.is_dir() and not each.is_symlink()]


def _walk(start: Path, top: Path, volume: Volume, *, chats: bool = False) -> None:
    """Add every file below `start`; names are relative to `top`.

    `chats`: only as deep as an export is looked for.
    """
    deepest = len(start.parts) + DEEPEST - 1
    for here, folders, files in os.walk(start, onerror=lambda error: _unlisted(error, volume)):
        folders[:] = sorted(name for name in folders if not is_noise(name))
        if chats and len(Path(here).parts) >= deepest:
            folders[:] = []
        for name in sorted(files) + [each for each in folders if (Path(here) / each).is_symlink()]:
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
        facts = path.stat()
    except (OSError, RuntimeError) as error:  # a link to nowhere, or in a circle
        code = Lost.BROKEN_LINK if path.is_symlink() else Lost.UNREADABLE
        volume.barred.append((label, code.say(error=error)))
        return
    if stat.S_ISREG(facts.st_mode):
        volume.members.append(_member(path, label, facts))


def _unlisted(error: OSError, volume: Volume) -> None:
    why = Lost.UNREADABLE.say(error=error.strerror)
    volume.losses.append(Loss(plain(str(error.filename)), why))
