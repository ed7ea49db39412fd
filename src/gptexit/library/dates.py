"""Dates as bounds of a search: `2025`, `2025-03`, `2025-03-14`, or a time in RFC 3339."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from gptexit.library.query import BadQuery

_SHORT = re.compile(r"(\d{4})(?:-(\d\d?))?\Z")


def beginning(value: str) -> str:
    """The first moment of what `value` names. Raises BadQuery."""
    return _bound(value, end=False)


def ending(value: str) -> str:
    """The first moment after what `value` names; a time with hours is that moment itself."""
    return _bound(value, end=True)


def _bound(value: str, *, end: bool) -> str:
    """UTC, without a zone: so that it stands before the same second's `Z` and its fractions."""
    try:
        return _moment(value.strip(), end=end).isoformat()
    except (ValueError, OverflowError) as error:
        raise BadQuery(
            f"{value[:40]!r} is no date; give one such as 2025-03-14, 2025-03 or 2025."
        ) from error


def _moment(value: str, *, end: bool) -> datetime:
    short = _SHORT.match(value)
    if short:
        year, month = int(short[1]), int(short[2] or 1)
        if not end:
            return datetime(year, month, 1)
        month = month + 1 if short[2] else 13
        return datetime(year + month // 13, month % 12 or 12, 1)
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment + timedelta(days=1) if end and len(value) <= 10 else moment
