"""Archives that an earlier gptexit made: they can be run into and verified by this one."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gptexit.cli import main
from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.verification.result import Problem
from gptexit.writers.base import Options

MADE = Path(__file__).parent / "archives/f7a5429"
FORMATS = ["markdown", "jsonl", "sqlite"]
IN_UTC = Options(timezone=UTC)
NOTE = "2023/2023-04-14-sourdough-starter-schedule.md"
SOURDOUGH = "22bf7111-26b6-423e-a083-c4d4c0b5416f"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The archive, its notes as if a writer with other headings had written them."""
    with zipfile.ZipFile(MADE / "archive.zip") as packed:
        packed.extractall(tmp_path)
    root = tmp_path / "archive"
    written_otherwise(root / "markdown")
    return root


def written_otherwise(root: Path) -> None:
    house = root / ".gptexit"
    entries = [json.loads(line) for line in (house / "manifest.jsonl").open()]
    for entry in entries:
        path = root / entry["path"]
        if path.suffix == ".md":
            path.write_text(path.read_text().replace("## ChatGPT", "## Assistant"))
            entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
            entry["size"] = path.stat().st_size
    data = "".join(json.dumps(entry) + "\n" for entry in entries)
    (house / "manifest.jsonl").write_text(data)
    record = json.loads((house / "archive.json").read_bytes())
    record["manifest"] = hashlib.sha256(data.encode()).hexdigest()
    (house / "archive.json").write_text(json.dumps(record))


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The account a year later: the first conversation went on."""
    with zipfile.ZipFile(MADE / "export.zip") as packed:
        account = json.loads(packed.read("conversations.json"))
        others = {name: packed.read(name) for name in packed.namelist()}
    (talk,) = [raw for raw in account if raw["id"] == SOURDOUGH]
    last = talk["current_node"]
    asked = json.loads(json.dumps(next(iter(talk["mapping"][last]["message"] for _ in [0]))))
    asked |= {"id": "later", "author": {"role": "user", "name": None, "metadata": {}}}
    asked["content"] = {"content_type": "text", "parts": ["And in summer?"]}
    talk["mapping"]["later"] = {"id": "later", "message": asked, "parent": last, "children": []}
    talk["mapping"][last]["children"].append("later")
    talk |= {"current_node": "later", "update_time": talk["update_time"] + 3e7}
    path = tmp_path / "later.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in others.items():
            packed.writestr(name, json.dumps(account) if name == "conversations.json" else data)
    return path


def run(source: Path, root: Path, *formats: Any) -> dict[str, dict[str, Any]]:
    report = convert(source, root, formats or FORMATS, options=IN_UTC)
    return {target["format"]: target for target in report["targets"]}


def paths(root: Path) -> set[str]:
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and ".gptexit" not in path.parts
    }


def problems(root: Path, *sources: Path) -> list[Problem]:
    with open_export(sources, careful=True) as export:
        return verify(root, export).problems


def test_an_archive_of_f7a5429_goes_on(archive: Path) -> None:
    before = paths(archive)
    # Verifying works, and finds what that commit left out of notes by mistake, if anything.
    assert not any("is gone" in problem.what for problem in problems(archive, MADE / "export.zip"))
    target = run(MADE / "export.zip", archive)["markdown"]
    assert paths(archive) == before
    assert target["earlier"]["notes_anew"] >= 8
    assert "## Assistant" not in (archive / "markdown" / NOTE).read_text()
    assert problems(archive, MADE / "export.zip") == []
    again = run(MADE / "export.zip", archive)
    assert [target["files_written"] for target in again.values()] == [0, 0, 0]
    assert again["markdown"]["earlier"]["notes_anew"] == 0


def test_the_summary_says_once_that_notes_were_written_anew(archive: Path) -> None:
    said = []
    for _ in range(2):
        words = ["convert", str(MADE / "export.zip"), "-o", str(archive / "markdown")]
        done = CliRunner().invoke(main, [*words, "--timezone", "UTC"])
        said.append("written again, as this version of gptexit writes them" in done.output)
    assert said == [True, False]


def test_a_note_that_the_user_edited_is_left_alone_by_another_writer(
    archive: Path, later: Path
) -> None:
    note = archive / "markdown" / NOTE
    note.write_text(note.read_text() + "\nMine.\n")
    before = note.read_text()
    target = run(MADE / "export.zip", archive)["markdown"]
    assert target["edited"] == []
    assert note.read_text() == before
    assert not note.with_name(note.stem + ".new.md").exists()
    # Its conversation went on: what is new goes beside it.
    target = run(later, archive)["markdown"]
    assert target["edited"] == [NOTE]
    assert note.read_text() == before
    assert "And in summer?" in note.with_name(note.stem + ".new.md").read_text()
    assert problems(archive / "jsonl", later) == []


def test_an_edit_from_now_on_is_told_from_another_writer_by_the_manifest(archive: Path) -> None:
    run(MADE / "export.zip", archive)
    written_otherwise(archive / "markdown")
    manifest = archive / "markdown/.gptexit/manifest.jsonl"
    manifest.write_text(manifest.read_text().replace('"writer": "2"', '"writer": "1"'))
    note = archive / "markdown" / NOTE
    note.write_text(note.read_text() + "\nMine.\n")
    target = run(MADE / "export.zip", archive)["markdown"]
    assert target["edited"] == []
    assert target["earlier"]["notes_anew"] >= 7
    assert target["earlier"]["notes_kept"] == []


def test_an_older_export_does_not_shorten_an_archive_of_f7a5429(
    archive: Path, later: Path, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    run(later, made)
    for entry in (lines := [json.loads(row) for row in manifest_of(made)]):
        entry["about"] = {
            key: entry["about"][key]
            for key in ("title", "created", "project")
            if key in entry["about"]
        }
    (made / "markdown/.gptexit/manifest.jsonl").write_text(
        "".join(json.dumps(entry) + "\n" for entry in lines)
    )
    target = run(MADE / "export.zip", made)["markdown"]
    assert target["earlier"]["notes_kept"] == [NOTE]
    assert "And in summer?" in (made / "markdown" / NOTE).read_text()
    assert "And in summer?" in (made / "jsonl/conversations.jsonl").read_text()


def manifest_of(root: Path) -> list[str]:
    return (root / "markdown/.gptexit/manifest.jsonl").read_text().splitlines()


@pytest.mark.slow
def test_the_archive_is_what_it_was_made_from(tmp_path: Path, archive: Path, later: Path) -> None:
    """A newer export, then the one that the archive was made from: all of both is there."""
    shutil.copytree(archive, tmp_path / "other")
    for order in ([later, MADE / "export.zip"], [MADE / "export.zip", later]):
        root = archive if order[0] == later else tmp_path / "other"
        for source in order:
            run(source, root)
        assert problems(root, later) == []
        assert problems(root, MADE / "export.zip") == []
        assert problems(root, later, MADE / "export.zip") == []
