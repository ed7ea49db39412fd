"""A conversation's messages as the turns that a chat app shows, and the text of a turn.

ChatGPT keeps an answer as several messages: thoughts, calls of tools, their results, words. A chat
app has one answer after one question. So consecutive messages of one speaker become one turn, as
long as no other version begins between them; every branch stays a branch.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gptexit.archive.files import Read, read_up_to
from gptexit.codes import Hidden
from gptexit.model import Asset, Cited, Conversation, Message, Part
from gptexit.text.dates import reasoning_title
from gptexit.text.markdown import line
from gptexit.writers.markdown.embed import fenced, quoted
from gptexit.writers.parts import (
    Blocks,
    PartStyle,
    blocks_of,
    document_key,
    instructions_in,
    is_wanted,
    takes_recap,
    thoughts_in,
    with_marks,
    with_recap,
)

USER, ASSISTANT = "user", "assistant"


@dataclass(slots=True)
class Turn:
    """One question, or one answer."""

    id: str
    """The id of its first message."""
    parent: str | None
    role: str
    """`user` or `assistant`, or what `role_of` of `turns_of` returns."""
    created: str | None
    model: str | None
    parts: list[Part] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    """Ids, in the order of the source."""
    feedback: str | None = None


@dataclass(slots=True)
class Turns:
    """A conversation as turns."""

    by_id: dict[str, Turn] = field(default_factory=dict)
    """In tree order: a parent is before its children."""
    current: str | None = None
    """The id of the last turn of the branch that the user saw last."""
    hidden: Counter[Hidden] = field(default_factory=Counter)
    """Messages that are left out, by reason."""
    messages: int = 0
    """The number of messages in the turns."""


def speaker(message: Message) -> str:
    """Return who speaks in a message: what is not the user's is a part of the answer."""
    return USER if message["role"] == "user" else ASSISTANT


def turns_of(
    conversation: Conversation,
    include: frozenset[str],
    role_of: Callable[[Message], str] = speaker,
) -> Turns:
    """Make turns of a conversation. `include`: the kinds of hidden content that are wanted.

    `role_of`: returns the role of a message; messages of one role make a turn.
    """
    turns = Turns()
    shown: dict[str, Message] = {}
    above: dict[str | None, str | None] = {None: None}
    """For each message: its own id if it is shown, else that of the nearest shown one above."""
    for message in conversation["messages"]:
        parts = _parts(message, include, turns.hidden)
        above[message["id"]] = above[message["parent"]]
        if parts:
            shown[message["id"]] = {**message, "parent": above[message["parent"]], "parts": parts}
            above[message["id"]] = message["id"]
    following = Counter(message["parent"] for message in shown.values())
    turn_of: dict[str | None, Turn] = {}
    for key, message in shown.items():
        turn = turn_of.get(message["parent"])
        role = role_of(message)
        if turn is None or turn.role != role or following[message["parent"]] > 1:
            parent = turn.id if turn else None
            turn = Turn(message["id"], parent, role, message["created"], message["model"])
            turns.by_id[key] = turn
            if parent is not None:
                turns.by_id[parent].children.append(key)
        turn_of[key] = turn
        turn.parts += message["parts"]
        turn.model = message["model"] or turn.model
        turn.feedback = message["feedback"] or turn.feedback
        turns.messages += 1
    for turn in turns.by_id.values():
        turn.parts = _with_recaps(turn.parts)
    last = turn_of.get(above.get(conversation["current"]))
    turns.current = last.id if last else next(reversed(turns.by_id), None)
    return turns


def _parts(message: Message, include: frozenset[str], hidden: Counter[Hidden]) -> list[Part]:
    """Return the parts to show; count in `hidden` what `include` does not want."""
    if not is_wanted(message, include, hidden):
        return []
    if "reasoning" in include:
        return message["parts"]
    kept: list[Part] = [part for part in message["parts"] if part["type"] != "reasoning"]
    hidden[Hidden.REASONING] += len(message["parts"]) - len(kept)
    return kept


def _with_recaps(parts: list[Part]) -> list[Part]:
    """Join each recap (“Thought for 7s”) to the thoughts that it sums up."""
    result: list[Part] = []
    for part in parts:
        before = result[-1] if result else None
        if (
            part["type"] == "reasoning"
            and not part["thoughts"]
            and before is not None
            and before["type"] == "reasoning"
            and takes_recap(before)
        ):
            result[-1] = with_recap(before, part)
        else:
            result.append(part)
    return result


def superseded(turns: Turns) -> dict[str, dict[str, int]]:
    """For each turn, find the canvas documents that a later turn has too.

    Return the last version of each by the turn's id and the document's key.
    """
    later: dict[str, dict[str, int]] = {}
    for turn in reversed(turns.by_id.values()):
        below = later.get(turn.id, {})
        own = last_versions(turn.parts)
        if turn.parent is not None and (below or own):
            above = later.setdefault(turn.parent, {})
            for versions in (below, own):
                for key, version in versions.items():
                    above[key] = max(version, above.get(key, 0))
    return later


def last_versions(parts: list[Part]) -> dict[str, int]:
    """Return the last version of each canvas document among `parts`, by its key."""
    last: dict[str, int] = {}
    for part in parts:
        if part["type"] == "document":
            key = document_key(part)
            last[key] = max(part["version"], last.get(key, 0))
    return last


