"""Tell which strings of a card's or widget's JSON a person would read: others are for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gptexit.readers.chatgpt.normalize.markers import PRIVATE
from gptexit.readers.chatgpt.normalize.references import REF


def _tells_nothing(key: str) -> bool:
    """Tell whether what stands under a key is for programs: an id, a style, a size."""
    return key in _MECHANICS or key == "id" or key.endswith(("_id", "_ids", "_idx", "_url", "_ref"))


_MECHANICS = frozenset(
    (
        *("type", "status", "kind", "layout", "variant", "style", "icon", "logo", "color", "hue"),
        *("revision", "aspect_ratio", "num_per_query", "refs", "ref", "safe_urls", "thumbnail"),
        *("width", "height", "size", "start_idx", "end_idx", "version", "locale", "timezone"),
        *("invalid", "error", "schema", "action", "prefix", "prompt_text", "matched_text"),
    )
)


def words_in(value: Any) -> list[str]:
    """Return the strings below `value` that a person would read, in order; iterative."""
    return [words for _, words in _leaves(value)]


def facts_in(value: Any) -> list[str]:
    """Return what stands below `value` as `key: value`, numbers too, a fact each."""
    return [
        f"{key.replace('_', ' ')}: {words}" if key else words for key, words in _leaves(value, True)
    ]


def _leaves(value: Any, numbers: bool = False) -> Iterator[tuple[str, str]]:
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        key, node = stack.pop()
        if isinstance(node, str):
            words = PRIVATE.sub("", node).strip()
            if words and not REF.fullmatch(words):
                yield key, words
        elif isinstance(node, bool) or node is None:
            continue
        elif isinstance(node, int | float):
            if numbers:
                yield key, f"{node:g}" if isinstance(node, float) else str(node)
        elif isinstance(node, dict):
            inner = [(name, node[name]) for name in node if not _tells_nothing(str(name))]
            stack.extend(reversed(inner))
        elif isinstance(node, list):
            stack.extend((key, item) for item in reversed(node))
