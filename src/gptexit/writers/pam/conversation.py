"""A conversation as a Portable AI Memory file: `portable-ai-memory-conversation`, version 1.0.

It has all branches, by `parent_id` and `children_ids`. Fields that the format does not have are in
`raw_metadata`, which readers of the format keep and do not interpret: parts of a message that are
more than text, code and files, as in the neutral model, and the other fields of the export. Field
names are those of the schema in the SDK 1.0.0 on PyPI (looked up on 2026-11-25).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from gptexit import __version__
from gptexit.model import Asset, Cited, Conversation, Message, Part, Raw
from gptexit.writers.parts import MEDIA, PartStyle, blocks_of, instructions_in

UNKNOWN = "1970-01-01T00:00:00Z"
"""Replaces an unknown time, which the format requires; `metadata` then has `time_unknown`."""


def exact(time: str | None) -> str | None:
    """Return a time or a day in UTC, with six digits of a second or none. None for other text."""
    try:
        moment = datetime.fromisoformat(time or "")
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat().replace("+00:00", "Z")


def first_of(*times: str | None) -> str:
    """Return the first of `times` that is a time, else `UNKNOWN`."""
    return next(filter(None, map(exact, times)), UNKNOWN)


def later(time: str | None, than: str) -> str | None:
    """Return `time` if it is later: the format refuses an end before the beginning."""
    end = exact(time)
    return end if end and end.removesuffix("Z") > than.removesuffix("Z") else None


VERSION = "1.0"
PLATFORM = "chatgpt"
TOOL = f"gptexit/{__version__}"
ROLES = ("user", "assistant", "system", "tool")
_WHOLE = ("text", "code", "output", "transcript", "image", "audio", "video", "file")
"""Types of parts that the format keeps whole; all others go to `raw_metadata` too."""

Assets = dict[str, tuple[Asset, str | None]]
"""By id: the asset, and its place in the store."""
Place = Callable[[Asset], str | None]
"""Takes an asset; returns its path in the folder of the store, None if it is not there."""


def document(conversation: Conversation, place: Place) -> Raw:
    """Make the file of a conversation."""
    created = first_of(conversation["created"], conversation["updated"])
    assets = {asset["id"]: (asset, place(asset)) for asset in conversation["assets"]}
    children: dict[str | None, list[str]] = {}
    for message in conversation["messages"]:
        children.setdefault(message["parent"], []).append(message["id"])
    roles = dict.fromkeys(_role(message) for message in conversation["messages"])
    return {
        "schema": "portable-ai-memory-conversation",
        "schema_version": VERSION,
        "id": conversation["id"],
        "provider": {"name": PLATFORM, "conversation_id": conversation["id"]},
        "title": conversation["title"],
        "temporal": known(
            {"created_at": created, "updated_at": later(conversation["updated"], created)}
        ),
        "participants": [{"role": role} for role in roles],
        "messages": [
            _message(message, created, children.get(message["id"], []), assets)
            for message in conversation["messages"]
        ],
        "model": conversation["model"],
        "system_instruction": _instruction(conversation),
        "is_archived": bool(conversation["archived"]),
        "raw_metadata": known(
            {
                "url": conversation["source"]["url"],
                "nodes": conversation["source"]["nodes"],
                "gone": conversation["source"]["gone"],
                "custom_gpt": conversation["assistant"],
                "project": conversation["project"],
                "starred": conversation["starred"],
                "current_message": conversation["current"],
                "time_unknown": created == UNKNOWN or None,
                "export": conversation["extra"] or None,
            }
        ),
        "import_metadata": {"importer": TOOL},
    }


def known(fields: Raw) -> Raw:
    """Leave out the fields without a value."""
    return {key: value for key, value in fields.items() if value is not None}


def _role(message: Message) -> str:
    return message["role"] if message["role"] in ROLES else "system"


def _instruction(conversation: Conversation) -> str | None:
    """Return the first custom instructions of the conversation."""
    for message in conversation["messages"]:
        for part in message["parts"]:
            if part["type"] == "instructions":
                return instructions_in(part) or None
    return None


class _Words(PartStyle):
    """The words of a part. Sources are left out: they are among the citations of the message."""

    __slots__ = ()

    def links(self, sources: Sequence[Cited]) -> list[str]:
        """Return nothing."""
        return []


_WORDS = _Words()


def _content_of(part: Any, assets: Assets) -> Raw | None:
    """Return a part as the format has it: code, a file, or text. None if there is no text."""
    if part["type"] in MEDIA:
        asset, ref = assets.get(part["asset"], (None, None))
        text = "\n\n".join(blocks_of(part, _WORDS)) or None
        media_type = asset["media_type"] if asset else None
        return {"type": part["type"], "text": text, "mime_type": media_type, "ref": ref}
    if part["type"] == "code":
        return {"type": "code", "text": part["text"], "language": part["language"]}
    if part["type"] == "document":
        language = part["kind"].removeprefix("code/")
        if language != part["kind"]:
            return {"type": "code", "text": part["text"], "language": language}
        title = f"# {part['title']}\n\n" if part["title"] else ""
        return {"type": "text", "text": title + part["text"]}
    text = part["text"] if "text" in part else "\n\n".join(blocks_of(part, _WORDS))
    return {"type": "text", "text": text} if text else None


def _message(message: Message, begun: str, children: list[str], assets: Assets) -> Raw:
    contents = (_content_of(part, assets) for part in message["parts"])
    shown = [content for content in contents if content]
    words = "\n\n".join(content["text"] for content in shown if content["text"])
    time = exact(message["created"])
    types = {part["type"] for part in message["parts"]}
    asset_ids: list[Any] = [part.get("asset") for part in message["parts"]]
    return known(
        {
            "id": message["id"],
            "provider_message_id": message["id"],
            "role": _role(message),
            "content": _content(shown, words),
            "created_at": time or begun,
            "parent_id": message["parent"],
            "children_ids": children,
            "model": message["model"],
            "is_thought": types == {"reasoning"},
            "attachments": [
                _attachment(*assets[asset_id]) for asset_id in asset_ids if asset_id in assets
            ],
            "citations": [
                known({"title": source["title"], "url": source["url"], "snippet": passage})
                for part in message["parts"]
                for source, passage in _sources(part)
            ],
            "tool_calls": _calls(message, words),
            "raw_metadata": _rest(message, time is None),
        }
    )


def _rest(message: Message, undated: bool) -> Raw:
    """Return the fields that the format does not have."""
    return known(
        {
            "role": message["role"] if message["role"] not in ROLES else None,
            "hidden": message["hidden"],
            "status": message["status"],
            "channel": message["channel"],
            "feedback": message["feedback"],
            "time_unknown": undated or None,
            "parts": [part for part in message["parts"] if not _is_whole(part)] or None,
            "export": message["extra"] or None,
        }
    )


def _is_whole(part: Part) -> bool:
    return part["type"] in _WHOLE and not part.get("placed")


def _content(shown: list[Raw], words: str) -> Raw | None:
    """Return plain text if there is nothing else; None for a message without content."""
    if not shown:
        return None
    if all(content["type"] == "text" for content in shown):
        return {"type": "text", "text": words}
    return {"type": "multipart", "parts": [known(content) for content in shown]}


def _calls(message: Message, words: str) -> list[Raw]:
    if message["to"]:
        return [known({"id": message["id"], "name": message["to"], "input": words or None})]
    if message["role"] == "tool":
        name = message["name"] or "unknown"
        return [known({"id": message["id"], "name": name, "output": words or None})]
    return []


def _attachment(asset: Asset, where: str | None) -> Raw:
    major = (asset["media_type"] or "").partition("/")[0]
    return known(
        {
            "type": major if major in ("image", "audio", "video") else "file",
            "name": asset["name"],
            "mime_type": asset["media_type"],
            "size_bytes": asset["size"] if (asset["size"] or 0) >= 0 else None,
            "ref": where,
            "provider_id": asset["id"],
        }
    )


def _sources(part: Part) -> list[tuple[Cited, str | None]]:
    """Return the sources of a part, each with the passage if there is one."""
    if part["type"] == "text":
        return [(source, None) for cited in part["citations"] for source in cited["sources"]]
    if part["type"] == "search":
        return [(source, None) for source in part["results"]]
    if part["type"] == "sources":
        return [(source, None) for source in part["sources"]]
    if part["type"] == "quote":
        return [({"title": part["title"], "url": part["url"]}, part["text"] or None)]
    return []
