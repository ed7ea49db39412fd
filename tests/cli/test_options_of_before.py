"""An archive written again with options that show less than those of the run before."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from gptexit.archive.description import record_of
from gptexit.cli import main
from gptexit.schemas import errors
from support.exports import ROOT

SLIM = str(ROOT / "fixtures/slim-2026.zip")


def run(*words: str) -> Result:
    done = CliRunner().invoke(main, list(words), prog_name="gptexit")
    assert done.exit_code == 0, done.output
    return done


def options_of(out: Path) -> Any:
    options = record_of(out)["options"]
    return options["branches"], options["include"]


def test_what_leaves_the_notes_is_told_with_the_command_that_keeps_it(tmp_path: Path) -> None:
    out, report = tmp_path / "out", tmp_path / "report.json"
    run("convert", SLIM, "-o", str(out), "--branches", "all", "--include", "tools")
    done = run("convert", SLIM, "-o", str(out), "--include", "hidden", "--report", str(report))
    words = ["--branches", "all", "--include", "tools"]
    told = next(line for line in done.stdout.splitlines() if " was written with " in line)
    assert told.startswith(f"{out} was written with {' '.join(words)}; without that")
    data = orjson.loads(report.read_bytes())
    assert list(errors("report", data)) == []
    assert data["targets"][0]["earlier"]["options"] == words
    run(*shlex.split(told.partition("To keep it: ")[2])[1:])
    assert options_of(out) == ("all", ["hidden", "tools"])


@pytest.mark.parametrize(
    ("format", "before", "now"),
    [
        ("markdown", [], []),
        ("markdown", ["--include", "none"], []),
        ("markdown", ["--include", "tools"], ["--include", "tools,hidden"]),
        ("markdown", ["--layout", "flat"], []),
        ("jsonl", ["--branches", "all"], []),
    ],
)
def test_nothing_is_told_where_no_text_leaves(
    tmp_path: Path, format: str, before: list[str], now: list[str]
) -> None:
    line = ["convert", SLIM, "--to", format, "-o", str(tmp_path / "out")]
    run(*line, *before)
    assert "was written with" not in run(*line, *now).output


def test_an_exit_names_the_command_for_its_notes(tmp_path: Path) -> None:
    notes = str(tmp_path / "out/markdown")
    run("convert", SLIM, "-o", notes, "--include", "tools")
    told = run("exit", SLIM, "-o", str(tmp_path / "out")).stdout
    assert f"To keep it: gptexit convert {SLIM} -o {notes} --include tools\n" in told
