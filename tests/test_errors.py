"""One family of errors: each has a sentence and an exit code, and the command line prints it."""

from __future__ import annotations

import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import gptexit
from gptexit import errors
from gptexit.cli import main
from gptexit.errors import Exit, GptexitError

SIGNALS = {
    *("AnotherCopy", "Apart", "AssetUnreadable", "Closed", "NoData", "Refused", "Taken"),
    *("OnlyInOrder", "Unreadable"),
}
"""Exceptions that are caught inside of gptexit and tell its parts something."""


def exceptions_of_gptexit() -> Iterator[type[Any]]:
    """Yield each public class of an exception that a module of gptexit defines."""
    for module in pkgutil.walk_packages(gptexit.__path__, "gptexit."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            raised = inspect.isclass(value) and issubclass(value, Exception)
            if raised and value.__module__ == module.name and not name.startswith("_"):
                yield value


def test_every_error_for_a_caller_is_of_the_family() -> None:
    others = {kind for kind in exceptions_of_gptexit() if not issubclass(kind, GptexitError)}
    outside = {kind.__name__ for kind in others if not issubclass(kind, OSError)}
    assert outside - SIGNALS == {"NotAnArray"}
    assert SIGNALS - outside == set()


def test_the_family_stands_in_the_picture() -> None:
    family = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, GptexitError)
    }
    assert len(family) > 20
    words = errors.__doc__.split()
    assert family - set(words) == set()


def test_an_error_goes_from_one_process_to_another() -> None:
    there = pickle.loads(pickle.dumps(errors.NotAnExport("It is a song.", "Give an export.")))
    assert str(there) == "It is a song. Give an export."
    assert (there.sentence, there.advice) == ("It is a song.", "Give an export.")


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["convert", "{song}"], Exit.NOT_AN_EXPORT, "song.mp3"),
        (["inspect", "{song}"], Exit.NOT_AN_EXPORT, "song.mp3"),
        (["memory", "{song}", "-o", "{out}"], Exit.NOT_AN_EXPORT, "song.mp3"),
        (["exit", "{song}", "-o", "{out}"], Exit.NOT_AN_EXPORT, "song.mp3"),
        (["verify", "{song}", "{out}"], Exit.NOT_AN_EXPORT, "song.mp3"),
        (["verify", "{folder}"], Exit.USAGE, "no archive"),
        (["search", "{folder}", "lighthouse"], Exit.USAGE, "Make one from the export"),
        (["mcp", "{folder}"], Exit.USAGE, "Make one from the export"),
    ],
)
def test_every_command_ends_with_the_sentence_and_its_code(
    tmp_path: Path, command: list[str], code: Exit, words: str
) -> None:
    (tmp_path / "song.mp3").write_bytes(b"ID3\x03 la la la")
    (tmp_path / "folder").mkdir()
    places = {name: tmp_path / name for name in ("out", "folder")}
    places["song"] = tmp_path / "song.mp3"
    done = CliRunner().invoke(main, [word.format_map(places) for word in command])
    assert done.exit_code == code
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert words in line
