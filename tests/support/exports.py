"""The sample exports, and what a plain reading of them finds: no code of gptexit is used here."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SINGLES = ROOT / "fixtures/singles-2026.zip"
"""Single chats, a file each, which are no export of ChatGPT's."""
FIXTURES = sorted(path for path in (ROOT / "fixtures").glob("*.zip") if path != SINGLES)
BESIDE = {"dat-2026": (1, 0), "slim-2026": (1, 2)}
"""Chats and messages beside the conversations: a group chat of none, a task of Codex of two."""
_MEMBER = re.compile(r"(?:^|/)conversations(?:[-_]\d+)?\.json$")


def raw_conversations(path: Path) -> dict[str, dict[str, Any]]:
    """The conversations of an export by id, the latest copy of each."""
    found: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if _MEMBER.search(name) and "__MACOSX" not in name:
                items = json.loads(archive.read(name))
                for item in items["conversations"] if isinstance(items, dict) else items:
                    if isinstance(item, dict):
                        key = item.get("conversation_id") or item.get("id") or f"{name}{len(found)}"
                        before = found.get(key)
                        if before is None or _updated(item) > _updated(before):
                            found[key] = item
    return found


def _updated(raw: dict[str, Any]) -> float:
    value = raw.get("update_time")
    return value if isinstance(value, (int, float)) else 0.0


def leaves(value: Any) -> Iterator[str]:
    """Every string below a value."""
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def mended(text: str) -> str:
    """A string as it is after lone surrogates were replaced and pairs of them joined."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def messages(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The messages of a conversation, in the order of its mapping."""
    mapping = raw.get("mapping")
    for node in mapping.values() if isinstance(mapping, dict) else ():
        if isinstance(node, dict) and isinstance(node.get("message"), dict):
            yield node["message"]


def seen_texts(raw: dict[str, Any]) -> list[str]:
    """What user and assistant said to each other on the branch that ends at `current_node`."""
    mapping = raw.get("mapping")
    at = raw.get("current_node")
    if not isinstance(mapping, dict) or at not in mapping:
        return []
    branch: list[Any] = []
    while isinstance(at, str) and at in mapping and at not in {key for key, _ in branch}:
        branch.append((at, mapping[at]))
        at = mapping[at].get("parent")
    found = []
    for _, node in reversed(branch):
        message = node.get("message")
        if not isinstance(message, dict) or not _is_seen(message):
            continue
        parts = message["content"].get("parts")
        found += [part for part in parts or [] if isinstance(part, str)]
    return found


def _is_seen(message: dict[str, Any]) -> bool:
    author = message.get("author")
    role = author.get("role") if isinstance(author, dict) else None
    metadata = message.get("metadata") or {}
    content = message.get("content")
    return (
        role in ("user", "assistant")
        and message.get("recipient", "all") in ("all", None)
        and isinstance(content, dict)
        and content.get("content_type") in ("text", "multimodal_text")
        and isinstance(content.get("parts"), list)
        and not metadata.get("is_visually_hidden_from_conversation")
        and not metadata.get("is_visually_hidden")
        and message.get("weight", 1) != 0
    )


_MARKS = re.compile(
    "\\(sandbox:[^)]*\\)|\ue200[^\ue200\ue201]*\ue201|\ue200\\w+\ue202\\S*|\ue202turn\\d+[a-z]+\\d+|[\ue200-\ue2ff]|【[^】]*】|\n|:::[^\n]*|\\[\\^"
)


def word_runs(text: str) -> list[str]:
    """The words of a text, a run for each line and for what stands between citations."""
    runs = (re.findall(r"[^\W_]+", run) for run in _MARKS.split(mended(text)))
    return [" ".join(run) for run in runs if run]
