"""The errors that gptexit raises, each with a sentence, advice and an exit code.

GptexitError
    NotAnExport
        NoSuchSource
    BadDate BadOption ClosedExport NotAnAnswer NoFullText RedactionFailed NotJsonLines NoArchive
    NoLibrary ArchiveUnreadable BadQuery UnknownConversation AmbiguousConversation TooSlow
    BadArgument NoSuchResource NotInstalled SeveralPlaces NoSuchAsset
    BadNames
        DamagedNames
    MissingPackages
        CannotRedact
    Unusable
        InUse OtherAccount OtherArchive
    ServerError
        Refusal

The command line prints `str(error)` and ends with `error.exit_code`, in one place: `cli.main`.
Errors of the operating system stay OSError.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar, NamedTuple, Self


class Exit(IntEnum):
    """The exit codes of every command; docs/exit-codes.md explains them."""

    COMPLETE = 0
    INCOMPLETE = 1
    """Finished, but part of the source could not be read or written; the report names each."""
    NOTHING_FOUND = 1
    """`search`: no message matches; other programs that search use the same code."""
    USAGE = 2
    NOT_AN_EXPORT = 3
    SERVER = 4
    """The server that was to take the conversations cannot be used, or no longer."""
    UNKNOWN_FORM = 5
    """`verify`: all is there, but some of it is in a form that gptexit does not know."""
    IN_USE = 6
    """Another run of gptexit is writing to the same place; this one wrote nothing there."""
    NOTHING_SELECTED = 7
    """The selection matches no conversation of the export, so nothing was written."""
    FAULT = 70
    """A fault of gptexit itself, as `sysexits.h` numbers it (EX_SOFTWARE)."""
    INTERRUPTED = 130


class Choice(NamedTuple):
    """Something that may be given in place of what was given."""

    paths: tuple[str, ...]
    """Sources: one, or all parts of one. Empty where the sources may stay as they are."""
    what: str
    """A description of them, in a few words."""
    out: str | None = None
    """The folder to write to, where another is needed."""


class GptexitError(Exception):
    """An error that a person can do something about.

    `sentence` says what is wrong and where. `advice` says what to do; it is empty where the
    sentence says that too. `str(error)` is both.
    """

    exit_code: ClassVar[Exit] = Exit.USAGE

    def __init__(self, sentence: str, advice: str = "") -> None:
        super().__init__(sentence, advice)
        self.sentence = sentence
        self.advice = advice
        self.given: tuple[str, ...] = ()
        """The paths, of those that were given, to which there are choices."""
        self.choices: list[Choice] = []

    def with_choices(self, given: Iterable[str], choices: Iterable[Choice]) -> Self:
        """Return this error with what may be given in place of `given`."""
        self.given, self.choices = tuple(given), list(choices)
        return self

    def __str__(self) -> str:
        apart = "" if self.advice.startswith("\n") else " "
        return f"{self.sentence}{apart}{self.advice}".rstrip()


class NotAnExport(GptexitError):
    """The source is no readable ChatGPT export. `given` has it, if another may lie nearby."""

    exit_code = Exit.NOT_AN_EXPORT


class NoSuchSource(NotAnExport):
    """A path that was given leads to nothing. `given` has it."""


class BadDate(GptexitError, ValueError):
    """A date that a person typed cannot be read."""


class BadOption(GptexitError, ValueError):
    """An option is given that no format of the run has, or with a value that it does not take."""


class ClosedExport(GptexitError, ValueError):
    """A program reads from a `gptexit.Export` that it has closed."""

    def __init__(self) -> None:
        super().__init__("the export is closed.", "Read from it inside of the `with` block.")


class NoSuchAsset(GptexitError, FileNotFoundError):
    """A program asks for a file that the export mentions and does not hold."""


class BadNames(GptexitError):
    """A file is no table of names of projects and custom GPTs."""


class DamagedNames(BadNames):
    """The file in which an archive keeps its names cannot be read."""


class NotAnAnswer(GptexitError):
    """A file cannot be ChatGPT's answer to the question what it remembers."""


class Unusable(GptexitError):
    """The output cannot be written where it should go."""


class InUse(Unusable):
    """Another run is writing to `what`, a folder or an address."""

    exit_code = Exit.IN_USE

    def __init__(self, what: str) -> None:
        super().__init__(
            f"another run of gptexit is writing to {what} now, so this one wrote nothing there.",
            "Run the same command again when the other is done.",
        )


class OtherAccount(Unusable):
    """The folder has the archive of another account, or the exports are of two accounts."""


class OtherArchive(Unusable):
    """The folder has an archive of another format, or of a newer gptexit."""


NEWER = "was written by a newer gptexit than this one, which does not know what is in it."
UPDATE = "Update gptexit, then run the same command again."


class NoFullText(GptexitError):
    """The SQLite of this Python has no full-text search, which the format sqlite needs."""

    def __init__(self) -> None:
        super().__init__(
            "the SQLite of this Python was built without full-text search (FTS5), which the format "
            "sqlite needs; another Python has it, such as that of python.org."
        )


class MissingPackages(GptexitError):
    """Packages that only some commands need are not installed."""


class CannotRedact(MissingPackages):
    """The libraries that find keys and passwords are not installed."""


class RedactionFailed(GptexitError):
    """The search for secrets failed, so nothing may go out. No text of the source is quoted."""

    exit_code = Exit.INCOMPLETE


class NotJsonLines(GptexitError):
    """`validate`: the file is no jsonl at all, so that no line of it needs to be named."""


class NoArchive(GptexitError):
    """`verify`: the folder is no archive that gptexit wrote."""


class NoLibrary(GptexitError):
    """`search`, `mcp`: there is no database to search."""


class ArchiveUnreadable(GptexitError):
    """`mcp`: the archive cannot be read now."""


class BadQuery(GptexitError, ValueError):
    """A query cannot be searched for."""


class UnknownConversation(GptexitError, LookupError):
    """No conversation of the archive has this id."""


class AmbiguousConversation(GptexitError, LookupError):
    """Several conversations of the archive have ids that begin with these letters."""


class TooSlow(GptexitError):
    """A search took longer than any should."""

    exit_code = Exit.INCOMPLETE

    def __init__(self) -> None:
        super().__init__("The search took too long and was given up.", "Try rarer or fewer words.")


class BadArgument(GptexitError, ValueError):
    """`mcp`: an assistant sent something that a tool does not take."""


class NoSuchResource(GptexitError, LookupError):
    """`mcp`: the archive has nothing at this address."""


class NotInstalled(GptexitError):
    """`mcp --install`: the configuration of an assistant's program was not changed."""


class SeveralPlaces(GptexitError):
    """`mcp --install`: the client may read any of several configurations."""


class ServerError(GptexitError):
    """`push`: the server cannot be used, or no longer."""

    exit_code = Exit.SERVER


class Refusal(ServerError):
    """`push`: the server does not take this one thing. `status`: that of HTTP."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class Closed(Exception):
    """The program that reads standard output has seen enough of it. This ends a run well."""
