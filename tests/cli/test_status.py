"""`gptexit status`: what an archive is, what was changed in it, and what to do next."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import stat
import subprocess
import sys
import zipfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import gptexit
from gptexit.cli import main
from gptexit.errors import NoArchive
from gptexit.exit import leave
from support.build import chain, conversation, message
from support.exports import ROOT

SLIM = ROOT / "fixtures/slim-2026.zip"
SHARDED = ROOT / "fixtures/sharded-2026.zip"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home and a current folder of the test's own: both are looked through for exports."""
    (tmp_path / "home/Downloads").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "work")
    shutil.copy(SLIM, "chatgpt-export.zip")


def made(out: str = "notes", *formats: str, **options: Any) -> Path:
    names = list(formats or ("markdown",))
    gptexit.convert("chatgpt-export.zip", out, names, options=gptexit.Options(**options))
    return Path(out)


def printed(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "gptexit", "status", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def commands(status: gptexit.Status) -> list[str | None]:
    return [step.command for step in status.next]


@pytest.mark.slow
def test_an_exit_says_what_it_is_and_that_it_was_checked() -> None:
    leave(["chatgpt-export.zip"], Path("chatgpt-exit"), {}, lambda *_: nullcontext())
    status = gptexit.status("chatgpt-exit")
    assert (status.kind, status.conversations) == ("exit", 23)
    assert [part.path for part in status.parts] == [".", "account", "html", "jsonl", "markdown"]
    assert [export.name for export in status.exports] == ["chatgpt-export.zip"]
    assert status.checked
    assert status.checked.verdict == "complete except"
    assert (status.changed, status.gone, status.newer) == ([], [], [])
    assert gptexit.status("chatgpt-exit/markdown") == status
    assert gptexit.status(".").path == "chatgpt-exit"
    assert "Nothing to do" in printed("chatgpt-exit")
    assert gptexit.verify("chatgpt-exit").verdict == "complete"


@pytest.mark.slow
def test_what_was_changed_and_removed_is_named() -> None:
    root = made()
    notes = sorted(root.glob("2026/*.md"))
    notes[0].write_text("mine")
    notes[1].unlink()
    os.utime(notes[2], (1, 1))  # its time alone is no change
    status = gptexit.status(root)
    assert status.changed == [notes[0].relative_to(root).as_posix()]
    assert status.gone == [notes[1].relative_to(root).as_posix()]
    assert commands(status) == ["gptexit verify chatgpt-export.zip notes"]
    shown = json.loads(printed("notes", "--json"))
    assert shown["changed"] == status.changed
    assert shown["conversations"] == 23
    assert shown["version"] == 1


@pytest.mark.slow
def test_a_check_counts_until_the_archive_is_written_again() -> None:
    root = made()
    assert gptexit.status(root).checked is None
    gptexit.verify(root, "chatgpt-export.zip")
    assert gptexit.status(root).checked
    record = root / ".gptexit/archive.json"
    later = record.stat().st_mtime + 3600
    os.utime(record, (later, later))
    assert gptexit.status(root).checked is None
    (root / ".gptexit/checked.json").write_bytes(b"[]")
    assert gptexit.status(root).checked is None
    assert gptexit.verify(root).verdict == "complete"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything can be written")
def test_a_folder_that_cannot_be_written_is_verified_all_the_same() -> None:
    house = made() / ".gptexit"
    house.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert gptexit.verify("notes").verdict == "complete"
    assert not (house / "checked.json").exists()


@pytest.mark.slow
def test_a_check_is_not_written_through_a_link(tmp_path: Path) -> None:
    root = made()
    (tmp_path / "theirs").write_text("theirs")
    (root / ".gptexit/checked.json").symlink_to(tmp_path / "theirs")
    assert gptexit.verify(root).verdict == "complete"
    assert (tmp_path / "theirs").read_text() == "theirs"


@pytest.mark.slow
def test_a_newer_export_is_found_with_the_command_that_takes_it_in(tmp_path: Path) -> None:
    shutil.copy(SHARDED, "chatgpt-export.zip")
    made("old", "markdown", include=frozenset({"reasoning", "tools"}), callouts="plain")
    newer = tmp_path / "home/Downloads/chatgpt export.zip"
    shutil.copy(SLIM, newer)
    status = gptexit.status("old")
    assert [it.paths for it in status.newer] == [[str(newer)]]
    words = f'gptexit convert "{newer}" --include reasoning,tools --callouts plain -o old'
    assert commands(status)[0] == words
    gptexit.convert(newer, "old", ["markdown"])
    status = gptexit.status("old")
    assert status.newer == []
    assert [it.name for it in status.exports] == ["chatgpt-export.zip", "chatgpt export.zip"]
    (command,) = commands(status)
    assert command is not None
    assert shlex.split(command)[-1] == "old"
    names = {Path(word).name for word in shlex.split(command)[2:-1]}
    assert names == {"chatgpt-export.zip", "chatgpt export.zip"}
    aside = Path("chatgpt-export.zip").rename("aside")
    (step,) = gptexit.status("old").next
    assert "(with 1 other export that it was made from)" in step.why
    aside.rename("chatgpt-export.zip")
    assert CliRunner().invoke(main, shlex.split(command)[1:]).exit_code == 0


def pack(path: Path, account: str, year: int, folder: str = "", *, more: str = "") -> Path:
    """Write an export of an account; its members are dated with `year`."""
    raw = conversation(chain(message("user", f"Hello {more}"), message("assistant", "Hi")))
    files = {"user": {"id": account}, "conversations": [raw]}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(f"{folder}{name}.json", (year, 5, 1, 0, 0, 0))
            archive.writestr(info, json.dumps(data))
    return path


@pytest.mark.parametrize(
    ("other", "is_newer"),
    [
        (("user-b", 2026, "", "new"), False),
        (("user-a", 2026, "repacked/", ""), False),
        (("user-a", 2026, "", "new"), True),
    ],
    ids=["another account", "the same export packed again", "newer"],
)
@pytest.mark.parametrize("unpacked", [False, True], ids=["zip", "folder"])
def test_only_an_export_that_can_be_taken_in_is_newer(
    other: tuple[str, int, str, str], is_newer: bool, unpacked: bool
) -> None:
    account, year, folder, more = other
    pack(Path("chatgpt-export.zip"), "user-a", 2025)
    made()
    beside = pack(Path("other.zip"), account, year, "" if unpacked else folder, more=more)
    if unpacked:
        shutil.unpack_archive(beside, "other")
        beside.unlink()
    assert [Path(path).stem for it in gptexit.status("notes").newer for path in it.paths] == (
        ["other"] if is_newer else []
    )


@pytest.mark.slow
def test_a_folder_with_several_formats_is_one() -> None:
    made("both", "jsonl", "sqlite")
    status = gptexit.status("both")
    assert (status.kind, status.conversations) == ("archives", 23)
    gptexit.verify("both", "chatgpt-export.zip")
    assert gptexit.status("both").checked


@pytest.mark.slow
def test_a_run_that_was_killed_is_named() -> None:
    root = made()
    (root / ".gptexit/0123456789abcdef.journal").touch()
    assert gptexit.status(root).interrupted


def test_what_is_no_archive_gets_one_sentence() -> None:
    Path("empty").mkdir()
    Path("lines.jsonl").write_text("{}\n")
    made("one", "sqlite")
    made("two", "jsonl")
    wanted = {
        "nosuch": "nosuch does not exist: check",
        "empty": "empty holds no archive that gptexit wrote. Give the folder",
        "lines.jsonl": "lines.jsonl is a file, not an archive. Give the folder",
        "chatgpt-export.zip": "is an export of ChatGPT, not an archive. To see what it holds",
        "one/chatgpt.sqlite": "is a file of the archive in one. For the archive: gptexit",
        ".": ". holds 2 archives. For one of them: gptexit status one; gptexit status two",
    }
    for path, sentence in wanted.items():
        with pytest.raises(NoArchive) as raised:
            gptexit.status(path)
        assert sentence in str(raised.value)
    assert printed("nosuch").startswith("Error: nosuch does not exist")


def test_hostile_records_are_read_as_far_as_they_are_ours() -> None:
    house = Path("theirs/.gptexit")
    house.mkdir(parents=True)
    record = {
        "format": "../\x1b[2Jx",
        "tool": [],
        "exports": [{"name": 3}, {"name": "\x1b[2J.zip", "made": {}}],
        "sources": "none",
        "parts": [{"path": ["x"]}, 3],
        "options": {"include": [[1]], "callouts": "x; rm -rf /", "timezone": 3},
    }
    (house / "archive.json").write_text(json.dumps(record))
    (house / "manifest.jsonl").write_text('{"key":"conversation/x","path":"../../x"}\n[]\n')
    (house / "checked.json").write_text('{"time": "9999", "verdict": 3, "source": []}')
    status = gptexit.status("theirs")
    assert status.checked is None
    assert [it.name for it in status.exports] == ["\x1b[2J.zip"]
    assert "\x1b" not in printed("theirs")
