"""The two layouts: `classic`, which most importers read, and `2026`, which ChatGPT writes now.

classic: one `conversations.json`, nodes with `children` and every key that exports had until early
2026, assets as `file-<id>-<name>`. 2026: shards of a hundred conversations, `<file id>.dat`, and
tables of names; nodes as they were.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pathvalidate import sanitize_filename

from gptexit.media_types import ending_of
from gptexit.model import Asset, Raw

CLASSIC, TODAY = "classic", "2026"


@dataclass(frozen=True, slots=True)
class Form:
    """What one layout does."""

    member: Callable[[int], str]
    """The name of a file with conversations, by its number."""
    shard: int | None
    """Conversations in one of them; None for any number."""
    asset: Callable[[Asset, str], str]
    """The name of an asset's file, from the asset and its name in the source."""
    fit: Callable[[Raw], None]
    """Makes a raw conversation what this layout has."""


_MESSAGE: Raw = {
    "create_time": None,
    "update_time": None,
    "status": "finished_successfully",
    "end_turn": None,
    "weight": 1.0,
    "recipient": "all",
    "channel": None,
}
_AUTHOR: Raw = {"role": "assistant", "name": None, "metadata": {}}
_OBJECTS: dict[str, Raw] = {
    "author": _AUTHOR,
    "content": {"content_type": "text", "parts": [""]},
    "metadata": {},
}
_CONVERSATION: Raw = {
    "title": "New chat",
    "create_time": 0.0,
    "update_time": 0.0,
    "moderation_results": [],
    "current_node": None,
    "plugin_ids": None,
    "conversation_template_id": None,
    "gizmo_id": None,
    "is_archived": False,
    "safe_urls": [],
    "default_model_slug": None,
}
"""Keys that importers look up without asking, with what they stand at where nothing is said."""


def _classic(raw: Raw) -> None:
    mapping = raw["mapping"]
    children: dict[str, list[str]] = {}
    for key, node in mapping.items():
        if isinstance(node.get("parent"), str):
            children.setdefault(node["parent"], []).append(key)
    for key, node in mapping.items():
        node.setdefault("id", key)
        node.setdefault("parent", None)
        node.setdefault("message", None)
        node["children"] = _in_order(node.get("children"), children.get(key, []))
        if isinstance(node["message"], dict):
            _complete(node["message"])
    for name, value in _CONVERSATION.items():
        raw.setdefault(name, value)
    key = raw.get("conversation_id") or raw.get("id")
    raw.setdefault("conversation_id", key)
    raw.setdefault("id", key)


def _in_order(named: Any, below: list[str]) -> list[str]:
    """The children, as far as the source named them in its order."""
    known = set(below)
    named = named if isinstance(named, list) else []
    first = [key for key in named if isinstance(key, str) and key in known]
    return list(dict.fromkeys([*first, *below]))


def _complete(message: Raw) -> None:
    for name, value in _MESSAGE.items():
        message.setdefault(name, value)
    for name, least in _OBJECTS.items():
        if message.get(name) is None:
            message[name] = dict(least)
    if isinstance(message["author"], dict):
        message["author"] = _AUTHOR | message["author"]


def _as_it_is(raw: Raw) -> None:
    pass


_PLAIN_ID = re.compile(r"file[-_][A-Za-z0-9_]{1,80}")


def _named(asset: Asset, member: str) -> str:
    """`<id>-<name>`; a file that has an old name keeps it."""
    if not (member.endswith(".dat") and _PLAIN_ID.fullmatch(asset["id"])):
        return _safe(member)
    name = posixpath.basename((asset["name"] or "").replace("\\", "/"))
    ending = ending_of(name, asset["media_type"])
    stem = name.removesuffix(ending) if name.endswith(ending) else posixpath.splitext(name)[0]
    return _safe(f"{asset['id']}-{stem[:80] or 'file'}{ending}")


def _numbered(asset: Asset, member: str) -> str:
    """`<id>.dat`; pages of a document, which have no such name, keep theirs."""
    return f"{asset['id']}.dat" if _PLAIN_ID.fullmatch(asset["id"]) else _safe(member)


def _safe(name: str) -> str:
    """A member's name with which no program that unpacks it leaves its folder."""
    parts = name.replace("\\", "/").split("/")
    parts = [str(sanitize_filename(part, platform="universal")) for part in parts]
    return "/".join(part for part in parts if part.strip(".")) or "file"


FORMS = {
    CLASSIC: Form(lambda number: "conversations.json", None, _named, _classic),
    TODAY: Form(lambda number: f"conversations-{number:03}.json", 100, _numbered, _as_it_is),
}
"""By name."""
