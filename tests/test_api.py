"""The library, as its own docstring shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

import gptexit
from gptexit.schemas import errors
from support.exports import BESIDE, ROOT, raw_conversations

SAMPLE = ROOT / "fixtures/slim-2026.zip"


def test_convert_gives_the_report(tmp_path: Path) -> None:
    report = gptexit.convert(SAMPLE, tmp_path / "archive", ["markdown", "jsonl"])
    assert list(errors("report", report)) == []
    assert (tmp_path / "archive/markdown/index.md").exists()
    assert (tmp_path / "archive/jsonl/conversations.jsonl").exists()


def test_conversations_one_by_one() -> None:
    with gptexit.open(SAMPLE) as export:
        found = [conversation["id"] for conversation in export]
        assert [conversation["id"] for conversation in export] == found
        assert export.errors == []
    # Behind the chats stands the task of Codex.
    assert found[: -BESIDE[SAMPLE.stem][0]] == list(raw_conversations(SAMPLE))


def test_a_wrong_source_and_a_wrong_name_are_said(tmp_path: Path) -> None:
    with pytest.raises(gptexit.NotAnExport, match="does not exist"):
        gptexit.convert(tmp_path / "absent.zip", tmp_path / "archive")
    with pytest.raises(AttributeError, match="nonsense"):
        _ = gptexit.nonsense


def test_the_old_way_to_open_an_export_goes_on_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match=r"gptexit\.open"):
        export = gptexit.open_export(str(SAMPLE))
    with export, gptexit.open(SAMPLE) as opened:
        assert list(gptexit.conversations(export)) == list(opened)


def test_the_files_of_conversations_are_read() -> None:
    with gptexit.open(SAMPLE) as export:
        assets = [asset for conversation in export for asset in conversation["assets"]]
        there = [asset for asset in assets if not asset["missing"]]
        assert len(there) > 5
        assert all(len(export.read_asset(asset)) == asset["size"] for asset in there)
        gone = next(asset for asset in assets if asset["missing"])
        with pytest.raises(FileNotFoundError, match=gone["id"]):
            export.open_asset(gone)


def test_what_cannot_be_read_is_among_the_errors(tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    path.write_text('[{"id": "c1", "mapping": {}}, {"id": ')
    with gptexit.open(path) as export:
        assert len(list(export)) == 1
        (error,) = export.errors
    assert "conversations.json" in error.where
    assert "conversations.json" in error.where
    assert error.reason


def test_verify_inspect_and_memory_return_what_the_commands_print(tmp_path: Path) -> None:
    gptexit.convert(SAMPLE, tmp_path / "out", ["jsonl"])
    result = gptexit.verify(tmp_path / "out", SAMPLE)
    assert (result.verdict, result.problems) == ("complete except", [])
    assert gptexit.verify(tmp_path / "out").verdict == "complete"
    (tmp_path / "out/conversations.jsonl").write_bytes(b"")
    assert gptexit.verify(tmp_path / "out", SAMPLE).verdict == "not complete"
    found = gptexit.inspect(SAMPLE)
    assert found.complete
    assert list(errors("inspection", found.as_json())) == []
    assert gptexit.memory(SAMPLE).conversations == found.survey.conversations + 1


def test_names_give_projects_their_names() -> None:
    with gptexit.open(SAMPLE) as export:
        ids = {one["project"]["id"] for one in export if one["project"]}
    with gptexit.open(SAMPLE, names=dict.fromkeys(ids, "Bakery")) as export:
        assert {one["project"]["name"] for one in export if one["project"]} == {"Bakery"}


def test_all_that_is_public_is_listed_and_there() -> None:
    assert set(gptexit.__all__) == set(dir(gptexit)) - {"__version__"}
    assert [name for name in gptexit.__all__ if not getattr(gptexit, name).__doc__] == []
