"""A full conversation as an export since mid-2026 has it, and strategies for accounts over time."""

from __future__ import annotations

import copy
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from support import build

Raw = dict[str, Any]
_CONTENTS = {"text", "multimodal_text", "thoughts", "reasoning_recap"}
_TOP = [
    "conversation_id",
    "conversation_template_id",
    "create_time",
    "current_node",
    "default_model_slug",
    "id",
    "is_archived",
    "is_do_not_remember",
    "is_read_only",
    "is_starred",
    "is_study_mode",
    "mapping",
    "memory_scope",
    "pinned_time",
    "plugin_ids",
    "title",
    "update_time",
    "voice",
]
_METADATA = ("model_slug", "attachments", "content_references", "citations", "search_result_groups")
_COLUMNS = ("title", "url", "snippet", "attributions")


def slimmed(raw: Raw) -> Raw:
    """What is left of a full conversation: no tools, no system, nodes that name their parents."""
    raw = copy.deepcopy(raw)
    mapping = raw.get("mapping")
    nodes = mapping if isinstance(mapping, dict) else {}
    kept = {key for key, node in nodes.items() if _is_kept(node)}

    def above(key: Any) -> Any:
        seen = set()
        while isinstance(key, str) and key in nodes and key not in kept and key not in seen:
            seen.add(key)
            key = nodes[key].get("parent") if isinstance(nodes[key], dict) else None
        return key if isinstance(key, str) and key in kept else None

    slim = {key: value for key, value in raw.items() if key in _TOP}
    if "gizmo_id" in raw:
        slim["conversation_template_id"] = raw["gizmo_id"]
    slim["current_node"] = above(raw.get("current_node"))
    slim["mapping"] = {
        key: {
            "id": key,
            "message": _message(node.get("message")),
            "parent": above(node.get("parent")),
        }
        for key, node in nodes.items()
        if key in kept
    }
    return slim


def _is_kept(node: Any) -> bool:
    if not isinstance(node, dict):
        return False
    message = node.get("message")
    if message is None:
        return node.get("id") == build.ROOT
    return (
        isinstance(message, dict)
        and _object(message.get("author")).get("role") in ("user", "assistant")
        and _object(message.get("content")).get("content_type") in _CONTENTS
        and message.get("recipient", "all") == "all"
    )


def _object(value: Any) -> Raw:
    return value if isinstance(value, dict) else {}


def _message(message: Raw | None) -> Raw | None:
    if message is None:
        return None
    author = _object(message.get("author"))
    slim: Raw = {key: message[key] for key in ("id", "create_time", "content") if key in message}
    slim["author"] = {"role": author.get("role"), "name": author.get("name")}
    metadata = _object(message.get("metadata"))
    left = {key: metadata[key] for key in _METADATA if key in metadata}
    for group in left.get("search_result_groups") or []:
        if isinstance(group, dict) and isinstance(group.get("entries"), list):
            group["entries"] = [
                {key: value for key, value in entry.items() if key in _COLUMNS}
                for entry in group["entries"]
                if isinstance(entry, dict)
            ]
    if left:
        slim["metadata"] = left
    return slim


_WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
_FILES = [f"file_{number:032x}" for number in range(4)]


@st.composite
def _said(draw: st.DrawFn) -> Raw:
    """A message of a full export: something said, or what tools do in between."""
    role = draw(st.sampled_from(["user", "assistant", "assistant", "tool", "system"]))
    words = draw(_WORDS)
    metadata: Raw = {"model_slug": "gpt-4o", "request_id": draw(_WORDS)}
    content: Any = words
    rest: Raw = {}
    kind = draw(st.integers(0, 5))
    if role == "assistant" and kind == 0:
        content = {"content_type": "code", "language": "python", "text": words}
        rest["recipient"] = "python"
    elif role == "assistant" and kind == 1:
        thought = {"summary": words, "content": draw(_WORDS), "chunks": [], "finished": True}
        content = {"content_type": "thoughts", "thoughts": [thought], "source_analysis_msg_id": "x"}
    elif role == "assistant" and kind == 2:
        entry = {
            "type": "search_result",
            "title": words,
            "url": "https://example.org/",
            "ref_id": 1,
        }
        metadata["search_result_groups"] = [{"domain": "example.org", "entries": [entry]}]
    elif role == "user" and kind == 0:
        file = draw(st.sampled_from(_FILES))
        pointer = {"content_type": "image_asset_pointer", "asset_pointer": f"sediment://{file}"}
        content = {"content_type": "multimodal_text", "parts": [pointer, words]}
        metadata["attachments"] = [
            {"id": file, "name": f"{file[-1]}.png", "mime_type": "image/png"}
        ]
    elif role == "tool":
        content = {"content_type": "execution_output", "text": words}
    name = "python" if role == "tool" else None
    return build.message(role, content, name=name, metadata=metadata, **rest)


