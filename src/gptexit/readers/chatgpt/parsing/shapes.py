"""Bring odd shapes of a conversation into the ordinary one: a `mapping` of nodes.

Beside OpenAI's own exports, browser extensions and scripts save such files. They hold
the answers of ChatGPT's web API, as they are or changed a little: `messages` in place of `mapping`
(the web API since August 2026), nodes in a list, a text where an object is usual, times in
milliseconds, objects around the conversation.

Other fields of an object stay in it. If it is not clear how to read one, all of it is put into a
message of an unknown kind, so that its words are in every format, and the file is reported as one
in a form that gptexit does not know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from typing import Any

from gptexit.chatgpt.names import KIND
from gptexit.codes import Lost
from gptexit.model import Raw
from gptexit.readers.chatgpt.parsing.message_lists import (
    from_task,
    is_said,
    is_task,
    odd_nodes,
    seconds,
    settle_message,
    settle_times,
)

UNKNOWN_TYPE = "gptexit_unknown_form"
"""The content type of a message that holds everything that nobody can read."""

_DEEPEST = 4
"""Levels of objects and lists around a conversation that are looked through."""
_FOREIGN = ("chat", "chat_messages", "messages", "mapping")
"""Keys below which no conversation is; the first is Open WebUI's, the second Claude's."""
_WRAPPERS = ("chats", "conversation", "conversations", "data", "history", "items", "json", "result")
"""Keys around conversations that are no ids."""
_FLAT = {
    *("async_status", "atlas_mode_enabled", "blocked_urls", "context_scopes", "conversation_id"),
    *("conversation_origin", "conversation_template_id", "create_time", "current_node"),
    *("default_model_slug", "disabled_tool_ids", "gizmo_id", "gizmo_type", "id", "is_archived"),
    *("is_do_not_remember", "is_read_only", "is_starred", "is_study_mode", "is_temporary_chat"),
    *("memory_scope", "moderation_results", "owner", "page_info", "participant_ids"),
    *("pinned_time", "plugin_ids", "safe_urls", "sugar_item_id", "sugar_item_visible", "title"),
    *("update_time", "voice", "workspace_id"),
}
"""Keys of a conversation that hold no words of it."""
_WORDS = ("parts", "content", "text")
"""Keys of a message that hold its words."""


def conversations_in(item: Any) -> list[Raw]:
    """Find the conversations in an item of a file, if any: itself, or those that it wraps."""
    if isinstance(item, dict) and ("mapping" in item or seems_conversation(item)):
        return [item]
    level = [item]
    for _ in range(_DEEPEST):
        inner = [pair for value in level for pair in _inside(value)]
        conversations = [
            _named(value, key)
            for key, value in inner
            if isinstance(value, dict) and seems_conversation(value)
        ]
        if len(conversations) == 1:
            return [_with_outer(conversations[0], item)]
        if conversations:
            return conversations
        level = [value for _, value in inner]
    return []


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the objects and lists in a value, each with its key, or `""` in a list."""
    pairs: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        pairs = ((key, inner) for key, inner in value.items() if key not in _FOREIGN)
    elif isinstance(value, list):
        pairs = (("", inner) for inner in value)
    return (pair for pair in pairs if isinstance(pair[1], (dict, list)))


def _named(raw: Raw, key: str) -> Raw:
    """Give a conversation without an id of its own the key that it is under."""
    if key and key not in _WRAPPERS and not (raw.get("conversation_id") or raw.get("id")):
        raw["id"] = key
    return raw


def _with_outer(raw: Raw, item: Any) -> Raw:
    """Add the fields of a wrapper, such as title and id, to the one conversation in it."""
    for key, value in item.items() if isinstance(item, dict) else ():
        if key not in raw and key in _FLAT and not isinstance(value, (dict, list)):
            raw[key] = value
    return raw


