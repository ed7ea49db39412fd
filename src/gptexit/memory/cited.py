"""Memories that an answer of ChatGPT cites as its sources.

`metadata.conversation_context_citation_metadata` of an answer lists what ChatGPT used of the user's
context: `[{"citation": {"conversation_context_type": "user_memory", "memory_id": "…", "snippet":
"the memory's words", …}, "deleted": false, …}]`. With the type `past_conversation` it names an
earlier chat, which is no memory. Exports keep this list since mid-2026, when they lost the messages
in which memories were written (seen in real exports).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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
                    _words(citation.get("snippet")),
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


def _words(snippet: Any) -> str:
    """Return the words of a snippet. It is a string; of a list, the strings are joined as lines."""
    pieces = snippet if isinstance(snippet, list) else [snippet]
    return "\n".join(filter(None, map(_string, pieces)))
