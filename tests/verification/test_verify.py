"""Verification: what is whole is said to be whole, and each damage is found and named."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from gptexit.conversion import convert
from gptexit.errors import NoArchive
from gptexit.names import Names
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.selection import Selection
from gptexit.verification.result import Result
from gptexit.writers.base import Options
from support.archives.damage import FAULTS, LINES, NOTES, as_a_disk_does, promise_anew
from support.build import chain, conversation, message
from support.exports import FIXTURES, ROOT

pytestmark = pytest.mark.slow

SLIM = ROOT / "fixtures/slim-2026.zip"
PLACES = 2
"""In each of which a damage is tried here; `tests/run_mutations.py` tries 20."""


def check(source: Path, root: Path) -> Result:
    with open_export([source], careful=True) as export:
        return verify(root, export)


# The largest sample has no form that the others lack.
SMALL = [path for path in FIXTURES if path.stem != "sharded-2026"]


@pytest.fixture(scope="module", params=SMALL, ids=lambda path: path.stem)
def archived(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """An export, and its archives in both formats."""
    root = tmp_path_factory.mktemp("archive")
    convert(request.param, root, ["markdown", "jsonl"])
    return request.param, root


@pytest.mark.parametrize("source", SMALL, ids=lambda path: path.stem)
def test_what_a_date_leaves_out_is_not_missing(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "all", "jsonl")
    lines = (tmp_path / "all/conversations.jsonl").read_bytes().splitlines()
    dates = {json.loads(line)[name] for line in lines for name in ("created", "updated")}
    bounds = sorted(filter(None, dates))
    for number in range(1, 6):
        bound = bounds[len(bounds) * number // 6]
        for name in ("since", "until"):
            root = tmp_path / f"{name}-{number}"
            convert(source, root, "jsonl", selection=Selection(**{name: bound}))
            assert check(source, root).problems == []


def test_what_was_just_written_is_complete(archived: tuple[Path, Path]) -> None:
    source, root = archived
    result = check(source, root)
    assert result.problems == []
    assert result.verdict != "not complete"
    markdown, jsonl = sorted(result.archives, key=lambda each: each.format, reverse=True)
    assert markdown.conversations == jsonl.conversations > 3
    assert jsonl.messages >= markdown.messages > 3
    # Part of one sample cannot be read, which the archive itself tells ever after.
    lossy = source.stem == "dat-2026"
    assert verify(root).verdict == ("complete except" if lossy else "complete")


@pytest.mark.parametrize("kind", [*NOTES, *LINES])
def test_damage_is_found_and_named(archived: tuple[Path, Path], kind: str, tmp_path: Path) -> None:
    source, root = archived
    format_name = "markdown" if kind in NOTES else "jsonl"
    damage = NOTES.get(kind) or LINES[kind]
    found = 0
    for place in range(PLACES):
        copy = tmp_path / str(place)
        shutil.copytree(root / format_name, copy)
        with as_a_disk_does(copy):
            touched = damage(copy, random.Random(f"{kind}{place}"))
        if touched is None:
            continue
        if kind == "renamed_note":
            assert touched == [file.file for file in verify(copy).moved]
            assert touched == [file.file for file in check(source, copy).moved]
            assert verify(copy).problems == check(source, copy).problems == []
            continue
        named = {problem.file for problem in verify(copy).problems}
        assert set(touched) <= named, (place, touched)
        found += 1
        if place < 1:  # the same in the light of the source, which takes longer
            result = check(source, copy)
            assert set(touched) <= {problem.file for problem in result.problems}
            assert result.verdict == "not complete"
    assert found in (0, PLACES)
    if kind == "renamed_note":
        return
    assert found or kind == "swapped_images" or (source.stem == "classic-2023" and "asset" in kind)


@pytest.mark.parametrize(
    ("format_name", "fault"),
    [(name, fault) for name, faults in FAULTS.items() for fault in faults],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_faulty_writer_is_found_out(
    archived: tuple[Path, Path], format_name: str, fault: Callable[..., Any], tmp_path: Path
) -> None:
    """Damage that the manifest agrees with can only be found by reading the texts."""
    source, root = archived
    for place in range(PLACES if source == SLIM else 1):
        copy = tmp_path / str(place)
        shutil.copytree(root / format_name, copy)
        if fault(copy, random.Random(place)) is None:
            continue
        promise_anew(copy)
        assert verify(copy).problems == []
        assert check(source, copy).problems, place


def test_a_note_that_was_added_to_is_no_loss(tmp_path: Path) -> None:
    convert(SLIM, tmp_path, options=Options(timezone=UTC))
    note = next(tmp_path.glob("2026/*bicycle*.md"))
    text = note.read_text(encoding="utf-8")
    note.write_text(text.replace("tags: [chatgpt]", "tags: [chatgpt]\nmine: yes") + "\nMy words.\n")
    result = check(SLIM, tmp_path)
    assert result.problems == []
    assert result.edited == [note.relative_to(tmp_path).as_posix()]
    assert verify(tmp_path).verdict == "not complete"


def test_a_note_that_was_added_to_is_no_loss_whatever_it_was_written_with(tmp_path: Path) -> None:
    source = tmp_path / "conversations.json"
    picture = "See ![a map](https://example.org/map.png)."
    chat = conversation(
        chain(message("user", "Where?"), message("assistant", picture)),
        **{"title": "Harbour", "gizmo_id": "g-p-1"},
    )
    source.write_text(json.dumps([chat]), encoding="utf-8")
    options = Options(
        timezone=UTC, web_images="keep", layout="project", names=Names({"g-p-1": "The move"})
    )
    convert(source, tmp_path / "out", options=options)
    (note,) = (tmp_path / "out").rglob("*harbour*.md")
    text = note.read_text(encoding="utf-8")
    assert "The move" in text and picture in text
    note.write_text(text + "\nMy words.\n", encoding="utf-8")
    result = check(source, tmp_path / "out")
    assert result.problems == []
    assert result.edited == [note.relative_to(tmp_path / "out").as_posix()]


def test_a_selection_is_no_loss(tmp_path: Path) -> None:
    convert(SLIM, tmp_path, ["markdown", "jsonl"], selection=Selection(title="bicycle"))
    result = check(SLIM, tmp_path)
    assert result.problems == []
    assert {archive.left_out for archive in result.archives} == {22}


def test_odd_trees_and_ids_are_read_as_they_were_written(tmp_path: Path) -> None:
    """A circle that begins at a child's claim, and an id that fills the head of a note."""
    mapping = {
        "a": {"parent": "c", "message": message("user", "One", create_time=1e9)},
        "b": {"parent": "a", "message": message("assistant", "Two", create_time=1e9 + 1)},
        "c": {"parent": "b", "message": message("user", "Three", create_time=1e9 + 2)},
        "d": {"parent": "gone", "message": message("user", "Four"), "children": []},
        "e": {"parent": None, "message": None, "children": ["d"]},
        "f": {"parent": None, "message": None, "children": ["d"]},
    }
    source = tmp_path / "export.json"
    source.write_text(
        json.dumps([conversation(mapping, conversation_id="x" * 100_000, current_node="d")])
    )
    made = convert(source, tmp_path / "out", ["markdown", "jsonl", "chatgpt"])
    assert made["complete"]
    assert check(source, tmp_path / "out").problems == []


