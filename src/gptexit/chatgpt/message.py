"""One message: from the raw object under a node to the neutral message.

What is taken out of the raw message has a place in the model; what is left of it is `extra`. The
raw `content` stays in `extra` too, unless it is plain text that the parts give back unchanged: a
rendered citation or a replayed canvas document is not what the source said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gptexit.chatgpt import take, tools
from gptexit.chatgpt.assetbook import AssetBook
from gptexit.chatgpt.canvas import writing_blocks
from gptexit.chatgpt.citations import References, has_markers, resolve
from gptexit.chatgpt.content import Around, read_content
from gptexit.chatgpt.parts import media, text
from gptexit.chatgpt.uploads import attach, dictation
from gptexit.model import Message, Part, Raw, Text


@dataclass(slots=True)
class Scene:
    """What the messages of one conversation share."""

    book: AssetBook
    references: Callable[[], References]
    """Made on first use: most conversations cite nothing."""
    feedback: dict[str, str]
    oddities: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)


def read_message(key: str, parent: str | None, raw: Raw, turn: tools.Turn, scene: Scene) -> Message:
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
    turn.hidden = None
    plain = _read_parts(content, role, name if role == "tool" else to, turn, scene)
    hidden = _hidden(raw, metadata, role, content, turn)
    if plain is None:
        for part in turn.parts:
            if part["type"] == "unknown":
                scene.unknown[f"content: {part['content_type'] or 'without a type'}"] += 1
    elif plain and _gives_back(turn.parts, plain):
        del raw["content"]
    if raw.get("id") == key:
        del raw["id"]
    model = metadata.pop("model_slug", None)
    if model is not None and not (isinstance(model, str) and model):
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
    content: Any, role: str, tool: str | None, turn: tools.Turn, scene: Scene
) -> str | None:
    """Fill `turn` with a message's parts. Its words, where the content is a plain text."""
    plain = _plain(content)
    if plain is not None:
        turn.parts = [text(plain)] if plain else []
    else:
        turn.parts = read_content(content, Around(turn.metadata, scene.book))
    if role == "assistant" and tool is not None and tool != "assistant":
        tools.call(tool, turn)
    elif role == "tool":
        tools.reply(tool or "", turn)
    if turn.metadata:
        _add_from_metadata(turn, scene)
    if plain is None or len(turn.parts) != 1 or _unfinished(plain, turn.metadata):
        _finish_texts(turn, scene)
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


def _add_from_metadata(turn: tools.Turn, scene: Scene) -> None:
    """Uploads, dictated audio and research reports: what a message shows beside its content."""
    metadata = turn.metadata
    if "attachments" in metadata:
        turn.parts = attach(turn.parts, take.objects(metadata["attachments"]), scene.book)
    if "dictation_asset_pointer" in metadata:
        turn.parts = dictation(turn.parts, metadata, scene.book)
    if "chatgpt_sdk" in metadata:
        report = tools.research_report(metadata)
        if report is not None:
            inner = take.mapping(report.get("metadata"))
            for part in read_content(report.get("content"), Around(inner, scene.book)):
                turn.parts += _cited(part, inner, scene) if part["type"] == "text" else [part]
            turn.hidden = None


def _unfinished(words: str, metadata: Raw) -> bool:
    """Whether a text may hold citations, writing blocks or pointers: a cheap look at each."""
    return (
        has_markers(words, metadata)
        or ":::writing" in words
        or ("://" in words and ("sediment://" in words or "file-service://" in words))
    )


def _finish_texts(turn: tools.Turn, scene: Scene) -> None:
    """Citations, writing blocks and pointers in the text parts."""
    metadata = turn.metadata
    finished: list[Part] = []
    for part in turn.parts:
        if part["type"] != "text" or part["citations"] or not _unfinished(part["text"], metadata):
            finished.append(part)
            continue
        for each in _cited(part, metadata, scene):
            finished += _pointers(each, scene.book) if each["type"] == "text" else [each]
    turn.parts = finished


def _cited(part: Text, metadata: Raw, scene: Scene) -> list[Part]:
    if has_markers(part["text"], metadata):
        words, citations = resolve(part["text"], metadata, scene.references, scene.oddities)
        part = {"type": "text", "text": words, "citations": citations}
    return writing_blocks(part)


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


def _hidden(raw: Raw, metadata: Raw, role: str, content: object, turn: tools.Turn) -> str | None:
    """Why ChatGPT does not show the message; None where it does."""
    if metadata.get("is_visually_hidden_from_conversation") is True:
        return "marked as hidden"
    if role in ("system", "developer"):
        return "system message"
    if isinstance(content, dict) and content.get("content_type") in _CONTEXT:
        return "context"
    weight = raw.get("weight")
    if weight == 0 and weight is not False:
        return "weight 0"
    return turn.hidden
