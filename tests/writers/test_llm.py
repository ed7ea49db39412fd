"""A database for the command llm, read back through llm's own library."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zipfile
from copy import deepcopy
from datetime import UTC
from pathlib import Path
from typing import Any

import llm
import orjson
import pytest
import sqlite_utils
from hypothesis import HealthCheck, given, settings
from llm.logs import LogStore
from llm.parts import AttachmentPart, ReasoningPart, TextPart

from gptexit import convert
from gptexit.archive.manifest import Catalog
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.updating.llm_logs import LlmLogs
from gptexit.writers.base import Options, WriterSetting
from gptexit.writers.registry import FORMATS
from support.build import add, chain, conversation, message
from support.build import raw_conversations as any_conversations
from support.exports import FIXTURES, ROOT

PNG = b"\x89PNG\r\n\x1a\n" + b"sundial"


def store(path: Path) -> Any:
    return LogStore(sqlite_utils.Database(path))  # type: ignore[no-untyped-call]


def text_of(said: Any) -> str:
    return "".join(part.text for part in said.parts if isinstance(part, TextPart))


def threads(base: Any) -> dict[str, list[str]]:
    """The texts of each thread down to its tip, by its name."""
    return {
        row["name"]: [text_of(said) for said in base.thread_messages(row["id"])]
        for row in base.db["threads"].rows
    }


def turns(base: Any) -> list[tuple[str, str, str, str]]:
    """Question, answer, model and date of each turn, in the order of their ids."""
    found = []
    for row in base.db["turns"].rows_where(order_by="id"):
        asked = base.load_chain(row["parent_message_hash"])
        answered = base.load_chain(row["tip_message_hash"])[len(asked) :]
        question = text_of(asked[-1]) if asked else ""
        answer = "".join(map(text_of, answered))
        found.append((question, answer, row["model"], row["datetime_utc"]))
    return found


def export(path: Path, *raw: Any) -> Path:
    path.write_text(json.dumps(raw))
    return path


def tea(*answers: str, **rest: Any) -> Any:
    mapping = chain(message("user", "Which tea?", create_time=1740000000))
    for number, words in enumerate(answers):
        said = message("assistant", words, create_time=1740000010.0 + 10 * number)
        add(mapping, f"a{number}", "m1", said | {"metadata": {"model_slug": f"gpt-{number}"}})
    return conversation(mapping, title="Tea", **rest)


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_llm_finds_nothing_broken_and_every_conversation(source: Path, tmp_path: Path) -> None:
    report = convert(source, tmp_path, ["llm"])
    base = store(tmp_path / "logs.db")
    assert base.verify() == []
    assert base.db["threads"].count == report["read"]["conversations"]
    without = "SELECT count(*) FROM threads WHERE id NOT IN (SELECT thread_id FROM turns)"
    assert base.db.execute(without).fetchone() == (0,)
    before = (tmp_path / "logs.db").read_bytes()
    again = convert(source, tmp_path, ["llm"])
    assert again["targets"][0]["files_written"] == 0
    assert (tmp_path / "logs.db").read_bytes() == before


def test_each_version_of_an_answer_is_a_turn_with_its_date_and_model(tmp_path: Path) -> None:
    source = export(tmp_path / "export.json", tea("Assam.", "Ceylon.", current_node="a0"))
    convert(source, tmp_path / "out", ["llm"])
    base = store(tmp_path / "out/logs.db")
    assert turns(base) == [
        ("Which tea?", "Assam.", "gpt-0", "2025-02-19T21:20:10+00:00"),
        ("Which tea?", "Ceylon.", "gpt-1", "2025-02-19T21:20:20+00:00"),
    ]
    assert threads(base) == {"Tea": ["Which tea?", "Assam."]}


def test_thoughts_and_images_are_parts(tmp_path: Path) -> None:
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-Ab1"}
    upload = {"id": "file-Ab1", "name": "sundial.png", "mime_type": "image/png"}
    content = {"content_type": "multimodal_text", "parts": [pointer, "What is it?"]}
    thought = {"content_type": "thoughts", "thoughts": [{"summary": "", "content": "It is old."}]}
    made = {"content_type": "multimodal_text", "parts": [pointer]}
    mapping = chain(
        message("user", content, metadata={"attachments": [upload]}),
        message("assistant", thought),
        message("assistant", "A clock."),
        message("tool", made),
    )
    source = tmp_path / "export.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("conversations.json", json.dumps([conversation(mapping)]))
        archive.writestr("file-Ab1-sundial.png", PNG)
    report = convert(source, tmp_path / "out", ["llm"])
    base = store(tmp_path / "out/logs.db")
    assert base.verify() == []
    [thread] = base.db["threads"].rows
    asked, answered = base.thread_messages(thread["id"])
    assert [type(part) for part in asked.parts] == [TextPart, AttachmentPart]
    assert asked.parts[1].attachment.content == PNG
    assert asked.parts[1].attachment.type == "image/png"
    assert [type(part) for part in answered.parts] == [ReasoningPart, TextPart]
    assert "It is old." in answered.parts[0].text
    # A model refuses an answer of its own that has an image in it.
    assert text_of(answered).endswith("sundial.png”: in your export, not in this app*")
    assert report["targets"][0]["not_kept"] == {"file-not-in-app": 1}


def test_llm_goes_on_where_one_stopped(tmp_path: Path) -> None:
    source = export(tmp_path / "a.json", tea("Assam."))
    convert(source, tmp_path / "out", ["llm"])
    base = store(tmp_path / "out/logs.db")
    [thread] = base.db["threads"].rows
    base.append(thread["id"], [llm.user("And milk?"), llm.assistant("No.")])
    base.db.close()
    later = export(tmp_path / "b.json", tea("Assam.", "Ceylon.", current_node="a1"))
    convert(later, tmp_path / "out", ["llm"])
    base = store(tmp_path / "out/logs.db")
    assert base.verify() == []
    assert threads(base) == {"Tea": ["Which tea?", "Assam.", "And milk?", "No."]}
    assert [answer for _, answer, *_ in turns(base)] == ["Assam.", "Ceylon."]


def test_a_thread_that_nobody_went_on_with_ends_where_the_export_does(tmp_path: Path) -> None:
    convert(export(tmp_path / "a.json", tea("Assam.")), tmp_path / "out", ["llm"])
    later = export(tmp_path / "b.json", tea("Assam.", "Ceylon.", current_node="a1"))
    convert(later, tmp_path / "out", ["llm"])
    base = store(tmp_path / "out/logs.db")
    assert threads(base) == {"Tea": ["Which tea?", "Ceylon."]}


def test_what_an_earlier_run_wrote_otherwise_is_replaced_and_not_doubled(tmp_path: Path) -> None:
    include = Options(include=["reasoning", "tools"])
    convert(export(tmp_path / "a.json", tea("Assam, I think.")), tmp_path / "out", ["llm"])
    convert(export(tmp_path / "b.json", tea("Assam.")), tmp_path / "out", ["llm"], options=include)
    base = store(tmp_path / "out/logs.db")
    assert [answer for _, answer, *_ in turns(base)] == ["Assam."]
    assert base.db["messages"].count == 2
    search = "SELECT response FROM turn_search"
    assert base.db.execute(search).fetchall() == [("Assam.",)]


def test_a_question_without_an_answer_and_a_conversation_without_words_can_be_found(
    tmp_path: Path,
) -> None:
    silent = conversation({}, title="Nothing", conversation_id="b", id="b")
    convert(export(tmp_path / "a.json", tea(), silent), tmp_path / "out", ["llm"])
    base = store(tmp_path / "out/logs.db")
    assert threads(base) == {"Tea": ["Which tea?"], "Nothing": []}
    assert sorted(question for question, *_ in turns(base)) == ["", "Which tea?"]


def test_instructions_are_the_system_prompt_if_they_are_wanted(tmp_path: Path) -> None:
    told = {"content_type": "user_editable_context", "user_profile": "I am a baker."}
    mapping = chain(message("user", told), message("user", "Hi"), message("assistant", "Hello"))
    source = export(tmp_path / "a.json", conversation(mapping))
    convert(source, tmp_path / "out", ["llm"], options=Options(include={"instructions"}))
    base = store(tmp_path / "out/logs.db")
    [thread] = base.db["threads"].rows
    first, *_ = base.thread_messages(thread["id"])
    assert first.role == "system"
    assert "I am a baker." in text_of(first)


def test_a_secret_that_is_taken_out_later_is_in_no_page_of_the_file(tmp_path: Path) -> None:
    secret = "sk-proj-" + hashlib.sha256(b"planted").hexdigest()[:40]
    source = export(tmp_path / "a.json", tea(f"Your password is hunter: password = {secret}"))
    convert(source, tmp_path / "out", ["llm"])
    assert secret.encode() in (tmp_path / "out/logs.db").read_bytes()
    convert(source, tmp_path / "out", ["llm"], options=Options(redact="secrets"))
    assert secret.encode() not in (tmp_path / "out/logs.db").read_bytes()


def test_a_database_of_somebody_else_stays(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with sqlite3.connect(tmp_path / "out/logs.db") as base:
        base.execute("CREATE TABLE mine (x)")
    base.close()
    before = (tmp_path / "out/logs.db").read_bytes()
    convert(export(tmp_path / "a.json", tea("Assam.")), tmp_path / "out", ["llm"])
    assert (tmp_path / "out/logs.db").read_bytes() == before
    assert threads(store(tmp_path / "out/logs.new.db")) == {"Tea": ["Which tea?", "Assam."]}


def test_a_dry_run_says_what_would_change_and_writes_nothing(tmp_path: Path) -> None:
    source = ROOT / "fixtures/fat-2024.zip"
    report = convert(source, tmp_path / "out", ["llm"], dry_run=True)
    assert not (tmp_path / "out").exists()
    assert report["targets"][0]["planned"]["new"] == 2
    convert(source, tmp_path / "out", ["llm"])
    report = convert(source, tmp_path / "out", ["llm"], dry_run=True)
    assert report["targets"][0]["planned"]["unchanged"] == 2


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(any_conversations())
def test_whatever_the_reader_takes_is_stored_whole(raw: Any) -> None:
    made = FORMATS["llm"].make(
        Options(timezone=UTC), WriterSetting(Catalog(), lambda member: pytest.fail())
    )
    done = made.render(read_conversation(deepcopy(raw), Account(), ReadStats()))
    rows = orjson.loads(done.files[0].data)
    logs = LlmLogs(sqlite3.connect(":memory:"))
    assert logs.add(rows)
    assert not logs.add(rows)
    base = LogStore(logs.base)  # type: ignore[no-untyped-call]
    assert base.verify() == []
    texts = " ".join(row["text"] or "" for row in logs.base["parts"].rows)
    assert [row["text"] for row in rows["messages"] if row["text"] not in texts] == []
    assert "\ue200" not in texts
    [thread] = logs.base["threads"].rows
    shown = base.thread_messages(thread["id"])
    if rows["messages"]:
        assert text_of(shown[-1]) == rows["messages"][rows["current"]]["text"]
    logs.close()
