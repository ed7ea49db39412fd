"""Take typed values out of raw objects.

The reader owns the raw conversation: it removes each value that has a field in the neutral model,
and keeps the rest as `extra`. It leaves a value of an unexpected type where it is, so `extra` keeps
it.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from gptexit.codes import Oddity
from gptexit.model import Raw

_LEAST = 1e-6
"""Seconds since 1970: a smaller time counts as zero."""
_FAR = 4e9
"""Seconds since 1970: up to here a double is exact to the microsecond."""
_MINUTES = [f"T{hour:02}:{minute:02}:" for hour in range(24) for minute in range(60)]
_DIGITS = [f"{number:03}" for number in range(1000)]
_EPOCH = date(1970, 1, 1).toordinal()


def text(raw: Raw, key: str) -> str | None:
    """Take the string at `key`; return None and take nothing if the value is no string."""
    value = raw.get(key)
    if isinstance(value, str):
        del raw[key]
        return value
    return None


def flag(raw: Raw, key: str) -> bool | None:
    """Take the boolean at `key`; return None and take nothing if the value is no boolean."""
    value = raw.get(key)
    if isinstance(value, bool):
        del raw[key]
        return value
    return None


def time(raw: Raw, key: str) -> str | None:
    """Take the time at `key`, as RFC 3339; leave the value in place if that loses precision."""
    value = raw.get(key)
    if value is None:
        return None
    if type(value) is float and _LEAST <= value < _FAR:
        micros = round(value * 1e6)
        if micros / 1e6 == value:
            del raw[key]
        return _rfc3339(micros)
    formatted = as_time(value)
    if formatted is not None and _is_exact(value):
        del raw[key]
    return formatted


def _is_exact(value: Any) -> bool:
    """Tell whether a time is a number, and one that microseconds give back."""
    return isinstance(value, (int, float)) and round(value, 6) == value


@lru_cache(4096)
def _day(day: int) -> str:
    return date.fromordinal(_EPOCH + day).isoformat()


def _rfc3339(micros: int) -> str:
    """Format microseconds since 1970. Faster than `datetime`, as every message has a time."""
    # Dividing by less than 2**30 is several times as fast.
    minutes, rest = divmod(micros, 60_000_000)
    day, minute = divmod(minutes, 1440)
    second, fraction = divmod(rest, 1_000_000)
    if fraction:
        high, low = divmod(fraction, 1000)
        return f"{_day(day)}{_MINUTES[minute]}{_DIGITS[second][1:]}.{_DIGITS[high]}{_DIGITS[low]}Z"
    return f"{_day(day)}{_MINUTES[minute]}{_DIGITS[second][1:]}Z"


def as_time(value: Any) -> str | None:
    """Convert a time, seconds since 1970 or ISO 8601, to RFC 3339 in UTC; None if it is neither.

    Exports hold numbers; dumps of the web API also hold numeric strings and ISO strings. Zero means
    "unknown".
    """
    if type(value) is float and _LEAST <= value < _FAR:
        return _rfc3339(round(value * 1e6))
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
        return datetime.fromtimestamp(value, UTC).isoformat()[:-6] + "Z"
    except (ValueError, OverflowError, OSError):
        return None


def _from_iso(value: str) -> str | None:
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat()[:-6] + "Z"


def number(value: Any) -> float | None:
    """Return `value` if it is a finite number below 1e18, else None."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e18:
        return value
    return None


def whole(value: Any) -> int | None:
    """Return `value` as an integer if it is a whole number, else None."""
    size = number(value)
    return int(size) if size is not None and size == int(size) else None


def string(value: Any) -> str | None:
    """Return `value` if it is a string and not empty, else None."""
    return value if isinstance(value, str) and value else None


def mapping(value: Any) -> Raw:
    """Return `value` if it is an object, else an empty object."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Raw]:
    """Return the objects in `value`, if it is a list; else an empty list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def strings(value: Any) -> list[str]:
    """List every string in `value` that is not blank, in order, without keys; iterative."""
    collected: list[str] = []
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            if node.strip():
                collected.append(node)
        elif isinstance(node, dict):
            stack.extend(reversed(list(node.values())))
        elif isinstance(node, list):
            stack.extend(reversed(node))
    return collected


Times = tuple[str | None, str | None]
"""When a conversation was created and updated, RFC 3339."""


def dates(raw: Raw, times: list[str], oddities: Counter[Oddity]) -> Times:
    """Take a conversation's dates out of `raw`; `times` are those of its messages.

    A date that the messages contradict stays in `raw`, and is counted.
    """
    declared = (as_time(raw.get("create_time")), as_time(raw.get("update_time")))
    settled = settle(declared, times)
    if declared[0] is not None and settled[0] != declared[0]:
        oddities[Oddity.DATED_LATE] += 1
    for key, before, after in zip(("create_time", "update_time"), declared, settled, strict=True):
        if before is not None and before == after and _is_exact(raw[key]):
            del raw[key]
    return settled


def settle(declared: Times, times: list[str]) -> Times:
    """Return the dates of a conversation from its own fields and the times of its messages.

    Times before 1970 count only if a conversation has no others.
    """
    created, updated = declared
    bare = [time[:-1] for time in times if time >= "1970"] or list(map(_comparable, times))
    first, last = (f"{min(bare)}Z", f"{max(bare)}Z") if bare else (None, None)
    if created is not None and is_late(created, last):
        # The update time may be right although the creation time is not: then it is earlier.
        if updated is None or _comparable(updated) >= _comparable(created):
            updated = last
        created = None
    return created or first, updated or last


def is_late(created: str | None, last: str | None) -> bool:
    """Tell whether a conversation was created after `last`, the time of its last message."""
    return created is not None and last is not None and _comparable(created) > _comparable(last)


def _comparable(time: str) -> str:
    """Remove the `Z`: with it, a whole second would sort behind its fractions."""
    return time[:-1]
