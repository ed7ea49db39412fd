"""The chats of `gptexit push lm-studio`, read back as programs read LM Studio's files."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from support import lm_studio
from support.apps.compare import (
    TURNS,
    App,
    AppConversation,
    AppMessage,
    add_row,
)
from support.apps.source import Expected
from support.command import gptexit

LM_STUDIO = App(
    "lm-studio push",
    {
        "messages": TURNS,
        "images": "an image of an answer, or of another kind than PNG, JPEG and WebP, is named",
        "files": "LM Studio takes images only; other files are named in the chat",
        "dates": "LM Studio has no date of a message",
    },
    by_branch=True,
    elsewhere="in your export, not in this app",
)
_LINK = re.compile(r"\]\(<?(https?://[^)>\s]+)>?\)")


def test_lm_studio_has_what_the_export_holds(export: Any, held: Any, tmp_path: Path) -> None:
    (tmp_path / "conversations").mkdir()
    gptexit("push", "lm-studio", export, "--data-folder", tmp_path)
    lines = (tmp_path / ".gptexit/pushed.jsonl").read_bytes().splitlines()
    keys = {entry["path"]: entry["key"].split("/") for entry in map(json.loads, lines)}
    expected = held(export)
    found = [
        conversation(keys[path], chat, tmp_path / "user-files", expected[keys[path][1]])
        for path, chat in lm_studio.chats(tmp_path).items()
    ]
    # The first chat of a conversation before its other branches.
    found.sort(key=lambda talk: talk.title is None)
    add_row(LM_STUDIO, export, expected, found)


def conversation(key: list[str], chat: Any, folder: Path, expected: Expected) -> AppConversation:
    messages: list[AppMessage] = []
    above: int | None = None
    for message in chat["messages"]:
        first = len(messages)
        messages += [of(version, above, folder) for version in message["versions"]]
        above = first + message["currentlySelected"]
    for message in messages:
        if message.id is not None and message.parent is not None:
            question = messages[message.parent]
            question.id = question.id or asked(expected, message.id)
    main = key[0] == "conversation"
    title, created = (chat["name"], chat["createdAt"] // 1000) if main else (None, None)
    return AppConversation(key[1], title, created, None, messages)


def asked(expected: Expected, answer: str) -> str | None:
    """The id of an answer's question: LM Studio keeps none, and two may have the same words."""
    key = expected.said[answer].above
    while key is not None and (above := expected.said[key].above) is not None:
        same = [said for said in expected.said.values() if said.above == above]
        if not expected.said[above].user or len(same) > 1:
            break
        key = above
    return key


def of(version: Any, above: int | None, folder: Path) -> AppMessage:
    text, thoughts = lm_studio.said(version)
    names = [part["fileIdentifier"] for part in version.get("content", ()) if "fileType" in part]
    images = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names]
    steps = version.get("steps", ())
    key = steps[-1]["stepIdentifier"] if steps else None
    if key and "style" in steps[-1]:
        key = key.rpartition("-")[0]  # the number of the thought
    model = version["senderInfo"]["senderName"] if steps else None
    return AppMessage(
        key,
        above,
        version["role"] == "user",
        text,
        None,
        model,
        thoughts,
        images,
        (),
        _LINK.findall(text),
    )
