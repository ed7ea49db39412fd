"""Read the rows of a side file one at a time, however long the file is.

`ijson` makes rows too, and with them the path to every value; the paths of one that nests 100,000
levels deep fill gigabytes. Here a row may nest as deep as a person ever meant it to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson
from ijson.common import ObjectBuilder

DEEPEST = 100
"""Levels of a row at most. Known rows have three."""
WIDEST = 100_000
"""Values of a row at most. Known rows have some twenty."""

ERRORS = (ijson.JSONError, OSError, ValueError)
"""Errors that reading rows may raise, at the place where the file is damaged."""


def reason(error: Exception) -> str:
    """Say on one line why rows cannot be read any further."""
    first = str(error).split("\\n", 1)[0].split("\n", 1)[0]
    return " ".join(first.removeprefix("b'").split()) or type(error).__name__


def items(stream: BinaryIO) -> Iterator[Any]:
    """Yield each item of the array in `stream`; nothing of other JSON. Raises ERRORS."""
    for _, value in _rows(stream, "start_array"):
        yield value


def pairs(stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    """Yield each key of the object in `stream` with its value. Raises ERRORS."""
    yield from _rows(stream, "start_map")


def _rows(stream: BinaryIO, opening: str) -> Iterator[tuple[str, Any]]:
    depth, width, key, wanted = 0, 0, "", False
    row: Any = None
    # With its other numbers, ijson 3.6 ends in a segmentation fault at one of 5,000 digits.
    for event, value in ijson.basic_parse(stream, use_float=True):
        closes = event in ("end_array", "end_map")
        depth -= closes
        if depth == 0:
            wanted = event == opening
        elif depth == 1 and event == "map_key":
            key = value
        elif wanted:
            width = width + 1 if row else 0
            if width > WIDEST:
                raise ValueError("a row is too large")
            row = row or ObjectBuilder()
            row.event(event, value)
            if depth == 1 and event not in ("start_array", "start_map"):
                yield key, row.value
                row = None
        depth += event in ("start_array", "start_map")
        if depth > DEEPEST:
            raise ValueError("nested too deep")
