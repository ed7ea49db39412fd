from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from gptexit import conversion
from gptexit.codes import NotKept
from gptexit.pipeline import conversations
from gptexit.readers.chatgpt import source as reader
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.schemas import errors
from gptexit.source import open_source
from gptexit.writers.base import Options
from gptexit.writers.registry import FORMATS
from support.build import add, chain, conversation, message
from support.converting import convert_each
from support.exports import ROOT

FAT = ROOT / "fixtures/fat-2024.zip"


def write(path: Path, members: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data if isinstance(data, bytes) else json.dumps(data))
    return path


def run(
    source: Path,
    out: Path,
    *names: str,
    options: Options | None = None,
    progress: Callable[..., Any] | None = None,
) -> dict[str, Any]:
    report = convert_each(source, out, names or ("markdown",), options, progress)
    assert list(errors("report", report)) == []
    return report


def talk(key: str, words: str = "Hi", **rest: float) -> dict[str, Any]:
    return conversation(chain(message("user", words)), conversation_id=key, title=key, **rest)


FEW_FILES = [name for name in FORMATS if name not in ("markdown", "html", "jsonl", "chatgpt")]


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW_FILES)
def test_a_file_that_a_conversation_mentions_is_not_counted_as_one_that_none_does(
    tmp_path: Path, name: str
) -> None:
    report = conversion.convert(FAT, tmp_path, [name])
    with open_source([FAT]) as export:
        mentioned = {
            asset["member"] or ""
            for conversation in conversations(export)
            for asset in conversation["assets"]
        }
        others = list(export.others(mentioned))
    assert len(others) == 3
    assert report["targets"][0]["not_kept"][NotKept.FILE_UNMENTIONED] == len(others)


def test_a_later_copy_in_another_shard_wins(tmp_path: Path) -> None:
    source = write(
        tmp_path / "e.zip",
        {
            "conversations-000.json": [talk("a", "old", update_time=1.74e9), talk("b")],
            "conversations-001.json": [talk("a", "new", update_time=1.75e9)],
        },
    )
    report = run(source, tmp_path / "out", "markdown", "jsonl")
    assert report["complete"]
    assert report["read"]["duplicates"] == 1
    assert [target["files_written"] for target in report["targets"]] == [3, 1]
    lines = (tmp_path / "out/jsonl/conversations.jsonl").read_bytes().splitlines()
    assert sorted(orjson.loads(line)["id"] for line in lines) == ["a", "b"]
    texts = [path.read_text() for path in (tmp_path / "out/markdown").rglob("*.md")]
    assert any("new" in text for text in texts)
    assert not any("old" in text for text in texts)
    again = run(source, tmp_path / "out", "markdown", "jsonl")
    assert again["targets"][0]["files_written"] == 0


@pytest.mark.parametrize("stage", ["read_conversation", "_write"])
def test_a_fault_of_ours_costs_one_conversation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    source = write(tmp_path / "e.zip", {"conversations.json": [talk("a"), talk("b"), talk("c")]})
    whole = read_conversation

    def faulty(raw: dict[str, Any], account: Account, met: ReadStats) -> Any:
        if raw["title"] == "b":
            if stage == "read_conversation":
                raise ZeroDivisionError("oops")
            found: Any = whole(raw, account, met)
            found["messages"][0]["parts"] = [{"type": "of another world"}]
            return found
        return whole(raw, account, met)

    monkeypatch.setattr(reader, "read_conversation", faulty)
    report = run(source, tmp_path / "out")
    assert not report["complete"]
    (fault,) = report["read"]["unreadable"]
    assert "“b”" in fault["where"]
    assert len(list((tmp_path / "out/markdown/2025").glob("*.md"))) == 2


def test_a_damaged_asset_is_named_and_the_rest_is_written(tmp_path: Path) -> None:
    image = {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_a1"}
    raw = conversation(
        chain(message("user", {"content_type": "multimodal_text", "parts": [image]}))
    )
    source = write(
        tmp_path / "e.zip",
        {"conversations.json": [raw], "file_a1.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9},
    )
    data = bytearray(source.read_bytes())
    at = data.find(b"file_a1.png") + len("file_a1.png") + 40
    data[at] ^= 0xFF
    source.write_bytes(bytes(data))
    report = run(source, tmp_path / "out")
    assert not report["complete"]
    assert report["assets"]["refused"] == 1
    assert list((tmp_path / "out/markdown/2025").glob("*.md"))
    assert not list((tmp_path / "out/markdown").rglob("*.png"))


@pytest.mark.parametrize(
    ("rows", "feedback"),
    [
        ([{"id": "m1", "rating": "thumbs_up"}], "up"),
        ([{"id": "m1", "rating": "thumbsDown"}], "down"),
        ([{"id": "m1", "rating": "meh"}, 7], None),
        (b'[{"id": "m1", "rat', None),
    ],
)
def test_ratings(tmp_path: Path, rows: list[dict[str, str]], feedback: str) -> None:
    source = write(
        tmp_path / "e.zip", {"conversations.json": [talk("a")], "message_feedback.json": rows}
    )
    report = run(source, tmp_path / "out", "jsonl")
    line = orjson.loads((tmp_path / "out/jsonl/conversations.jsonl").read_bytes())
    assert line["messages"][0]["feedback"] == feedback
    assert report["complete"] == isinstance(rows, list)


def test_jsonl_of_the_current_branch(tmp_path: Path) -> None:
    mapping = chain(message("user", "Hi"), message("assistant", "one"))
    add(mapping, "other", "m1", message("assistant", "two"))
    source = write(tmp_path / "e.zip", {"conversations.json": [conversation(mapping)]})
    report = run(source, tmp_path / "out", "jsonl", options=Options(branches="current"))
    line = orjson.loads((tmp_path / "out/jsonl/conversations.jsonl").read_bytes())
    assert [message["id"] for message in line["messages"]] == ["m1", "other"]
    assert report["targets"][0]["hidden"] == {"other-branch": 1}


def test_progress_is_told(tmp_path: Path) -> None:
    source = write(tmp_path / "e.zip", {"conversations.json": [talk(str(n)) for n in range(5)]})
    told = []
    run(source, tmp_path / "out", progress=lambda *each: told.append(each))
    assert [each[0] for each in told] == [1, 2, 3, 4, 5]
    assert told[-1][1] > 0
