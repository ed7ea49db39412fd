"""`gptexit verify` and `gptexit exit`, as a person meets them."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import orjson
import pytest
from markdown_it import MarkdownIt

from gptexit.exit_page import DESTINATIONS
from gptexit.schemas import errors
from support.command import gptexit
from support.exports import FIXTURES, ROOT

pytestmark = pytest.mark.slow

SLIM = ROOT / "fixtures/slim-2026.zip"
FIGURES = json.loads((ROOT / "fixtures/figures.json").read_text())


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder that `gptexit exit` wrote, and what it printed."""
    out = tmp_path_factory.mktemp("exit") / "out"
    done = gptexit("exit", SLIM, "-o", out, "--timezone", "UTC")
    assert done.returncode == 0, done.stderr
    return out, done.stdout.decode()


def test_exit_writes_everything_and_says_so(left: tuple[Path, str]) -> None:
    out, said = left
    assert f"Now open {out}/START-HERE.html." in said
    assert "Yes, you have all that OpenAI gave you. But 4 files" in said.splitlines()[-1]
    assert "asked for on 30 August 2026, and the last change in it is of 22" in said
    assert "What you wrote later is not in it." in said
    assert "Notes show the 79 messages that you can see in ChatGPT" in said
    for nothing in ("nothing redacted", "unchanged", "None"):
        assert nothing not in said
    assert {path.name for path in out.iterdir()} == {
        "START-HERE.html",
        "html",
        *(".gptexit", "START-HERE.md", "account", "jsonl", "markdown", "report.json"),
    }
    report = orjson.loads((out / "report.json").read_bytes())
    assert list(errors("report", report)) == []


def test_exit_writes_for_where_one_is_going_too(tmp_path: Path) -> None:
    asked = [word for place in DESTINATIONS for word in ("--for", place)]
    done = gptexit("exit", SLIM, "-o", tmp_path / "out", *asked)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out/START-HERE.md").read_text()
    for place in DESTINATIONS.values():
        assert (tmp_path / "out" / place.here).is_file()
        assert f"`{place.here}`" in page
    assert gptexit("search", tmp_path / "out", "receipts").returncode == 0
    for step in (
        "To move to Claude**, do what `claude/START-HERE.md` says",
        f"`gptexit mcp --install claude-desktop --write {tmp_path / 'out'}`",
    ):
        assert step in page
    assert "--for" not in page  # it is all there


def test_what_is_said_to_be_written_is_what_is_there(tmp_path: Path) -> None:
    done = gptexit("exit", SLIM, "-o", tmp_path / "out", "--for", "claude", "--for", "gemini")
    said = done.stdout.decode()
    for name in ("claude", "gemini", "markdown"):
        files = [path for path in (tmp_path / "out" / name).rglob("*") if path.is_file()]
        files = [path for path in files if ".gptexit" not in path.parts]
        assert f"/{name}: {len(files)} files.\n" in said
        assert f"\n{name}: {len(files)} files" in said


