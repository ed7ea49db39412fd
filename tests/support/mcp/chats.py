"""An archive to serve, and the first words to a server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gptexit import convert
from gptexit.text.json import dumps
from support.build import Raw, add, chain, conversation, message

HELLO = (
    json.dumps(
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        }
    )
    + "\n"
)


def talk(title: str, texts: Iterable[str], key: str = "c0ffee00-0001", **rest: Any) -> Raw:
    """A raw conversation in which user and assistant take turns."""
    said = [
        message(("user", "assistant")[number % 2], text, create_time=1_740_000_000.0 + number)
        for number, text in enumerate(texts)
    ]
    return conversation(chain(*said), conversation_id=key, id=key, title=title, **rest)


def more(raw: Raw, key: str, said: Raw) -> None:
    """Add a message to a conversation, behind its last one."""
    add(raw["mapping"], key, raw["current_node"], said)
    raw["current_node"] = key


def archive(folder: Path, *raws: Raw) -> Path:
    """A folder with the database of these conversations."""
    export = folder / "conversations.json"
    export.write_bytes(dumps(list(raws)))
    convert(export, folder / "archive", ["sqlite"])
    return folder / "archive"
