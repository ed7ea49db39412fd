"""A conversation that verify cannot handle is named, and the others are compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.verification import expected
from gptexit.verification.expected import ShownMessage
from gptexit.verification.result import Result
from support.build import add, chain, conversation, message


def chat(number: int, *more: dict[str, Any]) -> dict[str, Any]:
    return conversation(
        chain(message("user", f"Words {number}"), *more),
        conversation_id=f"c{number}",
        title=f"Chat {number}",
    )


def checked(tmp_path: Path, talks: list[dict[str, Any]]) -> Result:
    source = tmp_path / "conversations.json"
    source.write_text(json.dumps(talks))
    convert(source, tmp_path / "out", ["markdown", "jsonl", "sqlite"])
    with open_export([source], careful=True) as export:
        return verify(tmp_path / "out", export)


def test_it_is_named_and_the_verdict_is_not_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_in = expected.said_in

    def faulty(key: str, node: dict[str, Any], reasoning: bool) -> ShownMessage | None:
        if "Words 3" in json.dumps(node):
            raise RuntimeError("a fault")
        return said_in(key, node, reasoning)

    monkeypatch.setattr("gptexit.verification.conversation.said_in", faulty)
    result = checked(tmp_path, [chat(number) for number in range(5)])
    assert result.verdict == "not complete"
    [problem] = result.problems
    assert problem.title == "Chat 3"
    assert "could not be compared" in problem.what
    assert [archive.conversations for archive in result.archives] == [4, 4, 4]


def test_types_that_are_no_texts_are_compared(tmp_path: Path) -> None:
    odd = {"content_type": "multimodal_text", "parts": [{"content_type": ["a"], "text": "Odd"}]}
    listed = {"content_type": ["b"], "parts": ["Listed"]}
    result = checked(tmp_path, [chat(1, message("assistant", odd), message("assistant", listed))])
    assert result.problems == []


def test_a_time_next_to_zero_is_none(tmp_path: Path) -> None:
    talk = chat(1, message("assistant", "Yes", create_time=1_740_000_000.0))
    assert checked(tmp_path, [talk | {"create_time": 1e-300}]).problems == []


def call(command: list[str]) -> dict[str, Any]:
    content = {"content_type": "code", "language": "json", "text": json.dumps({"cmd": command})}
    return {**message("assistant", content), "recipient": "container.exec"}


def test_what_leads_a_turn_without_words_is_looked_for_above_its_words(tmp_path: Path) -> None:
    output = message("tool", {"content_type": "execution_output", "text": "17:00"})
    output["author"] = {"odd": "no role"}
    talk = chat(1, call(["bash", "-lc", "date -u"]), output, message("assistant", "Booked."))
    assert checked(tmp_path, [talk]).problems == []


def test_a_marker_whose_json_was_cut(tmp_path: Path) -> None:
    words = (
        'Take this:\n\n\ue200genui\ue202{"create_shared_list": {"title": "Out", "items": [\x00\x00n'
    )
    assert checked(tmp_path, [chat(1, message("assistant", words + "\n\nEnd."))]).problems == []


def test_a_message_that_is_no_object_stands_below_a_picture(tmp_path: Path) -> None:
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_1a2b"}
    picture = message("tool", {"content_type": "multimodal_text", "parts": [pointer]})
    talk = chat(1, picture, message("assistant", "There it is."))
    last = list(talk["mapping"].values())[-1]
    last["message"] = 253402300799
    assert checked(tmp_path, [talk]).problems == []


def test_tracking_parameters_may_go_whatever_their_value(tmp_path: Path) -> None:
    url = "https://radio.example.com/lifts?utm_source=chatg`t.com"
    reference = {
        "type": "webpage",
        "title": "Lifts",
        "url": url,
        "matched_text": "\ue200cite\ue201",
    }
    said = message(
        "assistant", "Here \ue200cite\ue201.", metadata={"content_references": [reference]}
    )
    assert checked(tmp_path, [chat(1, said)]).problems == []


def test_the_message_above_an_empty_node_is_not_the_last_one(tmp_path: Path) -> None:
    """Without a current node the branch of the newest last message opens, in both readings."""
    mapping = chain(message("user", "How?", create_time=1_740_000_300.0))
    mapping["between"] = {"id": "between", "parent": "m1", "children": [], "message": None}
    add(mapping, "m2", "between", message("assistant", "So.", create_time=1_740_000_100.0))
    talk = conversation(mapping, conversation_id="c1", current_node={})
    assert checked(tmp_path, [talk]).problems == []
    (note,) = (tmp_path / "out/markdown").glob("2*/*.md")
    assert "So." in note.read_text(encoding="utf-8")


def test_a_part_without_words_of_its_own_is_not_more_than_was_said(tmp_path: Path) -> None:
    odd = {"content_type": "text", "parts": ["Before", {"deep": {"down": "Words deep down"}}]}
    assert checked(tmp_path, [chat(1, message("assistant", odd))]).problems == []


def test_the_keys_of_a_card_that_nobody_knows_may_be_shown(tmp_path: Path) -> None:
    card = {"type": "hygrometer", "matched_text": "\ue200air\ue201", "humidity": "80 percent"}
    talk = chat(1, message("assistant", "\ue200air\ue201", metadata={"content_references": [card]}))
    assert checked(tmp_path, [talk]).problems == []


def test_a_conversation_is_dated_by_none_of_its_messages_from_before_1970(tmp_path: Path) -> None:
    early = message("assistant", "Yes", create_time=-86_400)
    late = message("assistant", "No", create_time=1_740_000_000.0)
    talk = {key: value for key, value in chat(1, early, late).items() if key != "create_time"}
    assert checked(tmp_path, [talk]).problems == []
    line = json.loads((tmp_path / "out/jsonl/conversations.jsonl").read_text(encoding="utf-8"))
    assert line["created"].startswith("2025-02")


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        '{"path": "a\\u0000b", "sha256": "0", "key": "conversation/1"}',
        '{"path": "a\\ud800b", "sha256": "0", "key": "conversation/1"}',
        '{"path": "/etc/passwd", "sha256": "0", "key": "conversation/1"}',
        '{"path": "../a", "sha256": "0", "key": "conversation/1"}',
        '{"path": ["a"], "sha256": "0", "key": "conversation/1"}',
        "[" * 100_000,
        "[1, 2]",
    ],
    ids=lambda line: line[:24],
)
def test_a_line_that_no_run_wrote_into_a_manifest_is_named(tmp_path: Path, line: str) -> None:
    checked(tmp_path, [chat(1)])
    manifest = tmp_path / "out/markdown/.gptexit/manifest.jsonl"
    manifest.write_text(manifest.read_text() + line + "\n")
    said = {problem.what for problem in verify(tmp_path / "out/markdown").problems}
    number = len(manifest.read_text().splitlines())
    wanted = (
        f"line {number} cannot be read",
        f"line {number} names a file outside of the archive",
    )
    assert said.intersection(wanted)
