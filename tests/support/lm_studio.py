"""What programs read of LM Studio's folder, and the form that several of them agree on.

LM Studio is closed. The schema has the fields of files that others published, of programs that
write them and of programs that read them, in 2025 and 2026.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

TEXT, WHOLE, BOTH = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
SOMETHING = {"type": "string", "minLength": 1}
EMPTY = {"type": "array", "maxItems": 0}


def _object(required: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **more},
        "additionalProperties": False,
    }


WORDS = _object({"type": {"const": "text"}, "text": SOMETHING})
IMAGE = _object(
    {
        "type": {"const": "file"},
        "fileIdentifier": {"type": "string", "pattern": r"^[^/\\]+\.(png|jpg|webp)$"},
        "fileType": {"const": "image"},
        "sizeBytes": {"type": "integer", "minimum": 1},
    }
)
QUESTION = _object(
    {
        "type": {"const": "singleStep"},
        "role": {"const": "user"},
        "content": {"type": "array", "minItems": 1, "items": {"anyOf": [WORDS, IMAGE]}},
    }
)
STEP = _object(
    {
        "type": {"const": "contentBlock"},
        "stepIdentifier": TEXT,
        "content": {"type": "array", "minItems": 1, "items": WORDS},
        "defaultShouldIncludeInContext": BOTH,
        "shouldIncludeInContext": BOTH,
    },
    style=_object({"type": {"const": "thinking"}, "ended": {"const": True}, "title": TEXT}),
    prefix={"const": "<think>"},
    suffix={"const": "</think>"},
)
ANSWER = _object(
    {
        "type": {"const": "multiStep"},
        "role": {"const": "assistant"},
        "senderInfo": _object({"senderName": SOMETHING}),
        "steps": {"type": "array", "minItems": 1, "items": STEP},
    }
)
VERSIONS = {"type": "array", "minItems": 1, "items": {"anyOf": [QUESTION, ANSWER]}}
FIELDS = _object({"fields": {"type": "array", "items": _object({"key": SOMETHING, "value": TEXT})}})
NO_FIELDS = _object({"fields": EMPTY})
MODEL = _object(
    {
        "identifier": SOMETHING,
        "indexedModelIdentifier": SOMETHING,
        "instanceLoadTimeConfig": NO_FIELDS,
        "instanceOperationTimeConfig": NO_FIELDS,
    }
)
CHAT = _object(
    {
        "name": SOMETHING,
        "pinned": BOTH,
        "createdAt": WHOLE,
        "preset": TEXT,
        "tokenCount": WHOLE,
        "systemPrompt": TEXT,
        "messages": {
            "type": "array",
            "items": _object({"versions": VERSIONS, "currentlySelected": WHOLE}),
        },
        "usePerChatPredictionConfig": BOTH,
        "perChatPredictionConfig": FIELDS,
        "clientInput": TEXT,
        "clientInputFiles": EMPTY,
        "userFilesSizeBytes": WHOLE,
        "notes": EMPTY,
        "plugins": EMPTY,
        "pluginConfigs": {"type": "object"},
        "disabledPluginTools": EMPTY,
        "looseFiles": EMPTY,
    },
    lastUsedModel=MODEL,
    userLastMessagedAt=WHOLE,
    assistantLastMessagedAt=WHOLE,
)
ABOUT = _object(
    {
        "type": {"const": "image"},
        "sizeBytes": WHOLE,
        "originalName": SOMETHING,
        "fileIdentifier": SOMETHING,
        "preview": _object({"data": {"type": "string", "pattern": "^data:image/"}}),
    }
)
is_chat = jsonschema.Draft202012Validator(CHAT).validate
is_about = jsonschema.Draft202012Validator(ABOUT).validate


def chat(data: bytes | str) -> Any:
    """A chat of these bytes. Fails where a program that reads such files would stumble."""
    read = json.loads(data)
    is_chat(read)
    for message in read["messages"]:
        assert message["currentlySelected"] < len(message["versions"])
        assert len({version["role"] for version in message["versions"]}) == 1
    return read


def chats(folder: Path) -> dict[str, Any]:
    """Every chat by its path, its files looked up."""
    found = {}
    for path in sorted((folder / "conversations").rglob("*.conversation.json")):
        assert path.name.partition(".")[0].isdecimal()
        read = found[path.relative_to(folder).as_posix()] = chat(path.read_bytes())
        for file in files(read):
            name = file["fileIdentifier"]
            about = json.loads((folder / f"user-files/{name}.metadata.json").read_bytes())
            is_about(about)
            assert about["fileIdentifier"] == name
            size = (folder / "user-files" / name).stat().st_size
            assert size == file["sizeBytes"] == about["sizeBytes"]
    return found


def files(read: Any) -> list[Any]:
    """The images of a chat, in all versions."""
    return [
        part
        for message in read["messages"]
        for version in message["versions"]
        for part in version.get("content", ())
        if part["type"] == "file"
    ]


def selected(read: Any) -> list[Any]:
    """The versions that a chat shows first."""
    return [message["versions"][message["currentlySelected"]] for message in read["messages"]]


def said(version: Any) -> tuple[str, str]:
    """The text of a version of a message, and its thoughts."""
    blocks: dict[bool, list[str]] = {False: [], True: []}
    for step in version.get("steps", (version,)):
        for part in step["content"]:
            if part["type"] == "text":
                blocks["style" in step].append(part["text"])
    return "\n".join(blocks[False]), "\n".join(blocks[True])
