"""The threads of `gptexit push jan`, read back on Jan's own way through them."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from support import jan
from support.apps.compare import (
    ONE_DATE,
    TURNS,
    App,
    AppConversation,
    AppMessage,
    add_row,
)
from support.command import gptexit

JAN = App(
    "jan push",
    {
        "messages": TURNS,
        "files": "Jan takes images only; other files are named in the chat",
        "dates": ONE_DATE,
    },
    elsewhere="in your export, not in this app",
)
_LINK = re.compile(r"\]\(<?(https?://[^)>\s]+)>?\)")


def test_jan_has_what_the_export_holds(export: Any, held: Any, tmp_path: Path) -> None:
    (tmp_path / "threads").mkdir()
    gptexit("push", "jan", export, "--data-folder", tmp_path)
    threads = jan.threads(tmp_path).values()
    expected = held(export)
    for thread, messages in threads:
        assert jan.moved(messages) == [], thread
    add_row(JAN, export, expected, [conversation(*thread) for thread in threads])


def conversation(thread: Any, messages: list[Any]) -> AppConversation:
    places = {message["id"]: place for place, message in enumerate(messages)}
    shown = jan.shown(thread, messages)
    return AppConversation(
        thread["metadata"]["chatgpt"]["id"],
        thread["title"],
        thread["created"],
        thread["updated"],
        [of(message, places) for message in messages],
        shown[-1]["id"] if shown else None,
    )


def of(message: Any, places: dict[str, int]) -> AppMessage:
    parent = message["metadata"]["parentId"]
    text, thoughts = jan.said(message)
    urls = [part["image_url"]["url"] for part in message["content"] if "image_url" in part]
    images = [base64.b64decode(url.partition(",")[2]) for url in urls]
    return AppMessage(
        message["id"],
        None if parent is None else places[parent],
        message["role"] == "user",
        text,
        message["created_at"] // 1000,
        message["metadata"].get("model"),
        thoughts,
        [hashlib.sha256(data).hexdigest() for data in images],
        (),
        _LINK.findall(text),
    )
