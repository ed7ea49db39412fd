"""What `gptexit exit` answers: the terminal and START-HERE.md say the same, and never too much."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gptexit.cli import main
from gptexit.text.terminal import command_line
from support.build import chain, conversation, message
from support.exports import FIXTURES, SINGLES
from support.faults.case import case

QUESTION = "Do I have everything, and may I cancel now?"
SLIM = next(path for path in FIXTURES if path.stem == "slim-2026")


def leave(out: Path, *arguments: Path | str) -> Result:
    """Run `gptexit exit` into `out`."""
    given = ["exit", *map(str, arguments), "-o", str(out), "--timezone", "UTC", "--no-progress"]
    return CliRunner().invoke(main, given)


def answers(done: Result, out: Path) -> tuple[str, str]:
    """Return the answers of the terminal and of the page, as plain text."""
    lines = done.stdout.splitlines()
    assert lines[-2] == QUESTION
    page = (out / "START-HERE.md").read_text(encoding="utf-8")
    return lines[-1], page.split(f"## {QUESTION}\n\n")[1].split("\n")[0].replace("**", "")


def agree(done: Result, out: Path) -> str:
    """Assert that terminal, page, report and exit code agree. Return the answer."""
    said, written = answers(done, out)
    named = re.sub(r"START-HERE(?:\.new\d*)?\.(?:html|md)", "this page", said)
    assert named.casefold() == written.casefold()
    assert "None" not in said
    report = json.loads((out / "report.json").read_bytes())
    if said.startswith("Yes"):
        assert report["complete"]
        assert done.exit_code == (5 if "some messages" in said else 0)
    else:
        assert said.startswith("Not yet: do not cancel.")
        assert done.exit_code == 1
        assert "Complete" not in done.stdout.replace("Not complete", "")
        assert "gptexit read all that the export holds" not in done.stdout or report["complete"]
    return said


@pytest.mark.slow
@pytest.mark.parametrize("source", [*FIXTURES, SINGLES], ids=lambda path: path.stem)
def test_terminal_and_page_give_one_answer(source: Path, tmp_path: Path) -> None:
    said = agree(leave(tmp_path, source), tmp_path)
    expected = {
        "dat-2026": "Not yet: do not cancel. You gave only a part of the export. Download again",
        "fat-2024": "Yes, but look at some messages first.",
        "sharded-2026": "Not yet: do not cancel. Part of the export is damaged",
    }
    assert said.startswith(expected.get(source.stem, "Yes, you have all that OpenAI gave you."))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(24))
def test_of_a_damaged_export_too(seed: int, tmp_path: Path) -> None:
    made = case(("slim-2026", "classic-2023", "sharded-2026")[seed % 3], seed)
    source = tmp_path / (made.name if made.name != "-" else "export.json")
    source.write_bytes(made.data)
    done = leave(tmp_path / "out", source)
    if done.exit_code in (2, 3):
        assert done.stderr.startswith("Error: ")
        assert not (tmp_path / "out/START-HERE.md").exists()
    else:
        agree(done, tmp_path / "out")


def cut(path: Path) -> Path:
    """Write the first two thirds of a sample, as a download that broke off."""
    data = SLIM.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    return path


@pytest.mark.slow
def test_half_a_download_is_no_yes_and_is_not_called_complete(tmp_path: Path) -> None:
    source = cut(tmp_path / "cut.zip")
    said = agree(leave(tmp_path / "out", source), tmp_path / "out")
    assert "Download again what the e-mail of OpenAI leads to" in said
    for given in ([str(source), str(tmp_path / "out")], [str(tmp_path / "out")]):
        done = CliRunner().invoke(main, ["verify", *given])
        assert done.exit_code == 0
        assert "Complete" not in done.stdout
        assert "not whole" in done.stdout
    quiet = leave(tmp_path / "out", source, "--quiet")
    assert (quiet.stdout, quiet.stderr.splitlines()[-1]) == ("", said)


def parts(folder: Path) -> dict[str, Path]:
    """Write a sample as two ZIPs, the first with OpenAI's list, and one file of it by itself."""
    given = {name: folder / name for name in ("e-part-0001.zip", "e-part-0002.zip")}
    with zipfile.ZipFile(SLIM) as whole, ExitStack() as stack:
        first, second = (stack.enter_context(zipfile.ZipFile(z, "w")) for z in given.values())
        for name in whole.namelist():
            base = name.rpartition("/")[2]
            (second if base == "conversations-001.json" else first).writestr(name, whole.read(name))
            if base == "conversations-000.json":
                given[base] = folder / base
                given[base].write_bytes(whole.read(name))
    return given


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["e-part-0001.zip"], "You gave only a part"),
        (["e-part-0002.zip"], "You gave only a part"),
        (["conversations-000.json"], "You gave one file out of the export."),
        (["e-part-0001.zip", "e-part-0002.zip"], None),
    ],
)
def test_a_part_of_an_export_is_no_yes(names: list[str], words: str | None, tmp_path: Path) -> None:
    given, out = parts(tmp_path), tmp_path / "out"
    said = agree(leave(out, *(given[name] for name in names)), out)
    assert said.startswith(f"Not yet: do not cancel. {words}" if words else "Yes, you have all")
    status = CliRunner().invoke(main, ["status", str(out)]).stdout
    assert ("do not cancel ChatGPT yet" in status) == (words is not None)
    CliRunner().invoke(main, ["verify", str(out)])
    status = CliRunner().invoke(main, ["status", str(out)]).stdout
    assert ("do not cancel ChatGPT yet" in status) == (words is not None)


