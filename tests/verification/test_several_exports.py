"""An archive of several exports: what is in none of them is found once all of them are given."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.verification.result import Result
from support.archives.damage import promise_anew
from support.build import chain, conversation, message
from support.slimming import pack

ASKED = "Which ferry is next?"
OLDER = "The ferry to [Ventry](https://example.org/ventry) leaves at nine"
NEWER = "The boat to [Dingle](https://example.org/dingle) leaves at ten"
PLACES = {"markdown": "*/*.md", "html": "*/*.html", "jsonl": "*.jsonl"}


def exports(folder: Path) -> list[Path]:
    """An older and a newer export of a conversation; each has an answer in words of its own."""
    made = []
    for number, words in enumerate((OLDER, NEWER)):
        said = chain(message("user", ASKED), message("assistant", words))
        raw = conversation(said, title=("Timetable", "Harbour")[number])
        raw["update_time"] += number
        made.append(pack(folder / f"{number}.zip", 2025 + number, {"conversations.json": [raw]}))
    return made


def judged(out: Path, sources: list[Path]) -> Result:
    with open_export(sources, careful=True) as opened:
        return verify(out, opened)


def in_files(form: str, before: str, after: str) -> Callable[[Path], None]:
    def change(out: Path) -> None:
        changed = 0
        for path in out.glob(PLACES[form]):
            text = path.read_text()
            changed += before in text
            path.write_text(text.replace(before, after))
        assert changed

    return change


def in_database(before: str, after: str) -> Callable[[Path], None]:
    def change(out: Path) -> None:
        with closing(sqlite3.connect(next(out.glob("*.sqlite")))) as base, base:
            changed = base.execute(
                "UPDATE messages SET text = replace(text, ?1, ?2) WHERE text LIKE '%' || ?1 || '%'",
                (before, after),
            )
            assert changed.rowcount

    return change


FAULTS = {
    f"{form}: {what}": (form, in_files(form, *texts))
    for form in ("markdown", "html", "jsonl")
    for what, texts in {
        "a word": (" leaves at ten", " leaves at ten with pelicans"),
        "an address": ("https://example.org/dingle", "https://example.net/elsewhere"),
    }.items()
}
FAULTS |= {
    "sqlite: a word": ("sqlite", in_database(" leaves at ten", " leaves at ten with pelicans")),
    "sqlite: an address": ("sqlite", in_database("example.org/dingle", "example.net/elsewhere")),
}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["older first", "newer first"])
@pytest.mark.parametrize("fault", FAULTS)
def test_what_no_export_has_is_named_if_all_are_given(
    fault: str, order: tuple[int, int], tmp_path: Path
) -> None:
    form, damage = FAULTS[fault]
    both = exports(tmp_path)
    out = tmp_path / "out"
    for number in order:
        convert(both[number], out, [form])
    assert judged(out, both).problems == []
    damage(out)
    promise_anew(out)
    assert judged(out, both).problems


def test_words_of_an_export_that_is_not_given_are_forgiven(tmp_path: Path) -> None:
    both = exports(tmp_path)
    out = tmp_path / "out"
    for source in both:
        convert(source, out, ["jsonl"])
    for source in both:
        assert judged(out, [source]).problems == []


@pytest.mark.parametrize("form", ["markdown", "html", "jsonl", "sqlite"])
def test_a_conversation_that_opens_above_its_last_message_is_complete(
    form: str, tmp_path: Path
) -> None:
    raw = conversation(chain(*(message("user", f"{word}?") for word in ("One", "Two", "Three"))))
    raw["current_node"] = list(raw["mapping"])[-2]
    source = pack(tmp_path / "one.zip", 2025, {"conversations.json": [raw]})
    out = tmp_path / "out"
    convert(source, out, [form])
    assert judged(out, [source]).problems == []
