"""A conversation that verify cannot handle is named, and the others are compared."""

from __future__ import annotations

import json

from build import chain, conversation, message
from gptexit.conversion import convert
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.verify import expected
from gptexit.verify.run import verify


def chat(number, *more):
    return conversation(
        chain(message("user", f"Words {number}"), *more),
        conversation_id=f"c{number}",
        title=f"Chat {number}",
    )


def checked(tmp_path, talks):
    source = tmp_path / "conversations.json"
    source.write_text(json.dumps(talks))
    convert(source, tmp_path / "out", ["markdown", "jsonl", "sqlite"])
    with open_export([source], careful=True) as export:
        return verify(tmp_path / "out", export)


def test_it_is_named_and_the_verdict_is_not_complete(tmp_path, monkeypatch):
    said_in = expected.said_in

    def faulty(key, node, reasoning):
        if "Words 3" in json.dumps(node):
            raise RuntimeError("a fault")
        return said_in(key, node, reasoning)

    monkeypatch.setattr("gptexit.verify.told.said_in", faulty)
    result = checked(tmp_path, [chat(number) for number in range(5)])
    assert result.verdict == "not complete"
    [problem] = result.problems
    assert problem.title == "Chat 3"
    assert "could not be compared" in problem.what
    assert [archive.conversations for archive in result.archives] == [4, 4, 4]


def test_types_that_are_no_texts_are_compared(tmp_path):
    odd = {"content_type": "multimodal_text", "parts": [{"content_type": ["a"], "text": "Odd"}]}
    listed = {"content_type": ["b"], "parts": ["Listed"]}
    result = checked(tmp_path, [chat(1, message("assistant", odd), message("assistant", listed))])
    assert result.problems == []


def test_a_time_next_to_zero_is_none(tmp_path):
    talk = chat(1, message("assistant", "Yes", create_time=1_740_000_000.0))
    assert checked(tmp_path, [talk | {"create_time": 1e-300}]).problems == []
