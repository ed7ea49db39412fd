"""Read one message: from the raw object under a node to the neutral message.

The values of the raw message that have a field in the model are taken out; the rest is `extra`. The
raw `content` stays in `extra` too, unless it is plain text that the parts give back unchanged: a
rendered citation or a replayed canvas document is not the source's text.
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
from gptexit.model import Message, Part, Quote, Raw, Text
from gptexit.readers.chatgpt.normalize import research, tools
from gptexit.readers.chatgpt.normalize.assets import AssetBook, attach, dictation, media, points
from gptexit.readers.chatgpt.normalize.canvas import writing_blocks
from gptexit.readers.chatgpt.normalize.citations import may_change, resolve, words_only
from gptexit.readers.chatgpt.normalize.content import Around, read_content, text

_PASSAGE = ("text", "content", "passage", "quote", "label")
_WORDED = ("code", "output", "quote", "document", "error", "unknown", "memory", "transcript")
"""Types of parts whose text and title are words of the assistant or of a tool."""
_SPECIAL = frozenset(
    {
        *("attachments", "dictation_asset_pointer", "image_gen_title"),
        *("targeted_reply", "targeted_reply_label", "chatgpt_sdk", "venus_widget_state"),
        *("is_visually_hidden_from_conversation", "is_visually_hidden"),
    }
)
"""Keys of metadata on which it depends what a message shows beside its content, and whether."""
_POINTER = re.compile(r"!?\[[^\]\n]{0,200}\]\(((?:sediment|file-service)://[^)\s]{1,200})\)")
# A tuple, since the value that is looked for may be of any type.
_CONTEXT = ("user_editable_context", "model_editable_context", "app_pairing_content")


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
    """The deep-research reports found so far, by message id."""
    others: list[Message] = field(default_factory=list)
    """The messages so far but for the usual ones, which show a text that points to no file."""


def read_message(
    key: str, parent: str | None, raw: Raw, turn: tools.ToolTurn, context: MessageContext
) -> Message:
    """Read the message of node `key`; empty `raw`, and leave the branch's new state in `turn`."""
    role, name = _author(raw)
    recipient = raw.get("recipient")
    to = None
    if recipient != "all" and isinstance(recipient, str):
        to = recipient
        del raw["recipient"]
    metadata = raw.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    plain = _plain(raw.get("content"))
    usual = plain and to is None and _is_usual(plain, role, metadata)
    if plain and usual:
        parts: list[Part] = [text(plain)]
        hidden = None
        del raw["content"]
    else:
        turn.key, turn.parent, turn.metadata = key, parent, metadata
        turn.role, turn.name, turn.to = role, name, to
        _read_other(raw, plain, turn, context)
        parts, hidden = turn.parts, turn.hidden
    if raw.get("id") == key:
        del raw["id"]
    model = metadata.pop("model_slug", None)
    # "auto" is what the user chose, and names no model.
    if model is not None and not (isinstance(model, str) and model and model != "auto"):
        metadata["model_slug"] = model
        model = None
    message: Message = {
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
        "parts": parts,
        "feedback": context.feedback.get(key),
        "extra": raw,
    }
    if not usual:
        context.others.append(message)
    return message


def _is_usual(plain: str, role: str, metadata: Raw) -> bool:
    """Tell, at little cost, whether a message to everyone shows its text `plain` and nothing else.

    Most messages are such: of the user or the assistant, without anything to show beside the text,
    and without anything in it to be replaced.
    """
    if not _SPECIAL.isdisjoint(metadata) or plain.isspace():
        return False
    if role != "user" and (role != "assistant" or may_change(plain, metadata)):
        return False
    return not points(plain)


def _read_other(raw: Raw, plain: str | None, turn: tools.ToolTurn, context: MessageContext) -> None:
    """Read a message that is not as most are; `plain`: its text if the content is plain text."""
    content = raw.get("content")
    turn.typed = turn.role == "user"
    turn.hidden = None
    _read_parts(content, plain, turn, context)
    turn.hidden = _hidden(content, turn, plain=plain is not None)
    state = plain if turn.role == "tool" and plain and research.speaks_a_state(plain) else ""
    if state or "chatgpt_sdk" in turn.metadata or "venus_widget_state" in turn.metadata:
        _add_report(state, turn, context)
    if plain is None:
        for part in turn.parts:
            if part["type"] == "unknown":
                context.unknown[f"content: {part['content_type'] or 'without a type'}"] += 1
    elif plain and _gives_back(turn.parts, plain):
        del raw["content"]