def test_what_is_excluded_stays_in_the_archive(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = gptexit("exit", SLIM, "-o", out, "--for", "gemini", "--exclude", "title=receipts")
    assert done.returncode == 0, done.stderr
    assert b"as gemini" in done.stdout
    assert b"1 conversation left out, as you asked" in done.stdout
    assert "Receipts from the fair" in (out / "jsonl/conversations.jsonl").read_text()
    told = [path for path in (out / "gemini").iterdir() if path.is_file()]
    told += (out / "gemini/sources").iterdir()
    assert told
    assert not any("Receipts from the fair" in path.read_text() for path in told)
    with zipfile.ZipFile(out / "gemini/upload/1-of-1.zip") as sent:
        chats = orjson.loads(sent.read("conversations.json"))
    assert len(chats) == 22
    assert "Receipts from the fair" not in {chat["title"] for chat in chats}
    report = orjson.loads((out / "report.json").read_bytes())
    assert list(errors("report", report)) == []
    assert [target["left_out"] for target in report["targets"]] == [
        *({}, {}, {}),
        {"--exclude title": 1},
    ]


def test_secrets_stay_in_the_archive_even_where_they_are_redacted_in_a_pack(tmp_path: Path) -> None:
    done = gptexit("exit", SLIM, "-o", tmp_path, "--for", "claude", "--redact", "secrets")
    assert done.returncode == 0, done.stderr
    report = orjson.loads((tmp_path / "report.json").read_bytes())
    redacted = {target["format"]: target["redact"] for target in report["targets"]}
    assert redacted.pop("claude") == "secrets"
    assert redacted == dict.fromkeys(["html", "markdown", "jsonl"], "nothing")


def test_exclude_needs_a_place_to_be_excluded_from(tmp_path: Path) -> None:
    done = gptexit("exit", SLIM, "-o", tmp_path / "out", "--exclude", "title=receipts")
    assert done.returncode == 2
    assert b"give --for too" in done.stderr


def test_the_account_files_are_kept_as_they_are(left: tuple[Path, str]) -> None:
    out, _ = left
    with zipfile.ZipFile(SLIM) as archive:
        sides = {
            name: archive.read(name)
            for name in archive.namelist()
            if name.endswith(".json") and not re.search(r"(^|/)conversations[-\d]*\.json$", name)
        }
    kept = {
        path.relative_to(out / "account").as_posix(): path.read_bytes()
        for path in (out / "account").rglob("*.json")
        if ".gptexit" not in path.parts
    }
    assert kept == {name: data for name, data in sides.items() if name in kept}
    assert {"user.json", "message_feedback.json", "shared_conversations.json"} <= set(kept)


def test_the_page_answers_the_question(left: tuple[Path, str]) -> None:
    out, _ = left
    page = (out / "START-HERE.md").read_text(encoding="utf-8")
    assert "may I cancel now?\n\n**Yes, you have all that OpenAI gave you.**" in page
    note = "markdown/2026/2026-07-22-receipts-from-the-fair.md"
    assert f"second receipt.jpg in [Receipts from the fair]({note})" in page
    for path in re.findall(r"`((?:markdown|jsonl|account)/[\w./-]+|report\.json)`", page):
        assert (out / path).exists(), path
    headings = [token for token in MarkdownIt().parse(page) if token.type == "heading_open"]
    assert [token.tag for token in headings].count("h1") == 1
    titles = re.findall("^## (.+)$", page, re.M)
    assert titles[:2] == ["Do I have everything, and may I cancel now?", "Before you cancel"]
    assert titles[-1] == "What is where"
    assert page.index("may I cancel now?") < 100
    assert "EXPORT" not in page
    assert f"`gptexit memory {SLIM} --from-file answer.txt`" in page
    assert f"`gptexit verify {out}`" in page


def test_a_second_exit_changes_no_note(left: tuple[Path, str], tmp_path: Path) -> None:
    out, _ = left
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    assert gptexit("exit", SLIM, "-o", out, "--timezone", "UTC", "--quiet").stdout == b""
    after = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    changed = {path.relative_to(out).as_posix() for path in after if after[path] != before[path]}
    own = {".gptexit/manifest.jsonl", ".gptexit/archive.json", ".gptexit/times.jsonl"}
    own |= {".gptexit/checked.json"}
    assert changed <= {"report.json", *own}
    assert gptexit("verify", out).returncode == 0
    assert gptexit("verify", SLIM, out).returncode == 0


def test_an_incomplete_export_is_no_yes(tmp_path: Path) -> None:
    done = gptexit("exit", ROOT / "fixtures/dat-2026.zip", "-o", tmp_path)
    assert done.returncode == 1
    assert f"{tmp_path}/report.json lists all of it." in done.stderr.decode()
    page = (tmp_path / "START-HERE.md").read_text(encoding="utf-8")
    assert "may I cancel now?\n\n**Not yet: do not cancel.** You gave only a part" in page
    assert "Complete" not in done.stdout.decode()
    assert "conversations-002.json" in page


def test_exit_takes_no_pipe_and_no_other_file(tmp_path: Path) -> None:
    assert gptexit("exit", "-", "-o", tmp_path).returncode == 2
    wrong = gptexit("exit", __file__, "-o", tmp_path)
    assert wrong.returncode == 3
    assert wrong.stderr.startswith(b"Error: ")


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_verify_as_json(source: Path, tmp_path: Path) -> None:
    gptexit("convert", source, "-o", tmp_path, "--to", "markdown", "--to", "jsonl", "--quiet")
    done = gptexit("verify", source, tmp_path, "--json")
    result = orjson.loads(done.stdout)
    assert result["problems"] == []
    # The samples with forms that nobody knows are to be told apart from those without.
    assert done.returncode == (5 if source.stem == "fat-2024" else 0)
    assert (result["verdict"] == "complete but") == (source.stem == "fat-2024")
    assert list(errors("verification", result)) == []
    counted = {archive["format"]: archive for archive in result["archives"]}
    figures = FIGURES[source.name]
    # Beside those of its conversations: a group chat without messages, and a task of Codex of two.
    chats, messages = {"dat-2026": (1, 0), "slim-2026": (1, 2)}.get(source.stem, (0, 0))
    assert counted["markdown"]["conversations"] == figures["conversations"] + chats
    assert counted["jsonl"]["conversations"] == figures["conversations"] + chats
    assert counted["jsonl"]["messages"] == figures["messages"] + messages


def test_verify_names_what_is_wrong(tmp_path: Path) -> None:
    gptexit("convert", SLIM, "-o", tmp_path, "--quiet")
    note = next(tmp_path.glob("2026/*bicycle*.md"))
    note.write_text(note.read_text(encoding="utf-8").replace("low gears", "high gears"))
    next(tmp_path.glob("assets/**/*.png")).unlink()
    done = gptexit("verify", SLIM, tmp_path)
    assert done.returncode == 1
    said = done.stdout.decode()
    assert "Not complete: " in said
    assert "bicycle.md: the message of 2026-07-26 10:00 (UTC) is incomplete" in said
    assert ".png: is gone" in said
    assert gptexit("verify", SLIM, tmp_path, "--quiet").stdout == b""


def test_verify_needs_an_archive_and_an_export(tmp_path: Path) -> None:
    assert gptexit("verify", tmp_path).returncode == 2
    gptexit("convert", SLIM, "-o", tmp_path / "out", "--quiet")
    assert gptexit("verify", __file__, tmp_path / "out").returncode == 3


def test_no_more_is_said_of_a_format_than_was_checked(tmp_path: Path) -> None:
    gptexit("convert", SLIM, "--to", "claude", "--to", "markdown", "-o", tmp_path)
    pack = gptexit("verify", SLIM, tmp_path / "claude")
    assert pack.returncode == 0
    assert b"Every file is as it was written." in pack.stdout
    assert b"Complete" not in pack.stdout
    assert b"Complete, except" in gptexit("verify", SLIM, tmp_path).stdout
