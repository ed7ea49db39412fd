"""What the page of llama.cpp's server shows of the chats, judged by its own way through them.

Written from `utils/branching.ts` and `components/app/chat/ChatMessages` of its source, of 2026.
"""

from __future__ import annotations

import io
import json
import zipfile
from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest
from hypothesis import given, settings

from gptexit import convert
from gptexit.archive.manifest import Catalog
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers import llama_cpp
from gptexit.writers.base import CommonOptions, Options
from gptexit.writers.chat.turns import turns_of
from gptexit.writers.llama_cpp import LlamaCpp
from support.build import add, chain, conversation, message
from support.build import raw_conversations as any_conversations
from support.exports import FIXTURES

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
EXTRA = {
    "oneOf": [
        {
            "additionalProperties": False,
            "required": ["type", "name", key],
            "properties": {"type": {"const": kind}, "name": TEXT, key: TEXT},
        }
        for kind, key in (("IMAGE", "base64Url"), ("TEXT", "content"))
    ]
}
CALL = {
    "required": ["id", "type", "function"],
    "properties": {
        "id": TEXT,
        "type": {"const": "function"},
        "function": {
            "required": ["name", "arguments"],
            "properties": {"name": TEXT, "arguments": TEXT},
        },
    },
}
SESSION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["harness", "type", "id", "name", "lastModified", "currNode"],
    "properties": {
        "harness": {"const": "llama.app"},
        "type": {"const": "session"},
        "id": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
        "name": {"type": "string", "minLength": 1},
        "lastModified": WHOLE,
        "currNode": TEXT,
        "pinned": {"const": True},
    },
}
MESSAGE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "convId", "type", "timestamp", "role", "content", "parent", "children"],
    "properties": {
        "id": TEXT,
        "convId": TEXT,
        "type": {"enum": ["root", "text", "system"]},
        "timestamp": WHOLE,
        "role": {"enum": ["user", "assistant", "system", "tool"]},
        "content": TEXT,
        "parent": {"type": ["string", "null"]},
        "children": {"type": "array", "items": TEXT, "uniqueItems": True},
        "reasoningContent": TEXT,
        "model": TEXT,
        "toolCalls": {"type": "array", "items": CALL},
        "toolCallId": TEXT,
        "extra": {"type": "array", "items": EXTRA},
    },
}
is_session = jsonschema.Draft202012Validator(SESSION).validate
is_message = jsonschema.Draft202012Validator(MESSAGE).validate


def read(raw: Any, files: dict[str, AssetInfo] | None = None) -> Any:
    account = Account(lambda key: (files or {}).get(key, AssetInfo()))
    return read_conversation(deepcopy(raw), account, ReadStats())


def parsed(data: bytes) -> tuple[Any, dict[str, Any]]:
    """The header of a conversation, and its messages by id."""
    head, *lines = map(json.loads, data.splitlines())
    is_session(head)
    messages = {}
    for record in lines:
        assert record.keys() == {"type", "message"}
        one = record["message"]
        is_message(one)
        assert one["convId"] == head["id"]
        messages[one["id"]] = one
    assert len(messages) == len(lines)
    return head, messages


def written(neutral: Any, data: bytes = b"png", **options: Any) -> tuple[Any, dict[str, Any]]:
    writer = LlamaCpp(CommonOptions(**options), Catalog(), lambda member: io.BytesIO(data))
    (file,) = writer.render(neutral).files
    return parsed(file.data)


def path(messages: dict[str, Any], leaf: str) -> list[Any]:
    """What the page shows of the branch that ends in `leaf`: by time, the system's words first."""
    shown = []
    key: str | None = leaf
    while key is not None:
        shown.append(messages[key])
        key = messages[key]["parent"]
    shown = [one for one in shown if one["type"] != "root"]
    return sorted(shown, key=lambda one: (one["role"] != "system", one["timestamp"]))


def texts(head: Any, messages: dict[str, Any]) -> list[str]:
    return [one["content"] for one in path(messages, head["currNode"])]


