"""One message: from the raw object under a node to the neutral message.

What is taken out of the raw message has a place in the model; what is left of it is `extra`. The
raw `content` stays in `extra` too, unless it is plain text that the parts give back unchanged: a
rendered citation or a replayed canvas document is not what the source said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gptexit.chatgpt import take
from gptexit.codes import HIDDEN_VALUES, Hidden, Oddity
from gptexit.model import Message, Part, Raw, Text
from gptexit.readers.chatgpt.normalize import research, tools
from gptexit.readers.chatgpt.normalize.asset_book import AssetBook
from gptexit.readers.chatgpt.normalize.canvas import writing_blocks
from gptexit.readers.chatgpt.normalize.citations import may_change, resolve, words_only
from gptexit.readers.chatgpt.normalize.content import Around, read_content
from gptexit.readers.chatgpt.normalize.parts import media, text
from gptexit.readers.chatgpt.normalize.uploads import answered, attach, dictation


@dataclass(slots=True)
class MessageContext:
    """What the messages of one conversation share."""

    book: AssetBook
    above: Callable[[str | None], Iterator[Raw]]
    """Gives the metadata of a message, by its id, and of those above it, the nearest first, back to
    the user's message before."""
    feedback: dict[str, str]
    oddities: Counter[Oddity] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    hosts: dict[str, research.Hosted] = field(default_factory=dict)
    """By message id, the deep-research reports that were found."""


def read_message(
    key: str, parent: str | None, raw: Raw, turn: tools.ToolTurn, scene: MessageContext
) -> Message:
    """The message of node `key`. Empties `raw`; leaves the branch's new state in `turn`."""
    role, name = _author(raw)
    recipient = raw.get("recipient")
    to = recipient if isinstance(recipient, str) and recipient != "all" else None
    if to is not None:
        del raw["recipient"]
    metadata = raw.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    content = raw.get("content")
    turn.metadata = metadata
    turn.parent = parent
    turn.typed = role == "user"
    turn.hidden = None
    plain = _read_parts(content, role, name if role == "tool" else to, turn, scene, to)
    hidden = _hidden(metadata, role, content, turn, plain=plain is not None)
    spoken = plain if role == "tool" and plain and research.speaks_a_state(plain) else ""
    if spoken or "chatgpt_sdk" in metadata or "venus_widget_state" in metadata:
        hidden = _add_report(key, role, hidden, spoken, turn, scene)
    if plain is None:
        for part in turn.parts:
            if part["type"] == "unknown":
                scene.unknown[f"content: {part['content_type'] or 'without a type'}"] += 1
    elif plain and _gives_back(turn.parts, plain):
        del raw["content"]
    if raw.get("id") == key:
        del raw["id"]
    model = metadata.pop("model_slug", None)
    # "auto" is what the user chose, and names no model.
    if model is not None and not (isinstance(model, str) and model and model != "auto"):
        metadata["model_slug"] = model
        model = None
    return {
        "id": key,
        "parent": parent,
        "role": role,
        "name": name,
        "created": take.time(raw, "create_time"),
        "model": model,
        "hidden": hidden,
        "status": take.text(raw, "status"),
        "to": to,
        "channel": take.text(raw, "channel"),
        "parts": turn.parts,
        "feedback": scene.feedback.get(key),
        "extra": raw,
    }


def _read_parts(
    content: Any,
    role: str,
    tool: str | None,
    turn: tools.ToolTurn,
    scene: MessageContext,
    to: str | None,
) -> str | None:
    """Fill `turn` with a message's parts. Its words, where the content is a plain text."""
    plain = _plain(content)
    if plain is not None:
        turn.parts = [text(plain)] if plain and not plain.isspace() else []
    else:
        turn.parts = read_content(content, Around(turn.metadata, scene.book))
    if role == "assistant" and tool is not None and tool != "assistant":
        tools.call(tool, turn)
    elif role == "tool":
        turn.kind = content.get("content_type") if isinstance(content, dict) else None
        tools.reply(tool or "", turn, to_everyone=to is None)
    if turn.metadata:
        _add_from_metadata(turn, role, scene)
    if plain is None or len(turn.parts) != 1 or _unfinished(plain, turn):
        _finish(turn, scene)
    return plain


def _gives_back(parts: list[Part], plain: str) -> bool:
    """Whether the text parts are that one text, unchanged."""
    first = parts[0] if len(parts) == 1 else None
    if first is not None and first["type"] == "text":
        return first["text"] is plain or first["text"] == plain
    return [part["text"] for part in parts if part["type"] == "text"] == [plain]


def _author(raw: Raw) -> tuple[str, str | None]:
    """Role and name. What is left of `author` stays, so that its presence is known."""
    author = raw.get("author")
    if not isinstance(author, dict):
        return "unknown", None
    role = author.get("role")
    if isinstance(role, str) and role and role != "unknown":
        del author["role"]
    else:
        role = "unknown"
    name = author.get("name")
    if isinstance(name, str) and name:
        del author["name"]
        return role, name
    return role, None


def _plain(content: object) -> str | None:
    """The words of a content that is one plain string and nothing else: most messages are."""
    if isinstance(content, dict) and len(content) == 2 and content.get("content_type") == "text":
        parts = content.get("parts")
        if isinstance(parts, list) and len(parts) == 1 and isinstance(parts[0], str):
            return parts[0]
    return None


