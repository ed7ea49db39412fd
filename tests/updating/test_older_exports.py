"""Exports converted into one archive one after the other, in any order."""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from gptexit.cli import main
from gptexit.conversion import convert
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.schemas import errors, validate_lines
from gptexit.selection import Selection
from support.build import chain, conversation, message
from support.exports import ROOT
from support.killing import killed_before_rename
from support.slimming import accounts, later, pack, slimmed

FORMATS = ["markdown", "html", "jsonl", "sqlite"]
WORDS = re.compile(r"\w+")


def user(words: str, **rest: Any) -> dict[str, Any]:
    return message("user", words, **rest)


def answer(words: Any, **rest: Any) -> dict[str, Any]:
    return message("assistant", words, **rest)


def talk(key: str, *messages: dict[str, Any], updated: int = 0, **rest: str) -> dict[str, Any]:
    raw = conversation(chain(*messages), conversation_id=key, id=key, title=key)
    return raw | {"update_time": raw["update_time"] + updated} | rest


def export(folder: Path, name: str, year: int, *talks: dict[str, Any]) -> Path:
    return pack(folder / name, year, {"conversations.json": list(talks)})


def lines(out: Path) -> dict[str, dict[str, Any]]:
    with (out / "jsonl/conversations.jsonl").open("rb") as stream:
        assert list(validate_lines(stream)) == []
    data = (out / "jsonl/conversations.jsonl").read_bytes()
    found = [json.loads(line) for line in data.splitlines()]
    by_id = {line["id"]: line for line in found}
    assert len(by_id) == len(found)
    return by_id


def rows(out: Path) -> str:
    base = sqlite3.connect(out / "sqlite/chatgpt.sqlite")
    found = base.execute("SELECT text, hidden_text FROM messages").fetchall()
    base.close()
    return "\n".join(text for row in found for text in row)


def notes(out: Path) -> dict[str, str]:
    return {
        path.relative_to(out / "markdown").as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((out / "markdown").rglob("*.md"))
    }


def every_file(out: Path) -> dict[Path, bytes]:
    return {
        path: path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name != "archive.json"
    }


def assert_complete(out: Path, *groups: list[Path]) -> None:
    for group in groups:
        with open_export(group, careful=True) as opened:
            assert verify(out, opened).problems == [], group


def run(source: Path, out: Path, **rest: Any) -> dict[str, dict[str, Any]]:
    report = convert(source, out, FORMATS, **rest)
    assert list(errors("report", report)) == []
    return {target["format"]: target for target in report["targets"]}


@pytest.fixture
def exports(tmp_path: Path) -> dict[str, Path]:
    """An older export; a newer one with more; a slim one with a title and a message of its own."""
    call = answer({"content_type": "code", "language": "python", "text": "sum([1, 1])"})
    call["recipient"] = "python"
    output = message("tool", {"content_type": "execution_output", "text": "Two it is"})
    first = [user("One and one?"), call, output, answer("Two.")]
    old = export(
        tmp_path, "old.zip", 2024, talk("a", *first), talk("b", user("Hello B"), answer("Hi B"))
    )
    more = [*first, user("And one more?"), answer("Three.")]
    new = export(
        tmp_path,
        "new.zip",
        2025,
        talk("a", *more, updated=100, title="a renamed"),
        talk("c", user("Hello C"), answer("Hi C"), updated=90),
    )
    last = talk("a", *more, user("Thanks"), updated=200, title="a renamed again")
    slim = export(tmp_path, "slim.zip", 2026, slimmed(last))
    return {"old": old, "new": new, "slim": slim}


