"""Collect names that are in no table: how often and where first, without a word of the user's.

A name from the source is shown only if it looks like one of a format: an identifier with few
digits. Of anything else (an id, a title, a file name used as a key) only the shape is shown, since
the list is meant to be pasted into a public bug report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

MOST = 500
"""Different strangers that are kept; more of them are only counted."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FILE = re.compile(r"conversations(?:[-_]\d+)?\.json(?=, byte|$)")
_AT = re.compile(r"byte \d+$")
_FEW = 4
"""Digits of a name at most: `image_v2` is one, `file_7d3f09ab…` is an id."""
_STEPS = (8, 16, 32, 64)
_KINDS = {
    list: "(an array)",
    dict: "(an object)",
    str: "(a text)",
    bool: "(true or false)",
    int: "(a number)",
    float: "(a number)",
    type(None): "(nothing)",
}


class Location(NamedTuple):
    """Where a name was found."""

    conversation: int
    """Counted from 1 in the order of reading."""
    where: str
    """As the container has it; holds names of the user's files and folders."""

    @property
    def file(self) -> str:
        """`conversations-001.json, byte 512`: of the path only what the format itself says."""
        file, at = _FILE.findall(self.where), _AT.search(self.where)
        return ", ".join([*file[-1:], *([at[0]] if at else [])])


@dataclass(slots=True)
class Stranger:
    """A name that no table has."""

    kind: str
    """`message key`, `content type`, `side file`, …"""
    name: str
    """Its name, or in brackets the shape of it."""
    count: int = 0
    first: Location | None = None
    """None outside of conversations."""


class Drift:
    """Collects strangers. Memory is bounded by `MOST`, whatever the source holds."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Stranger] = {}
        self.others = 0
        """How often names were found for which there was no room."""

    def add(self, kind: str, name: object, count: int = 1, first: Location | None = None) -> None:
        """Count a stranger, under the name that may be shown."""
        word = shown(name)
        stranger = self._found.get((kind, word))
        if stranger is None:
            if len(self._found) >= MOST:
                self.others += count
                return
            stranger = self._found[kind, word] = Stranger(kind, word, 0, first)
        stranger.count += count
        if first and stranger.first and first.conversation < stranger.first.conversation:
            stranger.first = first

    def strangers(self) -> list[Stranger]:
        """Return all of them, by kind and name."""
        return [self._found[key] for key in sorted(self._found)]


def shown(name: object) -> str:
    """Return a name that may be in a public report, or in brackets its shape."""
    if not isinstance(name, str):
        form = name if isinstance(name, type) else type(name)
        return _KINDS.get(form, "(something else)")
    if _IDENTIFIER.fullmatch(name) and sum(map(str.isdigit, name)) <= _FEW:
        return name
    if _UUID.fullmatch(name):
        return "(a UUID)"
    if _IDENTIFIER.fullmatch(name) or name.isalnum():
        return "(a number)" if name.isdigit() else "(an id)"
    length = len(name)
    step = next((step for step in _STEPS if length <= step), None)
    return f"(a text of up to {step} characters)" if step else "(a long text)"
