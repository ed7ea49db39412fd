"""`gptexit memory` as a person meets it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from gptexit.cli import main
from gptexit.memories.own_list import PROMPT
from gptexit.text.terminal import command_line
from support.build import chain, conversation, message
from support.exports import ROOT

FAT, SLIM = ROOT / "fixtures/fat-2024.zip", ROOT / "fixtures/slim-2026.zip"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["memory", *map(str, words)])


def test_a_page_is_written_and_a_second_run_leaves_it_alone() -> None:
    assert run(FAT, "--for", "claude").exit_code == 0
    first = Path("memory.md").read_bytes()
    assert "[2024-09-02] - Is allergic to walnuts." in first.decode()
    changed = Path("memory.md").stat().st_mtime_ns
    run(FAT, "--for", "claude")
    assert Path("memory.md").stat().st_mtime_ns == changed
    assert sorted(path.name for path in Path().iterdir()) == ["memory.md"]


def test_the_same_command_with_the_answer_takes_the_place_of_the_page() -> None:
    asked = run(SLIM)
    assert PROMPT in asked.output
    Path("answer.txt").write_text("[2025-01-02] - User keeps bees.")
    done = run(SLIM, "--from-file", "answer.txt")
    assert done.exit_code == 0
    assert PROMPT not in done.output
    assert "[2025-01-02] - User keeps bees." in Path("memory.md").read_text()
    assert not Path("memory.new.md").exists()


def test_a_page_of_ones_own_stays() -> None:
    Path("memory.md").write_text("My own notes.")
    done = run(FAT)
    assert "memory.md stays as it is" in done.output
    assert Path("memory.md").read_text() == "My own notes."
    assert "walnuts" in Path("memory.new.md").read_text()


def test_several_exports_and_standard_output() -> None:
    done = run(SLIM, FAT, "-o", "-", "--json", "--quiet")
    found = orjson.loads(done.stdout)
    assert [entry["text"] for entry in found["entries"]][:1] == ["Has a garden on a roof."]
    assert len(found["instructions"]) == 2
    assert found["slim_conversations"] == 22  # one of the 22 is empty; and a task of Codex
    assert list(Path().iterdir()) == []


def test_an_old_export_with_an_empty_chat_is_not_taken_for_one_of_today() -> None:
    done = run(ROOT / "fixtures/classic-2023.zip", "--for", "gemini", "-o", "-")
    assert "summer of 2026" not in done.output
    assert "The export holds no memory." in done.output
    export = command_line([ROOT / "fixtures/classic-2023.zip"])
    assert f"run `gptexit memory {export} --for gemini --from-file answer.txt`" in done.output


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ([FAT, "--for", "pam", "-o", "-"], 2, "writes a folder"),
        ([FAT, "--conversations"], 2, "goes with --for pam"),
        ([FAT, "--from-file", "none.txt"], 2, "there is no file none.txt"),
        (["none.zip"], 3, "none.zip"),
    ],
)
def test_what_cannot_be_done_is_said(words: list[Any], code: int, sentence: str) -> None:
    done = run(*words)
    assert done.exit_code == code
    assert sentence in done.output


def test_a_key_does_not_leave_unless_asked_for() -> None:
    key = "AKIA" + "Q3EXHV2RTY7PLMNB"
    raw = conversation(chain(message("assistant", f"User's key is {key}.", recipient="bio")))
    Path("conversations.json").write_bytes(orjson.dumps([raw]))
    done = run("conversations.json")
    assert "a mark, [redacted: …], is in its place" in done.output
    assert key not in Path("memory.md").read_text()
    run("conversations.json", "--redact", "nothing")
    assert key in Path("memory.md").read_text()
