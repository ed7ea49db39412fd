"""The SQLite archive: what it holds, and what a second run does to it."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import unicodedata
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings

from gptexit import convert
from gptexit.cli import main
from gptexit.library import Query, open_library
from gptexit.proof import verify
from gptexit.text.json import dumps
from gptexit.writers.base import Options
from support.build import add, chain, conversation, message, raw_conversations
from support.exports import FIXTURES
from support.planted import Seeds
from support.waiting import wait_until

NAME = "chatgpt.sqlite"


def raw(number: int, *texts: str, **rest: Any) -> dict[str, Any]:
    roles = ("user", "assistant")
    said = [message(roles[at % 2], text) for at, text in enumerate(texts)]
    key = f"c0ffee00-0000-4000-8000-{number:012}"
    return conversation(chain(*said), conversation_id=key, **{"title": f"Talk {number}", **rest})


def run(out: Path, *raws: dict[str, Any], **rest: Any) -> dict[str, Any]:
    export = out.parent / "conversations.json"
    export.write_bytes(dumps(list(raws)))
    return convert(export, out, ["sqlite"], **rest)


def rows(out: Path, query: str, *values: str) -> list[Any]:
    base = sqlite3.connect(f"file:{out / NAME}?mode=ro", uri=True)
    try:
        return base.execute(query, values).fetchall()
    finally:
        base.close()


def files(out: Path) -> dict[Path, tuple[int, bytes]]:
    found = [path for path in out.rglob("*") if path.is_file() and path.name != "archive.json"]
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def content(out: Path) -> Any:
    """All rows of all tables, the indexes' own left out."""
    tables = rows(
        out,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%' "
        "AND name NOT LIKE '%#_fts%' ESCAPE '#'",
    )
    return {name: sorted(rows(out, f"SELECT * FROM {name}"), key=repr) for (name,) in tables}


def is_sound(out: Path) -> None:
    base = sqlite3.connect(out / NAME)
    assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert base.execute("PRAGMA foreign_key_check").fetchall() == []
    for index in ("conversations_fts", "messages_fts", "hidden_fts", "unspaced_fts"):
        base.execute(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")
    base.close()


@pytest.mark.slow
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_it_holds_what_jsonl_holds(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path, ["sqlite", "jsonl"])
    out = tmp_path / "sqlite"
    is_sound(out)
    lines = (tmp_path / "jsonl/conversations.jsonl").read_bytes().splitlines()
    neutral = {talk["id"]: talk for talk in map(orjson.loads, lines)}
    assert {key for (key,) in rows(out, "SELECT id FROM conversations")} == set(neutral)
    for key, each in neutral.items():
        found = rows(
            out,
            "SELECT m.id, p.id, m.role, m.hidden, m.created FROM messages AS m "
            "LEFT JOIN messages AS p ON p.number = m.parent "
            "JOIN conversations AS c ON c.number = m.conversation WHERE c.id = ? "
            "ORDER BY m.number",
            key,
        )
        fields = ("id", "parent", "role", "hidden", "created")
        assert found == [tuple(said[name] for name in fields) for said in each["messages"]]
        files = rows(
            out,
            "SELECT a.id, a.name, a.missing FROM assets AS a "
            "JOIN conversations AS c ON c.number = a.conversation WHERE c.id = ? ORDER BY a.rowid",
            key,
        )
        assert files == [(a["id"], a["name"], int(a["missing"])) for a in each["assets"]]


def test_what_a_person_saw_is_apart_from_what_not(tmp_path: Path) -> None:
    thoughts = {
        "content_type": "thoughts",
        "thoughts": [{"summary": "Weighing", "content": "the secret walnut"}],
    }
    mapping = chain(
        message("system", "Be kind", metadata={"is_visually_hidden_from_conversation": True}),
        message("user", "Which nut?"),
        message("assistant", thoughts),
        message("assistant", "A hazelnut"),
    )
    add(mapping, "other", "m2", message("assistant", "An almond"))
    run(tmp_path / "a", conversation(mapping, current_node="m4"))
    found = rows(tmp_path / "a", "SELECT id, text, hidden_text, current FROM messages")
    assert {key: values for key, *values in found} == {
        "m1": ["", "Be kind", 1],
        "m2": ["Which nut?", "", 1],
        "m3": ["", "Weighing\n\nthe secret walnut", 1],
        "m4": ["A hazelnut", "", 1],
        "other": ["An almond", "", 0],
    }
    assert [text for (text,) in rows(tmp_path / "a", "SELECT text FROM reading")] == [
        "Which nut?",
        "A hazelnut",
    ]
    with open_library(tmp_path / "a") as library:
        for words, seen, all_of_it in (("walnut", 0, 1), ("hazelnut", 1, 1), ("kind", 0, 1)):
            assert library.search(Query(words)).messages == seen
            assert library.search(Query(words, hidden=True)).messages == all_of_it
        assert library.search(Query("almond")).messages == 1
        assert library.search(Query("almond", branches=False)).messages == 0


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw_conversations())
def test_every_visible_text_is_found_by_a_phrase_of_it(
    tmp_path_factory: pytest.TempPathFactory, talk: dict[str, Any]
) -> None:
    out = tmp_path_factory.mktemp("found") / "a"
    run(out, talk)
    is_sound(out)
    texts = rows(out, "SELECT text FROM messages WHERE hidden IS NULL AND text <> ''")
    with open_library(out) as library:
        for (text,) in texts:
            words = text.replace('"', " ").split()
            for at in range(len(words)):
                phrase = " ".join(words[at : at + 3])
                if len(phrase) < 30 and any(unicodedata.category(c)[0] in "LN" for c in phrase):
                    assert library.search(Query(f'"{phrase}"')).messages, phrase


