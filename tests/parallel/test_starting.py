"""Workers start in whatever environment; where none can, this process does their work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import gptexit
from gptexit.cli.endings import ending
from gptexit.parallel import pool, preparing
from gptexit.parallel.pool import jobs_for
from gptexit.readers.chatgpt.export_set import open_export
from support.deadly import DEADLY, eight_chats, hook, written
from support.packing import write_export

pytestmark = pytest.mark.slow

SOURCE = Path(gptexit.__file__).parents[1]
IMPORTED = "open({path!r}, 'w').close()\nraise SystemExit(3)\n"


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    return written(tmp_path, eight_chats())


@pytest.fixture
def only_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run fails if this process does what workers are to do."""

    def refuse(where: str, *_: Any) -> None:
        raise AssertionError(f"{where} was read here")

    monkeypatch.setattr(preparing, "read", refuse)


def tempting(folder: Path) -> Path:
    """Put modules into a folder that must not be imported; return the sign that one was."""
    sign = folder / "imported"
    folder.mkdir(exist_ok=True)
    for name in ("gptexit", "click", "orjson", "regex"):
        (folder / f"{name}.py").write_text(IMPORTED.format(path=str(sign)))
    return sign


@pytest.mark.usefixtures("only_workers")
def test_what_lies_in_the_current_folder_is_not_imported(
    chats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = tempting(tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PYTHONPATH", os.pathsep)  # the current folder, twice
    monkeypatch.setattr(sys, "path", ["", str(tmp_path / "here"), *sys.path])
    assert gptexit.convert(chats, tmp_path / "out", jobs=2)["exit_code"] == 0
    assert not sign.exists()


@pytest.mark.usefixtures("only_workers")
def test_workers_have_the_gptexit_of_this_process(
    chats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other/gptexit").mkdir(parents=True)
    (tmp_path / "other/gptexit/__init__.py").write_text("raise ImportError('another one')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "other"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "other"), *sys.path])
    assert gptexit.convert(chats, tmp_path / "out", jobs=2)["exit_code"] == 0


def test_an_isolated_python_has_isolated_workers(chats: Path, tmp_path: Path) -> None:
    sign = tmp_path / "customized"
    (tmp_path / "custom").mkdir()
    (tmp_path / "custom/sitecustomize.py").write_text(IMPORTED.format(path=str(sign)))
    script = f"""
import sys
sys.path.insert(0, {str(SOURCE)!r})
import gptexit
from gptexit.parallel import preparing
preparing.read = None
print(gptexit.convert({str(chats)!r}, {str(tmp_path / "out")!r}, jobs=2)["exit_code"])
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "custom")},
    )
    assert done.stdout == "0\n", done.stderr
    assert not sign.exists()


PRINTS_AND_LINGERS = """
import atexit, os, threading
print("Welcome to this Python!", flush=True)
os.write(1, b"no line")
atexit.register(threading.Event().wait)
threading.Thread(target=threading.Event().wait).start()
from gptexit.parallel import preparing
read = preparing.read
def failing(where, raw, *rest):
    os.write(1, b"a warning of a library")
    if raw.get("title") == "deadly":
        raise MemoryError
    return read(where, raw, *rest)
preparing.read = failing
"""


@pytest.mark.usefixtures("only_workers")
def test_a_worker_that_prints_and_does_not_want_to_end(
    chats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(tmp_path, monkeypatch, PRINTS_AND_LINGERS)
    report: Any = gptexit.convert(chats, tmp_path / "out", jobs=2)
    [lost] = report["read"]["unreadable"]
    assert "“deadly”" in lost["where"]
    notes = "\n".join(path.read_text() for path in (tmp_path / "out").rglob("*.md"))
    assert all(f"Hello {number}" in notes for number in range(8) if number != DEADLY)


def test_workers_do_not_read_what_took_the_place_of_the_export(tmp_path: Path) -> None:
    source = write_export(tmp_path / "export.zip", *eight_chats())
    other = write_export(tmp_path / "other.zip", *eight_chats()[:2])
    with open_export([source]) as export:
        assert export.again
        export.again.need_same()
        other.replace(source)
        with pytest.raises(OSError, match="was changed"):
            export.again.need_same()


if os.name == "posix":
    PROGRAMS = {
        "ends at once": "exit 0",
        "prints for ever": "exec yes",
        "is another Python": "echo gptexit cpython-27 34012912; exec cat >/dev/null",
    }

    @pytest.mark.parametrize("name", PROGRAMS)
    def test_a_program_that_is_not_this_python(
        name: str, chats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        program = tmp_path / "python3"
        program.write_text(f'#!/bin/sh\necho >> "{tmp_path}/starts"\n{PROGRAMS[name]}\n')
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        monkeypatch.setattr(pool, "BATCH", 1)
        report: Any = gptexit.convert(chats, tmp_path / "out", jobs=2)
        assert report["read"]["conversations"] == 8
        assert report["exit_code"] == 0
        # Not once for each of the eight chats.
        starts = len((tmp_path / "starts").read_text().splitlines())
        assert 1 <= starts <= pool.TRIES + 1

    def test_so_many_workers_that_their_pipes_leave_this_process_open_files(chats: Path) -> None:
        import resource

        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
        with open_export([chats]) as export:
            assert jobs_for(export, 5) == 5
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, allowed[1]))
            try:
                assert jobs_for(export, 256) == 10
                assert jobs_for(export, 2) == 2
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, allowed)


@pytest.mark.parametrize("executable", ["", None, "/usr/bin/blender", "C:\\Blender\\blender.exe"])
def test_a_program_with_a_python_inside_is_not_started_again(
    executable: Any, chats: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    with open_export([chats]) as export:
        assert jobs_for(export, 4) == 1


@pytest.mark.parametrize("name", ["/opt/pypy3", "C:\\Python\\pythonw.exe", "/x/.python3-wrapped"])
def test_every_python_is_known(name: str, chats: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", name)
    with open_export([chats]) as export:
        assert jobs_for(export, 4) == 4


def test_a_machine_without_room_for_a_thread_is_named() -> None:
    sentence, code = ending(RuntimeError("can't start new thread"))
    assert "no room for another thread" in sentence
    assert code == 1


@pytest.mark.parametrize("allowed", [0, 1])
def test_where_the_system_allows_few_threads(
    allowed: int, chats: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Thread] = []

    class Few(Thread):
        def start(self) -> None:
            if len(started) == allowed:
                raise RuntimeError("can't start new thread")
            started.append(self)
            super().start()

    monkeypatch.setattr(pool, "Thread", Few)
    report: Any = gptexit.convert(chats, tmp_path / "out", jobs=2)
    assert report["read"]["conversations"] == 8
    assert len(started) == allowed
