"""Find the files that a raw conversation mentions, without reading all of it.

Most messages mention none, and `may_mention` tells that fast. The others are read by the functions
that `read_conversation` uses, so that both count the same files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from gptexit.chatgpt import take
from gptexit.model import Asset, Message, Raw
from gptexit.readers.chatgpt.normalize import tools
from gptexit.readers.chatgpt.normalize.assets import AssetBook, points
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.readers.chatgpt.normalize.library_files import add_sandbox_files
from gptexit.readers.chatgpt.normalize.message import MessageContext, read_message

SPECIAL = frozenset({"attachments", "chatgpt_sdk", "dictation_asset_pointer", "venus_widget_state"})
"""Keys of metadata that name files."""


class Mention(NamedTuple):
    """A file, and the message that shows it."""

    asset: Asset
    shown_as: str | None
    """The type of its part, such as `image`; None if no message shows it."""
    created: str | None
    """The time of the first message that shows it, RFC 3339."""


def mentioned(raw: Raw, identity: str | None, keys: list[str], account: Account) -> list[Mention]:
    """List the files of the nodes `keys` of `raw`, and of the account's library.

    The message of each of these nodes must be an object. Empties what it reads of `raw`.
    """
    mapping = raw.get("mapping")
    nodes: dict[str, Raw] = mapping if isinstance(mapping, dict) else {}
    rows = account.library(identity) if identity else []
    recipients = (take.string(nodes[key]["message"].get("recipient")) or "" for key in keys)
    if rows or any(recipient.startswith("canmore") for recipient in recipients):
        # The result of such a call depends on the calls before it on the branch, and the place of a
        # library file on the empty answers.
        conversation = read_conversation(raw, account, ReadStats())
        return _mentions(conversation["assets"], conversation["messages"])
    book = AssetBook(account.lookup)
    # The files do not depend on citations.
    context = MessageContext(book, lambda parent: iter(()), {})
    messages = []
    for key in keys:
        turn = tools.ToolTurn([], {}, tools.State())
        messages.append(read_message(key, None, nodes[key]["message"], turn, context))
    add_sandbox_files(messages, [], book, Counter())
    return _mentions(book.assets.values(), messages)


def _mentions(assets: Iterable[Asset], messages: list[Message]) -> list[Mention]:
    shown: dict[str, tuple[str, str | None]] = {}
    for message in messages:
        for part in message["parts"]:
            if part["type"] in ("image", "audio", "video", "file"):
                shown.setdefault(part["asset"], (part["type"], message["created"]))
    return [Mention(asset, *shown.get(asset["id"], (None, None))) for asset in assets]


def may_mention(content: Raw, metadata: Raw) -> bool:
    """Tell whether a message with this content and metadata may name a file."""
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
    schemes = ("file-id://", "file-service://", "sediment://")
    return isinstance(url, str) and url.startswith(schemes)


def _output(content: Raw, metadata: Raw) -> bool:
    result = take.mapping(metadata.get("aggregate_result"))
    images = any(message.get("image_url") for message in take.objects(result.get("messages")))
    return images or bool(metadata.get("ada_visualizations"))


LOOK: dict[str, Callable[[Raw, Raw], bool]] = {
    "text": _parts,
    "multimodal_text": _parts,
    "tether_quote": _url,
    "sonic_webpage": _url,
    "computer_output": lambda content, metadata: True,
    "execution_output": _output,
}
"""For each content type that may name files, a function that tells whether a content may."""