def check(head: Any, messages: dict[str, Any]) -> None:
    """Fail where the page would not find its way."""
    (root,) = [one for one in messages.values() if one["parent"] is None]
    assert (root["type"], root["role"], root["content"]) == ("root", "system", "")
    assert not messages[head["currNode"]]["children"]
    for one in messages.values():
        for key in one["children"]:
            assert messages[key]["parent"] == one["id"]
            assert messages[key]["timestamp"] > one["timestamp"]
        if one["parent"] is not None:
            assert one["id"] in messages[one["parent"]]["children"]
        for call in one.get("toolCalls", ()):
            json.loads(call["function"]["arguments"])
            (result,) = one["children"]
            assert messages[result]["role"] == "tool"
            assert messages[result]["toolCallId"] == call["id"]


def test_the_branch_that_was_seen_last_is_shown_and_the_others_are_versions() -> None:
    mapping = chain(message("user", "Which tea?"), message("assistant", "Black."))
    add(mapping, "a2", "m1", message("assistant", "Green."))
    add(mapping, "u2", "a2", message("user", "How hot?"))
    head, messages = written(read(conversation(mapping, current_node="m2")))
    check(head, messages)
    assert texts(head, messages) == ["Which tea?", "Black."]
    question = path(messages, head["currNode"])[0]
    assert [messages[key]["content"] for key in question["children"]] == ["Black.", "Green."]


def test_times_that_are_equal_missing_or_turned_round_do_not_turn_the_chat_round() -> None:
    times = (50.0, 50.0, None, 10.0, 70.0)
    said = [
        message(("user", "assistant")[number % 2], f"{number}", create_time=time)
        for number, time in enumerate(times)
    ]
    head, messages = written(read(conversation(chain(*said))))
    check(head, messages)
    assert texts(head, messages) == ["0", "1", "2", "3", "4"]
    last = path(messages, head["currNode"])
    assert (last[0]["timestamp"], last[-1]["timestamp"]) == (50_000, 70_000)


def test_code_with_its_output_is_a_call_of_a_tool_and_thoughts_have_their_place() -> None:
    thoughts = [{"summary": "Adding", "content": "One and one."}]
    code = {"content_type": "code", "language": "python", "text": "a = 1\nprint(a + 1)"}
    raw = conversation(
        chain(
            message("user", "Add."),
            message("assistant", {"content_type": "thoughts", "thoughts": thoughts}),
            message("assistant", code, recipient="python"),
            message("tool", {"content_type": "execution_output", "text": "2"}, name="python"),
            message("assistant", "Two.", metadata={"model_slug": "gpt-5"}),
        )
    )
    head, messages = written(read(raw))
    check(head, messages)
    _, asked, result, answer = path(messages, head["currNode"])
    assert "One and one." in asked["reasoningContent"]
    (call,) = asked["toolCalls"]
    assert call["function"]["name"] == "python"
    assert json.loads(call["function"]["arguments"]) == {"code": ["a = 1", "print(a + 1)"]}
    assert result["content"] == "2"
    assert answer["content"] == "Two."
    assert answer["model"] == "gpt-5"
    head, messages = written(read(raw), include=frozenset())
    assert not [one for one in messages.values() if "reasoningContent" in one]


def test_versions_below_an_answer_can_be_chosen() -> None:
    """All that follows a call is shown as one answer, with the arrows of its first message."""
    code = {"content_type": "code", "language": "python", "text": "print(2)"}
    mapping = chain(
        message("user", "Two?"),
        message("assistant", code, recipient="python"),
        message("tool", {"content_type": "execution_output", "text": "2"}, name="python"),
        message("assistant", "Two."),
    )
    add(mapping, "other", "m3", message("assistant", "It is two."))
    head, messages = written(read(conversation(mapping)))
    check(head, messages)
    (above,) = [one for one in messages.values() if len(one["children"]) == 2]
    assert "toolCalls" not in above
    assert "print(2)" in above["content"]


PICTURE = "file-PictureOfATree0000000001"
NOTES = "file-NotesAboutTrees000000001"
FILES = {
    PICTURE: AssetInfo("a.png", "A tree, in May.png", "image/png", 3),
    NOTES: AssetInfo("b.txt", "notes.txt", "text/plain", 3),
}


