from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.chatgpt.take import strings
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.normalize.assets import AssetBook
from gptexit.readers.chatgpt.normalize.content import CONTENT, Around, read_content, seconds_of

JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = [
    "parts",
    "text",
    "thoughts",
    "result",
    "content",
    "url",
    "title",
    "state",
    "screenshot",
    "widgets",
]


def read(content: dict[str, Any], **metadata: dict[str, list[dict[str, Any]]]) -> list[Any]:
    return read_content(content, Around(metadata, AssetBook(lambda key: AssetInfo())))


@given(
    st.sampled_from([*CONTENT, "new_2027"]),
    st.dictionaries(st.sampled_from(KEYS), JSON),
)
def test_no_shape_of_any_type_raises(name: str, fields: dict[str, Any]) -> None:
    parts = read({"content_type": name, **fields})
    assert all(part["type"] for part in parts)


@given(JSON)
def test_an_unknown_type_shows_all_its_strings(payload: list[bool] | None) -> None:
    [part] = read({"content_type": "new_2027", "payload": payload})
    for words in strings(payload):
        assert words in part["text"] or words == "new_2027"


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("Thought for 7s", 7), ("Thought for 1m 7s", 67), ("Hmm", None), ("7 seconds", 7)],
)
def test_the_duration_of_a_recap(words: str, seconds: int | None) -> None:
    assert seconds_of(words) == seconds


def test_code_output_brings_its_images() -> None:
    messages = [{"message_type": "image", "image_url": "file-service://file-Ab1", "width": 3}]
    parts = read(
        {"content_type": "execution_output", "text": "42"}, aggregate_result={"messages": messages}
    )
    assert [part["type"] for part in parts] == ["output", "image"]


def test_custom_instructions_lose_their_boilerplate() -> None:
    parts = read(
        {
            "content_type": "user_editable_context",
            "user_profile": "The user provided…:\nUser profile:\n```I bake.```",
            "user_instructions": "They wish:\n```Be brief.```",
        }
    )
    assert parts == [{"type": "instructions", "about": "I bake.", "response": "Be brief."}]
