"""The command line as a person or a script meets it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from gptexit.errors import Exit
from gptexit.schemas import errors
from gptexit.writers.registry import FORMATS
from support.build import chain, conversation, message
from support.command import gptexit
from support.exports import FIXTURES, ROOT
from support.packing import write_export
from support.waiting import wait_until

pytestmark = pytest.mark.slow

GPTEXIT = [sys.executable, "-m", "gptexit"]
SAMPLE = ROOT / "fixtures/dat-2026.zip"


def one(**rest: str) -> dict[str, Any]:
    return conversation(chain(message("user", "Hi"), message("assistant", "Hello")), **rest)


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_help_names_every_command() -> None:
    done = gptexit("--help")
    assert done.returncode == 0
    for command in (b"convert", b"formats", b"schema", b"validate"):
        assert command in done.stdout
        assert gptexit(command.decode(), "--help").returncode == 0
    assert gptexit("nonsense").returncode == 2


def test_the_summary_says_what_was_done(tmp_path: Path) -> None:
    export = write_export(tmp_path / "export.zip", one())
    done = gptexit("convert", export, "-o", tmp_path / "out", "--timezone", "UTC")
    assert done.returncode == 0
    assert done.stderr == b""
    read, dated, *written = done.stdout.decode().splitlines()
    assert read == "Read 1 conversation with 2 messages from export.zip."
    assert dated.startswith("The export was made, by the dates in the ZIP, on ")
    assert dated.endswith(
        ", and the last change in it is of 19 February 2025. What you wrote later is not in it."
    )
    assert written == [
        f"Wrote 1 conversation as markdown to {tmp_path / 'out'}: 2 files.",
        "gptexit read all that the export holds.",
    ]
    assert set(files(tmp_path / "out")) == {
        ".gptexit/archive.json",
        ".gptexit/manifest.jsonl",
        ".gptexit/times.jsonl",
        "2025/2025-02-19-a-title.md",
        "index.md",
    }


def test_several_formats_in_one_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = gptexit("convert", SAMPLE, "--to", "markdown", "--to", "jsonl", "-o", out)
    assert done.returncode in (0, 1)
    assert (out / "markdown/index.md").exists()
    done = gptexit("validate", out / "jsonl/conversations.jsonl")
    assert done.returncode == 0
    assert b"Valid:" in done.stdout


@pytest.mark.parametrize("name", ["chatgpt", "claude", "gemini"])
def test_a_pack_does_not_take_the_place_of_another_archive(tmp_path: Path, name: str) -> None:
    export = write_export(tmp_path / "export.zip", one())
    out = str(tmp_path / "out")
    assert gptexit("convert", export, "--to", "markdown", "-o", out).returncode == 0
    before = files(tmp_path / "out")
    done = gptexit("convert", export, "--to", name, "-o", out)
    assert done.returncode == 2
    assert b"has an archive of the format markdown" in done.stderr
    assert files(tmp_path / "out") == before


def test_validate_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"id": 1}\nnonsense\n')
    done = gptexit("validate", tmp_path / "x.jsonl")
    assert done.returncode == 1
    assert b"line 1: " in done.stdout
    assert b"line 2: " in done.stdout


def test_the_report_is_as_published(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = gptexit("convert", SAMPLE, "-o", tmp_path / "out", "--report", report, "--quiet")
    assert done.stdout == b""
    found = orjson.loads(report.read_bytes())
    assert list(errors("report", found)) == []
    assert found["exit_code"] == done.returncode


def test_formats_and_schema() -> None:
    assert b"markdown" in gptexit("formats").stdout
    assert {"name", "what", "group"} <= orjson.loads(gptexit("formats", "--json").stdout)[0].keys()
    listed = gptexit("formats").stdout.decode()
    assert listed.index("For apps on your machine:") < listed.index("open-webui")
    assert [listed.count(f"  {name} ") for name in FORMATS] == [1] * len(FORMATS)
    for name, version in (("conversation", 1), ("report", 2)):
        shown = orjson.loads(gptexit("schema", name).stdout)
        assert shown["$id"] == f"urn:gptexit:{name}:{version}"


@pytest.mark.parametrize(
    ("options", "titles"),
    [
        (["--title", "POST"], ["Postgres"]),
        (["--id", "b"], ["Bees"]),
        (["--project", "g-p-1"], ["Bees"]),
        (["--model", "gpt-5"], ["Postgres"]),
        (["--archived"], ["Bees"]),
        (["--no-archived"], ["Postgres"]),
        (["--since", "2025-06-01"], ["Bees"]),
        (["--since", "2025-06"], ["Bees"]),
        (["--until", "2025-02-19"], ["Postgres"]),
        (["--until", "2025-02"], ["Postgres"]),
        (["--until", "2025"], ["Postgres", "Bees"]),
        (["--until", "2025-02-18"], []),
        (["--since", "2025-06-01", "--title", "post"], []),
    ],
)
def test_selection(tmp_path: Path, options: list[str], titles: list[str]) -> None:
    later = 1_756_000_000
    bees = conversation(
        chain(message("user", "Hi", create_time=later)),
        **{"title": "Bees", "conversation_id": "b", "gizmo_id": "g-p-1", "is_archived": True},
        **{"create_time": later, "update_time": later},
    )
    export = write_export(
        tmp_path / "export.zip",
        one(title="Postgres", conversation_id="a", default_model_slug="gpt-5"),
        bees,
    )
    arguments = ["--to", "jsonl", "-o", "-", "--timezone", "UTC", *options]
    done = gptexit("convert", export, *arguments)
    assert done.returncode == (0 if titles else Exit.NOTHING_SELECTED), done.stderr
    assert [orjson.loads(line)["title"] for line in done.stdout.splitlines()] == titles


def test_a_summary_names_what_is_missing_and_what_was_edited(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert gptexit("convert", SAMPLE, "-o", out).returncode in (0, 1)
    notes = sorted(out.glob("20*/*.md"))
    for note in notes:
        note.write_text("mine")
    done = gptexit("convert", SAMPLE, "-o", out, "--include", "none", "--branches", "all")
    said = done.stdout.decode()
    assert "conversations-002.json" in done.stderr.decode()
    assert "Your conversations mention 2 files that the export does not have." in said
    done = gptexit("convert", SAMPLE, "-o", out, "--title", "no such title", "--report", "-")
    assert b"Not selected: " in done.stderr
    assert orjson.loads(done.stdout)["selected"]["left_out"]
    assert [note.read_text() for note in notes] == ["mine"] * len(notes)


def test_an_edited_note_is_named(tmp_path: Path) -> None:
    export = write_export(tmp_path / "e.zip", one())
    gptexit("convert", export, "-o", tmp_path / "out")
    note = tmp_path / "out/2025/2025-02-19-a-title.md"
    note.write_text("mine")
    write_export(export, one(title="Another title"))
    said = gptexit("convert", export, "-o", tmp_path / "out").stdout.decode()
    assert "You changed 1 file" in said
    assert "2025/2025-02-19-a-title.md" in said
    assert note.read_text() == "mine"
    assert "Another title" in note.with_name("2025-02-19-a-title.new.md").read_text()


@pytest.mark.parametrize(
    "options",
    [
        ["--to", "nonsense"],
        ["--since", "yesterday"],
        ["--timezone", "Mars/Olympus"],
        ["--include", "nonsense"],
        ["-o", "-"],
        ["-o", "-", "--to", "jsonl", "--to", "markdown"],
    ],
)
def test_wrong_usage(options: list[str]) -> None:
    done = gptexit("convert", SAMPLE, *options)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"Error: " in done.stderr


def test_a_pipe_that_closes_early_ends_quietly() -> None:
    export = next(path for path in FIXTURES if path.stem == "classic-2023")
    command = (
        f"unzip -p {export} conversations.json | {sys.executable} -m gptexit convert - "
        "--to jsonl -o - | head -1"
    )
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command + "; echo codes ${PIPESTATUS[@]}"],
        capture_output=True,
        check=False,
    )
    assert orjson.loads(done.stdout.splitlines()[0])["version"] == 1
    assert done.stdout.splitlines()[-1].endswith(b" 0 0")
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def broken(tmp_path: Path, name: str) -> Path:
    """A source that is no good, by name."""
    path = tmp_path / f"{name}.zip"
    whole = write_export(tmp_path / "whole.zip", *(one(conversation_id=str(n)) for n in range(50)))
    makers: dict[str, Callable[[], object]] = {
        "empty": lambda: path.write_bytes(b""),
        "garbage": lambda: path.write_bytes(random.Random(1).randbytes(5000)),
        "photo": lambda: path.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(100)),
        "login": lambda: path.write_text("<!DOCTYPE html><html><title>Log in</title></html>"),
        "absent": lambda: None,
        "no-conversations": lambda: write_export(path, name="other.json"),
        "cut-early": lambda: path.write_bytes(whole.read_bytes()[:40]),
        "json-object": lambda: path.write_text('{"a": 1}'),
    }
    makers[name]()
    return path


@pytest.mark.parametrize(
    "name",
    [
        "empty",
        "garbage",
        "photo",
        "login",
        "absent",
        "no-conversations",
        "cut-early",
        "json-object",
    ],
)
def test_a_wrong_source_gets_one_sentence(tmp_path: Path, name: str) -> None:
    done = gptexit("convert", broken(tmp_path, name), "-o", tmp_path / "out")
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith(b"Error: ")
    # Of a path that leads to nothing, what lies nearby follows.
    assert name == "absent" or len(done.stderr.splitlines()) == 1
    assert b"Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_zip_without_a_whole_conversation_leaves_no_folder(tmp_path: Path) -> None:
    whole = write_export(tmp_path / "whole.zip", one()).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:80])
    done = gptexit("convert", tmp_path / "cut.zip", "-o", tmp_path / "out")
    assert done.returncode == 3
    assert not (tmp_path / "out").exists()


def test_a_truncated_zip_keeps_what_stands_before_the_cut(tmp_path: Path) -> None:
    rng = random.Random(2)
    raw = [
        conversation(
            chain(message("user", rng.randbytes(3000).hex())),
            conversation_id=f"c{n}",
            title=f"T{n}",
        )
        for n in range(60)
    ]
    data = write_export(tmp_path / "whole.zip", *raw).read_bytes()
    (tmp_path / "cut.zip").write_bytes(data[: len(data) // 2])
    done = gptexit("convert", tmp_path / "cut.zip", "-o", tmp_path / "out")
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"Could not be read" in done.stderr
    assert 20 <= len(list((tmp_path / "out/2025").glob("*.md"))) <= 30


@pytest.mark.parametrize("command", ["convert", "exit"])
def test_errors_stay_where_a_run_is_quiet(tmp_path: Path, command: str) -> None:
    data = json.dumps([one(conversation_id=str(n)) for n in range(10)])
    (tmp_path / "conversations.json").write_text(data[: len(data) // 2])
    done = gptexit(command, tmp_path / "conversations.json", "-o", tmp_path / "out", "--quiet")
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"Could not be read" in done.stderr


def test_a_truncated_json_says_where(tmp_path: Path) -> None:
    data = json.dumps([one(conversation_id=str(n)) for n in range(10)])
    (tmp_path / "conversations.json").write_text(data[: len(data) // 2])
    done = gptexit("convert", tmp_path / "conversations.json", "-o", tmp_path / "out")
    assert done.returncode == 1
    assert b"byte" in done.stderr
    assert len(list((tmp_path / "out/2025").glob("*.md"))) in (4, 5)


def test_no_member_name_writes_outside(tmp_path: Path) -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(20)
    names = ["../../file_a1.png", "/tmp/file_a2.png", "C:\\x\\file_a3.png", "a/../../file_a4.png"]
    parts = [
        {"content_type": "image_asset_pointer", "asset_pointer": f"sediment://file_a{n}"}
        for n in range(1, 6)
    ]
    raw = conversation(chain(message("user", {"content_type": "multimodal_text", "parts": parts})))
    raw["title"] = "../../../escape"
    export = tmp_path / "export.zip"
    with zipfile.ZipFile(export, "w") as archive:
        archive.writestr("conversations.json", json.dumps([raw]))
        for number, name in enumerate(names):
            archive.writestr(name, png + bytes([number]))
        link = zipfile.ZipInfo("file_a5.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr(
            "conversation_asset_file_names.json", json.dumps({"file_a1.dat": "../../../up.png"})
        )
    inside = tmp_path / "house/out"
    done = gptexit("convert", export, "-o", inside)
    assert b"Traceback" not in done.stderr
    outside = {
        path for path in tmp_path.rglob("*") if path.is_file() and inside not in path.parents
    }
    assert {path.name for path in outside} == {"export.zip"}
    assert b"root:" not in b"".join(files(inside).values())
    assert len([name for name in files(inside) if name.startswith("assets/")]) == 4


@pytest.mark.parametrize("name", ["claude", "gemini"])
def test_requests_to_an_api_go_down_a_pipe(tmp_path: Path, name: str) -> None:
    export = write_export(tmp_path / "e.zip", one())
    done = gptexit("convert", export, "--to", f"{name}-api", "-o", "-")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["request"]
    before = gptexit("convert", export, "--to", name, "--form", "api", "-o", "-")
    assert before.stdout == done.stdout
    assert f"--to {name}-api.".encode() in before.stderr.splitlines()[0]


def test_a_form_that_no_format_of_the_run_has_is_refused(tmp_path: Path) -> None:
    export = write_export(tmp_path / "e.zip", one())
    done = gptexit("convert", export, "--to", "chatgpt", "--form", "api", "-o", tmp_path / "out")
    assert done.returncode == 2
    assert b"give --to claude-api or --to gemini-api" in done.stderr
    assert not (tmp_path / "out").exists()


if os.name == "posix":

    def test_a_zip_bomb_is_refused_in_bounded_memory(tmp_path: Path) -> None:
        export = tmp_path / "bomb.zip"
        image = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_b0"}
        raw = conversation(
            chain(message("user", {"content_type": "multimodal_text", "parts": [image, "words"]}))
        )
        with zipfile.ZipFile(export, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("conversations.json", json.dumps([raw]))
            with archive.open("file_b0.png", "w") as member:
                for _ in range(300):
                    member.write(bytes(1_000_000))
        limited = (
            f"ulimit -v 1000000; {sys.executable} -m gptexit convert {export} -o {tmp_path}/out"
        )
        done = subprocess.run(["bash", "-c", limited], capture_output=True, check=False)
        assert done.returncode == 1
        assert b"Traceback" not in done.stderr
        assert b"file_b0.png" in done.stderr
        assert sum(map(len, files(tmp_path / "out").values())) < 100_000


def slow_export(tmp_path: Path) -> Path:
    raw = [
        conversation(
            chain(*(message("user", f"{n} {m} " * 50) for m in range(20))),
            conversation_id=f"c{n}",
            title=f"Talk {n % 50}",
        )
        for n in range(250)
    ]
    return write_export(tmp_path / "export.zip", *raw)


def files_without_times(out: Path) -> dict[str, bytes]:
    return {name: data for name, data in files(out).items() if not name.endswith("times.jsonl")}


def kill_midway(command: Any, out: Any, number: Any) -> None:
    """Run a command until it has written so many files."""
    process = subprocess.Popen(command)
    wait_until(lambda: process.poll() is not None or sum(1 for _ in out.rglob("*.*")) >= number)
    process.kill()
    process.wait()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_run_can_be_completed(tmp_path: Path, jobs: str) -> None:
    export = slow_export(tmp_path)
    arguments = ["convert", str(export), "--to", "markdown", "--to", "jsonl", "--quiet"]
    arguments += ["--jobs", jobs]
    assert gptexit(*arguments, "-o", tmp_path / "calm").returncode == 0
    wanted = files_without_times(tmp_path / "calm")
    rng = random.Random(3)
    for number in range(3):
        out = tmp_path / f"killed{number}"
        kill_midway([*GPTEXIT, *arguments, "-o", str(out)], out, rng.randrange(1, len(wanted)))
        assert gptexit(*arguments, "-o", out).returncode == 0
        assert files_without_times(out) == wanted


if os.name == "posix":

    def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
        process = subprocess.Popen(
            [*GPTEXIT, "convert", "-", "--to", "jsonl", "-o", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A shell's background jobs ignore the signal, and so would whoever they start.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        into, out, complaints = process.stdin, process.stdout, process.stderr
        assert into and out and complaints
        # More than any buffer holds: where the first line comes out, the run is in its midst. While
        # the pipes are full both ends wait, so a thread of its own writes.
        some = (json.dumps(one(conversation_id=str(number))) for number in range(2_000))
        text = f"[{','.join(some)},".encode()

        def feed() -> None:
            with suppress(BrokenPipeError):
                into.write(text)
                into.flush()

        writing = threading.Thread(target=feed)
        writing.start()
        assert out.readline().startswith(b"{")
        process.send_signal(signal.SIGINT)
        out.read()
        said = complaints.read()
        assert process.wait(timeout=20) == 130
        assert said.strip().startswith(b"Interrupted")
        writing.join()
        with suppress(BrokenPipeError):
            into.close()


if os.name == "posix":

    def test_a_progress_bar_where_somebody_watches(tmp_path: Path) -> None:
        import fcntl
        import pty
        import struct
        import termios

        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        export = write_export(tmp_path / "e.zip", *(one(conversation_id=str(n)) for n in range(50)))
        done = subprocess.run(
            [*GPTEXIT, "convert", str(export), "-o", str(tmp_path / "out")],
            stdout=subprocess.PIPE,
            stderr=theirs,
            check=True,
        )
        shown = os.read(ours, 10_000)
        os.close(theirs)
        os.close(ours)
        assert b"Reading" in shown
        assert b"Read 50 conversations" in done.stdout


if os.name == "posix":

    def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
        export = write_export(
            tmp_path / "export.zip", *(one(conversation_id=str(n)) for n in range(9))
        )
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [*GPTEXIT, "convert", str(export), "--to", "jsonl", "-o", "-"],
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        assert done.returncode == 1
        assert b"Traceback" not in done.stderr
        assert b"No space left" in done.stderr

    def test_a_disk_that_refuses_a_database_is_a_sentence(tmp_path: Path) -> None:
        import resource

        talks = (one(conversation_id=str(number), title="x" * 9000) for number in range(99))
        export = write_export(tmp_path / "export.zip", *talks)
        done = subprocess.run(
            [*GPTEXIT, "convert", str(export), "--to", "sqlite", "-o", str(tmp_path / "out")],
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)),
        )
        assert done.returncode == 1
        assert done.stderr.startswith("Error: could not read or write: ")
        assert "Traceback" not in done.stderr