def _read_parts(
    content: Any, plain: str | None, turn: tools.ToolTurn, context: MessageContext
) -> None:
    """Fill `turn` with the parts of a message."""
    if plain is not None:
        turn.parts = [text(plain)] if plain and not plain.isspace() else []
    else:
        turn.parts = read_content(content, Around(turn.metadata, context.book))
    if turn.role == "assistant" and turn.to is not None and turn.to != "assistant":
        tools.call(turn.to, turn)
    elif turn.role == "tool":
        turn.kind = content.get("content_type") if isinstance(content, dict) else None
        tools.reply(turn)
    if turn.metadata:
        _add_from_metadata(turn, context)
    if plain is None or len(turn.parts) != 1 or _unfinished(plain, turn):
        _finish(turn, context)


def _gives_back(parts: list[Part], plain: str) -> bool:
    """Tell whether the parts give back the text `plain`, so that `extra` need not keep it."""
    first = parts[0] if len(parts) == 1 else None
    if first is not None and first["type"] == "text":
        return first["text"] is plain or first["text"] == plain
    return [part["text"] for part in parts if part["type"] == "text"] == [plain]


def _author(raw: Raw) -> tuple[str, str | None]:
    """Take role and name; `author` stays even if empty, so that its presence is known."""
    author = raw.get("author")
    if not isinstance(author, dict):
        return "unknown", None
    role, name = author.get("role"), author.get("name")
    if not isinstance(role, str) or not role:
        role = "unknown"
    if role != "unknown":
        del author["role"]
    if not isinstance(name, str) or not name:
        return role, None
    del author["name"]
    return role, name


def _plain(content: object) -> str | None:
    """Return the text of a content that is one plain string and nothing else, as most are."""
    if isinstance(content, dict) and len(content) == 2 and content.get("content_type") == "text":
        parts = content.get("parts")
        if isinstance(parts, list) and len(parts) == 1 and isinstance(parts[0], str):
            return parts[0]
    return None


def _add_from_metadata(turn: tools.ToolTurn, context: MessageContext) -> None:
    """Add what a message shows beside its content: uploads, dictated audio, a quoted passage."""
    metadata = turn.metadata
    if "attachments" in metadata:
        turn.parts = attach(turn.parts, take.objects(metadata["attachments"]), context.book)
    if "dictation_asset_pointer" in metadata:
        turn.parts = dictation(turn.parts, metadata, context.book)
    if "image_gen_title" in metadata:
        title = take.string(metadata["image_gen_title"])
        for part in turn.parts:
            if part["type"] == "image" and title:
                part["title"] = title
    if turn.typed and ("targeted_reply" in metadata or "targeted_reply_label" in metadata):
        quote = _quoted_passage(metadata)
        if quote is not None:
            _without_markers(quote, context)
            turn.parts = [quote, *turn.parts]


def _quoted_passage(metadata: Raw) -> Quote | None:
    """Return the passage of an answer that the user marked and replies to; None without one.

    `targeted_reply` holds it, as a string or as an object with a text; `targeted_reply_label`, if
    it is alone, has the same words.
    """
    for key in ("targeted_reply", "targeted_reply_label"):
        value = metadata.get(key)
        if isinstance(value, dict):
            value = next((value[name] for name in _PASSAGE if take.string(value.get(name))), None)
        passage = take.string(value)
        if passage and passage.strip():
            return {"type": "quote", "text": passage, "title": None, "url": None}
    return None


