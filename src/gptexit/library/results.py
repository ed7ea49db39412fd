"""Define the answers of the library. All text in them was written by others: data only."""

from __future__ import annotations

from dataclasses import dataclass

Snippet = tuple[tuple[str, bool], ...]
"""A passage in pieces, each with whether it is a word that was searched for."""


def plain(snippet: Snippet) -> str:
    """Return a passage without marks."""
    return "".join(text for text, _ in snippet)


def marked(snippet: Snippet, before: str = "**", after: str = "**") -> str:
    """Return a passage with `before` and `after` around the words that were searched for."""
    return "".join(f"{before}{text}{after}" if hit else text for text, hit in snippet)


@dataclass(frozen=True, slots=True)
class Hit:
    """A conversation with its best message, or a message, where hits are not grouped."""

    conversation: str
    """The id, as the export has it."""
    title: str | None
    date: str | None
    """When the message was written, else when the conversation was begun. UTC, RFC 3339."""
    updated: str | None
    """When the conversation was last added to."""
    project: str | None
    """The project's name, or its id if the export has no name."""
    model: str | None
    """The model that answered most in the conversation."""
    role: str | None
    """The side that wrote the message; None if the title was found and no message."""
    place: int
    """The message's place in the conversation, to read from; 0 for the title."""
    snippet: Snippet
    rank: float
    """Smaller is better; comparable within one search only."""
    hits: int
    """Number of messages found in the conversation, the title counted as one; 1 if not grouped."""
    hidden: bool
    """Whether the passage is from text that ChatGPT does not show."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the hits of a search."""

    hits: list[Hit]
    conversations: int
    """Number of conversations with a hit, on all pages together."""
    messages: int
    """Number of messages found, on all pages together, titles counted too."""
    next: int | None
    """The `offset` of the next page; None on the last page."""
    ranked: int | None = None
    """Number of messages that were ranked, if they are too many to rank all; `next` ends there."""
    partial: tuple[int, int] | None = None
    """If no message has all words: how many each found message has, and how many there are."""


@dataclass(frozen=True, slots=True)
class Place:
    """A position to go on reading at: the place of a message, and the characters of it to skip."""

    message: int
    character: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """A message, or a piece of one."""

    place: int
    id: str
    role: str
    name: str | None
    """The tool that wrote the message, or that it calls."""
    created: str | None
    model: str | None
    text: str
    hidden: str | None
    """Why ChatGPT does not show it; `reasoning` for the thoughts of a message that it shows."""
    begins: int = 0
    """Characters of the message before this piece."""
    whole: bool = True
    """Whether the message ends with this piece."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a conversation."""

    id: str
    title: str | None
    created: str | None
    updated: str | None
    project: str | None
    model: str | None
    url: str | None
    total: int
    """Number of messages that reading all of it gives."""
    messages: list[Said]
    next: Place | None
    """The position to go on at; None at the end."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project."""

    id: str
    name: str | None
    conversations: int
    messages: int
    first: str | None
    last: str | None
    """When its first conversation was begun, and when one was last added to."""


@dataclass(frozen=True, slots=True)
class Period:
    """A month (`2025-03`) or a year (`2025`), by when conversations were begun, in UTC."""

    name: str | None
    """None for conversations without a date."""
    conversations: int
    messages: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """A note that ChatGPT wrote to its memory, a snapshot of it, or one memory, cited."""

    text: str
    snapshot: bool
    written: str | None
    """The time of the note, the snapshot, or the answer that cites it; for some snapshots, the time
    at which their conversation was begun."""
    conversation: str
    title: str | None
    cited: bool
    """Whether it is a memory that an answer cites."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """Custom instructions, each text once."""

    about: str | None
    response: str | None
    first: str | None
    last: str | None
    conversations: int
