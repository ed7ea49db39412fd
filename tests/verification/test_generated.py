"""What `verify` says of archives that nobody damaged: nothing is wrong with them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.verification.result import Result
from support.build import chain, conversation, message
from support.exports import ROOT

MARK = "\ue200cite\ue202turn0search0\ue201"


def verified(source: Path, folder: Path, formats: tuple[str, ...] = ("markdown",)) -> Result:
    convert(source, folder / "out", formats)
    with open_export([source], careful=True) as export:
        return verify(folder / "out", export)


@pytest.mark.slow
@pytest.mark.parametrize("style", ["fat", "slim"])
def test_a_generated_export_is_complete(style: str, tmp_path: Path) -> None:
    source = tmp_path / "export.zip"
    script = str(ROOT / "fixtures/generate.py")
    command = [sys.executable, script, str(source), "--size", "1MB", "--style", style]
    subprocess.run([*command, "--seed", "3"], check=True, capture_output=True)
    result = verified(source, tmp_path, ("markdown", "jsonl", "sqlite"))
    assert (result.verdict, result.problems) == ("complete", [])


@pytest.mark.parametrize("space", ["", " ", "\n"])
@pytest.mark.parametrize("sign", [*".!?:;,)]}*_`'\"…。！？」", "`code`", "**!**", "!!", "x!"])
def test_a_source_may_follow_any_sign(sign: str, space: str, tmp_path: Path) -> None:
    answer = message("assistant", f"The first words{sign}{space}{MARK} and the last ones{sign}")
    page = {"title": "A page", "url": "https://example.org/page"}
    reference = {"type": "grouped_webpages", "matched_text": MARK, "items": [page]}
    answer["metadata"]["content_references"] = [reference]
    source = tmp_path / "conversations.json"
    source.write_text(json.dumps([conversation(chain(message("user", "A question"), answer))]))
    result = verified(source, tmp_path)
    assert (result.verdict, result.problems) == ("complete", [])
    (note,) = (tmp_path / "out").rglob("2*.md")
    assert "https://example.org/page" in note.read_text()
