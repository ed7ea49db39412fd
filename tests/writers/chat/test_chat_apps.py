"""What the formats of chat apps promise for any conversation, and for the samples."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings

from gptexit import convert
from gptexit.archive.manifest import Catalog
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.base import CommonOptions
from gptexit.writers.chat.turns import turns_of
from gptexit.writers.librechat import NO_PARENT, LibreChat
from gptexit.writers.open_webui import OpenWebUI
from support.build import add, chain, conversation, message
from support.build import raw_conversations as any_conversations
from support.exports import FIXTURES

USUAL = frozenset({"reasoning"})


def read(raw: dict[str, Any]) -> Any:
    return read_conversation(deepcopy(raw), Account(), ReadStats())


def no_asset(member: str) -> BinaryIO:
    raise OSError(member)


def open_webui(neutral: Any, **options: Any) -> Any:
    target = OpenWebUI(CommonOptions(**options), Catalog(), no_asset)
    files = [*target.render(neutral).files, *target.finish().files]
    (chat,) = json.loads(b"".join(file.data for file in files if file.path.endswith(".json")))
    return chat


def librechat(neutral: Any) -> Any:
    (file,) = LibreChat(CommonOptions(), Catalog()).render(neutral).files
    return json.loads(file.data)


def test_an_answer_with_its_tools_is_one_turn() -> None:
    mapping = chain(
        message("user", "How much rain?"),
        message("assistant", {"content_type": "thoughts", "thoughts": [
            {"summary": "Averages", "content": "Add, then divide."}]}),
        message("assistant", {"content_type": "reasoning_recap", "content": "Thought for 7s"}),
        message("assistant", {"content_type": "code", "language": "python", "text": "sum(rain)"},
                recipient="python"),
        message("tool", {"content_type": "execution_output", "text": "73"}, name="python"),
        message("assistant", "73 mm."),
        message("user", "Thanks."),
    )  # fmt: skip
    turns = turns_of(read(conversation(mapping)), USUAL)
    assert [turn.role for turn in turns.by_id.values()] == ["user", "assistant", "user"]
    answer: Any = turns.by_id["m2"]
    assert [part["type"] for part in answer.parts] == ["reasoning", "code", "output", "text"]
    assert answer.parts[0]["seconds"] == 7
    chat = open_webui(read(conversation(mapping)))["chat"]
    content = chat["history"]["messages"]["m2"]["content"]
    assert '<details type="reasoning" done="true" duration="7">' in content
    assert content.index("Add, then divide.") < content.index("sum(rain)") < content.index("73 mm.")


def test_every_version_stays_behind_its_arrow() -> None:
    mapping = chain(message("user", "Tell a story."), message("assistant", "Once."))
    add(mapping, "other", "m1", message("assistant", "Twice."))
    add(mapping, "end", "other", message("user", "More."))
    chat = open_webui(read(conversation(mapping)))["chat"]["history"]
    assert chat["messages"]["m1"]["childrenIds"] == ["m2", "other"]
    assert chat["currentId"] == "end"
    flat = {
        message["messageId"]: message
        for message in librechat(read(conversation(mapping)))["messages"]
    }
    assert flat["m2"]["parentMessageId"] == flat["other"]["parentMessageId"] == "m1"
    assert flat["m1"]["parentMessageId"] == NO_PARENT


def test_a_version_that_begins_inside_an_answer_stays_one() -> None:
    mapping = chain(message("user", "Go."), message("assistant", "First half."))
    add(mapping, "a", "m2", message("assistant", "Second half."))
    add(mapping, "b", "m2", message("assistant", "Another second half."))
    turns = turns_of(read(conversation(mapping)), USUAL)
    assert turns.by_id["m2"].children == ["a", "b"]


def test_sources_are_numbered_as_the_app_does() -> None:
    words = (
        "Line 28 climbs. \ue200cite\ue202turn0search0\ue201 "
        "It is steep. \ue200cite\ue202turn0search1\ue202turn0search0\ue201"
    )
    refs = [
        {
            "ref_id": {"turn_index": 0, "ref_type": "search", "ref_index": number},
            "url": f"https://example.org/{number}",
            "title": f"Page {number}",
        }
        for number in range(2)
    ]
    metadata = {"search_result_groups": [{"type": "search_result_group", "entries": refs}]}
    mapping = chain(message("user", "?"), message("assistant", words, metadata=metadata))
    answer = open_webui(read(conversation(mapping)))["chat"]["history"]["messages"]["m2"]
    assert answer["content"] == "Line 28 climbs. [1] It is steep. [2] [1]"
    assert [source["source"]["url"] for source in answer["sources"]] == [
        "https://example.org/0",
        "https://example.org/1",
    ]


def test_custom_instructions_become_the_system_prompt_if_asked() -> None:
    content = {
        "content_type": "user_editable_context",
        "user_profile": "I row.",
        "user_instructions": "Be brief.",
    }
    mapping = chain(message("user", content), message("user", "Hello"))
    neutral = read(conversation(mapping))
    assert open_webui(neutral)["chat"]["params"] == {}
    asked = open_webui(neutral, include=frozenset({"instructions"}))["chat"]["params"]["system"]
    assert "I row." in asked
    assert "Be brief." in asked


def assert_tree(messages: dict[str, Any], parent_of: Callable[..., Any], root: str | None) -> None:
    """Every parent is there, stands before its child, and no message is its own ancestor."""
    seen = set()
    for key, turn in messages.items():
        parent = parent_of(turn)
        assert parent == root or parent in seen
        seen.add(key)


@pytest.mark.slow
@settings(max_examples=100)
@given(any_conversations())
def test_any_conversation_becomes_a_sound_tree(raw: dict[str, Any]) -> None:
    neutral = read(raw)
    chat = open_webui(neutral)["chat"]["history"]
    messages = chat["messages"]
    assert_tree(messages, lambda each: each["parentId"], None)
    for key, each in messages.items():
        for child in each["childrenIds"]:
            assert messages[child]["parentId"] == key
        assert each["role"] in ("user", "assistant")
        assert isinstance(each["timestamp"], int)
    assert (chat["currentId"] is None) == (not messages)
    assert chat["currentId"] is None or chat["currentId"] in messages
    flat = {message["messageId"]: message for message in librechat(neutral)["messages"]}
    assert flat.keys() == messages.keys()
    assert_tree(flat, lambda each: each["parentMessageId"], NO_PARENT)
    assert all(turn["text"] for turn in flat.values())


@pytest.mark.slow
@settings(max_examples=100)
@given(any_conversations())
def test_no_visible_text_is_lost(raw: dict[str, Any]) -> None:
    neutral = read(raw)
    chat = open_webui(neutral)["chat"]["history"]["messages"]
    whole = "\n".join(turn["content"] for turn in chat.values())
    for each in neutral["messages"]:
        for part in each["parts"]:
            if each["hidden"] is None and part["type"] == "text" and not part["citations"]:
                assert part["text"].strip("\n") in whole or not part["text"].strip()


@pytest.mark.slow
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_the_samples_in_both_formats(source: Path, tmp_path: Path) -> None:
    report = convert(source, tmp_path, ["open-webui", "librechat"])
    assert report["exit_code"] in (0, 1)
    chats = [
        chat
        for path in sorted((tmp_path / "open-webui").glob("import-*.json"))
        for chat in json.loads(path.read_bytes())
    ]
    assert len(chats) == report["read"]["conversations"]
    files = list((tmp_path / "librechat").glob("[0-9u]*/*.json"))
    assert len(files) == report["read"]["conversations"]
    again = convert(source, tmp_path, ["open-webui", "librechat"])
    assert [target["files_written"] for target in again["targets"]] == [0, 0]


def test_a_recap_alone_is_a_line_and_a_title_of_its_own_is_kept() -> None:
    recap = {"content_type": "reasoning_recap", "content": "Worked for 25s"}
    told = {"finished_text": "Reasoned about tides for 34s", "finished_duration_sec": 34}
    raw = conversation(
        chain(
            message("user", "Why?"),
            message("tool", "The moon pulls.", name="a8km123", weight=0.0, metadata=told),
            message("assistant", recap),
            message("assistant", "The moon."),
        )
    )
    answer = list(open_webui(read(raw))["chat"]["history"]["messages"].values())[1]["content"]
    assert "<summary>Reasoned about tides for 34s</summary>\n> The moon pulls.\n" in answer
    assert answer.endswith("*Worked for 25s*\n\nThe moon.")
    assert answer.count("<details") == 1
    assert librechat(read(raw))["messages"][1]["content"] == [
        {"type": "think", "think": "**Reasoned about tides for 34s**\n\nThe moon pulls."},
        {"type": "think", "think": "Worked for 25s"},
        {"type": "text", "text": "The moon."},
    ]


def test_every_writing_block_is_there_where_they_have_no_id_or_the_same() -> None:
    words = ":::writing{%s}\nFirst\n:::\n:::writing{%s}\nSecond\n:::"
    for one, two in (("", ""), ('id="1"', 'id="1"')):
        raw = conversation(
            chain(
                message("assistant", words % (one, two)),
                message("user", "More"),
                message("assistant", words.replace("First", "Third") % (one, two)),
            )
        )
        shown = str(open_webui(read(raw)))
        assert all(word in shown for word in ("First", "Second", "Third"))
