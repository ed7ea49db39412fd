"""ChatGPT's own form again, read by programs that other people wrote to read ChatGPT's export."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gptexit import convert
from support.apps import house
from support.exports import FIXTURES


def run(program: Any, arguments: Any, folder: Any) -> Any:
    environment = {**os.environ, "HOME": str(folder)}
    command = [program, *map(str, arguments)]
    done = subprocess.run(
        command, check=False, cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def by_convoviz(program: Any, export: Any, folder: Any) -> Any:
    arguments = ["--input", export, "-o", folder / "out", "--outputs", "markdown", "--flat", "-I"]
    run(program, arguments, folder)
    notes = [path for path in (folder / "out/Markdown").glob("*.md") if path.stem != "_index"]
    return len(notes)


def by_chatgpt_to_sqlite(program: Any, export: Any, folder: Any) -> Any:
    run(program, ["export", unpacked(export, folder), "out.db"], folder)
    with sqlite3.connect(folder / "out.db") as base:
        return base.execute("SELECT count(*) FROM conversations").fetchone()[0]


def by_llm_memex(program: Any, export: Any, folder: Any) -> Any:
    said = run(program, ["import", unpacked(export, folder)], folder)
    return int(said.rpartition("Imported ")[2].split()[0])


def unpacked(export: Any, folder: Any) -> Any:
    with zipfile.ZipFile(export) as archive:
        return archive.extract("conversations.json", folder)


IMPORTERS = {
    "convoviz==0.7.6": ("convoviz", house.newer_python, by_convoviz),
    "chatgpt-to-sqlite==1.0.0": ("chatgpt-to-sqlite", lambda: sys.executable, by_chatgpt_to_sqlite),
    "llm-memex==0.13.0": ("llm-memex", house.newer_python, by_llm_memex),
}


@pytest.fixture(scope="module", params=IMPORTERS)
def importer(request: pytest.FixtureRequest) -> Any:
    command, found, count = IMPORTERS[request.param]
    python = found()
    if not python:
        pytest.skip(f"{command} needs Python 3.12 or later, which is not here")
    return house.environment(command, [request.param], python=python) / command, count


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_every_conversation_is_read(importer: Any, source: Any, tmp_path: Path) -> None:
    program, count = importer
    report = convert(source, tmp_path, ["chatgpt"])
    with zipfile.ZipFile(tmp_path / "chatgpt-export.zip") as archive:
        there = len(json.loads(archive.read("conversations.json")))
    assert there == report["read"]["conversations"]
    assert count(program, tmp_path / "chatgpt-export.zip", tmp_path) == there
