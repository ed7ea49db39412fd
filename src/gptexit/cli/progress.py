"""A progress bar on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from gptexit.pipeline import Progress


class Sized(Protocol):
    """What has a length that is known, or is not."""

    @property
    def bytes_total(self) -> int | None:
        """In bytes."""


@contextmanager
def progress_bar(export: Sized, *, off: bool, what: str = "Reading") -> Iterator[Progress | None]:
    """What to call with the conversations and bytes read so far; None where nobody watches."""
    if off or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=export.bytes_total, unit="B", unit_scale=True, desc=what, leave=False) as bar:

        def show(conversations: int, bytes_read: int) -> None:
            bar.set_postfix_str(f"{conversations:,} conversations", refresh=False)
            bar.update(bytes_read - bar.n)

        yield show
