"""Show on a terminal that long work goes on: a bar, or the time that it has taken so far."""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

from gptexit.cli.summary import lost
from gptexit.text.terminal import size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gptexit.pipeline import Progress
    from gptexit.readers.chatgpt.export_set import ExportSet
    from gptexit.source import Source

_NARROW = 60
"""Columns of a bar on a terminal that does not tell its width."""
_LINES = 10
"""Seconds between two lines on a terminal that cannot overwrite one."""
S = TypeVar("S", "Source", "ExportSet")


@contextmanager
def progress_bar(
    export: Source | ExportSet | None, *, off: bool, what: str = "Reading"
) -> Iterator[Progress | None]:
    """Show a progress bar; give the function that takes the conversations and bytes read so far.

    Without `export`, and while no progress is told, show how long the work takes. Give None if
    `off` is set or standard error is no terminal.
    """
    log = logging.getLogger(__name__)
    told = log.isEnabledFor(logging.INFO)
    for line in _sources(export, what) if told and export else ():
        log.info(line)
    if off or told or not sys.stderr.isatty():
        yield None
    elif os.environ.get("TERM") == "dumb":
        with _lines(what) as show:
            yield show
    elif export is None:
        with _clock(what):
            yield None
    else:
        with _bar(export.bytes_total, what) as show:
            yield show


def _sources(export: Source | ExportSet, what: str) -> Iterator[str]:
    """Yield a line for each file of a source: what is read from where, and what is not."""
    yield from (f"{what} conversations of {export.label}: {f}" for f in export.conversation_files)
    if files := getattr(export, "files", None):
        yield from (f"Beside the conversations: {name}" for name in files.side_files())
    yield from (f"Passed over {lost(file.as_json())}" for file in getattr(export, "passed", ()))
    yield from (f"Not given: {name}" for name in export.missing)


@contextmanager
def opened(open_source: Callable[[], S], *, off: bool) -> Iterator[S]:
    """Open a source for a `with` block; a damaged ZIP may take long."""
    with progress_bar(None, off=off, what="Opening"):
        source = open_source()
    with source:
        yield source


@contextmanager
def _bar(total: int | None, what: str) -> Iterator[Progress]:
    from tqdm import tqdm

    with tqdm(
        total=total,
        unit="B",
        unit_scale=True,
        desc=what,
        leave=False,
        file=sys.stderr,
        # By itself, tqdm shows nothing where the terminal tells no width or no height.
        ncols=_width() or _NARROW,
        nrows=2,
    ) as bar:

        def show(conversations: int, bytes_read: int) -> None:
            bar.set_postfix_str(f"{conversations:,} conversations", refresh=False)
            bar.update(bytes_read - bar.n)

        with _each_second(lambda _: bar.refresh()):
            yield show


def _width() -> int:
    """Return the columns of the terminal, less one, so that no line wraps; 0 if it tells none."""
    try:
        return max(0, os.get_terminal_size(sys.stderr.fileno()).columns - 1)
    except (OSError, ValueError):
        return 0


@contextmanager
def _clock(what: str) -> Iterator[None]:
    """Show the time that work takes, from its first second on, and wipe it away at the end."""
    shown = ""

    def show(seconds: int) -> None:
        nonlocal shown
        shown = f"{what}: {seconds // 60}:{seconds % 60:02}"
        _write(f"\r{shown}")

    try:
        with _each_second(show):
            yield
    finally:
        if shown:
            _write(f"\r{' ' * len(shown)}\r")


@contextmanager
def _lines(what: str) -> Iterator[Progress]:
    """Write a line now and then."""
    read = ""

    def show(conversations: int, bytes_read: int) -> None:
        nonlocal read
        read = f", {conversations:,} conversations, {size(bytes_read)}"

    def write(seconds: int) -> None:
        if seconds % _LINES == 0:
            _write(f"{what}: {seconds} seconds{read}\n")

    with _each_second(write):
        yield show


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


@contextmanager
def _each_second(tick: Callable[[int], None]) -> Iterator[None]:
    """Call `tick` each second with the seconds since the beginning, in a thread of its own."""
    done = Event()
    begun = time.monotonic()

    def run() -> None:
        while not done.wait(1):
            tick(round(time.monotonic() - begun))

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
