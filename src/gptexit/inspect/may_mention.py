"""Which raw messages may mention a file: a cheap look that may err on the side of yes."""

from __future__ import annotations

from typing import Any

from gptexit.model import Raw

_SCHEMES = ("file-id://", "file-service://", "sediment://")

SPECIAL = frozenset({"attachments", "chatgpt_sdk", "dictation_asset_pointer", "venus_widget_state"})
"""Keys of metadata that name files."""


def points(words: str) -> bool:
    """Whether a text links to a file of the export, or of the code interpreter."""
    # Most texts do not even have the character that all of these share, which is found fastest.
    return (
        "/" in words
        and ":/" in words
        and ("sandbox:/" in words or "sediment://" in words or "file-service://" in words)
    )


def may_mention(content: Raw, metadata: Raw) -> bool:
    """Whether a message with this content and metadata may name a file."""
    if any(metadata.get(key) for key in SPECIAL):
        return True
    kind = content.get("content_type")
    if isinstance(kind, str):
        return kind in LOOK and LOOK[kind](content, metadata)
    return "parts" in content and _parts(content, metadata)


def _parts(content: Raw, metadata: Raw) -> bool:
    parts = content.get("parts")
    if not isinstance(parts, list):
        parts = [parts, content.get("text")]
    return any(points(part) if isinstance(part, str) else bool(part) for part in parts)


def _url(content: Raw, metadata: Raw) -> bool:
    url = content.get("url")
    return isinstance(url, str) and url.startswith(_SCHEMES)


def _screen(content: Raw, metadata: Raw) -> bool:
    return True


def _output(content: Raw, metadata: Raw) -> bool:
    result: Any = metadata.get("aggregate_result")
    told = result.get("messages") if isinstance(result, dict) else None
    drawn = isinstance(told, list) and any(
        isinstance(each, dict) and each.get("image_url") for each in told
    )
    return drawn or bool(metadata.get("ada_visualizations"))


LOOK = {
    "text": _parts,
    "multimodal_text": _parts,
    "tether_quote": _url,
    "sonic_webpage": _url,
    "computer_output": _screen,
    "execution_output": _output,
}
"""Content types that may name files; of any other the reader takes none."""
