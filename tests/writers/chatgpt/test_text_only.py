"""The classic form with text alone, judged by the rules of two programs that read nothing else."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from gptexit import convert
from gptexit.archive.manifest import Catalog
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.base import Options, WriterSetting
from gptexit.writers.chatgpt import text_only
from gptexit.writers.registry import FORMATS
from support.build import add, chain, conversation, message
from support.build import raw_conversations as any_conversations
from support.exports import FIXTURES, ROOT

PLAIN, ZIP = "conversations.json", "chatgpt-export.zip"


def written(source: Path, out: Path, **options: Any) -> Any:
    convert(source, out, ["chatgpt-text"], options=Options(**options))
    return json.loads((out / PLAIN).read_bytes())


def export(path: Path, *raw: Any) -> Path:
    path.write_text(json.dumps(raw))
    return path


def shown_by_cherry(raw: Any) -> list[tuple[str, str]]:
    """Role and text of what Cherry Studio imports of a conversation. Fails where it would.

    Its ChatGPTImporter.ts (commit 3c21eb3) goes from `current_node` up, calls `trim` on each part,
    takes messages of any role but `tool`, and makes a date of two numbers.
    """
    assert isinstance(raw["title"], str)
    for key in ("create_time", "update_time"):
        assert type(raw[key]) in (int, float)
        assert math.isfinite(raw[key])
    assert isinstance(raw["mapping"], dict)
    path, key = [], raw["current_node"]
    while key:
        node = raw["mapping"].get(key)
        if node is None:
            break
        path.append(node)
        assert len(path) <= len(raw["mapping"]), "the branch is a circle"
        key = node["parent"]
    said = []
    for node in reversed(path):
        message = node["message"]
        if message is None or message["author"]["role"] == "tool":
            continue
        assert all(isinstance(part, str) for part in message["content"]["parts"])
        assert type(message["create_time"]) in (int, float)
        words = [part for part in message["content"]["parts"] if part.strip()]
        if words:
            said.append((message["author"]["role"], "\n\n".join(words)))
    return said


def shown_by_basic_memory(raw: Any) -> list[str]:
    """The texts that basic-memory 0.24 writes of a conversation. Fails where it would.

    It begins at the first node without a parent, follows `children`, and joins parts as strings.
    """
    root = next(key for key, node in raw["mapping"].items() if node["parent"] is None)
    texts, waiting, seen = [], [root], set()
    while waiting:
        node = raw["mapping"][waiting.pop()]
        assert node["id"] not in seen, "a message stands twice"
        seen.add(node["id"])
        if node["message"]:
            assert node["message"]["content"]["content_type"] == "text"
            texts.append("\n".join(node["message"]["content"]["parts"]))
        waiting += reversed(node["children"])
    assert seen == raw["mapping"].keys(), "a message is out of reach"
    return texts


def leaves(raw: Any) -> Iterator[Any]:
    """The nodes below which there is none."""
    return (node for node in raw["mapping"].values() if not node["children"])


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_both_read_every_conversation_and_message(source: Path, tmp_path: Path) -> None:
    report = convert(source, tmp_path, ["chatgpt-text"])
    raws = json.loads((tmp_path / PLAIN).read_bytes())
    assert len(raws) == report["read"]["conversations"]
    for raw in raws:
        texts = shown_by_basic_memory(raw)
        assert all(texts)
        branch = [text for _, text in shown_by_cherry(raw)]
        assert len(branch) <= len(texts)
        assert set(branch) <= set(texts)
        assert bool(branch) == bool(texts)


def test_the_zip_holds_the_same(tmp_path: Path) -> None:
    written(ROOT / "fixtures/fat-2024.zip", tmp_path)
    with zipfile.ZipFile(tmp_path / ZIP) as archive:
        assert archive.namelist() == [PLAIN]
        assert archive.read(PLAIN) == (tmp_path / PLAIN).read_bytes()


@pytest.mark.slow
@settings(max_examples=60)
@given(any_conversations())
def test_whatever_the_reader_takes_they_take(raw: Any) -> None:
    made = FORMATS["chatgpt-text"].make(
        Options(timezone=UTC), WriterSetting(Catalog(), lambda member: io.BytesIO(b""))
    )
    neutral = read_conversation(deepcopy(raw), Account(), ReadStats())
    files = [*made.render(neutral).files, *made.finish().files]
    [talk] = json.loads(b"".join(file.data for file in files if file.path == PLAIN))
    texts = shown_by_basic_memory(talk)
    assert {text for _, text in shown_by_cherry(talk)} <= set(texts)
    assert "\ue200" not in "".join(texts)


def test_every_branch_is_there_and_the_one_that_was_seen_last_is_current(tmp_path: Path) -> None:
    mapping = chain(message("user", "Which tea?"), message("assistant", "Assam."))
    question = next(key for key, node in mapping.items() if node["message"])
    add(mapping, "other", question, message("assistant", "Ceylon."))
    source = export(tmp_path / "export.json", conversation(mapping))
    [raw] = written(source, tmp_path / "out")
    assert sorted(node["message"]["content"]["parts"] for node in leaves(raw)) == [
        ["Assam."],
        ["Ceylon."],
    ]
    said = shown_by_cherry(raw)
    assert said[0] == ("user", "Which tea?")
    [only] = written(source, tmp_path / "one", branches="current")
    assert shown_by_basic_memory(only) == [text for _, text in said]


def test_what_is_no_text_is_named_where_it_was_and_counted(tmp_path: Path) -> None:
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-Ab1"}
    upload = {"id": "file-Ab1", "name": "sundial.png", "mime_type": "image/png"}
    content = {"content_type": "multimodal_text", "parts": [pointer, "What is it?"]}
    thought = {"content_type": "thoughts", "thoughts": [{"summary": "", "content": "It is old."}]}
    mapping = chain(
        message("user", content, metadata={"attachments": [upload]}),
        message("assistant", thought),
        message("assistant", "A clock.", metadata={"model_slug": "gpt-5"}),
    )
    source = tmp_path / "export.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr(PLAIN, json.dumps([conversation(mapping)]))
        archive.writestr("file-Ab1-sundial.png", b"\x89PNG\r\n\x1a\n")
    report = convert(source, tmp_path / "out", ["chatgpt-text"])
    [raw] = json.loads((tmp_path / "out" / PLAIN).read_bytes())
    question, answer = shown_by_basic_memory(raw)
    assert question == "*Image “sundial.png”*\n\nWhat is it?"
    assert answer.startswith("> **")
    assert "It is old." in answer
    assert answer.endswith("\n\nA clock.")
    assert [node["message"]["metadata"] for node in leaves(raw)] == [{"model_slug": "gpt-5"}]
    assert report["targets"][0]["not_kept"] == {"file-bytes": 1}


def test_two_titles_of_one_day_make_two_notes(tmp_path: Path) -> None:
    def talk(own: str, title: str, days: int = 0) -> Any:
        when = 1740000000 + 86400 * days
        mapping = chain(message("user", own, create_time=when))
        dates = {"create_time": when, "update_time": when + 60}
        return conversation(mapping, title=title, conversation_id=own, id=own, **dates)

    long = "z" * 140
    source = export(
        tmp_path / "export.json",
        *(talk("a", "Bread, again"), talk("b", "bread - again"), talk("c", "Bread, again", 9)),
        *(talk("d", long), talk("e", long)),
    )
    titles = [raw["title"] for raw in written(source, tmp_path / "out", timezone=UTC)]
    assert titles == [
        *("Bread, again", "bread - again (2)", "Bread, again"),
        *(long, "z" * 96 + " (2)"),
    ]


def test_a_conversation_without_dates_has_those_of_its_messages(tmp_path: Path) -> None:
    dated = chain(message("user", "Hi", create_time=1740000100), message("assistant", "Hello"))
    for node in dated.values():
        if node["message"] and node["message"]["author"]["role"] == "assistant":
            node["message"]["create_time"] = None
    bare = {"create_time": None, "update_time": None}
    undated = chain(message("user", "Hi", create_time=None))
    source = export(
        tmp_path / "export.json",
        conversation(dated, **bare, conversation_id="a", id="a"),
        conversation(undated, **bare, conversation_id="b", id="b"),
    )
    first, second = written(source, tmp_path / "out")
    assert first["create_time"] == 1740000100
    dates = [node["message"]["create_time"] for node in first["mapping"].values() if node["parent"]]
    assert dates == [1740000100, 1740000100]
    assert second["create_time"] == second["update_time"] == 86400


def test_what_is_too_large_for_one_string_is_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ROOT / "fixtures/fat-2024.zip"
    whole = written(source, tmp_path / "whole")
    monkeypatch.setattr(text_only, "PIECE", 40_000)
    first = written(source, tmp_path / "out")
    plain = sorted((tmp_path / "out").glob("conversations*.json"))
    assert len(plain) > 1
    pieces = {path.name: json.loads(path.read_bytes()) for path in plain}
    assert pieces[PLAIN] == first
    assert sum(map(len, pieces.values())) == len(whole)
    for path in plain:
        packed = path.with_name(path.stem.replace("conversations", "chatgpt-export") + ".zip")
        with zipfile.ZipFile(packed) as archive:
            assert json.loads(archive.read(PLAIN)) == pieces[path.name]
    assert f"to `{plain[-2].name}`" in (tmp_path / "out/HOW-TO-IMPORT.md").read_text()


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    source = ROOT / "fixtures/slim-2026.zip"
    written(source, tmp_path)
    report = convert(source, tmp_path, ["chatgpt-text"])
    assert report["targets"][0]["files_written"] == 0
