"""A raw conversation as other programs' importers of ChatGPT exports read it.

Importers look values up without a test, and many stop at a value of another type: one odd value
costs the user a conversation, a file or the whole import.

`complete` and `typed`: every key of an export of early 2026, each of its type. The keys are those
that were seen in the source of convoviz, chatgpt-to-sqlite, LibreChat and Open WebUI.

`for_librechat`: LibreChat shows hidden and empty messages too, all but those of the role `system`.
Such messages get this role, and `author.metadata.real_role` keeps their own, as in an export. The
keys were seen in `packages/api/src/import/` of LibreChat, commit 4076b6c of 2026: `service.ts`,
`assets.ts`, and in `chatgpt/` `convert.ts`, `content.ts`, `citations.ts`, `models.ts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from types import NoneType
from typing import Any

import orjson

from gptexit.chatgpt import take
from gptexit.chatgpt.names import file_id
from gptexit.codes import NotKept
from gptexit.model import Raw

ROOT = "client-created-root"
"""The id that exports give to the node above the first message."""
LONGEST = 200
"""Bytes of a title: with date and ending, a file name has at most 255."""
_YEAR_9999 = 253_402_300_799
_ROLES = {"system", "user", "assistant", "tool"}
_NEAREST = {"developer": "system", "function": "tool"}
"""Roles of the API that old importers do not know. Any other becomes `assistant`."""

Test = Callable[[Any], bool]


def _of(*types: type) -> Test:
    """Return a test for values of these types."""
    return lambda value: isinstance(value, types)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_time(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= _YEAR_9999


def _may_be_time(value: Any) -> bool:
    return value is None or _is_time(value)


_is_text, _may_be_text, _may_be_flag = _of(str), _of(str, NoneType), _of(bool, NoneType)
_is_object, _is_list, _anything = _of(dict), _of(list), _of(object)

Rules = dict[str, tuple[Test, Callable[[], Any]]]
"""By key: the test of its value, and the value that replaces one of another type."""
_CONVERSATION: Rules = {
    "title": (_is_text, lambda: "New chat"),
    "create_time": (_is_time, lambda: 0.0),
    "update_time": (_is_time, lambda: 0.0),
    "moderation_results": (_is_list, list),
    "current_node": (_is_text, lambda: ROOT),
    "plugin_ids": (_anything, lambda: None),
    "conversation_template_id": (_may_be_text, lambda: None),
    "gizmo_id": (_may_be_text, lambda: None),
    "is_archived": (_may_be_flag, lambda: False),
    "safe_urls": (_is_list, list),
    "default_model_slug": (_may_be_text, lambda: None),
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
    "channel": (_may_be_text, lambda: None),
}
_AUTHOR: Rules = {
    "role": (_is_text, lambda: "assistant"),
    "name": (_may_be_text, lambda: None),
    "metadata": (_is_object, dict),
}


def complete(raw: Raw) -> Counter[NotKept]:
    """Do as `typed`, and cut the title, which many importers make a file name of."""
    lost = typed(raw)
    title = raw["title"] = raw["title"].replace("\0", "\ufffd")
    data = title.encode("utf-8", "replace")
    if len(data) > LONGEST:
        lost[NotKept.TITLE_CUT] += 1
        raw["title"] = data[: LONGEST - 3].decode("utf-8", "ignore") + "…"
    return lost


def typed(raw: Raw) -> Counter[NotKept]:
    """Give `raw` every key, each of its type. Return the number of values that were replaced."""
    lost: Counter[NotKept] = Counter()
    mapping = raw["mapping"]
    if not mapping:
        mapping[ROOT] = {"id": ROOT, "message": None, "parent": None}
    if raw.get("current_node") not in mapping:
        raw["current_node"] = next(reversed(mapping))
    _replace_dates(raw)
    _apply(_CONVERSATION, raw, lost)
    ids = [raw.get("conversation_id"), raw.get("id")]
    own_id = next((value for value in ids if isinstance(value, str) and value), ids[0] or ids[1])
    raw["conversation_id"] = raw["id"] = own_id
    children: dict[str, list[str]] = {}
    for key, node in mapping.items():
        if isinstance(node.get("parent"), str):
            children.setdefault(node["parent"], []).append(key)
    for key, node in mapping.items():
        node["id"] = key
        node.setdefault("parent", None)
        node["children"] = _in_order(node.get("children"), children.get(key, []))
        if isinstance(node.setdefault("message", None), dict):
            _type_message(node["message"], lost)
        else:
            node["message"] = None
    return lost


def _apply(rules: Rules, raw: Raw, lost: Counter[NotKept]) -> None:
    for key, (holds, default) in rules.items():
        if key not in raw:
            raw[key] = default()
        elif not holds(raw[key]):
            lost[NotKept.VALUE_REPLACED] += raw[key] is not None
            raw[key] = default()


def _replace_dates(raw: Raw) -> None:
    """Make numbers of dates in words, which dumps of the web API have."""
    for key in ("create_time", "update_time"):
        time = take.as_time(raw[key]) if isinstance(raw.get(key), str) else None
        if time is not None:
            raw[key] = datetime.fromisoformat(time).timestamp()


def _in_order(named: Any, below: list[str]) -> list[str]:
    """Sort the children of a node: first those that the source names, in its order."""
    named = named if isinstance(named, list) else []
    known = set(below)
    first = [key for key in named if isinstance(key, str) and key in known]
    return list(dict.fromkeys([*first, *below]))


def _type_message(message: Raw, lost: Counter[NotKept]) -> None:
    odd = message.get("content")
    _replace_dates(message)
    _apply(_MESSAGE, message, lost)
    author = message["author"] = dict(message["author"])  # the conversation shares both
    content = message["content"] = dict(message["content"])
    _apply(_AUTHOR, author, lost)
    if author["role"] not in _ROLES:
        _set_role(author, _NEAREST.get(author["role"], "assistant"))
    if not isinstance(odd, dict):
        content["parts"] = ["\n\n".join(take.strings(odd))]
    if not isinstance(content.get("content_type"), str):
        content["content_type"] = "text"
    _type_content(content, lost)


def _set_role(author: Raw, role: str) -> None:
    author["metadata"] = {**author["metadata"], "real_role": author["role"]}
    author["role"] = role


def _type_content(content: Raw, lost: Counter[NotKept]) -> None:
    parts = content.get("parts")
    if isinstance(parts, list):
        kept = [part for part in parts if isinstance(part, str | dict)]
        if len(kept) < len(parts):
            lost[NotKept.VALUE_REPLACED] += sum(part is not None for part in parts) - len(kept)
            content["parts"] = kept
    elif "parts" in content or (content["content_type"] == "text" and content.get("text") != ""):
        words = content.get("text") if parts is None else parts
        content["parts"] = [words] if isinstance(words, str) else take.strings(words)
    thoughts = content.get("thoughts", [])
    if isinstance(thoughts, str):  # seen once: JSON inside a string
        try:
            content["thoughts"] = thoughts = orjson.loads(thoughts)
        except orjson.JSONDecodeError:
            content["thoughts"] = thoughts = [{"summary": "", "content": thoughts}]
    if not isinstance(thoughts, list):
        content["thoughts"] = []


_LISTS = ("attachments", "content_references")
"""Lists of objects in `metadata`."""
_LISTS_BELOW = ("items", "sources")
"""Lists of objects in each content reference."""
_WORDS = ("result", "text", "content")
"""LibreChat shows one of these keys of a content without parts."""
_CALLS = {"code", "execution_output"}
"""Contents whose text may be of any type."""
_FOLDED = {"thoughts", "reasoning_recap"}
"""Contents that LibreChat joins to the answer below them."""
_LOOKED_UP = {
    "audio_transcription": "text",
    "image_asset_pointer": "asset_pointer",
    "audio_asset_pointer": "asset_pointer",
}
"""By type of part: the key whose text LibreChat looks up."""
_VOICE = "real_time_user_audio_video_asset_pointer"


def for_librechat(raw: Raw) -> Counter[NotKept]:
    """Do as `typed`, and set the types and roles that LibreChat needs."""
    lost = typed(raw)
    for node in raw["mapping"].values():
        message = node["message"]
        if message is None:
            continue
        metadata = message["metadata"] = dict(message["metadata"])  # the conversation shares it
        if not isinstance(metadata.get("model_slug", ""), str):
            _drop(metadata, "model_slug", lost)
        for key in _LISTS:
            _keep_objects(metadata, key, lost)
        if "attachments" in metadata:
            # An empty media type hides that a file is a picture.
            metadata["attachments"] = [
                _only_texts(attachment, ("mime_type", "name"), lost, empty=False)
                for attachment in metadata["attachments"]
            ]
        for number, reference in enumerate(metadata.get("content_references", [])):
            kept = metadata["content_references"][number] = dict(reference)
            for key in _LISTS_BELOW:
                _keep_objects(kept, key, lost)
        _fit_content(message["content"], lost)
        if message["author"]["role"] != "system" and _is_left_out(message):
            _set_role(message["author"], "system")
    return lost


def _is_left_out(message: Raw) -> bool:
    """Tell whether a message is hidden or empty: an artefact of tools or settings."""
    content = message["content"]
    if message["metadata"].get("is_visually_hidden_from_conversation") is True:
        return True
    if content["content_type"] in _CALLS | _FOLDED or message["metadata"].get("attachments"):
        return False
    if message["author"]["role"] == "user" and not content["content_type"].endswith("_context"):
        return False
    if "parts" not in content:
        return not any(content.get(key) for key in _WORDS)
    return not any(_shows(part) for part in content["parts"])


def _shows(part: Any) -> bool:
    if isinstance(part, str):
        return bool(part.strip())
    kind = part.get("content_type")
    return kind == _VOICE or (isinstance(kind, str) and bool(part.get(_LOOKED_UP.get(kind))))


def _drop(held: Raw, key: str, lost: Counter[NotKept]) -> None:
    lost[NotKept.VALUE_REPLACED] += held.pop(key) is not None


def _keep_objects(held: Raw, key: str, lost: Counter[NotKept]) -> None:
    """Keep only the objects of the list at `key`; drop the key if its value is no list."""
    value = held.get(key)
    if isinstance(value, list):
        held[key] = kept = [item for item in value if isinstance(item, dict)]
        lost[NotKept.VALUE_REPLACED] += len(value) - len(kept)
    elif key in held:
        _drop(held, key, lost)


def _only_texts(
    held: Raw, keys: tuple[str, ...], lost: Counter[NotKept], *, empty: bool = True
) -> Raw:
    """Return an object without those of `keys` that are no text. `empty`: a text may be empty."""
    odd = {
        key
        for key in keys
        if key in held and not (isinstance(held[key], str) and (empty or held[key]))
    }
    lost[NotKept.VALUE_REPLACED] += sum(held[key] not in (None, "") for key in odd)
    return {key: value for key, value in held.items() if key not in odd}


def _fit_content(content: Raw, lost: Counter[NotKept]) -> None:
    parts = content.get("parts")
    if isinstance(parts, list):
        content["parts"] = [_fit_part(part, lost) for part in parts]
    elif content["content_type"] not in _CALLS:
        for key in _WORDS:
            if not isinstance(content.get(key, ""), str):
                words = take.strings(content[key])
                _drop(content, key, lost)
                if words:
                    content[key] = "\n\n".join(words)
    if "thoughts" in content:
        _keep_objects(content, "thoughts", lost)
        content["thoughts"] = [
            _only_texts(thought, ("content", "summary"), lost) for thought in content["thoughts"]
        ]


def _fit_part(part: Any, lost: Counter[NotKept]) -> Any:
    """Give a part of a message the text or the pointer that LibreChat looks up."""
    kind = part.get("content_type") if isinstance(part, dict) else None
    if kind == _VOICE:
        audio = part.get("audio_asset_pointer")
        if not isinstance(audio, dict):
            return part
        if isinstance(audio.get("asset_pointer"), str):
            return {**part, "audio_asset_pointer": _with_file_id(audio)}
        lost[NotKept.VALUE_REPLACED] += 1
        return {**part, "audio_asset_pointer": None}
    key = _LOOKED_UP.get(kind) if isinstance(kind, str) else None
    if key is None:
        return part
    if isinstance(part.get(key), str):
        return _with_file_id(part) if key == "asset_pointer" else part
    lost[NotKept.VALUE_REPLACED] += part.get(key) is not None
    return {**part, key: ""}


def _with_file_id(part: Raw) -> Raw:
    """Shorten a pointer to the id of its file: one to a page of a document says more."""
    pointer = part["asset_pointer"]
    scheme, mark, tail = pointer.partition("://")
    name = file_id(pointer)
    return part if name == tail or not mark else {**part, "asset_pointer": f"{scheme}://{name}"}
