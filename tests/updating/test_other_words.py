"""Two exports that have the same messages, one of which reads otherwise in each."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from support.build import chain, conversation, message
from support.slimming import pack, slimmed

BEFORE = "The kettle is blue, and it sings in the morning."
SINCE = "The teapot was green, but silent after supper"
HALF = "A **ferry** to the island\n\n- leaves at nine\n- and it"
WHOLE = HALF + " is back at [noon](https://example.org/ferry).\n\nBring bread."
ORDERS = pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["older first", "newer first"])
NOTES = {"markdown": "2025/*.md", "html": "2025/*.html"}


def exports(folder: Path, before: str, since: str, *, slim: bool = False) -> list[Path]:
    """An older export and a newer one of a conversation with these texts of an answer."""
    made = []
    for number, words in enumerate((before, since)):
        asked, thanks = message("user", "What is new in the kitchen?"), message("user", "Thanks")
        raw = conversation(chain(asked, message("assistant", words), thanks), title="Kitchen")
        raw["update_time"] += number
        content: Any = slimmed(raw) if slim and number else raw
        files = {"conversations.json": [content]}
        made.append(pack(folder / f"{number}.zip", 2025 + number, files))
    return made


def notes(out: Path, form: str) -> dict[str, str]:
    """The notes in an archive, by their names without folder and kind."""
    return {path.stem: path.read_text() for path in sorted(out.glob(NOTES[form]))}


def assert_complete(out: Path, *groups: list[Path]) -> None:
    for group in groups:
        with open_export(group, careful=True) as opened:
            result = verify(out, opened)
            assert (result.verdict, result.problems) == ("complete", []), group


@ORDERS
@pytest.mark.parametrize("slim", [False, True], ids=["full", "slim"])
@pytest.mark.parametrize("since", [SINCE, BEFORE[::-1], SINCE + " again, and again, and again"])
@pytest.mark.parametrize("form", NOTES)
def test_the_note_has_the_newest_words_and_the_older_ones_stand_beside_it(
    form: str, since: str, slim: bool, order: tuple[int, int], tmp_path: Path
) -> None:
    both = exports(tmp_path, BEFORE, since, slim=slim)
    out = tmp_path / "out"
    states = []
    for _ in range(3):
        for number in order:
            convert(both[number], out, [form])
        states.append(notes(out, form))
    assert states[0] == states[1] == states[2]
    newest, older = sorted(states[0].items(), key=lambda note: note[0].endswith(".older"))
    assert since in newest[1]
    assert BEFORE not in newest[1]
    assert BEFORE in older[1]
    assert_complete(out, both[:1], both[1:], both)


@ORDERS
@pytest.mark.parametrize("texts", [(HALF, WHOLE), (WHOLE, HALF)], ids=["grows", "is cut"])
@pytest.mark.parametrize("form", ["markdown", "html", "jsonl", "sqlite"])
def test_an_answer_that_was_exported_half_written_is_no_other_text(
    form: str, texts: tuple[str, str], order: tuple[int, int], tmp_path: Path
) -> None:
    both = exports(tmp_path, *texts)
    out = tmp_path / "out"
    for number in (*order, *order):
        convert(both[number], out, [form])
    if form in NOTES:
        [note] = notes(out, form).values()
        assert "Bring bread." in note
    assert_complete(out, both[:1], both[1:], both)


@ORDERS
@pytest.mark.parametrize("since", [SINCE, BEFORE[::-1], SINCE + " again, and again", BEFORE[4:]])
def test_lines_and_rows_show_the_newest_words_and_keep_the_older_ones(
    since: str, order: tuple[int, int], tmp_path: Path
) -> None:
    both = exports(tmp_path, BEFORE, since)
    out = tmp_path / "out"
    for number in (*order, *order):
        convert(both[number], out, ["jsonl", "sqlite"])
    [line] = (out / "jsonl/conversations.jsonl").read_text().splitlines()
    answer = json.loads(line)["messages"][1]
    assert [part["text"] for part in answer["parts"]] == [since]
    assert BEFORE in json.dumps(answer["extra"])
    [database] = (out / "sqlite").glob("*.sqlite")
    with closing(sqlite3.connect(database)) as base:
        query = "SELECT text, hidden_text FROM messages WHERE role = 'assistant'"
        [(text, hidden)] = base.execute(query)
    assert text == since
    assert BEFORE in text + hidden
    assert_complete(out, both[:1], both[1:], both)


@ORDERS
def test_a_note_that_the_user_changed_stays_and_the_other_words_come_beside_it(
    order: tuple[int, int], tmp_path: Path
) -> None:
    both = exports(tmp_path, BEFORE, SINCE)
    out = tmp_path / "out"
    convert(both[order[0]], out, ["markdown"])
    [note] = out.glob("*/*.md")
    mine = note.read_text().replace("Thanks", "Thanks a lot")
    note.write_text(mine)
    for _ in range(2):
        convert(both[order[1]], out, ["markdown"])
        assert note.read_text() == mine
        [beside] = [path for path in out.glob("*/*.md") if path != note]
        assert (BEFORE, SINCE)[order[1]] in beside.read_text()


@ORDERS
def test_llm_goes_on_with_the_newest_words_and_finds_the_older_ones(
    order: tuple[int, int], tmp_path: Path
) -> None:
    both = exports(tmp_path, BEFORE, SINCE)
    out = tmp_path / "out"
    states = []
    for _ in range(2):
        for number in order:
            convert(both[number], out, ["llm"])
        states.append(turns_of_llm(out / "logs.db"))
    assert states[0] == states[1]
    current, turns = states[0]
    assert current == ["What is new in the kitchen?", SINCE, "Thanks"]
    assert sorted(turns) == sorted([SINCE, BEFORE, "Thanks"])


@ORDERS
def test_llm_has_one_turn_of_an_answer_that_was_exported_half_written(
    order: tuple[int, int], tmp_path: Path
) -> None:
    both = exports(tmp_path, HALF, WHOLE)
    for number in (*order, *order):
        convert(both[number], tmp_path / "out", ["llm"])
    current, turns = turns_of_llm(tmp_path / "out/logs.db")
    assert current == ["What is new in the kitchen?", WHOLE, "Thanks"]
    assert sorted(turns) == sorted([WHOLE, "Thanks"])


def turns_of_llm(path: Path) -> tuple[list[str], list[str]]:
    """What the thread says up to its tip, and what the last message of each turn says."""
    with closing(sqlite3.connect(path)) as base:
        rows = base.execute(
            "SELECT hash, parent_hash, text FROM messages JOIN parts ON message_hash = hash"
        ).fetchall()
        texts = {digest: (above, text) for digest, above, text in rows}
        [(at,)] = base.execute("SELECT tip_message_hash FROM threads")
        said = []
        while at is not None:
            at, text = texts[at]
            said.append(text)
        tips = base.execute("SELECT tip_message_hash FROM turns ORDER BY id").fetchall()
        searched = base.execute("SELECT count(*) FROM turn_search").fetchone()[0]
    assert searched == len(tips)
    return said[::-1], [texts[tip][1] for (tip,) in tips]
