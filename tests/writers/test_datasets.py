"""Lines for datasets: what is said in each version of a conversation, and by whom."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.archive.manifest import Catalog
from gptexit.codes import Hidden, NotKept
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.base import Options, WriterSetting
from gptexit.writers.chat import datasets
from gptexit.writers.registry import FORMATS
from support.build import add, chain, conversation, message, raw_conversations
from support.command import gptexit
from support.exports import ROOT

ABOUT = {
    "content_type": "user_editable_context",
    "user_profile": "I keep bees.",
    "user_instructions": "Be brief.",
}
THOUGHTS = {
    "content_type": "thoughts",
    "thoughts": [{"summary": "Counting", "content": "Nine and three."}],
}
PICTURE = {
    "content_type": "multimodal_text",
    "parts": [
        {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-1"},
        "What is this?",
    ],
}
CODE = {"content_type": "code", "language": "python", "text": "print(9 + 3)"}
OUTPUT = {"content_type": "execution_output", "text": "12"}
ROLES = {"system", "user", "assistant", "tool"}
SPEAKERS = {"system", "human", "gpt", "tool"}
FILES = {"file-1": AssetInfo("file-1-hive.png", "hive.png", "image/png", 3)}


def written(raw: Any, name: str = "messages", **options: Any) -> Any:
    account = Account(lambda key: FILES.get(key, AssetInfo()))
    made = read_conversation(deepcopy(raw), account, ReadStats())
    setting = WriterSetting(Catalog(), lambda member: io.BytesIO(b"png"))
    return FORMATS[name].make(Options(**options), setting).render(made)


def lines(raw: Any, name: str = "messages", **options: Any) -> list[Any]:
    data = b"".join(file.data for file in written(raw, name, **options).files)
    return [json.loads(line) for line in data.splitlines()]


def dialogue(raw: Any, **options: Any) -> list[tuple[str, str]]:
    [line] = lines(raw, **options)
    return [(said["role"], said["content"]) for said in line["messages"]]


def forked() -> Any:
    """A question with two answers; the first of them is the one that was seen last."""
    mapping = chain(message("user", "Hi"), message("assistant", "Hello"))
    add(mapping, "other", "m1", message("assistant", "Good day"))
    return conversation(mapping, current_node="m2")


def test_a_line_has_the_speakers_and_their_words_and_nothing_else() -> None:
    raw = conversation(chain(message("user", "Hi"), message("assistant", "**Hello**")))
    assert lines(raw) == [
        {
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "**Hello**"},
            ]
        }
    ]
    assert lines(raw, "sharegpt") == [
        {
            "conversations": [
                {"from": "human", "value": "Hi"},
                {"from": "gpt", "value": "**Hello**"},
            ]
        }
    ]


def test_each_version_is_a_line_and_that_seen_last_is_the_first() -> None:
    answers = [line["messages"][-1]["content"] for line in lines(forked())]
    assert answers == ["Hello", "Good day"]
    raw = {**forked(), "current_node": "other"}
    assert [line["messages"][-1]["content"] for line in lines(raw)] == ["Good day", "Hello"]


def test_the_current_version_alone_if_asked() -> None:
    assert dialogue(forked(), branches="current") == [("user", "Hi"), ("assistant", "Hello")]
    assert written(forked(), branches="current").hidden == {Hidden.OTHER_BRANCH: 1}


def test_versions_that_differ_in_nothing_shown_are_one_line() -> None:
    mapping = chain(message("user", "Hi"), message("assistant", "Hello"))
    add(mapping, "same", "m1", message("assistant", "Hello"))
    assert len(lines(conversation(mapping))) == 1


def test_thoughts_are_in_front_of_the_answer_or_left_out() -> None:
    raw = conversation(
        chain(
            message("user", "9 + 3?"), message("assistant", THOUGHTS), message("assistant", "12.")
        )
    )
    thinking = "<think>\n**Counting**\n\nNine and three.\n</think>\n\n12."
    assert dialogue(raw) == [("user", "9 + 3?"), ("assistant", thinking)]
    assert dialogue(raw, include=frozenset())[-1] == ("assistant", "12.")
    assert written(raw, include=frozenset()).hidden == {Hidden.REASONING: 1}


def test_custom_instructions_are_the_system_prompt_if_asked() -> None:
    hidden = {"is_visually_hidden_from_conversation": True}
    raw = conversation(
        chain(
            message("user", ABOUT, metadata=hidden),
            message("user", "Hi"),
            message("assistant", "Hello"),
        )
    )
    assert [role for role, _ in dialogue(raw)] == ["user", "assistant"]
    role, prompt = dialogue(raw, include=frozenset({"instructions"}))[0]
    assert role == "system"
    assert prompt == "I keep bees.\n\nBe brief."


def test_steps_of_tools_have_a_speaker_of_their_own_if_asked() -> None:
    raw = conversation(
        chain(
            message("user", "9 + 3?"),
            message("assistant", {"content_type": "code", "text": '{"q": 1}'}, recipient="web.run"),
            message("tool", "Twelve, says the web.", name="web.run"),
            message("assistant", "12."),
        )
    )
    assert [role for role, _ in dialogue(raw)] == ["user", "assistant"]
    said = dialogue(raw, include=frozenset({"tools"}))
    assert [role for role, _ in said] == ["user", "assistant", "tool", "assistant"]
    assert said[2][1] == "Twelve, says the web."


def test_code_and_output_that_chatgpt_shows_are_in_the_answer() -> None:
    raw = conversation(
        chain(
            message("user", "9 + 3?"),
            message("assistant", CODE, recipient="python"),
            message("tool", OUTPUT, name="python"),
            message("assistant", "12."),
        )
    )
    [_, (role, words)] = dialogue(raw)
    assert role == "assistant"
    assert "print(9 + 3)" in words
    assert words.index("print") < words.index("12.")


def test_a_picture_is_named_and_counted() -> None:
    raw = conversation(chain(message("user", PICTURE), message("assistant", "A hive.")))
    assert "hive.png" in dialogue(raw)[0][1]
    assert written(raw).not_kept == {NotKept.FILE_NAMED: 1, NotKept.CONVERSATION_FACTS: 1}


def test_a_conversation_that_shows_nothing_has_no_line() -> None:
    raw = conversation(chain(message("system", "")))
    assert lines(raw) == []


def test_thousands_of_versions_do_not_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "MOST", 1 << 20)
    mapping = chain(message("user", "w" * 100_000))
    for number in range(2_000):
        add(mapping, f"a{number}", "m1", message("assistant", f"Answer {number}"))
    done = written(conversation(mapping))
    size = sum(len(file.data) for file in done.files)
    assert size < 3 << 20
    assert b"Answer 1999" in done.files[0].data.partition(b"\n")[0]
    kept = done.files[0].data.count(b"\n")
    assert done.not_kept[NotKept.VERSION_NO_ROOM] == 2_000 - kept


INCLUDE = st.sets(st.sampled_from(["hidden", "reasoning", "tools", "instructions"]))


@given(raw_conversations(), INCLUDE)
def test_speakers_take_turns_and_a_prompt_comes_first(raw: Any, include: set[str]) -> None:
    for line in lines(raw, include=frozenset(include)):
        assert line.keys() == {"messages"}
        roles = [said["role"] for said in line["messages"]]
        assert roles
        assert set(roles) <= ROLES
        assert "system" not in roles[1:]
        assert all(one != following for one, following in pairwise(roles))
        for said in line["messages"]:
            assert said.keys() == {"role", "content"}
            assert said["content"].strip()


@given(raw_conversations(), INCLUDE)
def test_both_forms_say_the_same(raw: Any, include: set[str]) -> None:
    names = {"user": "human", "assistant": "gpt"}
    wanted = [
        [
            {"from": names.get(said["role"], said["role"]), "value": said["content"]}
            for said in line["messages"]
        ]
        for line in lines(raw, include=frozenset(include))
    ]
    found = [line["conversations"] for line in lines(raw, "sharegpt", include=frozenset(include))]
    assert found == wanted


@pytest.mark.parametrize("name", ["messages", "sharegpt"])
def test_it_goes_to_standard_output(name: str) -> None:
    done = gptexit("convert", ROOT / "fixtures/slim-2026.zip", "--to", name, "-o", "-")
    assert done.returncode == 0
    assert len(list(map(json.loads, done.stdout.splitlines()))) > 20
