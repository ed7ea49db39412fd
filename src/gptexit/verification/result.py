"""What a verification found, and its verdict in a sentence."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from gptexit import __version__

VERSION = 1
"""The number that a verification carries as `version`."""
Verdict = Literal["complete", "complete except", "complete but", "as written", "not complete"]
LISTED = 10_000
"""Messages in a form that gptexit does not know that are listed; the others are counted."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something that is not as it should be."""

    file: str | None
    """In the archive, as seen from the folder that was given; None where a file is what lacks."""
    what: str
    """A sentence's predicate: `is gone`, `is not as it was written`."""
    conversation: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A conversation that another file of the archive has than the one that was asked about."""

    file: str
    conversation: str
    title: str | None


@dataclass(frozen=True, slots=True)
class UnknownForm:
    """A message in a form that gptexit does not know; its strings were all found."""

    conversation: str
    title: str | None
    message: str | None
    """Null where it is the whole conversation."""
    what: str
    """The form: `marker weather`, `content type hologram`."""


@dataclass(slots=True)
class Checked:
    """What was held against each other for one archive."""

    path: str
    format: str
    files: int = 0
    """Files whose SHA-256 was worked out."""
    conversations: int = 0
    messages: int = 0
    assets: int = 0
    redacted: int = 0
    """Messages in which a mark stands for what the export has."""
    left_out: int = 0
    """Conversations that the options of the archive leave out."""
    older: int = 0
    """Conversations in the archive that this source no longer has."""
    read_back: bool = False
    """Whether its conversations were held against the export's."""
    elsewhere: list[Elsewhere] = field(default_factory=list)
    """Where a single file was asked about: what the others have."""


@dataclass(slots=True)
class Result:
    """The whole of it."""

    source: str | None
    """None where the archive was held against its own manifest alone."""
    archives: list[Checked] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    """Files that somebody added to, and that still hold all of the export."""
    lacking: list[str] = field(default_factory=list)
    """What the export itself lacks, a phrase each."""
    unread: dict[str, str] = field(default_factory=dict)
    """What could not be read, now or when an archive was made: where, and why."""
    unknown: list[UnknownForm] = field(default_factory=list)
    """At most LISTED messages in a form that gptexit does not know."""
    unknown_messages: int = 0
    """How many there are."""

    @property
    def verdict(self) -> Verdict:
        """Whether everything is there."""
        if self.problems:
            return "not complete"
        if self.unknown_messages:
            return "complete but"
        if not self.compared:
            return "as written"
        return "complete except" if self.lacking or self.unread else "complete"

    @property
    def compared(self) -> bool:
        """Whether anything was compared that lets one say that all is there.

        With an export, that is what an archive was read back for.
        """
        if self.source is None:
            return any(each.files for each in self.archives)
        return any(
            each.read_back and (each.conversations or each.left_out or each.assets)
            for each in self.archives
        )

    def as_json(self) -> dict[str, Any]:
        """As `schemas/verification.schema.json` describes it."""
        return {
            "version": VERSION,
            "tool": {"name": "gptexit", "version": __version__},
            "source": self.source,
            "verdict": self.verdict,
            "archives": [
                {
                    "path": each.path,
                    "format": each.format,
                    "files": each.files,
                    "conversations": each.conversations,
                    "messages": each.messages,
                    "assets": each.assets,
                    "redacted": each.redacted,
                    "left_out": each.left_out,
                    "older": each.older,
                    "read_back": each.read_back,
                    "elsewhere": [asdict(other) for other in each.elsewhere],
                }
                for each in self.archives
            ],
            "problems": [
                {
                    "file": each.file,
                    "what": each.what,
                    "conversation": each.conversation,
                    "title": each.title,
                }
                for each in self.problems
            ],
            "edited": self.edited,
            "lacking": self.lacking,
            "unread": [
                {"where": where, "reason": reason} for where, reason in sorted(self.unread.items())
            ],
            "unknown": {
                "messages": self.unknown_messages,
                "listed": [asdict(each) for each in self.unknown],
            },
        }
