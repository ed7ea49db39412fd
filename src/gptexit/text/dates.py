"""Dates that a person types, as bounds: `2025`, `2025-03`, `2025-03-14`, or a time in RFC 3339."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

_SHORT = re.compile(r"(\d{4})(?:-(\d\d?))?\Z")


class BadDate(ValueError):
    """This is no date; `str(error)` is a sentence for a person."""


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
