"""Several processes write what one process writes, whatever becomes of them."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from gptexit.conversion import convert
from gptexit.errors import NotAnExport
from gptexit.writers.base import Options
from gptexit.writers.registry import FORMATS
from support.build import chain, conversation, message, raw_conversations
from support.deadly import DEADLY, eight_chats, hook, written
from support.exports import FIXTURES, ROOT
from support.faults.bases import NAMES
from support.faults.case import case
from support.processes import VISIBLE, marked, still_there
from support.waiting import wait_until

pytestmark = pytest.mark.slow

VARYING = ("started", "finished", "seconds")
NOT_REDACTED = [name for name, each in FORMATS.items() if not each.for_others]
SEVERAL = ("markdown", "chatgpt", "librechat", "sqlite", "lm-studio", "claude")
"""Formats of several kinds: named files, ZIPs, rows, one of which asks what is in the archive, and
one without secrets."""


def files(out: Path) -> dict[str, bytes]:
    """Every file below a folder by its path; the times of the files themselves differ."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "times.jsonl"
    }


def run(
    source: Any, out: Path, jobs: int, formats: Any = ("markdown", "jsonl"), **rest: Any
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Convert; the files, and the report but for the times and the folder."""
    report = convert(source, out, formats, jobs=jobs, **rest)
    told = {key: value for key, value in report.items() if key not in VARYING}
    return files(out), json.loads(json.dumps(told).replace(str(out), "OUT"))


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_any_number_of_processes_writes_the_same(source: Path, tmp_path: Path) -> None:
    wanted = run(source, tmp_path / "1", 1, NOT_REDACTED)
    for jobs in (2, 5):
        assert run(source, tmp_path / str(jobs), jobs, NOT_REDACTED) == wanted


def test_so_it_is_with_secrets_taken_out(tmp_path: Path) -> None:
    source = next(path for path in FIXTURES if path.stem == "fat-2024")
    formats = list(FORMATS)
    options = Options(redact="secrets")
    wanted = run(source, tmp_path / "1", 1, formats, options=options)
    assert run(source, tmp_path / "2", 2, formats, options=options) == wanted


def test_so_it_is_with_several_exports_and_an_archive_that_is_there(tmp_path: Path) -> None:
    found = {}
    for jobs in (1, 2):
        out = tmp_path / str(jobs)
        for sources in (FIXTURES[1], FIXTURES[2:4], FIXTURES[0]):
            found[jobs] = run(sources, out, jobs, SEVERAL)
    assert found[1] == found[2]


def test_so_it_is_where_chats_want_the_same_name(tmp_path: Path) -> None:
    source = tmp_path / "conversations.json"
    chats = [
        conversation(
            chain(message("user", f"Hello {number}")), title="Bread", conversation_id=f"c{number}"
        )
        for number in range(6)
    ]
    source.write_text(json.dumps(chats))
    wanted = run(source, tmp_path / "1", 1, NOT_REDACTED)
    assert run(source, tmp_path / "2", 2, NOT_REDACTED) == wanted
    assert len(list((tmp_path / "2/librechat").rglob("*bread*.json"))) == len(chats)


def test_so_it_is_with_a_chat_that_is_too_large_for_drafts_in_every_format(tmp_path: Path) -> None:
    source = tmp_path / "conversations.json"
    talk = chain(*(message("user", "Flour, water and salt. " * 20_000) for _ in range(10)))
    source.write_text(json.dumps([conversation(talk), conversation(chain(message("user", "Hi")))]))
    wanted = run(source, tmp_path / "1", 1, SEVERAL)
    assert run(source, tmp_path / "2", 2, SEVERAL) == wanted


def test_so_it_is_where_one_chat_of_a_pack_has_a_secret(tmp_path: Path) -> None:
    source = tmp_path / "conversations.json"
    key = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    said = [["Hello"], ["My key", f"It is {key}"], [f"Not {key[:12]}"], ["Bye"]]
    chats = [
        conversation(
            chain(*(message("user", text) for text in texts)), conversation_id=f"c{number}"
        )
        for number, texts in enumerate(said)
    ]
    source.write_text(json.dumps(chats))
    packs = [name for name, each in FORMATS.items() if each.for_others]
    wanted = run(source, tmp_path / "1", 1, [*packs, "markdown"])
    assert wanted[1]["redacted"]["conversations"] == 1
    assert run(source, tmp_path / "2", 2, [*packs, "markdown"]) == wanted


@pytest.mark.parametrize("seed", range(16))
def test_so_it_is_with_a_damaged_export(seed: int, tmp_path: Path) -> None:
    made = case(NAMES[seed % len(NAMES)], 500 + seed)
    source = tmp_path / (made.name if made.name != "-" else "export.json")
    source.write_bytes(made.data)
    found: list[Any] = []
    for jobs in (1, 3):
        try:
            found.append(run(source, tmp_path / str(jobs), jobs, SEVERAL))
        except NotAnExport as error:
            found.append(str(error))
    assert found[0] == found[1]


@settings(max_examples=15)
@given(raw_conversations())
def test_so_it_is_with_anything(
    tmp_path_factory: pytest.TempPathFactory, raw: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    source = folder / "conversations.json"
    source.write_text(json.dumps([raw, conversation(chain(message("user", "Hello")))]))
    wanted = run(source, folder / "1", 1, NOT_REDACTED)
    assert run(source, folder / "2", 2, NOT_REDACTED) == wanted


def test_what_nests_too_deep_to_be_handed_over_is_done_here(tmp_path: Path) -> None:
    deep: object = "end"
    for _ in range(700):
        deep = {"a": [[deep]]}
    talks = [
        conversation(
            chain(message("user", f"Hello {number}", metadata={"x": deep if number == 2 else 1})),
            conversation_id=f"c{number}",
        )
        for number in range(5)
    ]
    source = tmp_path / "conversations.json"
    sys.setrecursionlimit(10_000)
    try:
        source.write_text(json.dumps(talks))
    finally:
        sys.setrecursionlimit(1_000)
    assert run(source, tmp_path / "1", 1) == run(source, tmp_path / "2", 2)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export that takes some seconds."""
    path = tmp_path_factory.mktemp("large") / "large.zip"
    script = str(ROOT / "fixtures/generate.py")
    command = [sys.executable, script, str(path), "--conversations", "400", "--seed", "5"]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.fixture(scope="module")
def calm(large: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What one process makes of it."""
    return run(large, tmp_path_factory.mktemp("calm") / "out", 1)


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The worker processes that are started."""
    started = []

    class Popen(subprocess.Popen[Any]):
        def __init__(self, *arguments: Any, **rest: Any) -> None:
            super().__init__(*arguments, **rest)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    return started


def test_a_worker_that_is_killed_costs_nothing(
    large: Path, calm: Any, workers: list[Any], tmp_path: Path
) -> None:
    killed = []

    def progress(conversations: int, bytes_read: int) -> None:
        if conversations in (20, 150, 290):
            workers[-1].kill()
            killed.append(conversations)

    assert run(large, tmp_path / "2", 2, progress=progress) == calm
    assert killed
    assert all(worker.poll() is not None for worker in workers)


def test_where_none_can_be_started_all_is_done_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: list[str], **rest: int) -> None:
        raise OSError("no more processes")

    wanted = run(FIXTURES[0], tmp_path / "1", 1)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert run(FIXTURES[0], tmp_path / "2", 2) == wanted


KILLS = """
import os
from gptexit.parallel import preparing
read = preparing.read
def deadly(where, raw, *rest):
    if raw.get("title") == "deadly":
        os._exit(9)
    return read(where, raw, *rest)
preparing.read = deadly
"""


def test_what_kills_every_worker_is_named_and_the_rest_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(tmp_path, monkeypatch, KILLS)
    source = written(tmp_path, eight_chats())
    _, report = run(source, tmp_path / "out", 2)
    assert report["exit_code"] == 1
    assert report["read"]["conversations"] == 7
    [lost] = report["read"]["unreadable"]
    assert "“deadly”" in lost["where"]
    assert "the process that read it ended, twice" in lost["reason"]
    notes = "\n".join(path.read_text() for path in (tmp_path / "out").rglob("*.md"))
    assert all(f"Hello {number}" in notes for number in range(8) if number != DEADLY)


def test_a_full_disk_or_the_user_ends_the_workers(
    large: Path, workers: list[Any], tmp_path: Path
) -> None:
    def progress(conversations: int, bytes_read: int) -> None:
        if conversations == 40:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        convert(large, tmp_path / "out", jobs=2, progress=progress)
    assert workers
    assert all(worker.poll() is not None for worker in workers)
    assert run(large, tmp_path / "out", 2)[1]["complete"]


WAYS = {
    "script": "{code}",
    "thread": "import threading\nt = threading.Thread(target=lambda: exec({code!r}))\n"
    "t.start()\nt.join()",
}
COUNTS = """
import os
os.close(os.open({starts!r} + "/" + str(os.getpid()), os.O_CREAT))
"""


@pytest.mark.parametrize("way", [*WAYS, "standard input"])
def test_from_a_script_without_a_main_guard(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(tmp_path, eight_chats())
    out, starts = str(tmp_path / "out"), tmp_path / "starts"
    code = textwrap.dedent(
        f"""
        import gptexit, os
        print("once")
        report = gptexit.convert({str(source)!r}, {out!r}, jobs=2)
        print(report["exit_code"], len(os.listdir({str(starts)!r})))
        print(gptexit.verify({out!r}, {str(source)!r}, jobs=2).verdict)
        print(len(os.listdir({str(starts)!r})))
        """
    )
    code = WAYS.get(way, "{code}").format(code=code)
    starts.mkdir()
    hook(tmp_path, monkeypatch, COUNTS.format(starts=str(starts)))
    if way == "standard input":
        command, given = [sys.executable, "-"], code
    else:
        (tmp_path / "script.py").write_text(code)
        command, given = [sys.executable, "script.py"], None
    done = subprocess.run(
        command, check=False, input=given, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.split() == ["once", "0", "1", "complete", "2"], done.stderr


@pytest.mark.skipif(not VISIBLE, reason="needs a list of processes")
def test_a_run_that_is_ended_at_any_moment_leaves_no_process(
    large: Path, calm: Any, tmp_path: Path
) -> None:
    mark = str(tmp_path)
    command = [sys.executable, "-m", "gptexit", "convert", str(large), "--jobs", "2", "--quiet"]
    command += ["--to", "markdown", "--to", "jsonl", "-o", str(tmp_path / "out")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=marked(mark))
    wait_until(lambda: len(still_there(mark)) >= 3 or process.poll() is not None)
    process.terminate()
    process.wait()
    wait_until(lambda: not still_there(mark))
    assert run(large, tmp_path / "out", 2)[0] == calm[0]
