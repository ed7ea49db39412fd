"""What the account's file library tells about one conversation.

Slim exports (since mid-2026) hold no tool messages, so a generated image has no pointer anywhere in
the conversation; only `library_files.json` says which message it came from. The same table resolves
links to `sandbox:/mnt/data/…`, the file system of the code interpreter, which is gone when its
session ends.
"""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote

from gptexit.chatgpt import take
from gptexit.chatgpt.assetbook import AssetBook
from gptexit.chatgpt.parts import media
from gptexit.chatgpt.uploads import kind_of
from gptexit.model import Message, Raw

_SANDBOX = re.compile(r"\(sandbox:(/mnt/data/[^)\n]{1,300})\)")


def add_generated(
    messages: list[Message], rows: list[Raw], book: AssetBook, oddities: Counter[str]
) -> None:
    """Attach each library file of this conversation that no message shows yet."""
    by_id = {message["id"]: message for message in messages}
    for row in rows:
        pointer = take.string(row.get("file_id"))
        if pointer is None:
            continue
        known = len(book.assets)
        asset = book.add(
            pointer,
            name=row.get("file_name"),
            media_type=row.get("mime_type"),
            size=row.get("file_size_bytes"),
        )
        if len(book.assets) == known:
            continue
        message = by_id.get(take.string(row.get("origination_message_id")) or "")
        if message is None:
            message = _nearest(messages, row)
            oddities["library file placed by its time"] += 1
        if message is not None:
            facts = book.assets[asset]
            message["parts"].append(media(kind_of(facts["name"], facts["media_type"]), asset))


def _nearest(messages: list[Message], row: Raw) -> Message | None:
    """The last answer before the file was made, else the last answer, else the last message."""
    answers = [message for message in messages if message["role"] == "assistant"] or messages
    made = take.as_time(row.get("created_at") or row.get("record_creation_time"))
    before = [each for each in answers if made and each["created"] and each["created"] <= made]
    return (before or answers or [None])[-1]  # type: ignore[list-item]


def add_sandbox_files(
    messages: list[Message], rows: list[Raw], book: AssetBook, oddities: Counter[str]
) -> None:
    """Name each file of the code interpreter that an answer links to.

    Found in the library by message and name, else by name where only one row has it. Any other
    stays behind with OpenAI, and is listed as missing.
    """
    for message in messages:
        for part in list(message["parts"]):
            if part["type"] != "text" or "sandbox:" not in part["text"]:
                continue
            for path in dict.fromkeys(_SANDBOX.findall(part["text"])):
                name = unquote(path).rsplit("/", 1)[-1]
                row = _row(rows, message["id"], name)
                pointer = take.string(row.get("file_id")) if row else None
                if pointer is None:
                    oddities["file that stayed in the code interpreter"] += 1
                asset = book.add(pointer or f"sandbox:{path}", name=name)
                shown = [each for each in message["parts"] if each.get("asset") == asset]
                if not shown:
                    facts = book.assets[asset]
                    kind = kind_of(name, facts["media_type"])
                    message["parts"].append(media(kind, asset))


def _row(rows: list[Raw], message: str, name: str) -> Raw | None:
    named = [row for row in rows if row.get("file_name") == name]
    exact = [row for row in named if row.get("origination_message_id") == message]
    if len(exact) == 1:
        return exact[0]
    return named[0] if len(named) == 1 else None
