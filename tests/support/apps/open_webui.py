"""Chats of Open WebUI, brought to what `compare` takes."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Callable
from typing import Any

from support.apps.compare import (
    NO_CHANGE,
    ONE_DATE,
    ONE_MODEL,
    TURNS,
    App,
    AppConversation,
    AppMessage,
)
from support.apps.source import Expected

_NOTES = {
    "messages": TURNS,
    "branches": NO_CHANGE,
    "images": "an image beyond 4 MB, or 16 MB a chat, is in the folder `files`, named in the chat",
    "dates": ONE_DATE,
    "models": ONE_MODEL,
    "citations": "a turn names a source once, however many of its messages cite it",
}
PUSHED = App("open-webui push", _NOTES)
FROM_FILE = App(
    "open-webui file",
    _NOTES
    | {
        "files": "an import file carries images only; others are in the folder `files`, named there"
    },
)
Fetch = Callable[[str], bytes]
"""An uploaded file, by its id."""
_THOUGHTS = re.compile(r'<details type="reasoning".*?</details>', re.S)


def conversations(
    export: dict[str, Expected], chats: list[Any], fetch: Fetch
) -> list[AppConversation]:
    """Every chat. Fails where a tag, a mark of a source or the like is not as it should be."""
    return [_conversation(export[chat["meta"]["gptexit"]["id"]], chat, fetch) for chat in chats]


def _conversation(expected: Expected, chat: Any, fetch: Fetch) -> AppConversation:
    assert "chatgpt" in chat["meta"]["tags"]
    assert chat["archived"] == expected.archived
    assert ("archived" in chat["meta"]["tags"]) == expected.archived
    turns = _in_tree_order(chat["chat"]["history"]["messages"])
    places = {turn["id"]: place for place, turn in enumerate(turns)}
    return AppConversation(
        expected.id,
        chat["title"],
        chat["created_at"],
        chat["updated_at"],
        [_message(turn, places, fetch) for turn in turns],
        chat["chat"]["history"]["currentId"],
    )


def _in_tree_order(turns: dict[str, Any]) -> list[Any]:
    ordered: list[Any] = []
    waiting = [turn for turn in turns.values() if turn["parentId"] is None]
    while waiting:
        turn = waiting.pop(0)
        ordered.append(turn)
        waiting += [turns[key] for key in turn["childrenIds"]]
    assert len(ordered) == len(turns), "a turn hangs on none"
    return ordered


def _message(turn: Any, places: dict[str, int], fetch: Fetch) -> AppMessage:
    sources = [source["source"].get("url") for source in turn.get("sources", ())]
    for number in range(1, len(sources) + 1):
        assert f"[{number}]" in turn["content"]
    digests: dict[bool, list[str]] = {True: [], False: []}
    for file in turn.get("files", ()):
        url = file["url"]
        inline = url.startswith("data:")
        data = base64.b64decode(url.partition(",")[2]) if inline else fetch(file["id"])
        digests[file["type"] == "image"].append(hashlib.sha256(data).hexdigest())
    parent = turn["parentId"]
    return AppMessage(
        turn["id"],
        None if parent is None else places[parent],
        turn["role"] == "user",
        turn["content"],
        turn["timestamp"],
        turn.get("model"),
        html.unescape("\n".join(_THOUGHTS.findall(turn["content"]))),
        digests[True],
        digests[False],
        [url for url in sources if url],
    )
