"""The formats messages and sharegpt, loaded by `datasets`, and held against the export."""

from __future__ import annotations

import io
import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import gptexit
from gptexit.archive.manifest import Catalog
from gptexit.writers.base import Options, WriterSetting
from gptexit.writers.registry import FORMATS
from support.apps import house
from support.apps.compare import NO_CHANGE, App, AppConversation, add_row

DATASETS = "5.2.0"
NOTES = {
    "branches": NO_CHANGE,
    "images": "a line holds text: a file is named where it was",
    "files": "a line holds text: a file is named where it was",
    "dates": "a line has no dates",
    "models": "a line names no model",
}
LOAD = """
import json, sys
from datasets import load_dataset
rows = load_dataset("json", data_files=sys.argv[1], split="train", cache_dir=sys.argv[2])
print(json.dumps({"columns": rows.column_names, "rows": list(rows)}))
"""
FORMS = {
    "messages": ("messages", "role", "content"),
    "sharegpt": ("conversations", "from", "value"),
}


@pytest.fixture(scope="module")
def python() -> Path:
    return house.environment("datasets", [f"datasets=={DATASETS}"]) / "python"


def loaded(python: Path, file: Path, cache: Path) -> Any:
    done = subprocess.run(
        [python, "-c", LOAD, file, cache], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def by_conversation(export: Path, name: str) -> dict[str, list[Any]]:
    """The lines of each conversation, by its id: a line itself does not say of which it is."""
    writer = FORMATS[name].make(Options(), WriterSetting(Catalog(), lambda member: io.BytesIO()))
    with gptexit.open(export) as source:
        return {
            conversation["id"]: [
                json.loads(line)
                for file in writer.render(conversation).files
                for line in file.data.splitlines()
            ]
            for conversation in source
        }


def is_conversational(row: Any) -> bool:
    """What `trl` asks of a row before it puts a model's template around it."""
    first = row["messages"][0]
    return isinstance(first, dict) and "role" in first and "content" in first


@pytest.mark.parametrize("name", FORMS)
def test_every_line_is_loaded(
    name: str, python: Path, export: Any, held: Any, tmp_path: Path
) -> None:
    column, who, what = FORMS[name]
    gptexit.convert(export, tmp_path / "out", [name])
    table = loaded(python, tmp_path / f"out/{name}.jsonl", tmp_path / "cache")
    assert table["columns"] == [column]
    lines = by_conversation(export, name)
    assert table["rows"] == [line for own in lines.values() for line in own]
    for row in table["rows"]:
        assert name != "messages" or is_conversational(row)
        assert all(one[who] != next[who] for one, next in pairwise(row[column]))
    found = [
        AppConversation(
            key, None, None, None, text="\n".join(s[what] for line in own for s in line[column])
        )
        for key, own in lines.items()
    ]
    app = App(f"datasets, {name}", NOTES, elsewhere="not part of this text")
    add_row(app, export, held(export), found)


def test_columns_are_the_same_with_every_option(python: Path, export: Any, tmp_path: Path) -> None:
    include = frozenset({"hidden", "reasoning", "tools", "instructions"})
    gptexit.convert(export, tmp_path / "out", ["messages"], options=Options(include=include))
    table = loaded(python, tmp_path / "out/messages.jsonl", tmp_path / "cache")
    assert table["columns"] == ["messages"]
    assert all(map(is_conversational, table["rows"]))
