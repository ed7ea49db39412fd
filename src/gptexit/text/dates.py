"""Dates that a person types, as bounds: `2025`, `2025-03`, `2025-03-14`, or a time in RFC 3339."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from gptexit.errors import BadDate

_SHORT = re.compile(r"(\d{4})(?:-(\d\d?))?\Z")


def beginning(value: str, zone: tzinfo | None = UTC) -> str:
    """The first moment of what `value` names, in UTC. Raises BadDate.

    `zone`: the time zone of what names none itself; None for the machine's own.
    """
    return _bound(value, zone, end=False)


def ending(value: str, zone: tzinfo | None = UTC) -> str:
    """The first moment after what `value` names; a time with hours is that moment itself.

    Raises BadDate.
    """
    return _bound(value, zone, end=True)


def _bound(value: str, zone: tzinfo | None, *, end: bool) -> str:
    """Without a mark of the zone: so it stands before the same second's `Z` and its fractions."""
    try:
        moment = _moment(value.strip(), end=end)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone) if zone else moment.astimezone()
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise BadDate(
            f"{value[:40]!r} is no date; give one such as 2025-03-14, 2025-03 or 2025."
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


_MONTHS = [
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
]


def moment(time: str | None, zone: tzinfo | None) -> datetime | None:
    """A neutral time in a time zone, to the minute; None for the machine's own zone."""
    if time is None:
        return None
    hour = _hour(time[:13], zone)
    if hour is not None:
        return hour + timedelta(minutes=int(time[14:16]))
    return _exact(time, zone)


@lru_cache(1024)
def _hour(hour: str, zone: tzinfo | None) -> datetime | None:
    """The local time at which an hour of UTC begins: asking for each minute takes far longer.

    None where the clocks change within that hour, and for what is no hour.
    """
    start, end = _exact(hour + ":00:00Z", zone), _exact(hour + ":59:59Z", zone)
    return start if start and end and start.utcoffset() == end.utcoffset() else None


def shown(time: str | None, zone: tzinfo | None) -> tuple[str, str] | None:
    """Return the day and the clock of a neutral time in a time zone, as `day` and `clock` do.

    Asked for each message, so the words of each hour are made once. Returns None for no time.
    """
    if time is None:
        return None
    words = _hour_words(time[:13], zone)
    minute = time[14:16]
    if words is not None and minute in _MINUTES:
        return words[0], words[1] + minute
    when = moment(time, zone)
    return None if when is None else (day(when), clock(when))


_MINUTES = frozenset(f"{minute:02}" for minute in range(60))


@lru_cache(1024)
def _hour_words(hour: str, zone: tzinfo | None) -> tuple[str, str] | None:
    """Return the day and the beginning of the clock, `10:`, of an hour of UTC.

    Returns None where the local minutes are others than those of UTC, or change within the hour.
    """
    start = _hour(hour, zone)
    if start is None or start.minute:
        return None
    return day(start), clock(start)[:3]


def _exact(time: str, zone: tzinfo | None) -> datetime | None:
    try:
        return datetime.fromisoformat(time).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return None


def day(when: datetime) -> str:
    """`1 March 2025`."""
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def clock(when: datetime) -> str:
    """`10:12`."""
    return f"{when.hour:02}:{when.minute:02}"


def duration(seconds: float) -> str:
    """`7 seconds`, `2 minutes 5 seconds`, `1 hour 3 minutes`."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    counted = ((hours, "hour"), (minutes, "minute"), (left, "second"))
    words = [f"{n} {unit}{'' if n == 1 else 's'}" for n, unit in counted if n]
    return " ".join(words[:2]) or "0 seconds"


_COUNTED = re.compile(r"Thought for (?:about )?(?:an?\b|\d)", re.IGNORECASE)


def reasoning_title(summary: str | None, seconds: float | None) -> str | None:
    """Return the line above a step of reasoning: its own, with how long it took.

    ChatGPT's "Thought for 7s" gets the words of `duration`; any other line that has a number in it
    is left as it is. Returns None where there is nothing to say.
    """
    words = (summary or "").strip()
    if not seconds:
        return words or None
    if not words or _COUNTED.match(words):
        return f"Thought for {duration(seconds)}"
    return words if re.search(r"\d", words) else f"{words} ({duration(seconds)})"
