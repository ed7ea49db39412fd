"""Files on a disk that others can write to: opened so that no link is written through.

An archive may come from somebody else, or lie where others can write. A link or a pipe that was
planted there must neither lead what is written elsewhere nor make a run wait. So every file is
written under a new name that nobody can have guessed, opened exclusively, and then renamed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from gptexit.errors import Unusable
from gptexit.text.terminal import printable

CHUNK = 1 << 20
HOUSE = ".gptexit"
"""The folder in an archive that holds what gptexit has to know of it."""
PART = ".part"
"""The ending of a file that is not complete yet."""
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_ALWAYS: int = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _ALWAYS
_TO_READ: int = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _ALWAYS
_TO_SYNC = os.O_RDWR | _NOFOLLOW | _ALWAYS
_LONGEST_NAME = 255
_LOOKED_AT = 512


def new_name() -> str:
    """Return a name for a part that nobody can guess, and that no other run takes."""
    return f"{secrets.token_hex(8)}{PART}"


def open_new(path: str | Path) -> BinaryIO:
    """Create a file and open it for writing. Raises FileExistsError where anything is there."""
    return os.fdopen(os.open(path, _NEW, 0o666), "wb", buffering=0)


def read_bytes(path: str | Path) -> bytes | None:
    """Return the bytes of a file, None where there is none.

    Raises OSError, and so for what is no plain file: a pipe would make the run wait.
    """
    try:
        with open_plain(path) as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def open_plain(path: str | Path) -> BinaryIO:
    """Open a plain file for reading. Raises OSError where it is none, as for a pipe or a folder."""
    descriptor = os.open(path, _TO_READ)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise IsADirectoryError(0, "this is no plain file", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def digest_of(path: str | Path) -> str:
    """Return the SHA-256 of a plain file, as hex digits. Raises OSError."""
    with open_plain(path) as stream:
        return hashlib.file_digest(cast(Any, stream), "sha256").hexdigest()


def digest_at(path: str) -> str | None:
    """Return the SHA-256 of a file; None where there is none, "" for what is no plain file."""
    try:
        return digest_of(path)
    except FileNotFoundError:
        return "" if os.path.islink(path) else None
    except IsADirectoryError:
        return ""


def is_zeros(path: str | Path) -> bool:
    """Tell whether a plain file has bytes, and they are all zero. Raises OSError."""
    with open_plain(path) as stream:
        first = stream.read(_LOOKED_AT)
        if not first or any(first):
            return False
        while chunk := stream.read(CHUNK):
            if chunk.strip(b"\0"):
                return False
    return True


def begins_with_zeros(path: str | Path) -> bool:
    """Tell whether a file begins with zeros, which is quick; also where it is no plain file."""
    try:
        with open_plain(path) as stream:
            first = stream.read(_LOOKED_AT)
    except OSError:
        return True
    return bool(first) and not any(first)


def sync(path: str | Path) -> None:
    """Wait until what was written to a file is on the disk. Raises OSError."""
    descriptor = os.open(path, _TO_SYNC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: str | Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can be asked to."""
    with suppress(OSError):  # Windows opens no folder, and some file systems sync none
        descriptor = os.open(path, os.O_RDONLY | _ALWAYS)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under another name, and then under its own: whole, or not at all.

    A link at `path` is replaced, and not followed. Raises OSError, also where something is there
    that is no file, such as a folder, a pipe or a device.
    """
    if kind := special(path):  # also where a link leads to it, as that at /dev/stdout does
        raise FileExistsError(0, f"this is {kind}, and no file", str(path))
    with suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise FileExistsError(0, "this is no plain file", str(path))
    part = path.with_name(f".{new_name()}")
    try:
        with open_new(part) as stream:
            write_all(stream, data)
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_all(stream: BinaryIO, data: bytes) -> None:
    """Write all of `data` to a file that is not buffered."""
    rest = memoryview(data)
    while rest:
        rest = rest[stream.write(rest) :]


def write_new(path: str | Path, data: bytes) -> None:
    """Create a file with these bytes. Raises FileExistsError where anything is there."""
    with open_new(path) as stream:
        write_all(stream, data)


def need_plain_house(root: str | Path) -> None:
    """Raise Unusable where `.gptexit` in a folder is a link, or holds one, or holds a pipe."""
    house = f"{root}/{HOUSE}"
    try:
        if not stat.S_ISDIR(os.lstat(house).st_mode):
            raise _planted(house, "folder")
        with os.scandir(house) as found:
            for entry in found:
                if not entry.is_file(follow_symlinks=False):
                    raise _planted(entry.path, "file")
    except (FileNotFoundError, NotADirectoryError):
        return


def need_plain_folder(path: str | Path) -> bool:
    """Tell whether a folder is there. Raises Unusable where a link or a file is in its place."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(mode):
        raise _planted(path, "folder")
    return True


def _planted(path: str | Path, what: str) -> Unusable:
    return Unusable(
        f"{printable(str(path))} is no {what} but a link or something else: nothing is written "
        f"through it. Put a {what} in its place, or name another folder with -o. "
        "(The folder that -o names may itself be a link.)"
    )


def leads_out(path: str) -> bool:
    """Tell whether a path, relative to an archive, can be none of a file that we wrote in it.

    It leads out of the archive or into `.gptexit`, no system can have it, or it is another
    spelling of one.
    """
    parts = path.split("/")
    return (
        any(sign in path for sign in ("\\", ":", "\x7f"))
        or any(sign < " " for sign in path)
        or any(part in ("", ".", "..") for part in parts)
        or parts[0].casefold().rstrip(". ") == HOUSE
        or not _is_encodable(path)
    )


def _is_encodable(path: str) -> bool:
    """Tell whether a file system takes each part of a path: no half of a pair, not too long."""
    if path.isascii() and len(path) <= _LONGEST_NAME:
        return True
    try:
        return all(len(part.encode()) <= _LONGEST_NAME for part in path.split("/"))
    except UnicodeEncodeError:
        return False


_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def special(path: str | os.PathLike[str]) -> str | None:
    """Return what a path leads to, such as `a pipe`; None for a file, a folder, and nothing.

    Opening a pipe waits for somebody who writes into it, and a device may have no end.
    """
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return None
    return next((name for is_one, name in _KINDS if is_one(mode)), None)
