"""The export in ChatGPT's own layout again."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from gptexit import convert
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.text.json import dumps
from gptexit.writers.base import Options
from gptexit.writers.chatgpt.restore import repaired
from gptexit.writers.chatgpt.zip_volume import FORMS, size_of
from support.build import chain, conversation, message
from support.build import raw_conversations as any_conversations
from support.exports import FIXTURES, ROOT, raw_conversations

pytestmark = pytest.mark.slow

ZIP = "chatgpt-export.zip"


def options_for(form: str, **others: Any) -> Options:
    """The options that give a form: two have names of their own, one comes with a program."""
    return Options(**{"fit" if form == "librechat" else "form": form}, **others)


def lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (path / "conversations.jsonl").open("rb")]


def there_and_back(source: Path, out: Path, form: str) -> list[Path]:
    """To jsonl, and three times through ChatGPT's layout and to jsonl."""
    convert(source, out / "0", ["jsonl"])
    for number in (1, 2):
        made = convert(source, out / f"zip{number}", ["chatgpt"], options=options_for(form))
        source = out / f"zip{number}" / ZIP
        convert(source, out / str(number), ["jsonl"])
        assert made["targets"][0]["conversations"] == made["read"]["conversations"]
    return [out / str(number) for number in range(3)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_a_second_round_gives_the_same_bytes(source: Path, form: str, tmp_path: Path) -> None:
    _, first, second = there_and_back(source, tmp_path, form)
    one, two = ((path / "conversations.jsonl").read_bytes() for path in (first, second))
    assert one == two


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_todays_form_keeps_every_field(source: Path, tmp_path: Path) -> None:
    before, after, _ = there_and_back(source, tmp_path, "2026")
    changed = 0
    for one, two in zip(lines(before), lines(after), strict=True):
        for asset in [*one["assets"], *two["assets"]]:
            asset["member"] = asset["missing"] or "found"
        for held in [*one["messages"], *two["messages"]]:
            # Files of which only the chat is known stand in no order of their own.
            unplaced = [part for part in held["parts"] if part.get("placed") == "chat"]
            kept = [part for part in held["parts"] if part.get("placed") != "chat"]
            held["parts"] = kept + sorted(unplaced, key=lambda part: part["asset"])
        if one != two:
            changed += 1
            for each in (one, two):  # what is repaired
                each["extra"].pop("mapping", None)
                each["extra"].pop("current_node", None)
        assert one == two
    assert changed <= 9  # the oddities of the samples


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_the_classic_form_has_what_importers_look_up(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path, ["chatgpt"])
    found = raw_conversations(tmp_path / ZIP)
    assert found.keys() >= {key for key, raw in raw_conversations(source).items() if _id(raw)}
    for raw in found.values():
        assert raw["mapping"].get(raw["current_node"]) or not raw["current_node"]
        for key, node in raw["mapping"].items():
            assert node["id"] == key
            assert node["parent"] is None or key in raw["mapping"][node["parent"]]["children"]
            each = node["message"]
            if each:
                assert each["author"]["role"]
                assert isinstance(each["metadata"], dict) or each["metadata"] is None
                assert {"status", "recipient", "weight", "create_time"} <= each.keys()


def _id(raw: dict[str, Any]) -> Any:
    return raw.get("conversation_id") or raw.get("id")


@settings(max_examples=70)
@given(any_conversations())
def test_anything_comes_out_as_it_was_understood(raw: dict[str, Any]) -> None:
    neutral = read_conversation(raw, Account(), ReadStats())
    out, _ = repaired(neutral)
    FORMS["classic"].fit(out)
    again = read_conversation(orjson.loads(dumps(out)), Account(), ReadStats())
    assert [message["id"] for message in again["messages"]] == [
        message["id"] for message in neutral["messages"]
    ]
    assert again["current"] == neutral["current"]
    for one, two in zip(neutral["messages"], again["messages"], strict=True):
        words = [part.get("text") for part in two["parts"]]
        for part in one["parts"]:
            if (
                part["type"] == "text" and part["text"]
            ):  # by whom it is said may read otherwise: as a memory
                assert part["text"] in words


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.zip"
    script = str(ROOT / "fixtures/generate.py")
    command = [sys.executable, script, str(path), "--conversations", "300", "--seed", "5"]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_each_zip_of_several_is_complete_in_itself(large: Path, form: str, tmp_path: Path) -> None:
    size = size_of("2MB")
    made = convert(large, tmp_path / "zips", ["chatgpt"], options=options_for(form, max_size=size))
    zips = sorted((tmp_path / "zips").glob("*.zip"))
    assert len(zips) > 2
    count = 0
    for path in zips:
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            unpacked = sum(info.file_size for info in archive.infolist())
        alone = convert(path, tmp_path / path.stem, ["jsonl"])
        assert alone["complete"]
        assert alone["assets"]["found"] == alone["assets"]["mentioned"] or form == "classic"
        conversations = alone["read"]["conversations"]
        assert unpacked <= size or conversations == 1
        count += conversations
    assert count == made["read"]["conversations"]


def test_assets_go_along_under_their_names(tmp_path: Path) -> None:
    source = ROOT / "fixtures/dat-2026.zip"
    figures = json.loads((ROOT / "fixtures/figures.json").read_text())[source.name]
    shown = [asset for asset in figures["assets"] if asset["conversation"]]
    for form in FORMS:
        convert(source, tmp_path / form, ["chatgpt"], options=options_for(form))
        with zipfile.ZipFile(tmp_path / form / ZIP) as archive:
            there = {archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(source) as archive:
            for asset in shown:
                assert archive.read(asset["member"]) in there
        again = convert(tmp_path / form / ZIP, tmp_path / form / "again", ["jsonl"])
        assert again["assets"]["found"] == len(shown)


def test_a_second_run_leaves_the_zip_alone(tmp_path: Path) -> None:
    source = ROOT / "fixtures/fat-2024.zip"
    convert(source, tmp_path, ["chatgpt"])
    before = (tmp_path / ZIP).stat()
    convert(source, tmp_path, ["chatgpt"])
    assert (tmp_path / ZIP).stat().st_mtime_ns == before.st_mtime_ns


def test_a_name_cannot_leave_the_folder_that_it_is_unpacked_to(tmp_path: Path) -> None:
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-Ab1"}
    content = {"content_type": "multimodal_text", "parts": [pointer]}
    upload = {"id": "file-Ab1", "name": "..\\..\\evil/../x.png", "mime_type": "image/png"}
    mapping = chain(message("user", content, metadata={"attachments": [upload]}))
    source = tmp_path / "hostile.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("conversations.json", json.dumps([conversation(mapping)]))
        archive.writestr("file-Ab1.dat", b"\x89PNG\r\n\x1a\n")
    convert(source, tmp_path / "out", ["chatgpt"])
    with zipfile.ZipFile(tmp_path / "out" / ZIP) as archive:
        names = archive.namelist()
    assert "file-Ab1-x.png" in names
    assert not [name for name in names if ".." in name or "\\" in name]


def test_a_date_in_words_becomes_the_number_that_importers_expect(tmp_path: Path) -> None:
    mapping = chain(message("user", "Hi", create_time="2025-03-01T10:00:00Z"))
    source = tmp_path / "export.json"
    source.write_text(json.dumps([conversation(mapping, create_time="2025-03-01T10:00:00Z")]))
    convert(source, tmp_path / "out", ["chatgpt"])
    (raw,) = raw_conversations(tmp_path / "out" / ZIP).values()
    assert raw["create_time"] == 1740823200.0
    (said,) = filter(None, (node["message"] for node in raw["mapping"].values()))
    assert said["create_time"] == 1740823200.0


def test_no_file_takes_the_place_of_a_table(tmp_path: Path) -> None:
    upload = {"id": "file-Ab1", "name": "conversations.json"}
    mapping = chain(message("user", "Hi", metadata={"attachments": [upload, {"id": "x"}]}))
    source = tmp_path / "odd.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("conversations.json", json.dumps([conversation(mapping)]))
        archive.writestr("assets/library_files.json.dat", b"1")
        archive.writestr("file-Ab1-conversations.json", b"[]")
    convert(source, tmp_path / "out", ["chatgpt"])
    with zipfile.ZipFile(tmp_path / "out" / ZIP) as archive:
        assert len(set(archive.namelist())) == len(archive.namelist())
        assert len(json.loads(archive.read("conversations.json"))) == 1


@pytest.mark.parametrize("words", ["5", "0GB", "-1GB", "many", "1e9", "5 TB", "9" * 40])
def test_a_size_that_is_none_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        size_of(words)