def _add_from_metadata(turn: tools.ToolTurn, role: str, scene: MessageContext) -> None:
    """Uploads, dictated audio, a quoted passage: what a message shows beside its content."""
    metadata = turn.metadata
    if "attachments" in metadata:
        turn.parts = attach(turn.parts, take.objects(metadata["attachments"]), scene.book)
    if "dictation_asset_pointer" in metadata:
        turn.parts = dictation(turn.parts, metadata, scene.book)
    if "image_gen_title" in metadata:
        title = take.string(metadata["image_gen_title"])
        for part in turn.parts:
            if part["type"] == "image" and title:
                part["title"] = title
    if role == "user" and ("targeted_reply" in metadata or "targeted_reply_label" in metadata):
        quote = answered(metadata)
        if quote is not None:
            _without_markers(quote, scene)
            turn.parts = [quote, *turn.parts]


def _add_report(
    key: str,
    role: str,
    hidden: str | None,
    spoken: str,
    turn: tools.ToolTurn,
    scene: MessageContext,
) -> str | None:
    """Add the deep-research report that a message carries; return why the message is hidden.

    `spoken`: what a tool says, which may be the state of a widget. A tool's own JSON beside the
    report is left out; what anybody else says beside it stays.
    """
    report = research.report_of(turn.metadata, spoken)
    if report is None:
        return hidden
    inner = take.mapping(report.get("metadata"))
    parts: list[Part] = []
    for part in read_content(research.content_of(report), Around(inner, scene.book)):
        parts += _cited(part, inner, turn, scene) if part["type"] == "text" else [part]
    if not parts:
        return hidden
    said = research.words_of(report)
    name = take.string(report.get("id")) or said
    beside = turn.parts if hidden is None else []
    if role == "tool":
        beside = research.own_words(beside)
    scene.hosts[key] = research.Hosted(name, parts, beside, turn.parts, hidden, len(said))
    turn.parts = [*beside, *parts]
    return None


def _unfinished(words: str, turn: tools.ToolTurn) -> bool:
    """Tell, at little cost, whether a text may hold citations, writing blocks or pointers.

    Of what a person typed, only pointers count.
    """
    return (not turn.typed and may_change(words, turn.metadata)) or (
        "://" in words and ("sediment://" in words or "file-service://" in words)
    )


def _finish(turn: tools.ToolTurn, scene: MessageContext) -> None:
    """Take markers, writing blocks and pointers out of the words of the parts."""
    finished: list[Part] = []
    for part in turn.parts:
        if part["type"] == "text":
            if part["citations"] or not _unfinished(part["text"], turn):
                finished.append(part)
                continue
            # What a person typed stays as it is, markers and all.
            pieces = [part] if turn.typed else _cited(part, turn.metadata, turn, scene)
            for piece in pieces:
                finished += _pointers(piece, scene.book) if piece["type"] == "text" else [piece]
        else:
            if not turn.typed:
                _without_markers(part, scene)
            finished.append(part)
    turn.parts = finished


_WORDED = {
    "code": ("text",),
    "output": ("text",),
    "quote": ("text", "title"),
    "document": ("text", "title"),
    "error": ("text",),
    "unknown": ("text",),
    "memory": ("text",),
    "transcript": ("text",),
}
"""The fields of each part type that hold words of the assistant or of a tool."""


def _without_markers(part: Any, scene: MessageContext) -> None:
    """Take the markers out of the words of a part that is no text: they have no references."""
    if part["type"] == "reasoning":
        for thought in part["thoughts"]:
            for name in ("summary", "content"):
                thought[name] = words_only(thought[name], scene.oddities, scene.unknown)
        return
    for name in _WORDED.get(part["type"], ()):
        if part[name]:
            part[name] = words_only(part[name], scene.oddities, scene.unknown)


def _cited(part: Text, metadata: Raw, turn: tools.ToolTurn, scene: MessageContext) -> list[Part]:
    """Return a text part with its citations resolved, in pieces where it holds writing blocks.

    The sources that it does not cite follow as a part of their own.
    """
    if not may_change(part["text"], metadata):
        return writing_blocks(part)
    found = resolve(
        part["text"], metadata, partial(scene.above, turn.parent), scene.oddities, scene.unknown
    )
    made = writing_blocks({"type": "text", "text": found.text, "citations": found.citations})
    return [*made, {"type": "sources", "sources": found.sources}] if found.sources else made


_POINTER = re.compile(r"!?\[[^\]\n]{0,200}\]\(((?:sediment|file-service)://[^)\s]{1,200})\)")


def _pointers(part: Text, book: AssetBook) -> list[Part]:
    """A text part with the images that its text points to as parts of their own."""
    words = part["text"]
    if part["citations"] or "://" not in words:
        return [part]
    found: list[Part] = []
    at = 0
    for match in _POINTER.finditer(words):
        if words[at : match.start()].strip():
            found.append(text(words[at : match.start()]))
        found.append(media("image", book.add(match[1])))
        at = match.end()
    if not found:
        return [part]
    if words[at:].strip():
        found.append(text(words[at:]))
    return found


# A tuple: what is looked for in it may be of any type.
_CONTEXT = ("user_editable_context", "model_editable_context", "app_pairing_content")


def _hidden(
    metadata: Raw, role: str, content: object, turn: tools.ToolTurn, *, plain: bool
) -> str | None:
    """Why ChatGPT does not show the message; None where it does.

    `weight` does not tell: in real exports each image of GPT-4o has weight 0.
    """
    if metadata and (
        metadata.get("is_visually_hidden_from_conversation") is True
        or metadata.get("is_visually_hidden") is True  # exports of January 2024
    ):
        return HIDDEN_VALUES[Hidden.MARKED]
    if role in ("system", "developer"):
        return HIDDEN_VALUES[Hidden.SYSTEM]
    if not plain and isinstance(content, dict) and content.get("content_type") in _CONTEXT:
        return HIDDEN_VALUES[Hidden.CONTEXT]
    return turn.hidden
