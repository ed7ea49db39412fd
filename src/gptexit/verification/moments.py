"""Dates of the export held against those of an archive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_YEAR_1, _YEAR_9999 = -62_135_596_800, 253_402_300_799
SAME = 1e-5
"""Seconds by which two dates may differ."""


def moment(value: Any) -> float | None:
    """Return the seconds since 1970 of a date, where it is one and no sign for "unknown"."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            try:
                found = datetime.fromisoformat(value)
                value = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
            except (ValueError, OverflowError):
                return None
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    return value if usable and SAME <= value <= _YEAR_9999 else None


def before_1970(value: Any) -> float | None:
    """Return the seconds of a date before 1970, which no message has: an archive may show it."""
    try:
        seconds = float(value) if isinstance(value, str) else value
    except ValueError:
        return None
    real = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return seconds if real and _YEAR_1 <= seconds <= -SAME else None


def same_date(wanted: Any, now: Any) -> bool:
    """Tell whether a date that the source tells is the same; where it tells none, any is right."""
    told, there = moment(wanted), moment(now)
    return told is None or (there is not None and abs(told - there) < SAME)


def misdated(
    dates: Mapping[str, float | None], there: Mapping[str, Any], within: float
) -> str | None:
    """Return a sentence where a conversation has other dates than `dates`; else None.

    `within`: seconds by which two may differ.
    """
    for key, words in (("created", "the date"), ("updated", "the date of the last change")):
        if key not in dates:
            continue
        told, now = dates[key], moment(there.get(key))
        if told is not now and (told is None or now is None or abs(told - now) >= within):
            return f"{words} is another"
    return None


def same_time(wanted: Any, now: Any) -> bool:
    """Tell whether a message has the time that the source tells, and none where it tells none."""
    if wanted is None:
        return now is None
    if not isinstance(wanted, int | float) or isinstance(wanted, bool):
        return True
    return same_date(wanted, now)


def changed_since(updated: Any, raw: dict[str, Any]) -> bool:
    """Whether `updated`, as an archive has it in RFC 3339, is later than what `raw` says."""
    known = raw.get("update_time")
    if isinstance(known, bool) or not isinstance(known, int | float | str):
        return False
    try:
        if isinstance(known, str):
            known = datetime.fromisoformat(known).timestamp()
        # Notes tell times to the second.
        return datetime.fromisoformat(str(updated)).timestamp() >= int(known) + 1
    except (ValueError, OverflowError, TypeError):
        return False
