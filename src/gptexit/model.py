"""The neutral model, version 1: what every reader makes and every target takes.

Plain dictionaries with declared keys, so that a conversation *is* its JSON: `orjson.dumps` of a
`Conversation` is one line of the jsonl target, and `schemas/conversation.schema.json` describes the
same shape to everyone else. Every key is always present; `None` means that the source does not say.

Times are UTC in RFC 3339 with a `Z`, at most microseconds. Sizes are bytes. Ids are the source's
own. `extra` holds what is left of a source object once every field with a place of its own has
been taken out of it, so nothing is dropped by forgetting it.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

VERSION = 1
"""The number that a conversation carries as `version`; raised when a field changes its meaning."""

Raw = dict[str, Any]
"""A JSON object as the source had it. The one place where `Any` is let in."""


class Gone(TypedDict):
    """What the newest of several merged exports lacks of a conversation; older ones have it."""

    since: str | None
    """When that export was made, where it tells."""
    conversation: bool
    """True where it lacks the whole conversation."""
    messages: list[str]
    """Otherwise: the ids of the messages with text, of user and assistant, that it lacks. What
    tools and the system said is not counted: exports since mid-2026 leave that out for everyone."""


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
    """None if nothing is gone, and wherever a single export was given."""


class Named(TypedDict):
    """Something with an id and, where the source tells it, a name: a project, a custom GPT."""

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
    """How long audio or video lasts."""
    placed: Literal["time", "chat"] | None
    """None if the source says which message shows the file. `time`: it was placed by the time at
    which it was made. `chat`: only the conversation is known, and the file stands at its end."""


class Transcript(TypedDict):
    """What was said in a voice turn. `direction` is `in` for the user, `out` for the assistant."""

    type: Literal["transcript"]
    text: str
    direction: str | None


class Thought(TypedDict):
    """One step of reasoning."""

    summary: str
    content: str


class Reasoning(TypedDict):
    """What the model showed of its thinking. `summary` is its own closing line."""

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
    """Custom instructions, as they stood in this conversation."""

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
    """Content of a type that the reader does not know, whole. `text`: its strings, to be shown."""

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
    """`system`, `user`, `assistant` or `tool`; the source's own word where it is another."""
    name: str | None
    """Which tool spoke."""
    created: str | None
    model: str | None
    hidden: str | None
    """Why the provider's own app does not show this message; None if it does."""
    status: str | None
    to: str | None
    """The recipient, where it is a tool and not everyone."""
    channel: str | None
    parts: list[Part]
    feedback: str | None
    """`up` or `down`, where the user rated the message."""
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
    """True where the export mentions the file and does not hold it."""


class Conversation(TypedDict):
    """One conversation. `messages` is in tree order: a parent stands before its children."""

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
