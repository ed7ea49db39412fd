"""Take out what a marker leaves behind that shows nothing: brackets, marks, spaces, empty lines.

Each such marker stands as one letter that the text does not have, so that its place can be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

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


_OPENING, _CLOSING = "(\\[（【「", ")\\]）】」"


_ENDS = r"[ \t\n.,;:!?)\]`。，]|\Z|[*_]{1,3}(?:[\s.,;:!?)]|\Z)"
"""Ahead of these, the space that set a marker off goes with it."""


class _Leftovers(NamedTuple):
    """Patterns of what a letter leaves behind that shows nothing."""

    enclosed: re.Pattern[str]
    """Must be found where one of `around` is; it begins with the letter, and is found fast."""
    around: list[re.Pattern[str]]
    """Brackets and marks. Replaced by the letter until none is left."""
    alone: re.Pattern[str]
    """At the start of a line: a list item, heading or quotation that held nothing else."""
    space_before: re.Pattern[str]
    space_behind: re.Pattern[str]
    """At the start of a line."""


@lru_cache(maxsize=4)
def _leftovers(empty: str) -> _Leftovers:
    """Return the patterns of what `empty` leaves behind."""
    around = [
        f"[{_OPENING}][ \\t,;、，]*(?:{empty}[ \\t,;、，]*)+[{_CLOSING}]",
        rf"(\*\*|__|\*|_|`){empty}\1",
    ]
    return _Leftovers(
        re.compile(f"{empty}[ \\t,;、，]*[{_CLOSING}*_`]"),
        [re.compile(pattern) for pattern in around],
        re.compile(
            rf"[ \t>]*(?:(?:[-*+]|\d{{1,9}}[.)]|#{{1,6}})[ \t]+)?(?:{empty}[ \t]*)+(?:\n|\Z)"
        ),
        re.compile(f"[ \\t]+{empty}(?={_ENDS})"),
        re.compile(rf"{empty}[ \t]+"),
    )


def closed_up(held: str, empty: str) -> str:
    """Return `held` without the places where nothing is shown, nor what they leave behind.

    Only lines with such a place are looked at closely.
    """
    out: list[str] = []
    at = 0
    while (place := held.find(empty, at)) >= 0:
        start = held.rfind("\n", at, place) + 1 or at
        end = held.find("\n", place) + 1 or len(held)
        out += (held[at:start], _line_closed_up(held[start:end], empty))
        at = end
    out.append(held[at:])
    return "".join(out)


def _line_closed_up(line: str, empty: str) -> str:
    leftovers = _leftovers(empty)
    for _ in range(4):
        before = line
        if not leftovers.enclosed.search(line):
            break
        for pattern in leftovers.around:
            line = pattern.sub(empty, line)
        if line == before:
            break
    line = _without_start(line, leftovers.alone)
    if f" {empty}" in line or f"\t{empty}" in line:
        line = leftovers.space_before.sub("", line)
    return _without_start(line, leftovers.space_behind).replace(empty, "")


def _without_start(line: str, pattern: re.Pattern[str]) -> str:
    found = pattern.match(line)
    return line[found.end() :] if found else line
