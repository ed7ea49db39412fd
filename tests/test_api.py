"""The library, as its own docstring shows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import gptexit
from gptexit.errors import GptexitError, NoSuchAsset
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
        with pytest.raises(NoSuchAsset, match=gone["id"]) as raised:
            export.read_asset(gone)
        assert isinstance(raised.value, FileNotFoundError)
        assert isinstance(raised.value, GptexitError)


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


MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "another name of a format": (lambda: convert(formats="md"), "no format 'md'. The formats are"),
    "a format in capitals": (lambda: convert(formats=["Markdown"]), "no format 'Markdown'"),
    "no format": (lambda: convert(formats=[]), "formats names a format, or several"),
    "a number as a format": (lambda: convert(formats=[3]), "no format 3"),
    "a missing file": (lambda: gptexit.convert("nosuch.zip", "out"), "nosuch.zip does not exist"),
    "an unknown option": (lambda: convert(options={"colour": 1}), "has no option 'colour'"),
    "a wrong value": (lambda: convert(options={"layout": "monthly"}), "layout is one of year"),
    "wrong branches": (lambda: convert(options={"branches": "both"}), "branches is one of"),
    "a text to include": (lambda: convert(options={"include": "tools"}), "include is a set"),
    "a wrong word to include": (lambda: convert(options={"include": {"tool"}}), "include is a set"),
    "a name of a zone": (lambda: convert(options={"timezone": "UTC"}), "timezone is a tzinfo"),
    "true for redact": (lambda: convert(options={"redact": True}), "redact is one of secrets"),
    "a table of names": (lambda: convert(options={"names": "n.csv"}), "names is a dictionary"),
    "options as a text": (lambda: convert(options="flat"), "options is a dictionary"),
    "a file as the folder": (lambda: convert(out=SAMPLE), "is a file, not a folder"),
    "no folder": (lambda: convert(out=""), "out is the folder to write to"),
    "none as the folder": (lambda: convert(out=None), "out is the folder to write to"),
    "a selection as a dictionary": (lambda: convert(selection={}), "selection is a Selection"),
    "a date in a selection": (
        lambda: convert(selection=gptexit.Selection(since=date(2026, 1, 1))),  # type: ignore[arg-type]
        "since of a selection is a text",
    ),
    "an id that is no set": (
        lambda: convert(selection=gptexit.Selection(ids="x")),  # type: ignore[arg-type]
        "ids of a selection is a set",
    ),
    "no process": (lambda: convert(jobs=0), "jobs is a number of processes"),
    "no process to verify": (
        lambda: gptexit.verify("nosuch", SAMPLE, jobs=0),
        "jobs is a number of processes",
    ),
    "no source": (gptexit.open, "no source is given"),
    "a number as a source": (lambda: gptexit.open(123), "of the type int, not a path"),  # type: ignore[arg-type]
    "bytes as a source": (lambda: gptexit.inspect(b"x"), "of the type bytes"),  # type: ignore[arg-type]
    "an empty source": (lambda: gptexit.memory(""), "an empty text, not a path"),
    "a number as an archive": (lambda: gptexit.status(3), "of the type int, not a path"),  # type: ignore[arg-type]
    "no archive": (lambda: gptexit.verify("nosuch"), "nosuch does not exist"),
    "a name as an asset": (
        lambda: gptexit.open(SAMPLE).read_asset("file_1"),  # type: ignore[arg-type]
        'one of the "assets"',
    ),
}


def convert(**given: Any) -> Any:
    return gptexit.convert(SAMPLE, **{"out": "out", **given})


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_a_sentence_and_nothing_is_written(
    mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    act, sentence = MISTAKES[mistake]
    with pytest.raises(gptexit.GptexitError, match=re.escape(sentence)):
        act()
    assert list(tmp_path.iterdir()) == []


def test_one_format_by_its_name_and_several_sources_as_a_list(tmp_path: Path) -> None:
    convert(out=tmp_path / "out", formats="jsonl")
    convert(out=tmp_path / "out", formats=["jsonl", "jsonl"])
    assert (tmp_path / "out/conversations.jsonl").exists()
    with gptexit.open([SAMPLE]) as export:
        assert next(iter(export))["title"]
    assert not gptexit.verify(tmp_path / "out", [SAMPLE]).problems


def test_a_closed_export_says_that_it_is_closed() -> None:
    with gptexit.open(SAMPLE) as export:
        first = iter(export)
        asset = next(asset for found in first for asset in found["assets"] if asset["member"])
    for act in (lambda: next(first), lambda: list(export), lambda: export.read_asset(asset)):
        with pytest.raises(gptexit.GptexitError, match="the export is closed"):
            act()