def test_a_second_run_does_not_touch_it(tmp_path: Path) -> None:
    out = tmp_path / "a"
    run(out, raw(1, "One"), raw(2, "Two"))
    before = files(out)
    report = run(out, raw(2, "Two"), raw(1, "One"))
    written = report["targets"][0]
    assert (written["files_written"], written["files_unchanged"]) == (0, 1)
    assert files(out) == before


def test_only_what_changed_is_replaced_and_what_is_gone_stays(tmp_path: Path) -> None:
    out = tmp_path / "a"
    run(out, raw(1, "One", "数据库"), raw(2, "Two"), raw(3, "Three"))
    numbers = dict(rows(out, "SELECT id, number FROM conversations"))
    run(out, raw(1, "One", "数据库 表格", "More"), raw(4, "Four"), raw(2, "Two"))
    is_sound(out)
    again = dict(rows(out, "SELECT id, number FROM conversations"))
    assert again.items() >= numbers.items()
    assert len(again) == 4
    with open_library(out) as library:
        for words, found in (("数据库", 1), ("表格", 1), ("more", 1), ("three", 1), ("four", 1)):
            assert library.search(Query(words)).messages == found
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    run(
        fresh / "a",
        raw(1, "One", "数据库 表格", "More"),
        raw(2, "Two"),
        raw(3, "Three"),
        raw(4, "Four"),
    )
    assert content(fresh / "a") == content(out)


def test_nothing_of_what_is_redacted_stays_in_the_file(tmp_path: Path) -> None:
    out = tmp_path / "a"
    token = "ghp" + "_" + Seeds(1).of(36)
    talk = raw(1, f"Our token is {token}, 合言葉", "And on", title=f"Token {token}")
    run(out, talk, raw(2, "Two"))
    assert token.encode() in (out / NAME).read_bytes()
    # The shorter copy lacks a message, which the database keeps, without what is redacted now.
    short = raw(1, f"Our token is {token}, 合言葉", title=f"Token {token}")
    run(out, short, raw(2, "Two"), options=Options(redact="secrets"))
    data = (out / NAME).read_bytes()
    for gone in (token, token[5:]):
        assert gone.encode() not in data
    assert "And on" in rows(out, "SELECT text FROM messages WHERE id = 'm2'")[0]


def test_of_two_texts_of_a_message_the_later_one_counts_and_the_other_is_hidden(
    tmp_path: Path,
) -> None:
    out = tmp_path / "a"
    run(out, raw(1, "Our word is plugh", title="Plovery"))
    run(out, raw(1, "Our word is xyzzy"))
    (found,) = rows(out, "SELECT text, hidden_text FROM messages")
    assert found == ("Our word is xyzzy", "Our word is plugh")
    is_sound(out)


