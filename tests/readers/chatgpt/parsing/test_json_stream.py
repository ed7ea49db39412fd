from __future__ import annotations

import io
import subprocess
import sys
import tracemalloc
from pathlib import Path

import ijson
import pytest

import gptexit
from gptexit.readers.chatgpt.parsing import json_stream as rows
from support.packing import text_of, write, zip_of

DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("text", "items"),
    [
        (b'[1, "a", {"x": [1, {"y": []}], "z": null}, [], {}, null, [[2]]]', "item"),
        (b"[]", "item"),
        (b'{"a": [1]}', ""),
        (b"7", ""),
    ],
)
def test_the_items_of_an_array(text: bytes, items: str) -> None:
    wanted = list(ijson.items(io.BytesIO(text), items)) if items else []
    assert list(rows.items(io.BytesIO(text))) == wanted


@pytest.mark.slow
@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "1e999", "NaN"])
def test_a_number_that_no_computer_holds_ends_the_reading_and_no_more(
    tmp_path: Path, number: str
) -> None:
    """In a process of its own: it was a segmentation fault."""
    text = f'[{{"id": "a", "rating": "thumbs_up", "x": {number}}}]'.encode()
    sides = dict.fromkeys(("library_files.json", "message_feedback.json"), text)
    write(tmp_path / "e.zip", zip_of({"conversations.json": text_of("a"), **sides}))
    command = [sys.executable, "-m", "gptexit", "convert", "e.zip", "--to", "jsonl", "-o", "-"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert done.stdout.count(b"\n") == 1


def test_the_pairs_of_an_object() -> None:
    text = b'{"a": 1, "b": {"c": 2}, "d": [1, [2]], "a": "again", "e": {}}'
    wanted = [("a", 1), ("b", {"c": 2}), ("d", [1, [2]]), ("a", "again"), ("e", {})]
    assert list(rows.pairs(io.BytesIO(text))) == wanted
    assert list(rows.pairs(io.BytesIO(b'[{"a": 1}]'))) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["library_files.json", "message_feedback.json"])
def test_a_side_file_that_nests_without_end_takes_no_memory(tmp_path: Path, name: str) -> None:
    members = {"conversations.json": text_of("a"), name: b"[1," + DEEP + b"]"}
    source = write(tmp_path / "e.zip", zip_of(members))
    tracemalloc.start()
    try:
        report = gptexit.convert(source, tmp_path / "out", ["jsonl"])
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 50_000_000
    assert report["read"]["conversations"] == 1
    (loss,) = report["read"]["unreadable"]
    assert "nested too deep" in loss["reason"]


@pytest.mark.parametrize("text", [b"[1,", b'["\xff"]', b"[1e999]", b"[1][2]", b"", b"nonsense"])
def test_a_reason_is_one_line(text: bytes) -> None:
    with pytest.raises(rows.ERRORS) as caught:
        list(rows.items(io.BytesIO(text)))
    reason = rows.reason(caught.value)
    assert reason
    assert "\n" not in reason
    assert "b'" not in reason
