"""Portable AI Memory stores, judged by the SDK's own validator, as `pam validate` uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from click.testing import CliRunner
from portable_ai_memory import load, schemas, validate

from gptexit.cli import main
from support.account import WRITTEN, conversations
from support.exports import ROOT

FIXTURES = ROOT / "fixtures"
SCHEMAS = Path(schemas.__file__).parent
STEMS = ("classic-2023", "fat-2024", "sharded-2026", "dat-2026", "slim-2026")


def written(source: Path, out: Path, *options: str) -> list[Path]:
    done = CliRunner().invoke(
        main, ["memory", str(source), "--for", "pam", "-o", str(out), *options]
    )
    assert done.exit_code in (0, 1), done.output
    return [out / "memory-store.json", *sorted((out / "conversations").glob("*.json"))]


def judge(path: Path) -> Any:
    """The document, if the SDK has nothing against it: no error, no warning, and its schema."""
    document = load(path)
    assert validate(document).issues == [], path
    raw = json.loads(path.read_text(encoding="utf-8"))
    kind = "-conversation" if "provider" in raw else ""
    schema = json.loads((SCHEMAS / f"portable-ai-memory{kind}.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(raw)
    return document


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("account")
    (folder / "conversations.json").write_bytes(orjson.dumps(conversations()))
    return folder / "conversations.json"


@pytest.mark.slow
@pytest.mark.parametrize("stem", STEMS)
def test_every_store_and_conversation_is_valid(stem: str, tmp_path: Path) -> None:
    store, *talks = written(FIXTURES / f"{stem}.zip", tmp_path, "--conversations")
    index = judge(store).conversations_index
    assert {reference.storage.ref for reference in index} == {
        f"conversations/{talk.name}" for talk in talks
    }
    assert {judge(talk).id for talk in talks} == {reference.id for reference in index}


def test_the_store_tells_what_counts_and_what_ended(account: Path, tmp_path: Path) -> None:
    (store,) = written(account, tmp_path)
    document = judge(store)
    saved = [memory for memory in document.memories if memory.type == "custom"]
    status = [str(memory.status) for memory in saved]
    assert [status.count(state) for state in ("active", "superseded", "retracted")] == [39, 6, 4]
    assert {memory.content for memory in saved if memory.status == "retracted"} == {
        note.of for note in WRITTEN if note.kind == "deletion" and note.of
    }
    told = [memory for memory in document.memories if memory.type in ("instruction", "identity")]
    assert sorted((relation.type, str(relation.status)) for relation in told) == sorted(
        (kind, state)
        for kind in ("identity", "instruction")
        for state in ("active", "superseded", "superseded")
    )
    refs = {memory.provenance.conversation_ref for memory in document.memories}
    assert refs == {reference.id for reference in document.conversations_index}
    assert sum(relation.type == "supersedes" for relation in document.relations) == 6


def test_a_second_run_changes_nothing(account: Path, tmp_path: Path) -> None:
    first = [(path, path.read_bytes()) for path in written(account, tmp_path, "--conversations")]
    assert [
        (path, path.read_bytes()) for path in written(account, tmp_path, "--conversations")
    ] == first


def test_chatgpts_own_list_is_in_the_store(account: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.txt"
    answer.write_text("[unknown] - User keeps bees.\n[2024-01-05] - User's name is Ines.")
    (store,) = written(account, tmp_path / "out", "--from-file", str(answer))
    bees = next(memory for memory in judge(store).memories if memory.content == "User keeps bees.")
    assert bees.provenance.extraction_method == "manual"
    assert bees.provenance.conversation_ref is None


@pytest.mark.slow
def test_branches_and_files_are_in_the_conversations(tmp_path: Path) -> None:
    _, *talks = written(FIXTURES / "fat-2024.zip", tmp_path, "--conversations")
    documents = [judge(talk) for talk in talks]
    assert any(len(message.children_ids) > 1 for talk in documents for message in talk.messages)
    files = [
        file for talk in documents for message in talk.messages for file in message.attachments
    ]
    named = [file.ref for file in files if file.ref]
    assert named
    assert all((tmp_path / name).is_file() for name in named)
