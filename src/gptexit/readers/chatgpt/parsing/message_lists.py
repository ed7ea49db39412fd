"""Odd shapes of one message to the ordinary one, and odd times to seconds.

Ordinary is what OpenAI's exports hold: an object with `author` and `content` as objects and
`create_time` in seconds. Scripts and browser extensions save a text or a list in place of the
content, the role in place of the author, and times in milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Raw = dict[str, Any]
_ITEMS = (("input_items", "user"), ("output_items", "assistant"))


def is_task(raw: Raw) -> bool:
    """Whether an object is a task of Codex: one of its turns has items."""
    turns = raw.get("turns")
    return isinstance(turns, list) and any(
        isinstance(turn, dict) and any(key in turn for key, _ in _ITEMS) for turn in turns
    )


def from_task(raw: Raw) -> None:
    """Turn the turns of a task into nodes, in place: each turn's items become messages.

    What a turn says beside its items stays in its first message.
    """
    turns = raw.pop("turns")
    nodes: Raw = {}
    ends: dict[str, str] = {}
    """Each turn's last node."""
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
    """The messages of a turn, one for each list of items that it has; at least one."""
    rest: Raw = {
        key: value for key, value in turn.items() if key not in ("input_items", "output_items")
    }
    given = [
        (key, role, turn[key])
        for key, role in _ITEMS
        if isinstance(turn.get(key), list) and turn[key]
    ]
    said = _text(rest.get("role"))
    for key, role, items in given or [("input_items", said or "user", [])]:
        parts = [part for item in items for part in _parts(item)]
        plain = all(isinstance(part, str) for part in parts)
        spoken = said if said and len(given) < 2 else _role_of(items) or role
        yield (
            key.removesuffix("_items"),
            {
                "author": {"role": spoken},
                "create_time": rest.pop("create_time", rest.pop("created_at", None)),
                "content": {
                    "content_type": "text" if plain and len(parts) == 1 else "multimodal_text",
                    "parts": parts,
                },
                "metadata": {"codex_turn": rest} if rest else {},
            },
        )
        rest = {}


def _role_of(items: list[Any]) -> str:
    roles = [_text(item.get("role")) for item in items if isinstance(item, dict)]
    return next(filter(None, roles), "")


def _parts(item: Any) -> Iterator[Any]:
    """What an item of a turn shows, as parts of a message's content."""
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
    """A pull request: its title and words, then its changes, then all else that it says."""
    words = [_text(item.get(key)) for key in ("pr_title", "pr_message")]
    yield "\n\n".join(filter(None, words))
    diff = item.get("output_diff")
    inner = diff.get("diff") if isinstance(diff, dict) else diff
    if isinstance(inner, str) and inner:
        yield {"type": "code", "language": "diff", "content": inner}


ODD_MESSAGE = "gptexit_odd_message"
"""The content type of a message that is none: what stands in its place is kept in `value`."""

_SECONDS = 1e11
"""The largest number that is a time in seconds: the year 5138. As milliseconds it is March 1973."""
_MILLISECONDS = 1e14
_MICROSECONDS = 1e17
_TIMES = ("create_time", "update_time")
_OTHER_TIMES = ("created_at", "createTime", "timestamp", "createdAt", "time")
_SPEAKERS = ("role", "sender", "from")
_WORDS = ("parts", "text", "message", "value")
_ROLES = {
    "human": "user",
    "you": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "ai": "assistant",
    "bot": "assistant",
}
"""Roles by the names that other programs give them."""


def odd_nodes(mapping: Raw) -> list[str]:
    """List the keys of the nodes that are none, or whose message has not the ordinary shape.

    Runs for every conversation, so it only looks, and calls nothing for a node.
    """
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
    """Whether an object is a message: somebody says something in it."""
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
    """Give a message of any shape the ordinary one; an object is changed in place."""
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
    """A message from what stands where a message should be."""
    words = value if isinstance(value, list) else [value]
    if words and all(isinstance(word, str) for word in words):
        content: Raw = {"content_type": "text", "parts": words}
    else:
        content = {"content_type": ODD_MESSAGE, "value": value}
    return {"author": {}, "content": content}


def _settle_author(message: Raw) -> None:
    said = message.get("author")
    key = "author"
    if said is None:
        key = next((name for name in _SPEAKERS if isinstance(message.get(name), str)), "")
        said = message.get(key)
    if isinstance(said, str) and said.strip():
        message.pop(key)
        role = said.strip().lower()
        role = _ROLES.get(role, role)
        message["author"] = {"role": role} if role == said else {"role": role, "written": said}


def _settle_content(message: Raw) -> None:
    content = message.get("content")
    key = "content"
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
    """A part as the text that it is where it says nothing else, as the web API's `input_text`."""
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        kind = part.get("content_type") or part.get("type")
        rest = [key for key in part if key not in ("type", "content_type", "text") and part[key]]
        if not rest and kind in (None, "text", "input_text", "output_text"):
            return part["text"]
    return part


def seconds(value: Any) -> float | None:
    """A time as seconds, whatever its unit: a number or digits; None where it is neither."""
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
    """Turn the times of a conversation or message into seconds, where they are in another unit."""
    for key in _TIMES:
        value = raw.get(key)
        if type(value) is float and value < _SECONDS:
            continue
        found = seconds(value)
        if value is not None and found is not None and 0 < found * 999 < float(value):
            raw[key] = found
