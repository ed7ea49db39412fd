"""What LM Studio shows of the chats, as far as others tell its form (`support.lm_studio`)."""

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
from gptexit.writers import lm_studio as writer
from gptexit.writers.base import CommonOptions
from gptexit.writers.chat.lines import CUT
from gptexit.writers.lm_studio import LMStudio
from support import lm_studio
from support.build import ROOT as ABOVE
from support.build import add, chain, conversation, message
from support.build import raw_conversations as any_conversations
from support.exports import FIXTURES, ROOT


def read(raw: Any) -> Any:
    return read_conversation(deepcopy(raw), Account(), ReadStats())


def chats(neutral: Any, **options: Any) -> list[Any]:
    made = LMStudio(CommonOptions(**options), Catalog(), lambda member: io.BytesIO(b"png"))
    files = made.render(neutral).files
    return [lm_studio.chat(file.data) for file in files if file.path.startswith("conversations/")]


def texts(chat: Any) -> list[str]:
    return [lm_studio.said(version)[0] for version in lm_studio.selected(chat)]


def tea() -> Any:
    """A question with three answers, one of which went on, in two ways."""
    mapping = chain(message("user", "Which tea?"))
    for key, words in (("a1", "Black."), ("a2", "Green."), ("a3", "None.")):
        add(mapping, key, "m1", message("assistant", words))
    add(mapping, "u1", "a1", message("user", "How hot?"))
    add(mapping, "x1", "u1", message("assistant", "Boiling."))
    add(mapping, "u2", "a1", message("user", "How long?"))
    add(mapping, "x2", "u2", message("assistant", "Three minutes."))
    return mapping


def test_versions_are_behind_the_arrows_and_other_branches_are_chats() -> None:
    first, second = chats(read(conversation(tea(), current_node="x2", title="Tea")))
    assert texts(first) == ["Which tea?", "Black.", "How long?", "Three minutes."]
    versions = first["messages"][1]["versions"]
    assert [lm_studio.said(each)[0] for each in versions] == ["Black.", "Green.", "None."]
    assert texts(second) == ["Which tea?", "Black.", "How hot?", "Boiling."]
    assert [len(each["versions"]) for each in second["messages"]] == [1, 1, 1, 1]
    assert (first["name"], second["name"]) == ("Tea", "Tea (version 2)")


def test_a_version_that_was_seen_last_is_the_one_that_is_selected() -> None:
    chat, *others = chats(read(conversation(tea(), current_node="a3")))
    assert texts(chat) == ["Which tea?", "None."]
    shown = [lm_studio.said(each)[0] for each in chat["messages"][1]["versions"]]
    assert shown == ["Green.", "None."]
    assert [texts(other)[1:] for other in others] == [
        ["Black.", "How long?", "Three minutes."],
        ["Black.", "How hot?", "Boiling."],
    ]


def test_several_first_questions_are_chats_of_their_own() -> None:
    mapping = chain()
    for number in range(3):
        add(mapping, f"q{number}", ABOVE, message("user", f"Question {number}"))
    found = [texts(chat) for chat in chats(read(conversation(mapping, current_node="q1")))]
    assert found == [["Question 1"], ["Question 0"], ["Question 2"]]


def test_one_branch_can_be_taken_alone() -> None:
    [chat] = chats(read(conversation(tea(), current_node="x2")), branches="current")
    assert all(len(each["versions"]) == 1 for each in chat["messages"])


def test_thoughts_models_and_times_are_kept() -> None:
    thoughts = {"content_type": "thoughts", "thoughts": [
        {"summary": "Averages", "content": "Add, then divide."}]}  # fmt: skip
    mapping = chain(
        message("user", "How much rain?", create_time=1_740_000_000.25),
        message("assistant", thoughts, create_time=1_740_000_001.5),
        message("assistant", "73 mm.", metadata={"model_slug": "gpt-9"}),
    )
    [chat] = chats(read(conversation(mapping)))
    answer = lm_studio.selected(chat)[1]
    text, reasoning = lm_studio.said(answer)
    assert text == "73 mm."
    assert "**Averages**\n\nAdd, then divide." in reasoning
    assert answer["senderInfo"]["senderName"] == chat["lastUsedModel"]["identifier"] == "gpt-9"
    assert chat["createdAt"] == chat["userLastMessagedAt"] == 1_740_000_000_250
    assert chat["assistantLastMessagedAt"] == 1_740_000_001_500


