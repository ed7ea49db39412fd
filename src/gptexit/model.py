"""Declare the neutral model, version 1: every reader makes it, and every writer takes it.

It is plain dictionaries with declared keys: `orjson.dumps` of a `Conversation` is one line of the
format jsonl, and `schemas/conversation.schema.json` describes the same shape. Every key is always
present; None means that the source does not say.

Times are UTC in RFC 3339 with a `Z`, at most microseconds. Sizes are bytes. Ids are the source's
own. `extra` holds the fields of a source object that have no place of their own, so that none is
lost.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

VERSION = 1
"""The `version` of a conversation; raised when a field changes its meaning."""

Raw = dict[str, Any]
"""A JSON object as the source had it."""


class Gone(TypedDict):
    """The parts of a conversation that only older ones of several merged exports have."""

    since: str | None
    """When the newest export was made, if it says so."""
    conversation: bool
    """True if the newest export lacks the whole conversation."""
    messages: list[str]
    """Else the ids of the messages of user and assistant with text that it lacks. Messages of tools
    and the system are not counted: exports since mid-2026 leave them out for everyone."""


class Provenance(TypedDict):
    """Where a conversation comes from."""

    provider: Literal["chatgpt"]
    url: str | None
    """The conversation's address at its provider; None if it has no id of its own."""
    kind: Literal["chat", "codex", "group"]
    """`chat`: an ordinary chat. `codex`: a task of Codex. `group`: a group chat."""
    nodes: Literal["full", "slim"]
    """`slim`: the nodes name only their parents (ChatGPT exports since mid-2026)."""
    gone: Gone | None
    """None if nothing is gone, or if a single export was given."""


class Named(TypedDict):
    """A project or a custom GPT: its id, and its name if the source has it."""

    id: str
    name: str | None


class Cited(TypedDict):
    """One cited source."""

    title: str | None
    url: str | None


class Citation(TypedDict):
    """A span of a text part's `text`, in code points, that stands for cited sources."""

    start: int
    end: int
    sources: list[Cited]


class Text(TypedDict):
    """Markdown, as the user saw it, citations resolved to links."""

    type: Literal["text"]
    text: str
    citations: list[Citation]


class CodeBlock(TypedDict):
    """Code that was run or sent to a tool."""

    type: Literal["code"]
    language: str | None
    text: str


class CodeOutput(TypedDict):
    """What running code printed."""

    type: Literal["output"]
    text: str


class Media(TypedDict):
    """An image, audio, video or file; `asset` is the id of an item of `Conversation.assets`."""

    type: Literal["image", "audio", "video", "file"]
    asset: str
    title: str | None
    """For a generated image: the title that the source gives it."""
    prompt: str | None
    """For a generated image: what it was asked to show."""
    width: int | None
    """Pixels, as is `height`."""
    height: int | None
    seconds: float | None
    """The duration of audio or video."""
    placed: Literal["time", "chat"] | None
    """None if the source says which message shows the file. `time`: the file was placed by its
    creation time. `chat`: only the conversation is known, and the file is put at its end."""


class Transcript(TypedDict):
    """The words of a voice turn. `direction` is `in` for the user, `out` for the assistant."""

    type: Literal["transcript"]
    text: str
    direction: str | None


class Thought(TypedDict):
    """One step of reasoning."""

    summary: str
    content: str


class Reasoning(TypedDict):
    """The reasoning that the model showed. `summary` is its own closing line."""

    type: Literal["reasoning"]
    summary: str | None
    thoughts: list[Thought]
    seconds: float | None


class Document(TypedDict):
    """A canvas document, whole, as it was after this message."""

    type: Literal["document"]
    id: str | None
    title: str | None
    kind: str
    """`document`, `code/<language>`, or a writing block's variant such as `email`."""
    text: str
    version: int
    """Counted from 1 in the order of the conversation."""


class Quote(TypedDict):
    """A passage that a tool read."""

    type: Literal["quote"]
    text: str
    title: str | None
    url: str | None


class MemoryNote(TypedDict):
    """A sentence that ChatGPT wrote to its memory of the user, or a snapshot of that memory."""

    type: Literal["memory"]
    text: str
    snapshot: bool


class Instructions(TypedDict):
    """The custom instructions that this conversation had."""

    type: Literal["instructions"]
    about: str | None
    response: str | None


class Search(TypedDict):
    """A search and what it found."""

    type: Literal["search"]
    queries: list[str]
    results: list[Cited]


class Sources(TypedDict):
    """Sources of an answer that no place in its text cites."""

    type: Literal["sources"]
    sources: list[Cited]


class Error(TypedDict):
    """An error that the source shows in place of an answer."""

    type: Literal["error"]
    name: str | None
    text: str


class Unknown(TypedDict):
    """Content of an unknown type, whole in `raw`; `text` has its strings, to be shown."""

    type: Literal["unknown"]
    content_type: str | None
    text: str
    raw: Any


Part = (
    Text
    | CodeBlock
    | CodeOutput
    | Media
    | Transcript
    | Reasoning
    | Document
    | Quote
    | MemoryNote
    | Instructions
    | Search
    | Sources
    | Error
    | Unknown
)


class Message(TypedDict):
    """One node of the tree."""

    id: str
    parent: str | None
    role: str
    """`system`, `user`, `assistant` or `tool`, or another word of the source."""
    name: str | None
    """The tool that wrote the message."""
    created: str | None
    model: str | None
    hidden: str | None
    """Why the provider's app does not show this message; None if it does."""
    status: str | None
    to: str | None
    """The recipient, if it is a tool."""
    channel: str | None
    parts: list[Part]
    feedback: str | None
    """`up` or `down` if the user rated the message."""
    extra: Raw


class Asset(TypedDict):
    """A file that belongs to a conversation. `member` names it in the export."""

    id: str
    name: str | None
    media_type: str | None
    size: int | None
    sha256: str | None
    member: str | None
    missing: bool
    """True if the export mentions the file and does not hold it."""


class Conversation(TypedDict):
    """One conversation. `messages` is in tree order: a parent before its children."""

    version: int
    id: str
    title: str | None
    created: str | None
    updated: str | None
    source: Provenance
    model: str | None
    assistant: Named | None
    project: Named | None
    archived: bool | None
    starred: bool | None
    current: str | None
    """The id of the last message of the branch that the user saw last."""
    messages: list[Message]
    assets: list[Asset]
    extra: Raw
