"""Show that long work goes on: a bar on a terminal, lines, or events for programs."""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from gptexit.cli.summary import lost
from gptexit.text.terminal import size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gptexit.pipeline import Progress
    from gptexit.readers.chatgpt.export_set import ExportSet
    from gptexit.source import Source

KINDS = ("auto", "plain", "json", "none")
"""How progress is shown: as a terminal can, in lines, as events for programs, not at all."""
_NARROW = 60
"""Columns of a bar on a terminal that does not tell its width."""
_SOON = 5
"""Seconds of work before which nobody can say how long the rest takes."""
S = TypeVar("S", "Source", "ExportSet")


def kind_of(given: Mapping[str, Any], *, quiet: bool = False) -> str:
    """Return one of KINDS, as the options of a command ask for; `quiet` asks for none."""
    return "none" if quiet or given["no_progress"] else str(given["progress"])


@contextmanager
def progress_bar(
    export: Source | ExportSet | None, kind: str, *, what: str = "Reading"
) -> Iterator[Progress | None]:
    """Show progress; give the function that takes the conversations and bytes read so far.

    `kind`: one of KINDS. `auto` shows a bar on a terminal, nothing elsewhere, and lines on one that
    cannot overwrite a line. Without `export`, and while no progress is told, show how long the work
    takes. Give None if there is nothing to tell it to.
    """
    log = logging.getLogger(__name__)
    told = log.isEnabledFor(logging.INFO)
    for line in _sources(export, what) if told and export else ():
        log.info(line)
    if kind == "auto" and sys.stderr.isatty() and not told:
        kind = "plain" if os.environ.get("TERM") == "dumb" else "bar"
    total = export.bytes_total if export else None
    if kind in _LINES:
        with _lines(_Phase(what, total), *_LINES[kind]) as show:
            yield show
    elif kind != "bar":
        yield None
    elif export is None:
        with _clock(what):
            yield None
    else:
        with _bar(total, what) as show:
            yield show


def _sources(export: Source | ExportSet, what: str) -> Iterator[str]:
    """Yield a line for each file of a source: what is read from where, and what is not."""
    yield from (f"{what} conversations of {export.label}: {f}" for f in export.conversation_files)
    if files := getattr(export, "files", None):
        yield from (f"Beside the conversations: {name}" for name in files.side_files())
    yield from (f"Passed over {lost(file.as_json())}" for file in getattr(export, "passed", ()))
    yield from (f"Not given: {name}" for name in export.missing)


@contextmanager
def opened(open_source: Callable[[], S], kind: str) -> Iterator[S]:
    """Open a source for a `with` block; a damaged ZIP may take long."""
    with progress_bar(None, kind, what="Opening"):
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
        shown = f"{what}: {_clocked(seconds)}"
        _write(f"\r{shown}")

    try:
        with _each_second(show):
            yield
    finally:
        if shown:
            _write(f"\r{' ' * len(shown)}\r")


@dataclass(slots=True)
class _Phase:
    """One phase of the work, and how far it is."""

    what: str
    total: int | None
    """Bytes to read, if that is known."""
    state: str = "begun"
    seconds: int = 0
    conversations: int = 0
    bytes: int = 0

    @property
    def left(self) -> int | None:
        """The seconds that the phase will still take, if it goes on as it did."""
        if self.state != "working" or not self.total or not self.bytes or self.seconds < _SOON:
            return None
        return round(self.seconds * max(0, self.total - self.bytes) / self.bytes)


def _as_line(phase: _Phase) -> str:
    read = f", {phase.conversations:,} conversations, {size(phase.bytes)}" if phase.bytes else ""
    read += f" of {size(phase.total)}" if read and phase.total else ""
    left = f", about {_clocked(phase.left)} left" if phase.left is not None else ""
    done = ", done" if phase.state == "done" else ""
    return f"{phase.what}: {_clocked(phase.seconds)}{read}{left}{done}\n"


def _as_event(phase: _Phase) -> str:
    event = {
        "phase": phase.what.lower(),
        "state": phase.state,
        "conversations": phase.conversations,
        "bytes": phase.bytes,
        "bytes_total": phase.total,
        "seconds": phase.seconds,
        "seconds_left": phase.left,
    }
    return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE).decode()


_LINES: dict[str, tuple[int, tuple[str, ...], Callable[[_Phase], str]]] = {
    "plain": (10, ("working",), _as_line),
    "json": (1, ("begun", "working", "done"), _as_event),
}
"""Seconds between two lines, the states of a phase that always have one, and what makes a line."""


@contextmanager
def _lines(
    phase: _Phase, seconds_between: int, states: tuple[str, ...], line: Callable[[_Phase], str]
) -> Iterator[Progress]:
    """Write a line at the beginning and the end of a phase, if it has one, and in between."""

    def show(conversations: int, bytes_read: int) -> None:
        phase.conversations, phase.bytes = conversations, bytes_read

    def tell(state: str) -> None:
        phase.state = state
        if state in states or phase.seconds >= seconds_between:
            _write(line(phase))

    def tick(seconds: int) -> None:
        phase.seconds = seconds
        if seconds % seconds_between == 0:
            tell("working")

    tell("begun")
    with _each_second(tick):
        yield show
    tell("done")


def _clocked(seconds: int) -> str:
    """Return a time as minutes and seconds."""
    return f"{seconds // 60}:{seconds % 60:02}"


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
