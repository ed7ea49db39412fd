"""Memories made of a few written notes, and the blocks of the page that shows them."""

from __future__ import annotations

from typing import Any

from markdown_it import MarkdownIt

from gptexit.memories.collect import Collector
from gptexit.memories.model import Memory
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from support.build import chain, conversation, message


def remembered(*notes: str | tuple[str, str], **rest: Any) -> Memory:
    """The memory of an account in which these were written, a day apart; a pair that begins with
    `snapshot` is one."""
    collector = Collector()
    for number, note in enumerate(notes):
        collector.add(talk(note, number))
    return collector.memory(**rest)


def talk(note: str | tuple[str, str], number: int) -> Any:
    if isinstance(note, tuple):
        content = {"content_type": "model_editable_context", "model_set_context": note[1]}
        written = message("system", content)
    else:
        written = message("assistant", note, recipient="bio")
    written["create_time"] = 1_700_000_000 + number * 86_400
    raw = conversation(chain(written), title=f"Talk {number}", conversation_id=f"c{number}")
    return read_conversation(raw, Account(), ReadStats())


def texts(memory: Memory) -> list[str]:
    return [entry.text for entry in memory.entries]


def blocks(page: str) -> list[str]:
    """The code blocks, as an independent reader of Markdown finds them."""
    return [token.content for token in MarkdownIt().parse(page) if token.type == "fence"]
