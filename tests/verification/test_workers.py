"""Several processes prove what one process proves, whatever becomes of them."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gptexit.conversion import convert
from gptexit.errors import NotAnExport
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.verification.run import verify
from gptexit.writers.base import Options
from support.build import chain, conversation, message
from support.deadly import eight_chats, hook, written
from support.exports import FIXTURES
from support.faults.bases import NAMES
from support.faults.case import case

pytestmark = pytest.mark.slow

FORMATS = ("markdown", "jsonl", "sqlite", "chatgpt", "gemini")


def proof(sources: Any, root: Path, jobs: int) -> dict[str, Any]:
    """Verify the archives at a path against an export, and return the result as JSON."""
    with open_export(sources, careful=True) as export:
        return verify(root, export, jobs=jobs).as_json()


def damage(root: Path, seed: int) -> None:
    """Take some bytes out of some files of an archive."""
    chance = random.Random(seed)
    files = [path for path in sorted(root.rglob("*")) if path.suffix in (".md", ".jsonl", ".png")]
    for path in chance.sample(files, min(6, len(files))):
        data = path.read_bytes()
        at = chance.randrange(max(1, len(data)))
        path.write_bytes(data[:at] + data[at + chance.randrange(1, 400) :])


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_any_number_of_processes_proves_the_same(source: Path, tmp_path: Path) -> None:
    formats = FORMATS if source.stem in ("fat-2024", "dat-2026") else ("markdown", "jsonl")
    convert(source, tmp_path, formats)
    whole = proof(source, tmp_path, 1)
    assert whole["verdict"] != "not complete"
    assert proof(source, tmp_path, 2) == whole
    damage(tmp_path, 5)
    wanted = proof(source, tmp_path, 1)
    assert wanted["verdict"] == "not complete"
    for jobs in (2, 5):
        assert proof(source, tmp_path, jobs) == wanted


def test_so_it_is_with_several_exports_and_with_secrets_taken_out(tmp_path: Path) -> None:
    sources = [path for path in FIXTURES if path.stem in ("fat-2024", "dat-2026")]
    for redact in (None, "secrets"):
        out = tmp_path / str(redact)
        convert(sources, out, FORMATS, options=Options(redact=redact))
        damage(out, 7)
        assert proof(sources, out, 2) == proof(sources, out, 1)


@pytest.mark.parametrize("seed", range(10))
def test_so_it_is_with_a_damaged_export(seed: int, tmp_path: Path) -> None:
    made = case(NAMES[seed % len(NAMES)], 700 + seed)
    source = tmp_path / (made.name if made.name != "-" else "export.json")
    source.write_bytes(made.data)
    try:
        convert(source, tmp_path / "out", ("markdown", "jsonl"))
    except NotAnExport:
        return
    assert proof(source, tmp_path / "out", 3) == proof(source, tmp_path / "out", 1)


def chats(folder: Path) -> Path:
    """An export of eight chats, one with the title "deadly" and one without an id."""
    talks = eight_chats()
    for key in ("id", "conversation_id"):
        talks[5].pop(key, None)
    return written(folder, talks)


KILLS = """
import os
from gptexit.verification import comparison
class Deadly(comparison.SourceConversation):
    def __init__(self, raw, rows):
        if raw.get("title") == "deadly":
            os._exit(9)
        super().__init__(raw, rows)
comparison.SourceConversation = Deadly
"""


def test_what_kills_every_worker_is_named_and_never_called_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = chats(tmp_path)
    convert(source, tmp_path / "out", ("markdown", "jsonl"))
    hook(tmp_path, monkeypatch, KILLS)
    found = proof(source, tmp_path / "out", 2)
    assert found["verdict"] == "not complete"
    [problem] = found["problems"]
    assert problem["title"] == "deadly"
    assert "the process that read it ended, twice" in problem["what"]
    assert [archive["conversations"] for archive in found["archives"]] == [7, 7]


def test_where_no_process_can_be_started_all_is_done_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = chats(tmp_path)
    convert(source, tmp_path / "out", ("markdown", "jsonl"))

    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError("no more processes")

    wanted = proof(source, tmp_path / "out", 1)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert proof(source, tmp_path / "out", 2) == wanted
    assert wanted["verdict"] == "complete"


def test_a_conversation_that_comes_twice_is_merged_before_it_is_compared(tmp_path: Path) -> None:
    talk = conversation(chain(message("user", "First"), message("assistant", "Second")))
    shorter = conversation(chain(message("user", "First")))
    source = tmp_path / "conversations.json"
    source.write_text(json.dumps([talk, shorter]))
    convert(source, tmp_path / "out", ("markdown", "jsonl"))
    found = [proof(source, tmp_path / "out", jobs) for jobs in (1, 2)]
    assert found[0] == found[1]
    assert found[0]["verdict"] == "complete"
