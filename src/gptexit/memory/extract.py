"""What one conversation tells of the memory: notes, snapshots, citations, custom instructions.

All branches count: a memory that was written on a branch which the user left was written all the
same, and ChatGPT kept it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from gptexit.memory.model import How, Origin
from gptexit.model import Conversation, Message

_KEYS = ("content", "memory", "text", "fact", "bio", "value")


def noted(conversation: Conversation) -> Iterator[Origin]:
    """Each memory that ChatGPT wrote in a conversation, in its own words.

    One message is one memory, of however many lines; those that are JSON hold one or several.
    Plain sentences are usual. `{"content": "…"}` was seen in readers of exports (looked up on
    2026-11-25).
    """
    for message in conversation["messages"]:
        for part in message["parts"]:
            if part["type"] == "memory" and not part["snapshot"]:
                for text in unwrapped(part["text"]):
                    yield _origin(conversation, message, "written", text)


def snapshots(conversation: Conversation) -> Iterator[Origin]:
    """Each list of its memory that ChatGPT was given, whole."""
    for message in conversation["messages"]:
        for part in message["parts"]:
            if part["type"] == "memory" and part["snapshot"] and part["text"].strip():
                yield _origin(conversation, message, "snapshot", part["text"])


def citations(conversation: Conversation) -> Iterator[Origin]:
    """Yield each memory that the answers of a conversation cite, at the first answer that does.

    The `text` of one that is cited by its id alone is empty.
    """
    seen: set[tuple[str | None, str]] = set()
    for message in conversation["messages"]:
        for memory in cited_memories(message):
            if (memory.id, memory.text) not in seen and (memory.id or memory.text):
                seen.add((memory.id, memory.text))
                origin = _origin(conversation, message, "cited", memory.text)
                yield replace(origin, memory_id=memory.id, deleted=memory.deleted)


def instructions(conversation: Conversation) -> Iterator[tuple[str | None, str | None, Origin]]:
    """Custom instructions, about the user and on responses, with where they stand."""
    for message in conversation["messages"]:
        for part in message["parts"]:
            if part["type"] == "instructions":
                about, response = _words(part["about"]), _words(part["response"])
                if about or response:
                    yield about, response, _origin(conversation, message, "written", "")


def _words(text: str | None) -> str | None:
    return (text or "").strip() or None


def _origin(conversation: Conversation, message: Message, how: How, text: str) -> Origin:
    time = message["created"] or conversation["created"]
    return Origin(time, conversation["id"], conversation["title"], message["id"], how, text)


def unwrapped(text: str) -> list[str]:
    """The memories in what was written, without JSON around them; none where it is blank."""
    words = text.strip()
    if words[:1] in ("{", "["):
        try:
            found = list(_strings(orjson.loads(words)))
        except orjson.JSONDecodeError:
            found = []
        if found and all(each.strip() for each in found):
            return [each.strip() for each in found]
    return [words] if words else []


def _strings(value: Any) -> Iterator[str]:
    """Of a string, an object with one known key, or a list of them; blank for what is another."""
    if isinstance(value, list):
        for each in value:
            yield from _strings(each) if not isinstance(each, list) else [""]
    elif isinstance(value, dict) and len(value) == 1:
        ((key, inner),) = value.items()
        known = key.casefold() in _KEYS
        yield inner if known and isinstance(inner, str) else ""
    else:
        yield value if isinstance(value, str) else ""


_DATED = re.compile(r"^[ \t]*(\d{1,6})\.[ \t]*\[(\d{4}-\d\d-\d\d)\]\.?[ \t]*", re.MULTILINE)


def listed(snapshot: str) -> list[tuple[str | None, str]]:
    """The entries of a snapshot: the day on which each was saved, and its words.

    A snapshot reads `1. [2024-04-26]. User loves dogs.`, entries apart by an empty line (seen in
    several published exports of 2024 and 2025, looked up on 2026-11-25). A number that does not
    follow the one before belongs to an entry's own words. One of another form is a single entry.
    """
    heads: list[re.Match[str]] = []
    for match in _DATED.finditer(snapshot):
        if not heads or int(match[1]) == int(heads[-1][1]) + 1:
            heads.append(match)
    if not heads:
        return [(None, snapshot.strip())]
    ends = [*(each.start() for each in heads[1:]), len(snapshot)]
    found = [
        (head[2], snapshot[head.end() : end].strip()) for head, end in zip(heads, ends, strict=True)
    ]
    before = snapshot[: heads[0].start()].strip()
    return ([(None, before)] if before else []) + [each for each in found if each[1]]


KEY = "conversation_context_citation_metadata"
"""The key of the list in a message's metadata."""
_MEMORY = "user_memory"


@dataclass(frozen=True, slots=True)
class CitedMemory:
    """One memory, as one answer cites it."""

    id: str | None
    """ChatGPT's own id of the memory; None where the citation has none."""
    text: str
    """The memory's words; empty where the citation has none."""
    deleted: bool
    """True where the export marks the citation as deleted."""


def cited_memories(message: Mapping[str, Any]) -> Iterator[CitedMemory]:
    """Yield each memory that a message of the neutral model cites, in the order of the export.

    The list stands in the message's `extra`. An item of another shape is passed over: it stays in
    `extra`. Never raises.
    """
    extra = message.get("extra")
    metadata = extra.get("metadata") if isinstance(extra, dict) else None
    if not isinstance(metadata, dict) or KEY not in metadata:
        return
    for item in _objects(metadata[KEY]):
        for citation in _objects(item.get("citation", item)):
            if _is_memory(citation):
                yield CitedMemory(
                    _string(citation.get("memory_id")),
                    _snippet_words(citation.get("snippet")),
                    item.get("deleted") is True or citation.get("deleted") is True,
                )


def _objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; an object that stands alone is a list of one."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def _is_memory(citation: dict[str, Any]) -> bool:
    """Tell a memory from another source: by its type, or by its id where it has no type."""
    kind = citation.get("conversation_context_type")
    if kind is None:
        return _string(citation.get("memory_id")) is not None
    return bool(kind == _MEMORY)


def _string(value: Any) -> str | None:
    """Return a string that is not blank, without white space around it; else None."""
    return (value.strip() or None) if isinstance(value, str) else None


def _snippet_words(snippet: Any) -> str:
    """Return the words of a snippet. It is a string; of a list, the strings are joined as lines."""
    pieces = snippet if isinstance(snippet, list) else [snippet]
    return "\n".join(filter(None, map(_string, pieces)))
