"""A raw conversation as LibreChat's importer of ChatGPT ZIPs can read it.

It shows hidden and empty messages too, all but those of the role `system`: so these get it, and
their own goes to `author.metadata.real_role`, where an export keeps the one that it has changed.

It looks values up without asking. Where one is not what it expects, it gives up the conversation,
the files of a whole shard, or the import. What it looks up was seen in `packages/api/src/import/`
of LibreChat, commit 4076b6c of 2026: `service.ts`, `assets.ts`, and in `chatgpt/` `convert.ts`,
`content.ts`, `citations.ts`, `models.ts`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from gptexit.chatgpt import take
from gptexit.chatgpt.names import file_id
from gptexit.codes import NotKept
from gptexit.model import Raw
from gptexit.writers.chatgpt.classic import typed

_LISTS = ("attachments", "content_references")
"""Of `metadata`: what is walked, object by object."""
_BELOW = ("items", "sources")
"""The same, in each content reference."""
_WORDS = ("result", "text", "content")
"""Of a content without parts: one of these is shown."""
_CALLS = {"code", "execution_output"}
"""Contents whose text may be of any type."""
_FOLDED = {"thoughts", "reasoning_recap"}
"""Contents that the app joins to the answer below them."""
_LOOKED_UP = {
    "audio_transcription": "text",
    "image_asset_pointer": "asset_pointer",
    "audio_asset_pointer": "asset_pointer",
}
"""By type of part: the key whose text is looked up."""
_VOICE = "real_time_user_audio_video_asset_pointer"


def looked_up(raw: Raw) -> Counter[NotKept]:
    """Give `raw` every key that is looked up, of its type; what had to be replaced is counted."""
    found = typed(raw)
    for node in raw["mapping"].values():
        message = node["message"]
        if message is None:
            continue
        metadata = message["metadata"] = dict(message["metadata"])  # the conversation's own
        if not isinstance(metadata.get("model_slug", ""), str):
            _drop(metadata, "model_slug", found)
        for key in _LISTS:
            _objects(metadata, key, found)
        if "attachments" in metadata:
            metadata["attachments"] = [_upload(each, found) for each in metadata["attachments"]]
        for at, reference in enumerate(metadata.get("content_references", [])):
            kept = dict(reference)
            for key in _BELOW:
                _objects(kept, key, found)
            metadata["content_references"][at] = kept
        _content(message["content"], found)
        author = message["author"]
        if author["role"] != "system" and _is_left_out(message):
            author["metadata"] = {**author["metadata"], "real_role": author["role"]}
            author["role"] = "system"
    return found


def _is_left_out(message: Raw) -> bool:
    """Whether it is hidden, or would be an empty message: what tools or settings left behind."""
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


def _drop(held: Raw, key: str, found: Counter[NotKept]) -> None:
    if held.pop(key) is not None:
        found[NotKept.VALUE_REPLACED] += 1


def _objects(held: Raw, key: str, found: Counter[NotKept]) -> None:
    """A new list of the objects in the one at `key`; without the key where there is no list."""
    value = held.get(key)
    if isinstance(value, list):
        held[key] = kept = [each for each in value if isinstance(each, dict)]
        found[NotKept.VALUE_REPLACED] += len(value) - len(kept)
    elif key in held:
        _drop(held, key, found)


def _upload(attachment: Raw, found: Counter[NotKept]) -> Raw:
    """Without a type or name that says nothing: an empty type hides that it is a picture."""
    odd = [
        key
        for key in ("mime_type", "name")
        if key in attachment and not (isinstance(attachment[key], str) and attachment[key])
    ]
    found[NotKept.VALUE_REPLACED] += sum(attachment[key] not in (None, "") for key in odd)
    return {key: value for key, value in attachment.items() if key not in odd}


def _content(content: Raw, found: Counter[NotKept]) -> None:
    parts = content.get("parts")
    if isinstance(parts, list):
        content["parts"] = [_part(part, found) for part in parts]
    elif content["content_type"] not in _CALLS:
        for key in _WORDS:
            if not isinstance(content.get(key, ""), str):
                words = take.strings(content[key])
                _drop(content, key, found)
                if words:
                    content[key] = "\n\n".join(words)
    if "thoughts" in content:
        _objects(content, "thoughts", found)
        content["thoughts"] = [_thought(each, found) for each in content["thoughts"]]


def _found(part: Raw) -> Raw:
    """A part whose pointer is the name of its file: one to a page of a document says more."""
    pointer = part["asset_pointer"]
    scheme, mark, tail = pointer.partition("://")
    name = file_id(pointer)
    return part if name == tail or not mark else {**part, "asset_pointer": f"{scheme}://{name}"}


def _thought(thought: Raw, found: Counter[NotKept]) -> Raw:
    """Its words as text: their length is asked for."""
    odd = {key for key in ("content", "summary") if not isinstance(thought.get(key, ""), str)}
    found[NotKept.VALUE_REPLACED] += sum(thought[key] is not None for key in odd)
    return {key: value for key, value in thought.items() if key not in odd}


def _part(part: Any, found: Counter[NotKept]) -> Any:
    """A part of a message, with a pointer or words where they are looked up."""
    if not isinstance(part, dict):
        return part
    kind = part.get("content_type")
    if not isinstance(kind, str):
        return part
    if kind == _VOICE:
        audio = part.get("audio_asset_pointer")
        if isinstance(audio, dict) and not isinstance(audio.get("asset_pointer"), str):
            found[NotKept.VALUE_REPLACED] += 1
            return {**part, "audio_asset_pointer": None}
        return {**part, "audio_asset_pointer": _found(audio)} if isinstance(audio, dict) else part
    key = _LOOKED_UP.get(kind)
    if key is None or isinstance(part.get(key), str):
        return _found(part) if key == "asset_pointer" else part
    found[NotKept.VALUE_REPLACED] += part.get(key) is not None
    return {**part, key: ""}
