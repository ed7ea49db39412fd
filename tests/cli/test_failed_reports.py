"""A report is written also of a run that an error ends, for the script that started it."""

from __future__ import annotations

from pathlib import Path

import click
import orjson
import pytest

from gptexit.archive.lock import owning
from gptexit.cli import main
from gptexit.cli.summary import reported
from gptexit.errors import Closed, GptexitError
from gptexit.schemas import errors
from support.packing import text_of, write, zip_of


def run(*words: Path | str) -> None:
    """Run the command line in this process, as far as its errors go."""
    main([str(word) for word in words], standalone_mode=False)


def report_of(path: Path, code: int) -> str:
    report = orjson.loads(path.read_bytes())
    assert list(errors("report", report)) == []
    assert (report["complete"], report["exit_code"]) == (False, code)
    sentence: str = report["error"]
    return sentence


@pytest.mark.parametrize("command", ["convert", "push"])
def test_a_source_that_is_none_is_reported(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPEN_WEBUI_API_KEY", "sk-none")
    picture = write(tmp_path / "x.jpg", b"\xff\xd8\xff\xe0 JFIF")
    words: tuple[Path | str, ...] = ("convert", "-o", tmp_path / "out")
    if command == "push":
        words = ("push", "open-webui", "--url", "http://127.0.0.1:9")
    run(*words, picture, "--report", tmp_path / "r.json")
    assert report_of(tmp_path / "r.json", 3).startswith(f"{picture} is a picture")


def test_a_folder_that_another_run_has_is_reported(tmp_path: Path) -> None:
    export = write(tmp_path / "e.zip", zip_of({"conversations.json": text_of("a")}))
    with owning(tmp_path / "out"):
        run("convert", export, "-o", tmp_path / "out", "--report", tmp_path / "r.json")
    assert "another run" in report_of(tmp_path / "r.json", 6)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), 1),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("x"), 70),
        (click.UsageError("odd"), 2),
        (GptexitError("odd"), 2),
    ],
)
def test_every_end_is_reported(tmp_path: Path, error: BaseException, code: int) -> None:
    with pytest.raises(type(error)), reported(str(tmp_path / "r.json"), ["a.zip", "b.zip"]):
        raise error
    assert report_of(tmp_path / "r.json", code)
    assert orjson.loads((tmp_path / "r.json").read_bytes())["source"]["label"] == "a.zip, b.zip"


@pytest.mark.parametrize("error", [Closed(), click.exceptions.Exit(0)])
def test_a_run_that_ends_well_or_wants_none_has_no_such_report(
    tmp_path: Path, error: Exception
) -> None:
    for path in (str(tmp_path / "r.json"), None):
        with pytest.raises(type(error)), reported(path, []):
            raise error
    with pytest.raises(ZeroDivisionError), reported(None, []):
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), reported(str(tmp_path / "no/r.json"), []):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
