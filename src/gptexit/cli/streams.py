"""Standard input, output and error, made fit for a run whatever state they come in.

A shell may close one of them (`>&-`), a disk behind one may be full, a pipe may end early, and on
Windows a pipe takes no letter that its code page lacks. None of that may end in a traceback, and
none of it may drop what was to be printed without a word.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any, BinaryIO, TextIO

STDOUT = "standard output"
"""The name of the file in an error of standard output."""
_STDIN, _OUT, _ERR = range(3)
_CLOSED = "it is closed"
_closed: set[int] = set()
"""File descriptors that were closed when the program started."""


def prepare() -> None:
    """Replace what is closed, and choose encodings that take every character.

    A closed descriptor is taken first by a file that holds nothing: the next file that the program
    opens would else get its number, and what is printed would go into that file.
    """
    _occupy()
    if sys.stdin is None:
        sys.stdin = open(_STDIN, encoding="utf-8", closefd=False)  # noqa: SIM115
    for number, stream in ((_OUT, sys.stdout), (_ERR, sys.stderr)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=_encoding(stream), errors="backslashreplace")
        if stream is None or (number == _OUT and _is_plain(stream)):
            setattr(sys, "stdout" if number == _OUT else "stderr", _text(number, stream))


def stdin() -> BinaryIO | None:
    """Return standard input as bytes, if it is not closed."""
    return None if _STDIN in _closed else sys.stdin.buffer


def both_open() -> bool:
    """Return False where standard input or output was closed when the program started."""
    return not _closed & {_STDIN, _OUT}


def stdout() -> BinaryIO:
    """Return standard output for bytes. Writing raises BrokenPipeError where its reader has left.

    Text goes another way, by `click.echo`: there a reader that leaves ends nothing, so that the
    exit code still says what was found.
    """
    return sys.stdout.buffer if not _is_plain(sys.stdout) else io.BufferedWriter(_Output(_OUT))


def hush() -> None:
    """Print nothing more to standard error: the exit code is all that a user wants."""
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def let_go() -> None:
    """Have what is still to be written to standard output go nowhere, without another error."""
    spare = os.open(os.devnull, os.O_WRONLY)
    os.dup2(spare, _OUT)
    os.close(spare)


def _occupy() -> None:
    """Open nothing under each closed number; reading from it and writing to it fail."""
    for number in (_STDIN, _OUT, _ERR):
        try:
            os.fstat(number)
        except OSError:
            _closed.add(number)
            # One that is open the wrong way round: printing to it is an error, not a loss.
            flags = os.O_WRONLY if number in (_STDIN, _ERR) else os.O_RDONLY
            spare = os.open(os.devnull, flags)
            if spare != number:
                os.dup2(spare, number)
                os.close(spare)


def _encoding(stream: TextIO) -> str:
    """Return the encoding of a stream: a terminal's own, that which is asked for, else UTF-8."""
    asked = os.environ.get("PYTHONIOENCODING", "").partition(":")[0]
    return stream.encoding if asked or stream.isatty() else "utf-8"


def _is_plain(stream: TextIO) -> bool:
    """Return True for a stream over a file descriptor; False for a console of Windows."""
    buffer = getattr(stream, "buffer", None)
    return isinstance(getattr(buffer, "raw", buffer), io.FileIO)  # unbuffered, it is the file


def _text(number: int, stream: Any) -> TextIO:
    """Return a text stream over a descriptor, in the encoding of the one that it replaces."""
    raw = _Output(number, forgiving=True)
    encoding = stream.encoding if stream is not None else "utf-8"
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=raw.isatty() or (stream is not None and stream.write_through),
    )


class _Output(io.FileIO):
    """Standard output, whose errors name it."""

    def __init__(self, number: int, *, forgiving: bool = False) -> None:
        """`forgiving`: go on without a word where the reader of a pipe has left."""
        super().__init__(number, "w", closefd=False)
        self._forgiving = forgiving

    def write(self, data: Any, /) -> int:
        """Write; after an error nothing that still waits can be an error again. Raises OSError."""
        try:
            return super().write(data)
        except BrokenPipeError:
            let_go()
            if not self._forgiving:
                raise
            return len(data)
        except OSError as error:
            let_go()
            why = _CLOSED if error.errno == errno.EBADF else error.strerror
            raise OSError(error.errno, why, STDOUT) from None
