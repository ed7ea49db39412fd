"""Times as a Portable AI Memory file has them: as its own SDK writes them back."""

from __future__ import annotations

from datetime import UTC, datetime

UNKNOWN = "1970-01-01T00:00:00Z"
"""For a time that the format requires and nothing tells; `metadata` then says so."""


def exact(time: str | None) -> str | None:
    """A time, or a day, in UTC with six digits of a second or none; None for what is neither."""
    try:
        moment = datetime.fromisoformat(time or "")
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat().replace("+00:00", "Z")


def first_of(*times: str | None) -> str:
    """The first of `times` that is one."""
    return next(filter(None, map(exact, times)), UNKNOWN)


def later(time: str | None, than: str) -> str | None:
    """`time`, unless it is before: the format refuses an end before the beginning."""
    found = exact(time)
    return found if found and found.removesuffix("Z") > than.removesuffix("Z") else None
