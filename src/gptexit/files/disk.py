"""Open files on a disk that others can write to, so that no link is written through.

An archive may come from somebody else, or lie where others can write. A link or a pipe that was
planted there must neither lead what is written elsewhere nor make a run wait. So every file is
written under a new name that nobody can have guessed, opened exclusively, and then renamed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from gptexit.errors import Unusable
from gptexit.text.terminal import printable, size

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
_BAD_SIGN = re.compile(r"[\x00-\x1f\\:\x7f]")
_LOOKED_AT = 512


def new_name() -> str:
    """Return a name for a part that nobody can guess, and that no other run takes."""
    return f"{secrets.token_hex(8)}{PART}"


def open_new(path: str | Path) -> BinaryIO:
    """Create a file and open it for writing. Raises FileExistsError if anything has its name."""
    return os.fdopen(os.open(path, _NEW, 0o666), "wb", buffering=0)


def read_bytes(path: str | Path) -> bytes | None:
    """Return the bytes of a file, None if it does not exist. Raises OSError like `open_plain`."""
    try:
        with open_plain(path) as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def open_plain(path: str | Path) -> BinaryIO:
    """Open a plain file for reading. Raises OSError for a folder or a pipe, which would wait."""
    descriptor = os.open(path, _TO_READ)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise IsADirectoryError(0, "this is not an ordinary file", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def digest_of(path: str | Path) -> str:
    """Return the SHA-256 of a plain file, as hex digits. Raises OSError."""
    with open_plain(path) as stream:
        return hashlib.file_digest(cast(Any, stream), "sha256").hexdigest()


def digest_at(path: str) -> str | None:
    """Return the SHA-256 of a file; None if it does not exist, "" if it is no plain file."""
    try:
        return digest_of(path)
    except FileNotFoundError:
        return "" if os.path.islink(path) else None
    except IsADirectoryError:
        return ""


def is_zeros(path: str | Path) -> bool:
    """Tell whether a plain file has bytes, and they are all zero. Raises OSError."""
    with open_plain(path) as stream:
        chunk = stream.read(_LOOKED_AT)
        if not chunk:
            return False
        while chunk and not chunk.strip(b"\0"):
            chunk = stream.read(CHUNK)
    return not chunk


def begins_with_zeros(path: str | Path) -> bool:
    """Tell whether a file begins with zeros, which is quick, or is no plain file."""
    try:
        with open_plain(path) as stream:
            first = stream.read(_LOOKED_AT)
    except OSError:
        return True
    return bool(first) and not any(first)


def sync(path: str | Path, flags: int = _TO_SYNC) -> None:
    """Wait until the bytes written to a file are on the disk. Raises OSError."""
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: str | Path) -> None:
    """Wait until the names in a folder are on the disk, if the system can do that."""
    with suppress(OSError):  # Windows opens no folder, and some file systems sync none
        sync(path, os.O_RDONLY | _ALWAYS)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under another name, then rename it: whole, or not at all.

    Replaces a link at `path`. Raises OSError, also if it is a folder, a pipe or a device.
    """
    if kind := special(path):  # also where a link leads to it, as that at /dev/stdout does
        raise FileExistsError(0, f"this is {kind}, not a file", str(path))
    with suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise FileExistsError(0, "this is not an ordinary file", str(path))
    part = path.with_name(f".{new_name()}")
    try:
        with open_new(part) as stream:
            write_all(stream, data)
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException as error:
        if isinstance(error, OSError) and str(error.filename or part) == str(part):
            error.filename, error.filename2 = str(path), None
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def free_at(path: str | Path) -> int | None:
    """Return the free bytes of the disk that a path is on, or will be; None if that is unknown."""
    here = Path(os.path.abspath(path))
    for folder in (here, *here.parents):
        try:
            return shutil.disk_usage(folder).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


def is_full(error: OSError | sqlite3.Error) -> bool:
    """Tell whether an error says that a disk is full, or that the user may not fill it further."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL


@contextmanager
def full_disk_named(folder: str | Path, needed: Callable[[], int]) -> Iterator[None]:
    """Raise an error of a full disk with the folder that was written to, and what it needs.

    `needed`: returns the bytes that must be free there, at least. Temporary files may fill a disk
    of their own: then their folder is named.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if not is_full(error) or getattr(error, "filename", None):
            raise
        import tempfile  # slow to import, and needed by few

        places = [str(folder), tempfile.gettempdir()]
        place = min(places, key=lambda place: free_at(place) or 0)
        named = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), place)
        if place == places[0] and (bytes_needed := needed()):
            named.add_note(f"this export needs at least {size(bytes_needed)} there")
        raise named from error


def write_all(stream: BinaryIO, data: bytes) -> None:
    """Write all of `data` to a file that is not buffered."""
    rest = memoryview(data)
    while rest:
        rest = rest[stream.write(rest) :]


def need_plain_house(root: str | Path) -> None:
    """Raise Unusable if `.gptexit` in a folder is a link, or holds one, or holds a pipe."""
    house = f"{root}/{HOUSE}"
    with suppress(FileNotFoundError, NotADirectoryError):
        if need_plain_folder(house):
            with os.scandir(house) as entries:
                for entry in entries:
                    if not entry.is_file(follow_symlinks=False):
                        raise _planted(entry.path, "file")


def need_plain_folder(path: str | Path) -> bool:
    """Tell whether a folder exists. Raises Unusable if a link or a file is in its place."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(mode):
        raise _planted(path, "folder")
    return True


def _planted(path: str | Path, what: str) -> Unusable:
    return Unusable(
        f"{printable(str(path))} is not a {what} but a link or something else, so gptexit writes "
        f"nothing through it. Put a {what} in its place, or name another folder with -o. "
        "(The folder that -o names may itself be a link.)"
    )


def leads_out(path: str) -> bool:
    """Tell whether no run of ours can have written a file with this path, below an archive."""
    parts = path.split("/")
    return (
        _BAD_SIGN.search(path) is not None
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


_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def special(path: str | os.PathLike[str]) -> str | None:
    """Return the kind of a file that may never end, such as `a pipe`; else None."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return None
    return _KINDS.get(stat.S_IFMT(mode))


def scratch_database(tables: str, cache: int = 1000) -> sqlite3.Connection:
    """Open a database in a temporary file without a name, which is deleted with the connection.

    `tables`: SQL that makes them; `cache`: KiB of memory. All later changes are in one transaction
    that is never committed: nothing of it has to outlive a crash.
    """
    # The garbage collector may close it in another thread.
    base = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    base.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        f"PRAGMA cache_size = -{cache}; {tables} BEGIN;"
    )
    return base
