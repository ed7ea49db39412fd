"""What was met and is in no table of known names: how often, where first, not a word of the user's.

A name from the source is shown only where it looks like one of a format: an identifier with few
digits. Whatever else stands in its place (an id, a title, a file name used as a key) is told by its
shape alone, since the list is meant to be pasted into a public bug report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

MOST = 500
"""Different strangers that are kept; those beyond are only counted."""

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
    """Where something was met; names nothing of the user's."""

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
    """Something that no table knows."""

    kind: str
    """`message key`, `content type`, `side file`, …"""
    name: str
    """Its name, or in brackets the shape of it."""
    count: int = 0
    first: Location | None = None
    """None for what stands outside the conversations."""


class Drift:
    """Collects strangers. Memory is bounded by `MOST`, whatever the source holds."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Stranger] = {}
        self.others = 0
        """How often something was met for which there was no room."""

    def add(self, kind: str, name: object, count: int = 1, first: Location | None = None) -> None:
        """Count a stranger; `name` is shown as `shown` has it."""
        word = shown(name)
        found = self._found.get((kind, word))
        if found is None:
            if len(self._found) >= MOST:
                self.others += count
                return
            found = self._found[kind, word] = Stranger(kind, word, 0, first)
        found.count += count
        if first and found.first and first.conversation < found.first.conversation:
            found.first = first

    def strangers(self) -> list[Stranger]:
        """All of them, by kind and name."""
        return sorted(self._found.values(), key=lambda each: (each.kind, each.name))


def shown(name: object) -> str:
    """A name that may stand in a public report, or in brackets what it looks like."""
    if not isinstance(name, str):
        return kind_of(name)
    if _IDENTIFIER.fullmatch(name) and sum(map(str.isdigit, name)) <= _FEW:
        return name
    if _UUID.fullmatch(name):
        return "(a UUID)"
    if _IDENTIFIER.fullmatch(name) or name.isalnum():
        return "(a number)" if name.isdigit() else "(an id)"
    length = len(name)
    step = next((each for each in _STEPS if length <= each), None)
    return f"(a text of up to {step} characters)" if step else "(a long text)"


def kind_of(value: Any) -> str:
    """What a value, or any value of a type, is: in brackets."""
    form = value if isinstance(value, type) else type(value)
    return _KINDS.get(form, "(something else)")
