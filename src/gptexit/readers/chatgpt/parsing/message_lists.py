"""Bring odd shapes of one message into the ordinary one, and odd times into seconds.

Ordinary are the messages of OpenAI's exports: an object with `author` and `content` as objects and
`create_time` in seconds. Scripts and browser extensions save a text or a list in place of the
content, the role in place of the author, and times in milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gptexit.model import Raw

_ITEMS = (("input_items", "user"), ("output_items", "assistant"))


def is_task(raw: Raw) -> bool:
    """Tell whether an object is a task of Codex: one of its turns has items."""
    turns = raw.get("turns")
    return isinstance(turns, list) and any(
        isinstance(turn, dict) and any(key in turn for key, _ in _ITEMS) for turn in turns
    )


def from_task(raw: Raw) -> None:
    """Turn a task's turns into nodes, in place; a turn's other fields stay in its first message."""
    turns = raw.pop("turns")
    nodes: Raw = {}
    ends: dict[str, str] = {}  # each turn's last node
    before: str | None = None
    for number, turn in enumerate(turns, 1):
        if not isinstance(turn, dict):
            nodes[f"turn-{number}"] = turn
            continue
        turn_id = turn.get("id")
        key = turn_id if isinstance(turn_id, str) and turn_id else f"turn-{number}"
        while key in nodes:
            key += f"-{number}"
        above = ends.get(_text(turn.get("previous_turn_id")), before)
        for name, message in _messages(turn):
            own = key if key not in nodes else f"{key}-{name}"
            nodes[own] = {"id": own, "message": {"id": own, **message}, "parent": above}
            above = own
        before = above
        if above:
            ends[key] = above
    raw["mapping"] = nodes
    if before:
        raw.setdefault("current_node", before)
    if isinstance(raw.get("archived"), bool) and "is_archived" not in raw:
        raw["is_archived"] = raw.pop("archived")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _messages(turn: Raw) -> Iterator[tuple[str, Raw]]:
    """Yield the messages of a turn, one for each list of items that it has; at least one."""
    rest = {key: value for key, value in turn.items() if key not in dict(_ITEMS)}
    lists = [
        (key, role, turn[key])
        for key, role in _ITEMS
        if isinstance(turn.get(key), list) and turn[key]
    ]
    own = _text(rest.get("role"))
    for key, role, items in lists or [("input_items", own or "user", [])]:
        parts = [part for item in items for part in _parts(item)]
        plain = all(isinstance(part, str) for part in parts)
        roles = (_text(item.get("role")) for item in items if isinstance(item, dict))
        speaker = own if own and len(lists) < 2 else next(filter(None, roles), role)
        yield (
            key.removesuffix("_items"),
            {
                "author": {"role": speaker},
                "create_time": rest.pop("create_time", rest.pop("created_at", None)),
                "content": {
                    "content_type": "text" if plain and len(parts) == 1 else "multimodal_text",
                    "parts": parts,
                },
                "metadata": {"codex_turn": rest} if rest else {},
            },
        )
        rest = {}


def _parts(item: Any) -> Iterator[Any]:
    """Convert an item of a turn to parts of a message's content."""
    if not isinstance(item, dict):
        yield item
        return
    content = item.get("content")
    if item.get("type") == "message" and isinstance(content, list):
        yield from map(settle_part, content)
    elif item.get("type") == "message" and isinstance(content, str):
        yield content
    elif item.get("type") == "pr":
        yield from _pull_request(item)
    elif isinstance(item.get("type"), str) and "content_type" not in item:
        yield {"content_type": item["type"], **item}
    else:
        yield item


def _pull_request(item: Raw) -> Iterator[Any]:
    """Convert a pull request: its title and words, then its changes."""
    words = [_text(item.get(key)) for key in ("pr_title", "pr_message")]
    yield "\n\n".join(filter(None, words))
    diff = item.get("output_diff")
    inner = diff.get("diff") if isinstance(diff, dict) else diff
    if isinstance(inner, str) and inner:
        yield {"type": "code", "language": "diff", "content": inner}


ODD_MESSAGE = "gptexit_odd_message"
"""The content type of a value in the place of a message; it is kept in `value`."""

