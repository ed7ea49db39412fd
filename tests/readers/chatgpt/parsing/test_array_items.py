from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptexit.codes import Repair
from gptexit.readers.chatgpt.parsing import array_items as splitter
from gptexit.readers.chatgpt.parsing.array_items import NotAnArray, Split, split
from gptexit.text.json import loads_leniently

TRICKY = st.sampled_from(
    [
        '"mapping":',
        '},{"mapping":',
        "}, {",
        '\\"mapping\\":',
        "]",
        "}]",
        "[{",
        '{"mapping": {}}',
        "\\",
    ]
)
TEXTS = st.one_of(st.text(max_size=12), TRICKY)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), TEXTS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.one_of(TEXTS, st.just("mapping")), inner, max_size=3)
    ),
    max_leaves=8,
)
CONVERSATION = st.fixed_dictionaries(
    {"title": TEXTS, "mapping": VALUES}, optional={"voice": VALUES, "a": VALUES}
)
ITEMS = st.lists(
    st.one_of(CONVERSATION, VALUES.filter(lambda value: value is not None)), max_size=8
)
STYLES = st.sampled_from(
    [
        {},
        {"separators": (",", ":")},
        {"indent": 2},
        {"indent": "\t", "separators": (" ,\r\n", " : ")},
        {"ensure_ascii": False},
        {"sort_keys": True},
    ]
)


class Trickle(io.BytesIO):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self.step = step

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self.step if size is None or size < 0 else min(size, self.step))


def read(data: bytes, step: int = 1 << 20, careful: bool = False) -> tuple[list[Any], Split]:
    said = Split()
    return [item for _, item in split(Trickle(data, step), said, careful)], said


@pytest.mark.slow
@settings(max_examples=70)
@given(
    ITEMS,
    STYLES,
    st.sampled_from([1, 7, 64, 1 << 20]),
    st.sampled_from([5, 50, 1 << 20]),
    st.booleans(),
    st.booleans(),
)
def test_items_equal_json_loads(
    items: list[Any], style: dict[str, Any], step: int, chunk: int, bom: bool, careful: bool
) -> None:
    data = json.dumps(items, **style).encode("utf-8", "surrogatepass")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        data = json.dumps(items).encode()
    whole, splitter.CHUNK = splitter.CHUNK, chunk
    try:
        got, said = read((b"\xef\xbb\xbf" if bom else b"") + data, step, careful)
    finally:
        splitter.CHUNK = whole
    assert got == json.loads(data)
    assert said.troubles == []


def conversations(count: int) -> list[dict[str, object]]:
    return [
        {"title": f"c{n}", "mapping": {"a": {"id": "a", "message": None}}, "current_node": "a"}
        for n in range(count)
    ]


@pytest.mark.parametrize("indent", [None, 2])
def test_the_fast_way_serves_ordinary_exports(indent: int | None) -> None:
    said = Split()
    data = json.dumps(conversations(500), indent=indent).encode()
    assert len(list(split(io.BytesIO(data), said))) == 500
    assert said.careful == 0


def test_offsets_point_at_the_items() -> None:
    data = json.dumps(conversations(3), indent=1).encode()
    for offset, item in split(io.BytesIO(data), Split()):
        assert data[offset : offset + 1] == b"{"
        assert json.JSONDecoder().raw_decode(data.decode(), offset)[0] == item


@pytest.mark.parametrize("cut", range(1, 120, 7))
def test_a_cut_file_keeps_the_whole_items_before_the_cut(cut: int) -> None:
    items = conversations(3)
    data = json.dumps(items).encode()[:-cut]
    got, said = read(data)
    assert got == items[: len(got)]
    assert [trouble.cut for trouble in said.troubles] == [True]
    assert len(data[: said.troubles[0].offset]) <= len(data)
    assert len(got) >= 1 or cut > 100


