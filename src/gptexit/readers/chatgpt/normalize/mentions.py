"""The files that a raw conversation mentions, without reading all of it.

Most messages mention none, and that is seen at a glance (`inspect.suspects`); only the others are
read here, by the functions that read every message of a conversion. So both count the same files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from gptexit.model import Asset, Message, Raw
from gptexit.readers.chatgpt.normalize import tools
from gptexit.readers.chatgpt.normalize import uploads as library
from gptexit.readers.chatgpt.normalize.asset_book import AssetBook
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.readers.chatgpt.normalize.message import MessageContext, read_message


class Mention(NamedTuple):
    """A file, and where it is shown."""

    asset: Asset
    shown_as: str | None
    """The type of its part, `image` for one; None where no message shows it."""
    created: str | None
    """The time of the message that shows it first, RFC 3339."""


def mentioned(raw: Raw, identity: str | None, keys: list[str], account: Account) -> list[Mention]:
    """The files that the nodes `keys` of `raw`, and the account's library, tell of.

    `keys` have messages that are objects. Empties what it reads of `raw`.
    """
    mapping = raw.get("mapping")
    nodes: dict[str, Raw] = mapping if isinstance(mapping, dict) else {}
    rows = account.library(identity) if identity else []
    if rows or any(_edits_a_canvas(nodes[key]["message"]) for key in keys):
        # What such a call shows follows from the calls before it, on the same branch; and where a
        # file of the library stands, from the answers that are empty.
        read = read_conversation(raw, account, ReadStats())
        return _mentions(read["assets"], read["messages"])
    book = AssetBook(account.lookup)
    # Which files there are does not depend on citations.
    scene = MessageContext(book, lambda parent: iter(()), {})
    messages = []
    for key in keys:
        turn = tools.ToolTurn([], {}, tools.State())
        messages.append(read_message(key, None, nodes[key]["message"], turn, scene))
    library.add_sandbox_files(messages, [], book, Counter())
    return _mentions(book.assets.values(), messages)


def _edits_a_canvas(message: Raw) -> bool:
    recipient = message.get("recipient")
    return isinstance(recipient, str) and recipient.startswith("canmore")


def _mentions(assets: Iterable[Asset], messages: list[Message]) -> list[Mention]:
    shown: dict[str, tuple[str, str | None]] = {}
    for message in messages:
        for part in message["parts"]:
            if part["type"] in ("image", "audio", "video", "file"):
                shown.setdefault(part["asset"], (part["type"], message["created"]))
    return [Mention(asset, *shown.get(asset["id"], (None, None))) for asset in assets]


_SCHEMES = ("file-id://", "file-service://", "sediment://")

SPECIAL = frozenset({"attachments", "chatgpt_sdk", "dictation_asset_pointer", "venus_widget_state"})
"""Keys of metadata that name files."""


def points(words: str) -> bool:
    """Whether a text links to a file of the export, or of the code interpreter."""
    # Most texts do not even have the character that all of these share, which is found fastest.
    return (
        "/" in words
        and ":/" in words
        and ("sandbox:/" in words or "sediment://" in words or "file-service://" in words)
    )


def may_mention(content: Raw, metadata: Raw) -> bool:
    """Whether a message with this content and metadata may name a file."""
    if any(metadata.get(key) for key in SPECIAL):
        return True
    kind = content.get("content_type")
    if isinstance(kind, str):
        return kind in LOOK and LOOK[kind](content, metadata)
    return "parts" in content and _parts(content, metadata)


def _parts(content: Raw, metadata: Raw) -> bool:
    parts = content.get("parts")
    if not isinstance(parts, list):
        parts = [parts, content.get("text")]
    return any(points(part) if isinstance(part, str) else bool(part) for part in parts)


def _url(content: Raw, metadata: Raw) -> bool:
    url = content.get("url")
    return isinstance(url, str) and url.startswith(_SCHEMES)


def _screen(content: Raw, metadata: Raw) -> bool:
    return True


def _output(content: Raw, metadata: Raw) -> bool:
    result: Any = metadata.get("aggregate_result")
    told = result.get("messages") if isinstance(result, dict) else None
    drawn = isinstance(told, list) and any(
        isinstance(each, dict) and each.get("image_url") for each in told
    )
    return drawn or bool(metadata.get("ada_visualizations"))


LOOK = {
    "text": _parts,
    "multimodal_text": _parts,
    "tether_quote": _url,
    "sonic_webpage": _url,
    "computer_output": _screen,
    "execution_output": _output,
}
"""Content types that may name files; of any other the reader takes none."""
