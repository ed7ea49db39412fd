"""One run at a time owns a folder.

`ROUNDS=50 pytest tests/robustness/test_owning.py` tries it longer.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gptexit.archive.files import File
from gptexit.archive.folder import ArchiveFolder
from gptexit.archive.lock import owning, owning_file, owning_name
from gptexit.cli import run as command_line
from gptexit.conversion import convert
from gptexit.errors import Exit, InUse
from gptexit.writers.registry import FORMATS
from support.build import chain, conversation, message

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("ROUNDS", "1"))
_FORK = multiprocessing.get_context("fork") if os.name == "posix" else None


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "export.zip"
    raws = [
        conversation(
            chain(message("user", f"Question {number}"), message("assistant", f"Answer {number}")),
            title=f"Chat {number}",
            id=f"id-{number}",
            conversation_id=f"id-{number}",
        )
        for number in range(12)
    ]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations.json", json.dumps(raws))
    return path


def files(root: Path) -> dict[str, bytes]:
    """What is in a folder, without the times; the bytes of a database differ with its writer."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name != "times.jsonl"
    }


def _attempt(export: Any, out: Any, name: Any, start: Any, said: Any) -> None:
    start.wait()
    try:
        said.put(convert(export, out, [name])["exit_code"])
    except InUse:
        said.put("in use")


def race(export: Path, out: Path, name: str, runs: int) -> list[int | str]:
    """What each of several runs that begin together said."""
    assert _FORK is not None
    start, said = _FORK.Barrier(runs), _FORK.Queue()
    processes = [
        _FORK.Process(target=_attempt, args=(export, out, name, start, said)) for _ in range(runs)
    ]
    for process in processes:
        process.start()
    found = [said.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    return found


@pytest.mark.skipif(os.name != "posix", reason="forks")
@pytest.mark.parametrize("name", sorted(FORMATS))
def test_of_several_runs_at_once_one_wins(export: Path, tmp_path: Path, name: str) -> None:
    convert(export, tmp_path / "alone", [name])
    wanted = files(tmp_path / "alone")
    for number in range(ROUNDS):
        for runs in (2, 3, 5) if ROUNDS > 1 else (3,):
            out = tmp_path / f"{number}-{runs}"
            said = race(export, out, name, runs)
            # One that begins when another is done already finds nothing to do.
            assert 0 in said
            assert set(said) <= {0, "in use"}
            assert files(out) == wanted


def test_a_second_run_says_so_and_writes_nothing(
    export: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    for command in (["convert", str(export)], ["exit", str(export)]):
        monkeypatch.setattr(sys, "argv", ["gptexit", *command, "-o", str(out), "--no-progress"])
        with owning(out), pytest.raises(SystemExit) as ended:
            command_line()
        assert ended.value.code == 6 == int(Exit.IN_USE)
        said = capsys.readouterr().err
        assert said.startswith(f"Error: another run of gptexit is writing to {out} now")
        assert not out.exists()


def test_a_server_has_one_run_that_sends(
    export: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "http://127.0.0.1:9"
    monkeypatch.setattr(sys, "argv", ["gptexit", "push", "open-webui", str(export), "--url", url])
    monkeypatch.setenv("OPEN_WEBUI_API_KEY", "key")
    with owning_name(url, f"push {url}"), pytest.raises(SystemExit) as ended:
        command_line()
    assert ended.value.code == Exit.IN_USE
    said = capsys.readouterr().err
    assert said.startswith(f"Error: another run of gptexit is writing to {url} now")


def test_a_page_has_one_writer(tmp_path: Path) -> None:
    page = tmp_path / "memory.md"
    with owning_file(page), pytest.raises(InUse), owning_file(tmp_path / "x" / ".." / "memory.md"):
        raise AssertionError("both have it")
    with owning_file(page):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    if _FORK is None:
        pytest.skip("forks")

    def die(root: Any) -> None:
        with owning(root):
            os.kill(os.getpid(), 9)

    process = _FORK.Process(target=die, args=(tmp_path,))
    process.start()
    process.join()
    with owning(tmp_path):
        assert (tmp_path / ".gptexit/lock").exists()
    assert not (tmp_path / ".gptexit/lock").exists()


def test_what_fails_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), owning(tmp_path / "a/b"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_names_of_parts_are_never_shared(tmp_path: Path) -> None:
    first, second = ArchiveFolder(tmp_path), ArchiveFolder(tmp_path)
    for number in range(50):
        first.put(File(f"a/{number}.md", b"first", f"first/{number}"))
        second.put(File(f"b/{number}.md", b"second", f"second/{number}"))
    first.places.settle()
    second.places.settle()
    assert {path.read_bytes() for path in (tmp_path / "a").iterdir()} == {b"first"}
