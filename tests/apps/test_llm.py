"""The format llm and `gptexit push llm`, in the command llm itself."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gptexit import convert
from gptexit.updating.llm_logs import end_of_id
from support.apps import house, llm
from support.apps.compare import add_row
from support.build import add, chain, conversation, message
from support.command import as_text, gptexit

VERSIONS = ["llm==0.36", "llm-echo==0.5"]


@pytest.fixture(scope="module")
def program() -> Path:
    return house.environment("llm", VERSIONS) / "llm"


@pytest.fixture
def user(tmp_path: Path) -> Path:
    (tmp_path / "llm").mkdir()
    return tmp_path / "llm"


def run(program: Path, user: Path, *words: str | Path) -> str:
    done = subprocess.run(
        [program, *words],
        check=False,
        env={**os.environ, "LLM_USER_PATH": str(user)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def threads(expected: Any) -> dict[str, str]:
    """The ids of the conversations, by those that their threads end with."""
    return {end_of_id(key): key for key in expected}


def ids_in(path: Path, expected: Any) -> dict[str, str]:
    ends = threads(expected)
    with closing(sqlite3.connect(path)) as base:
        keys = [key for (key,) in base.execute("SELECT id FROM threads")]
    return {key: ends[key[10:]] for key in keys}


def test_what_llm_has_is_what_the_export_holds(
    program: Path, user: Path, export: Any, held: Any, tmp_path: Path
) -> None:
    convert(export, tmp_path / "out", ["llm"])
    path = tmp_path / "out/logs.db"
    expected = held(export)
    add_row(llm.APP, export, expected, llm.conversations(path, ids_in(path, expected), expected))
    listed = json.loads(run(program, user, "logs", "list", "-d", path, "-n", "0", "--json"))
    with closing(sqlite3.connect(path)) as base:
        assert len(listed) == base.execute("SELECT count(*) FROM turns").fetchone()[0]
    assert {row["conversation_id"][10:] for row in listed} == threads(expected).keys()


def tea(path: Path, *answers: str) -> Path:
    mapping = chain(message("user", "Which tea for a harpsichord player?"))
    for number, words in enumerate(answers):
        add(mapping, f"a{number}", "m1", message("assistant", words))
    path.write_text(json.dumps([conversation(mapping, title="Tea")]))
    return path


def push(user: Path, source: Path) -> str:
    done = as_text(gptexit("push", "llm", source, env={"LLM_USER_PATH": str(user)}))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_llm_searches_what_was_pushed_and_goes_on_from_it(
    program: Path, user: Path, tmp_path: Path
) -> None:
    run(program, user, "-m", "echo", "a prompt of my own")
    source = tea(tmp_path / "a.json", "Assam.", "Ceylon.")
    assert "1 new" in push(user, source)
    [found] = [
        row
        for row in json.loads(run(program, user, "logs", "-q", "harpsichord", "--json", "-n", "0"))
        if row["response"] == "Ceylon."
    ]
    thread = found["conversation_id"]
    run(program, user, "--cid", thread, "-m", "echo", "And milk?")
    rows = json.loads(run(program, user, "logs", "list", "--cid", thread, "--json", "-n", "0"))
    assert [row["prompt"] for row in rows][-1] == "And milk?"
    with closing(sqlite3.connect(user / "logs.db")) as base:
        parts = "SELECT text FROM parts WHERE message_hash = ?"
        [(start,)] = base.execute(
            "SELECT parent_message_hash FROM turns WHERE id = ?", [rows[-1]["id"]]
        )
        chain = []
        while start:
            chain += base.execute(parts, [start]).fetchone()
            [(start,)] = base.execute("SELECT parent_hash FROM messages WHERE hash = ?", [start])
    assert chain == ["And milk?", "Ceylon.", "Which tea for a harpsichord player?"]
    assert "Nothing new to write" in push(user, source)
    later = tea(tmp_path / "b.json", "Assam.", "Ceylon.", "Darjeeling.")
    assert "1 in place of an older version" in push(user, later)
    rows = json.loads(run(program, user, "logs", "list", "--cid", thread, "--json", "-n", "0"))
    assert sorted(row["response"][:10] for row in rows)[:3] == ["Assam.", "Ceylon.", "Darjeeling"]
    # llm goes on from what the person said last, not from the export's last answer.
    run(program, user, "--cid", thread, "-m", "echo", "Thanks.")
    rows = json.loads(run(program, user, "logs", "list", "--json", "-n", "0"))
    assert "a prompt of my own" in [row["prompt"] for row in rows]


def test_llm_c_takes_the_conversation_that_began_last(
    program: Path, user: Path, tmp_path: Path
) -> None:
    convert(tea(tmp_path / "a.json", "Assam."), tmp_path / "out", ["llm"])
    path = tmp_path / "out/logs.db"
    run(program, user, "-d", path, "-c", "-m", "echo", "hi")
    rows = json.loads(run(program, user, "logs", "list", "-d", path, "--json", "-n", "0"))
    assert len({row["conversation_id"] for row in rows}) == 1
    assert [row["prompt"] for row in rows][-1] == "hi"
