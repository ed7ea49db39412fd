"""Memories that answers cite: found in exports of every kind, each once, with where it is cited."""

from __future__ import annotations

import random
import sqlite3
from copy import deepcopy
from datetime import UTC
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from gptexit import convert
from gptexit.cli import main
from gptexit.library import open_library
from gptexit.mcp.tools import memory_of
from gptexit.memories.collect import Collector
from gptexit.memories.model import Memory
from gptexit.memories.text import memory_text
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from support.build import JSON, chain, conversation, message

BOAT, TEA = "The user repairs wooden boats.", "The user drinks green tea."


def memory(words: Any, key: Any = "m-1", kind: Any = "user_memory", **rest: Any) -> Any:
    """An item of the list of sources, as the export has it."""
    citation = {
        "conversation_context_type": kind,
        "memory_id": key,
        "snippet": words,
        "title": "A label",
        "matched_text": "",
        "url": "#settings/Personalization",
    }
    return {"citation": citation, "citation_uuid": "u", "deleted": False, "feedback": None, **rest}


def chat(number: int, *cited: Any, also: Any = (), **rest: Any) -> Any:
    """A raw slim conversation, a day after the one before, with one answer and its sources."""
    time = 1_700_000_000 + number * 86_400
    sources = {"conversation_context_citation_metadata": list(cited)}
    answer = {
        "author": {"role": "assistant", "name": None},
        "content": {"content_type": "text", "parts": ["Gladly."]},
        "create_time": time,
        "metadata": sources,
    }
    mapping = chain(*also, {**answer, **rest})
    for node in mapping.values():
        del node["children"]
    key = f"c{number}"
    return conversation(mapping, id=key, conversation_id=key, title=f"Chat {number}")


def gathered(*chats: Any) -> Memory:
    collector = Collector()
    for raw in chats:
        collector.add(read_conversation(deepcopy(raw), Account(), ReadStats()))
    return collector.memory()


def texts(found: Memory) -> list[str]:
    return [entry.text for entry in found.entries]


def test_a_memory_that_an_answer_cites_is_found_with_its_chat_message_and_day() -> None:
    found = gathered(chat(0, memory(BOAT)))
    (entry,) = found.entries
    (origin,) = entry.origins
    assert (entry.text, entry.days, entry.known_by) == (BOAT, [], "2023-11-14T22:13:20Z")
    assert (origin.how, origin.conversation, origin.message) == ("cited", "c0", "m1")
    page = memory_text(found, "claude", UTC)
    assert f"[known by 2023-11-14] - {BOAT}" in page
    assert "cited in an answer on 2023-11-14, in “Chat 0” (`c0`)" in page


def test_each_memory_is_there_once_with_every_chat_that_cites_it() -> None:
    found = gathered(
        chat(0, memory(BOAT), memory(BOAT)), chat(1, memory(BOAT)), chat(2, memory(BOAT, None))
    )
    (entry,) = found.entries
    assert [origin.conversation for origin in entry.origins] == ["c0", "c1", "c2"]


def test_a_memory_that_was_rewritten_counts_in_its_last_words_whatever_the_order() -> None:
    chats = [chat(0, memory(BOAT)), chat(1, memory(TEA)), chat(2, memory("The user skis.", "m-2"))]
    found = gathered(*chats)
    assert texts(found) == [TEA, "The user skis."]
    assert [(entry.text, entry.ended) for entry in found.ended] == [(BOAT, "replaced")]
    assert found.as_json() == gathered(*chats[::-1]).as_json()


def test_words_that_another_memory_still_has_are_not_replaced() -> None:
    found = gathered(chat(0, memory(BOAT), memory(BOAT, "m-2")), chat(1, memory(TEA)))
    assert sorted(texts(found)) == sorted([BOAT, TEA])
    assert not found.ended


def test_a_memory_that_was_forgotten_and_is_cited_later_counts_again() -> None:
    forget = message("assistant", f"Forget that {BOAT}", recipient="bio", create_time=1_700_000_001)
    forgotten = chat(0, memory(BOAT), also=[message("assistant", BOAT, recipient="bio"), forget])
    for node in forgotten["mapping"].values():
        if node["message"]:
            node["message"]["create_time"] = 1_700_000_000 + int(node["id"][1:])
    assert texts(gathered(forgotten)) == []
    later = gathered(forgotten, chat(1, memory(BOAT)))
    assert texts(later) == [BOAT]
    assert later.entries[0].marks[0].what == "was still in memory on"


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ([memory("An earlier chat.", None, "past_conversation")], []),
        ([memory("An earlier chat.", "m-1", "past_conversation")], []),
        ([memory(BOAT, None, None)], []),
        ([memory(BOAT, "m-1", None)], [BOAT]),
        ([memory(BOAT, "", "user_memory")], [BOAT]),
        ([memory(BOAT, 7)], [BOAT]),
        ([memory([BOAT, None, TEA])], [f"{BOAT}\n{TEA}"]),
        ([memory("  \n")], []),
        ([memory(None)], []),
        (memory(BOAT), [BOAT]),
        (memory(BOAT)["citation"], [BOAT]),
        ([{"citation": [memory(BOAT)["citation"], memory(TEA, "m-2")["citation"]]}], [BOAT, TEA]),
        ([{"citation": BOAT}, {"citation": None}, None, BOAT, [memory(TEA)]], []),
        (BOAT, []),
        (None, []),
    ],
)
def test_odd_shapes_are_read_as_far_as_they_are_clear(metadata: Any, words: list[str]) -> None:
    raw = chat(0, metadata={"conversation_context_citation_metadata": metadata})
    assert sorted(texts(gathered(raw))) == sorted(words)


