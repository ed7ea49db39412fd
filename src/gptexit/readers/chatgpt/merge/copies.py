"""Copies of one conversation: how they are known, which is the later, and how many there are."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

from gptexit.text.json import dumps

Raw = dict[str, Any]


MADE_UP = "no-id-"
"""How the id of a conversation begins that has none of its own."""


def key_of(raw: Raw) -> str:
    """The id of a conversation; one made from its content, the same in every run, without one."""
    for name in ("conversation_id", "id"):
        value = raw.get(name)
        if isinstance(value, str) and value:
            return value
    return made_up(raw)


def made_up(raw: Raw) -> str:
    """An id from the content, the same in every run."""
    data = dumps(raw, sort_keys=True)
    return MADE_UP + hashlib.sha256(data).hexdigest()[:24]


def moment(value: Any) -> float:
    """A source's time in Unix seconds, however it is written; minus infinity where it is none."""
    try:
        if isinstance(value, str):
            try:
                found = float(value)
            except ValueError:
                time = datetime.fromisoformat(value)
                found = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found = float(value)
        else:
            return -math.inf
    except (ValueError, OverflowError):
        return -math.inf
    return found if math.isfinite(found) else -math.inf


def moment_of(raw: Raw) -> float:
    """When a copy was changed last: its `update_time`, else the time of its latest message."""
    found = moment(raw.get("update_time"))
    if found == -math.inf:
        times = (moment(message.get("create_time")) for _, message in messages_of(raw))
        found = max(times, default=found)
    return found


def messages_of(raw: Raw) -> Iterator[tuple[str, Raw]]:
    """The messages of a raw conversation, each with the id of its node."""
    mapping = raw.get("mapping")
    for key, node in mapping.items() if isinstance(mapping, dict) else ():
        if isinstance(node, dict) and isinstance(message := node.get("message"), dict):
            yield key, message


class Verdict(Enum):
    """What a conversation is to a pass that keeps none."""

    FIRST = auto()
    SAME = auto()
    """By its time and its nodes, a copy of one that was met before."""
    OTHER = auto()
    """Another copy of one that was met before."""


@dataclass(slots=True)
class SeenConversations:
    """Judges each conversation of one pass as it comes. Memory: one number an id."""

    _marks: dict[str, int] = field(default_factory=dict)

    def judge(self, raw: Raw) -> Verdict:
        """What it is; of several copies the last is remembered."""
        key = key_of(raw)
        mapping = raw.get("mapping")
        nodes = tuple(mapping) if isinstance(mapping, dict) else ()
        mark = hash((moment(raw.get("update_time")), nodes))
        known = self._marks.get(key)
        self._marks[key] = mark
        if known is None:
            return Verdict.FIRST
        return Verdict.SAME if known == mark else Verdict.OTHER


@dataclass(slots=True)
class CopyIndex:
    """What a pass of its own finds out. Memory: one small number an id."""

    latest: list[float]
    """For each export the time of its latest conversation."""
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, export: int, raw: Raw) -> None:
        """Take note of a conversation of the export with that number."""
        key = key_of(raw)
        self._counts[key] = self._counts.get(key, 0) + 1
        self.latest[export] = max(self.latest[export], moment(raw.get("update_time")))

    def copies(self) -> dict[str, int]:
        """How many copies there are, for the ids that have several."""
        return {key: count for key, count in self._counts.items() if count > 1}