@dataclass(slots=True)
class ChatStyle(PartStyle):
    """The style of one turn. It stands by itself, so its text is left as it is."""

    plain = False
    assets: dict[str, Asset]
    """By id."""
    place: Callable[[Asset], str | None]
    """Returns where a person finds a file: None if the chat shows it by other means, no text if
    it is named without a place."""
    cite: Callable[[Cited], str] | None = None
    """Shows a source as a mark in the text; None for an app whose text keeps its links."""
    superseded: dict[str, int] = field(default_factory=dict)
    """The canvas documents that a later turn has too, by their key, with their last version."""

    def prose(self, text: str, *, headings: bool = False) -> str:
        """Return Markdown as it is."""
        return text

    def typed(self, text: str) -> str:
        """Return words as they are."""
        return text

    def text(self, part: Any) -> Blocks:
        """Show a text part, with marks if the app has some."""
        text: str = part["text"]
        if self.cite and part["citations"]:
            cite = self.cite
            text = with_marks(text, part["citations"], lambda source: f" {cite(source)}")
        return [text.strip("\n")]

    def media(self, part: Any) -> Blocks:
        """Name a file and its place."""
        asset, kind = self.assets.get(part["asset"]), part["type"]
        name = part["title"] or (asset["name"] if asset else None) or part["asset"]
        if asset is None or asset["missing"]:
            return [self.missing(kind, name, part["prompt"])]
        place = self.place(asset)
        if place is not None:
            where = f": {place}" if place else ""
            return [f"*{kind.capitalize()} “{line(name)}”{where}*"]
        return [f"*{line(part['title'])}*"] if part["title"] else []

    def last_version(self, part: Any) -> int:
        """Return the last version of a canvas document in a later turn, 0 if there is none."""
        return self.superseded.get(document_key(part), 0)

    def document(self, title: str, part: Any, language: str | None) -> Blocks:
        """Show the source of a document, code or Markdown."""
        return [f"**{title}**", fenced(part["text"], language or "markdown")]

    def box(self, kind: str, title: str, blocks: Blocks) -> Blocks:
        """Make a block quote; content of an unknown type stays as it is."""
        return blocks if kind == "unknown" else [quoted("\n\n".join([f"**{title}**", *blocks]))]

    def sources(self, sources: Sequence[Cited]) -> str:
        """Show sources as marks if the app has some."""
        return (
            "Sources: " + " ".join(map(self.cite, sources))
            if self.cite
            else PartStyle.sources(self, sources)
        )


def words_of(parts: list[Part], style: ChatStyle) -> str:
    """Return the text of a turn. Reasoning is left out: each app has a place of its own for it."""
    last = last_versions(parts)
    blocks: Blocks = []
    for part in parts:
        if part["type"] == "document" and part["version"] < last[document_key(part)]:
            continue
        if part["type"] != "reasoning":
            blocks += filter(str.strip, blocks_of(part, style))
    return "\n\n".join(blocks)


def reasoning(part: Any) -> tuple[str, str]:
    """Return a title such as “Thought for 7 seconds”, and the thoughts as Markdown."""
    title = line(reasoning_title(part["summary"], part["seconds"]) or "Thoughts")
    return title, "\n\n".join(thoughts_in(part, str))


def thoughts_of(parts: list[Part]) -> list[str]:
    """Return the reasoning of a turn as Markdown, each part with its title if that tells more."""
    return [_thoughts(part) for part in parts if part["type"] == "reasoning"]


def _thoughts(part: Any) -> str:
    title, words = reasoning(part)
    if not words:
        return title
    return f"**{title}**\n\n{words}" if part["summary"] or part["seconds"] else words


def last_instructions(conversation: Conversation) -> str:
    """Return the last custom instructions of a conversation, for a system prompt."""
    instructions = [
        instructions_in(part)
        for message in conversation["messages"]
        for part in message["parts"]
        if part["type"] == "instructions"
    ]
    return instructions[-1] if instructions else ""


INLINE, INLINE_CHAT = 4 << 20, 16 << 20
"""Bytes of an image, and of all images of a chat, that go into the chat as data URLs. The app keeps
them in its database and sends them with the chat: more would make it slow."""
SHOWN = frozenset(
    f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "svg+xml", "avif", "bmp")
)
"""Media types that a browser shows as an image."""


class Inline:
    """Makes data URLs of images, up to `INLINE_CHAT` bytes."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._left = INLINE_CHAT
        self._urls: dict[str, str] = {}

    def entry(self, asset: Asset, role: str) -> dict[str, Any] | None:
        """Return the entry for a message's files; None if the file stays outside of the chat."""
        url = self._url(asset) if asset["media_type"] in SHOWN else None
        return None if url is None else {"type": "image", "url": url}

    def _url(self, asset: Asset) -> str | None:
        member, size = asset["member"], asset["size"]
        if asset["id"] not in self._urls:
            if member is None or size is None or size > min(INLINE, self._left):
                return None
            data = read_up_to(self._read, member, INLINE)
            if data is None:
                return None
            self._left -= len(data)
            coded = base64.b64encode(data).decode()
            self._urls[asset["id"]] = f"data:{asset['media_type']};base64,{coded}"
        return self._urls[asset["id"]]
