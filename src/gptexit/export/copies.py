"""Which copy of a conversation counts, where an export has several: the latest."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

Raw = dict[str, Any]


class Verdict(Enum):
    """What to do with a copy."""

    KEEP = auto()
    DROP = auto()
    NEWER = auto()
    """An older copy was kept already."""


def key_of(raw: Raw) -> str | None:
    """The id of a conversation; None without one. Such a conversation is never a copy."""
    for name in ("conversation_id", "id"):
        value = raw.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def moment_of(raw: Raw) -> float:
    """`update_time` in Unix seconds, however it is written; minus infinity where nothing tells."""
    value = raw.get("update_time")
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


@dataclass(slots=True)
class Seen:
    """Judges each conversation of one pass as it comes. Memory: one number an id."""

    _moments: dict[str, float] = field(default_factory=dict)

    def judge(self, raw: Raw) -> Verdict:
        """KEEP the first copy, DROP those that are not later, NEWER for a later one."""
        key = key_of(raw)
        if key is None:
            return Verdict.KEEP
        moment = moment_of(raw)
        known = self._moments.get(key)
        if known is None or moment > known:
            self._moments[key] = moment
            return Verdict.KEEP if known is None else Verdict.NEWER
        return Verdict.DROP


@dataclass(slots=True)
class Settled:
    """Judges with the knowledge of a whole pass: exactly one copy of each id is kept."""

    winners: dict[str, int]
    """For each id with several copies, the number of the one that counts, from 0."""
    _met: dict[str, int] = field(default_factory=dict)

    def judge(self, raw: Raw) -> Verdict:
        """KEEP or DROP."""
        key = key_of(raw)
        if key is None or key not in self.winners:
            return Verdict.KEEP
        number = self._met.get(key, 0)
        self._met[key] = number + 1
        return Verdict.KEEP if number == self.winners[key] else Verdict.DROP


@dataclass(slots=True)
class Index:
    """Collects what `Settled` needs."""

    _best: dict[str, tuple[float, int]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, raw: Raw) -> None:
        """Take note of a copy."""
        key = key_of(raw)
        if key is None:
            return
        number = self._counts.get(key, 0)
        self._counts[key] = number + 1
        moment = moment_of(raw)
        if number == 0 or moment > self._best[key][0]:
            self._best[key] = (moment, number)

    def winners(self) -> dict[str, int]:
        """The winning copies, for the ids that have several."""
        return {key: self._best[key][1] for key, count in self._counts.items() if count > 1}
