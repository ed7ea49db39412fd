"""Write one sentence for an error that ends a run, and give its exit code.

A `GptexitError` has both itself. Errors of the system may happen in any command.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import traceback
from pathlib import Path

import click

from gptexit.cli.streams import STDOUT
from gptexit.errors import Exit, GptexitError
from gptexit.files.disk import free_at, is_full
from gptexit.text.terminal import printable, size

TRACEBACK = "GPTEXIT_TRACEBACK"
"""Environment variable: print the traceback of a fault of gptexit itself."""
INTERRUPTED = "Interrupted. Run the same command again to complete it."
_AGAIN = "What was written is whole; run the same command again to complete it."
_ADVICE = {
    **dict.fromkeys(
        (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP),
        "Another file or folder has that name: move it away, or choose another folder.",
    ),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS),
        "Choose a place that you may write to, or change its permissions.",
    ),
    **dict.fromkeys(
        (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL),
        "This disk cannot hold that name or file: choose a folder on another disk.",
    ),
}
"""The advice for an error of the system. Any other error may pass by itself."""
_REFUSALS = (
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY),
)
"""Errors of SQLite that come from the disk: it is full, fails, or may not be written to."""
_SHOWN = 200
"""Characters of an error's own words."""


def ending(error: BaseException) -> tuple[str, int]:
    """Return the sentence for an error that ended a run, and the exit code."""
    match error:
        case GptexitError():
            return str(error), error.exit_code
        case click.ClickException():
            return error.format_message(), Exit.USAGE
        case KeyboardInterrupt():
            return INTERRUPTED, Exit.INTERRUPTED
        case OSError():
            sentence = _refused(error)
        case sqlite3.Error():
            sentence = _database(error)
        case UnicodeEncodeError():
            sentence = (
                f"the encoding of this system, {error.encoding}, cannot hold the name "
                f"“{printable(str(error.object), _SHOWN)}”: set PYTHONUTF8=1 and run the same "
                "command again."
            )
        case MemoryError():
            sentence = f"there is not enough memory for this. {_AGAIN}"
        case RuntimeError() if "start new thread" in str(error):
            sentence = f"this machine has no room for another thread of work. {_AGAIN}"
        case _:
            return _fault(error), Exit.FAULT
    return sentence, Exit.INCOMPLETE


def _refused(error: OSError) -> str:
    """Return the sentence for an error of the operating system."""
    what = error.strerror or printable(str(error), _SHOWN) or type(error).__name__
    if error.filename == STDOUT:
        return f"could not write to {STDOUT}: {what}. The files that were written are whole."
    named = error.filename if isinstance(error.filename, str | bytes | os.PathLike) else None
    if named and is_full(error):
        return _full(os.fsdecode(named), error)
    where = f" ({printable(os.fsdecode(named))})" if named else ""
    number = errno.EEXIST if isinstance(error, FileExistsError) else error.errno or 0
    return f"could not read or write: {what}{where}. {_ADVICE.get(number, _AGAIN)}"


def _full(path: str, error: OSError) -> str:
    """Return the sentence for a full disk: where, how much is left, and how much is needed."""
    left = free_at(path)
    words = f"; {size(left)} {'is' if left == 1 else 'are'} left" if left is not None else ""
    needed = "".join(f", and {note}" for note in getattr(error, "__notes__", ()))
    return (
        f"the disk is full ({printable(path)}){words}{needed}. Make room, or choose a folder on "
        f"another disk. {_AGAIN}"
    )


def _database(error: sqlite3.Error) -> str:
    """Return the sentence for an error of SQLite: of the disk, or of the database."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _REFUSALS:
        return _refused(OSError(0, str(error)))
    return (
        f"an SQLite database cannot be read or written ({printable(str(error), _SHOWN)}): it is "
        "damaged, or belongs to another program. Move it away and run the same command again."
    )


def _fault(error: BaseException) -> str:
    """Return the sentence for an error that gptexit does not expect, with its place in the code."""
    package = str(Path(__file__).parent.parent)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(package)]
    where = ""
    if own:
        path = Path(own[-1].filename).relative_to(package).as_posix()
        where = f" ({path}, line {own[-1].lineno})"
    words = printable(f"{type(error).__name__}: {error}", _SHOWN)
    return (
        f"gptexit failed here: {words}{where}. This is a fault of gptexit: please report this "
        f"sentence, and what {TRACEBACK}=1 shows. What was written is whole."
    )
