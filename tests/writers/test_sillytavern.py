"""The folder for SillyTavern: what a person finds in it, and what the app asks of it."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given, settings

from gptexit import convert
from gptexit.archive.manifest import Catalog
from gptexit.names import Names
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.base import CommonOptions, Options
from gptexit.writers.chat.lines import above, lines_of
from gptexit.writers.chat.turns import turns_of
from gptexit.writers.sillytavern import REPEATED, SillyTavern
from support.build import add, chain, conversation, message
from support.build import raw_conversations as any_conversations
from support.exports import FIXTURES

TEXT = {"type": "string"}
EXTRA = {
    "type": "object",
    "properties": {
        "api": {"const": "openai"},
        "model": TEXT,
        "reasoning": TEXT,
        "reasoning_type": {"const": "model"},
        "reasoning_duration": {"type": "integer", "minimum": 1},
        "inline_image": {"const": True},
        "media_display": {"enum": ["list", "gallery"]},
        "media": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["url", "type"],
                "properties": {"url": TEXT, "type": {"enum": ["image", "video", "audio"]}},
            },
        },
        "files": {
            "type": "array",
            "items": {"type": "object", "required": ["url", "size", "name"]},
        },
    },
}
DATE = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT"}
MESSAGE = {
    "type": "object",
    "required": ["name", "is_user", "is_system", "send_date", "mes", "extra"],
    "dependentRequired": {"swipes": ["swipe_id", "swipe_info"]},
    "properties": {
        "name": TEXT,
        "is_user": {"type": "boolean"},
        "is_system": {"type": "boolean"},
        "send_date": DATE,
        "mes": TEXT,
        "extra": EXTRA,
        "swipe_id": {"type": "integer", "minimum": 0},
        "swipes": {"type": "array", "items": TEXT, "minItems": 2},
        "swipe_info": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["send_date", "extra"],
                "properties": {"send_date": DATE, "extra": EXTRA},
            },
        },
    },
}
is_message = jsonschema.Draft202012Validator(MESSAGE).validate
"""`ChatMessage` of the app's `public/global.d.ts`."""


def read(raw: dict[str, Any]) -> Any:
    return read_conversation(deepcopy(raw), Account(), ReadStats())


def chats(neutral: Any, **options: Any) -> dict[str, list[Any]]:
    """The lines of each chat, by its name."""
    done = SillyTavern(CommonOptions(**options), Catalog()).render(neutral)
    return {
        Path(file.path).stem: [json.loads(line) for line in file.data.split(b"\n")[:-1]]
        for file in done.files
        if not file.gone
    }


