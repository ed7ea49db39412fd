"""The folders of a Markdown archive: by year, by project, flat; and what it began with stays."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gptexit import convert
from gptexit.errors import OtherArchive
from gptexit.names import Names
from gptexit.writers.base import Options
from support.exports import ROOT

pytestmark = pytest.mark.slow

SLIM = ROOT / "fixtures/slim-2026.zip"
FAT = ROOT / "fixtures/fat-2024.zip"
BAKERY = "g-p-65ec96f8f6c8cae3b894ed735ea25fc9"


def made(out: Path, layout: str | None = None, source: Path = SLIM, **options: Any) -> list[str]:
    convert(source, out, options=Options(layout=layout, **options))
    return sorted(
        path.relative_to(out).as_posix()
        for path in out.rglob("*.md")
        if path.name != "index.md" and ".new." not in path.name
    )


def links_are_right(out: Path) -> None:
    """Check that each relative link of each page leads to a file."""
    for page in out.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        for place in re.findall(r"\]\(<?([^)>:#\s]+)>?\)", text):
            assert (page.parent / place).is_file(), (page, place)


@pytest.mark.parametrize("source", [SLIM, FAT], ids=["slim", "fat"])
@pytest.mark.parametrize("layout", ["year", "project", "flat"])
def test_links_are_right_in_every_layout_and_a_second_run_writes_nothing(
    layout: str, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    made(out, layout, source)
    links_are_right(out)
    report = convert(source, out)
    assert report["targets"][0]["files_written"] == 0


def test_the_folders(tmp_path: Path) -> None:
    names = Names({BAKERY: "Bakery"})
    by_year = made(tmp_path / "year")
    assert {"2026", "undated"} <= {path.rpartition("/")[0] for path in by_year}
    assert all(re.fullmatch(r"(\d{4}|undated)/[^/]+\.md", path) for path in by_year)
    assert made(tmp_path / "asked", "year") == by_year
    flat = made(tmp_path / "flat", "flat")
    assert {path.rpartition("/")[0] for path in flat} == {"notes"}
    assert len(flat) == len(by_year)
    by_project = made(tmp_path / "project", "project", names=names)
    assert "projects/bakery/2026-07-21-a-logo-for-the-bakery.md" in by_project
    assert all(path in by_year or path.startswith("projects/") for path in by_project)
    unnamed = made(tmp_path / "unnamed", "project")
    assert "projects/65ec96f8/2026-07-21-a-logo-for-the-bakery.md" in unnamed


def test_an_archive_keeps_its_layout_and_refuses_another(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = made(out, "flat")
    record = json.loads((out / ".gptexit/archive.json").read_bytes())
    assert record["options"]["layout"] == "flat"
    assert made(out) == first
    assert made(out, "flat") == first
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(OtherArchive, match="has the layout flat"):
        made(out, "project")
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_an_archive_of_before_is_laid_out_by_year(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = made(out)
    path = out / ".gptexit/archive.json"
    record = json.loads(path.read_bytes())
    del record["options"]["layout"]
    path.write_text(json.dumps(record))
    with pytest.raises(OtherArchive, match="has the layout year"):
        made(out, "flat")
    assert made(out) == made(out, "year") == first


def test_a_first_run_that_was_cut_can_be_run_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = made(out, "project")
    (out / ".gptexit/archive.json").unlink()
    assert made(out) == first
    (out / ".gptexit/archive.json").unlink()
    assert made(out, "project") == first


def test_another_format_in_the_folder_does_not_make_it_forget(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = made(out, "flat")
    with pytest.raises(OtherArchive):
        convert(SLIM, out, ["jsonl"])
    assert made(out) == first


def test_a_project_that_gets_a_name_keeps_its_folder_and_its_notes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = made(out, "project")
    assert made(out, names=Names({BAKERY: "Bakery"})) == first
    links_are_right(out)
    page = (out / "index.md").read_text(encoding="utf-8")
    assert "## Project Bakery\n" in page
    assert "](projects/65ec96f8/2026-07-21-" in page
