"""The memory: entries with their dates and origins, and custom instructions."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

How = Literal["written", "snapshot", "cited", "own list"]
"""`written`: ChatGPT wrote it to its memory. `snapshot`: a conversation began with a list of the
memory. `cited`: an answer names it among its sources. `own list`: ChatGPT listed it when asked."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Source of one remembered text: conversation, message, time, and how it was recorded."""

    time: str | None
    """RFC 3339 in UTC; None if unknown."""
    conversation: str | None
    """The conversation's id, as `title` and `message` None for ChatGPT's own list."""
    title: str | None
    message: str | None
    how: How
    text: str
    """The words of the source."""
    saved: str | None = None
    """The day of saving that a list names, `2024-03-01`."""
    until: str | None = None
    """Of a snapshot: the time of the last one that has it."""
    memory_id: str | None = None
    """Of a citation: ChatGPT's own id of the memory."""
    deleted: bool = False
    """Of a citation: True if the export marks it as deleted."""


Relation = Literal[
    "may repeat",
    "may replace",
    "may be replaced by",
    "may forget",
    "may be forgotten by",
    "asks to forget",
    "corrects something",
    "was still in memory on",
    "was not in memory on",
    "is marked as deleted",
]


@dataclass(frozen=True, slots=True)
class Mark:
    """A doubt about an entry."""

    what: Relation
    other: str | None = None
    """The id of the other entry, if the doubt is about two."""
    time: str | None = None
    """Of the snapshot that `in memory on` is about."""


@dataclass(slots=True)
class MemoryEntry:
    """One memory, in the words in which it was first written."""

    id: str
    """Stable: made of the text, and of how often it has counted."""
    text: str
    origins: list[Origin]
    """The oldest first; more than one if it was written again."""
    ended: Literal["forgotten", "replaced"] | None = None
    by: Origin | None = None
    """The words that ended it."""
    overruled: list[Origin] = field(default_factory=list)
    """Words that ended it before a later source had it again, the oldest first."""
    by_entry: str | None = None
    """The id of the entry that replaced it."""
    marks: list[Mark] = field(default_factory=list)

    @property
    def days(self) -> list[str]:
        """The time of each note, or else the day of saving that a list names."""
        written = [item.time for item in self.origins if item.how == "written" and item.time]
        saved = [item.saved for item in self.origins if item.saved]
        return written or saved[:1]

    @property
    def known_by(self) -> str | None:
        """The time of the first source, for an entry of unknown date."""
        return min((origin.time for origin in self.origins if origin.time), default=None)

    @property
    def dated(self) -> str:
        """The first known day or time, to sort by; empty if there is none."""
        return min(self.days, default=None) or self.known_by or ""


@dataclass(frozen=True, slots=True)
class Version:
    """Custom instructions in one wording."""

    about: str | None
    """Facts of the user about themselves."""
    response: str | None
    """Wishes for ChatGPT's answers."""
    first: Origin
    last: Origin


@dataclass(slots=True)
class Memory:
    """All that ChatGPT remembered. Times are RFC 3339 in UTC."""

    entries: list[MemoryEntry] = field(default_factory=list)
    """Memories that count, the oldest first; near-repeats behind the one that they may repeat."""
    ended: list[MemoryEntry] = field(default_factory=list)
    """Memories that were forgotten or replaced, the oldest first."""
    versions: list[Version] = field(default_factory=list)
    """Custom instructions, the last first."""
    snapshot: Origin | None = None
    """The latest snapshot; its `text` is the whole of it."""
    conversations: int = 0
    slim: int = 0
    """Conversations from exports that hold no memory writes."""
    listed: int = 0
    """Entries of ChatGPT's own list."""
    left_out: int = 0
    """Notes and versions older than those that are read; see `collect`."""
    without_words: int = 0
    """Memories that answers cite by their ids alone, so that their words are unknown."""

    @property
    def cited(self) -> int:
        """Number of `entries` that an answer cites."""
        return sum(any(origin.how == "cited" for origin in entry.origins) for entry in self.entries)

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to show."""
        return not (self.entries or self.ended or self.versions)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain data, for scripts."""
        return {
            "entries": list(map(asdict, self.entries)),
            "ended": list(map(asdict, self.ended)),
            "instructions": list(map(asdict, self.versions)),
            "snapshot": asdict(self.snapshot) if self.snapshot else None,
            "conversations": self.conversations,
            "slim_conversations": self.slim,
            "own_list_entries": self.listed,
            "cited_entries": self.cited,
            "cited_without_words": self.without_words,
            "left_out": self.left_out,
        }