def test_another_export_is_not_in_it(tmp_path: Path) -> None:
    convert(SLIM, tmp_path)
    result = check(ROOT / "fixtures/classic-2023.zip", tmp_path)
    assert len([problem for problem in result.problems if "missing from" in problem.what]) == 11
    assert result.archives[0].older == 23


def test_what_the_export_lacks_is_said(tmp_path: Path) -> None:
    source = ROOT / "fixtures/dat-2026.zip"
    convert(source, tmp_path)
    result = check(source, tmp_path)
    assert result.verdict == "complete except"
    assert "2 files that its own list names" in result.lacking


def test_no_archive_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoArchive, match="no archive"):
        verify(tmp_path)


def test_an_asset_that_the_export_does_not_give_back_whole(tmp_path: Path) -> None:
    export = tmp_path / "export.zip"
    shutil.copy(SLIM, export)
    convert(export, tmp_path / "out")
    with zipfile.ZipFile(export) as archive:
        image = next(member for member in archive.infolist() if member.filename.endswith(".dat"))
    data = bytearray(export.read_bytes())
    at = image.header_offset + 40 + len(image.filename)
    data[at] ^= 0xFF
    export.write_bytes(bytes(data))
    assert check(export, tmp_path / "out").problems == []


@pytest.mark.parametrize("kind", NOTES)
def test_what_a_person_may_have_done_is_named_too(
    archived: tuple[Path, Path], kind: str, tmp_path: Path
) -> None:
    """The same changes with new times: listed apart, and complete only if nothing is lacking."""
    source, root = archived
    copy = shutil.copytree(root / "markdown", tmp_path / "copy")
    touched = NOTES[kind](copy, random.Random(kind))
    if touched is None:
        return
    for result in (verify(copy), check(source, copy)):
        named = {problem.file for problem in result.problems} | {*result.edited, *result.changed}
        assert set(touched) <= named | {file.file for file in result.moved}
    if kind in ("changed_character", "lost_paragraph", "swapped_messages"):
        assert result.verdict == verify(copy).verdict == "not complete"