@pytest.mark.slow
def test_an_older_export_does_not_hide_that_a_newer_one_was_damaged(tmp_path: Path) -> None:
    out = tmp_path / "out"
    older = export_of(tmp_path / "older.zip", "Hello")  # of 2025
    newer = export_of(tmp_path / "newer.zip", *"abcdefgh", year=2026)
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(newer.read_bytes().replace(b'"a"', b'"b"', 1))
    assert agree(leave(out, damaged), out).startswith("Not yet: do not cancel. Part of the export")
    for _ in range(2):
        done = leave(out, older)
        said = agree(done, out)
        assert said.startswith("Not yet: do not cancel. damaged.zip of 2026-")
        assert done.exit_code == 1
        for words in (["status", str(out)], ["verify", str(older), str(out)], ["status", str(out)]):
            told = CliRunner().invoke(main, words).stdout
            assert ("not whole" in told) == (words[0] == "status")
            assert "Nothing to do" not in told
    assert agree(leave(out, newer), out).startswith("Yes, you have all")
    assert "not whole" not in CliRunner().invoke(main, ["status", str(out)]).stdout
    assert agree(leave(out, older), out).startswith("Yes, you have all")


def test_archives_of_others_below_the_folder_are_not_looked_at(tmp_path: Path) -> None:
    theirs, mine = export_of(tmp_path / "theirs.zip", "Hello"), tmp_path / "mine.zip"
    raw = conversation(chain(message("user", "Bye"), message("assistant", "ok")), id="mine")
    with zipfile.ZipFile(mine, "w") as archive:
        archive.writestr("conversations.json", json.dumps([raw]))
    leave(tmp_path / "theirs", theirs)
    CliRunner().invoke(main, ["convert", str(theirs), "-o", str(tmp_path / "notes")])
    for _ in range(2):
        assert agree(leave(tmp_path, mine), tmp_path).startswith("Yes, you have all")
    shutil.rmtree(tmp_path / "notes")
    for words in ([str(mine)], []):
        done = CliRunner().invoke(main, ["verify", *words, str(tmp_path)])
        assert done.stdout.splitlines()[-1].startswith("Complete")
        assert "theirs/" not in done.stdout


@pytest.mark.parametrize(
    ("alone", "other"),
    [("e-part-0001.zip", "e-part-0002.zip"), ("chats.zip", "pictures.zip")],
    ids=["parts", "pictures apart"],
)
def test_a_part_that_lies_beside_is_named_with_the_whole_command(
    alone: str, other: str, tmp_path: Path
) -> None:
    beside, out = tmp_path / other, tmp_path / "out"
    with zipfile.ZipFile(SLIM) as whole, ExitStack() as stack:
        zips = (tmp_path / alone, beside)
        first, second = (stack.enter_context(zipfile.ZipFile(path, "w")) for path in zips)
        for name in whole.namelist():
            apart = name.endswith(".dat") or ("part" in other and "-001.json" in name)
            (second if apart else first).writestr(name, whole.read(name))
    (tmp_path / "nothing.zip").write_bytes(b"PK")
    done = leave(out, tmp_path / alone)
    assert "another part is in the same folder" in agree(done, out)
    command = f"gptexit exit {tmp_path / alone} {beside} -o {out}"
    assert f"every part: {command}\n" in done.stdout
    assert f"`{command}`" in (out / "START-HERE.md").read_text(encoding="utf-8")
    assert agree(leave(out, tmp_path / alone, beside), out).startswith("Yes, you have all")