def test_projects_that_no_conversation_is_in_go(tmp_path: Path) -> None:
    out = tmp_path / "a"
    run(out, raw(1, "One", gizmo_id="g-p-1"), raw(2, "Two", gizmo_id="g-2"))
    assert rows(out, "SELECT id FROM projects") == [("g-p-1",)]
    assert rows(out, "SELECT id FROM gpts") == [("g-2",)]
    run(out, raw(1, "One"))
    assert rows(out, "SELECT id FROM projects") == []
    is_sound(out)


def test_tables_of_a_persons_own_stay_and_their_edits_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "a"
    run(out, raw(1, "One"))
    base = sqlite3.connect(out / NAME)
    base.execute("CREATE TABLE mine (note TEXT)")
    base.execute("INSERT INTO mine VALUES ('keep me')")
    base.execute("UPDATE conversations SET title = 'My title'")
    base.commit()
    base.close()
    edited = (out / NAME).read_bytes()
    run(out, raw(1, "One"))
    assert (out / NAME).read_bytes() == edited
    report = run(out, raw(1, "One", "More"))
    assert report["targets"][0]["edited"] == [NAME]
    assert (out / "chatgpt.yours.sqlite").read_bytes() == edited
    assert rows(out, "SELECT * FROM mine") == [("keep me",)]
    assert rows(out, "SELECT title, messages FROM conversations") == [("Talk 1", 2)]
    run(out, raw(1, "One", "More", "And more"))
    assert len(list(out.glob("*.sqlite"))) == 2


@pytest.mark.parametrize("data", [b"notes of mine", b"SQLite format 3\0" + b"x" * 4096])
def test_a_file_that_is_none_of_ours_stays(tmp_path: Path, data: bytes) -> None:
    out = tmp_path / "a"
    out.mkdir()
    (out / NAME).write_bytes(data)
    for _ in range(2):
        report = run(out, raw(1, "One"))
        assert (out / NAME).read_bytes() == data
        assert report["targets"][0]["edited"] == [NAME]
    with open_library(out / "chatgpt.new.sqlite") as library:
        assert library.search(Query("one")).messages == 1


def test_a_database_with_changes_that_are_not_in_it_yet_is_read_with_them(tmp_path: Path) -> None:
    out = tmp_path / "a"
    run(out, raw(1, "One"))
    base = sqlite3.connect(out / NAME)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("CREATE TABLE mine (note TEXT)")
    base.execute("INSERT INTO mine VALUES ('keep me')")
    base.commit()
    side = [out / f"{NAME}-wal", out / f"{NAME}-shm"]
    kept = [path.read_bytes() for path in side]
    plain = (out / NAME).read_bytes()
    base.close()  # which would tidy up: a program that was killed does not
    (out / NAME).write_bytes(plain)
    for path, data in zip(side, kept, strict=True):
        path.write_bytes(data)
    run(out, raw(1, "One", "More"))
    assert not any(path.exists() for path in side)
    assert rows(out, "SELECT * FROM mine") == [("keep me",)]
    is_sound(out)


@pytest.mark.slow
def test_a_killed_run_is_completed_by_the_next(tmp_path: Path) -> None:
    raws = [raw(number, "Word " * 400, "数据 " * 200) for number in range(600)]
    out = tmp_path / "a"
    run(out, *raws[:50])
    shutil.copytree(out, tmp_path / "whole")
    run(tmp_path / "whole", *raws)
    wanted = (tmp_path / "whole" / NAME).read_bytes()
    before = (out / NAME).read_bytes()
    command = [sys.executable, "-m", "gptexit", "convert", str(tmp_path / "conversations.json")]
    command += ["--to", "sqlite", "-o", str(out), "--quiet"]
    process = subprocess.Popen(command)
    part = out / ".gptexit/writing.part"

    def grown() -> Any:
        return part.exists() and part.stat().st_size > len(before)

    wait_until(lambda: process.poll() is not None or grown())
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (out / NAME).read_bytes() in (before, wanted)
    assert subprocess.run(command, check=False).returncode == 0
    assert (out / NAME).read_bytes() == wanted
    assert not part.exists()
    assert verify(out).problems == []


