"""The block for Gemini: five headings, an entry with its evidence below it, and nothing lost."""

from __future__ import annotations

import re
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.memories.assistants import GENERAL, HEADINGS, heading_of
from gptexit.memories.collect import Collector
from gptexit.memories.text import memory_text
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from support.build import WORDS, chain, conversation, message
from support.remembered import blocks, remembered


def sections(block: str) -> dict[str, list[str]]:
    """The entries below each heading of a block."""
    found: dict[str, list[str]] = {}
    for line in block.split("\n"):
        if line.endswith(":") and not line.startswith((" ", "*")):
            entries = found.setdefault(line.removesuffix(":").removesuffix(", continued"), [])
        elif line.startswith("* "):
            entries.append(line.removeprefix("* "))
    return found


def test_the_block_has_the_five_headings_in_the_order_of_geminis_prompt() -> None:
    notes = ["User's name is Ada.", "User keeps bees.", "User has a sister.", "User plans a trip."]
    (block,) = blocks(memory_text(remembered(*notes, "User wants short answers."), "gemini", UTC))
    assert sections(block) == {
        "Demographics Information": ["User's name is Ada."],
        "Interests & Preferences": ["User keeps bees."],
        "Relationships": ["User has a sister."],
        "Dated Events, Projects & Plans": ["User plans a trip."],
        "Instructions": ["User wants short answers."],
    }
    assert "* User keeps bees.\n    * Evidence: ChatGPT's memory. Date: [2023-11-15].\n" in block
    assert block.endswith("\n\nImported from: ChatGPT\n")


def test_custom_instructions_are_quoted_and_not_said_in_the_first_person() -> None:
    content = {
        "content_type": "user_editable_context",
        "user_profile": "User profile:\n```I live in Bergen.```",
        "user_instructions": "The user provided:\n```Be brief.```",
    }
    collector = Collector()
    raw = conversation(chain(message("user", content)))
    collector.add(read_conversation(raw, Account(), ReadStats()))
    (block,) = [
        block
        for block in blocks(memory_text(collector.memory(), "gemini", UTC))
        if "Imported" in block
    ]
    found = sections(block)
    assert found[HEADINGS[0]] == ["The user wrote about themselves: “I live in Bergen.”"]
    assert found[HEADINGS[-1]] == ["The user wants to be answered so: “Be brief.”"]


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("The user keeps bees and lives in Bergen.", HEADINGS[0]),
        ("Works as a project manager.", HEADINGS[0]),
        ("Is a senior software engineer.", HEADINGS[0]),
        ("Likes jazz.", HEADINGS[1]),
        ("Mag Jazz und wohnt in Bergen.", HEADINGS[1]),
        ("User’s brother-in-law is an engineer.", HEADINGS[2]),
        ("Is training for a half marathon.", HEADINGS[3]),
        ("Went to Lisbon in 2024.", HEADINGS[3]),
        ("ALWAYS USE METRIC UNITS", HEADINGS[4]),
        ("Prefers\nconcise\tanswers.", HEADINGS[4]),
        ("", GENERAL),
    ],
)
def test_the_heading_is_guessed_by_words(text: str, heading: str) -> None:
    assert heading_of(text) == heading


@pytest.mark.slow
@given(st.lists(WORDS, min_size=1, max_size=8))
def test_every_memory_stands_in_the_block_under_one_of_the_headings(notes: list[str]) -> None:
    memory = remembered(*notes)
    block = "".join(blocks(memory_text(memory, "gemini", UTC)))
    for entry in memory.entries:
        for line in re.split(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]", entry.text):
            assert line.replace("\0", "\ufffd") in block


def test_several_blocks_lose_nothing_and_each_ends_as_the_prompt_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gptexit.memories.text.MOST", 2_000)
    notes = [f"User has note {number} about subject {number * 7919}." for number in range(60)]
    found = blocks(memory_text(remembered(*notes), "gemini", UTC))
    assert len(found) > 2
    assert all(
        len(block) <= 2_001 and block.endswith("Imported from: ChatGPT\n") for block in found
    )
    shown = [entry for block in found for entry in sections(block).get(GENERAL, [])]
    assert sorted(shown) == sorted(notes)
