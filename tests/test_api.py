"""The library, as its own docstring shows it."""

import pytest

import gptexit
from exports import BESIDE, ROOT, raw_conversations
from gptexit.schemas import errors

SAMPLE = ROOT / "fixtures/slim-2026.zip"


def test_convert_gives_the_report(tmp_path):
    report = gptexit.convert(SAMPLE, tmp_path / "archive", ["markdown", "jsonl"])
    assert list(errors("report", report)) == []
    assert (tmp_path / "archive/markdown/index.md").exists()
    assert (tmp_path / "archive/jsonl/conversations.jsonl").exists()


def test_conversations_one_by_one():
    with gptexit.open_export([SAMPLE]) as export:
        found = [conversation["id"] for conversation in gptexit.conversations(export)]
    # Behind the chats stands the task of Codex.
    assert found[: -BESIDE[SAMPLE.stem][0]] == list(raw_conversations(SAMPLE))


def test_a_wrong_source_and_a_wrong_name_are_said(tmp_path):
    with pytest.raises(gptexit.NotAnExport, match="does not exist"):
        gptexit.convert(tmp_path / "absent.zip", tmp_path / "archive")
    with pytest.raises(AttributeError, match="nonsense"):
        _ = gptexit.nonsense
