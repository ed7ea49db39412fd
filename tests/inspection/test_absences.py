"""What no export holds: told for each generation, on the page for leaving too."""

from __future__ import annotations

from pathlib import Path

import pytest

from gptexit.inspection.run import GENERATIONS, absences, all_absences, as_markdown, inspect
from gptexit.readers.chatgpt.export_set import open_export
from support.command import gptexit
from support.exports import FIXTURES, ROOT


def test_every_absence_is_in_some_generation() -> None:
    told = {absence for generation in GENERATIONS for absence in absences(generation)}
    assert told == set(all_absences())
    assert all(absence.since in (None, *GENERATIONS) for absence in told)
    assert all(absence.until in (None, *GENERATIONS) for absence in told)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_memory_projects_and_gpts_are_never_there_and_can_be_copied(generation: str) -> None:
    found = {absence.what.split(":")[0]: absence.how for absence in absences(generation)}
    for what in (
        *("Your memory as a whole", "Names, instructions and files of your projects"),
        "What your custom GPTs are made of",
        "Temporary chats, and conversations that you deleted",
    ):
        assert found[what]


def test_only_slim_exports_lack_what_tools_did() -> None:
    without = [name for name in GENERATIONS if "Code that ChatGPT ran" in as_markdown(name)]
    assert without == ["slim"]


@pytest.mark.slow
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.name)
def test_the_page_for_leaving_says_the_same(source: Path, tmp_path: Path) -> None:
    gptexit("exit", "--quiet", source, "-o", tmp_path / "out")
    page = (tmp_path / "out/START-HERE.md").read_text(encoding="utf-8")
    with open_export([source]) as export:
        generation = inspect(export).form.generation
    assert "## What no export holds\n\n" + as_markdown(generation, str(source)) + "\n\n" in page


def test_two_exports_of_different_generations(tmp_path: Path) -> None:
    full, slim = ROOT / "fixtures/classic-2023.zip", ROOT / "fixtures/slim-2026.zip"
    with open_export([full, slim]) as export:
        found = inspect(export)
    assert found.form.generation == "slim"
    assert (found.form.full, found.form.slim) == (10, 21)
    assert found.form.layout == "both"
