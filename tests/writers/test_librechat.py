"""What LibreChat's two importers look up, and never ask for first.

Written from its source, `api/server/utils/import/` and `packages/api/src/import/`, of 2026.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given, settings

from gptexit import convert
from gptexit.archive.manifest import Catalog
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.text.json import dumps
from gptexit.writers.base import CommonOptions, Options
from gptexit.writers.chatgpt.restore import repaired
from gptexit.writers.chatgpt.zip_volume import FORMS
from gptexit.writers.librechat import NO_PARENT, LibreChat
from support.build import add, chain, conversation, message
from support.build import raw_conversations as any_conversations
from support.exports import FIXTURES, ROOT, raw_conversations

FIT = Options(fit="librechat")
ZIP = "chatgpt-export.zip"
TEXT = {"type": "string"}
PART = {
    "type": "object",
    "oneOf": [
        {"properties": {"type": {"const": kind}, kind: TEXT}, "required": ["type", kind]}
        for kind in ("text", "think")
    ],
}
NATIVE = {
    "type": "object",
    "required": ["conversationId", "title", "endpoint", "options", "messages"],
    "not": {"required": ["history"]},  # that would be a file of another app
    "properties": {
        "conversationId": {"type": "string", "minLength": 1},
        "title": {"type": "string", "minLength": 1},
        "endpoint": {"const": "openAI"},
        "recursive": {"const": False},
        "options": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "endpoint": {"const": "openAI"},
                "isArchived": {"const": True},
                "pinned": {"const": True},
            },
        },
        "messages": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["messageId", "parentMessageId", "isCreatedByUser", "sender", "text"],
                "properties": {
                    "messageId": {"type": "string", "minLength": 1},
                    "isCreatedByUser": {"type": "boolean"},
                    "sender": {"type": "string", "minLength": 1},
                    "text": {"type": "string", "minLength": 1},
                    "model": TEXT,
                    "createdAt": {"type": ["string", "null"]},
                    "content": {"type": "array", "items": PART},
                },
            },
        },
    },
}
CITED = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": {"type": "object"}},
        "sources": {"type": "array", "items": {"type": "object"}},
    },
}
THOUGHT = {"type": "object", "properties": {"content": TEXT, "summary": TEXT}}
SOMETHING = {"type": "string", "minLength": 1}
UPLOAD = {"type": "object", "properties": {"mime_type": SOMETHING, "name": SOMETHING}}
MESSAGE = {
    "type": "object",
    "required": ["author", "content", "create_time", "metadata"],
    "properties": {
        "author": {"type": "object", "required": ["role"]},
        "create_time": {"type": ["number", "null"]},
        "metadata": {
            "type": "object",
            "properties": {
                "model_slug": TEXT,
                "attachments": {"type": "array", "items": UPLOAD},
                "content_references": {"type": "array", "items": CITED},
            },
        },
        "content": {
            "type": "object",
            "required": ["content_type"],
            "properties": {
                "content_type": TEXT,
                "parts": {"type": "array", "items": {"type": ["string", "object"]}},
                "thoughts": {"type": "array", "items": THOUGHT},
            },
        },
    },
}
IN_ZIP = {
    "type": "object",
    "required": ["conversation_id", "title", "create_time", "mapping"],
    "properties": {
        "title": TEXT,
        "create_time": {"type": "number"},
        "default_model_slug": {"type": ["string", "null"]},
        "mapping": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["message", "parent"],
                "properties": {
                    "parent": {"type": ["string", "null"]},
                    "message": {"oneOf": [{"type": "null"}, MESSAGE]},
                },
            },
        },
    },
}
is_native = jsonschema.Draft202012Validator(NATIVE).validate
is_in_zip = jsonschema.Draft202012Validator(IN_ZIP).validate
LOOKED_UP = {
    "image_asset_pointer": "asset_pointer",
    "audio_asset_pointer": "asset_pointer",
    "audio_transcription": "text",
}


def messages(raw: dict[str, Any]) -> list[dict[str, Any]]:
    return [node["message"] for node in raw["mapping"].values() if node["message"]]


def pointers(raw: dict[str, Any]) -> Iterator[str]:
    """Those that the importer looks for; it fails on one that is no text."""
    for turn in messages(raw):
        for part in turn["content"].get("parts", []):
            if isinstance(part, dict):
                kind = part.get("content_type")
                if kind == "real_time_user_audio_video_asset_pointer":
                    audio = part.get("audio_asset_pointer")
                    if isinstance(audio, dict) and audio.get("asset_pointer"):
                        yield audio["asset_pointer"]
                elif isinstance(kind, str) and kind in LOOKED_UP:
                    assert isinstance(part[LOOKED_UP[kind]], str)
                    if kind != "audio_transcription":
                        yield part["asset_pointer"]


def check(raw: dict[str, Any]) -> None:
    is_in_zip(raw)
    assert all(isinstance(pointer, str) for pointer in pointers(raw))
    for turn in messages(raw):
        content = turn["content"]
        if "parts" not in content and content["content_type"] not in ("code", "execution_output"):
            assert all(isinstance(content.get(k, ""), str) for k in ("result", "text", "content"))


@pytest.mark.slow
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_a_zip_is_read_whole_and_each_file_is_where_it_is_looked_for(
    source: Path, tmp_path: Path
) -> None:
    report = convert(source, tmp_path, ["chatgpt", "jsonl"], options=FIT)
    found = raw_conversations(tmp_path / "chatgpt" / ZIP)
    assert len(found) == report["read"]["conversations"]
    with zipfile.ZipFile(tmp_path / "chatgpt" / ZIP) as archive:
        names = set(archive.namelist())
    missing = set()
    for line in (tmp_path / "jsonl/conversations.jsonl").open("rb"):
        neutral = orjson.loads(line)
        missing |= {asset["id"] for asset in neutral["assets"] if asset["member"] is None}
    for raw in found.values():
        check(raw)
        for pointer in pointers(raw):
            tail = pointer.split("://")[-1]
            assert f"{tail}.dat" in names or tail in missing or not tail


@pytest.mark.slow
@settings(max_examples=100)
@given(any_conversations())
def test_nothing_odd_stops_the_import_of_a_zip(raw: dict[str, Any]) -> None:
    neutral = read_conversation(raw, Account(), ReadStats())
    out, _ = repaired(neutral)
    before = deepcopy(neutral)
    FORMS["librechat"].fit(out)
    check(orjson.loads(dumps(out)))
    assert neutral == before
    again = read_conversation(orjson.loads(dumps(out)), Account(), ReadStats())
    assert [message["id"] for message in again["messages"]] == [
        message["id"] for message in neutral["messages"]
    ]


@pytest.mark.parametrize(
    "odd",
    [
        {"attachments": "none"},
        {"attachments": [None]},
        {"content_references": {"a": 1}},
        {"content_references": [None, {"type": "webpage", "items": [None]}]},
        {"model_slug": 4},
        {"attachments": [{"id": "file-A1", "mime_type": 1, "name": ["a"]}]},
    ],
)
def test_metadata_that_would_stop_it(odd: dict[str, Any]) -> None:
    raw = conversation(chain(message("user", "Hi"), message("assistant", "Ho", metadata=odd)))
    assert FORMS["librechat"].fit(raw)
    check(raw)
    assert raw["mapping"]["m2"]["message"]["content"]["parts"] == ["Ho"]


@pytest.mark.parametrize(
    "content",
    [
        {"content_type": "multimodal_text", "parts": [{"content_type": "image_asset_pointer"}]},
        {"content_type": "multimodal_text", "parts": [
            {"content_type": "image_asset_pointer", "asset_pointer": {"a": 1}}]},
        {"content_type": "multimodal_text", "parts": [
            {"content_type": "audio_transcription", "text": None}]},
        {"content_type": "multimodal_text", "parts": [
            {"content_type": "real_time_user_audio_video_asset_pointer",
             "audio_asset_pointer": {"asset_pointer": 3}}]},
        {"content_type": "thoughts", "thoughts": [None, {"content": 1, "summary": "Sum"}]},
        {"content_type": "tether_quote", "text": ["a", "list"]},
    ],
)  # fmt: skip
def test_contents_that_would_stop_it(content: dict[str, Any]) -> None:
    raw = conversation(chain(message("user", "Hi"), message("assistant", content)))
    FORMS["librechat"].fit(raw)
    check(raw)


def test_hidden_and_empty_messages_do_not_become_bubbles() -> None:
    hidden = {"is_visually_hidden_from_conversation": True}
    profile = {"content_type": "user_editable_context", "user_profile": "I am Ann."}
    upload = {"attachments": [{"id": "file-A1", "name": "a.pdf"}]}
    raw = conversation(
        chain(
            message("user", profile),
            message("assistant", "Not for you.", metadata=hidden),
            message("user", "", metadata=upload),
            message("tool", {"content_type": "text", "parts": [""]}, name="web"),
            message("tool", {"content_type": "execution_output", "text": "4"}, name="python"),
            message("assistant", {"content_type": "thoughts", "thoughts": []}),
            message("assistant", "Four."),
        )
    )
    FORMS["librechat"].fit(raw)
    roles = [message["author"]["role"] for message in messages(raw)]
    assert roles == ["system", "system", "user", "system", "tool", "assistant", "assistant"]
    assert raw["mapping"]["m1"]["message"]["author"]["metadata"]["real_role"] == "user"
    assert raw["mapping"]["m1"]["message"]["content"]["user_profile"] == "I am Ann."


def test_a_picture_whose_upload_has_no_type_is_still_a_picture() -> None:
    upload = {"id": "file-A1", "name": "a.png", "mime_type": ""}
    raw = conversation(chain(message("user", "Look", metadata={"attachments": [upload]})))
    FORMS["librechat"].fit(raw)
    (kept,) = raw["mapping"]["m1"]["message"]["metadata"]["attachments"]
    assert kept == {"id": "file-A1", "name": "a.png"}


@pytest.mark.slow
def test_a_page_of_a_document_is_found(tmp_path: Path) -> None:
    convert(ROOT / "fixtures/sharded-2026.zip", tmp_path, ["chatgpt"], options=FIT)
    with zipfile.ZipFile(tmp_path / ZIP) as archive:
        names = archive.namelist()
        pages = [name for name in names if "#p_" in name]
        assert len(pages) == 3
        text = b"".join(archive.read(name) for name in names if name.startswith("conversations-"))
    for page in pages:
        assert f'://{page.removesuffix(".dat")}"'.encode() in text


def native(raw: dict[str, Any]) -> Any:
    neutral = read_conversation(raw, Account(), ReadStats())
    (file,) = LibreChat(CommonOptions(), Catalog()).render(neutral).files
    return json.loads(file.data)


@pytest.mark.slow
@settings(max_examples=70)
@given(any_conversations())
def test_a_file_is_one_that_the_importer_takes(raw: dict[str, Any]) -> None:
    form = native(raw)
    is_native(form)
    before = {NO_PARENT}
    for turn in form["messages"]:  # a parent that comes later is lost
        assert turn["parentMessageId"] in before
        before.add(turn["messageId"])


def test_a_conversation_goes_on_with_a_model_that_the_server_has() -> None:
    mapping = chain(
        message("user", "Hi"), message("assistant", "Ho", metadata={"model_slug": "o3"})
    )
    add(mapping, "other", "m1", message("assistant", "Hum", metadata={"model_slug": "gpt-4o"}))
    form = native(conversation(mapping, default_model_slug="o3", is_archived=True, is_starred=True))
    assert form["options"] == {"endpoint": "openAI", "isArchived": True, "pinned": True}
    assert [message.get("model") for message in form["messages"]] == [None, "o3", "gpt-4o"]
