"""What is too much is left out from the oldest on, and counted."""

from __future__ import annotations

import pytest

from gptexit.memories import collect
from gptexit.memories.collect import Collector
from gptexit.memories.text import memory_text
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from support.build import chain, conversation, message
from support.remembered import remembered, texts


def test_the_oldest_notes_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "MOST", 2)
    memory = remembered("User keeps bees.", "User lives in Ghent.", "User is a baker.")
    assert texts(memory) == ["User lives in Ghent.", "User is a baker."]
    assert memory.left_out == 1
    assert "1 older note or version left out" in memory_text(memory, "text", None)


def test_the_oldest_custom_instructions_are_left_out_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collect, "MOST_VERSIONS", 2)
    collector = Collector()
    for day in range(5):
        content = {"content_type": "user_editable_context", "user_profile": f"I am {day}."}
        written = message("user", content, create_time=1_700_000_000 + day * 86_400)
        raw = conversation(chain(written), conversation_id=f"c{day}")
        collector.add(read_conversation(raw, Account(), ReadStats()))
    memory = collector.memory()
    assert [version.about for version in memory.versions] == ["I am 4.", "I am 3."]
    assert memory.left_out == 3
