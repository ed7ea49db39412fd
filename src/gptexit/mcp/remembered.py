"""The memory of an archive, put together by the same rules as `gptexit memory`."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, cast

from gptexit.library import Library
from gptexit.library.results import Remembered
from gptexit.memory.cited import KEY
from gptexit.memory.collect import MOST, Collector
from gptexit.memory.model import Memory
from gptexit.model import Conversation

_PAGE = 1_000


def memory_of(library: Library) -> Memory:
    """What notes, snapshots and citations of the archive come to; the first MOST of them."""
    collector = Collector()
    for rows in _by_conversation(library).values():
        collector.add(_conversation(rows))
    return collector.memory()


def _by_conversation(library: Library) -> dict[str, list[Remembered]]:
    found: dict[str, list[Remembered]] = defaultdict(list)
    for offset in range(0, MOST, _PAGE):
        rows = library.memories(_PAGE, offset)
        for row in rows:
            found[row.conversation].append(row)
        if len(rows) < _PAGE:
            break
    return found


def _conversation(rows: list[Remembered]) -> Conversation:
    """A conversation as far as the collector looks at it: a message for each note."""
    messages: list[dict[str, Any]] = [
        {
            "id": str(number),
            "created": row.written,
            **_told(row),
        }
        for number, row in enumerate(rows)
    ]
    made = {
        "id": rows[0].conversation,
        "title": rows[0].title,
        "created": None,
        "source": {"nodes": "fat"},
        "messages": messages,
    }
    return cast(Conversation, made)


def _told(row: Remembered) -> dict[str, Any]:
    """Return the keys of a message that tell of a memory: parts, or the sources of an answer."""
    if row.cited:
        citation = {"conversation_context_type": "user_memory", "snippet": row.text}
        return {"parts": [], "extra": {"metadata": {KEY: [{"citation": citation}]}}}
    return {
        "parts": [{"type": "memory", "text": row.text, "snapshot": row.snapshot}],
        "extra": {},
    }