def test_custom_instructions_become_the_system_prompt_if_asked() -> None:
    content = {
        "content_type": "user_editable_context",
        "user_profile": "I row.",
        "user_instructions": "Be brief.",
    }
    neutral = read(conversation(chain(message("user", content), message("user", "Hello"))))
    assert chats(neutral)[0]["systemPrompt"] == ""
    [asked] = chats(neutral, include=frozenset({"instructions"}))
    assert "I row." in asked["systemPrompt"]
    assert asked["perChatPredictionConfig"]["fields"][0]["value"] == asked["systemPrompt"]


def test_chats_that_began_at_the_same_moment_are_different_files() -> None:
    catalog = Catalog()
    made = LMStudio(CommonOptions(), catalog, lambda member: io.BytesIO(b""))
    paths = []
    for number in range(150):
        raw = conversation(chain(message("user", "Hello")), id=f"i{number}")
        raw["conversation_id"] = raw["id"]
        paths += [file.path for file in made.render(read(raw)).files]
    assert len(set(paths)) == 150
    assert paths[:2] == [
        "conversations/ChatGPT/1740000000250.conversation.json",
        "conversations/ChatGPT/1740000000251.conversation.json",
    ]


def test_projects_are_folders(tmp_path: Path) -> None:
    convert(ROOT / "fixtures/fat-2024.zip", tmp_path, ["lm-studio"])
    folders = {
        path.name for path in (tmp_path / "conversations/ChatGPT").iterdir() if path.is_dir()
    }
    assert {name.partition("-")[0] for name in folders} == {"project", "gpt"}


def test_the_chat_of_a_version_that_became_the_current_one_does_not_stay(tmp_path: Path) -> None:
    def run(last: str) -> list[list[str]]:
        raw = conversation(tea(), current_node=last, title="Tea")
        (tmp_path / "conversations.json").write_text(json.dumps([raw]))
        convert(tmp_path / "conversations.json", tmp_path / "out", ["lm-studio"])
        return sorted(texts(chat) for chat in lm_studio.chats(tmp_path / "out").values())

    before = run("x2")
    assert len(before) == 2
    assert run("x1") == before


def test_a_conversation_with_thousands_of_branches_does_not_grow_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "REPEATED", 200_000)
    mapping = chain(message("user", "Why?" * 500), message("assistant", "Because." * 500))
    for number in range(300):
        add(mapping, f"u{number}", "m2", message("user", f"And {number}?"))
        add(mapping, f"a{number}", f"u{number}", message("assistant", f"{number}."))
    made = LMStudio(CommonOptions(), Catalog(), lambda member: io.BytesIO(b""))
    done = made.render(read(conversation(mapping)))
    assert sum(len(file.data) for file in done.files) < 700_000
    found = [texts(lm_studio.chat(file.data)) for file in done.files]
    assert [words[-1] for words in found] == ["299.", *(f"{number}." for number in range(299))]
    assert found[1][0] == "Why?" * 500
    assert found[-1] == [CUT, "And 298?", "298."]


@pytest.mark.slow
@settings(max_examples=100)
@given(any_conversations())
def test_every_turn_of_any_conversation_is_in_a_chat(raw: dict[str, Any]) -> None:
    neutral = read(raw)
    whole = "\n".join(
        lm_studio.said(version)[0]
        for chat in chats(neutral)
        for each in chat["messages"]
        for version in each["versions"]
    )
    for each in neutral["messages"]:
        for part in each["parts"]:
            if each["hidden"] is None and part["type"] == "text" and not part["citations"]:
                assert part["text"].strip("\n") in whole or not part["text"].strip()


@pytest.mark.slow
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_the_samples_are_chats_and_a_second_run_changes_nothing(
    source: Path, tmp_path: Path
) -> None:
    report = convert(source, tmp_path, ["lm-studio"])
    names = [chat["name"] for chat in lm_studio.chats(tmp_path).values()]
    mains = [name for name in names if " (version " not in name]
    assert len(mains) == report["read"]["conversations"]
    again = convert(source, tmp_path, ["lm-studio"])
    assert again["targets"][0]["files_written"] == 0
