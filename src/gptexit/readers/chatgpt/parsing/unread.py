"""A conversation that was not read yet, and the reading of it.

See `heads`, which makes it for the process that splits an export for workers.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import orjson

from gptexit.codes import Repair
from gptexit.model import Raw
from gptexit.readers.chatgpt.parsing.shapes import ordinary
from gptexit.text.json import loads_leniently


class Unread(Raw):
    """A conversation as far as it was read: id, time, and a mapping that has the ids of nodes."""

    __slots__ = ("data",)
    data: bytes
    """All of it, as JSON."""


def read(data: bytes) -> Raw | None:
    """Return the conversation that an `Unread` stands for; None if it needs repair."""
    with suppress(orjson.JSONDecodeError):
        raw: Raw = orjson.loads(data)
        ordinary(raw)
        return raw
    return None


def repaired(data: bytes, repairs: Counter[Repair]) -> Raw:
    """Return such a conversation, and count repairs. Raises ValueError or RecursionError."""
    if (raw := read(data)) is None:
        raw = loads_leniently(data, repairs)
        ordinary(raw)
    return raw
