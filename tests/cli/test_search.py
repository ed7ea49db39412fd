"""`gptexit search`, as a person at a terminal has it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from gptexit import convert
from gptexit.cli import main
from gptexit.text.json import dumps
from gptexit.text.terminal import columns
from support.build import chain, conversation, message

BELL = "\x1b]0;owned\x07\x1b[31m"
SHOP = conversation(
    chain(
        message("user", f"Postgres {BELL}or SQLite? " + "and words that go on " * 30),
        message("assistant", "SQLite.\n\n```\nselect  1\n```", create_time=1740000060.25),
    ),
    conversation_id="5afe0000-0000-4000-8000-000000000001",
    title=f"A shop{BELL}",
)
WALK = conversation(
    chain(message("user", "天気はどうですか、" * 30), message("assistant", "Sunny")),
    conversation_id="5afe1111-0000-4000-8000-000000000001",
    title="Walk",
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    (folder / "conversations.json").write_bytes(dumps([SHOP, WALK]))
    convert(folder / "conversations.json", folder / "both", ["sqlite", "markdown"])
    convert(folder / "conversations.json", folder / "alone", ["sqlite"])
    return folder


def search(*arguments: Path | str, color: bool = False) -> Result:
    line = ["search", *map(str, arguments)]
    return CliRunner().invoke(main, line, color=color, env={"COLUMNS": "80"})


def test_a_hit_has_title_date_passage_and_the_way_to_it(archive: Path) -> None:
    found = search(archive / "both", "postgres", "--timezone", "UTC")
    assert found.exit_code == 0
    lines = found.output.splitlines()
    assert lines[0].startswith("1. A shop")
    assert lines[1] == "   19 February 2025 · You"
    assert "Postgres" in lines[2]
    assert lines[-3].strip() == str(archive / "both/markdown/2025/2025-02-19-a-shop-0-owned-31m.md")
    assert lines[-1] == "1 conversation, 1 hit."


def test_without_notes_the_command_that_reads_it_is_shown_and_works(archive: Path) -> None:
    found = search(archive / "alone", "sqlite.", "--role", "assistant")
    command = found.output.splitlines()[-3].strip()
    words = shlex.split(command)
    assert words[:2] == ["gptexit", "search"]
    assert words[3:] == ["--read", "5afe0000", "--from", "2"]
    read = search(*words[2:], "--timezone", "UTC")
    assert read.output.splitlines()[2] == "ChatGPT, 19 February 2025, 21:21"
    assert "select  1\n" in read.output


@pytest.mark.parametrize("words", ["postgres", "天気", "sunny", ""])
def test_it_fits_into_80_columns_and_colours_what_was_found(archive: Path, words: str) -> None:
    found = search(archive / "alone", *words.split(), color=True)
    for line in found.output.splitlines():
        assert columns(click.unstyle(line)) <= 80 or "--read" in line
    if words:
        assert (
            click.style("Postgres" if words == "postgres" else words, fg="yellow", bold=True)[:8]
            in found.output
        )


def test_a_terminal_is_never_told_what_to_do(archive: Path) -> None:
    for arguments in (["postgres"], ["--read", "5afe0000"], []):
        found = search(archive / "alone", *arguments)
        assert "owned" in found.output
        assert not any(ord(sign) < 32 and sign != "\n" for sign in found.output)


def test_words_as_the_shell_gives_them(archive: Path) -> None:
    assert "1 conversation" in search(archive / "alone", "sqlite and words").output
    assert search(archive / "alone", "words sqlite").exit_code == 1  # a phrase
    assert search(archive / "alone", "sqlite", "postgres").exit_code == 0
    assert search(archive / "alone", "sqlite", "-postgres").exit_code == 0
    assert search(archive / "alone", "postgres", "-hills").exit_code == 0
    assert search(archive / "alone", "postgres", "-words").exit_code == 1


def test_where_no_message_has_all_words_the_first_line_says_so(archive: Path) -> None:
    found = search(archive / "alone", "sqlite", "postgres", "zebra")
    assert found.exit_code == 0
    assert found.output.startswith("No message has all 3 words. Each of these has at least 2.\n")
    assert json.loads(search(archive / "alone", "sqlite", "zebra", "--json").output)["partial"] == [
        1,
        2,
    ]
    assert json.loads(search(archive / "alone", "sqlite", "--json").output)["partial"] is None


def test_exit_codes(archive: Path) -> None:
    assert search(archive / "alone", "zebra").exit_code == 1
    assert "Nothing found. Try" in search(archive / "alone", "zebra").output
    assert search("-h").output == search("--help").output
    for wrong in (
        ["-words"],
        ["x", "--since", "soon"],
        ["x", "--project", "none"],
        ["x", "--no-such-option"],
        ["--read", "none"],
        ["--read", "5afe"],
        ["x" * 5000],
    ):
        found = search(archive / "alone", *wrong)
        assert found.exit_code == 2, wrong
        assert "Traceback" not in found.output
    found = search(archive, "x")
    assert found.exit_code == 2
    assert "--to sqlite" in found.output


def test_json(archive: Path) -> None:
    found = json.loads(search(archive / "alone", "postgres", "--json").output)
    assert found["conversations"] == found["messages"] == 1
    (hit,) = found["hits"]
    assert hit["conversation"] == SHOP["conversation_id"]
    assert "**Postgres**" in hit["marked"]
    assert "Postgres" in hit["snippet"]
    spans = search(archive / "alone", "--read", "5afe1", "--json").output.splitlines()
    assert [message["text"] for message in json.loads(spans[0])["messages"]][1] == "Sunny"


def test_hits_of_one_conversation_and_pages(archive: Path) -> None:
    found = search(archive / "alone", "sqlite", "--id", "5afe0", "--limit", "1")
    assert "Go on with --offset 1." in found.output
    again = search(archive / "alone", "sqlite", "--id", "5afe0", "--limit", "1", "--offset", "1")
    assert again.output != found.output
    assert "Go on" not in again.output
    last = search(archive / "alone", "sqlite", "--offset", "9")
    assert "There are no more results." in last.output


def test_dates_are_of_the_persons_time_zone(archive: Path) -> None:
    day = ["--since", "2025-02-20", "--until", "2025-02-20"]
    assert search(archive / "alone", "postgres", *day, "--timezone", "UTC").exit_code == 1
    assert search(archive / "alone", "postgres", *day, "--timezone", "Asia/Tokyo").exit_code == 0
    assert search(archive / "alone", "postgres", "--since", "2025-03").exit_code == 1
    assert search(archive / "alone", "postgres", "--until", "2025").exit_code == 0
