"""The text of a message, for search and for reading: what a person saw of it, and the rest.

One small function a type of part. Unlike a note it has no words that only we put in: a search for
“image” finds the messages that say so, and not each with a picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gptexit.model import Asset, Message
from gptexit.writers.chat.part_words import instructions, linked
from gptexit.writers.markdown.embed import fenced, line

Assets = dict[str, Asset]
Blocks = list[str]


def texts_of(message: Message, assets: Assets) -> tuple[str, str]:
    """What a person saw, and what not: reasoning, and all of a message that is not shown."""
    seen: Blocks = []
    unseen: Blocks = []
    for part in message["parts"]:
        blocks = [each for each in PARTS[part["type"]](part, assets) if each.strip()]
        kept_from_sight = message["hidden"] is not None or part["type"] == "reasoning"
        (unseen if kept_from_sight else seen).extend(blocks)
    return _joined(seen), _joined(unseen)


def _joined(blocks: Blocks) -> str:
    return storable("\n\n".join(blocks))


def storable(text: str) -> str:
    """`text` as SQLite's functions take it: without NUL, where they would stop."""
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _text(part: Any, assets: Assets) -> Blocks:
    return [part["text"].strip("\n")]


def _code(part: Any, assets: Assets) -> Blocks:
    return [fenced(part["text"], part["language"])] if part["text"].strip() else []


def _output(part: Any, assets: Assets) -> Blocks:
    return [fenced(part["text"], "text")] if part["text"].strip() else []


def _media(part: Any, assets: Assets) -> Blocks:
    asset = assets.get(part["asset"])
    name = asset["name"] if asset else None
    return [f"[{line(name)}]" if name else "", part["title"] or "", part["prompt"] or ""]


def _reasoning(part: Any, assets: Assets) -> Blocks:
    thoughts = [each[key] for each in part["thoughts"] for key in ("summary", "content")]
    return [*thoughts, part["summary"] or ""]


def _document(part: Any, assets: Assets) -> Blocks:
    title, kind = part["title"] or "", part["kind"]
    if kind.startswith("code/"):
        return [title, fenced(part["text"], kind.removeprefix("code/"))]
    return [title, part["text"]]


def _quote(part: Any, assets: Assets) -> Blocks:
    named = part["title"] or part["url"]
    return [part["text"], linked({"title": part["title"], "url": part["url"]}) if named else ""]


def _instructions(part: Any, assets: Assets) -> Blocks:
    return [instructions(part)]


def _search(part: Any, assets: Assets) -> Blocks:
    return ["\n".join([*part["queries"], *map(linked, part["results"])])]


def _sources(part: Any, assets: Assets) -> Blocks:
    return ["\n".join(map(linked, part["sources"]))]


def _error(part: Any, assets: Assets) -> Blocks:
    return [part["name"] or "", part["text"]]


PARTS: dict[str, Callable[[Any, Assets], Blocks]] = {
    "text": _text,
    "code": _code,
    "output": _output,
    "image": _media,
    "audio": _media,
    "video": _media,
    "file": _media,
    "transcript": _text,
    "reasoning": _reasoning,
    "document": _document,
    "quote": _quote,
    "memory": _text,
    "instructions": _instructions,
    "search": _search,
    "sources": _sources,
    "error": _error,
    "unknown": _text,
}
"""Every part type of the model."""