_SECONDS = 1e11
"""The largest number that is a time in seconds: the year 5138. As milliseconds it is March 1973."""
_MILLISECONDS = 1e14
_MICROSECONDS = 1e17
_TIMES = ("create_time", "update_time")
_OTHER_TIMES = ("created_at", "createTime", "timestamp", "createdAt", "time")
_SPEAKERS = ("role", "sender", "from")
_WORDS = ("parts", "text", "message", "value")
_ROLES = {
    **dict.fromkeys(("human", "you"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "ai", "bot"), "assistant"),
}
"""Roles by the names that other programs give them."""


def odd_nodes(mapping: Raw) -> list[str]:
    """List the keys of nodes that have not the ordinary shape; fast, since it runs for all."""
    odd = []
    for key, node in mapping.items():
        try:
            message = node["message"]
            if message is None:
                continue
            time = message["create_time"]
            if (
                type(message["content"]) is dict
                and type(message["author"]) is dict
                and (time is None or time < _SECONDS)
            ):
                continue
        except (KeyError, TypeError):
            pass
        odd.append(key)
    return odd


def is_said(value: Any) -> bool:
    """Tell whether an object is a message: it has an author and words."""
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("message"), dict):
        value = value["message"]
    author = value.get("author")
    speaks = isinstance(author, (dict, str)) or isinstance(value.get("role"), str)
    return speaks and any(
        isinstance(value.get(key), (str, list, dict)) for key in ("content", "parts", "text")
    )


def settle_message(message: Any) -> Raw:
    """Bring a message of any shape into the usual one; a dictionary is changed in place."""
    if not isinstance(message, dict):
        return _from_value(message)
    if not isinstance(message.get("author"), dict):
        _settle_author(message)
    if not isinstance(message.get("content"), dict):
        _settle_content(message)
    if message.get("create_time") is None:
        for key in _OTHER_TIMES:
            if isinstance(message.get(key), (int, float, str)):
                message["create_time"] = message.pop(key)
                break
    settle_times(message)
    return message


def _from_value(value: Any) -> Raw:
    """Make a message from any value in the place of one."""
    words = value if isinstance(value, list) else [value]
    if words and all(isinstance(word, str) for word in words):
        content: Raw = {"content_type": "text", "parts": words}
    else:
        content = {"content_type": ODD_MESSAGE, "value": value}
    return {"author": {}, "content": content}


def _settle_author(message: Raw) -> None:
    key, author = "author", message.get("author")
    if author is None:
        key = next((name for name in _SPEAKERS if isinstance(message.get(name), str)), "")
        author = message.get(key)
    if isinstance(author, str) and author.strip():
        message.pop(key)
        role = author.strip().lower()
        role = _ROLES.get(role, role)
        message["author"] = {"role": role} if role == author else {"role": role, "written": author}


def _settle_content(message: Raw) -> None:
    key, content = "content", message.get("content")
    if content is None:
        key = next((name for name in _WORDS if isinstance(message.get(name), (str, list))), "")
        content = message.get(key)
    if isinstance(content, str):
        parts: list[Any] = [content]
    elif isinstance(content, list):
        parts = [settle_part(part) for part in content]
    else:
        return
    message.pop(key)
    plain = all(isinstance(part, str) for part in parts)
    message["content"] = {"content_type": "text" if plain else "multimodal_text", "parts": parts}


def settle_part(part: Any) -> Any:
    """Return a part as plain text if it has no other fields, as `input_text` of the web API."""
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        kind = part.get("content_type") or part.get("type")
        rest = [key for key in part if key not in ("type", "content_type", "text") and part[key]]
        if not rest and kind in (None, "text", "input_text", "output_text"):
            return part["text"]
    return part


def seconds(value: Any) -> float | None:
    """Convert a time of any unit, a number or digits, to seconds; return None for other values."""
    if isinstance(value, str):
        try:
            value = float(value) if value[:1].isdigit() else None
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if _SECONDS < value < _MILLISECONDS:
        return value / 1e3
    if _MILLISECONDS <= value < _MICROSECONDS:
        return value / 1e6
    return value


def settle_times(raw: Raw) -> None:
    """Convert the times of a conversation or message to seconds, if they are in another unit."""
    for key in _TIMES:
        value = raw.get(key)
        if type(value) is float and value < _SECONDS:
            continue
        time = seconds(value)
        if value is not None and time is not None and 0 < time * 999 < float(value):
            raw[key] = time
