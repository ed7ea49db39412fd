"""The commands to copy that a command answers a mistake with."""

from __future__ import annotations

from pathlib import Path

import pytest

from gptexit.cli.choices import choices_of
from gptexit.errors import Choice, NoSuchSource, NotAnExport
from support.command import gptexit
from support.packing import read, text_of, write, zip_of

CHATS = zip_of({"conversations.json": text_of("a")})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a home folder of its own beside."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def missing(path: str) -> NoSuchSource:
    error = NoSuchSource("it does not exist.")
    error.given = (path,)
    return error


def commands(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip().startswith("gptexit ")]


def test_a_misspelled_name_is_answered_with_the_command(here: Path) -> None:
    write(here / "an export.zip", CHATS)
    write(here / "another.zip", CHATS)
    words = ["exit", "an exprt.zip", "-o", "an exprt.zip", "--quiet"]
    first, *_ = commands(choices_of(missing("an exprt.zip"), words))
    assert first == 'gptexit exit "an export.zip" -o "an exprt.zip" --quiet'


def test_a_path_with_spaces_that_lacks_quotes_is_put_together(here: Path) -> None:
    write(here / "my chat export.zip", CHATS)
    words = ["exit", "my", "chat", "export.zip", "-o", "my"]
    assert choices_of(missing("my"), words) == [
        "A path with spaces needs quotes. The command to copy:",
        '  gptexit exit "my chat export.zip" -o my',
    ]


@pytest.mark.parametrize(
    "words", [["export.zip", "foo"], ["export.zip", "foo", "bar"], ["foo", "bar"]], ids=" ".join
)
def test_no_export_is_proposed_twice_or_for_several_words(here: Path, words: list[str]) -> None:
    write(here / "export.zip", CHATS)
    assert choices_of(missing("foo"), ["exit", *words, "--quiet"]) == []


def test_of_an_export_the_part_that_is_not_given_is_proposed(here: Path) -> None:
    for name in ("e-part-0001.zip", "e-part-0002.zip"):
        write(here / name, CHATS)
    words = ["exit", "e-part-0001.zip", "e-part-02.zip"]
    assert commands(choices_of(missing("e-part-02.zip"), words)) == [
        "gptexit exit e-part-0001.zip e-part-0002.zip"
    ]


def test_no_export_is_proposed_where_the_archive_is_not_there(here: Path) -> None:
    for name in ("export.zip", "other.zip"):
        write(here / name, CHATS)
    assert choices_of(missing("out"), ["verify", "out", "export.zip"]) == []


def test_a_file_of_a_similar_name_is_told_though_it_is_no_export(here: Path) -> None:
    write(here / "chatgpt-export.zip", CHATS[:60])
    lines = choices_of(missing("chatgpt-exports.zip"), ["inspect", "chatgpt-exports.zip"])
    assert lines[1:] == ["  a similar name:", "    gptexit inspect chatgpt-export.zip"]


def test_the_downloads_are_looked_into_and_nothing_is_said_of_nothing(here: Path) -> None:
    assert choices_of(missing("x.zip"), ["exit", "x.zip"]) == []
    there = write(here.parent / "home/Downloads/export.zip", CHATS)
    assert commands(choices_of(missing("x.zip"), ["exit", "x.zip"])) == [f"gptexit exit {there}"]


@pytest.mark.parametrize("left", ["chatgpt-exit/.gptexit/archive.json", ".git/HEAD"])
def test_a_home_folder_is_answered_with_the_exports_in_its_downloads(here: Path, left: str) -> None:
    home = here.parent / "home"
    there = write(home / "Downloads/export.zip", CHATS)
    write(home / "Downloads" / left, b"{}")
    write((home / "Downloads" / left).parent.parent / "jsonl/conversations.jsonl", b"{}")
    with pytest.raises(NotAnExport, match="holds ZIP files, but no conversations") as caught:
        read(home)
    lines = choices_of(caught.value, ["exit", str(home)])
    assert commands(lines) == [f"gptexit exit {there}"]


def test_all_parts_take_the_place_of_what_was_given() -> None:
    error = NotAnExport("no export").with_choices(
        ["dl"], [Choice(("a-1.zip", "a-2.zip"), "2 parts"), Choice(("\x1b[2J.zip",), "odd")]
    )
    assert commands(choices_of(error, ["convert", "dl/", "--to", "jsonl"])) == [
        "gptexit convert a-1.zip a-2.zip --to jsonl",
    ]


@pytest.mark.parametrize("words", [["-o", "x"], ["-ox"], ["--output=x"], ["--output", "x"], []])
def test_another_folder_takes_the_place_of_the_one_that_was_given(words: list[str]) -> None:
    error = NotAnExport("other account").with_choices((), [Choice((), "its own", "x-2")])
    assert commands(choices_of(error, ["exit", "a.zip", *words])) == ["gptexit exit a.zip -o x-2"]


def test_only_some_are_shown() -> None:
    error = NotAnExport("many").with_choices(["d"], [Choice((f"{n}",), "one") for n in range(9)])
    lines = choices_of(error, ["exit", "d"])
    assert len(commands(lines)) == 5
    assert lines[-1] == "  … and 4 more"


@pytest.mark.slow
def test_a_command_prints_them_below_its_error(here: Path) -> None:
    write(here / "export.zip", CHATS)
    done = gptexit("exit", "exprt.zip")
    assert done.returncode == 3
    said = done.stderr.decode().splitlines()
    assert said[0] == ("Error: exprt.zip does not exist: check the spelling of the path.")
    assert commands(said) == ["gptexit exit export.zip"]
