"""Read dates that a person types, such as `2025-03` or RFC 3339, and format times for a person."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from gptexit.errors import BadDate

_MONTHS = [
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
]
_MINUTES = frozenset(f"{minute:02}" for minute in range(60))
_COUNTED = re.compile(r"Thought for (?:about )?(?:an?\b|\d)", re.IGNORECASE)
_SHORT = re.compile(r"(\d{4})(?:-(\d\d?))?\Z")
_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(time: str | None) -> int | None:
    """Return a time of the neutral model as whole milliseconds since 1970; None for None."""
    return (datetime.fromisoformat(time) - _EPOCH) // _MILLISECOND if time else None


def beginning(value: str, zone: tzinfo | None = UTC) -> str:
    """Return the first moment of the year, month, day or time in `value`, in UTC. Raises BadDate.

    `zone`: the time zone of a date without one; None for the machine's own.
    """
    return _bound(value, zone, end=False)


def ending(value: str, zone: tzinfo | None = UTC) -> str:
    """Return the first moment behind it; of a time with hours, the time itself. Raises BadDate."""
    return _bound(value, zone, end=True)


def _bound(value: str, zone: tzinfo | None, *, end: bool) -> str:
    """Leave the `Z` out: so the bound sorts before the same second's `Z` and its fractions."""
    try:
        moment = _moment(value.strip(), end=end)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone) if zone else moment.astimezone()
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise BadDate(
            f"{value[:40]!r} is not a date; give one such as 2025-03-14, 2025-03 or 2025."
        ) from error


def _moment(value: str, *, end: bool) -> datetime:
    short = _SHORT.match(value)
    if short:
        year, month = int(short[1]), int(short[2] or 1)
        if not end:
            return datetime(year, month, 1)
        after = month if short[2] else 12
        return datetime(year + after // 12, after % 12 + 1, 1)
    moment = datetime.fromisoformat(value)
    return moment + timedelta(days=1) if end and len(value) <= 10 else moment


def moment(time: str | None, zone: tzinfo | None) -> datetime | None:
    """Convert a neutral time to a time zone, to the minute; `zone` None for the machine's own."""
    if time is None:
        return None
    hour = _hour(time[:13], zone)
    if hour is not None:
        return hour + timedelta(minutes=int(time[14:16]))
    return _exact(time, zone)


@lru_cache(1024)
def _hour(hour: str, zone: tzinfo | None) -> datetime | None:
    """Convert the beginning of an hour of UTC, if the clocks do not change within it."""
    start, end = _exact(hour + ":00:00Z", zone), _exact(hour + ":59:59Z", zone)
    return start if start and end and start.utcoffset() == end.utcoffset() else None


def shown(time: str | None, zone: tzinfo | None) -> tuple[str, str] | None:
    """Return `day` and `clock` of a neutral time in a time zone; fast, since called a lot."""
    if time is None:
        return None
    words = _hour_words(time[:13], zone)
    minute = time[14:16]
    if words is not None and minute in _MINUTES:
        return words[0], words[1] + minute
    when = moment(time, zone)
    return None if when is None else (day(when), clock(when))


@lru_cache(1024)
def _hour_words(hour: str, zone: tzinfo | None) -> tuple[str, str] | None:
    """Return day and beginning of the clock, `10:`, of an hour of UTC with the same minutes."""
    start = _hour(hour, zone)
    return None if start is None or start.minute else (day(start), clock(start)[:3])


def _exact(time: str, zone: tzinfo | None) -> datetime | None:
    try:
        return datetime.fromisoformat(time).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return None


def stamp(when: datetime) -> str:
    """Return a time as RFC 3339, in UTC, to the second."""
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def day(when: date) -> str:
    """Format a day: `1 March 2025`."""
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def clock(when: datetime) -> str:
    """Format a time of day: `10:12`."""
    return f"{when.hour:02}:{when.minute:02}"


def duration(seconds: float) -> str:
    """Format a duration: `7 seconds`, `2 minutes 5 seconds`, `1 hour 3 minutes`."""
    minutes, left = divmod(max(0, round(seconds)), 60)
    counts = ((minutes // 60, "hour"), (minutes % 60, "minute"), (left, "second"))
    words = [f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in counts if number]
    return " ".join(words[:2]) or "0 seconds"


def reasoning_title(summary: str | None, seconds: float | None) -> str | None:
    """Return the line above a step of reasoning: its own, if any, with how long it took.

    ChatGPT's "Thought for 7s" gets the words of `duration`; a line with another number stays.
    """
    words = (summary or "").strip()
    if not seconds:
        return words or None
    if not words or _COUNTED.match(words):
        return f"Thought for {duration(seconds)}"
    return words if re.search(r"\d", words) else f"{words} ({duration(seconds)})"
