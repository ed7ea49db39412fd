from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.readers.chatgpt.normalize.canvas import Read, read_object

TEXTS = st.text(st.sampled_from('a"\\\n/ué😀{}[]:,')) | st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def object_in(text: str) -> Read:
    """Read an object, of which there has to be something."""
    found = read_object(text)
    assert found is not None
    return found


def is_beginning(part: Any, whole: Any) -> bool:
    """Whether `part` is what stands at the beginning of `whole`."""
    if isinstance(whole, str):
        return isinstance(part, str) and whole.startswith(part)
    if isinstance(whole, list):
        return isinstance(part, list) and all(map(is_beginning, part, whole))
    if isinstance(whole, dict):
        return isinstance(part, dict) and all(is_beginning(part[key], whole[key]) for key in part)
    return bool(part == whole)


@pytest.mark.slow
@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.booleans(), st.data())
def test_an_object_is_read_as_far_as_it_goes_wherever_it_is_cut(
    value: dict[str, Any], escaped: bool, data: Any
) -> None:
    written = json.dumps(value, ensure_ascii=escaped)
    cut = data.draw(st.integers(1, len(written)))
    read = read_object(written[:cut])
    assert read is not None
    assert is_beginning(read.value, value)
    if cut == len(written):
        assert read == (value, True)
    elif read.whole:
        assert not written[cut:].strip("}]") or read.value != value


def test_what_is_missing_is_at_most_a_character() -> None:
    written = json.dumps({"name": "p", "content": "One \\u12 two \U0001f600 \n three"})
    for cut in range(written.index("One"), len(written)):
        words = object_in(written[:cut]).value["content"]
        assert len(json.dumps(words)) >= cut - written.index('"One') - 12


def test_closing_brackets_alone_are_no_loss() -> None:
    assert object_in('{"updates":[{"pattern":".*","replacement":"x"}').whole
    assert not object_in('{"updates":[{"pattern":".*","replacement":"x').whole
    assert not object_in('{"updates":[{"pattern":".*","repl').whole


def test_raw_line_ends_halves_of_pairs_and_words_behind() -> None:
    assert object_in('{"a":"x\ny').value == {"a": "x\ny"}
    assert object_in('{"a":"\\ud83d\\ude0').value == {"a": ""}
    assert object_in('{"a":"\\\\ud83d').value == {"a": "\\ud83d"}
    assert object_in('{"a":"\\ud83d"}').value == {"a": "\ufffd"}
    assert object_in('{"a":1} and more').value == {"a": 1}


def test_what_is_no_object() -> None:
    for words in ("", "plain words", "[1]", '"text"', "}"):
        assert read_object(words) is None


@pytest.mark.slow
def test_long_and_deep_ones_are_read_in_time_or_not_at_all() -> None:
    assert len(object_in('{"a":"' + "\\\\" * 1_000_000).value["a"]) == 1_000_000
    assert read_object('{"a":' * 100_000) is None
