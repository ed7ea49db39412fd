"""Conversations that are left to workers to read: the same ones, with the same content."""

from __future__ import annotations

import copy
import io
import json
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit import convert
from gptexit.codes import Repair
from gptexit.readers.chatgpt.merge.conversation import key_of, moment
from gptexit.readers.chatgpt.parsing.array_items import Split, split
from gptexit.readers.chatgpt.parsing.conversation_files import Feed, Reading
from gptexit.readers.chatgpt.parsing.unread import Unread, repaired
from support.build import Raw, chain, conversation, message

WORDS = "a quiet harbour, at dusk 😀"
USUAL = conversation(chain(message("user", "Where?"), message("assistant", WORDS)))
NOT_UTF8 = b"a quiet h\xff\xfeour"
Found = tuple[list[tuple[str, Raw]], Counter[Repair], list[tuple[str, str]]]


def found(data: bytes, *, unread: bool) -> tuple[Found, list[Raw]]:
    """What a file holds: conversations, repairs and losses; and the conversations as they came."""
    losses: list[tuple[str, str]] = []
    reading = Reading(lambda where, why: losses.append((where, why.sentence)))
    reading.unread = unread
    reading.start(None)
    repairs: Counter[Repair] = Counter()
    came = list(reading.read(Feed("a.json", stream=io.BytesIO(data)), repairs))
    heads = [copy.copy(raw) for _, raw in came]
    whole = [
        (where, repaired(raw.data, repairs) if isinstance(raw, Unread) else raw)
        for where, raw in came
    ]
    return (whole, repairs, losses), heads


def assert_the_same(data: bytes) -> list[Raw]:
    expected, wholes = found(data, unread=False)
    now, heads = found(data, unread=True)
    assert now == expected
    for head, whole in zip(heads, wholes, strict=True):
        assert key_of(head) == key_of(whole)
        assert moment(head.get("update_time")) == moment(whole.get("update_time"))
        mappings = [raw.get("mapping") for raw in (head, whole)]
        nodes = [list(mapping) if isinstance(mapping, dict) else [] for mapping in mappings]
        assert nodes[0] == nodes[1]
    return heads


def changed(change: Callable[[Raw], object]) -> Raw:
    raw = copy.deepcopy(USUAL)
    change(raw)
    return raw


ODD: dict[str, Callable[[Raw], object]] = {
    "no id": lambda raw: raw.pop("conversation_id"),
    "an id that is no text": lambda raw: raw.update(conversation_id=7),
    "messages too": lambda raw: raw.update(messages=[{"id": "m9", "author": {"role": "user"}}]),
    "no nodes": lambda raw: raw.update(mapping={}),
    "a list of nodes": lambda raw: raw.update(mapping=list(raw["mapping"].values())),
    "no node is an object": lambda raw: raw.update(mapping={"a": "words", "b": ["more words"]}),
    "a node is no object": lambda raw: raw["mapping"].update(m1="words"),
    "messages in a node": lambda raw: raw["mapping"]["m1"].update(
        message=[message("user", "One"), message("user", "Two")]
    ),
    "milliseconds": lambda raw: raw.update(update_time=1_740_000_100_500),
    "a time as text": lambda raw: raw.update(update_time="1740000100.5"),
    "a flat message": lambda raw: raw["mapping"].update(m1=message("user", "Flat")),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_conversations_are_read_as_ever(odd: str) -> None:
    data = json.dumps([USUAL, changed(ODD[odd]), changed(lambda raw: raw.update(id="z"))]).encode()
    heads = assert_the_same(data)
    assert isinstance(heads[0], Unread)


BROKEN = {
    "no UTF-8": lambda data: data.replace(b"a quiet harbour", NOT_UTF8),
    "a large number": lambda data: data.replace(b'"weight": 1.0', b'"weight": 1e999'),
    "no number": lambda data: data.replace(b'"weight": 1.0', b'"weight": NaN'),
    "half a pair": lambda data: data.replace(b"\\ude00", b""),
    "a raw line end": lambda data: data.replace(b"at dusk", b"at\ndusk"),
    "deep": lambda data: data.replace(b'"weight": 1.0', b'"weight": ' + b"[" * 900 + b"]" * 900),
    "too deep": lambda data: data.replace(
        b'"weight": 1.0', b'"weight":' + b"[" * 9999 + b"]" * 9999
    ),
    "cut": lambda data: data[:-90],
    "a brace too few": lambda data: data.replace(b'"metadata": {}}', b'"metadata": {}', 1),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_conversations_are_repaired_and_counted_as_ever(broken: str) -> None:
    data = BROKEN[broken](json.dumps([USUAL, changed(lambda raw: raw.update(id="z"))]).encode())
    assert_the_same(data)


SIGNS = [*(bytes([sign]) for sign in b'"\\{}[],:\xff\n'), b"1e999", b"null", b'"mapping":']


@given(
    st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 9), st.sampled_from(SIGNS)),
        max_size=4,
    )
)
def test_whatever_was_changed_the_result_is_the_same(
    changes: list[tuple[float, int, bytes]],
) -> None:
    raws = [{**USUAL, "conversation_id": f"c{number}"} for number in range(3)]
    data = json.dumps(raws, ensure_ascii=False).encode()
    for place, removed, put in changes:
        at = int(place * len(data))
        data = data[:at] + put + data[at + removed :]
    assert_the_same(data)


def test_what_only_this_process_can_repair_comes_whole_from_workers(tmp_path: Path) -> None:
    raws = ({**USUAL, "conversation_id": f"c{number}"} for number in range(4))
    items = [json.dumps(raw).encode() for raw in raws]
    items[1] = BROKEN["no UTF-8"](items[1])
    items[2] = BROKEN["a large number"](items[2])
    source = tmp_path / "export.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("conversations.json", b"[%s]" % b", ".join(items))
    results: list[tuple[Any, Any, bytes]] = []
    for jobs in (1, 2):
        report = convert(source, tmp_path / str(jobs), ["jsonl"], jobs=jobs)
        written = (tmp_path / str(jobs) / "conversations.jsonl").read_bytes()
        results.append((report["source"], report["read"], written))
    assert results[0] == results[1]
    assert results[0][2].count(b"\n") == 4


def test_without_msgspec_everything_is_read_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gptexit.readers.chatgpt.parsing.heads", None)
    heads = assert_the_same(json.dumps([USUAL]).encode())
    assert [type(head) for head in heads] == [dict]


def test_a_usual_item_is_not_read() -> None:
    result = Split()
    from gptexit.readers.chatgpt.parsing.heads import loads

    result.loads = loads
    data = json.dumps([USUAL, USUAL]).encode()
    assert all(isinstance(item, Unread) for _, item in split(io.BytesIO(data), result))
