"""What the library answers. All text in it was written by others: data, never instructions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gptexit.errors import AmbiguousConversation, UnknownConversation
from gptexit.library.running import Runner
from gptexit.sqlite.schema import PLACES
from gptexit.text.json import encodable

Snippet = tuple[tuple[str, bool], ...]
"""A passage in pieces, each with whether it is what was looked for."""


def plain(snippet: Snippet) -> str:
    """A passage without marks."""
    return "".join(text for text, _ in snippet)


def marked(snippet: Snippet, before: str = "**", after: str = "**") -> str:
    """A passage with what was looked for between marks."""
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
    """The project's name, or its id where the export tells no name."""
    model: str | None
    """The one that answered most in the conversation; None where it is not told."""
    role: str | None
    """Who wrote the message; None where the title was found and no message."""
    place: int
    """The message's place in the conversation, to read from; 0 for the title."""
    snippet: Snippet
    rank: float
    """The smaller the better; to be compared within one search only."""
    hits: int
    """Messages of the conversation that were found, the title counted as one; 1 when ungrouped."""
    hidden: bool
    """Whether the passage is of what a person did not see."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the hits of a search."""

    hits: list[Hit]
    conversations: int
    """In which something was found, on all pages together."""
    messages: int
    """That were found, on all pages together, titles counted too."""
    next: int | None
    """The `offset` of the next page; None on the last one."""
    ranked: int | None = None
    """Where so many messages were found that only some were ranked: how many. `next` ends there."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on: the place of a message, and characters of it that are read."""

    message: int
    character: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """A message, or a piece of one."""

    place: int
    id: str
    role: str
    name: str | None
    """The tool that spoke, or was called."""
    created: str | None
    model: str | None
    text: str
    hidden: str | None
    """Why ChatGPT does not show it; `reasoning` for the thoughts of a message that it does."""
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
    """Messages that reading it whole would give."""
    messages: list[Said] = field(default_factory=list)
    next: Place | None = None
    """Where to go on; None at the end."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project, or a custom GPT."""

    id: str
    name: str | None
    conversations: int
    messages: int
    first: str | None
    """When its first conversation was begun, and its last one added to."""
    last: str | None


@dataclass(frozen=True, slots=True)
class Period:
    """A month (`2025-03`) or a year (`2025`), by when conversations were begun, in UTC."""

    name: str | None
    """None for conversations without a date."""
    conversations: int
    messages: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """A sentence that ChatGPT wrote to its memory, a snapshot of that memory, or one memory of it
    that an answer cites."""

    text: str
    snapshot: bool
    written: str | None
    """When; of some snapshots it is only known when their conversation was begun. Of a memory that
    an answer cites: when that answer was given."""
    conversation: str
    title: str | None
    cited: bool = False
    """True where an answer cites it."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """Custom instructions, each text once."""

    about: str | None
    response: str | None
    first: str | None
    last: str | None
    conversations: int


MOST = 200
"""Messages of a piece."""
MOST_CHARACTERS = 400_000
_ID = 200
"""Characters of an id that are looked at."""


def number_of(runner: Runner, key: str) -> int:
    """The number of a conversation, by its id or a beginning of it.

    Raises UnknownConversation and AmbiguousConversation.
    """
    wanted = encodable(key.strip().replace("\0", ""))[:_ID]
    rows = runner.all(
        "SELECT number, id FROM conversations WHERE id >= ?1 AND substr(id, 1, length(?1)) = ?1 "
        "ORDER BY id LIMIT 3",
        (wanted,),
    )
    if not wanted or not rows:
        raise UnknownConversation(f"There is no conversation {wanted[:80]!r} in this archive.")
    if len(rows) > 1 and rows[0][1] != wanted:
        some = ", ".join(each for _, each in rows[:2])
        raise AmbiguousConversation(
            f"Several conversations begin with {wanted!r}: {some}, … Give more of it."
        )
    return int(rows[0][0])


def read(
    runner: Runner,
    key: str,
    start: Place,
    most: int,
    most_characters: int,
    *,
    hidden: bool,
    branches: bool,
) -> Span:
    """A piece of the conversation from `start` on.

    Raises UnknownConversation, AmbiguousConversation and TooSlow.
    """
    number = number_of(runner, key)
    first = number * PLACES
    wanted = "number BETWEEN ? AND ?"
    wanted += "" if branches else " AND current"
    wanted += "" if hidden else " AND hidden IS NULL"
    some = "text <> '' OR hidden_text <> ''" if hidden else "text <> ''"
    wanted += f" AND ({some})"
    last = first + PLACES - 1
    (total,) = runner.one(f"SELECT count(*) FROM messages WHERE {wanted}", (first, last))
    begin = first + min(max(start.message, 0), PLACES - 1)
    rows = runner.each(
        "SELECT number, id, role, coalesce(name, recipient), created, model, hidden, text, "
        f"{'hidden_text' if hidden else repr('')} FROM messages WHERE {wanted} ORDER BY number",
        (begin, last),
    )
    messages, following = _filled(
        rows,
        Place(begin, max(start.character, 0)),
        min(max(most, 1), MOST),
        min(max(most_characters, 1), MOST_CHARACTERS),
    )
    id_, title, created, updated, project, model, url = runner.one(
        "SELECT c.id, c.title, c.created, c.updated, coalesce(p.name, p.id), c.model, c.url "
        "FROM conversations AS c LEFT JOIN projects AS p ON p.id = c.project WHERE c.number = ?",
        (number,),
    )
    return Span(id_, title, created, updated, project, model, url, total, messages, following)


def _filled(rows: Any, start: Place, most: int, room: int) -> tuple[list[Said], Place | None]:
    """Messages until there is no room, and where to go on."""
    made: list[Said] = []
    for row in rows:
        number, key, role, name, created, model, why, text, unseen = row
        place = number % PLACES
        skip = start.character if number == start.message else 0
        if len(made) >= most or room <= 0:
            return made, Place(place, skip)
        at = 0
        for words, reason in ((unseen, why or "reasoning"), (text, why)):
            if not words:
                continue
            begins = max(0, skip - at)
            piece = words[begins : begins + room]
            if piece:
                whole = begins + len(piece) == len(words)
                made.append(
                    Said(place, key, role, name, created, model, piece, reason, begins, whole)
                )
                room -= len(piece)
                if not whole:
                    return made, Place(place, at + begins + len(piece))
            at += len(words)
            if room <= 0 and words is unseen and text:
                return made, Place(place, at)
    return made, None
