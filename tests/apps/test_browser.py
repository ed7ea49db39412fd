"""The chat as it stands on the screen, in the system's Chromium."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gptexit import convert
from support.apps import demo, house
from support.apps.pushing import push
from support.exports import ROOT

SHOTS = ROOT / "build/screenshots"


def browse(app: Any, name: Any, **more: Any) -> Any:
    browser = house.chromium()
    if browser is None:
        pytest.skip("no Chromium is installed")
    SHOTS.mkdir(parents=True, exist_ok=True)
    asked = {
        "browser": browser,
        "url": app.url,
        "token": app.token,
        "title": demo.TITLE,
        "last": "A hosta will do",
        "shots": str(SHOTS / name),
        **more,
    }
    command = [
        str(house.playwright() / "python"),
        str(ROOT / "tests/support/apps/browse.py"),
        json.dumps(asked),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_reads_well(seen: Any) -> None:
    assert demo.QUESTION in seen["text"]
    assert [480, 270] in seen["images"]
    assert "Thought for 7 seconds" in seen["text"]
    assert demo.THOUGHT not in seen["text"], "thoughts are folded"
    assert demo.THOUGHT in seen["thoughts"]
    assert "print(int(area" in seen["text"]
    assert "2 Sources" in seen["text"]
    assert "Hellebores through the year" in seen["text"]
    assert "[1]" not in seen["text"]
    assert seen["tables"] == 1
    assert seen["formulas"] == 3
    assert "2/2" in seen["text"]
    assert demo.FIRST not in seen["text"]
    assert "A hosta will do" in seen["text"]
    assert "1/2" in seen["other"]
    assert demo.FIRST in seen["other"]
    assert "A hosta will do" not in seen["other"]


def test_a_file_through_the_settings_dialog(empty_app: Any, tmp_path: Path) -> None:
    convert(demo.export(tmp_path / "demo.zip"), tmp_path / "out", ["open-webui"])
    seen = browse(empty_app, "file", file=str(tmp_path / "out/import-001.json"))
    assert seen["said"] == "Successfully imported 1 chats."
    assert_reads_well(seen)


def test_what_was_pushed(empty_app: Any, tmp_path: Path) -> None:
    code, out, err = push(
        empty_app, demo.export(tmp_path / "demo.zip"), ROOT / "fixtures/slim-2026.zip"
    )
    assert code == 0, out + err
    assert_reads_well(browse(empty_app, "push"))
