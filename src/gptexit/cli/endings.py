"""Errors of the system that end a run: one sentence for each, and its exit code.

A `GptexitError` says both itself. What reaches this table may happen in any command.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import traceback
from collections.abc import Callable
from pathlib import Path

from gptexit.cli.streams import STDOUT
from gptexit.errors import Exit
from gptexit.text.terminal import printable

TRACEBACK = "GPTEXIT_TRACEBACK"
"""Environment variable that has a fault of gptexit's own shown with its traceback."""
_AGAIN = "What is written is whole; run the same command again to complete it."
_ADVICE = {
    **dict.fromkeys(
        (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP),
        "Something else stands in that place: move it away, or choose another folder.",
    ),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS),
        "Choose a place that you may write to, or change its permissions.",
    ),
    **dict.fromkeys(
        (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL),
        "This disk does not take that name or file: choose a folder on another one.",
    ),
}
"""What to do about an error of the system; all others may pass."""
_REFUSALS = (
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY),
)
"""What SQLite says where the disk has no room, fails, or may not be written to; without details."""
_SHOWN = 200
"""Characters of an error's own words."""


def ending(error: BaseException) -> tuple[str, int]:
    """Return the sentence for an error that ended a run, and the exit code."""
    for kinds, sentence, code in _ENDINGS:
        if isinstance(error, kinds):
            return sentence(error), code
    return _fault(error), Exit.FAULT


def _refused(error: BaseException) -> str:
    """Return the sentence for an error of the operating system."""
    assert isinstance(error, OSError)
    what = error.strerror or printable(str(error), _SHOWN) or type(error).__name__
    if error.filename == STDOUT:
        return (
            f"the system refused what was to be printed: {what} ({STDOUT}). Files that are written "
            "are whole; --quiet, where a command has it, prints nothing."
        )
    where = f" ({printable(os.fsdecode(error.filename))})" if _is_path(error.filename) else ""
    number = errno.EEXIST if isinstance(error, FileExistsError) else error.errno or 0
    return f"the system refused: {what}{where}. {_ADVICE.get(number, _AGAIN)}"


def _is_path(name: object) -> bool:
    return isinstance(name, str | bytes | os.PathLike) and bool(name)


def _database(error: BaseException) -> str:
    """Return the sentence for an error of SQLite: of the disk, or of the database."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _REFUSALS:
        return _refused(OSError(0, str(error)))
    return (
        f"an SQLite database cannot be read or written ({printable(str(error), _SHOWN)}): it is "
        "damaged, or another program's. Move it away and run the same command again."
    )


def _name(error: BaseException) -> str:
    assert isinstance(error, UnicodeEncodeError)
    name = printable(str(error.object), _SHOWN)
    return (
        f"the encoding of this system, {error.encoding}, cannot hold the name “{name}”: set "
        "PYTHONUTF8=1 and run the same command again."
    )


def _memory(error: BaseException) -> str:
    return f"there is not enough memory for this. {_AGAIN}"


def _fault(error: BaseException) -> str:
    """Return the sentence for what no part of gptexit expects: what it is, and where."""
    package = str(Path(__file__).parent.parent)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(package)]
    at = own[-1] if own else None
    where = (
        f" ({Path(at.filename).relative_to(package).as_posix()}, line {at.lineno})" if at else ""
    )
    words = printable(f"{type(error).__name__}: {error}", _SHOWN)
    return (
        f"gptexit has a fault of its own here: {words}{where}. Please report this sentence, and "
        f"what {TRACEBACK}=1 shows. What is written is whole."
    )


_ENDINGS: tuple[tuple[type[BaseException], Callable[[BaseException], str], int], ...] = (
    (OSError, _refused, Exit.INCOMPLETE),
    (sqlite3.Error, _database, Exit.INCOMPLETE),
    (UnicodeEncodeError, _name, Exit.INCOMPLETE),
    (MemoryError, _memory, Exit.INCOMPLETE),
)
"""Kinds of errors, the sentence and the exit code; the first that fits."""