TEXTS = ["One and one?", "Two.", "Two it is", "sum([1, 1])", "And one more?", "Three.", "Hello B"]
TEXTS += ["Hello C", "Thanks"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "order",
    [
        "old new slim",
        "slim new old",
        "new slim old",
        "old slim new",
        "new old slim",
        "slim old new",
    ],
)
def test_no_order_of_exports_loses_anything(
    tmp_path: Path, exports: dict[str, Path], order: str
) -> None:
    out = tmp_path / "out"
    for name in order.split():
        run(exports[name], out)
        assert_complete(out, [exports[name]])
    told = json.dumps(lines(out))
    page = "\n".join(notes(out).values())
    shown = (out / "markdown/index.md").read_text()
    for text in TEXTS:
        assert text in told
        assert text in rows(out)
        assert text in page, notes(out).keys()
    for path in notes(out):
        assert path == "index.md" or path in shown
    every = list(exports.values())
    assert_complete(out, *([talk] for talk in every), every)
    assert lines(out)["a"]["title"] == "a renamed again"
    before = every_file(out)
    run(exports[order.rsplit(maxsplit=1)[-1]], out)
    assert every_file(out) == before


@pytest.mark.slow
def test_a_run_that_is_killed_before_it_replaces_a_file_loses_nothing_of_it(
    tmp_path: Path, exports: dict[str, Path]
) -> None:
    """What it noted down is of the new file, and the old one is none that a power cut cut off."""
    out = tmp_path / "out"
    long = talk("d", user("Hello D"), answer("A long answer. " * 10_000), updated=300)
    with zipfile.ZipFile(exports["slim"]) as packed:
        (last,) = json.loads(packed.read("conversations.json"))
    later = export(tmp_path, "later.zip", 2026, last, slimmed(long))
    run(exports["old"], out)
    for name in FORMATS:
        words = ["convert", str(later), "--to", name, "-o", str(out / name), "--quiet"]
        killed_before_rename(words, 1)
    targets = run(later, out)
    told, held, page = json.dumps(lines(out)), rows(out), "\n".join(notes(out).values())
    for text in ("One and one?", "Two it is", "Hello B", "Thanks"):
        assert text in told
        assert text in held
    for text in ("One and one?", "Hello B", "Thanks"):
        assert text in page
    assert [target["earlier"]["files_healed"] for target in targets.values()] == [[]] * len(FORMATS)


def records(out: Path) -> dict[str, dict[str, Any]]:
    return {
        name: json.loads((out / name / ".gptexit/archive.json").read_bytes()) for name in FORMATS
    }


def test_only_an_archive_that_holds_more_than_its_newest_export_says_so(
    tmp_path: Path, exports: dict[str, Path]
) -> None:
    """What says so is compared with less: an older message is foreign to a newer export."""
    out = tmp_path / "out"
    first = export(tmp_path, "1.zip", 2024, talk("a", user("One?"), answer("Yes.")))
    second = export(
        tmp_path, "2.zip", 2025, talk("a", user("One?"), answer("Yes."), user("Two?"), updated=9)
    )
    for source in (first, second):
        run(source, out)
        assert not any("several" in record for record in records(out).values())
    other = tmp_path / "other"
    for name in ("new", "slim"):
        run(exports[name], other)
    assert records(other)["jsonl"]["several"] is True
    assert records(other)["sqlite"]["several"] is True


def test_an_older_export_changes_nothing_and_it_is_said(
    tmp_path: Path, exports: dict[str, Path]
) -> None:
    out = tmp_path / "out"
    run(exports["new"], out)
    before = notes(out)
    done = CliRunner().invoke(main, ["convert", str(exports["old"]), "-o", str(out / "markdown")])
    assert done.exit_code == 0
    assert "Kept 1 note that holds more than this export:\n  2025/2025-02-19-a-renamed.md" in (
        done.output
    )
    after = notes(out)
    assert {path: after[path] for path in before if path != "index.md"} == {
        path: text for path, text in before.items() if path != "index.md"
    }
    assert set(after) - set(before) == {"2025/2025-02-19-b.md"}


def test_what_the_newer_export_no_longer_has_is_marked_as_gone(
    tmp_path: Path, exports: dict[str, Path]
) -> None:
    out = tmp_path / "out"
    run(exports["old"], out)
    target = run(exports["new"], out)["jsonl"]
    assert target["earlier"]["conversations_stayed"] == 1
    gone = {"since": "2025-09-02T03:04:06Z", "conversation": True, "messages": []}
    assert lines(out)["b"]["source"]["gone"] == gone
    assert lines(out)["a"]["source"]["gone"] is None
    # An older export knows nothing of what is newer, and takes no mark away.
    run(exports["old"], out)
    assert lines(out)["c"]["source"]["gone"] is None
    assert lines(out)["b"]["source"]["gone"] == gone


