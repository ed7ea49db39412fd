"""The files of `gptexit convert --to llama-cpp`, on the page of llama.cpp's server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gptexit import convert
from support.apps import demo
from support.apps.compare import add_row
from support.apps.llama_cpp import APP, browse, conversations, serving
from support.exports import ROOT

SHOTS = ROOT / "build/screenshots"


@pytest.fixture(scope="module")
def url() -> Iterator[Any]:
    with serving() as address:
        yield address


def zips(folder: Path) -> list[Path]:
    return sorted(folder.glob("chats-*.zip"))


def test_what_is_imported_is_what_the_export_holds(
    export: Any, url: Any, held: Any, tmp_path: Path
) -> None:
    convert(export, tmp_path / "out", ["llama-cpp"])
    _, base = browse(url, zips(tmp_path / "out"), tmp_path)
    expected = held(export)
    add_row(APP, export, expected, conversations(expected, base))


def test_importing_again_doubles_nothing(url: Any, tmp_path: Path) -> None:
    convert(ROOT / "fixtures/slim-2026.zip", tmp_path / "out", ["llama-cpp"])
    files = zips(tmp_path / "out")
    seen, twice = browse(url, files * 2, tmp_path)
    assert seen["imports"][1]["said"] == ["Skipped 23 conversations already in your library"]
    assert browse(url, files, tmp_path)[1] == twice


def test_a_chat_as_a_person_sees_it(url: Any, tmp_path: Path) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    convert(demo.export(tmp_path / "demo.zip"), tmp_path / "out", ["llama-cpp"])
    seen, _ = browse(
        url,
        zips(tmp_path / "out"),
        tmp_path,
        title=demo.TITLE,
        last="A hosta will do",
        folded="Reasoning",
        called="python",
        shots=str(SHOTS / "llama-cpp"),
    )
    assert demo.QUESTION in seen["text"]
    assert [480, 270] in seen["images"]
    assert demo.THOUGHT not in seen["text"], "thoughts are folded"
    assert demo.THOUGHT in seen["thoughts"]
    assert "area / 0.5**2" in seen["called"]
    assert "12 20" in seen["called"]
    assert "2/2" in seen["text"]
    assert "gpt-5" in seen["text"]
    assert seen["math"] == 3
    assert demo.FIRST not in seen["text"]
    assert demo.FIRST in seen["other"]
    assert "1/2" in seen["other"]
