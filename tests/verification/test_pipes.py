"""A pipe in the place of an archive's file is a lack, and nobody waits for what comes out of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from support.exports import FIXTURES

pytestmark = pytest.mark.slow

if not hasattr(os, "mkfifo"):
    pytest.skip("needs named pipes", allow_module_level=True)

SOURCE = next(path for path in FIXTURES if path.stem == "classic-2023")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("archive") / "out"
    convert(SOURCE, out, ["markdown", "jsonl", "sqlite"])
    return out


@pytest.mark.parametrize(
    "name",
    [
        "sqlite/chatgpt.sqlite",
        "jsonl/conversations.jsonl",
        "jsonl/.gptexit/manifest.jsonl",
        "jsonl/.gptexit/archive.json",
        "markdown/index.md",
    ],
)
def test_it_is_told(archive: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    shutil.copytree(archive, out)
    (out / name).unlink()
    os.mkfifo(out / name)
    assert verify(out).verdict == "not complete"
    with open_export([SOURCE], careful=True) as export:
        result = verify(out, export)
    assert result.verdict == "not complete"
    assert any(name == problem.file for problem in result.problems)
