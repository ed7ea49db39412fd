"""A conversation that was not read yet: how it goes to another process, and the reading of it.

See `heads`, which makes it for the process that splits an export for workers.
"""

from __future__ import annotations

import marshal
from collections import Counter
from contextlib import suppress
from typing import Any, cast

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


def handed(raw: Raw) -> Raw | bytes:
    """Return what goes to another process for a conversation: its JSON if it was not read yet."""
    return raw.data if isinstance(raw, Unread) else raw


def received(data: bytes) -> Raw | None:
    """Return the conversation that `marshal` wrote as `handed`; None if its JSON needs repair."""
    value: Raw | bytes = marshal.loads(data)
    return _read(value) if isinstance(value, bytes) else value


def kept(data: Any, repairs: Counter[Repair]) -> Raw:
    """Return a conversation that no worker has done, and count repairs.

    `data`: what `marshal` wrote of it; or the conversation, if `marshal` could not. Raises
    ValueError or RecursionError.
    """
    value = marshal.loads(data) if isinstance(data, bytes) else data
    return repaired(value, repairs) if isinstance(value, bytes) else cast(Raw, value)


def repaired(data: bytes, repairs: Counter[Repair]) -> Raw:
    """Return the conversation that is in JSON, and count repairs. Raises as `kept` does."""
    if (raw := _read(data)) is None:
        raw = cast(Raw, loads_leniently(data, repairs))
        ordinary(raw)
    return raw


def _read(data: bytes) -> Raw | None:
    with suppress(orjson.JSONDecodeError):
        raw: Raw = orjson.loads(data)
        ordinary(raw)
        return raw
    return None
