"""What gptexit wrote, as its source again."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gptexit
from gptexit import convert
from gptexit.errors import NotAnExport
from gptexit.readers.chatgpt.containers.base import Loss
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.source import open_source
from gptexit.text.json import dumps
from gptexit.writers.base import Options
from support import command
from support.build import JSON
from support.build import raw_conversations as any_conversations
from support.exports import FIXTURES, ROOT

pytestmark = pytest.mark.slow

SLIM = ROOT / "fixtures/slim-2026.zip"
CHATS = json.loads((ROOT / "fixtures/figures.json").read_text())[SLIM.name]["conversations"] + 1
"""Those of the sample, and the task of Codex in it."""


def lines(path: Path) -> bytes:
    return (path / "conversations.jsonl").read_bytes()


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_lines_give_the_same_lines(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "all", ["jsonl", "markdown"])
    report = convert(tmp_path / "all/jsonl/conversations.jsonl", tmp_path / "again", ["jsonl"])
    assert report["exit_code"] == 0
    before, after = (
        [orjson.loads(line) for line in lines(path).splitlines()]
        for path in (tmp_path / "all/jsonl", tmp_path / "again")
    )
    for one, two in zip(before, after, strict=True):
        for each in (*one["assets"], *two["assets"]):
            del each["member"], each["missing"]
        assert one == two
    convert(tmp_path / "again/conversations.jsonl", tmp_path / "third", ["jsonl"])
    convert(tmp_path / "third/conversations.jsonl", tmp_path / "fourth", ["jsonl"])
    assert lines(tmp_path / "third") == lines(tmp_path / "fourth")


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_export_to_lines_to_export_to_lines(source: Path, tmp_path: Path) -> None:
    """The second time, the bytes are the same."""
    convert(source, tmp_path / "1", ["jsonl"])
    found = [lines(tmp_path / "1")]
    for number in (1, 2):
        convert(
            tmp_path / str(number) / "conversations.jsonl",
            tmp_path / f"zip{number}",
            ["chatgpt"],
            options=Options(form="2026"),
        )
        export = tmp_path / f"zip{number}/chatgpt-export.zip"
        convert(export, tmp_path / str(number + 1), ["jsonl"])
        found.append(lines(tmp_path / str(number + 1)))
    assert found[1] == found[2]


def test_files_come_from_the_archive_beside(tmp_path: Path) -> None:
    source = ROOT / "fixtures/fat-2024.zip"
    everything = Options(branches="all", include=frozenset({"hidden", "tools", "reasoning"}))
    first = convert(source, tmp_path / "all", ["jsonl", "markdown"], options=everything)
    for path in (tmp_path / "all/jsonl", tmp_path / "all/jsonl/conversations.jsonl"):
        again = convert(path, tmp_path / f"out-{path.name}", ["markdown"], options=everything)
        assert again["assets"]["found"] == first["assets"]["found"]
        notes = sorted((tmp_path / f"out-{path.name}").glob("20*/*.md"))
        assert [note.read_bytes() for note in notes] == [
            note.read_bytes() for note in sorted((tmp_path / "all/markdown").glob("20*/*.md"))
        ]


def test_a_folder_of_gptexit_exit_is_a_source(tmp_path: Path) -> None:
    assert command.gptexit("exit", SLIM, "-o", tmp_path / "gone").returncode == 0
    report = convert(tmp_path / "gone", tmp_path / "zip", ["chatgpt"])
    assert report["read"]["conversations"] == CHATS
    assert report["assets"]["found"] > 0


def test_a_pipe_of_lines(tmp_path: Path) -> None:
    convert(SLIM, tmp_path, ["jsonl"])
    done = command.gptexit("convert", "-", "--to", "jsonl", "-o", "-", stdin=lines(tmp_path))
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == CHATS


def test_lines_and_an_export_together_are_refused(tmp_path: Path) -> None:
    convert(SLIM, tmp_path, ["jsonl"])
    with pytest.raises(NotAnExport, match="one after the other"):
        open_source([tmp_path / "conversations.jsonl", SLIM])


def test_the_library_reads_lines_too(tmp_path: Path) -> None:
    convert(SLIM, tmp_path, ["jsonl"])
    with gptexit.open(tmp_path / "conversations.jsonl") as source:
        assert len(list(source)) == CHATS


def read_lines(data: bytes, tmp_path: Path) -> list[tuple[str, Any]]:
    path = tmp_path / "odd.jsonl"
    path.write_bytes(b'{"version":1,"id":"' + b"first" + b'"}\n' + data)
    with open_source([path]) as source:
        return list(source.neutral(ReadStats()))


def test_bad_lines_cost_only_themselves(tmp_path: Path) -> None:
    convert(SLIM, tmp_path, ["jsonl"])
    good = lines(tmp_path).splitlines()
    whole = orjson.loads(good[0])
    cycle = deepcopy(whole)
    cycle["messages"][0]["parent"] = cycle["messages"][-1]["id"]
    newer = {**whole, "version": 99}
    lost = {**whole, "current": "nobody"}
    odd: list[Any] = [cycle, newer, lost, [], {"id": 7}]
    bad = [*map(dumps, odd), b"{cut"]
    found = read_lines(b"\n".join([*bad, *good]), tmp_path)
    faults = [each for _, each in found if isinstance(each, Loss)]
    assert [fault.where.rpartition(" ")[2] for fault in faults] == list("1234567")
    assert len(found) - len(faults) == len(good)
    report = convert(tmp_path / "odd.jsonl", tmp_path / "out")
    assert report["exit_code"] == 1
    assert len(report["read"]["unreadable"]) == 7


@settings(max_examples=60)
@given(st.lists(JSON, max_size=3), any_conversations())
def test_no_line_whatever_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, odd: list[Any], raw: dict[str, Any]
) -> None:
    neutral: Any = read_conversation(raw, Account(), ReadStats())
    for name, value in zip(("messages", "assets", "current"), odd, strict=False):
        neutral = {**neutral, name: value}
    folder = tmp_path_factory.mktemp("lines")
    path = folder / "odd.jsonl"
    path.write_bytes(b'{"version":1,"id":""}\n' + dumps(neutral) + b"\n")
    report = convert(path, folder / "out", ["markdown", "jsonl"])
    named = len(report["read"]["unreadable"])
    assert report["targets"][1]["conversations"] + named >= 2
    json.dumps(report)


def test_standard_input_is_looked_at_and_not_read(tmp_path: Path) -> None:
    stream = io.BufferedReader(io.BytesIO(b'[{"title": "x", "mapping": {}, "id": "a"}]'))
    with open_source(["-"], stream) as source:
        assert [where for where, _ in source.neutral(ReadStats())]
