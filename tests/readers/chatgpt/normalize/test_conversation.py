from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from support.build import ROOT, add, chain, conversation, message, raw_conversations


def read(raw: dict[str, Any], account: Account | None = None) -> Any:
    return read_conversation(deepcopy(raw), account or Account(), ReadStats())


def seconds(shown: Any) -> Any:
    return datetime.fromisoformat(shown).timestamp()


def rebuilt(neutral: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The raw conversation that a neutral one came from, by what `model` and `extra` hold."""
    raw = dict(neutral["extra"])
    odd = dict(raw.pop("mapping", {})) if isinstance(raw.get("mapping"), dict) else {}
    if neutral["title"] is not None:
        raw["title"] = neutral["title"]
    for key, field in (("archived", "is_archived"), ("starred", "is_starred")):
        if neutral[key] is not None:
            raw[field] = neutral[key]
    if neutral["model"] is not None:
        raw["default_model_slug"] = neutral["model"]
    mapping = {}
    for said in neutral["messages"]:
        node = dict(odd.pop(said["id"], None) or {"id": said["id"], "parent": said["parent"]})
        node["message"] = rebuilt_message(said)
        mapping[said["id"]] = node
    mapping |= odd
    mapping |= raw.pop("odd_nodes", {})
    return raw, mapping


def rebuilt_message(each: dict[str, Any]) -> dict[str, Any]:
    raw = dict(each["extra"])
    raw.setdefault("id", each["id"])
    if "author" in raw and isinstance(raw["author"], dict):
        raw["author"] = dict(raw["author"])
        if each["role"] != "unknown":
            raw["author"]["role"] = each["role"]
        if each["name"] is not None:
            raw["author"]["name"] = each["name"]
    for key, field in (("status", "status"), ("to", "recipient"), ("channel", "channel")):
        if each[key] is not None:
            raw[field] = each[key]
    if each["created"] is not None and "create_time" not in raw:
        raw["create_time"] = seconds(each["created"])
    if each["model"] is not None:
        raw["metadata"] = {**raw["metadata"], "model_slug": each["model"]}
    texts = [part["text"] for part in each["parts"] if part["type"] == "text"]
    if "content" not in raw and texts:
        raw["content"] = {"content_type": "text", "parts": texts}
    return raw


@pytest.mark.slow
@settings(max_examples=210)
@given(raw_conversations())
def test_nothing_of_the_source_is_gone(raw: dict[str, Any]) -> None:
    neutral = read(raw)
    orjson.dumps(neutral)
    rest, mapping = rebuilt(neutral)
    nodes = raw.get("mapping")
    if not isinstance(nodes, dict):
        nodes = {}
    assert mapping.keys() == nodes.keys()
    for key, node in nodes.items():
        if not isinstance(node, dict):
            assert mapping[key] == node
            continue
        assert mapping[key].get("message") == node.get("message")
        for field in node.keys() - {"message", "children"}:
            assert mapping[key][field] == node[field]
    for key in raw.keys() - {"mapping", "create_time", "update_time", "current_node"}:
        assert rest[key] == raw[key]


@pytest.mark.slow
@settings(max_examples=100)
@given(raw_conversations())
def test_the_tree_holds(raw: dict[str, Any]) -> None:
    neutral = read(raw)
    seen = {None}
    for each in neutral["messages"]:
        assert each["parent"] in seen
        assert each["id"] not in seen
        seen.add(each["id"])
    assert neutral["current"] in seen
    assets = [asset["id"] for asset in neutral["assets"]]
    assert len(assets) == len(set(assets))
    for each in neutral["messages"]:
        for part in each["parts"]:
            assert part.get("asset", assets[0] if assets else None) in (assets or [None])


def test_an_ordinary_conversation() -> None:
    raw = conversation(
        chain(
            message("user", "Hi"), message("assistant", "Hello", metadata={"model_slug": "gpt-5"})
        )
    )
    neutral = read(raw)
    assert neutral["title"] == "A title"
    assert neutral["created"] == "2025-02-19T21:20:00.250000Z"
    assert neutral["source"]["nodes"] == "full"
    assert neutral["current"] == "m2"
    first, second = neutral["messages"]
    assert first["parent"] is None
    assert second["parent"] == "m1"
    assert second["model"] == "gpt-5"
    assert second["parts"] == [{"type": "text", "text": "Hello", "citations": []}]
    assert neutral["extra"]["mapping"].keys() == {ROOT, "m1"}


def test_current_falls_back_to_the_newest_leaf() -> None:
    mapping = chain(message("user", "Hi"), message("assistant", "old", create_time=1.7e9))
    add(mapping, "new", "m1", message("assistant", "new", create_time=1.75e9))
    for current in (None, "dangling", 7):
        neutral = read(conversation(mapping, current_node=current))
        assert neutral["current"] == "new"
        assert neutral["extra"]["current_node"] == current


def test_projects_and_custom_gpts() -> None:
    mapping = chain(message("user", "Hi"))
    assert read(conversation(mapping, gizmo_id="g-p-1"))["project"] == {"id": "g-p-1", "name": None}
    assert read(conversation(mapping, gizmo_id="g-2"))["assistant"] == {"id": "g-2", "name": None}
    neutral = read(conversation(mapping, conversation_template_id="g-p-3"))
    assert neutral["project"]["id"] == "g-p-3"
    assert neutral["assistant"] is None


def test_a_conversation_without_an_id_gets_the_same_in_every_run() -> None:
    raw = {"title": "x", "mapping": chain(message("user", "Hi"))}
    assert read(raw)["id"] == read(raw)["id"]
    assert read(raw)["id"].startswith("no-id-")


def test_generated_images_of_a_slim_export_come_from_the_library() -> None:
    mapping = {
        "u": {"id": "u", "parent": None, "message": {"author": {"role": "user"}, "id": "u"}},
        "a": {
            "id": "a",
            "parent": "u",
            "message": {"id": "a", "author": {"role": "assistant"}, "create_time": 1.7e9},
        },
    }
    rows = [
        {"file_id": "file_1", "file_name": "fox.png", "mime_type": "image/png",
         "origination_message_id": "a"},
        {"file_id": "file_2", "file_name": "late.png", "mime_type": "image/png",
         "origination_message_id": "gone", "created_at": "2026-01-01T00:00:00Z"},
    ]  # fmt: skip
    account = Account(lambda key: AssetInfo(member=f"{key}.dat"), lambda thread: rows)
    neutral = read(conversation(mapping), account)
    assert neutral["source"]["nodes"] == "slim"
    assert [part["asset"] for part in neutral["messages"][1]["parts"]] == ["file_1", "file_2"]
    assert [asset["name"] for asset in neutral["assets"]] == ["fox.png", "late.png"]
    assert not any(asset["missing"] for asset in neutral["assets"])


def test_sandbox_links_name_their_files() -> None:
    mapping = chain(
        message("assistant", "[a](sandbox:/mnt/data/a%20b.csv) and [c](sandbox:/mnt/data/c.csv)")
    )
    rows = [{"file_id": "file_9", "file_name": "a b.csv", "origination_message_id": "m1"}]
    account = Account(lambda key: AssetInfo(member="x"), lambda thread: rows)
    neutral = read(conversation(mapping), account)
    assert [asset["id"] for asset in neutral["assets"]] == ["file_9", "sandbox:/mnt/data/c.csv"]


@pytest.mark.slow
def test_a_very_long_chain() -> None:
    mapping = chain(*(message("user", str(n)) for n in range(40_000)))
    assert len(read(conversation(mapping))["messages"]) == 40_000
