"""What Jan makes of its data folder, from its source of 2026: this is the judge where Jan is not.

`list_threads` and `read_messages_from_file` are in `src-tauri/src/core/threads`, the way through a
tree in `web-app/src/lib/message-branching.ts`, what is shown of a message in `messages.ts` there.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema

TEXT, WHOLE, SOMETHING = {"type": "string"}, {"type": "integer"}, {"type": "string", "minLength": 1}
WORDS = {
    "type": "object",
    "required": ["value", "annotations"],
    "properties": {"value": SOMETHING, "annotations": {"type": "array", "items": TEXT}},
}
CONTENT = {
    "type": "object",
    "oneOf": [
        {
            "required": ["type", "text"],
            "properties": {"type": {"enum": ["text", "reasoning"]}, "text": WORDS},
        },
        {
            "required": ["type", "image_url"],
            "properties": {
                "type": {"const": "image_url"},
                "image_url": {
                    "type": "object",
                    "required": ["url"],
                    "properties": {"url": {"pattern": "^data:image/"}, "detail": TEXT},
                },
            },
        },
    ],
}
MESSAGE = {
    "type": "object",
    "required": [
        *("id", "object", "thread_id", "role", "content", "status", "created_at", "completed_at"),
        "metadata",
    ],
    "properties": {
        "id": SOMETHING,
        "object": {"const": "thread.message"},
        "thread_id": SOMETHING,
        "role": {"enum": ["user", "assistant"]},
        "content": {"type": "array", "minItems": 1, "items": CONTENT},
        "status": {"enum": ["ready", "pending", "error", "stopped"]},
        "created_at": WHOLE,
        "completed_at": WHOLE,
        "metadata": {
            "type": "object",
            "required": ["parentId"],
            "properties": {"parentId": {"type": ["string", "null"]}, "activeChildId": SOMETHING},
        },
    },
}
MODEL = {
    "type": "object",
    "required": ["id", "engine"],
    "properties": {"id": SOMETHING, "engine": SOMETHING},
}
THREAD = {
    "type": "object",
    "required": ["id", "object", "title", "assistants", "created", "updated"],
    "properties": {
        "id": SOMETHING,
        "object": {"const": "thread"},
        "title": SOMETHING,
        "created": WHOLE,
        "updated": {**WHOLE, "maximum": 10**12},
        "assistants": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["id", "name", "model"],
                "properties": {"id": TEXT, "name": TEXT, "model": MODEL, "instructions": TEXT},
            },
        },
        "metadata": {
            "type": "object",
            "properties": {"is_favorite": {"type": "boolean"}, "activeRootId": SOMETHING},
        },
    },
}
is_message = jsonschema.Draft202012Validator(MESSAGE).validate
is_thread = jsonschema.Draft202012Validator(THREAD).validate


def threads(folder: Path) -> dict[str, tuple[Any, list[Any]]]:
    """Every thread of a data folder with its messages, by the id of the thread."""
    found = {}
    for path in (folder / "threads").iterdir():
        about = path / "thread.json"
        if path.is_dir() and about.exists():
            thread = json.loads(about.read_text(encoding="utf-8"))
            is_thread(thread)
            assert thread["id"] == path.name
            found[thread["id"]] = (thread, messages(path / "messages.jsonl"))
    return found


def messages(path: Path) -> list[Any]:
    """The messages of a file. A line that is no JSON is an error, as it is to Jan."""
    lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
    assert lines.pop() == b"", "the last line has no end"
    read = [json.loads(line) for line in lines]
    for message in read:
        is_message(message)
        assert message["thread_id"] == path.parent.name
    return read


def shown(thread: Any, read: list[Any]) -> list[Any]:
    """The messages that Jan shows first, from the first to the last one."""
    roots = below(read, None)
    chosen = (thread.get("metadata") or {}).get("activeRootId")
    at = next((root for root in roots if root["id"] == chosen), roots[-1] if roots else None)
    path: list[Any] = []
    while at is not None:
        assert at not in path
        path.append(at)
        children = below(read, at["id"])
        chosen = at["metadata"].get("activeChildId")
        newest = children[-1] if children else None
        at = next((child for child in children if child["id"] == chosen), newest)
    return path


def below(read: list[Any], parent: str | None) -> list[Any]:
    """The versions of a message, in the order of the arrows."""
    same = [message for message in read if message["metadata"]["parentId"] == parent]
    return sorted(same, key=lambda message: message["created_at"])


def moved(read: list[Any]) -> list[str]:
    """The ids of the answers that Jan hangs elsewhere, because it takes them for damaged."""
    found = []
    ordered = sorted(read, key=lambda message: message["created_at"])
    for at, message in enumerate(ordered):
        first = message["role"] == "assistant" and message["metadata"]["parentId"] is None
        if first and any(other["role"] == "user" for other in ordered[:at]):
            found.append(message["id"])
    return found


def said(message: Any) -> tuple[str, str]:
    """What Jan shows of a message: its text, and its thoughts."""
    text, thoughts = [], []
    for content in message["content"]:
        if content["type"] == "reasoning":
            thoughts.append(content["text"]["value"])
        elif content["type"] == "text":
            rest, inner = _parsed(content["text"]["value"])
            text.append(rest)
            thoughts += inner
    return "\n".join(text), "\n".join(thoughts)


def _parsed(text: str) -> tuple[str, list[str]]:
    """What Jan shows of one text, in which it looks for the marks of older models."""
    if "<think>" in text and "</think>" not in text:
        return "", [text.partition("<think>")[2]]
    if "<|channel|>analysis<|message|>" in text:
        return text.partition("<|start|>assistant<|channel|>final<|message|>")[2], []
    mark = re.search(r"<think>(.*?)</think>", text, re.DOTALL)
    return (text[mark.end() :], [mark[1]]) if mark else (text, [])
