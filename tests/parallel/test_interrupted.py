"""Runs with workers that somebody ends: no process stays, and the next run ends as ever."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gptexit
from support.deadly import eight_chats, hook
from support.exports import FIXTURES
from support.killing import killed_before_rename
from support.packing import write_export
from support.processes import VISIBLE, marked, still_there
from support.waiting import wait_until

pytestmark = pytest.mark.slow

if not VISIBLE:
    pytest.skip("needs a list of processes", allow_module_level=True)

CONVERTING, COMPARING = "parallel.preparing", "verification.workers"
STOPS = """
from pathlib import Path
from gptexit.parallel import worker
receive, messages = worker.receive, []
def stopping(stream):
    messages.append(receive(stream))
    if len(messages) == 2 and {which!r} in messages[0]:
        Path({sign!r}).touch()
        stream.read()
    return messages[-1]
worker.receive = stopping
"""
"""Lets a worker wait with its first batch until its input ends; a file is the sign that it does."""
CASES = [
    ("convert", CONVERTING, signal.SIGKILL),
    ("convert", CONVERTING, signal.SIGINT),
    ("verify", COMPARING, signal.SIGKILL),
    ("verify", COMPARING, signal.SIGINT),
    ("exit", CONVERTING, signal.SIGTERM),
    ("exit", COMPARING, signal.SIGKILL),
    ("exit", COMPARING, signal.SIGINT),
]


def words(command: str, source: Path, out: Path, jobs: int) -> list[str]:
    """The arguments of a command that reads an export, and writes or reads an archive."""
    rest = [str(out)] if command == "verify" else ["-o", str(out)]
    if command == "convert":
        rest += ["--to", "markdown", "--to", "jsonl"]
    return [command, str(source), *rest, "--jobs", str(jobs), "--quiet"]


def ran(arguments: list[str]) -> int:
    command = [sys.executable, "-m", "gptexit", *arguments]
    return subprocess.run(command, check=False, capture_output=True).returncode


def files(out: Path) -> dict[str, bytes]:
    """The files below a folder but for those that hold times, or digests of such."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes().replace(str(out).encode(), b"OUT")
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in ("times.jsonl", "report.json", "checked.json")
        if path.parent != out / ".gptexit"
    }


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("source") / "export.zip", *eight_chats())


@pytest.fixture(scope="module")
def calm(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """The files of runs that nobody disturbed, by command."""
    found = {}
    for command in ("convert", "exit"):
        out = tmp_path_factory.mktemp("calm") / command
        assert ran(words(command, source, out, 1)) == 0
        found[command] = files(out)
    return {**found, "verify": found["convert"]}


@pytest.mark.parametrize("copies", [True, False])
@pytest.mark.parametrize(("command", "which", "sent"), CASES)
def test_no_process_stays_and_the_next_run_completes_it(
    command: str,
    which: str,
    sent: signal.Signals,
    copies: bool,
    source: Path,
    calm: dict[str, dict[str, bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, sign = tmp_path / "out", tmp_path / "sign"
    if command == "verify":
        gptexit.convert(source, out, ["markdown", "jsonl"])
    mark = str(tmp_path)
    with monkeypatch.context() as patched:
        program = STOPS.format(which=which.encode(), sign=str(sign))
        hook(tmp_path, patched, program, copies=copies)
        process = subprocess.Popen(
            [sys.executable, "-m", "gptexit", *words(command, source, out, 2)],
            env=marked(mark),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # A shell that starts this in the background lets it ignore the signal.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        )
        wait_until(lambda: sign.exists() or process.poll() is not None)
        assert len(still_there(mark)) >= 2
        process.send_signal(sent)
        _, said = process.communicate()
    assert process.returncode == (130 if sent == signal.SIGINT else -sent)
    assert b"Traceback" not in said
    wait_until(lambda: not still_there(mark))
    whole = calm[command]
    for name, data in files(out).items():
        if ".gptexit" not in name:
            assert data == whole[name]
    assert ran(words(command, source, out, 2)) == 0
    assert files(out) == whole


@pytest.mark.parametrize("number", [2, 9])
def test_so_it_is_where_a_file_was_about_to_get_its_name(
    number: int, source: Path, calm: dict[str, dict[str, bytes]], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    killed_before_rename(words("convert", source, out, 2), number)
    gptexit.convert(source, out, ["markdown", "jsonl"], jobs=2)
    assert files(out) == calm["convert"]


def test_a_reader_that_leaves_ends_every_process(tmp_path: Path) -> None:
    export = next(path for path in FIXTURES if path.stem == "classic-2023")
    command = f"{sys.executable} -m gptexit convert {export} --to jsonl -o - --jobs 2 | head -1"
    done = subprocess.run(
        ["bash", "-c", command + "; echo codes ${PIPESTATUS[@]}"],
        capture_output=True,
        check=False,
        env=marked(str(tmp_path)),
    )
    first, codes = done.stdout.splitlines()
    assert json.loads(first)["version"] == 1
    assert codes == b"codes 0 0"
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr
    wait_until(lambda: not still_there(str(tmp_path)))


def test_an_error_of_whoever_watches_ends_the_workers_of_verify(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gptexit.proof import verify
    from gptexit.readers.chatgpt.export_set import open_export

    gptexit.convert(source, tmp_path / "out")
    started: list[Any] = []

    class Popen(subprocess.Popen[Any]):
        def __init__(self, *arguments: Any, **rest: Any) -> None:
            super().__init__(*arguments, **rest)
            started.append(self)

    def progress(conversations: int, bytes_read: int) -> None:
        raise OSError("nobody watches any more")

    monkeypatch.setattr(subprocess, "Popen", Popen)
    with (
        pytest.raises(OSError, match="nobody watches") as raised,
        open_export([source], careful=True) as export,
    ):
        verify(tmp_path / "out", export, progress, jobs=2)
    assert raised.traceback
    assert started
    assert all(worker.poll() is not None for worker in started)
