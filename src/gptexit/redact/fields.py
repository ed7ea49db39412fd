"""Which strings of a conversation are searched: all but those that hold its parts together.

Off limits are the ids that refer to each other, the words that say what a thing is, and times and
digests. Changing one would break the tree, a link to a file, or an import. They are named here, for
the neutral model and for the raw objects in `extra`, which use the names of the export.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gptexit.model import Asset, Conversation, Message

STRUCTURE = frozenset(
    (
        *("id", "parent", "current", "role", "type", "status", "hidden", "created", "updated"),
        *("provider", "nodes", "direction", "media_type", "sha256", "member", "asset"),
        # And in raw objects:
        *("children", "current_node", "conversation_id", "message_id", "parent_id", "file_id"),
        *("asset_pointer", "gizmo_id", "conversation_template_id", "content_type", "mime_type"),
        *("create_time", "update_time", "model_slug", "default_model_slug", "request_id"),
        *("turn_exchange_id", "async_task_id", "working_id", "memory_id"),
    )
)
"""Keys whose values are never changed."""
_KEYED_BY_ID = frozenset({"mapping", "odd_nodes"})
"""Keys of objects whose own keys are ids."""


def strings(value: Any) -> Iterator[str]:
    """Every string below `value` that is searched, and every key that is data."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            for key, inner in each.items():
                yield key
                if key not in STRUCTURE:
                    stack.append(inner)
        elif isinstance(each, list):
            stack.extend(each)


def copied(value: Any, change: Callable[[str], str]) -> Any:
    """`value` with `change(text)` in place of each string that is searched, whatever its depth."""
    root: list[Any] = [None]
    stack: list[tuple[Any, Any, Any, Any]] = [(root, 0, value, None)]
    while stack:
        into, at, each, key = stack.pop()
        if isinstance(each, str):
            into[at] = change(each)
        elif isinstance(each, list):
            into[at] = row = [None] * len(each)
            stack += [(row, number, inner, key) for number, inner in enumerate(each)]
        elif isinstance(each, dict):
            made: dict[str, Any] = {}
            into[at] = made
            for name, inner in each.items():
                shown = name if key in _KEYED_BY_ID else _free(made, change(name))
                made[shown] = inner if name in STRUCTURE else None
                if name not in STRUCTURE:
                    stack.append((made, shown, inner, name))
        else:
            into[at] = each
    return root[0]


def _free(made: dict[str, Any], name: str) -> str:
    """`name`, with a number where two keys have become the same."""
    number, free = 1, name
    while free in made:
        number += 1
        free = f"{name} {number}"
    return free


def head(conversation: Conversation) -> dict[str, Any]:
    """What of a conversation belongs to no message and no file."""
    return {key: conversation[key] for key in _HEAD}  # type: ignore[literal-required]


_HEAD = ("title", "assistant", "project", "extra")
_BODY = ("parts", "extra", "name")


def body(message: Message) -> dict[str, Any]:
    """What of a message is searched."""
    return {key: message[key] for key in _BODY}  # type: ignore[literal-required]


def names(asset: Asset) -> dict[str, Any]:
    """What of a file's description is searched: its name, and that of the member it stands in."""
    return {"name": asset["name"], "path": asset["member"]}
