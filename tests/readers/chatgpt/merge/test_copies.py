"""Copies of one raw conversation, merged."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.readers.chatgpt.merge.conversation import (
    Apart,
    decide,
    join,
    merge,
    moment,
    unite_messages,
)
from gptexit.readers.chatgpt.merge.stream import WaitingCopies
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from support.build import JSON, chain, conversation, message, raw_conversations
from support.exports import leaves

pytestmark = pytest.mark.slow

OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


@given(JSON, JSON)
def test_what_can_be_joined_holds_both(one: Any, other: Any) -> None:
    try:
        joined = join(one, other)
    except Apart:
        assert one != other
        return
    for side in (one, other):
        assert not Counter(leaves(side)) - Counter(leaves(joined))
        assert join(side, joined) == joined == join(joined, side)


@given(JSON)
def test_joined_with_itself_or_nothing_a_value_stays(value: Any) -> None:
    assert join(value, value) == join(None, value) == join(value, None) == value
    assert decide(value, value, for_older=True) == value


@given(OBJECTS, OBJECTS, st.booleans())
def test_where_one_has_to_give_way_no_key_is_lost(
    older: dict[str, Any], newer: dict[str, Any], for_older: bool
) -> None:
    decided = decide(older, newer, for_older=for_older)
    assert decided.keys() == older.keys() | newer.keys()
    winner = older if for_older else newer
    for key, value in winner.items():
        if isinstance(value, str):
            assert decided[key] == value


@pytest.mark.parametrize(
    ("older", "newer", "wanted"),
    [
        ("Hel", "Hello", "Hello"),
        ("Hello", "", "Hello"),
        ([], ["a"], ["a"]),
        (["a", {"url": "u", "title": "t"}, "c"], [{"url": "u"}], None),
        (["a", "b"], ["b"], ["a", "b"]),
        ([{"text": "a", "x": 1}], [{"text": "ab"}], [{"text": "ab", "x": 1}]),
        (["b", "a"], ["a", "b"], Apart),
        ({"parts": ["one"]}, {"parts": ["two"]}, Apart),
        ({"asset_pointer": "sediment://file_1"}, {"asset_pointer": "sediment://file_12"}, Apart),
        (1, 1.5, Apart),
    ],
)
def test_texts_and_lists_that_are_shorter_in_one_copy(older: Any, newer: Any, wanted: Any) -> None:
    if wanted is Apart:
        with pytest.raises(Apart):
            join(older, newer, text=True)
    else:
        assert join(older, newer, text=True) == (older if wanted is None else wanted)


def test_a_slim_copy_never_replaces_what_a_full_one_says() -> None:
    full = message("assistant", "Hi", metadata={"finish": {"type": "stop"}, "n": [1], "k": 1})
    slim = {"author": {"role": "assistant"}, "content": full["content"], "metadata": {"n": [2]}}
    assert unite_messages(full, slim) == unite_messages(slim, full) == (full, False)
    other = {**full, "metadata": {"finish": {"type": "stop"}, "n": [2], "k": 1}}
    assert unite_messages(full, other) == (other, False)


def test_three_texts_of_one_message_are_all_there() -> None:
    first, second, third = (message("user", words) for words in ("one", "two", "three"))
    both, differs = unite_messages(first, second)
    assert differs
    every, differs = unite_messages(both, third)
    assert differs
    assert every["content"]["parts"] == ["three"]
    assert [older["parts"] for older in every["older_content"]] == [["one"], ["two"]]
    back, _ = unite_messages(both, first)
    assert [older["parts"] for older in back["older_content"]] == [["two"]]


@given(st.lists(raw_conversations(), min_size=2, max_size=3))
def test_whatever_is_merged_no_message_is_lost_and_the_copies_stay(
    raws: list[dict[str, Any]],
) -> None:
    before = json.dumps(raws)
    merged = merge(enumerate(raws))
    assert json.dumps(raws) == before
    found: Any = merged.raw.get("mapping")
    for raw in raws:
        mapping = raw.get("mapping")
        for key, node in mapping.items() if isinstance(mapping, dict) else ():
            if not isinstance(node, dict) or not isinstance(node.get("message"), dict):
                continue
            said = found[key]["message"]
            assert node["message"].keys() <= said.keys() | {"content"}
            assert merged.holders[key]
            there = set(leaves([said.get("content"), said.get("older_content")]))
            for text in leaves(node["message"].get("content")):
                assert text in there or any(each.startswith(text) for each in there)
    read_conversation(merged.raw, Account(), ReadStats())


def test_a_copy_that_equals_what_the_earlier_ones_gave_is_not_changed() -> None:
    raw = conversation(chain(message("user", "Hi"), message("assistant", "Hello")))
    for node in raw["mapping"].values():
        node["children"] = []
    again = json.loads(json.dumps(raw))
    merged = merge(enumerate([raw, {**raw, "mapping": []}, again]))
    assert again == raw
    assert any(node["children"] for node in merged.raw["mapping"].values())


@given(raw_conversations())
def test_copies_that_are_equal_are_what_each_is(raw: dict[str, Any]) -> None:
    again = json.loads(json.dumps(raw))
    assert merge([(0, raw), (1, again)]).raw is again


@given(raw_conversations(), raw_conversations(), raw_conversations())
def test_the_latest_copy_gives_the_times_and_the_title(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]
) -> None:
    merged = merge(enumerate([one, two, three])).raw
    if isinstance(three.get("title"), str) and three["title"]:
        assert merged["title"] == three["title"]
    times = [moment(each.get("create_time")) for each in (one, two, three)]
    assert moment(merged.get("create_time")) == min(
        (each for each in times if each > 0), default=moment(three.get("create_time"))
    ) or not any(each > 0 for each in times)


def test_a_value_that_is_nested_too_deep_is_named_and_the_later_one_counts() -> None:
    deep: dict[str, Any] = {"x": 1}
    for _ in range(600):
        deep = {"a": deep}
    copies = [conversation(chain(message("user", {"text": number, "d": deep}))) for number in "12"]
    merged = merge(enumerate(copies))
    assert merged.differing == [("m1", 0)]
    assert merged.raw["mapping"]["m1"]["message"]["content"]["text"] == "2"


def test_ten_thousand_nodes_that_one_copy_leaves_out_are_passed_quickly() -> None:
    full = conversation(chain(*(message("tool", "x") for _ in range(20_000))))
    mapping = {key: {"id": key, "message": None, "parent": None} for key in ("m9000", "m20000")}
    for number in range(20_000):
        full["mapping"][f"s{number}"] = {"id": f"s{number}", "message": None, "parent": "m8999"}
        mapping[f"s{number}"] = {"id": f"s{number}", "message": None, "parent": None}
    merged = merge([(0, full), (1, {**full, "mapping": mapping})]).raw["mapping"]
    assert merged["m20000"]["parent"] == "m19999"
    assert merged["s7"]["parent"] == "m8999"


def test_what_waits_comes_back_as_it_was() -> None:
    waiting = WaitingCopies()
    odd = {"a": [1 << 70, 1.5, None, True, "\ud83d", "é"], "b": {}}
    waiting.put("k", 2.0, 1, "there", odd)
    waiting.put("l", 1.0, 0, "here", {})
    waiting.put("k", 1.0, 0, "here", {"c": 1})
    assert waiting.left() == ["k", "l"]
    found = [copy.read() for copy in waiting.take("k")]
    assert found == [("there", odd), ("here", {"c": 1})]
    assert (waiting.left(), waiting.take("k")) == (["l"], [])
    waiting.close()
