"""What the account's file library tells about one conversation.

Slim exports (since mid-2026) hold no tool messages, so a generated image has no pointer anywhere in
the conversation; only `library_files.json` says which message it came from. The same table resolves
links to `sandbox:/mnt/data/…`, the file system of the code interpreter, which is gone when its
session ends.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from gptexit.chatgpt import take
from gptexit.chatgpt.assetbook import AssetBook
from gptexit.chatgpt.parts import media
from gptexit.chatgpt.sandbox import HINT, addresses, names
from gptexit.chatgpt.uploads import kind_of
from gptexit.model import Message, Raw

_FENCE = re.compile(r"^[ \t>]{0,20}(?:```|~~~)", re.MULTILINE)


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

    Found in the library by message and name, else by name. Any other stays behind with OpenAI, and
    is listed as missing. What the user typed is text, and so is what stands in code.
    """
    for message in messages:
        for part in list(message["parts"]):
            if part["type"] != "text" or HINT not in part["text"] or message["role"] == "user":
                continue
            for path in dict.fromkeys(_mentioned(part["text"])):
                row = _row(rows, message, names(path))
                name = take.string(row.get("file_name")) if row else None
                pointer = take.string(row.get("file_id")) if row else None
                if pointer is None:
                    oddities["file that stayed in the code interpreter"] += 1
                name = name or names(path)[-1]
                asset = book.add(pointer or f"sandbox:{path}", name=name)
                shown = [each for each in message["parts"] if each.get("asset") == asset]
                if not shown:
                    facts = book.assets[asset]
                    kind = kind_of(name, facts["media_type"])
                    message["parts"].append(media(kind, asset))


def _mentioned(text: str) -> Iterator[str]:
    """List the paths of the code interpreter that `text` links to, or names outside of code."""
    at, fences = 0, 0
    for address in addresses(text):
        fences += sum(1 for _ in _FENCE.finditer(text, at, address.start))
        at = address.start
        line = text[max(0, at - 1_000) : at].rpartition("\n")[2]
        if address.linked or (fences % 2 == 0 and line.count("`") % 2 == 0):
            yield address.path


def _row(rows: list[Raw], message: Message, names: list[str]) -> Raw | None:
    """Find the library's row of a file: of several with its name, the one of the message.

    Where none is of the message: the last that was made before it, else the first.
    """
    for name in names:
        named = _named(rows, name)
        exact = [row for row in named if row.get("origination_message_id") == message["id"]]
        if exact:
            return exact[-1]
        made = [(take.as_time(row.get("created_at")) or "", row) for row in named]
        before = [row for time, row in made if time <= (message["created"] or "")]
        if named:
            return before[-1] if before else named[0]
    return None


def _named(rows: list[Raw], name: str) -> list[Raw]:
    """Find the rows with a file name, in whichever Unicode form it is written."""
    same = [row for row in rows if row.get("file_name") == name]
    if same or name.isascii():
        return same
    form = unicodedata.normalize("NFC", name)
    return [
        row
        for row in rows
        if unicodedata.normalize("NFC", take.string(row.get("file_name")) or "") == form
    ]