@given(JSON)
def test_nothing_in_the_list_of_sources_stops_the_reading(value: Any) -> None:
    for metadata in (value, [value], [{"citation": value}], [memory(value, value)]):
        raw = chat(0, metadata={"conversation_context_citation_metadata": metadata})
        assert memory_text(gathered(raw), "text", UTC).startswith("# ")


def test_memories_without_words_are_counted_unless_another_citation_has_the_words() -> None:
    assert gathered(chat(0, memory(""))).without_words == 1
    found = gathered(chat(0, memory("")), chat(1, memory(BOAT)))
    assert (texts(found), found.without_words) == ([BOAT], 0)


def test_a_citation_that_is_marked_as_deleted_is_kept_and_says_so() -> None:
    found = gathered(chat(0, memory(BOAT)), chat(1, memory(BOAT, deleted=True)))
    page = memory_text(found, "text", UTC)
    assert f"the export marks it as deleted] - {BOAT}" in page
    assert not gathered(chat(0, memory(BOAT, deleted=True)), chat(1, memory(BOAT))).entries[0].marks


def test_many_answers_that_cite_a_memory_are_counted_on_the_page_and_all_in_the_json() -> None:
    found = gathered(*(chat(number, memory(BOAT)) for number in range(40)))
    page = memory_text(found, "text", UTC)
    assert page.count("cited in an answer on") == 4
    assert "and in 36 more conversations between them" in page
    assert "“Chat 39”" in page
    assert len(found.as_json()["entries"][0]["origins"]) == 40


def test_where_there_are_too_many_each_memory_is_kept_and_repeats_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gptexit.memories.collect.MOST", 3)
    rare = [chat(20, memory(TEA, "m-2"))]
    found = gathered(*(chat(number, memory(BOAT)) for number in range(9)), *rare)
    assert texts(found) == [BOAT, TEA]
    assert found.left_out == 7


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([BOAT, TEA, "X.", ""])), max_size=9))
def test_the_order_of_the_chats_does_not_matter_and_no_words_are_lost(cited: list[Any]) -> None:
    chats = [chat(number, memory(words, f"m-{key}")) for number, (key, words) in enumerate(cited)]
    found = gathered(*chats)
    assert found.as_json() == gathered(*random.Random(1).sample(chats, len(chats))).as_json()
    all_of = {entry.text for entry in (*found.entries, *found.ended)}
    assert all_of == {words for _, words in cited if words}


def written(folder: Path, *chats: Any) -> Path:
    path = folder / "conversations.json"
    path.write_bytes(orjson.dumps(list(chats)))
    return path


def test_the_command_says_that_a_slim_export_holds_some_and_not_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(
        main, ["memory", str(written(tmp_path, chat(0, memory(BOAT)), chat(1)))]
    )
    assert "1 memory counts" in done.output
    assert "holds no memories" not in done.output
    assert "1 memory is known because an answer cites it: this is not the whole list" in done.output
    assert BOAT in (tmp_path / "memory.md").read_text()
    none = CliRunner().invoke(main, ["memory", str(written(tmp_path, chat(0), chat(1)))])
    assert "It holds no memories" in none.output


@pytest.mark.slow
def test_each_format_that_has_memories_has_them(tmp_path: Path) -> None:
    export = written(tmp_path, chat(0, memory(BOAT), memory("A chat.", None, "past_conversation")))
    for name in ("claude", "gemini", "pam", "sqlite", "markdown"):
        convert(export, tmp_path / name, [name])
    assert BOAT in (tmp_path / "claude/memory.md").read_text()
    assert BOAT in (tmp_path / "gemini/memory.md").read_text()
    store = orjson.loads((tmp_path / "pam/memory-store.json").read_bytes())
    assert [memory["content"] for memory in store["memories"]] == [BOAT]
    assert store["memories"][0]["provenance"]["conversation_ref"] == "c0"
    base = sqlite3.connect(tmp_path / "sqlite/chatgpt.sqlite")
    assert base.execute("SELECT text, snapshot, message % 1000000 FROM memories").fetchall() == [
        (BOAT, 2, 1)
    ]
    note = next((tmp_path / "markdown").glob("2*/*.md")).read_text()
    assert BOAT not in note  # the user did not see it there
    with open_library(tmp_path / "sqlite/chatgpt.sqlite") as library:
        assert [(memory.text, memory.snapshot, memory.cited) for memory in library.memories()] == [
            (BOAT, False, True)
        ]
        (entry,) = memory_of(library).entries
    assert (entry.text, entry.days, entry.origins[0].conversation) == (BOAT, [], "c0")