@pytest.mark.slow
def test_a_damaged_file_of_the_account_is_no_yes(tmp_path: Path) -> None:
    export = tmp_path / "export.zip"
    raw = conversation(chain(message("user", "Hello"), message("assistant", "Good day")))
    with zipfile.ZipFile(export, "w") as archive:
        archive.writestr("conversations.json", json.dumps([raw]))
        archive.writestr("message_feedback.json", json.dumps([{"note": "find me"}]))
    data = export.read_bytes()
    export.write_bytes(data.replace(b"find me", b"lost me"))
    said = agree(leave(tmp_path / "out", export), tmp_path / "out")
    assert said.startswith("Not yet: do not cancel. Part of the export is damaged")
    page = (tmp_path / "out/START-HERE.md").read_text(encoding="utf-8")
    assert "\n- message_feedback.json: its checksum does not match" in page


def test_an_empty_export_is_no_yes(tmp_path: Path) -> None:
    source = tmp_path / "conversations.json"
    source.write_text("[]")
    said = agree(leave(tmp_path / "out", source), tmp_path / "out")
    assert said.startswith("Not yet: do not cancel. The export has no conversations.")


@pytest.mark.parametrize("raw", ["{}", '{"title": "x"}', '{"mapping": {}}'])
def test_an_export_without_a_message_is_no_yes(tmp_path: Path, raw: str) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("conversations.json", f"[{raw}]")
    done = leave(tmp_path / "out", tmp_path / "export.zip")
    assert done.exit_code == 1
    assert "no files checked" not in done.output
    said = agree(done, tmp_path / "out")
    assert said.startswith("Not yet: do not cancel. The export has no messages.")


# Ticks


def export_of(path: Path, *words: str, year: int = 2025) -> Path:
    """Write an export of one conversation in which each of `words` is said."""
    said = [part for word in words for part in (message("user", word), message("assistant", "ok"))]
    raw = json.dumps([conversation(chain(*said))])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("conversations.json", (year, 5, 1, 0, 0, 0)), raw)
    return path


def tick(page: Path, title: str, mark: str = "x", ends: str = "\n") -> None:
    text = page.read_text(encoding="utf-8")
    assert f"- [ ] **{title}" in text
    text = text.replace(f"- [ ] **{title}", f"- [{mark}] **{title}")
    page.write_bytes(text.replace("\n", ends).encode())


def ticked(page: Path) -> list[tuple[str, str]]:
    return re.findall(r"^- \[(\S)\] \*\*(.+?)[.*]", page.read_text(encoding="utf-8"), re.M)


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["unix", "windows"])
def test_ticks_stay_on_a_page_that_is_renewed(tmp_path: Path, ends: str) -> None:
    out = tmp_path / "out"
    page = out / "START-HERE.md"
    leave(out, export_of(tmp_path / "1.zip", "one"))
    for number, (title, mark) in enumerate([("Download every part", "x"), ("Copy your", "X")], 2):
        tick(page, title, mark, ends)
        done = leave(out, export_of(tmp_path / f"{number}.zip", *["more"] * number))
        assert f"Now open {out}/START-HERE.html." in done.stdout
        assert f"{number}.zip" in page.read_text(encoding="utf-8")
    assert ticked(page) == [("x", "Download every part"), ("X", "Copy your memory")]
    assert not (out / "START-HERE.new.md").exists()
    tick(page, "Move your API keys")
    leave(out, tmp_path / "3.zip")
    assert len(ticked(page)) == 3
    done = CliRunner().invoke(main, ["verify", str(out)])
    assert done.exit_code == 0, done.stdout


