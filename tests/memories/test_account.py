"""Two years of an account: exactly what is to be expected, in order, with dates and origins."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from gptexit.cli import main
from gptexit.memories.collect import Collector
from gptexit.memories.model import Memory
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from support.account import INSTRUCTIONS, WRITTEN, conversations, when


def remembered(seed: int | None = None) -> Memory:
    """The memory of the account, its conversations in the order that a seed gives."""
    collector, raw = Collector(), conversations()
    if seed is not None:
        random.Random(seed).shuffle(raw)
    for talk in raw:
        collector.add(read_conversation(talk, Account(), ReadStats()))
    return collector.memory()


def expected() -> list[tuple[str, list[int]]]:
    """What is to be listed: the words, and the numbers of the notes that wrote them."""
    found: dict[str, list[int]] = {}
    for number, note in enumerate(WRITTEN):
        if note.kind == "repeat":
            found[note.of or ""].append(number)
            continue
        if note.of:
            del found[note.of]
        if note.kind != "deletion" or not note.of:
            found[note.now or note.text] = [number]
    return sorted(found.items(), key=lambda each: each[1][0])


def stamp(number: int) -> str:
    return f"{when(number):%Y-%m-%dT%H:%M}"


def test_the_account_is_what_it_says() -> None:
    counts = Counter(note.kind for note in WRITTEN)
    assert counts == {"plain": 40, "correction": 8, "deletion": 5, "repeat": 7}
    assert (when(len(WRITTEN) - 1) - when(0)).days > 700


def test_every_memory_is_listed_once_in_order_with_its_dates_and_origins() -> None:
    memory = remembered()
    listed = sorted(memory.entries, key=lambda each: each.dated)
    assert [each.text for each in listed] == [text for text, _ in expected()]
    for entry, (_, numbers) in zip(listed, expected(), strict=True):
        assert [origin.time and origin.time[:16] for origin in entry.origins] == [
            *map(stamp, numbers)
        ]
        assert [origin.title for origin in entry.origins] == [
            f"{WRITTEN[number].kind.capitalize()} {number}" for number in numbers
        ]
        assert [origin.text for origin in entry.origins] == [
            WRITTEN[number].text for number in numbers
        ]


@pytest.mark.slow
def test_only_the_update_stands_out_of_order_beside_what_it_may_replace() -> None:
    texts = [entry.text for entry in remembered().entries]
    in_order = [text for text, _ in expected()]
    update = "Update: User is preparing for the B2 exam in Dutch."
    assert texts.index(update) == texts.index("User is preparing for the B1 exam in Dutch.") + 1
    assert [text for text in texts if text != update] == [
        text for text in in_order if text != update
    ]


def test_what_ended_says_when_and_by_which_words() -> None:
    ended = {memory.text: memory for memory in remembered().ended}
    certain = [(n, note) for n, note in enumerate(WRITTEN) if note.kind != "repeat" and note.of]
    assert set(ended) == {note.of for _, note in certain}
    for number, note in certain:
        entry = ended[note.of or ""]
        assert entry.ended == ("forgotten" if note.kind == "deletion" else "replaced")
        assert entry.by is not None
        assert (entry.by.text, (entry.by.time or "")[:16]) == (note.text, stamp(number))


def test_what_is_not_certain_is_marked() -> None:
    marks = {entry.text: [mark.what for mark in entry.marks] for entry in remembered().entries}
    assert {text: found for text, found in marks.items() if found} == {
        "User is preparing for the B1 exam in Dutch.": ["may be replaced by"],
        "Update: User is preparing for the B2 exam in Dutch.": ["may replace"],
        "Forget what I said about the job offer.": ["asks to forget"],
        "Correction: exam in November.": ["corrects something"],
    }


def test_each_version_of_the_instructions_has_its_dates_and_the_last_is_first() -> None:
    versions = remembered().versions
    assert [(version.about, version.response) for version in versions] == [
        (about, response) for _, about, response in reversed(INSTRUCTIONS)
    ]
    spans = [
        ((version.first.time or "")[:16], (version.last.time or "")[:16]) for version in versions
    ]
    assert spans == [(stamp(48), stamp(57)), (stamp(27), stamp(45)), (stamp(0), stamp(24))]
    assert (versions[2].first.title, versions[2].last.title) == ("Plain 0", "Deletion 24")


@pytest.mark.slow
def test_the_order_of_the_conversations_does_not_matter() -> None:
    wanted = remembered().as_json()
    for seed in range(5):
        assert remembered(seed).as_json() == wanted


def test_the_command_gives_the_same_as_json(tmp_path: Path) -> None:
    (tmp_path / "conversations.json").write_bytes(orjson.dumps(conversations()))
    out = tmp_path / "memory.json"
    done = CliRunner().invoke(
        main, ["memory", str(tmp_path / "conversations.json"), "--json", "-o", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert orjson.loads(out.read_bytes()) == orjson.loads(orjson.dumps(remembered().as_json()))
