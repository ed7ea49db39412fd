"""A raw conversation as exports had it until early 2026: every key there, each of its type.

Importers that were written then look these keys up without asking, and many check every type, so
that one odd value costs the user the whole file. What they look up was seen in their source:
convoviz, chatgpt-to-sqlite, LibreChat, Open WebUI.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from gptexit.chatgpt import take
from gptexit.codes import NotKept
from gptexit.model import Raw

ROOT = "client-created-root"
"""The id that exports give to the node above the first message."""
LONGEST = 200
"""Bytes of a title."""
_YEAR_9999 = 253_402_300_799
_ROLES = {"system", "user", "assistant", "tool"}
_NEAREST = {"developer": "system", "function": "tool"}
"""Roles of the API that old importers do not know. Any other becomes `assistant`."""

Test = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= _YEAR_9999


def _may_be_time(value: Any) -> bool:
    return value is None or _is_time(value)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _may_be_flag(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _anything(value: Any) -> bool:
    return True


Rules = dict[str, tuple[Test, Callable[[], Any]]]
"""By key: what its value has to be, and what stands for one that is not."""
_CONVERSATION: Rules = {
    "title": (_is_text, lambda: "New chat"),
    "create_time": (_is_time, lambda: 0.0),
    "update_time": (_is_time, lambda: 0.0),
    "moderation_results": (_is_list, list),
    "current_node": (_is_text, lambda: ROOT),
    "plugin_ids": (_anything, lambda: None),
    "conversation_template_id": (_is_name, lambda: None),
    "gizmo_id": (_is_name, lambda: None),
    "is_archived": (_may_be_flag, lambda: False),
    "safe_urls": (_is_list, list),
    "default_model_slug": (_is_name, lambda: None),
}
_MESSAGE: Rules = {
    "author": (_is_object, dict),
    "create_time": (_may_be_time, lambda: None),
    "update_time": (_may_be_time, lambda: None),
    "content": (_is_object, dict),
    "status": (_is_text, lambda: "finished_successfully"),
    "end_turn": (_may_be_flag, lambda: None),
    "weight": (_is_number, lambda: 1.0),
    "metadata": (_is_object, dict),
    "recipient": (_is_text, lambda: "all"),
    "channel": (_is_name, lambda: None),
}
_AUTHOR: Rules = {
    "role": (_is_text, lambda: "assistant"),
    "name": (_is_name, lambda: None),
    "metadata": (_is_object, dict),
}


def complete(raw: Raw) -> Counter[NotKept]:
    """As `typed`, and with a title to name a file after."""
    found = typed(raw)
    raw["title"] = _as_file_name(raw["title"], found)
    return found


def typed(raw: Raw) -> Counter[NotKept]:
    """Give `raw` every key, each of its type; what had to be replaced is counted."""
    found: Counter[NotKept] = Counter()
    mapping = raw["mapping"]
    if not mapping:
        mapping[ROOT] = {"id": ROOT, "message": None, "parent": None}
    if raw.get("current_node") not in mapping:
        raw["current_node"] = next(reversed(mapping))
    _count_dates(raw)
    _keep(raw, _CONVERSATION, found)
    named = [raw.get("conversation_id"), raw.get("id")]
    key = next((each for each in named if isinstance(each, str) and each), named[0] or named[1])
    raw["conversation_id"] = raw["id"] = key
    children = _children(mapping)
    for key, node in mapping.items():
        node["id"] = key
        node.setdefault("parent", None)
        node["children"] = _in_order(node.get("children"), children.get(key, []))
        if isinstance(node.setdefault("message", None), dict):
            _complete(node["message"], found)
        else:
            node["message"] = None
    return found


def _as_file_name(title: str, found: Counter[NotKept]) -> str:
    """A title that importers can name a file after, as many do: 255 bytes with date and ending."""
    title = title.replace("\0", "\ufffd")
    if len(title.encode("utf-8", "replace")) <= LONGEST:
        return title
    found[NotKept.TITLE_CUT] += 1
    return title.encode("utf-8", "replace")[: LONGEST - 3].decode("utf-8", "ignore") + "…"


def _keep(raw: Raw, rules: Rules, found: Counter[NotKept]) -> None:
    for key, (holds, default) in rules.items():
        if key not in raw:
            raw[key] = default()
        elif not holds(raw[key]):
            if raw[key] is not None:
                found[NotKept.VALUE_REPLACED] += 1
            raw[key] = default()


def _count_dates(raw: Raw) -> None:
    """Make numbers of dates in words, which stand in dumps of the web API."""
    for key in ("create_time", "update_time"):
        shown = take.as_time(raw[key]) if isinstance(raw.get(key), str) else None
        if shown is not None:
            raw[key] = datetime.fromisoformat(shown).timestamp()


def _complete(message: Raw, found: Counter[NotKept]) -> None:
    odd = message.get("content")
    _count_dates(message)
    _keep(message, _MESSAGE, found)
    author = message["author"] = dict(message["author"])  # both are the conversation's own
    content = message["content"] = dict(message["content"])
    _keep(author, _AUTHOR, found)
    if author["role"] not in _ROLES:
        author["metadata"] = {**author["metadata"], "real_role": author["role"]}
        author["role"] = _NEAREST.get(author["role"], "assistant")
    if not isinstance(odd, dict):
        content["parts"] = ["\n\n".join(take.strings(odd))]
    if not isinstance(content.get("content_type"), str):
        content["content_type"] = "text"
    _complete_content(content, found)


def _complete_content(content: Raw, found: Counter[NotKept]) -> None:
    parts = content.get("parts")
    if isinstance(parts, list):
        kept = [part for part in parts if isinstance(part, str | dict)]
        if len(kept) < len(parts):
            found[NotKept.VALUE_REPLACED] += sum(part is not None for part in parts) - len(kept)
            content["parts"] = kept
    elif "parts" in content or (content["content_type"] == "text" and content.get("text") != ""):
        words = content.get("text") if parts is None else parts
        content["parts"] = [words] if isinstance(words, str) else take.strings(words)
    thoughts = content.get("thoughts", [])
    if isinstance(thoughts, str):  # seen once: JSON inside a string
        try:
            thoughts = orjson.loads(thoughts)
        except orjson.JSONDecodeError:
            thoughts = [{"summary": "", "content": thoughts}]
    if thoughts is not content.get("thoughts", thoughts) or not isinstance(thoughts, list):
        content["thoughts"] = thoughts if isinstance(thoughts, list) else []


def _children(mapping: dict[str, Raw]) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {}
    for key, node in mapping.items():
        if isinstance(node.get("parent"), str):
            children.setdefault(node["parent"], []).append(key)
    return children


def _in_order(named: Any, below: list[str]) -> list[str]:
    """The children, as far as the source named them in its order."""
    known = set(below)
    named = named if isinstance(named, list) else []
    first = [key for key in named if isinstance(key, str) and key in known]
    return list(dict.fromkeys([*first, *below]))
