"""Wait for a sign of another process, and measure the time of this one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 120
"""Seconds that a sign may take on a slow machine."""


def wait_until(sign: Callable[[], object]) -> None:
    """Return as soon as `sign()` is true; raise AssertionError if it never is."""
    end = time.monotonic() + PATIENCE
    while not sign():
        assert time.monotonic() < end, "the sign that the test waits for did not come"
        time.sleep(0.002)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise AssertionError if the block takes more time of this process's processor."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < seconds
