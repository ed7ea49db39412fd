"""Long work is seen to go on, whatever the terminal tells of itself."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gptexit.cli import progress
from gptexit.cli.progress import opened, progress_bar
from gptexit.conversion import convert
from gptexit.source import Source
from support.build import chain, conversation, message
from support.packing import text_of, write, write_export, zip_of


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError("no file")


class Export:
    bytes_total = 1000

    def __enter__(self) -> Export:
        return self

    def __exit__(self, *_: object) -> None:
        pass


EXPORT = cast(Source, Export())


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error, on which each work takes ten seconds, and no time."""

    @contextmanager
    def ten_seconds(tick: Callable[[int], None]) -> Iterator[None]:
        yield
        for second in range(1, 11):
            tick(second)

    shown = Terminal()
    monkeypatch.setattr("gptexit.cli.progress.sys", SimpleNamespace(stderr=shown))
    monkeypatch.setattr(progress, "_each_second", ten_seconds)
    monkeypatch.setenv("TERM", "xterm")
    return shown


def test_a_terminal_without_a_width_has_a_bar(terminal: Terminal) -> None:
    with progress_bar(EXPORT, "auto") as show:
        assert show
        show(3, 500)
    assert "50%" in terminal.getvalue()
    assert max(map(len, terminal.getvalue().split("\r"))) <= 60


def test_work_of_unknown_length_shows_its_time_and_leaves_nothing(terminal: Terminal) -> None:
    with opened(lambda: EXPORT, "auto") as export:
        assert export is EXPORT
    assert "\rOpening: 0:10" in terminal.getvalue()
    assert terminal.getvalue().rpartition("\r")[2] == ""
    assert terminal.getvalue().split("\r")[-2].strip() == ""


def test_a_dumb_terminal_has_a_line_now_and_then(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with progress_bar(EXPORT, "auto") as show:
        assert show
        show(1200, 500)
    with progress_bar(None, "auto", what="Checking"):
        pass
    assert terminal.getvalue().splitlines() == [
        "Reading: 0:10, 1,200 conversations, 500 bytes of 1.0 kB, about 0:10 left",
        "Reading: 0:10, 1,200 conversations, 500 bytes of 1.0 kB, done",
        "Checking: 0:10",
        "Checking: 0:10, done",
    ]


def test_programs_have_an_event_a_line(terminal: Terminal) -> None:
    with progress_bar(EXPORT, "json") as show:
        assert show
        show(1200, 500)
    events = [json.loads(line) for line in terminal.getvalue().splitlines()]
    assert [event["state"] for event in events] == ["begun", *["working"] * 10, "done"]
    assert events[7] == {
        "phase": "reading",
        "state": "working",
        "conversations": 1200,
        "bytes": 500,
        "bytes_total": 1000,
        "seconds": 7,
        "seconds_left": 7,
    }


@pytest.mark.parametrize("command", ["convert", "exit", "verify", "inspect", "memory"])
def test_each_command_tells_its_phases_to_programs(command: str, tmp_path: Path) -> None:
    export = write_export(tmp_path / "e.zip", conversation(chain(message("user", "Hello"))))
    words = [sys.executable, "-m", "gptexit", command, "e.zip", "--progress", "json"]
    if command == "verify":
        convert(export, tmp_path / "archive")
        words.append("archive")
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [event["state"] for event in events] == ["begun", "done"] * (len(events) // 2)
    assert "reading" in {event["phase"] for event in events}
    last = [event for event in events if event["phase"] == "reading"][-1]
    assert (last["conversations"], last["bytes"]) == (1, last["bytes_total"])


def test_nothing_is_shown_where_nobody_looks(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with progress_bar(EXPORT, "none") as show, progress_bar(None, "none"):
        assert show is None
    monkeypatch.setattr("gptexit.cli.progress.sys", SimpleNamespace(stderr=io.StringIO()))
    with progress_bar(EXPORT, "auto") as show:
        assert show is None
    assert terminal.getvalue() == ""


if os.name == "posix":

    @pytest.mark.slow
    @pytest.mark.parametrize("width", [0, 20, 80])
    def test_a_run_on_a_terminal_shows_its_progress(tmp_path: Path, width: int) -> None:
        import fcntl
        import pty
        import termios

        export = write(tmp_path / "e.zip", zip_of({"conversations.json": text_of("a")}))
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 0, width, 0, 0))
        words: list[Any] = [sys.executable, "-m", "gptexit", "inspect", export]
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm"},
            check=False,
        )
        shown = os.read(ours, 100_000)
        os.close(theirs)
        os.close(ours)
        assert done.returncode == 0
        assert b"Reading" in shown
