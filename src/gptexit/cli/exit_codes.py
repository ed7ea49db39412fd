"""The exit codes of every command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Documented in docs/exit-codes.md."""

    COMPLETE = 0
    INCOMPLETE = 1
    """Finished, but part of the source could not be read or written; the report names each."""
    NOTHING_FOUND = 1
    """`search`: nothing in the archive is like that; as other programs that search have it."""
    USAGE = 2
    NOT_AN_EXPORT = 3
    SERVER = 4
    """The server that was to take the conversations cannot be used, or no longer."""
    UNKNOWN_FORM = 5
    """`verify`: all is there, but some of it is in a form that gptexit does not know."""
    IN_USE = 6
    """Another run of gptexit is writing to the same place; this one wrote nothing there."""
    FAULT = 70
    """A fault of gptexit itself, as `sysexits.h` numbers it (EX_SOFTWARE)."""
    INTERRUPTED = 130
