"""A task of Codex, from `codex.json`, as a conversation.

Known of its shape (from two related readers of exports, 2026): a task has `id`, `title`,
`archived` and `turns`; a turn has `id`, `previous_turn_id`, `role`, `turn_status` and
`input_items` or `output_items`; an item is a message with `content: [{content_type, text}]` or an
`image_asset_pointer`. Of Codex's own API it is known that an item may also be a `pr`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gptexit.readers.chatgpt.parsing.message_lists import settle_part

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