def card(data: bytes) -> Any:
    """What a character's picture holds. Fails where the picture is damaged."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, found = 8, None
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : at + 8 + size]
        assert zlib.crc32(body) == int.from_bytes(data[at + 8 + size : at + 12 + size], "big")
        if body.startswith(b"tEXtchara\0"):
            found = json.loads(base64.b64decode(body[10:]))
        at += 12 + size
    return found


def story() -> dict[str, Any]:
    """A story told twice; the first one goes on. Then the question was written anew."""
    mapping = chain(message("user", "Tell a story."), message("assistant", "Once."))
    add(mapping, "other", "m1", message("assistant", "Twice."))
    add(mapping, "more", "m2", message("user", "More."))
    add(mapping, "end", "more", message("assistant", "The end."))
    add(mapping, "edited", "m2", message("user", "Less."))
    add(mapping, "short", "edited", message("assistant", "End."))
    return mapping


def test_an_answer_generated_again_is_a_swipe_and_an_edited_question_a_chat() -> None:
    found = chats(read(conversation(story(), current_node="end", title="A story")))
    assert [name[11:] for name in found] == ["a-story", "a-story-version-2"]
    first, second = found.values()
    assert [line["mes"] for line in first[1:]] == ["Tell a story.", "Once.", "More.", "The end."]
    assert first[2]["swipes"] == ["Once.", "Twice."]
    assert first[2]["swipe_id"] == 0
    assert [line["mes"] for line in second[1:]] == ["Tell a story.", "Once.", "Less.", "End."]
    assert "swipes" not in second[2], "versions are told once"


def test_only_the_current_branch(tmp_path: Path) -> None:
    neutral = read(conversation(story(), current_node="end", title="A story"))
    (only,) = chats(neutral, branches="current").values()
    assert [line["mes"] for line in only[1:]] == ["Tell a story.", "Once.", "More.", "The end."]
    assert not any("swipes" in line for line in only)


def test_versions_that_nothing_follows_beside_a_question_are_a_chat() -> None:
    mapping = chain(message("user", "Hello."), message("user", "Are you there?"))
    add(mapping, "a", "m1", message("assistant", "Hi."))
    add(mapping, "b", "m1", message("assistant", "Hello!"))
    found = chats(read(conversation(mapping, current_node="m2")))
    texts = [[line["mes"] for line in lines[1:]] for lines in found.values()]
    assert texts == [["Hello.", "Are you there?"], ["Hello.", "Hello!"]]
    assert [lines[-1].get("swipes") for lines in found.values()] == [None, ["Hi.", "Hello!"]]


def test_thoughts_and_model_are_in_the_fields_of_the_app() -> None:
    mapping = chain(
        message("user", "Why?"),
        message("assistant", {"content_type": "thoughts", "thoughts": [
            {"summary": "Causes", "content": "There are two."}]}),
        message("assistant", {"content_type": "reasoning_recap", "content": "Thought for 7s"}),
        message("assistant", "Because.", metadata={"model_slug": "o3"}),
    )  # fmt: skip
    ((_, _, answer),) = chats(read(conversation(mapping))).values()
    assert answer["mes"] == "Because."
    assert answer["extra"]["reasoning"] == "**Causes**\n\nThere are two."
    assert answer["extra"]["reasoning_duration"] == 7000
    assert answer["extra"]["model"] == "o3"


def test_a_line_ends_where_node_ends_it() -> None:
    raw = conversation(chain(message("user", "a\u2028b\u2029c\rd")))
    done = SillyTavern(CommonOptions(), Catalog()).render(read(raw))
    text = done.files[0].data.decode()
    assert not re.search("[\u2028\u2029\r]", text)
    assert json.loads(text.split("\n")[1])["mes"] == "a\u2028b\u2029c\rd"


def test_a_custom_gpt_with_a_name_is_a_character(tmp_path: Path) -> None:
    mine = conversation(
        chain(message("user", "Soup?")), gizmo_id="g-abc", title="Soup", conversation_id="1"
    )
    other = conversation(chain(message("user", "Trams?")), title="Trams", conversation_id="2")
    (tmp_path / "conversations.json").write_text(json.dumps([mine, other]))
    options = Options(names=Names({"g-abc": "Recipe Helper"}))
    convert(tmp_path / "conversations.json", tmp_path / "out", ["sillytavern"], options=options)
    names = {}
    for path in (tmp_path / "out/characters").iterdir():
        names[path.stem] = told = card(path.read_bytes())
        assert (tmp_path / "out/chats" / path.stem / f"{told['chat']}.jsonl").is_file()
        assert told["data"]["name"] == told["name"]
    assert {key: told["name"] for key, told in names.items()} == {
        "chatgpt": "ChatGPT",
        "recipe-helper": "Recipe Helper",
    }


def test_the_chat_of_a_version_that_became_the_current_one_does_not_stay(tmp_path: Path) -> None:
    def run(last: str) -> dict[str, str]:
        raw = conversation(story(), current_node=last, title="A story")
        (tmp_path / "conversations.json").write_text(json.dumps([raw]))
        convert(tmp_path / "conversations.json", tmp_path / "out", ["sillytavern"])
        paths = (tmp_path / "out/chats/chatgpt").iterdir()
        return {path.name: path.read_text().splitlines()[-1] for path in paths}

    before = run("end")
    after = run("short")
    assert len(before) == len(after) == 2
    assert {json.loads(line)["mes"] for line in after.values()} == {"The end.", "End."}
    assert run("short") == after


@pytest.mark.slow
@settings(max_examples=100)
@given(any_conversations())
def test_every_turn_is_in_some_chat_and_every_line_is_a_message(raw: dict[str, Any]) -> None:
    neutral = read(raw)
    turns = turns_of(neutral, frozenset({"reasoning"}))
    told: Counter[str] = Counter()
    lines = lines_of(turns)
    for line in lines:
        for turn in line.own:
            told[turn.id] += 1
            told.update(version.id for version in line.versions.get(turn.id, ()))
        way = [turn.id for turn in line.own]
        parents = [turn.parent for turn in line.own]
        assert parents[1:] == way[:-1], "a line goes from each turn to one below it"
        if line.own:
            assert [turn.id for turn in above(line.own[0], turns)][-1:] != way[:1]
    assert told.keys() == turns.by_id.keys()
    owned = Counter(turn.id for line in lines for turn in line.own)
    assert max(owned.values(), default=1) == 1
    for lines_of_chat in chats(neutral).values():
        assert "chat_metadata" in lines_of_chat[0]
        for told_line in lines_of_chat[1:]:
            is_message(told_line)
            if "swipes" in told_line:
                assert told_line["swipes"][told_line["swipe_id"]] == told_line["mes"]
                assert len(told_line["swipes"]) == len(told_line["swipe_info"])


def test_many_versions_of_a_long_conversation_stay_small() -> None:
    mapping = chain(*(message("user", f"{number} " + "word " * 400) for number in range(300)))
    for number in range(300):
        add(mapping, f"x{number}", f"m{number + 1}", message("user", f"Other {number}"))
        add(mapping, f"y{number}", f"x{number}", message("assistant", "Yes."))
    done = SillyTavern(CommonOptions(), Catalog()).render(read(conversation(mapping)))
    size = sum(len(file.data) for file in done.files)
    assert size < REPEATED + 4 * len(json.dumps(mapping))
    cut = [file for file in done.files if b"is in another chat" in file.data]
    assert cut


@pytest.mark.slow
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_each_file_is_where_its_message_looks_for_it(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path, ["sillytavern"])
    for path in tmp_path.glob("chats/*/*.jsonl"):
        text = path.read_text()
        for line in text.split("\n")[1:-1]:
            told = json.loads(line)
            is_message(told)
            about = [told["extra"], *(info["extra"] for info in told.get("swipe_info", ()))]
            for extra in about:
                for entry in (*extra.get("media", ()), *extra.get("files", ())):
                    assert (tmp_path / unquote(entry["url"]).lstrip("/")).is_file()
        for place in re.findall(r"in your archive, (files/[^*\"]+)\*", text):
            assert (tmp_path / place).is_file()
