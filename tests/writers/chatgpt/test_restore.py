"""Back from the neutral form to ChatGPT's own."""

from __future__ import annotations

import math
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.chatgpt.restore import repaired, restore
from support.build import raw_conversations as any_conversations
from support.exports import FIXTURES, raw_conversations

pytestmark = pytest.mark.slow


def read(raw: dict[str, Any]) -> Any:
    return read_conversation(deepcopy(raw), Account(), ReadStats())


def with_additions(raw: dict[str, Any]) -> dict[str, Any]:
    """What the module says that it adds, added to the source."""
    raw = deepcopy(raw)
    neutral = read(raw)
    if neutral["id"] not in (raw.get("conversation_id"), raw.get("id")):
        raw["conversation_id"] = neutral["id"]
    for key, name in (("created", "create_time"), ("updated", "update_time")):
        if name not in raw and neutral[key] is not None:
            raw[name] = restore(neutral)[name]
    mapping = raw.setdefault("mapping", {})
    for key, node in mapping.items() if isinstance(mapping, dict) else ():
        if isinstance(node, dict) and isinstance(node.get("message"), dict):
            node["message"].setdefault("id", key)
    if "current_node" not in raw and neutral["current"] is not None:
        raw["current_node"] = neutral["current"]
    return raw


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: numbers by their value."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return type(one) is not bool and type(other) is not bool and math.isclose(one, other)
    return one == other and type(one) is type(other)


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_every_field_of_an_export_comes_back(source: Path) -> None:
    for raw in raw_conversations(source).values():
        assert same(restore(read(raw)), with_additions(raw))


@settings(max_examples=70)
@given(any_conversations())
def test_every_field_of_anything_comes_back(raw: dict[str, Any]) -> None:
    assert same(restore(read(raw)), with_additions(raw))


@settings(max_examples=70)
@given(any_conversations())
def test_a_second_reading_gives_the_same(raw: dict[str, Any]) -> None:
    neutral = read(with_additions(raw))
    if isinstance(raw.get("mapping", {}), dict):
        assert orjson.dumps(read(restore(neutral))) == orjson.dumps(neutral)


@settings(max_examples=70)
@given(any_conversations())
def test_a_repaired_one_reads_as_the_same_and_can_be_trusted(raw: dict[str, Any]) -> None:
    neutral = read(raw)
    out, _ = repaired(neutral)
    assert_trustworthy(out)
    again = read(out)
    assert again["messages"] == neutral["messages"]
    assert again["current"] == neutral["current"]
    out_again, found = repaired(again)
    assert not found
    assert orjson.dumps(read(out_again)) == orjson.dumps(again)


def assert_trustworthy(raw: dict[str, Any]) -> None:
    mapping = raw["mapping"]
    for key in mapping:
        seen = {key}
        while (key := mapping[key].get("parent")) is not None:
            assert key not in seen
            seen.add(key)
    messages = [key for key, node in mapping.items() if isinstance(node.get("message"), dict)]
    if messages:
        assert raw["current_node"] in messages
