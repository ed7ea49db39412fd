"""Conversations that stand where none are looked for, and what stands in their place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gptexit.conversion import convert
from gptexit.readers.chatgpt.export_set import open_export
from support.build import chain, conversation, message
from support.slimming import pack

USER = {"id": "user-1", "email": "ada@example.org"}


def chat(key: str) -> dict[str, Any]:
    return conversation(
        chain(message("user", f"Words of {key}")), conversation_id=key, id=key, title=key
    )


def found(path: Path) -> tuple[list[str], list[str]]:
    with open_export([path]) as export:
        ids = [raw["conversation_id"] for _, raw in export.conversations()]
        return sorted(ids), [loss.reason for loss in export.losses]


@pytest.mark.parametrize("data", [[True], [[1]], [7, 8], []])
def test_a_first_shard_without_conversations_refuses_nothing(
    tmp_path: Path, data: list[Any]
) -> None:
    members = {"conversations-000.json": data, "conversations-001.json": [chat("a"), chat("b")]}
    ids, reasons = found(pack(tmp_path / "e.zip", 2026, members))
    assert ids == ["a", "b"]
    assert len(reasons) == len(data)
    assert all("where a conversation should be" in reason for reason in reasons)


@pytest.mark.parametrize(
    "name",
    [
        "user.json",
        "message_feedback.json",
        "export_manifest.json",
        "library_files.json",
        "chat.html",
    ],
)
@pytest.mark.parametrize("folder", ["", "some/folder/"])
def test_conversations_under_the_name_of_another_file_are_read(
    tmp_path: Path, name: str, folder: str
) -> None:
    members = {f"{folder}conversations.json": [chat("a")], name: [chat("b"), chat("c")]}
    ids, reasons = found(pack(tmp_path / "e.zip", 2026, members))
    assert ids == ["a", "b", "c"]
    assert reasons == []


def test_a_file_that_only_names_conversations_is_none(tmp_path: Path) -> None:
    rows = [{"id": "x", "conversation_id": "a", "title": "a", "is_anonymous": True}]
    compared = [{"id": "x", "input": {"messages": [message("user", "One or two?")]}, "title": "a"}]
    members = {
        "conversations.json": [chat("a")],
        "user.json": USER,
        "shared_conversations.json": rows,
        "model_comparisons.json": compared,
    }
    assert found(pack(tmp_path / "e.zip", 2026, members)) == (["a"], [])


@pytest.mark.parametrize(("export", "folder"), [("deep/", ""), ("", "../"), ("", "other/")])
def test_tasks_of_codex_outside_of_the_exports_folder_are_read(
    tmp_path: Path, export: str, folder: str
) -> None:
    turn = {
        "id": "t1",
        "input_items": [
            {
                "type": "message",
                "role": "user",
                "content": [{"content_type": "text", "text": "Mend it"}],
            }
        ],
    }
    tasks = [{"id": "task_e_1", "title": "Mend", "turns": [turn]}]
    members = {f"{export}conversations.json": [chat("a")], f"{folder}codex.json": tasks}
    path = pack(tmp_path / "e.zip", 2026, members)
    report = convert(path, tmp_path / "out", ["jsonl"])
    lines = (tmp_path / "out/conversations.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == ["a", "task_e_1"]
    assert report["complete"]


@pytest.mark.parametrize("at", [4, 26, 18, 30])
def test_a_damaged_header_costs_only_its_own_member(tmp_path: Path, at: int) -> None:
    """Two bytes of the first member's header are gone, so nothing stands where the table says."""
    members = {"first.dat": b"0" * 90, "conversations.json": [chat("a"), chat("b")]}
    path = pack(tmp_path / "e.zip", 2026, members)
    data = path.read_bytes()
    path.write_bytes(data[:at] + data[at + 2 :])
    ids, reasons = found(path)
    assert ids == ["a", "b"]
    assert any("the list of files in the ZIP is damaged" in reason for reason in reasons)


@pytest.mark.parametrize("current", [{}, [], 7, None, "nobody"])
def test_a_current_node_of_any_kind_beside_a_list_of_messages(tmp_path: Path, current: Any) -> None:
    said = [message("user", "Hello", id="m1"), message("assistant", "Hi", id="m2")]
    raw = {"id": "a", "conversation_id": "a", "messages": said, "current_node": current}
    ids, reasons = found(pack(tmp_path / "e.zip", 2026, {"conversations.json": [raw]}))
    assert ids == ["a"]
    assert reasons == []


def test_a_damaged_file_of_group_chats_is_told(tmp_path: Path) -> None:
    """The length of its name is damaged in its own header: all is read one byte too far."""
    groups = {"chats": [{"id": "g", "title": "Picnic", "participant_ids": ["user-1"]}]}
    members = {"conversations.json": [chat("a")], "group_chats.json": groups}
    path = pack(tmp_path / "e.zip", 2026, members)
    data = bytearray(path.read_bytes())
    at = data.index(b"group_chats.json") - 4
    data[at] -= 1
    path.write_bytes(data)
    ids, reasons = found(path)
    assert ids == ["a"]
    assert any("checksum does not match" in reason for reason in reasons)