def test_messages_that_a_newer_export_lacks_are_marked_as_gone(tmp_path: Path) -> None:
    whole = talk("a", user("Stays"), answer("Goes"), answer("Goes too"))
    old = export(tmp_path, "old.zip", 2025, whole)
    new = export(tmp_path, "new.zip", 2026, talk("a", user("Stays")))
    out = tmp_path / "out"
    for source, gone in ((old, None), (new, ["m2", "m3"]), (old, ["m2", "m3"])):
        run(source, out)
        found = lines(out)["a"]["source"]["gone"]
        assert (found and found["messages"]) == gone


def test_a_selection_removes_nothing_and_marks_nothing(
    tmp_path: Path, exports: dict[str, Path]
) -> None:
    out = tmp_path / "out"
    run(exports["new"], out)
    run(exports["new"], out, selection=Selection(title="a renamed"))
    assert set(lines(out)) == {"a", "c"}
    assert all(line["source"]["gone"] is None for line in lines(out).values())
    assert "Hello C" in rows(out)
    assert_complete(out, [exports["new"]])


@pytest.mark.slow
def test_an_edited_note_stays_whatever_comes(tmp_path: Path, exports: dict[str, Path]) -> None:
    out = tmp_path / "out"
    run(exports["new"], out)
    note = out / "markdown/2025/2025-02-19-a-renamed.md"
    note.write_text(note.read_text() + "\nMine.\n")
    mine = note.read_text()
    target = run(exports["old"], out)["markdown"]
    assert target["earlier"]["notes_kept"] == ["2025/2025-02-19-a-renamed.md"]
    assert target["edited"] == []
    target = run(exports["slim"], out)["markdown"]
    assert target["edited"] == ["2025/2025-02-19-a-renamed.md"]
    assert "Thanks" in note.with_name("2025-02-19-a-renamed.new.md").read_text()
    for name in ("old", "new", "slim", "old"):
        run(exports[name], out)
        assert note.read_text() == mine
        assert "Thanks" in note.with_name("2025-02-19-a-renamed.new.md").read_text()


@pytest.mark.slow
def test_a_new_title_of_an_edited_note_that_holds_more_comes_beside_it(
    tmp_path: Path, exports: dict[str, Path]
) -> None:
    out = tmp_path / "out"
    run(exports["new"], out)
    note = out / "markdown/2025/2025-02-19-a-renamed.md"
    note.write_text(note.read_text() + "\nMine.\n")
    with zipfile.ZipFile(exports["new"]) as packed:
        account = json.loads(packed.read("conversations.json"))
    account[0] |= {"title": "Quite another", "update_time": account[0]["update_time"] + 100}
    later = export(tmp_path, "later.zip", 2026, *map(slimmed, account))
    for _ in range(2):
        target = run(later, out)["markdown"]
        assert target["edited"] == ["2025/2025-02-19-a-renamed.md"]
        assert len(notes(out)) == 4
        beside = note.with_name("2025-02-19-a-renamed.new.md").read_text()
        assert "# Quite another" in beside
        assert_complete(out, [later])


@pytest.mark.slow
def test_a_half_written_answer_never_replaces_the_whole_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    whole = export(tmp_path, "whole.zip", 2026, talk("a", answer("It is seven."), updated=9))
    half = export(tmp_path, "half.zip", 2025, talk("a", answer("It is")))
    for source in (half, whole, half):
        run(source, out)
    assert lines(out)["a"]["messages"][0]["parts"][0]["text"] == "It is seven."
    assert "It is seven." in rows(out)
    assert_complete(out, [half], [whole], [half, whole])


