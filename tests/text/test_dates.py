"""Times of notes: the words that are kept for each hour are those of the time itself."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptexit.text.dates import clock, day, moment, shown

_ZONES = (UTC, *map(ZoneInfo, ("Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe")))


@settings(max_examples=60, deadline=None)
@given(st.datetimes(datetime(1970, 1, 2), datetime(2090, 1, 1)), st.sampled_from(_ZONES))
def test_day_and_clock_are_those_of_the_moment(when: datetime, zone: tzinfo) -> None:
    time = when.isoformat() + "Z"
    exact = moment(time, zone)
    assert exact is not None
    assert shown(time, zone) == (day(exact), clock(exact))


@pytest.mark.parametrize("time", ["2025-03-30T00:59:59Z", "2025-03-30T01:00:00Z"])
def test_the_clocks_of_berlin_change(time: str) -> None:
    found = shown(time, ZoneInfo("Europe/Berlin"))
    assert found == ("30 March 2025", "01:59" if "00:59" in time else "03:00")


def test_no_time_has_no_words() -> None:
    assert shown(None, UTC) is None
    assert shown("then", UTC) is None
