"""The format chatgpt-text, imported by basic-memory, and its notes held against the export."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from gptexit import convert
from support.apps import house
from support.apps.compare import NO_CHANGE, App, AppConversation, add_row, title_of

BASIC_MEMORY = "0.24.1"
APP = App(
    "basic-memory",
    {
        "branches": NO_CHANGE,
        "images": "text alone: a file is named where it was",
        "files": "text alone: a file is named where it was",
        "dates": "a note has the dates of its messages in its text, where they are not counted",
        "models": "a note names no model",
    },
    elsewhere=None,
)


@pytest.fixture(scope="module")
def program() -> Any:
    python = house.newer_python()
    if not python:
        pytest.skip("basic-memory needs Python 3.12 or later, which is not here")
    steps = [[f"basic-memory=={BASIC_MEMORY}"]]
    return house.environment("basic-memory", *steps, python=python) / "basic-memory"


def imported(program: Any, source: Path, home: Path) -> list[Any]:
    """Import, and return front matter and text of each note."""
    own = {"HOME": str(home), "BASIC_MEMORY_HOME": str(home / "notes"), "TZ": "UTC"}
    done = subprocess.run(
        [program, "import", "chatgpt", source, "--folder", "x"],
        check=False,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    notes = []
    for path in sorted((home / "notes/x").glob("*.md")):
        _, front, text = path.read_text(encoding="utf-8").split("---\n", 2)
        notes.append((yaml.safe_load(front), text))
    return notes


def second(time: str) -> int:
    return int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp())


def test_every_conversation_is_a_note(program: Any, export: Any, held: Any, tmp_path: Path) -> None:
    convert(export, tmp_path / "out", ["chatgpt-text"])
    raws = json.loads((tmp_path / "out/conversations.json").read_bytes())
    expected = held(export)
    notes = imported(program, tmp_path / "out/conversations.json", tmp_path)
    assert len(notes) == len(raws)
    assert imported(program, tmp_path / "out/conversations.json", tmp_path) == notes
    free = {(front["title"], second(front["created"])): (front, text) for front, text in notes}
    found = []
    for raw in raws:
        front, text = free.pop((raw["title"], int(raw["create_time"])))
        own = expected[raw["conversation_id"]]
        title = raw["title"] if raw["title"] == title_of(own) else None
        dates = second(front["created"]), second(front["modified"])
        found.append(AppConversation(own.id, title, *dates, text=text))
    assert not free
    add_row(APP, export, expected, found)
