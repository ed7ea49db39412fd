"""Taking typed values out of raw objects.

The reader owns the raw conversation and empties it as it goes: what has a place in the neutral
model is taken out, and what is left becomes `extra`. A value of an unexpected type is not taken, so
it stays in `extra` and nothing is lost by being odd.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from gptexit.codes import Oddity
from gptexit.model import Raw


def text(raw: Raw, key: str) -> str | None:
    """Take the string at `key`; None, and nothing taken, where there is none."""
    value = raw.get(key)
    if isinstance(value, str):
        del raw[key]
        return value
    return None


def flag(raw: Raw, key: str) -> bool | None:
    """Take the boolean at `key`; None, and nothing taken, where there is none."""
    value = raw.get(key)
    if isinstance(value, bool):
        del raw[key]
        return value
    return None


def time(raw: Raw, key: str) -> str | None:
    """Take the time at `key`, as RFC 3339. Left in place where that would lose precision."""
    value = raw.get(key)
    if value is None:
        return None
    if type(value) is float and _LEAST <= value < _FAR:
        micros = round(value * 1e6)
        if micros / 1e6 == value:
            del raw[key]
        return _shown(micros)
    shown = as_time(value)
    if shown is not None and isinstance(value, (int, float)) and round(value, 6) == value:
        del raw[key]
    return shown


_LEAST = 1e-6
"""Seconds: a time that is nearer to the beginning of 1970 is zero."""
_FAR = 4e9
"""Seconds since 1970; within it, a double tells microseconds apart."""
_MINUTES = [f"T{hour:02}:{minute:02}:" for hour in range(24) for minute in range(60)]
_SECONDS = [f"{second:02}" for second in range(60)]


@lru_cache(4096)
def _day(day: int) -> str:
    return date.fromordinal(_EPOCH + day).isoformat()


_EPOCH = date(1970, 1, 1).toordinal()


def _shown(micros: int) -> str:
    """Microseconds since 1970 as RFC 3339: every message has one, and `datetime` takes longer."""
    seconds, fraction = divmod(micros, 1_000_000)
    minutes, second = divmod(seconds, 60)
    day, minute = divmod(minutes, 1440)
    if fraction:
        return f"{_day(day)}{_MINUTES[minute]}{_SECONDS[second]}.{fraction:06}Z"
    return f"{_day(day)}{_MINUTES[minute]}{_SECONDS[second]}Z"


def as_time(value: Any) -> str | None:
    """A source's time, seconds since 1970 or ISO 8601, as RFC 3339 in UTC; None if it is neither.

    Exports hold numbers; numeric strings and ISO strings were seen in dumps of the web API. Zero
    stands for "unknown".
    """
    if type(value) is float and _LEAST <= value < _FAR:
        return _shown(round(value * 1e6))
    if isinstance(value, bool) or not value:
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _from_iso(value)
    if not isinstance(value, (int, float)) or abs(value) < _LEAST:
        return None
    try:
        moment = datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.isoformat()[:-6] + "Z"


def _from_iso(value: str) -> str | None:
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat()[:-6] + "Z"


def number(value: Any) -> float | None:
    """`value` where it is a finite number, else None."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e18:
        return value
    return None


def whole(value: Any) -> int | None:
    """`value` as a whole number where it is one, else None."""
    found = number(value)
    return int(found) if found is not None and found == int(found) else None


def string(value: Any) -> str | None:
    """`value` where it is a string with something in it, else None."""
    return value if isinstance(value, str) and value else None


def mapping(value: Any) -> Raw:
    """`value` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Raw]:
    """The objects in `value` where it is a list, else none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def strings(value: Any) -> list[str]:
    """Every string below `value`, keys not counted, in order; iterative."""
    found: list[str] = []
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            if node.strip():
                found.append(node)
        elif isinstance(node, dict):
            stack.extend(reversed(list(node.values())))
        elif isinstance(node, list):
            stack.extend(reversed(node))
    return found


Times = tuple[str | None, str | None]
"""When a conversation was created and updated, RFC 3339."""


def taken(raw: Raw, times: list[str], found: Counter[Oddity]) -> Times:
    """Take a conversation's dates out of `raw`; `times` are those of its messages.

    A date that the messages contradict stays in `raw`, and is counted in `found`.
    """
    said = (as_time(raw.get("create_time")), as_time(raw.get("update_time")))
    settled = settle(said, times)
    if said[0] is not None and settled[0] != said[0]:
        found[Oddity.DATED_LATE] += 1
    for key, was, now in zip(("create_time", "update_time"), said, settled, strict=True):
        if was is not None and was == now:
            time(raw, key)
    return settled


def settle(said: Times, times: list[str]) -> Times:
    """Return the dates of a conversation that says `said` and whose messages have `times`.

    A message that is dated before 1970 dates no conversation: ChatGPT opened in 2022.
    """
    created, updated = said
    times = [time for time in times if time >= "1970"] or times
    if is_late(created, max(times, key=_place, default=None)) and created is not None:
        last = max(times, key=_place)
        if is_late(created, last):
            # The last change may be right where the beginning is not: then it lies before it.
            if updated is None or _place(updated) >= _place(created):
                updated = last
            created = min(times, key=_place)
    return (
        created or min(times, key=_place, default=None),
        updated or max(times, key=_place, default=None),
    )


def is_late(created: str | None, last: str | None) -> bool:
    """Tell whether a conversation says that it began after the time of its last message."""
    return created is not None and last is not None and _place(created) > _place(last)


def _place(time: str) -> str:
    """A time to be compared: with its `Z`, a second would come after its fractions."""
    return time[:-1]
