"""Random memories: none lost, none invented, whatever order the conversations come in."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gptexit.memories.collect import Collector
from gptexit.memories.extract import same, unwrapped
from gptexit.memories.model import Memory
from support.build import WORDS
from support.remembered import talk

pytestmark = pytest.mark.slow

_PHRASES = st.sampled_from(
    ["User keeps bees.", "USER KEEPS BEES", "User keeps wasps.", "User likes C#.", "User likes C."]
)
_ASKED = st.builds(
    str.format,
    st.sampled_from(
        ["Forget that {}", "Correction: {}", "Replace {} with {}", "{}, not wasps", "Forget {}"]
    ),
    _PHRASES,
    _PHRASES,
)
_SNAPSHOTS = st.lists(_PHRASES, min_size=1, max_size=3).map(
    lambda texts: (
        "snapshot",
        "\n\n".join(f"{n}. [2023-11-{n:02}]. {text}" for n, text in enumerate(texts, 1)),
    )
)
NOTES = st.lists(_PHRASES | _ASKED | WORDS | _SNAPSHOTS, max_size=12)


def collected(notes: list[Any], order: list[int]) -> Memory:
    collector = Collector()
    for number in order:
        collector.add(talk(notes[number], number))
    return collector.memory()


FORGET = "Forget that User keeps bees."
KEPT = ("snapshot", "1. [2023-11-01]. User keeps bees.")


@example(["User keeps bees.", FORGET, KEPT, FORGET], random.Random(0))
@given(NOTES, st.randoms())
def test_none_is_lost_none_is_invented_and_the_order_does_not_matter(
    notes: list[Any], chance: random.Random
) -> None:
    order = list(range(len(notes)))
    memory = collected(notes, order)
    written = {
        (f"c{number}", text)
        for number, note in enumerate(notes)
        if isinstance(note, str)
        for text in unwrapped(note)
    }
    everything = [*memory.entries, *memory.ended]
    told = [origin for entry in everything for origin in entry.origins]
    told += [entry.by for entry in everything if entry.by]
    told += [origin for entry in everything for origin in entry.overruled]
    kept = {(origin.conversation, origin.text) for origin in told if origin.how == "written"}
    assert kept == written
    listed = {same(origin.text) for origin in told if origin.how == "snapshot"}
    shown = "\n".join(note[1] for note in notes if not isinstance(note, str))
    assert all(words in same(shown) for words in listed)
    for entry in everything:
        assert any(entry.text in origin.text for origin in entry.origins)
    assert len({entry.id for entry in everything}) == len(everything)
    chance.shuffle(order)
    assert collected(notes, order).as_json() == memory.as_json()
