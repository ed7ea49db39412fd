"""The memory, put together: entries with their dates and origins, and custom instructions."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

How = Literal["written", "snapshot", "cited", "own list"]
"""`written`: ChatGPT wrote it to its memory. `snapshot`: a list of the memory that a conversation
began with. `cited`: an answer names it among its sources. `own list`: ChatGPT's answer to the
question what it remembers."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where words stand."""

    time: str | None
    """When, RFC 3339 in UTC; None where nothing tells."""
    conversation: str | None
    """The conversation's id; None for ChatGPT's own list."""
    title: str | None
    message: str | None
    """The message's id."""
    how: How
    text: str
    """The words as they stand there."""
    saved: str | None = None
    """The day that the list names for it, `2024-03-01`."""
    until: str | None = None
    """Of a snapshot: when the last one that holds it was made."""
    memory_id: str | None = None
    """Of a citation: ChatGPT's own id of the memory."""
    deleted: bool = False
    """Of a citation: True where the export marks it as deleted."""


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
    """What is not certain of an entry."""

    what: Relation
    other: str | None = None
    """The id of the other entry, where it is about two."""
    time: str | None = None
    """For `in memory on`: when."""


@dataclass(slots=True)
class MemoryEntry:
    """One memory, in the words in which it was first written."""

    id: str
    """The same in every run over the same notes."""
    text: str
    origins: list[Origin]
    """The oldest first; more than one where it was written again."""
    ended: Literal["forgotten", "replaced"] | None = None
    by: Origin | None = None
    """The words that ended it."""
    overruled: list[Origin] = field(default_factory=list)
    """Words that ended it before a snapshot had it again, the oldest first."""
    by_entry: str | None = None
    """The id of the entry that took its place."""
    marks: list[Mark] = field(default_factory=list)

    @property
    def days(self) -> list[str]:
        """A time or a day for each time that it was written; see `dated`."""
        written = [each.time for each in self.origins if each.how == "written" and each.time]
        saved = [each.saved for each in self.origins if each.saved]
        return written or saved[:1]

    @property
    def known_by(self) -> str | None:
        """When a snapshot first held it or an answer cited it, for an entry of unknown date."""
        return min((each.time for each in self.origins if each.time), default=None)

    @property
    def dated(self) -> str:
        """What it is sorted by: the first day or time that is known; empty where none is."""
        return min(self.days, default=None) or self.known_by or ""


@dataclass(frozen=True, slots=True)
class Version:
    """Custom instructions in one wording."""

    about: str | None
    """What the user told about themselves."""
    response: str | None
    """How ChatGPT should respond."""
    first: Origin
    last: Origin


@dataclass(slots=True)
class Memory:
    """All that is known. Times are RFC 3339 in UTC."""

    entries: list[MemoryEntry] = field(default_factory=list)
    """What counts, the oldest first; near-repeats stand after what they may repeat."""
    ended: list[MemoryEntry] = field(default_factory=list)
    """What was forgotten or replaced, in the order in which it was written."""
    versions: list[Version] = field(default_factory=list)
    """Custom instructions, the last first."""
    snapshot: Origin | None = None
    """The latest snapshot; its `text` is the whole of it."""
    conversations: int = 0
    slim: int = 0
    """How many of them come from exports that hold no memory writes."""
    listed: int = 0
    """Entries of ChatGPT's own list."""
    left_out: int = 0
    """Notes and versions older than those that are looked at; see `collect`."""
    without_words: int = 0
    """Memories that answers cite by their ids alone, so that nothing tells their words."""

    @property
    def cited(self) -> int:
        """How many of `entries` an answer cites."""
        return sum(any(origin.how == "cited" for origin in entry.origins) for entry in self.entries)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.entries or self.ended or self.versions)

    def as_json(self) -> dict[str, Any]:
        """For scripts; every origin and every mark."""
        return {
            "entries": [asdict(each) for each in self.entries],
            "ended": [asdict(each) for each in self.ended],
            "instructions": [asdict(each) for each in self.versions],
            "snapshot": asdict(self.snapshot) if self.snapshot else None,
            "conversations": self.conversations,
            "slim_conversations": self.slim,
            "own_list_entries": self.listed,
            "cited_entries": self.cited,
            "cited_without_words": self.without_words,
            "left_out": self.left_out,
        }
