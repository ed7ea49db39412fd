"""Two exports that say otherwise of a message, though both date the conversation alike."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any
from zipfile import ZipInfo

import pytest

from gptexit.conversion import convert
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.verification.run import verify
from support.build import chain, conversation, message


def export(path: Path, text: str, month: int) -> Path:
    """An export of one message, with the date of a month of 2026."""
    raw = conversation(chain(message("user", text), message("assistant", "Yes.")))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            ZipInfo("conversations.json", (2026, month, 1, 0, 0, 0)), json.dumps([raw])
        )
    return path


@pytest.mark.parametrize("form", ["jsonl", "sqlite"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["older first", "newer first"])
def test_both_are_kept_and_a_repetition_adds_nothing(
    form: str, order: tuple[int, int], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    exports = [
        export(tmp_path / "older.zip", "The first wording", 5),
        export(tmp_path / "newer.zip", "Another wording", 6),
    ]
    held: list[dict[str, Any]] = []
    for _ in range(3):
        for number in order:
            convert(exports[number], out, [form])
        held.append({str(path): path.read_bytes() for path in out.rglob("conversations.jsonl")})
    assert held[1] == held[2]
    for sources in (exports[:1], exports[1:], exports):
        with open_export(sources, careful=True) as opened:
            assert verify(out, opened).verdict == "complete", sources
