"""Change Markdown so that its rendering drops no words.

By the rules of Markdown two things show nothing: cells of a row beyond those of the head of its
table, and the definition of a link to which no text refers. An answer that was cut, or that counts
wrong, has them. So a head gets more cells, and the bracket of such a definition is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pyromark

_LABEL = re.compile(rb"\[([^\[\]]{1,999})\]:")
_CELL = re.compile(rb"(?<!\\)(?:\\\\)*\|")


def whole(text: str, options: Any, is_safe: Callable[[str], bool]) -> str:
    """Return Markdown that is rendered without a loss. `is_safe`: whether an address is a link."""
    tables = "|" in text and "-" in text and _has_longer_row(text)
    definitions = "]:" in text
    if not (tables or definitions):
        return text
    data = text.encode("utf-8", "replace")
    events = list(pyromark.events_with_range(data.decode(), options=options))
    edits = [*_widened(data, events), *(_undefined(data, events, is_safe) if definitions else ())]
    for place, more in sorted(edits, reverse=True):
        data = data[:place] + more + data[place:]
    return data.decode()


def _has_longer_row(text: str) -> bool:
    """Tell, at little cost, whether a row may have more cells than the head of its table."""
    lines = text.split("\n")
    most = 0
    for line in lines:
        signs = line.count("|")
        if not signs:
            most = 0
        elif "-" in line and not line.strip(" \t>|:-"):
            most = signs
        elif most and signs > most - 2:
            return True
    return False


def _widened(data: bytes, events: list[Any]) -> Iterator[tuple[int, bytes]]:
    """Yield a place and what to add there for each table with a row that has too many cells."""
    cells = 0
    for event, place in events:
        start = event.get("Start") if isinstance(event, dict) else None
        if not (isinstance(start, dict) and "Table" in start):
            continue
        cells = len(start["Table"])
        lines = _lines(data, place["start"], place["end"])
        more = max((_cells(data[begin:end]) for begin, end in lines[2:]), default=0) - cells
        if more <= 0:
            continue
        for (_, end), cell in zip(lines[:2], (b" |", b"-|"), strict=False):
            closed = data[:end].rstrip(b" \t").endswith(b"|")
            yield end, (b"" if closed else b"|") + cell * more


def _lines(data: bytes, start: int, end: int) -> list[tuple[int, int]]:
    lines = []
    while start < end:
        stop = data.find(b"\n", start, end)
        stop = end if stop < 0 else stop
        lines.append((start, stop))
        start = stop + 1
    return lines


def _cells(row: bytes) -> int:
    """Return the number of cells of a row."""
    row = row.strip(b" \t\r>")
    row = row[1:] if row.startswith(b"|") else row
    signs = len(_CELL.findall(row))
    return signs if row.endswith(b"|") and not row.endswith(b"\\|") else signs + 1


def _undefined(
    data: bytes, events: list[Any], is_safe: Callable[[str], bool]
) -> Iterator[tuple[int, bytes]]:
    """Yield the place of each definition that shows nothing, and a sign that escapes it."""
    shown: list[tuple[int, int]] = []
    used: set[str] = set()
    for event, place in events:
        if not isinstance(event, dict):
            continue
        start = event.get("Start")
        link = start.get("Link") or start.get("Image") if isinstance(start, dict) else None
        if link and link["id"] and is_safe(link["dest_url"]):
            used.add(_folded(link["id"]))
        if not event.keys() <= {"Start", "End"} or start == "HtmlBlock":
            shown.append((place["start"], place["end"]))
    shown.sort()
    number = 0
    for match in _LABEL.finditer(data):
        at = match.start()
        while number < len(shown) and shown[number][1] <= at:
            number += 1
        if number < len(shown) and shown[number][0] <= at:
            continue
        if _folded(match[1].decode("utf-8", "replace")) not in used:
            yield at, b"\\"


def _folded(label: str) -> str:
    return " ".join(label.split()).casefold()
