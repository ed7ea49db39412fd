"""The folder of `gptexit convert --to sillytavern`, in the real app."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gptexit import convert
from support.apps import demo, house, sillytavern
from support.apps.compare import add_row
from support.exports import ROOT

SHOTS = ROOT / "build/screenshots"


@pytest.fixture(scope="module")
def tavern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sillytavern.Running]:
    with sillytavern.running(tmp_path_factory.mktemp("sillytavern")) as server:
        yield server


@pytest.fixture
def empty_tavern(tavern: sillytavern.Running) -> sillytavern.Running:
    tavern.empty()
    return tavern


def test_the_app_has_what_the_export_holds(
    export: Any, empty_tavern: sillytavern.Running, held: Any, tmp_path: Path
) -> None:
    convert(export, tmp_path, ["sillytavern"])
    empty_tavern.bring(tmp_path)
    expected = held(export)
    add_row(sillytavern.APP, export, expected, sillytavern.conversations(empty_tavern))


def test_brought_twice_nothing_is_doubled(
    empty_tavern: sillytavern.Running, tmp_path: Path
) -> None:
    convert(ROOT / "fixtures/fat-2024.zip", tmp_path, ["sillytavern"])
    empty_tavern.bring(tmp_path)
    before = sillytavern.conversations(empty_tavern)
    convert(ROOT / "fixtures/fat-2024.zip", tmp_path, ["sillytavern"])
    empty_tavern.bring(tmp_path)
    assert sillytavern.conversations(empty_tavern) == before


def test_the_search_finds_what_was_said(empty_tavern: sillytavern.Running, tmp_path: Path) -> None:
    convert(demo.export(tmp_path / "demo.zip"), tmp_path / "out", ["sillytavern"])
    empty_tavern.bring(tmp_path / "out")
    (character,) = empty_tavern.characters()
    assert character["name"] == "ChatGPT"
    (name,) = empty_tavern.search(character["avatar"], "hostas shade")
    assert name == character["chat"]
    assert not empty_tavern.search(character["avatar"], "marmalade")


def test_a_single_chat_by_the_import_of_the_app(
    empty_tavern: sillytavern.Running, tmp_path: Path
) -> None:
    convert(demo.export(tmp_path / "demo.zip"), tmp_path / "out", ["sillytavern"])
    empty_tavern.bring(tmp_path / "out")
    (path,) = (tmp_path / "out/chats/chatgpt").glob("*.jsonl")
    told = {
        "file_type": "jsonl",
        "avatar_url": "chatgpt.png",
        "character_name": "ChatGPT",
        "user_name": "User",
    }
    answer = httpx.post(
        empty_tavern.url + "/api/chats/import",
        data=told,
        files={"avatar": (path.name, path.read_bytes())},
        trust_env=False,
    )
    (name,) = answer.raise_for_status().json()["fileNames"]
    imported = empty_tavern.chat("chatgpt.png", name.removesuffix(".jsonl"))
    assert imported == [json.loads(line) for line in path.read_text().splitlines()]


def test_a_chat_as_it_stands_on_the_screen(
    empty_tavern: sillytavern.Running, tmp_path: Path
) -> None:
    browser = house.chromium()
    if browser is None:
        pytest.skip("no Chromium is installed")
    convert(demo.export(tmp_path / "demo.zip"), tmp_path / "out", ["sillytavern"])
    empty_tavern.bring(tmp_path / "out")
    SHOTS.mkdir(parents=True, exist_ok=True)
    asked = {"browser": browser, "url": empty_tavern.url, "shot": str(SHOTS / "sillytavern.png")}
    script = ROOT / "tests/support/apps/browse_sillytavern.py"
    done = subprocess.run(
        [str(house.playwright() / "python"), str(script), json.dumps(asked)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert demo.QUESTION in seen["text"]
    assert [480, 270] in seen["images"]
    assert "Thought for 7 seconds" in seen["text"]
    assert demo.THOUGHT not in seen["text"], "thoughts are folded"
    assert demo.THOUGHT in seen["thoughts"]
    assert seen["tables"] == 1
    assert seen["swipes"] == "2/2"
    assert demo.FIRST in seen["branch"]
