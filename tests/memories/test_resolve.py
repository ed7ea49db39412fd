"""Which notes are joined, which end an earlier one, and which are only marked."""

from __future__ import annotations

import pytest

from support.remembered import remembered, texts


@pytest.mark.parametrize(
    "again", ["USER KEEPS BEES", "User  keeps\nbees!", "“User keeps bees”", "user keeps bees…"]
)
def test_a_repeat_is_joined_with_both_dates_and_keeps_the_first_words(again: str) -> None:
    memory = remembered("User keeps bees.", again)
    assert texts(memory) == ["User keeps bees."]
    origins = memory.entries[0].origins
    assert [origin.conversation for origin in origins] == ["c0", "c1"]
    assert [origin.text for origin in origins] == ["User keeps bees.", again]
    assert memory.entries[0].days == ["2023-11-14T22:13:20Z", "2023-11-15T22:13:20Z"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("User writes C.", "User writes C#."),
        ("User writes C.", "User writes C++."),
        ("User is 1.5 m tall.", "User is 15 m tall."),
        ("It is -5 degrees.", "It is 5 degrees."),
    ],
)
def test_what_differs_in_more_than_punctuation_around_words_is_kept_apart(
    one: str, other: str
) -> None:
    assert set(texts(remembered(one, other))) == {one, other}


@pytest.mark.parametrize(
    "forget",
    [
        "Forget that the user keeps bees.",
        "Forget: User keeps bees",
        "Please forget the memory “User keeps bees.”",
        "Delete the memory: user keeps bees",
        "Do not remember that the user keeps bees.",
    ],
)
def test_what_is_named_is_forgotten(forget: str) -> None:
    memory = remembered("User keeps bees.", "User likes tea.", forget)
    assert texts(memory) == ["User likes tea."]
    (ended,) = memory.ended
    assert (ended.text, ended.ended) == ("User keeps bees.", "forgotten")
    assert ended.by and ended.by.text == forget and ended.by.conversation == "c2"


@pytest.mark.parametrize(
    ("correction", "now"),
    [
        (
            'Replace "User lives in Berlin." with "User lives in Lisbon."',
            "User lives in Lisbon.",
        ),
        (
            "Update the memory User lives in Berlin to User lives in Lisbon",
            "User lives in Lisbon",
        ),
        ("Correction: User lives in Lisbon, not Berlin.", "User lives in Lisbon, not Berlin."),
        ("User lives in Lisbon instead of Berlin.", "User lives in Lisbon instead of Berlin."),
        ("User no longer lives in Berlin.", "User no longer lives in Berlin."),
        (
            "Update: User lives in Lisbon (previously: User lives in Berlin).",
            "User lives in Lisbon (previously: User lives in Berlin).",
        ),
        ("Correction: User lives in Berlin should be user lives in Bonn", "user lives in Bonn"),
    ],
)
def test_what_is_named_is_replaced(correction: str, now: str) -> None:
    memory = remembered("User lives in Berlin.", "User likes tea.", correction)
    assert texts(memory) == ["User likes tea.", now]
    (ended,) = memory.ended
    assert (ended.text, ended.ended) == ("User lives in Berlin.", "replaced")
    assert ended.by_entry == memory.entries[1].id


def test_a_correction_that_names_nothing_exactly_is_marked_on_both_sides() -> None:
    memory = remembered("User lives in Berlin.", "Update: User lives in Lisbon.")
    old, new = memory.entries
    assert [(mark.what, mark.other) for mark in old.marks] == [("may be replaced by", new.id)]
    assert [(mark.what, mark.other) for mark in new.marks] == [("may replace", old.id)]


def test_a_note_that_forgets_nothing_known_is_marked_alone() -> None:
    memory = remembered("User keeps bees.", "Forget everything.")
    assert texts(memory) == ["User keeps bees.", "Forget everything."]
    assert [mark.what for mark in memory.entries[1].marks] == ["asks to forget"]


@pytest.mark.parametrize(
    "plain",
    [
        "Responses should be short.",
        "User wants short answers, not essays.",
        "Change the subject by asking a question.",
        "User was born in Berlin.",
        "Remove all emoji from answers.",
    ],
)
def test_an_ordinary_sentence_is_a_memory_without_marks(plain: str) -> None:
    memory = remembered("User likes tea.", plain)
    assert texts(memory) == ["User likes tea.", plain]
    assert not any(entry.marks for entry in memory.entries)


def test_what_is_written_again_after_it_was_forgotten_counts_again() -> None:
    memory = remembered("User keeps bees.", "Forget that user keeps bees.", "User keeps bees.")
    assert texts(memory) == ["User keeps bees."]
    assert [origin.conversation for origin in memory.entries[0].origins] == ["c2"]
    assert [entry.ended for entry in memory.ended] == ["forgotten"]


def test_what_a_later_snapshot_still_holds_was_not_forgotten() -> None:
    memory = remembered(
        "User keeps bees.",
        "Forget that user keeps bees.",
        ("snapshot", "1. [2023-11-14]. User keeps bees."),
    )
    assert texts(memory) == ["User keeps bees."]
    assert [mark.what for mark in memory.entries[0].marks] == ["was still in memory on"]


def test_a_snapshot_adds_what_is_nowhere_else_and_tells_what_was_gone() -> None:
    memory = remembered(
        "User keeps bees.",
        ("snapshot", "1. [2023-01-02]. User likes tea.\n\n2. [2023-05-06]. User has steps:\n1. a"),
    )
    assert texts(memory) == ["User likes tea.", "User has steps:\n1. a", "User keeps bees."]
    tea, _, bees = memory.entries
    assert tea.days == ["2023-01-02"] and tea.origins[0].how == "snapshot"
    assert [mark.what for mark in bees.marks] == ["was not in memory on"]


def test_near_repeats_stand_side_by_side_and_are_marked() -> None:
    memory = remembered(
        "User is allergic to walnuts and hazelnuts.",
        "User likes tea.",
        "User is allergic to hazelnuts and walnut.",
    )
    assert texts(memory) == [
        "User is allergic to walnuts and hazelnuts.",
        "User is allergic to hazelnuts and walnut.",
        "User likes tea.",
    ]
    assert [mark.what for mark in memory.entries[1].marks] == ["may repeat"]