def _add_report(state: str, turn: tools.ToolTurn, context: MessageContext) -> None:
    """Show the deep-research report that a message carries, if there is one.

    `state`: the words of a tool that tell the state of a widget. The tool's own JSON beside the
    report is left out; the words of any other author stay.
    """
    report = research.report_of(turn.metadata, state)
    if report is None:
        return
    inner = take.mapping(report.get("metadata"))
    parts: list[Part] = []
    for part in read_content(research.content_of(report), Around(inner, context.book)):
        parts += _cited(part, inner, turn, context) if part["type"] == "text" else [part]
    if not parts:
        return
    words = research.words_of(report)
    name = take.string(report.get("id")) or words
    beside = turn.parts if turn.hidden is None else []
    if turn.role == "tool":
        beside = research.own_words(beside)
    context.hosts[turn.key] = research.Hosted(
        name, parts, beside, turn.parts, turn.hidden, len(words)
    )
    turn.parts = [*beside, *parts]
    turn.hidden = None


def _unfinished(words: str, turn: tools.ToolTurn) -> bool:
    """Tell, at little cost, whether a text may hold markers or pointers; of the user, pointers."""
    return (not turn.typed and may_change(words, turn.metadata)) or (
        "://" in words and ("sediment://" in words or "file-service://" in words)
    )


def _finish(turn: tools.ToolTurn, context: MessageContext) -> None:
    """Take markers, writing blocks and pointers out of the parts; the user's words keep markers."""
    finished: list[Part] = []
    for part in turn.parts:
        if part["type"] != "text":
            if not turn.typed:
                _without_markers(part, context)
        elif not part["citations"] and _unfinished(part["text"], turn):
            pieces = [part] if turn.typed else _cited(part, turn.metadata, turn, context)
            for piece in pieces:
                finished += _pointers(piece, context.book) if piece["type"] == "text" else [piece]
            continue
        finished.append(part)
    turn.parts = finished


def _without_markers(part: Any, context: MessageContext) -> None:
    """Take the markers out of the words of a part that is no text; they have no references."""
    if part["type"] == "reasoning":
        for thought in part["thoughts"]:
            for name in ("summary", "content"):
                thought[name] = words_only(thought[name], context.oddities, context.unknown)
        return
    for name in ("text", "title") if part["type"] in _WORDED else ():
        if part.get(name):
            part[name] = words_only(part[name], context.oddities, context.unknown)


def _cited(part: Text, metadata: Raw, turn: tools.ToolTurn, context: MessageContext) -> list[Part]:
    """Resolve the citations of a text part, and split it at its writing blocks.

    The sources that it does not cite follow as a part of their own.
    """
    if not may_change(part["text"], metadata):
        return writing_blocks(part)
    above = partial(context.above, turn.parent)
    resolved = resolve(part["text"], metadata, above, context.oddities, context.unknown)
    parts = writing_blocks({"type": "text", "text": resolved.text, "citations": resolved.citations})
    if resolved.sources:
        parts.append({"type": "sources", "sources": resolved.sources})
    return parts


def _pointers(part: Text, book: AssetBook) -> list[Part]:
    """Split a text part at the images that its text points to."""
    words = part["text"]
    if part["citations"] or "://" not in words:
        return [part]
    parts: list[Part] = []
    at = 0
    for match in _POINTER.finditer(words):
        if words[at : match.start()].strip():
            parts.append(text(words[at : match.start()]))
        parts.append(media("image", book.add(match[1])))
        at = match.end()
    if parts and words[at:].strip():
        parts.append(text(words[at:]))
    return parts or [part]


def _hidden(content: object, turn: tools.ToolTurn, *, plain: bool) -> str | None:
    """Return why ChatGPT does not show the message; None if it does.

    `weight` means nothing: in real exports each image of GPT-4o has weight 0.
    """
    metadata = turn.metadata
    if metadata and (
        metadata.get("is_visually_hidden_from_conversation") is True
        or metadata.get("is_visually_hidden") is True  # exports of January 2024
    ):
        return HIDDEN_VALUES[Hidden.MARKED]
    if turn.role in ("system", "developer"):
        return HIDDEN_VALUES[Hidden.SYSTEM]
    if not plain and isinstance(content, dict) and content.get("content_type") in _CONTEXT:
        return HIDDEN_VALUES[Hidden.CONTEXT]
    return turn.hidden
