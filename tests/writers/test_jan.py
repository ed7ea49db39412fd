"""What Jan shows of the threads, judged by its own way through them (`support.jan`)."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from gptexit import convert
from gptexit.archive.manifest import Catalog
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.base import CommonOptions
from gptexit.writers.chat.turns import turns_of
from gptexit.writers.jan import Jan
from support import jan
from support.build import ROOT as ABOVE
from support.build import add, chain, conversation, message
from support.build import raw_conversations as any_conversations
from support.exports import FIXTURES, ROOT


def read(raw: Any) -> Any:
    return read_conversation(deepcopy(raw), Account(), ReadStats())


def written(neutral: Any, **options: Any) -> tuple[Any, list[Any]]:
    """The thread and its messages."""
    writer = Jan(CommonOptions(**options), Catalog(), lambda member: io.BytesIO(b"png"))
    lines, about = writer.render(neutral).files
    thread = json.loads(about.data)
    jan.is_thread(thread)
    messages = [json.loads(line) for line in lines.data.splitlines()]
    for each in messages:
        jan.is_message(each)
    assert about.path == f"threads/{thread['id']}/thread.json"
    assert all(each["thread_id"] == thread["id"] for each in messages)
    return thread, messages


def texts(thread: Any, messages: list[Any]) -> list[str]:
    return [jan.said(each)[0] for each in jan.shown(thread, messages)]


def several_versions() -> Any:
    mapping = chain(message("user", "Which tea?", create_time=1.0))
    add(mapping, "a1", "m1", message("assistant", "Black.", create_time=2.0))
    add(mapping, "a2", "m1", message("assistant", "Green.", create_time=3.0))
    add(mapping, "u1", "a1", message("user", "How hot?", create_time=4.0))
    add(mapping, "u2", "a1", message("user", "How long?", create_time=5.0))
    add(mapping, "x1", "u1", message("assistant", "Boiling.", create_time=6.0))
    return conversation(mapping, current_node="x1")


def test_the_branch_that_was_seen_last_is_shown_and_the_others_are_versions() -> None:
    thread, messages = written(read(several_versions()))
    assert texts(thread, messages) == ["Which tea?", "Black.", "How hot?", "Boiling."]
    versions = jan.below(messages, "m1")
    assert [jan.said(each)[0] for each in versions] == ["Black.", "Green."]
    assert len(jan.below(messages, "a1")) == 2


def test_of_several_first_questions_the_one_seen_last_is_shown() -> None:
    mapping = chain()
    for number, words in ((1, "First"), (2, "Second"), (3, "Third")):
        add(mapping, f"q{number}", ABOVE, message("user", words, create_time=float(number)))
        answer = message("assistant", f"To {words}", create_time=number + 10.0)
        add(mapping, f"a{number}", f"q{number}", answer)
    thread, messages = written(read(conversation(mapping, current_node="a2")))
    assert texts(thread, messages) == ["Second", "To Second"]
    assert [jan.said(each)[0] for each in jan.below(messages, None)] == ["First", "Second", "Third"]


def test_a_conversation_of_one_branch_can_be_taken_alone() -> None:
    thread, messages = written(read(several_versions()), branches="current")
    assert [jan.said(each)[0] for each in messages] == texts(thread, messages)
    assert len(messages) == 4


def test_an_answer_without_a_question_stays_where_it_is() -> None:
    mapping = chain()
    add(mapping, "q1", ABOVE, message("user", "Hello?", create_time=1.0))
    add(mapping, "a1", ABOVE, message("assistant", "Good morning.", create_time=2.0))
    thread, messages = written(read(conversation(mapping, current_node="a1")))
    assert jan.moved(messages) == []
    assert texts(thread, messages) == ["Good morning."]


def test_thoughts_times_and_models_are_kept() -> None:
    thoughts = {"content_type": "thoughts", "thoughts": [
        {"summary": "Averages", "content": "Add, then divide."}]}  # fmt: skip
    recap = {"content_type": "reasoning_recap", "content": "Thought for 7s"}
    mapping = chain(
        message("user", "How much rain?", create_time=1_740_000_000.25),
        message("assistant", thoughts, create_time=1_740_000_001.5),
        message("assistant", recap),
        message("assistant", "73 mm.", metadata={"model_slug": "gpt-9"}),
    )
    thread, messages = written(read(conversation(mapping)))
    text, reasoning = jan.said(messages[1])
    assert text == "73 mm."
    assert "**Averages**\n\nAdd, then divide." in reasoning
    assert "Thought for 7 seconds" in reasoning
    assert [each["created_at"] for each in messages] == [1_740_000_000_250, 1_740_000_001_500]
    assert messages[1]["metadata"]["model"] == "gpt-9"
    assert (thread["created"], thread["updated"]) == (1_740_000_000, 1_740_000_100)


@pytest.mark.parametrize(
    "words",
    [
        "Write <think> first.",
        "Then <think>so</think> and go on.",
        "As <|channel|>analysis<|message|> says.",
    ],
)
def test_text_about_marks_of_thoughts_stays_text(words: str) -> None:
    _, messages = written(read(conversation(chain(message("user", words)))))
    text, thoughts = jan.said(messages[0])
    assert text.replace(" >", ">") == words
    assert thoughts == ""


def test_custom_instructions_become_the_system_prompt_if_asked() -> None:
    content = {
        "content_type": "user_editable_context",
        "user_profile": "I row.",
        "user_instructions": "Be brief.",
    }
    neutral = read(conversation(chain(message("user", content), message("user", "Hello"))))
    assert "instructions" not in written(neutral)[0]["assistants"][0]
    asked, _ = written(neutral, include=frozenset({"instructions"}))
    assert "I row." in asked["assistants"][0]["instructions"]


def test_a_favorite_is_one_and_its_project_is_not_lost() -> None:
    raw = conversation(
        chain(message("user", "Hello")), is_starred=True, gizmo_id="g-p-1", is_archived=True
    )
    thread, _ = written(read(raw))
    assert thread["metadata"]["is_favorite"] is True
    assert thread["metadata"]["chatgpt"]["project"]["id"] == "g-p-1"
    assert thread["metadata"]["chatgpt"]["archived"] is True


@pytest.mark.parametrize("key", ["../../up", "CON", "", "a/b", "x" * 300, "temporary-chat"])
def test_an_id_of_any_form_is_a_folder_of_its_own(key: str) -> None:
    raw = conversation(chain(message("user", "Hello")), id=key, conversation_id=key)
    thread, _ = written(read(raw))
    assert len(thread["id"]) == 36
    assert set(thread["id"]) <= set("0123456789abcdef-")


@pytest.mark.slow
@settings(max_examples=100)
@given(any_conversations())
def test_any_conversation_becomes_a_sound_tree_with_all_its_words(raw: dict[str, Any]) -> None:
    neutral = read(raw)
    thread, messages = written(neutral)
    turns = turns_of(neutral, frozenset({"reasoning"}))
    assert [each["id"] for each in messages] == list(turns.by_id)
    seen: set[str | None] = {None}
    for each in messages:
        assert each["metadata"]["parentId"] in seen
        seen.add(each["id"])
    assert jan.moved(messages) == []
    path = [each["id"] for each in jan.shown(thread, messages)]
    assert turns.current in path if path else turns.current is None
    whole = "\n".join(jan.said(each)[0] for each in messages).replace(" >", ">")
    for each in neutral["messages"]:
        for part in each["parts"]:
            if each["hidden"] is None and part["type"] == "text" and not part["citations"]:
                assert part["text"].strip("\n").replace(" >", ">") in whole


@pytest.mark.slow
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_the_samples_are_threads_and_a_second_run_changes_nothing(
    source: Path, tmp_path: Path
) -> None:
    report = convert(source, tmp_path, ["jan"])
    found = jan.threads(tmp_path)
    assert len(found) == report["read"]["conversations"]
    again = convert(source, tmp_path, ["jan"])
    assert again["targets"][0]["files_written"] == 0
    named = "".join(path.read_text() for path in (tmp_path / "threads").glob("*/messages.jsonl"))
    for path in tmp_path.glob("files/*"):
        assert f"files/{path.name}" in named


def test_pictures_are_in_their_messages(tmp_path: Path) -> None:
    convert(ROOT / "fixtures/fat-2024.zip", tmp_path, ["jan"])
    kinds = [
        content["type"]
        for _, messages in jan.threads(tmp_path).values()
        for each in messages
        for content in each["content"]
    ]
    assert kinds.count("image_url") > 3
