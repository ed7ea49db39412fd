"""Threads of the command llm, brought to what `compare` takes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import sqlite_utils
from llm.logs import LogStore
from llm.parts import AttachmentPart, ReasoningPart, TextPart

from gptexit.updating.llm_logs import end_of_id
from support.apps.compare import (
    NO_CHANGE,
    ONE_DATE,
    ONE_MODEL,
    TURNS,
    App,
    AppConversation,
    AppMessage,
)
from support.apps.source import Expected, second

APP = App(
    "llm",
    {
        "messages": TURNS,
        "branches": NO_CHANGE,
        "images": "an image that ChatGPT made is named in its answer: models refuse one there",
        "files": "llm keeps images of questions; other files are named",
        "dates": f"llm has dates of answers, not of questions; {ONE_DATE}",
        "models": ONE_MODEL,
        "citations": "a turn names a source once, however many of its messages cite it",
    },
    merges=True,
    elsewhere="in your export, not in this app",
)


def conversations(path: Path, ids: dict[str, str], expected: dict[str, Expected]) -> list[Any]:
    """Every thread. `ids`: of the conversations, by those of their threads."""
    base = LogStore(sqlite_utils.Database(path))  # type: ignore[no-untyped-call]
    assert base.verify() == []
    return [
        _conversation(base, thread, expected[ids[thread["id"]]])
        for thread in base.db["threads"].rows
    ]


def _conversation(base: Any, thread: Any, expected: Expected) -> AppConversation:
    created = second(thread["datetime_utc"])
    talk = AppConversation(expected.id, thread["name"], created, None)
    places: dict[str, int] = {}
    ends = {end_of_id(expected.id, key): key for key in expected.said}
    for turn in base.db["turns"].rows_where("thread_id = ?", [thread["id"]], order_by="id"):
        chain = _hashes(base, turn["tip_message_hash"])
        for place, (key, above) in enumerate(chain):
            is_last = place == len(chain) - 1
            if key in places and not (is_last and turn["model"] and _answers(turn)):
                continue
            [said] = base.load_chain(key)[-1:]
            if said.role == "system":
                continue
            message = _message(said, places.get(above or ""), expected)
            if is_last:
                message.id = ends[turn["id"][10:]]
            if is_last and said.role == "assistant":
                message.when, message.model = second(turn["datetime_utc"]), turn["model"]
            places.setdefault(key, len(talk.messages))
            talk.messages.append(message)
    return talk


def _answers(turn: Any) -> bool:
    """Tell whether a turn adds something: one for a question without an answer does not."""
    return bool(turn["parent_message_hash"] != turn["tip_message_hash"])


def _hashes(base: Any, tip: str | None) -> list[tuple[str, str | None]]:
    chain = []
    while tip is not None:
        above = base.db["messages"].get(tip)["parent_hash"]
        chain.append((tip, above))
        tip = above
    return chain[::-1]


def _message(said: Any, above: int | None, expected: Expected) -> AppMessage:
    text = "".join(part.text for part in said.parts if isinstance(part, TextPart))
    urls = set().union(*(one.cited for one in expected.said.values()))
    return AppMessage(
        None,
        above,
        said.role == "user",
        text,
        reasoning="".join(part.text for part in said.parts if isinstance(part, ReasoningPart)),
        images=[
            hashlib.sha256(part.attachment.content or b"").hexdigest()
            for part in said.parts
            if isinstance(part, AttachmentPart) and part.attachment
        ],
        cited=[url for url in urls if url in text],
    )