@pytest.mark.slow
def test_a_page_with_notes_stays_and_the_new_one_is_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    page, beside = out / "START-HERE.md", out / "START-HERE.new.md"
    leave(out, export_of(tmp_path / "1.zip", "one"))
    tick(page, "Download every part")
    mine = page.read_bytes() + b"\nmy own note\n"
    page.write_bytes(mine)
    done = leave(out, export_of(tmp_path / "2.zip", "one", "two"))
    assert page.read_bytes() == mine
    assert ticked(beside) == [("x", "Download every part")]
    assert "You changed START-HERE.md: it stays as it is" in done.stdout
    assert f"The new one is {beside.name}." in done.stdout
    tick(beside, "Copy your memory")
    leave(out, export_of(tmp_path / "3.zip", "one", "two", "three"))
    assert "3.zip" in beside.read_text(encoding="utf-8")
    assert len(ticked(beside)) == 2
    assert page.read_bytes() == mine
    assert not (out / "START-HERE.new2.md").exists()


# Packs of earlier runs


@pytest.mark.slow
def test_a_pack_of_an_earlier_export_is_named_with_the_command_that_renews_it(
    tmp_path: Path,
) -> None:
    out, page = tmp_path / "out", tmp_path / "out/START-HERE.md"
    first = export_of(tmp_path / "first one.zip", "one")
    asked = ("--for", "gemini", "--exclude", "title=my salary", "--exclude", "date=2024-03")
    leave(out, first, *asked)
    done = leave(out, first)
    assert "earlier export" not in done.stdout + page.read_text(encoding="utf-8")
    assert "do what `gemini/START-HERE.md` says" in page.read_text(encoding="utf-8")

    second = export_of(tmp_path / "second one.zip", "one", "two")
    done = leave(out, second)
    assert "gemini is of an earlier export and has nothing that is new in this one." in done.stdout
    command = done.stdout.split("To renew it: ")[1].split("\n")[0]
    assert f"To renew it: `{command}`" in page.read_text(encoding="utf-8")
    assert "None" not in done.stdout + page.read_text(encoding="utf-8")

    words = shlex.split(command)
    assert words[:3] == ["gptexit", "exit", str(second)]
    assert "title=my salary" in words
    renewed = CliRunner().invoke(main, words[1:])
    assert renewed.exit_code == 0, renewed.output
    assert "earlier export" not in renewed.stdout + page.read_text(encoding="utf-8")
    selection = json.loads((out / "gemini/.gptexit/archive.json").read_bytes())["selection"]
    assert selection["exclude"] == {
        "titles": ["my salary"],
        "dates": [["2024-03-01T00:00:00", "2024-04-01T00:00:00"]],
    }


@pytest.mark.parametrize(
    "words",
    [["a.zip"], ["my export.zip", "b.zip"], ["it's $HOME.zip"], ['say "no".zip'], ["ü b.zip"]],
    ids=" ".join,
)
@pytest.mark.skipif(os.name == "nt", reason="the shell of Windows")
def test_arguments_are_quoted_for_a_shell(words: list[str]) -> None:
    assert shlex.split(command_line(words)) == words


def test_a_pack_of_an_earlier_export_is_checked_for_changes_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    older = export_of(tmp_path / "older.zip", "Hello")
    more = conversation(chain(message("user", "New"), message("assistant", "Yes.")), id="new")
    newer = tmp_path / "newer.zip"
    with zipfile.ZipFile(older) as archive:
        raw = json.loads(archive.read("conversations.json"))
    with zipfile.ZipFile(newer, "w") as archive:
        archive.writestr("conversations.json", json.dumps([*raw, more]))
    leave(out, older, "--for", "gemini", "--for", "mcp")
    done = leave(out, newer)
    assert agree(done, out).startswith("Yes, you have all")
    assert "gemini is of an earlier export" in done.stdout
    verified = CliRunner().invoke(main, ["verify", str(newer), str(out)])
    assert verified.exit_code == 0
    assert "checked for changes; it is of an earlier export." in verified.stdout
    pack = next((out / "gemini").rglob("*.zip"))
    pack.write_bytes(pack.read_bytes()[:-1])
    assert agree(leave(out, newer), out).startswith("Not yet")


def test_an_archive_in_the_place_of_the_export_is_called_so(tmp_path: Path) -> None:
    out = tmp_path / "out"
    leave(out, export_of(tmp_path / "e.zip", "Hello"))
    done = CliRunner().invoke(main, ["exit", str(out), "-o", str(out)])
    assert done.exit_code == 3
    assert "is an archive that gptexit wrote" in done.stderr