def with_files(role: str) -> Any:
    image = {"content_type": "image_asset_pointer", "asset_pointer": f"file-service://{PICTURE}"}
    upload = {"attachments": [{"id": NOTES, "name": "notes.txt", "mime_type": "text/plain"}]}
    said = message(
        role, {"content_type": "multimodal_text", "parts": [image, "See."]}, metadata=upload
    )
    return read(conversation(chain(message("user", "Hello."), said)), FILES)


def test_pictures_and_texts_that_a_person_sent_are_attached() -> None:
    head, messages = written(with_files("user"), b"Ash")
    said = path(messages, head["currNode"])[-1]
    assert [(one["type"], one["name"]) for one in said["extra"]] == [
        ("IMAGE", "A tree, in May.png"),
        ("TEXT", "notes.txt"),
    ]
    assert said["extra"][1]["content"] == "Ash"
    assert "![" not in said["content"]


def test_a_picture_in_an_answer_is_named_by_its_text_which_is_how_the_page_shows_it() -> None:
    head, messages = written(with_files("assistant"), b"Ash")
    said = path(messages, head["currNode"])[-1]
    (image,) = said["extra"]
    assert f"]({image['name']})" in said["content"]
    assert image["base64Url"] == "data:image/png;base64,QXNo"


def test_what_is_no_text_is_named_and_left_in_the_folder() -> None:
    writer = LlamaCpp(CommonOptions(), Catalog(), lambda member: io.BytesIO(b"\xff\x00\xfe"))
    done = writer.render(with_files("user"))
    (copy,) = done.copies
    assert copy.member == "b.txt"
    assert f"in your archive, {copy.path}".encode() in done.files[0].data


def test_ids_of_messages_are_of_one_conversation_only() -> None:
    """ChatGPT gives a conversation that goes off from another one the same ids."""
    raw = conversation(chain(message("user", "Hi"), message("assistant", "Ho")))
    other = raw | {"id": "c0ffee00-0000-4000-8000-000000000009"}
    other["conversation_id"] = other["id"]
    first, second = written(read(raw))[1], written(read(other))[1]
    assert not first.keys() & second.keys()


def test_instructions_are_the_system_message() -> None:
    about = {"content_type": "user_editable_context", "user_profile": "Ann."}
    hidden = {"is_visually_hidden_from_conversation": True}
    raw = conversation(chain(message("user", about, metadata=hidden), message("user", "Hi")))
    assert texts(*written(read(raw))) == ["Hi"]
    head, messages = written(read(raw), include=frozenset({"instructions"}))
    check(head, messages)
    assert texts(head, messages) == ["Ann.", "Hi"]


def test_a_large_export_is_several_zips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_cpp, "MESSAGES", 20)
    convert(FIXTURES[0], tmp_path, ["llama-cpp"])
    zips = sorted(tmp_path.glob("chats-*.zip"))
    assert len(zips) > 1
    ids = []
    for file in zips:
        with zipfile.ZipFile(file) as archive:
            assert archive.testzip() is None
            sessions = [parsed(archive.read(name)) for name in archive.namelist()]
        assert sum(len(messages) for _, messages in sessions) <= 20
        ids += [head["id"] for head, _ in sessions]
    assert len(ids) == len(set(ids))
    page = (tmp_path / "HOW-TO-IMPORT.md").read_text()
    assert f"`{zips[-1].name}`" in page


@pytest.mark.slow
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_the_samples_are_whole(source: Path, tmp_path: Path) -> None:
    report = convert(source, tmp_path, ["llama-cpp"], options=Options(include=frozenset({"tools"})))
    found = 0
    for file in tmp_path.glob("chats-*.zip"):
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                check(*parsed(archive.read(name)))
                found += 1
    assert found == report["read"]["conversations"]


@pytest.mark.slow
@settings(max_examples=100)
@given(any_conversations())
def test_whatever_is_read_is_a_tree_that_the_page_can_walk(raw: dict[str, Any]) -> None:
    neutral = read(raw)
    head, messages = written(neutral)
    check(head, messages)
    turns = turns_of(neutral, frozenset({"reasoning"}))
    leaves = [turn for turn in turns.by_id.values() if not turn.children]
    assert sum(not one["children"] for one in messages.values()) == (len(leaves) or 1)
    assert all(UUID(key) for key in messages)
