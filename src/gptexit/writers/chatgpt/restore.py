"""Turn a neutral conversation back into the raw conversation of a ChatGPT export.

The result is equal, as JSON, to the conversation that was read, but for these additions:

- a conversation without an id gets the one that the reader made up, as `conversation_id`;
- a conversation without dates gets those of its first and last message;
- a message without an `id` gets its node's.

`repaired` is for programs that trust their input: every conversation has a mapping, every parent
exists and is above its child, and `current_node` is a node with a message.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import takewhile
from typing import Any

from gptexit.chatgpt.names import KIND
from gptexit.chatgpt.tree import build
from gptexit.codes import NotKept, Oddity
from gptexit.model import Conversation, Message, Raw


def restore(conversation: Conversation) -> Raw:
    """Return the raw conversation. It shares objects with `conversation`."""
    extra = dict(conversation["extra"])
    odd = extra.pop("mapping", {})
    strangers = extra.pop("odd_nodes", {})
    raw: Raw = {}
    if not any(isinstance(extra.get(key), str) and extra[key] for key in ("conversation_id", "id")):
        extra["conversation_id"] = conversation["id"]
    taken = (
        ("title", conversation["title"]),
        ("create_time", _seconds(conversation["created"])),
        ("update_time", _seconds(conversation["updated"])),
        ("default_model_slug", conversation["model"]),
        ("is_archived", conversation["archived"]),
        ("is_starred", conversation["starred"]),
        ("current_node", conversation["current"]),
    )
    _put_back(raw, extra, taken)
    if conversation["source"]["kind"] != "chat":
        raw[KIND] = conversation["source"]["kind"]
    # Last, as the reader has it: so a second reading gives the same bytes.
    raw["mapping"] = _mapping(conversation, odd) | strangers if isinstance(odd, dict) else odd
    return raw


def repaired(conversation: Conversation) -> tuple[Raw, Counter[NotKept]]:
    """Return the raw conversation as every importer can read it, and the number of repairs."""
    raw = restore(conversation)
    repairs: Counter[NotKept] = Counter()
    mapping = raw["mapping"]
    if not isinstance(mapping, dict):
        repairs[NotKept.REPAIRED_MAPPING] += 1
        mapping = raw["mapping"] = {}
    strangers = [key for key, node in mapping.items() if not isinstance(node, dict)]
    if strangers:
        repairs[NotKept.REPAIRED_NODE] += len(strangers)
        raw["mapping"] = mapping = {
            key: node for key, node in mapping.items() if isinstance(node, dict)
        }
    if not _sound(mapping, conversation):
        repairs[NotKept.REPAIRED_TREE] += 1
        raw["mapping"] = mapping = _rebuilt(conversation, mapping)
    current = raw.get("current_node")
    node = mapping.get(current, {}) if isinstance(current, str) else {}
    usable = isinstance(node.get("message"), dict) or (node and not conversation["messages"])
    if current != conversation["current"] and not usable:
        repairs[NotKept.REPAIRED_CURRENT_NODE] += 1
        raw["current_node"] = conversation["current"]
    return raw, repairs


def _put_back(raw: Raw, extra: Raw, taken: Any) -> None:
    """Add to `raw` the fields of the model, then the rest of the source in its own order."""
    for key, value in taken:
        if value is not None and key not in extra:
            raw[key] = value
    raw |= extra


def _seconds(time: str | None) -> float | None:
    """Return a neutral time as seconds since 1970."""
    return None if time is None else datetime.fromisoformat(time).timestamp()


def _mapping(conversation: Conversation, odd: dict[str, Raw]) -> dict[str, Raw]:
    """Return the nodes: one for each message, and the nodes of the source without a message.

    Messages and `odd` nodes both come in tree order; a node that is in both joins the two orders.
    """
    full = conversation["source"]["nodes"] == "full"
    children = _children(conversation)
    mapping: dict[str, Raw] = {}
    waiting = iter(odd)
    for message in conversation["messages"]:
        key = message["id"]
        node = odd.get(key)
        if node is None:
            node = {"id": key, "parent": message["parent"]}
            if full:
                node["children"] = children.get(key, [])
        else:
            for other in takewhile(key.__ne__, waiting):
                mapping.setdefault(other, dict(odd[other]))
        mapping[key] = {**node, "message": _message(message)}
    for key in waiting:
        mapping.setdefault(key, dict(odd[key]))
    return mapping


def _children(conversation: Conversation) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {}
    for message in conversation["messages"]:
        if message["parent"] is not None:
            children.setdefault(message["parent"], []).append(message["id"])
    return children


def _sound(mapping: dict[str, Raw], conversation: Conversation) -> bool:
    """Tell whether a reader that trusts every parent finds the tree of the neutral form."""
    oddities: Counter[Oddity] = Counter()
    tree = build(mapping, oddities)
    if oddities.total() > oddities[Oddity.SECOND_ROOT]:
        return False
    above: dict[str | None, str | None] = {None: None}
    messages = []
    for key in tree.order:
        parent = mapping[key].get("parent")
        if parent != tree.parent[key]:
            return False
        holds = isinstance(mapping[key].get("message"), dict)
        if holds:
            messages.append((key, above[parent]))
        above[key] = key if holds else above[parent]
    return messages == [(message["id"], message["parent"]) for message in conversation["messages"]]


def _rebuilt(conversation: Conversation, mapping: dict[str, Raw]) -> dict[str, Raw]:
    """Return the mapping by the neutral tree; nodes without a message come last, as roots."""
    full = conversation["source"]["nodes"] == "full"
    children = _children(conversation)
    result: dict[str, Raw] = {}
    for message in conversation["messages"]:
        result[message["id"]] = mapping[message["id"]] | {"parent": message["parent"]}
    for key, node in mapping.items():
        if key not in result:
            result[key] = node | {"parent": None}
    for key, node in result.items():
        node["id"] = key
        node.pop("children", None)
        if full:
            node["children"] = children.get(key, [])
    return result


def _message(message: Message) -> Raw:
    extra = dict(message["extra"])
    author = extra.get("author")
    if isinstance(author, dict):
        role = {} if message["role"] == "unknown" else {"role": message["role"]}
        extra["author"] = role | author
        if message["name"] is not None:
            extra["author"]["name"] = message["name"]
    if message["model"] is not None:
        metadata = extra.get("metadata")
        slug = {"model_slug": message["model"]}
        extra["metadata"] = metadata | slug if isinstance(metadata, dict) else slug
    words = [part["text"] for part in message["parts"] if part["type"] == "text"]
    raw: Raw = {}
    taken = (
        ("id", message["id"]),
        ("create_time", _seconds(message["created"])),
        ("content", {"content_type": "text", "parts": words} if words else None),
        ("status", message["status"]),
        ("recipient", message["to"]),
        ("channel", message["channel"]),
    )
    _put_back(raw, extra, taken)
    return raw
