"""What push promises for the database of the command llm."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import llm
import pytest
import sqlite_utils
from llm.logs import LogStore

from gptexit.push.places import Machine, llm_folder
from gptexit.updating.llm_logs import LlmLogs
from support.build import add, chain, conversation, message
from support.command import as_text, gptexit
from support.exports import ROOT

SLIM = ROOT / "fixtures/slim-2026.zip"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as llm leaves it, with a thread of its own."""
    (tmp_path / "llm").mkdir()
    base = store(tmp_path / "llm")
    base.create_thread("mine", base.ensure_chain([llm.user("Hi")]), id="01own")
    base.db.close()
    return tmp_path / "llm"


def store(folder: Path) -> Any:
    return LogStore(sqlite_utils.Database(folder / "logs.db"))  # type: ignore[no-untyped-call]


def push(folder: Path, *words: Path | str) -> subprocess.CompletedProcess[str]:
    done = as_text(gptexit("push", "llm", *words, env={"LLM_USER_PATH": str(folder)}))
    assert "Traceback" not in done.stderr
    return done


def names(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "logs.db")) as base:
        return sorted(name for (name,) in base.execute("SELECT name FROM threads"))


def tea(path: Path, *answers: str) -> Path:
    mapping = chain(message("user", "Which tea?"))
    for number, words in enumerate(answers):
        add(mapping, f"a{number}", "m1", message("assistant", words, create_time=2.0 + number))
    path.write_text(json.dumps([conversation(mapping, title="Tea")]))
    return path


def test_everything_arrives_once_and_what_was_there_stays(folder: Path) -> None:
    done = push(folder, SLIM)
    assert f"Wrote 23 conversations to {folder}: 23 new" in done.stdout
    assert len(names(folder)) == 24
    assert "mine" in names(folder)
    assert store(folder).verify() == []
    before = (folder / "logs.db").read_bytes()
    assert "Nothing new to write." in push(folder, SLIM).stdout
    assert (folder / "logs.db").read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["logs.db"]


def test_a_dry_run_counts_the_same_and_writes_nothing(folder: Path) -> None:
    before = (folder / "logs.db").read_bytes()
    would = push(folder, SLIM, "--dry-run").stdout
    assert (folder / "logs.db").read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["logs.db"]
    assert would.replace("Would write", "Wrote") == push(folder, SLIM).stdout


def test_a_newer_export_adds_what_is_new(folder: Path, tmp_path: Path) -> None:
    push(folder, tea(tmp_path / "a.json", "Assam."))
    done = push(folder, tea(tmp_path / "b.json", "Assam.", "Ceylon."))
    assert "0 new, 1 in place of an older version" in done.stdout
    assert names(folder) == ["Tea", "mine"]
    with closing(sqlite3.connect(folder / "logs.db")) as base:
        said = base.execute("SELECT response FROM turn_search ORDER BY response").fetchall()
    assert said == [("Assam.",), ("Ceylon.",)]


def test_a_database_that_llm_did_not_make_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "logs.db").write_bytes(b"mine")
    done = push(tmp_path, SLIM)
    assert done.returncode == 2
    assert "is not a database that llm made" in done.stderr
    assert (tmp_path / "logs.db").read_bytes() == b"mine"


def test_a_folder_without_a_database_is_told(tmp_path: Path) -> None:
    done = push(tmp_path / "nowhere", SLIM)
    assert done.returncode == 2
    assert "llm has no folder" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_while_llm_writes_gptexit_waits(folder: Path, tmp_path: Path) -> None:
    source = tea(tmp_path / "a.json", "Assam.")
    base = sqlite3.connect(folder / "logs.db", check_same_thread=False)
    base.execute("BEGIN IMMEDIATE")
    base.execute("UPDATE threads SET name = 'mine, renamed'")
    threading.Timer(0.5, base.commit).start()
    assert "1 new" in push(folder, source).stdout
    base.close()
    assert names(folder) == ["Tea", "mine, renamed"]


def test_a_run_that_is_stopped_leaves_each_conversation_whole(folder: Path) -> None:
    logs = LlmLogs(sqlite3.connect(folder / "logs.db"))
    logs.base.begin()
    rows: Any = {
        **{"id": "a", "title": "Tea", "created": None, "system": "", "current": 0},
        "messages": [
            {
                **{"id": "m", "parent": None, "role": "user", "reasoning": [], "text": "Hi"},
                **{"images": {}, "when": None, "model": "x"},
            }
        ],
    }
    assert logs.add(rows)
    logs.close()  # as the end of the process does, before the transaction was committed
    assert names(folder) == ["mine"]


@pytest.mark.parametrize(
    ("system", "environment", "found"),
    [
        ("linux", {}, "/h/.config/io.datasette.llm"),
        ("linux", {"XDG_CONFIG_HOME": "/c"}, "/c/io.datasette.llm"),
        ("darwin", {}, "/h/Library/Application Support/io.datasette.llm"),
        ("win32", {"APPDATA": "/r"}, "/r/io.datasette.llm"),
        ("linux", {"LLM_USER_PATH": "/u"}, "/u"),
    ],
)
def test_llm_is_found_where_llm_looks(system: str, environment: dict[str, str], found: str) -> None:
    assert llm_folder(Machine(Path("/h"), system, environment)) == Path(found)
