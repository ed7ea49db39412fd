"""Builders of raw ChatGPT conversations for the tests, and strategies that make whole ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Raw = dict[str, Any]
ROOT = "client-created-root"


def message(role: str, content: Any, *, name: str | None = None, **rest: Any) -> Raw:
    """A fat message; `content` as a string is plain text."""
    if isinstance(content, str):
        content = {"content_type": "text", "parts": [content]}
    return {
        "author": {"role": role, "name": name, "metadata": {}},
        "create_time": 1_740_000_000.25,
        "update_time": None,
        "content": content,
        "status": "finished_successfully",
        "end_turn": None,
        "weight": 1.0,
        "metadata": {},
        "recipient": "all",
        "channel": None,
        **rest,
    }


def chain(*messages: Raw) -> Raw:
    """A mapping in which each message follows the one before; node ids `m1`, `m2`, …"""
    mapping: Raw = {ROOT: {"id": ROOT, "message": None, "parent": None, "children": []}}
    above = ROOT
    for number, each in enumerate(messages, 1):
        key = f"m{number}"
        add(mapping, key, above, each)
        above = key
    return mapping


def add(mapping: Raw, key: str, parent: str, each: Raw) -> None:
    """Hang a message below a node."""
    mapping[key] = {"id": key, "message": {"id": key, **each}, "parent": parent, "children": []}
    mapping[parent]["children"].append(key)


def conversation(mapping: Raw, **rest: Any) -> Raw:
    """A fat conversation around a mapping; its last node is the current one."""
    return {
        "title": "A title",
        "create_time": 1_740_000_000.25,
        "update_time": 1_740_000_100.5,
        "mapping": mapping,
        "moderation_results": [],
        "current_node": next(reversed(mapping), None),
        "conversation_id": "c0ffee00-0000-4000-8000-000000000001",
        "gizmo_id": None,
        "is_archived": False,
        "default_model_slug": "gpt-4o",
        "id": "c0ffee00-0000-4000-8000-000000000001",
        **rest,
    }


WORDS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\ue200\ue201\ue202`#*_[]()\n\\$"),
    max_size=60,
)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
TIMES = st.none() | st.floats(1e9, 2e9).map(lambda value: round(value, 6)) | JSON

_TYPES = [
    "text",
    "multimodal_text",
    "code",
    "execution_output",
    "tether_browsing_display",
    "tether_quote",
    "system_error",
    "user_editable_context",
    "model_editable_context",
    "thoughts",
    "reasoning_recap",
    "sonic_webpage",
    "computer_output",
    "citable_code_output",
    "super_widget",
    "app_pairing_content",
    "from_the_future",
]
_PART_TYPES = [
    "text",
    "image_asset_pointer",
    "audio_asset_pointer",
    "audio_transcription",
    "real_time_user_audio_video_asset_pointer",
    "video_container_asset_pointer",
    "from_the_future",
]
_FIELDS = [
    *("text", "result", "summary", "title", "url", "domain", "name", "content", "thoughts"),
    *("output_str", "user_profile", "user_instructions", "model_set_context", "screenshot"),
    *("state", "widgets", "workspaces", "context_parts"),
]
POINTERS = st.sampled_from(["file-service://file-AbC1", "sediment://file_0123abcd", "odd", ""])
PARTS = (
    WORDS
    | JSON
    | st.fixed_dictionaries(
        {"content_type": st.sampled_from(_PART_TYPES) | JSON},
        optional={"asset_pointer": POINTERS | JSON, "text": WORDS | JSON, "metadata": JSON},
    )
)
CONTENTS = (
    WORDS.map(lambda words: {"content_type": "text", "parts": [words]})
    | st.fixed_dictionaries(
        {"content_type": st.sampled_from(_TYPES) | JSON},
        optional={
            "parts": st.lists(PARTS, max_size=3) | JSON,
            **dict.fromkeys(_FIELDS, WORDS | JSON),
        },
    )
    | JSON
)
_TOOLS = [
    "all",
    "bio",
    "python",
    "web.run",
    "canmore.create_textdoc",
    "canmore.update_textdoc",
    "canmore.comment_textdoc",
    "dalle.text2im",
    "container.exec",
    "somebody.else",
]
REFERENCES = st.fixed_dictionaries(
    {"matched_text": WORDS, "title": WORDS, "url": WORDS},
    optional={"type": st.sampled_from(["file", "hidden", "attribution"]) | JSON, "items": JSON},
)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "model_slug": WORDS,
        "is_visually_hidden_from_conversation": st.booleans(),
        "attachments": JSON | st.lists(st.fixed_dictionaries({"id": POINTERS, "name": WORDS})),
        "content_references": JSON | st.lists(REFERENCES),
        "search_result_groups": JSON,
        "aggregate_result": JSON,
        "canvas": JSON | st.fixed_dictionaries({"textdoc_id": WORDS}),
        "chatgpt_sdk": JSON,
    },
)
MESSAGES = st.fixed_dictionaries(
    {"id": WORDS, "author": JSON | st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "tool", "system"])},
        optional={"name": st.none() | st.sampled_from(_TOOLS), "metadata": JSON},
    )},
    optional={
        "create_time": TIMES,
        "update_time": TIMES,
        "content": CONTENTS,
        "status": WORDS | JSON,
        "end_turn": JSON,
        "weight": JSON,
        "metadata": METADATA | JSON,
        "recipient": st.sampled_from(_TOOLS) | JSON,
        "channel": st.none() | WORDS,
        "surprise": JSON,
    },
)  # fmt: skip


@st.composite
def raw_conversations(draw: st.DrawFn) -> Raw:
    """Conversations of any shape: cycles, dangling parents, wrong types, unknown keys."""
    keys = draw(st.lists(st.text("abcd", min_size=1, max_size=2), unique=True, max_size=7))
    named = st.sampled_from([*keys, "nobody"])
    mapping: Raw = {}
    for key in keys:
        node: Raw = {
            "id": key,
            "message": draw(st.none() | MESSAGES),
            "parent": draw(st.none() | named),
        }
        if draw(st.booleans()):
            node["children"] = draw(st.lists(named, max_size=3) | JSON)
        if draw(st.booleans()) and node["message"] is not None:
            node["message"]["id"] = key
        mapping[key] = node if draw(st.integers(0, 9)) else draw(JSON)
    optional = {
        "title": JSON,
        "create_time": TIMES,
        "update_time": TIMES,
        "current_node": named | JSON,
        "conversation_id": WORDS | JSON,
        "id": WORDS,
        "gizmo_id": st.sampled_from(["g-abc", "g-p-abc"]) | JSON,
        "is_archived": JSON,
        "is_starred": JSON,
        "default_model_slug": JSON,
        "surprise": JSON,
    }
    raw: Raw = draw(st.fixed_dictionaries({}, optional=optional))
    if draw(st.integers(0, 9)):
        raw["mapping"] = mapping
    elif draw(st.booleans()):
        raw["mapping"] = draw(JSON)
    return raw