@pytest.mark.slow
def test_an_older_export_that_comes_twice_changes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    whole = [user("One?"), answer("Eins."), user("Two?"), answer("Zwei.")]
    older = export(tmp_path, "older.zip", 2025, talk("a", *whole))
    another = json.dumps(talk("a", user("One?"), answer("Uno."), updated=9)).replace('"m2"', '"m9"')
    newer = export(tmp_path, "newer.zip", 2026, json.loads(another))
    for source in (newer, older):
        run(source, out)
    before = every_file(out)
    run(older, out)
    assert every_file(out) == before


def seen(raw: dict[str, Any]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """The words of each message that a person saw or that tools wrote."""
    for node in raw["mapping"].values():
        content = (node["message"] or {}).get("content", {})
        for part in content.get("parts", []):
            if isinstance(part, str):
                yield content, WORDS.findall(part)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(st.data())
def test_any_sequence_of_exports_keeps_every_text(data: Any) -> None:
    account = data.draw(accounts())
    states = [account, data.draw(later(account, "s")), data.draw(later(account, "t"))]
    for raw in states[2]:  # a conversation that changed twice did so at two times
        raw["update_time"] += 500
    order = data.draw(st.lists(st.sampled_from([0, 1, 2]), min_size=2, max_size=4))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        zips = [
            export(folder, f"{number}.zip", 2024 + number, *state)
            for number, state in enumerate(states)
        ]
        out = folder / "out"
        for number in order:
            run(zips[number], out)
            assert_complete(out, [zips[number]])
        told = json.dumps(lines(out), ensure_ascii=False)
        held = rows(out)
        for number in set(order):
            for raw in states[number]:
                for _, words in seen(raw):
                    for word in words:
                        assert word in told
                        assert word in held
            assert_complete(out, [zips[number]])
        with open_export([zips[number] for number in sorted(set(order))], careful=True) as every:
            problems = verify(out, every).problems
        # A note shows one branch of one export. Where the newest goes on below something that only
        # an older one holds, on a branch that was not shown then, no note has shown it so far.
        assert [
            problem
            for problem in problems
            if not (str(problem.file).startswith("markdown/") and "is incomplete" in problem.what)
        ] == []
        before = every_file(out)
        run(zips[order[-1]], out)
        assert every_file(out) == before


def test_what_a_reply_quotes_is_kept_where_a_slim_export_has_it_no_more(tmp_path: Path) -> None:
    """The words of the quote are in the answer too: this is not enough."""
    with zipfile.ZipFile(ROOT / "fixtures/fat-2024.zip") as packed:
        talks = json.loads(packed.read("conversations.json"))
    full = next(raw for raw in talks if raw["title"] == "Replies: three rivers")
    slim = slimmed(full)
    last = {**user("And the Po?"), "id": "po", "create_time": full["update_time"] + 60}
    slim["mapping"]["po"] = {"id": "po", "message": last, "parent": slim["current_node"]}
    slim |= {"current_node": "po", "update_time": full["update_time"] + 90}
    out = tmp_path / "out"
    sources = [export(tmp_path, "1.zip", 2025, full), export(tmp_path, "2.zip", 2026, slim)]
    for source in sources:
        run(source, out)
    note, older = "2025/2025-06-30-replies-three-rivers{}.md".format, notes(out)
    assert "And the Po?" in older[note("")]
    assert "> Meuse\n" in older[note(".older")]
    assert_complete(out, sources)


def test_an_older_export_brings_no_old_title_back(tmp_path: Path) -> None:
    """A new title changes no `update_time`: the dates of the exports tell which is the newer."""
    old, new = (
        export(tmp_path, f"{year}.zip", year, talk("a", user("One?"), answer("Yes."), title=title))
        for year, title in ((2024, "Old name"), (2025, "New name"))
    )
    out = tmp_path / "out"
    run(old, out)
    run(new, out)
    before = every_file(out)
    run(old, out)
    assert every_file(out) == before
    assert "[New name]" in notes(out)["index.md"]
    assert lines(out)["a"]["title"] == "New name"
    base = sqlite3.connect(out / "sqlite/chatgpt.sqlite")
    assert base.execute("SELECT title FROM conversations").fetchall() == [("New name",)]
    base.close()
