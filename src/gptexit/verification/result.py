"""The result of a verification, and its verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from gptexit import __version__

VERSION = 1
"""The number that a verification carries as `version`."""
Verdict = Literal["complete", "complete except", "complete but", "as written", "not complete"]
LISTED = 10_000
"""Messages in an unknown form that are listed; more of them are only counted."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something that is not as it should be."""

    file: str | None
    """In the archive, relative to the folder that was given; None if no file has the problem."""
    what: str
    """The predicate of a sentence: `is gone`, `is not as it was written`."""
    conversation: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A file that a person moved or renamed."""

    file: str
    """The path at which it was written."""
    now: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A conversation in another file of the archive than the one that is verified."""

    file: str
    conversation: str
    title: str | None


@dataclass(frozen=True, slots=True)
class UnknownForm:
    """A message in a form that gptexit does not know; all its strings were found."""

    conversation: str
    title: str | None
    message: str | None
    """None if it is the whole conversation."""
    what: str
    """The form: `marker weather`, `content type hologram`."""


@dataclass(slots=True)
class Checked:
    """The number of things that were compared for one archive."""

    path: str
    format: str
    files: int = 0
    """Files whose SHA-256 was computed."""
    conversations: int = 0
    messages: int = 0
    assets: int = 0
    redacted: int = 0
    """Messages in which a mark stands for what the export has."""
    left_out: int = 0
    """Conversations that the options of the archive leave out."""
    older: int = 0
    """Conversations in the archive that this source no longer has."""
    of_earlier: bool = False
    """Whether it is for a place to go to, and of an earlier export than the exit around it. Then it
    is only checked for changes since it was written."""
    read_back: bool = False
    """Whether its conversations were compared with those of the export."""
    elsewhere: list[Elsewhere] = field(default_factory=list)
    """If a single file is verified, the conversations in the others."""


@dataclass(slots=True)
class Result:
    """Everything that a verification found."""

    source: str | None
    """None if the archive was compared with its own manifest alone."""
    archives: list[Checked] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    """Files that a person moved, and that were found."""
    edited: list[str] = field(default_factory=list)
    """Files that a person changed, and that hold all that they have to hold."""
    changed: list[str] = field(default_factory=list)
    """Files that a person changed, and that nothing here can be compared with."""
    not_given: list[str] = field(default_factory=list)
    """If something is wrong: exports that the archives were made from and not compared with."""
    accepted: list[str] = field(default_factory=list)
    """Files that a person changed and said to be theirs; not those of `edited` and `less`."""
    less: list[Problem] = field(default_factory=list)
    """What such notes do not hold of the export."""
    whole_export: bool = True
    """False if the export lacks a file of its own list, or some of it cannot be read."""
    one_file: bool = False
    """True if only a file out of an export was given, such as `chat.html`."""
    lacking: list[str] = field(default_factory=list)
    """A phrase for each thing that the export itself lacks."""
    unread: dict[str, str] = field(default_factory=dict)
    """The place and reason of everything that could not be read, now or when writing."""
    unknown: list[UnknownForm] = field(default_factory=list)
    """At most LISTED messages in a form that gptexit does not know."""
    unknown_messages: int = 0
    """The number of such messages, also those that are not listed."""

    @property
    def verdict(self) -> Verdict:
        """Whether the archive is complete."""
        if self.problems or (self.changed and self.source is None):
            return "not complete"
        if self.unknown_messages:
            return "complete but"
        if not self.compared:
            return "as written"
        theirs = self.less or (self.accepted and self.source is None)
        excepted = self.lacking or self.unread or theirs
        return "complete except" if excepted else "complete"

    @property
    def of_part(self) -> bool:
        """Whether the export is not whole, or was not when it was converted."""
        then = self.source is None and bool(self.unread)
        return self.one_file or not self.whole_export or then

    @property
    def compared(self) -> bool:
        """Whether enough was compared to call an archive complete.

        With an export, an archive has to be read back for that.
        """
        if self.source is None:
            return any(checked.files for checked in self.archives)
        return any(
            checked.read_back and (checked.conversations or checked.left_out or checked.assets)
            for checked in self.archives
        )

    def as_json(self) -> dict[str, Any]:
        """Return the result in the form of `schemas/verification.schema.json`."""
        return {
            "version": VERSION,
            "tool": {"name": "gptexit", "version": __version__},
            "source": self.source,
            "verdict": self.verdict,
            "archives": list(map(asdict, self.archives)),
            "problems": list(map(asdict, self.problems)),
            "moved": list(map(asdict, self.moved)),
            "edited": self.edited,
            "changed": self.changed,
            "accepted": self.accepted,
            "less": list(map(asdict, self.less)),
            "lacking": self.lacking,
            "unread": [
                {"where": where, "reason": reason} for where, reason in sorted(self.unread.items())
            ],
            "unknown": {
                "messages": self.unknown_messages,
                "listed": list(map(asdict, self.unknown)),
            },
        }
