"""Read the texts, objects and pointers in the content of a message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gptexit.verification.raw import POINTER, Raw, keyed_leaves, names, strings

WORDED = {"text": "text", "audio_transcription": "text", "markdown": "content", "code": "content"}
"""Part types with words in them, and the key of those words."""
_POINTING = names(
    "asset_pointer audio_asset_pointer video_asset_pointer image_asset_pointer "
    "video_container_asset_pointer frames_asset_pointers"
)
"""Keys of a part with the pointer to its file, some levels deep."""


def texts_of(content: Raw) -> list[str]:
    """Return the texts of a content: those of its parts, or its `text`."""
    parts = content.get("parts")
    if isinstance(parts, str):
        return [parts]
    if not isinstance(parts, list):
        return strings(content.get("text"))
    texts = []
    for part in _flat(parts):
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            kind = part.get("content_type") or part.get("type")
            key = WORDED.get(kind) if isinstance(kind, str) else "text" if kind is None else None
            texts += strings(part.get(key)) if key else []
    return texts


def objects_in(content: Raw) -> list[Raw]:
    """Return the parts of a content that are objects."""
    return [part for part in _flat(content.get("parts")) if isinstance(part, dict)]


def _flat(parts: Any) -> Iterator[Any]:
    """Yield the items of a list that may hold lists, in order."""
    stack = [parts] if isinstance(parts, list) else []
    while stack:
        part = stack.pop()
        if isinstance(part, list):
            stack += reversed(part)
        else:
            yield part


def pointers_in(value: Any) -> list[str]:
    """Return the pointers in a part, or `value` if it is one."""
    keyed = keyed_leaves(value, "asset_pointer" if isinstance(value, str) else "")
    return [text for key, text in keyed if key in _POINTING and POINTER.fullmatch(text)][::-1]