def seems_conversation(raw: Raw) -> bool:
    """Tell whether an object is a conversation, whatever its shape; a cheap look."""
    if nodes := _values(raw.get("mapping")):
        return any(map(_is_item, nodes))
    if messages := _values(raw.get("messages")):
        return any(map(is_said, messages))
    if "mapping" in raw or "messages" in raw:
        return "title" in raw or "conversation_id" in raw
    return is_task(raw) or "participant_ids" in raw


def _values(value: Any) -> Collection[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def ordinary(raw: Raw) -> Lost | None:
    """Bring a raw conversation into the ordinary shape, in place; return a code if that fails."""
    mapping = raw.get("mapping")
    if isinstance(mapping, dict) and mapping:
        if "messages" in raw:
            _add_messages(raw, mapping)
        _settle_nodes(raw, mapping)
        if not any(isinstance(node, dict) for node in mapping.values()) and _has_words(
            mapping, worded=True
        ):
            _carry(raw)
            return Lost.UNKNOWN_FORM
    elif is_task(raw):
        from_task(raw)
        raw[KIND] = "codex"
    else:
        if "participant_ids" in raw:
            raw[KIND] = "group"
        nodes = _listed_nodes(raw)
        if nodes:
            raw["mapping"] = nodes
            _settle_nodes(raw, nodes)
            current = raw.get("current_node")
            if not isinstance(current, str) or current not in nodes:
                raw["current_node"] = next(reversed(nodes))
        elif _says_more(raw):
            _carry(raw)
            return Lost.UNKNOWN_FORM
    settle_times(raw)
    return None


def _listed_nodes(raw: Raw) -> Raw:
    """Make nodes from a list of nodes or of messages, which is taken out of `raw`."""
    for key in ("mapping", "messages"):
        value = raw.get(key)
        if key == "messages" and isinstance(value, dict):
            value = [
                {"id": name, **message} if isinstance(message, dict) else message
                for name, message in value.items()
            ]
        if isinstance(value, list) and any(_is_item(item) for item in value):
            del raw[key]
            return _chained(value, {}, None)
    return {}


def _is_item(value: Any) -> bool:
    """Tell whether a value is a node, or a message without one around it."""
    return isinstance(value, dict) and ("message" in value or is_said(value))


def _chained(items: list[Any], known: Raw, above: str | None) -> Raw:
    """Make nodes from a list of messages, or of nodes, in the order of time; keep other values.

    Each follows the parent that it names, if that is among them or in `known`, else the one before
    it, and the first one `above`.
    """
    if _backwards(items):
        items = items[::-1]
    nodes: Raw = {}
    links: list[tuple[str, Any]] = []
    for number, item in enumerate(items, 1):
        key = _id_of(item, number, nodes, known)
        if not _is_item(item):
            nodes[key] = item
            continue
        if _is_node(item):
            nodes[key] = item
            item["id"] = key
        else:
            nodes[key] = {"id": key, "message": item}
        links.append((key, item))
    for key, item in links:
        if not (_is_node(item) and item.get("parent", 0) is None):
            nodes[key]["parent"] = _parent_of(item, key, nodes, known, above)
        above = key
    return nodes


def _is_node(item: Raw) -> bool:
    """Tell whether an object has a message in it: the web API's messages have none."""
    return "message" in item and not isinstance(item["message"], str)


def _id_of(item: Any, number: int, nodes: Raw, known: Raw) -> str:
    """Return the id of a node or message, or that of its message, or one with its number."""
    if isinstance(item, dict):
        inner = item.get("message")
        for holder in (item, inner if isinstance(inner, dict) else {}):
            for name in ("id", "message_id"):
                value = holder.get(name)
                if isinstance(value, str) and value and value not in nodes and value not in known:
                    return value
    return f"message-{number}"


def _parent_of(item: Raw, key: str, nodes: Raw, known: Raw, before: str | None) -> str | None:
    """Return the parent that a message names, if that is known; else the message before it."""
    metadata = item.get("metadata")
    inner = metadata if isinstance(metadata, dict) else {}
    for value in (item.get("parent"), item.get("parent_id"), inner.get("parent_id")):
        if isinstance(value, str) and value != key and (value in nodes or value in known):
            return value
    return before


def _backwards(items: list[Any]) -> bool:
    """Tell whether a list of messages begins with its latest one."""
    times = [
        time
        for item in items
        if isinstance(item, dict) and (time := seconds(item.get("create_time"))) is not None
    ]
    falls = all(later <= earlier for earlier, later in pairwise(times))
    return len(times) > 1 and falls and times[-1] < times[0]


def _add_messages(raw: Raw, mapping: Raw) -> None:
    """Add the messages of a list beside a mapping that the mapping does not hold."""
    messages = raw["messages"]
    if not isinstance(messages, list):
        return
    held = {
        message.get("id")
        for node in mapping.values()
        if isinstance(node, dict) and isinstance(message := node.get("message"), dict)
    }
    new = [
        message
        for message in messages
        if is_said(message)
        and isinstance(key := message.get("id"), str)
        and key not in mapping
        and key not in held
    ]
    if new:
        added = {id(message) for message in new}
        raw["messages"] = [message for message in messages if id(message) not in added]
        current = raw.get("current_node")
        above = current if isinstance(current, str) and current in mapping else None
        mapping.update(_chained(new, mapping, above or next(reversed(mapping))))
        if above is None or above in {mapping[message["id"]]["parent"] for message in new}:
            raw["current_node"] = new[-1]["id"]


def _settle_nodes(raw: Raw, mapping: Raw) -> None:
    """Bring odd nodes of a mapping into shape; of ordinary ones, only look at the message."""
    before: str | None = None
    for key in odd_nodes(mapping):
        node = mapping[key]
        if not isinstance(node, dict):
            continue
        if "message" not in node and is_said(node):
            named = _parent_of(node, key, mapping, {}, before)
            mapping[key] = node = {"id": key, "message": node, "parent": named}
        if node.get("message") is not None:
            _settle_message(raw, mapping, key, node)
        before = key


def _settle_message(raw: Raw, mapping: Raw, key: str, node: Raw) -> None:
    """Bring the message of a node into shape; of a list of messages each gets a node of its own."""
    message = node["message"]
    if isinstance(message, list) and message and all(map(is_said, message)):
        above = node.get("parent")
        for number, earlier in enumerate(message[:-1], 1):
            own = f"{key}-{number}"
            while own in mapping:
                own += "-"
            mapping[own] = {"id": own, "message": settle_message(earlier), "parent": above}
            above = own
        node["parent"] = above  # the last one stays, since others follow it
        message = message[-1]
    node["message"] = settle_message(message)


def _says_more(raw: Raw) -> bool:
    """Tell whether an object without readable messages has words beside a conversation's fields."""
    empty = "mapping" in raw and not raw["mapping"]
    for key, value in raw.items():
        if _is_field(key, value):
            continue
        if isinstance(value, (dict, list)) and _has_words(value, worded=True):
            return True
        if isinstance(value, str) and value.strip() and not empty:
            return True
    return False


def _is_field(key: str, value: Any) -> bool:
    return key == KIND or (key in _FLAT and not _has_words(value))


def _has_words(value: Any, *, worded: bool = False) -> bool:
    """Tell whether a message's words are below a value, whatever its key; `worded`: any words."""
    stack = [(worded, value)]
    while stack:
        worded, node = stack.pop()
        if isinstance(node, str):
            if worded and node.strip():
                return True
        elif isinstance(node, dict):
            stack += [(worded or key in _WORDS, inner) for key, inner in node.items()]
        elif isinstance(node, list):
            stack += [(worded, inner) for inner in node]
    return False


def _carry(raw: Raw) -> None:
    """Put everything that nobody can read into a message, as a content of an unknown type."""
    others = [key for key, value in raw.items() if not _is_field(key, value)]
    held = {key: raw.pop(key) for key in others}
    content = {"content_type": UNKNOWN_TYPE, "held": held}
    message = {"id": UNKNOWN_TYPE, "author": {}, "content": content}
    raw["mapping"] = {UNKNOWN_TYPE: {"id": UNKNOWN_TYPE, "message": message, "parent": None}}
