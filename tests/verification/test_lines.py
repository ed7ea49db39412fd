"""Every line of a jsonl archive is read, also one that the export has nothing to do with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gptexit import convert, verify
from support.archives.damage import promise_anew
from support.build import chain, conversation, message

FILE = "conversations.jsonl"


def _cut(line: bytes) -> bytes:
    return line[:-20] + b"\n"


def _broken(line: bytes) -> bytes:
    return line[:-3] + b"]}\n"


def _renamed_at_its_end(line: bytes) -> bytes:
    return line[:-2] + b',"id":"another"}\n'


def _conversation(number: int) -> dict[str, Any]:
    said = chain(message("user", "A question."), message("assistant", "An answer."))
    name = f"c0ffee00-0000-4000-8000-00000000000{number}"
    return conversation(said, conversation_id=name, id=name)


@pytest.mark.parametrize("spoil", [_cut, _broken, _renamed_at_its_end])
@pytest.mark.parametrize("known", [True, False])
def test_a_line_that_only_begins_well_is_found(
    tmp_path: Path, spoil: Callable[[bytes], bytes], known: bool
) -> None:
    raws = [_conversation(number) for number in (1, 2)]
    both, one = tmp_path / "both.json", tmp_path / "one.json"
    both.write_text(json.dumps(raws))
    one.write_text(json.dumps(raws[:1]))
    convert(both, tmp_path / "out", "jsonl")
    path = tmp_path / "out" / FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + spoil(lines[1]))
    promise_anew(tmp_path / "out")
    result = verify(tmp_path / "out", both if known else one)
    assert "line 2 is not a conversation" in [problem.what for problem in result.problems]
