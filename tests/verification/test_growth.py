"""What verifying does grows with the export and not with its square: steps are counted."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from support.build import chain, conversation, message

pytestmark = pytest.mark.slow


def steps(tmp_path: Path, raw: list[dict[str, Any]]) -> int:
    """How many lines of `verification` run while an export is verified, and loops within them."""
    size = sum(len(talk["mapping"]) for talk in raw)
    source, out = tmp_path / f"{size}.json", tmp_path / f"out{size}"
    source.write_text(json.dumps(raw))
    convert(source, out, ["markdown", "jsonl", "sqlite"])
    counted = 0

    def count(frame: Any, event: str, argument: bool | None) -> Callable[..., Any] | None:
        nonlocal counted
        if "gptexit" not in frame.f_code.co_filename:
            return None
        counted += 1
        return count

    with open_export([source], careful=True) as export:
        before = sys.gettrace()
        sys.settrace(count)
        try:
            result = verify(out, export)
        finally:
            sys.settrace(before)
    assert result.problems == []
    return counted


def without_id(number: int) -> dict[str, Any]:
    return {
        **conversation(chain(message("user", f"Question {number}"))),
        "conversation_id": None,
        "id": None,
    }


def copy(number: int) -> dict[str, Any]:
    return conversation(chain(message("user", f"Question {number}")))


@pytest.mark.parametrize("made", [without_id, copy])
def test_steps_follow_the_number_of_conversations(made: Callable[..., Any], tmp_path: Path) -> None:
    few = steps(tmp_path, [made(number) for number in range(40)])
    many = steps(tmp_path, [made(number) for number in range(160)])
    assert many < 5.5 * few


def long_chat(number: int) -> dict[str, Any]:
    """A conversation in which two speak in turn, each message in a minute of its own."""
    talk = conversation(
        chain(*(message(("user", "assistant")[at % 2], f"Words {at}") for at in range(number)))
    )
    for at, node in enumerate(talk["mapping"].values()):
        if node["message"]:
            node["message"]["create_time"] = 1_740_000_000 + 60 * at
    return talk


def test_steps_follow_the_length_of_a_conversation(tmp_path: Path) -> None:
    few = steps(tmp_path, [long_chat(40)])
    many = steps(tmp_path, [long_chat(160)])
    assert many < 5.5 * few