@st.composite
def conversations(draw: st.DrawFn, key: str) -> Raw:
    """A full conversation with branches."""
    mapping = build.chain()
    start = draw(st.integers(0, 1000)) + 1.7e9
    for number in range(draw(st.integers(1, 8))):
        above = draw(st.sampled_from(list(mapping)[-3:]))
        each = {**draw(_said()), "create_time": start + number}
        build.add(mapping, f"{key}-{number}", above, each)
    template = draw(st.sampled_from([None, "g-p-1", "g-2"]))
    return build.conversation(
        mapping,
        id=key,
        conversation_id=key,
        title=draw(_WORDS),
        create_time=start,
        update_time=start + 100,
        gizmo_id=template,
        safe_urls=["https://example.org/"],
    )


@st.composite
def later(draw: st.DrawFn, account: list[Raw], stamp: str) -> list[Raw]:
    """The same account in a later, slim export: some is gone, some is new, some is renamed."""
    found = []
    for raw in account:
        if draw(st.integers(0, 4)) == 0:
            continue
        slim = slimmed(raw)
        mapping = slim["mapping"]
        moved = False
        if draw(st.booleans()):
            slim["title"], moved = draw(_WORDS), True
        if len(mapping) > 2 and draw(st.integers(0, 3)) == 0:
            del mapping[list(mapping)[-1]]
            moved = True
        for number in range(draw(st.integers(0, 2))):
            key = f"{raw['id']}-{stamp}-{number}"
            above = draw(st.sampled_from(list(mapping))) if mapping else None
            role = draw(st.sampled_from(["user", "assistant"]))
            each = _message(build.message(role, draw(_WORDS), id=key))
            mapping[key] = {"id": key, "message": each, "parent": above}
            slim["current_node"], moved = key, True
        if slim["current_node"] not in mapping:
            slim["current_node"] = next(reversed(mapping), None)
        slim["update_time"] += 1000 * moved
        found.append(slim)
    if draw(st.booleans()):
        found.append(slimmed(draw(conversations(f"new-{stamp}"))))
    return found


@st.composite
def accounts(draw: st.DrawFn) -> list[Raw]:
    """The conversations of a full export."""
    return [draw(conversations(f"c{number}")) for number in range(draw(st.integers(1, 3)))]


def pack(path: Path, year: int, members: dict[str, Any], stem: str = "") -> Path:
    """A ZIP whose members are of that year; values that are no bytes become JSON."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(stem + name, (year, 9, 2, 3, 4, 6))
            archive.writestr(info, data if isinstance(data, bytes) else json.dumps(data))
    return path


def two_years(full: Path, folder: Path) -> None:
    """A full export as `chatgpt-2025.zip`, and what a year later is left of it, with news."""
    old, new = folder / "chatgpt-2025.zip", folder / "chatgpt-2026.zip"
    shutil.copy(full, old)
    with zipfile.ZipFile(full) as archive:
        account = json.loads(archive.read("conversations.json"))
    _, shortened, renamed, continued, *others = account
    shards = [slimmed(raw) for raw in (shortened, renamed, continued, *others)]
    first, second, third, *_ = shards
    del first["mapping"][first["current_node"]]
    first["current_node"] = next(reversed(first["mapping"]))
    second["title"] = "Garlic, from planting to harvest"
    asked = build.message("user", "And how do I store it?", create_time=1.78e9, id="news")
    third["mapping"]["news"] = {
        "id": "news",
        "message": _message(asked),
        "parent": third["current_node"],
    }
    third |= {"current_node": "news", "update_time": 1.78e9}
    pack(new, 2026, {"conversations-000.json": shards})
