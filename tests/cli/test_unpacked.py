"""Folders and files beside each other: of an export, of what gptexit wrote, with odd names."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gptexit.cli import main
from support.build import chain, conversation, message
from support.packing import unpack


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), prog_name="gptexit")


@pytest.fixture(autouse=True)
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    raw = [
        conversation(chain(message("user", "Hello")), id=key, conversation_id=key) for key in "ab"
    ]
    folder = unpack(tmp_path / "unpacked", {"conversations.json": json.dumps(raw).encode()})
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    "words",
    [
        "exit .",
        "exit ../unpacked -o ../unpacked/inner",
        "convert . --to markdown --to jsonl",
        "convert . --to chatgpt -o deep/er",
    ],
)
def test_what_was_written_into_the_folder_of_an_export_is_not_read_as_a_part_of_it(
    words: str,
) -> None:
    for again in (False, True):
        done = run(*words.split(), "--report", "../r.json")
        assert done.exit_code == 0, done.output
        assert "from unpacked." in done.output
        assert "compared with .." not in done.output
        report = json.loads(Path("../r.json").read_bytes())
        assert report["read"]["conversations"] == 2
        assert report["read"]["duplicates"] == 0
        passed = {entry["code"] for entry in report["source"]["passed_over"]}
        assert passed == {"archive"} if again else passed <= {"archive"}  # the folder of an exit


@pytest.mark.parametrize(
    "words", ["convert . -o .", "exit . -o ../unpacked", "memory . --for pam -o ."]
)
def test_an_archive_is_not_mixed_with_the_export_itself(words: str, unpacked: Path) -> None:
    done = run(*words.split())
    assert done.exit_code == 2
    assert "is the folder of the export itself." in done.stderr
    assert "chatgpt-archive\n" in done.stderr
    assert [path.name for path in unpacked.iterdir()] == ["conversations.json"]


@pytest.mark.parametrize(
    ("words", "format", "folder"),
    [
        ("convert . --to jsonl -o ../p", "jsonl", "../p-jsonl"),
        ("convert . --to sqlite -o ../p --dry-run", "sqlite", "../p-sqlite"),
        ("exit . -o ../p", "exit", "../p-exit"),
    ],
)
def test_an_archive_is_not_replaced_by_one_of_another_format(
    words: str, format: str, folder: str
) -> None:
    assert run("convert", ".", "-o", "../p").exit_code == 0
    before = {path: path.stat().st_mtime_ns for path in Path("../p").rglob("*") if path.is_file()}
    done = run(*words.split())
    assert done.exit_code == 2
    assert f"../p has an archive of the format markdown, and {format} would" in done.stderr
    assert f"-o {folder}\n" in done.stderr
    assert {
        path: path.stat().st_mtime_ns for path in Path("../p").rglob("*") if path.is_file()
    } == before


@pytest.mark.parametrize(
    "words", ["convert . -o ../p", "exit . -o ../p", "verify ../p", "verify . ../p", "status ../p"]
)
def test_an_archive_of_a_newer_gptexit_is_left_alone(words: str) -> None:
    assert run("convert", ".", "-o", "../p").exit_code == 0
    record = Path("../p/.gptexit/archive.json")
    record.write_bytes(json.dumps(json.loads(record.read_bytes()) | {"version": 99}).encode())
    before = record.read_bytes()
    done = run(*words.split())
    assert done.exit_code == 2
    assert "../p was written by a newer gptexit" in done.stderr
    assert record.read_bytes() == before


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
@pytest.mark.parametrize(
    "words",
    [
        "convert ? -o new --json",
        "convert ? -o ?-new --json",
        "convert ? -o new --to claude --redact nothing --exclude title=? --report r.json",
        "exit ? -o ?-new --json",
        "verify ? ?-out --json",
        "status ?-out --json",
        "inspect ? --json",
        "inspect ? --drift-report d.md",
        "memory ? --json -o m.json",
    ],
)
def test_a_name_that_is_no_utf_8_is_no_fault(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bad = "bad\udcff"
    Path("unpacked").rename(bad)
    assert run("convert", bad, "-o", f"{bad}-out").exit_code == 0
    done = run(*words.replace("?", bad).split())
    assert done.exit_code == 0, done.output
    assert "--json" not in words or "-o m" in words or json.loads(done.stdout_bytes)
    assert all(path.read_bytes().decode() for path in Path().glob("*.[jm]*"))


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (b"{}", 3, "is JSON, but not a list of ChatGPT conversations"),
        (b'{"error": "unauthorized"}', 3, "not a list of ChatGPT conversations"),
        (b'\xef\xbb\xbf{"error": {"message": "no", "code": 401}}', 3, "not a list of"),
        (b"", 3, "nothing came through the pipe. Look at what the command before it prints."),
        (b"[]", 0, "Read 0 conversations"),
        (b"[{}]", 0, "Read 1 conversation "),
        (b'{"mapping": {}}', 0, "Read 1 conversation "),
        (b'{"title": "t", "messages": []}', 0, "Read 1 conversation "),
        (b'{"some-id": {"title": "t", "mapping": {}}}', 0, "Read 1 conversation "),
    ],
)
def test_json_without_a_conversation_is_no_export(given: bytes, code: int, words: str) -> None:
    command = ["convert", "-", "-o", "../out"]
    done = CliRunner().invoke(main, command, prog_name="gptexit", input=given)
    assert words in done.output
    assert done.exit_code == code


def test_no_is_never_said_with_code_0() -> None:
    Path("conversations.json").write_bytes(b"[]")
    done = run("exit", ".", "-o", "../out")
    assert "Not yet: do not cancel. The export has no conversations." in done.output
    assert done.exit_code == 1
