"""ChatGPT's own answer to the question what it remembers, in the shapes that it comes in."""

from __future__ import annotations

from pathlib import Path

import pytest

from gptexit.errors import NotAnAnswer
from gptexit.memories.collect import Collector
from gptexit.memories.own_list import open_own_list, read_own_list
from support.remembered import remembered, talk

TWO = [("2024-03-01", "User keeps bees."), (None, "User likes tea.")]


@pytest.mark.parametrize(
    "answer",
    [
        "[2024-03-01] - User keeps bees.\n[unknown] - User likes tea.",
        "Sure! Here it is:\n\n```\n[2024-03-01] - User keeps bees.\n[unknown] - User likes tea.\n"
        "```\n\nThat is the complete set.",
        "```text\n- [2024-03-01] User keeps bees.\n- [n/a] User likes tea.\n```",
        "1. [2024-03-01]. User keeps bees.\n\n2. User likes tea.",
        "* [2024-03-01 10:15] – User keeps bees.\n* [date unknown] – User likes tea.",
        "~~~\n[2024-03-01] - User keeps bees.\n~~~\nand\n~~~\n[no date] - User likes tea.\n~~~",
        "## Saved memories\n- [2024-03-01] - User keeps bees.\n\n**Other**\n- User likes tea.",
        "\ufeff[2024-03-01] - User keeps bees.\r\n[unknown] - User likes tea.\r\n",
    ],
)
def test_two_entries_are_read_from(answer: str) -> None:
    assert [(entry.saved, entry.text) for entry in read_own_list(answer).entries] == TWO


def test_a_line_without_a_date_goes_on_with_the_entry_above() -> None:
    found = read_own_list("[2024-03-01] - User has steps:\n  one\n  two\n[2024-03-02] - Tea.")
    assert [entry.text for entry in found.entries] == ["User has steps:\none\ntwo", "Tea."]


def test_no_line_is_lost_where_nothing_is_dated() -> None:
    found = read_own_list("User keeps bees.\nUser likes tea.")
    assert [entry.text for entry in found.entries] == ["User keeps bees.", "User likes tea."]


def test_it_is_merged_with_what_the_export_holds() -> None:
    answer = read_own_list("[unknown] - USER KEEPS BEES\n[2025-01-02] - User likes tea.")
    memory = remembered("User keeps bees.", own_list=answer.entries)
    assert [(entry.text, len(entry.origins)) for entry in memory.entries] == [
        ("User keeps bees.", 2),
        ("User likes tea.", 1),
    ]
    assert [origin.how for origin in memory.entries[0].origins] == ["written", "own list"]
    assert memory.listed == 2


def test_what_it_still_lists_was_not_forgotten() -> None:
    answer = read_own_list("[unknown] - User keeps bees.")
    memory = remembered("User keeps bees.", "Forget that user keeps bees.", own_list=answer.entries)
    assert [entry.text for entry in memory.entries] == ["User keeps bees."]
    assert not memory.ended


@pytest.mark.parametrize(
    ("data", "sentence"),
    [(b"\x89PNG\0\0", "not a text file"), (b"\n\n", "no entries"), (b"x" * (11 << 20), "pages")],
)
def test_a_file_that_is_no_answer_is_refused_with_a_sentence(
    tmp_path: Path, data: bytes, sentence: str
) -> None:
    path = tmp_path / "answer.txt"
    path.write_bytes(data)
    with pytest.raises(NotAnAnswer, match=sentence):
        open_own_list(path)


def test_text_as_windows_saves_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    path.write_bytes("[2024-03-01] - Bica e Galão".encode("utf-16"))
    (entry,) = open_own_list(path).entries
    assert entry.text == "Bica e Galão"


def test_a_list_alone_is_a_memory() -> None:
    collector = Collector()
    collector.add(talk("", 0))
    memory = collector.memory(read_own_list("- User keeps bees.").entries)
    assert [entry.text for entry in memory.entries] == ["User keeps bees."]


def test_what_has_no_date_keeps_its_order() -> None:
    names = ["Ghent", "Bruges", "Mechelen", "Antwerp", "Leuven", "Ostend", "Aalst", "Ypres"]
    answer = "\n".join(f"[unknown] - User knows {name}." for name in names)
    memory = remembered("Kettle is blue.", own_list=read_own_list(answer).entries)
    assert [entry.text for entry in memory.entries if "knows" in entry.text] == [
        f"User knows {name}." for name in names
    ]
