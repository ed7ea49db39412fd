"""An SQLite archive that lacks something of the export is found out, whatever its checksums say."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gptexit.cli import main
from support.build import chain, conversation, message
from support.exports import FIXTURES

pytestmark = pytest.mark.slow

NOTED = "The kiln fires at 1,220 degrees, and not a degree more."


def packed(path: Path, *raw: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w") as export:
        export.writestr("conversations.json", json.dumps(raw))
    return path


def run(*words: Path | str) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.mark.parametrize("export", FIXTURES, ids=lambda path: path.stem)
def test_every_sample_is_read_back(export: Path, tmp_path: Path) -> None:
    run("convert", export, "--to", "sqlite", "-o", tmp_path, "--quiet")
    done = run("verify", export, tmp_path)
    # One sample holds messages in forms that nobody knows.
    assert done.exit_code == (5 if export.stem == "fat-2024" else 0), done.output
    assert "messages compared with" in done.output


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    talk = [message("user", "How hot?"), message("assistant", NOTED), message("user", "Thanks.")]
    other = conversation(chain(message("user", "And glaze?")), conversation_id="c2", title="Glaze")
    export = packed(
        tmp_path / "e.zip", conversation(chain(*talk), conversation_id="c1", title="Kiln"), other
    )
    run("convert", export, "--to", "sqlite", "-o", tmp_path / "out", "--quiet")
    assert run("verify", export, tmp_path / "out").exit_code == 0
    return export, tmp_path / "out"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "UPDATE messages SET text = substr(text, 1, 20) WHERE text LIKE '%kiln%'",
            "is incomplete",
        ),
        ("DELETE FROM messages WHERE text = 'Thanks.'", "is missing"),
        ("DELETE FROM conversations WHERE id = 'c2'", "is missing from the sqlite archive"),
        ("UPDATE conversations SET title = 'Oven' WHERE id = 'c1'", "the title is different"),
        ("DROP TABLE messages", "cannot be read"),
    ],
)
def test_what_lacks_is_named(made: tuple[Path, Path], change: str, said: str) -> None:
    export, out = made
    base = sqlite3.connect(out / "chatgpt.sqlite")
    base.execute(change)
    base.commit()
    base.close()
    done = run("verify", export, out)
    assert done.exit_code == 1
    assert said in done.output


def test_a_mark_is_taken_for_what_stood_there(tmp_path: Path) -> None:
    secret = "gh" + "p_" + "Zk3vQ9rT1mX7bN5cJ8dL2fH4gW6yP0sAaB1e"
    words = f"Here it is: {secret} and keep it."
    export = packed(tmp_path / "e.zip", conversation(chain(message("user", words))))
    out = tmp_path / "out"
    run("convert", export, "--to", "sqlite", "--redact", "secrets", "-o", out, "--quiet")
    assert secret.encode() not in (out / "chatgpt.sqlite").read_bytes()
    done = run("verify", export, out)
    assert done.exit_code == 0, done.output
    assert "In 1 message a secret is replaced by a mark." in done.output


def test_a_first_message_answers_none_also_beside_one_with_an_empty_id(tmp_path: Path) -> None:
    nodes = chain(message("user", "One"), message("assistant", "Two"))
    renamed = {("" if key == "m2" else key): node for key, node in nodes.items()}
    for key, node in renamed.items():
        node["id"] = key
    export = packed(tmp_path / "e.zip", conversation(renamed, current_node=""))
    run("convert", export, "--to", "sqlite", "-o", tmp_path / "out", "--quiet")
    done = run("verify", export, tmp_path / "out")
    assert done.exit_code == 0, done.output
    with sqlite3.connect(tmp_path / "out/chatgpt.sqlite") as base:
        query = "SELECT count(*) FROM messages WHERE parent IS NULL"
        assert base.execute(query).fetchone() == (1,)
