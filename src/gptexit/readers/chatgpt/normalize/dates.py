"""When a conversation began and was last changed.

In some exports conversations of years before carry the day of the export as `create_time` and
`update_time` (62 of 495 in one of 2026). No conversation begins after its last message: where it
says so, its messages tell.
"""

from __future__ import annotations

from collections import Counter

from gptexit.model import Raw
from gptexit.readers.chatgpt.normalize import take

Times = tuple[str | None, str | None]
"""When a conversation was created and updated, RFC 3339."""


def taken(raw: Raw, times: list[str], found: Counter[str]) -> Times:
    """Take a conversation's dates out of `raw`; `times` are those of its messages.

    A date that the messages contradict stays in `raw`, and is counted in `found`.
    """
    said = (take.as_time(raw.get("create_time")), take.as_time(raw.get("update_time")))
    settled = settle(said, times)
    if said[0] is not None and settled[0] != said[0]:
        found["conversation dated after its last message"] += 1
    for key, was, now in zip(("create_time", "update_time"), said, settled, strict=True):
        if was is not None and was == now:
            take.time(raw, key)
    return settled


def settle(said: Times, times: list[str]) -> Times:
    """Return the dates of a conversation that says `said` and whose messages have `times`."""
    created, updated = said
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
