"""What is typed wrongly is answered in a sentence or two, with what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from gptexit import __version__
from gptexit.cli import main
from gptexit.cli.usage import sentence
from gptexit.errors import Exit
from support.command import gptexit
from support.exports import ROOT
from support.packing import unpack, write

SLIM = str(ROOT / "fixtures/slim-2026.zip")


def refused(*words: str) -> str:
    """Return the sentence with which a command line is refused."""
    with pytest.raises(click.ClickException) as raised:
        main(list(words), prog_name="gptexit", standalone_mode=False)
    return sentence(raised.value)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), prog_name="gptexit")


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("exprt", "did you mean gptexit convert?"),
        ("verfy", "did you mean gptexit verify?"),
        ("find x", "did you mean gptexit search?"),
        ("frobnicate", "gptexit --help lists the commands."),
        ("help exti", "did you mean gptexit exit?"),
        ("convert x.zip --to md", "--to: there is no format “md”; did you mean markdown?"),
        ("convert x.zip --to json", "did you mean jsonl?"),
        ("convert x.zip --to Obsidian", "did you mean markdown?"),
        ("convert x.zip --to claud", "did you mean claude?"),
        ("convert x.zip --to txt", "the nearest is markdown"),
        ("convert x.zip --to notion", "Notion imports Markdown files"),
        ("convert x.zip --to frobnicate", "choose one of markdown, html, "),
        ("convert x.zip --format jsonl", "no option --format; did you mean --to?"),
        ("formats nope", "there is no format “nope”; choose one of markdown, html, "),
        ("--quiet convert x.zip", "--quiet goes after the command: gptexit convert x.zip --quiet"),
        ("-q --to jsonl convert x", "-q goes after the command: gptexit convert x -q --to jsonl"),
        ("--nonsense convert x.zip", "there is no option --nonsense."),
        ("convert x.zip --out there", "did you mean --output?"),
        ("convert x.zip --brances all", "did you mean --branches?"),
        ("convert x.zip --branches al", "did you mean all?"),
        ("convert x.zip --include tool", "did you mean tools?"),
        ("convert x.zip --exclude titel=a", "did you mean title?"),
        ("convert x.zip --exclude title", "is not WHAT=VALUE; give one of title=…"),
        ("convert x.zip --redact secret", "did you mean secrets?"),
        ("exit x.zip --for claud", "there is no place “claud”; did you mean claude?"),
        ("exit x.zip --for obsidian", "markdown is written anyway"),
        ("exit x.zip --for copilot", "is written anyway, and any assistant reads it"),
        ("exit x.zip --for Claude,gemini", "by itself: --for claude --for gemini"),
        ("memory x.zip --for chatgtp", "there is no place “chatgtp”"),
        ("inspect x.zip --format cvs", "did you mean csv?"),
        ("convert x.zip --jobs many", "--jobs: 'many' is not taken; give a number from 1 to 256."),
        ("convert x.zip --jobs 999", "--jobs: 999 is not taken; give a number from 1 to 256."),
        ("search x --offset -1", "--offset: -1 is not taken; give a number from 0 on."),
        ("formats md", "did you mean markdown?"),
        ("convert", "SOURCE... is missing, as in: gptexit convert chatgpt-export.zip"),
        (
            "verify",
            "the path of the archive is missing, as in: gptexit verify chatgpt-export.zip",
        ),
        ("convert x.zip -o", "-o needs a value after it. See gptexit convert --help."),
        ("formats markdown jsonl", "one word too many: jsonl"),
    ],
)
def test_what_may_be_meant_is_said(words: str, answer: str) -> None:
    assert answer in refused(*words.split())


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("no.zip", "no.zip does not exist: check the spelling of the path."),
        ("exit no.zip --for Claude", "no.zip does not exist"),
        ("https://example.org/a.zip", "this is a web address, and gptexit opens no connection"),
        ("verify nonexist", "nonexist does not exist"),
    ],
)
def test_a_source_that_is_not_there_is_called_so(words: str, answer: str) -> None:
    done = run(*words.split())
    assert done.exit_code != 0
    assert answer in done.stderr


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["-o", ""], "the name of the folder is missing"),
        (["-o", SLIM], f"{SLIM} is a file; give a folder, such as {SLIM[:-4]}."),
        (["-o", "x.jsonl", "--to", "jsonl"], "For a single file: convert … --to jsonl -o -"),
        (["-o", "out.zip"], "give one, such as out."),
        (["-o", "-"], "give one of jsonl, claude-api, gemini-api, messages, sharegpt with --to"),
        (["-o", "-", "--to", "jsonl", "--json"], "only one thing goes to standard output"),
        (["-o", "-", "--to", "jsonl", "--dry-run"], "leave out -o -"),
        (["-o", "-", "--to", "jsonl", "--check"], "--check compares the files of a folder"),
        (["--report", "none/r.json"], "there is no folder none; make it, or name another one."),
        (["--report", "."], ". is a folder; give the name of a file in it."),
        (["--report", ""], "the name of the file is missing"),
    ],
)
def test_where_nothing_can_be_written_is_said_before_the_work(
    words: list[str], answer: str, tmp_path: Path
) -> None:
    assert answer in refused("convert", SLIM, *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("convert e.zip --report e.zip", "e.zip exists already, and gptexit did not write it."),
        ("convert e.zip --dry-run --report e.zip", "e.zip exists already"),
        ("convert --report notes.md e.zip", "notes.md exists already"),
        ("convert unpacked --report unpacked/r.json", "is in the export unpacked"),
        ("exit e.zip --report other.json", "other.json exists already"),
        ("verify e.zip md --report md/index.md", "is in the archive"),
        ("verify md --report e.zip", "e.zip exists already"),
        ("push open-webui e.zip --url http://[::1]:9 --report e.zip", "e.zip exists already"),
        ("inspect e.zip --drift-report e.zip", "e.zip exists already"),
        ("inspect e.zip --drift-report md/new.md", "is in the archive"),
        ("inspect e.zip --write-names e.zip", "e.zip is not"),
        ("memory e.zip --json -o other.json", "other.json exists already"),
        ("memory unpacked -o unpacked/memory.md", "is in the export unpacked"),
    ],
)
def test_no_file_is_replaced_but_one_that_gptexit_wrote(
    words: str, answer: str, tmp_path: Path
) -> None:
    write(tmp_path / "e.zip", Path(SLIM).read_bytes())
    write(tmp_path / "notes.md", b"# Mine\n")
    write(tmp_path / "other.json", b'{"version": 1, "tool": {"name": "other"}}')
    unpack(tmp_path / "unpacked", {"conversations.json": b"[]"})
    unpack(tmp_path / "md", {"index.md": b"# Mine\n", ".gptexit/archive.json": b"{}"})
    before = contents(tmp_path)
    assert answer in refused(*words.split())
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "words",
    [
        "convert e.zip -o md --report FILE",
        "verify e.zip md --report FILE",
        "inspect e.zip --drift-report FILE",
        "inspect e.zip --write-names FILE",
        "memory e.zip --json -o FILE",
    ],
)
def test_a_file_that_gptexit_wrote_is_written_again(words: str, tmp_path: Path) -> None:
    write(tmp_path / "e.zip", Path(SLIM).read_bytes())
    run("convert", "e.zip", "-o", "md", "--quiet")
    write(tmp_path / "file", b"")
    for _ in range(2):
        run(*words.replace("FILE", "file").split())
        assert (tmp_path / "file").stat().st_size
        (tmp_path / "file").write_bytes((tmp_path / "file").read_bytes() + b"\n")
    done = run(*words.replace("FILE", "file").split())
    assert "exists already" not in done.stderr
    assert not (tmp_path / "file").read_bytes().endswith(b"\n\n")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("exit - ", "reads the export twice"),
        ("exit x -o -", "exit writes a folder"),
        ("exit x --topic a=b", "add --for claude."),
        ("exit x --redact secrets", "give --for too"),
        ("exit x --exclude title=a", "give --for too"),
        ("exit x --for librechat --fit chatgpt", "--fit: "),
        ("exit x --report none/r.json", "there is no folder none"),
        ("verify x --report none/r.json", "there is no folder none"),
        ("inspect x --drift-report none/r", "there is no folder none"),
        ("inspect x --write-names none/r.csv", "there is no folder none"),
        ("memory x -o none/memory.md", "there is no folder none"),
        ("memory x --json --redact secrets", "--redact is for a page"),
        ("memory x --for pam --timezone UTC", "--timezone is for a page"),
        ("memory x --for pam -o out.zip", "looks like a file"),
        ("search x --read 1 --since 2025", "--since changes nothing"),
        ("search x --read 1 word", "a search changes nothing"),
        ("search x word --from 3", "--from goes with --read"),
        ("mcp x --name other", "go with --install"),
    ],
)
def test_what_does_nothing_is_refused(words: str, answer: str) -> None:
    assert answer in refused(*words.split())


@pytest.mark.parametrize("command", ["convert", "exit"])
def test_a_folder_without_its_option_is_recognized(command: str) -> None:
    answer = refused(command, SLIM, "my-archive")
    assert answer.endswith(f"of that name: gptexit {command} {SLIM} -o my-archive")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("exit {} —for claude", "exit {} --for claude"),
        ("exit {} -for claude", "exit {} --for claude"),
        ("exit {} –for=claude -q", "exit {} --for=claude -q"),
        ("exit {} –-for claude –q", "exit {} --for claude -q"),
        ("exit —for claude {}", "exit --for claude {}"),
        ("exit {} for claude", "exit {} --for claude"),
        ("exit {} quiet", "exit {} --quiet"),
        ("convert {} to jsonl output out", "convert {} --to jsonl --output out"),
        ("inspect —json {}", "inspect --json {}"),
        ("status —json", "status --json"),
    ],
)
def test_an_option_without_its_hyphens_is_recognized(words: str, meant: str) -> None:
    assert refused(*words.format(SLIM).split()).endswith(f"to copy: gptexit {meant.format(SLIM)}")


@pytest.mark.parametrize(
    "words", [["exit", SLIM, "for"], ["exit", SLIM, "-o", "for"], ["exit", SLIM, "--names", "—for"]]
)
def test_a_folder_with_the_name_of_an_option_is_none(words: list[str], tmp_path: Path) -> None:
    Path("for").mkdir()
    assert "hyphens" not in run(*words, "--dry-run").output


@pytest.mark.parametrize("command", ["exit", "verify", "status"])
def test_help_may_come_after_its_command(command: str) -> None:
    assert run(command, "help").output.startswith(f"Usage: gptexit {command}")


def test_no_usage_stands_before_a_sentence() -> None:
    done = gptexit("convert", SLIM, "--to", "md")
    assert done.returncode == Exit.USAGE
    assert done.stderr.decode().splitlines() == [
        "Error: --to: there is no format “md”; did you mean markdown?"
    ]


def test_help_has_many_names() -> None:
    text = run("--help").output
    assert run().output == run("help").output == run("-h").output == text
    assert run().exit_code == 0
    assert run("help", "verify").output == run("verify", "-h").output
    assert run("-V").output == run("--version").output == f"gptexit, version {__version__}\n"


def test_a_file_in_the_place_of_a_command_is_left_with(tmp_path: Path) -> None:
    done = run(SLIM, "-q", "-o", "here")
    assert done.exit_code == 0, done.output
    assert done.stderr == f"You gave no command, so gptexit runs: gptexit exit {SLIM} -q -o here\n"
    assert (tmp_path / "here/START-HERE.md").is_file()


def test_verify_takes_the_archive_first_too(tmp_path: Path) -> None:
    assert run("convert", SLIM, "-o", "here", "-q").exit_code == 0
    done = run("verify", "here", SLIM)
    assert done.exit_code == 0
    assert done.stderr == (f"The archive comes last, so gptexit runs: gptexit verify {SLIM} here\n")
    assert "compared with slim-2026.zip" in done.stdout


@pytest.mark.parametrize("formats", [["markdown", "jsonl"], ["markdown"]], ids="+".join)
def test_verify_takes_the_folder_of_several_archives_first_too(
    formats: list[str], tmp_path: Path
) -> None:
    out = str(tmp_path / "out")
    run("convert", SLIM, *(word for name in formats for word in ("--to", name)), "-o", out)
    done = run("verify", out, SLIM)
    assert done.exit_code == Exit.COMPLETE
    assert f"so gptexit runs: gptexit verify {SLIM} {out}" in done.stderr


def test_search_takes_the_archive_last_too(tmp_path: Path) -> None:
    assert run("convert", SLIM, "--to", "sqlite", "-o", "here", "-q").exit_code == 0
    done = run("search", "bicycle", "here")
    assert done.exit_code == 0
    assert done.stderr == "The archive comes first, so gptexit runs: gptexit search here bicycle\n"
    assert done.stdout == run("search", "here", "bicycle").stdout


def test_push_takes_the_app_last_too_and_knows_it() -> None:
    url = ["--url", "http://127.0.0.1:1"]
    for words in ([SLIM, "open-webui"], [SLIM]):
        done = run("push", *words, *url)
        assert f"so gptexit runs: gptexit push open-webui {SLIM} …" in done.stderr
    assert "did you mean open-webui?" in refused("push", "openwebui", SLIM, *url)
    assert "the export is missing" in refused("push", "open-webui", *url)


@pytest.mark.parametrize("words", [["--since", "2030"], ["--title", "nosuch"], ["--id", "wrong"]])
def test_a_selection_that_matches_nothing_says_so(words: list[str], tmp_path: Path) -> None:
    done = run("convert", SLIM, "-o", "here", "-q", *words)
    assert done.exit_code == Exit.NOTHING_SELECTED
    assert done.stderr == (
        f"No conversation matches {' '.join(words)}. The export has 23 conversations, from "
        "2024-12-08 to 2026-08-22. Nothing was written.\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["markdown", "jsonl", "sqlite", "claude", "chatgpt"])
def test_a_selection_that_matches_nothing_leaves_an_archive_alone(
    name: str, tmp_path: Path
) -> None:
    assert run("convert", SLIM, "-o", "here", "--to", name, "-q").exit_code == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    again = run("convert", SLIM, "-o", "here", "--to", name, "-q", "--title", "nosuch")
    assert again.exit_code == Exit.NOTHING_SELECTED
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def test_verbose_says_what_is_read_and_what_is_left_out() -> None:
    done = run("convert", SLIM, "-o", "here", "-q", "-v", "--exclude", "title=receipts")
    assert "Reading conversations of slim-2026.zip: conversations-000.json" in done.stderr
    assert "Left out by --exclude title: Receipts from the fair" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["gptexit", "con"], ["plain,convert"]),
        (["gptexit", "convert", "--to", "mark"], ["plain,markdown"]),
        (["gptexit", "convert", "--dry"], ["plain,--dry-run"]),
        (["gptexit", "exit", "--for", "libre"], ["plain,librechat"]),
        (["gptexit", "convert", "x"], ["file,x"]),
        (["gptexit", "help", "ver"], ["plain,verify"]),
    ],
)
def test_a_shell_completes(words: list[str], completed: list[str]) -> None:
    asked = {
        "_GPTEXIT_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = gptexit(env=asked)
    assert done.stdout.decode().split() == completed
    assert done.stderr == b""


def test_the_file_for_bash_completes(tmp_path: Path) -> None:
    command = tmp_path / "gptexit"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gptexit "$@"\n')
    command.chmod(0o755)
    script = (
        f"source {ROOT}/completions/gptexit.bash; COMP_WORDS=(gptexit inspe); COMP_CWORD=1; "
        '_gptexit_completion gptexit; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("inspect\n", "")