def test_several_exports_become_one(tmp_path: Path) -> None:
    for number, raws in enumerate(([raw(1, "One")], [raw(1, "One", "More"), raw(2, "Two")])):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "conversations.json").write_bytes(dumps(raws))
    folders = [tmp_path / "0", tmp_path / "1"]
    convert(folders, tmp_path / "a", ["sqlite"])
    assert rows(tmp_path / "a", "SELECT title, messages FROM conversations ORDER BY id") == [
        ("Talk 1", 2),
        ("Talk 2", 1),
    ]
    before = (tmp_path / "a" / NAME).read_bytes()
    convert(folders[::-1], tmp_path / "a", ["sqlite"])
    assert (tmp_path / "a" / NAME).read_bytes() == before


def test_a_copy_that_turns_up_late_starts_the_run_again(tmp_path: Path) -> None:
    older, newer = raw(1, "One"), raw(1, "One", "More", update_time=1_750_000_000.0)
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "conversations-000.json").write_bytes(dumps([older, raw(2, "Two")]))
    (folder / "conversations-001.json").write_bytes(dumps([newer]))
    convert(folder, tmp_path / "a", ["sqlite"])
    assert rows(tmp_path / "a", "SELECT id, messages FROM conversations ORDER BY messages") == [
        (raw(2)["conversation_id"], 1),
        (raw(1)["conversation_id"], 2),
    ]
    is_sound(tmp_path / "a")


def test_odd_text_and_numbers(tmp_path: Path) -> None:
    odd = raw(1, "A nul \0 in it", "half \ud800 pair", title="T\0itle \udc00")
    odd["mapping"]["m1"]["message"]["metadata"] = {
        "attachments": [{"id": "file_0123abcd", "name": "a\0b", "size": 10**30}],
        "model_slug": "m\0",
    }
    out = tmp_path / "a"
    export = tmp_path / "conversations.json"
    export.write_text(json.dumps([odd]))
    report = convert(export, out, ["sqlite"])
    assert report["read"]["unreadable"] == []
    is_sound(out)
    assert rows(out, "SELECT title FROM conversations") == [("T\ufffditle \ufffd",)]
    (first,), (second,) = rows(out, "SELECT text FROM messages ORDER BY number")
    assert first.startswith("A nul \ufffd in it")
    assert second == "half \ufffd pair"
    assert rows(out, "SELECT size FROM assets") == [(None,)]
    with open_library(out) as library:
        assert library.search(Query('"nul in it"')).messages == 1


def test_an_empty_export_is_an_empty_database(tmp_path: Path) -> None:
    run(tmp_path / "a")
    assert rows(tmp_path / "a", "SELECT count(*) FROM conversations") == [(0,)]


def test_options_say_which_branches(tmp_path: Path) -> None:
    mapping = chain(message("user", "Which nut?"), message("assistant", "A hazelnut"))
    add(mapping, "other", "m1", message("assistant", "An almond"))
    each = conversation(mapping, current_node="m2")
    report = run(tmp_path / "a", deepcopy(each), options=Options(branches="current"))
    assert rows(tmp_path / "a", "SELECT count(*) FROM messages") == [(2,)]
    assert report["targets"][0]["hidden"] == {"other-branch": 1}


def test_without_full_text_search_there_is_one_clear_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Old(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> Any:
            if "fts5" in sql:
                raise sqlite3.OperationalError("no such module: fts5")
            return super().execute(sql, *values)

    connect = sqlite3.connect
    monkeypatch.setattr(
        "gptexit.sqlite.sqlite3.connect", lambda *a, **k: connect(*a, factory=Old, **k)
    )
    export = tmp_path / "conversations.json"
    export.write_bytes(dumps([raw(1, "One")]))
    done = CliRunner().invoke(
        main, ["convert", str(export), "--to", "sqlite", "-o", str(tmp_path / "a")]
    )
    assert done.exit_code == 2
    assert done.output.splitlines()[-1].startswith("Error: the SQLite of this Python was built")
    assert not (tmp_path / "a" / NAME).exists()


def test_a_conversation_that_comes_twice_through_a_pipe_is_found_once(tmp_path: Path) -> None:
    given = dumps([raw(1, "alpha one"), raw(2, "gamma"), raw(1, "beta", "two")])
    done = CliRunner().invoke(
        main, ["convert", "-", "--to", "sqlite", "-o", str(tmp_path / "out")], input=given
    )
    assert done.exit_code in (0, 1), done.output
    with open_library(tmp_path / "out") as library:
        assert library.search(Query("alpha")).hits == []
        assert len(library.search(Query("beta")).hits) == 1
