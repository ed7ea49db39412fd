"""`gptexit validate` says once what a wrong file is, and names the lines of a damaged one."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from gptexit.cli import main
from support.packing import PNG, text_of, write, zip_of


def validate(path: str, capsys: pytest.CaptureFixture[str]) -> tuple[object, str, str]:
    code = main(["validate", path], standalone_mode=False)
    said = capsys.readouterr()
    return code or 0, said.out, said.err


WRONG = {
    "a ZIP": (zip_of({"conversations.json": text_of("a")}), "is a ZIP"),
    "a note": (b"---\ntitle: x\n---\n\n# x\n\n" * 50, "holds no JSON"),
    "an array": (b'[\n{"a": 1},\n{"b": 2}\n]\n', "is one JSON array"),
    "an array on one line": (text_of(*map(str, range(900))), "is one JSON array"),
    "a report": (b'{\n  "version": 2,\n  "a": 1\n}\n', "is one JSON object over several lines"),
    "nothing": (b"", "is empty"),
    "white space": (b"\n\n", "is empty"),
    "a picture": (PNG, "is a picture, a video or a recording"),
    "a database": (b"SQLite format 3\0" + bytes(5000), "is an SQLite database"),
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("piped", [False, True])
def test_a_wrong_file_is_told_once(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    piped: bool,
) -> None:
    data, words = WRONG[kind]
    path = str(write(tmp_path / "x.jsonl", data))
    if piped:
        # BytesIO has no `peek`, and standard input has.
        buffer: Any = io.BufferedReader(io.BytesIO(data))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(buffer))
    code, out, err = validate("-" if piped else path, capsys)
    assert (code, out) == (2, "")
    name = "standard input" if piped else path
    assert err.startswith(f"Error: {name} {words}")
    assert "gptexit convert EXPORT --to jsonl" in err
    assert len(err.splitlines()) == 1


def test_a_path_that_is_no_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = validate(str(tmp_path / "no.jsonl"), capsys)
    assert (code, "does not exist" in err, "Usage" in err) == (2, True, False)
    code, _, err = validate(str(tmp_path), capsys)
    assert (code, "is a folder: give a file" in err) == (2, True)
    inner = write(tmp_path / "jsonl/conversations.jsonl", b"{}")
    code, _, err = validate(str(tmp_path), capsys)
    assert f"gptexit validate {inner}" in err


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b'{"id": 1}\nnonsense\n', ["line 1", "line 2"]),
        (b'nonsense\n{"id": 1}\n', ["line 1", "line 2"]),
        (b'{"id": "' + b"x" * 200_000, ["line 1"]),
    ],
)
def test_the_lines_of_a_damaged_file_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, lines: list[str]
) -> None:
    code, out, _ = validate(str(write(tmp_path / "x.jsonl", data)), capsys)
    assert code == 1
    assert all(f"{line}: " in out for line in lines)