def test_one_bad_item_costs_only_itself() -> None:
    data = b'[{"mapping":{}}, {"mapping": oops, "x": [1}, {"title":"t","mapping":{}}]'
    got, said = read(b'[{"title":"s","mapping":{}},{"mapping": {oops}},{"title":"t","mapping":{}}]')
    assert [item["title"] for item in got] == ["s", "t"]
    assert len(said.troubles) == 1
    read(data)


def test_surrogates_nan_and_nul_are_repaired_and_counted() -> None:
    data = (
        b'[{"title":"\\ud83d\\ude00 ok","mapping":{}},'
        b'{"title":"\\ud83d alone","mapping":{"x":NaN}},'
        b'{"title":"cesu \xed\xa0\xbd\xed\xb8\x80","mapping":{}},'
        b'{"title":"nul \x00 here \\u0000","mapping":{}}]'
    )
    got, said = read(data)
    assert [item["title"] for item in got] == [
        "\U0001f600 ok",
        "\ufffd alone",
        "cesu \U0001f600",
        "nul \x00 here \x00",
    ]
    assert got[1]["mapping"] == {"x": None}
    assert said.repairs == Counter(
        {
            Repair.LONE_SURROGATE: 1,
            Repair.NAN: 1,
            Repair.PAIR_JOINED: 1,
        }
    )


def test_envelope_and_single_object() -> None:
    items = conversations(2)
    assert read(orjson.dumps({"conversations": items}))[0] == items
    assert read(orjson.dumps({"version": 1, "conversations": items}))[0] == items
    assert read(orjson.dumps(items[0]))[0] == items[:1]


def test_something_else_is_refused() -> None:
    for data in (b"", b"hello", b"<html>", b"\x89PNG"):
        with pytest.raises(NotAnArray):
            read(data)


def test_deep_nesting_is_a_trouble_and_not_a_crash() -> None:
    got, said = read(b"[" + b"[" * 200_000 + b"]" * 200_000 + b"]")
    assert got == []
    assert len(said.troubles) == 1


def test_invalid_utf8_is_replaced() -> None:
    repairs: Counter[Repair] = Counter()
    assert loads_leniently(b'{"a":"\xff"}', repairs) == {"a": "\ufffd"}
    assert sum(repairs.values()) == 1


@pytest.mark.slow
@settings(max_examples=100)
@given(
    st.lists(st.sampled_from(["\\ud83d", "\\ude00", "\\uD83D", "\\\\", "a", "\\u00e9", "é"])).map(
        "".join
    )
)
def test_no_half_of_a_pair_is_left(words: str) -> None:
    data = f'[{{"mapping": {{}}, "title": "{words}"}}]'
    items = [item for _, item in split(io.BytesIO(data.encode()), Split())]
    assert len(items) == 1
    for value in (items[0], loads_leniently(data.encode(), Counter())[0]):
        value["title"].encode()


def test_numbers_are_read_alike_with_and_without_faults_beside_them() -> None:
    numbers = {
        "a": "18446744073709551615",
        "b": "18446744073709551616",
        "c": "-9223372036854775809",
    }
    numbers |= {"d": "1e300", "e": "0.1e-99999", "f": "-9223372036854775808"}
    text = "{" + ",".join(f'"{key}":{value}' for key, value in numbers.items()) + "}"
    leniently = loads_leniently(text.encode(), Counter())
    assert orjson.loads(text) == leniently
    assert {key: type(value) for key, value in leniently.items()} == {
        **{"a": int, "b": float, "c": float},
        **{"d": float, "e": float, "f": int},
    }


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400, "9" * 5000])
def test_a_number_beyond_all_bounds_is_null_and_counted(number: str) -> None:
    got, said = read(b'[{"mapping":{"x":' + number.encode() + b"}}]")
    assert got == [{"mapping": {"x": None}}]
    assert said.repairs == {Repair.NUMBER_TOO_LARGE: 1}


def test_what_nests_too_deep_is_said_in_plain_words() -> None:
    _, said = read(b"[" + b"[" * 5000 + b"]" * 5000 + b"]")
    assert [trouble.reason for trouble in said.troubles] == [
        "it cannot be read as JSON (nested too deep)"
    ]
