"""Take out what a marker leaves behind that shows nothing: brackets, marks, spaces, empty lines.

Each such marker stands as one letter that the text does not have, so that its place can be told.
"""

from __future__ import annotations

import re
from functools import lru_cache

_OPENING, _CLOSING = "(\\[（【「", ")\\]）】」"


_ENDS = r"[ \t\n.,;:!?)\]`。，]|\Z|[*_]{1,3}(?:[\s.,;:!?)]|\Z)"
"""Ahead of these, the space that set a marker off goes with it."""


@lru_cache(maxsize=4)
def _leftovers(empty: str) -> tuple[list[re.Pattern[str]], list[re.Pattern[str]]]:
    """Return the patterns of what `empty` leaves behind: brackets and marks, then lines and spaces.

    The first are replaced by `empty` until none is left, the others by nothing.
    """
    around = [
        f"[{_OPENING}][ \\t,;、，]*(?:{empty}[ \\t,;、，]*)+[{_CLOSING}]",
        rf"(\*\*|__|\*|_|`){empty}\1",
    ]
    beside = [
        # A list item, heading or quotation that held nothing else.
        rf"^[ \t>]*(?:(?:[-*+]|\d{{1,9}}[.)]|#{{1,6}})[ \t]+)?(?:{empty}[ \t]*)+(?:\n|\Z)",
        f"[ \\t]+{empty}(?={_ENDS})",
        rf"^{empty}[ \t]+",
    ]
    return [re.compile(pattern) for pattern in around], [re.compile(pattern) for pattern in beside]


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
    around, beside = _leftovers(empty)
    for _ in range(4):
        before = line
        for pattern in around:
            line = pattern.sub(empty, line)
        if line == before:
            break
    for pattern in beside:
        line = pattern.sub("", line)
    return line.replace(empty, "")
