"""What a person changed in an archive is told from damage, and can be accepted."""

from __future__ import annotations

import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gptexit.archive.lock import owning
from gptexit.cli import main
from gptexit.errors import InUse
from gptexit.proof import accept
from gptexit.schemas import errors
from support.archives.damage import as_a_disk_does
from support.build import chain, conversation, message
from support.slimming import pack

KILN = "2025/2025-02-19-kiln.md"
PICTURE = b"\x89PNG\r\n\x1a\npixels"


def export(path: Path, *said: str) -> Path:
    pointer = {
        "content_type": "image_asset_pointer",
        "asset_pointer": "file-service://file-Kiln",
        "size_bytes": len(PICTURE),
    }
    picture: Any = {"content_type": "multimodal_text", "parts": [pointer, "How hot?"]}
    messages = [message("user", picture), message("assistant", "1,220 degrees.\n\nFor stoneware.")]
    messages += [message("user", words) for words in said]
    raw = conversation(chain(*messages), title="Kiln", update_time=1_740_000_100 + len(said))
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("conversations.json", json.dumps([raw]))
        packed.writestr("file-Kiln-kiln.png", PICTURE)
    return path


def run(*words: Path | str) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def result_of(*words: Path | str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(run("verify", "--json", *words).output)
    assert list(errors("verification", result)) == []
    return result


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return export(tmp_path / "1.zip")


@pytest.fixture
def root(source: Path) -> Path:
    assert run("convert", source, "-o", source.parent / "out", "--quiet").exit_code == 0
    return source.parent / "out"


def change(note: Path, before: str, after: str) -> None:
    text = note.read_text(encoding="utf-8")
    assert before in text
    note.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_words_that_a_person_added_are_no_damage(source: Path, root: Path) -> None:
    change(root / KILN, "For stoneware.", "For stoneware.\n\nTried it: too hot.")
    done = run("verify", source, root)
    assert done.exit_code == 0
    assert f"You changed 1 file; nothing was lost by it:\n  {KILN}\n" in done.output
    assert done.output.endswith("Complete: all that the export holds is in the archive.\n")
    assert result_of(source, root)["edited"] == [KILN]
    done = run("verify", root)
    assert done.exit_code == 1
    assert f"You changed 1 file, or something else did:\n  {KILN}\n" in done.output
    assert "say so: gptexit verify --accept ARCHIVE" in done.output
    assert "is not as it was written" not in done.output
    assert result_of(root)["changed"] == [KILN]


def test_what_a_person_accepted_is_theirs_until_it_changes_again(source: Path, root: Path) -> None:
    change(root / KILN, "For stoneware.", "For stoneware.\n\nTried it.")
    for words in (["--accept", root], [root]):
        done = run("verify", *words)
        assert done.exit_code == 0, done.output
        assert done.output.endswith(
            "Complete: every other file is as it was written, except for 1 note that you changed "
            "and accepted.\n"
        )
    assert result_of(root)["accepted"] == [KILN]
    assert run("verify", source, root).exit_code == 0
    before = (root / KILN).read_bytes()
    run("convert", source, "-o", root, "--quiet")
    assert (root / KILN).read_bytes() == before
    assert run("verify", root).exit_code == 0
    change(root / KILN, "Tried it.", "Tried it again.")
    assert run("verify", root).exit_code == 1
    assert result_of(root)["changed"] == [KILN]


def test_a_note_that_lacks_text_is_named_also_when_it_was_accepted(
    source: Path, root: Path
) -> None:
    change(root / KILN, "For stoneware.", "Mine.")
    done = run("verify", source, root)
    assert done.exit_code == 1
    assert f"{KILN}: the message of" in done.output
    assert result_of(source, root)["edited"] == []
    done = run("verify", source, root, "--accept")
    assert done.exit_code == 0
    assert "You changed 1 note that holds less than the export, as you accepted:" in done.output
    assert f"  {KILN}: the message of" in done.output
    assert done.output.endswith(
        "Complete, except for 1 note that holds less than the export, as you accepted.\n"
    )
    found = result_of(source, root)
    assert (found["verdict"], len(found["less"])) == ("complete except", 1)
    assert run("verify", root).exit_code == 0


def test_who_accepts_a_note_says_nothing_of_what_comes_later(source: Path, root: Path) -> None:
    change(root / KILN, "For stoneware.", "Mine.")
    assert run("verify", root, "--accept").exit_code == 0
    later = export(source.parent / "2.zip", "And porcelain?")
    done = run("verify", later, root)
    assert done.exit_code == 1
    assert "“Andporcelain?”" in done.output
    run("convert", later, "-o", root, "--quiet")  # the new text goes beside it
    assert run("verify", later, root).exit_code == 0
    assert "Mine." in (root / KILN).read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tags: [chatgpt]", "tags:\n  - chatgpt\n  - pottery\nrating: 5"),
        ("title: Kiln", "title: The hot thing"),
        ("updated: 2025", "updated: 2035"),
    ],
)
def test_front_matter_is_the_users(source: Path, root: Path, before: str, after: str) -> None:
    change(root / KILN, before, after)
    for _ in range(2):
        for words in ([root], [source, root]):
            done = run("verify", *words)
            assert done.exit_code == 0, done.output
            assert f"You changed 1 file; nothing was lost by it:\n  {KILN}\n" in done.output
        run("convert", source, "-o", root, "--quiet")
    later = export(source.parent / "2.zip", "And porcelain?")
    run("convert", later, "-o", root, "--quiet")
    assert after in (root / KILN).read_text()
    for words in ([root], [later, root]):
        done = run("verify", *words)
        assert (done.exit_code, "You changed" in done.output) == (0, False), done.output


def test_a_note_that_was_moved_is_no_loss(source: Path, root: Path) -> None:
    (root / "Pottery/hot").mkdir(parents=True)
    now = (root / KILN).rename(root / "Pottery/hot/My oven.md")
    for words in ([root], [source, root]):
        done = run("verify", *words)
        assert done.exit_code == 0, done.output
        assert f"You moved 1 file:\n  {KILN} (now: Pottery/hot/My oven.md)\n" in done.output
    change(now, "For stoneware.", "For stoneware.\n\nTried it.")
    assert run("verify", source, root).exit_code == 0
    assert run("verify", root).exit_code == 1
    assert run("verify", root, "--accept").exit_code == 0
    (root / ".trash").mkdir()
    now.rename(root / ".trash/My oven.md")
    for words in ([root], [source, root]):
        assert run("verify", *words).exit_code == 1


def test_moved_pictures_are_no_loss(source: Path, root: Path) -> None:
    (root / "assets").rename(root / "pictures")
    for words in ([root], [source, root]):
        done = run("verify", *words)
        assert (done.exit_code, "You moved 1 file" in done.output) == (0, True), done.output


def picture_of(root: Path) -> str:
    return next(root.rglob("*.png")).relative_to(root).as_posix()


@pytest.mark.parametrize(
    "style", [lambda path: path.rpartition("/")[2], lambda path: path, lambda path: f"../{path}"]
)
def test_links_as_an_editor_writes_them_lead_to_moved_pictures(
    source: Path, root: Path, style: Any
) -> None:
    folder, was = "pictures/of mine/", picture_of(root).rpartition("/")[2]
    for name in (folder + was, f"{folder}oven.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / picture_of(root)).rename(root / name)
        text = (root / KILN).read_text()
        link = re.search(r"!\[[^]]*\]\(([^)]*)\)", text)
        assert link
        (root / KILN).write_text(text.replace(link[1], style(name).replace(" ", "%20")))
        for words in ([root], [source, root]):
            done = run("verify", *words)
            assert done.exit_code == 0, done.output
        assert result_of(root)["edited"] == [KILN]


def test_a_picture_that_no_link_leads_to_is_named(source: Path, root: Path) -> None:
    picture = picture_of(root)
    text = (root / KILN).read_text()
    for gone in (f"../gone/{picture.rpartition('/')[2]}", "../gone/x.png"):
        (root / KILN).write_text(text.replace(f"../{picture}", gone))
        assert f"no link leads to the file {picture}" in run("verify", source, root).output
        assert result_of(root)["changed"] == [KILN]


def test_ticks_on_the_first_page_of_an_exit_are_the_users(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "exit"
    assert run("exit", source, "-o", out, "--quiet").exit_code == 0
    page = out / "START-HERE.md"
    page.write_text(page.read_text().replace("- [ ]", "- [x]"))
    for words in ([out], [source, out], [out, "--accept"], [out]):
        done = run("verify", *words)
        assert (done.exit_code, "START-HERE.md" in done.output) == (0, True), done.output


def test_a_fault_of_the_disk_is_damage(source: Path, root: Path) -> None:
    note = root / KILN
    with as_a_disk_does(root):
        change(note, "stoneware", "stonewars")
    for words in ([root], [source, root], [root, "--accept"]):
        done = run("verify", *words)
        assert done.exit_code == 1
        assert f"{KILN}: is not as it was written" in done.output
    note.write_bytes(bytes(1000))
    done = run("verify", root, "--accept")
    assert done.exit_code == 1
    assert f"{KILN}: is not as it was written" in done.output


def test_a_note_that_was_copied_back_with_its_own_time_is_the_users(
    source: Path, root: Path
) -> None:
    note = root / KILN
    mine = note.read_bytes().partition(b"1,220")[0] + b"My own words on this.\n"
    note.write_bytes(mine)
    os.utime(note, (1_740_000_000, 1_740_000_000))
    done = run("convert", source, "-o", root)
    assert done.exit_code == 0
    assert "power cut" not in done.output
    assert note.read_bytes() == mine
    assert result_of(root)["changed"] == [KILN]
    assert run("verify", root, "--accept").exit_code == 0
    assert run("verify", root).exit_code == 0


@pytest.mark.parametrize("left", [0, 300])
def test_what_a_power_cut_left_of_a_note_is_written_again(
    source: Path, root: Path, left: int
) -> None:
    note = root / KILN
    before = note.read_bytes()
    for zeros in (0, len(before) - left):
        note.write_bytes(before[:left] + bytes(zeros))
        os.utime(note, (1_740_000_000, 1_740_000_000))
        assert "power cut" in run("convert", source, "-o", root).output
        assert note.read_bytes() == before


def test_a_database_that_was_cut_off_is_written_again(source: Path) -> None:
    root = source.parent / "base"
    run("convert", source, "-o", root, "--to", "sqlite", "--quiet")
    base = root / "chatgpt.sqlite"
    before = base.read_bytes()
    for damage in (b"", before[:50], before[: len(before) // 2], bytes(len(before))):
        with as_a_disk_does(root):
            base.write_bytes(damage)
        done = run("convert", source, "-o", root, "--to", "sqlite")
        assert "power cut" in done.output
        assert run("verify", source, root).exit_code == 0


def test_no_picture_and_no_data_is_accepted(source: Path, root: Path) -> None:
    (picture,) = (root / "assets").rglob("*.png")
    picture.write_bytes(PICTURE + b"retouched")
    manifest = (root / ".gptexit/manifest.jsonl").read_bytes()
    done = run("verify", root, "--accept")
    assert done.exit_code == 1
    assert f"{picture.name}: is not as it was written" in done.output
    assert (root / ".gptexit/manifest.jsonl").read_bytes() == manifest


@pytest.mark.parametrize("name", ["manifest.jsonl", "archive.json"])
def test_what_an_archive_says_of_itself_is_not_accepted(root: Path, name: str) -> None:
    change(root / KILN, "For stoneware.", "Mine.")
    own = root / ".gptexit" / name
    own.write_bytes(own.read_bytes().replace(b"Kiln", b"Kilm").replace(b"sources", b"sourcez"))
    before = own.read_bytes()
    done = run("verify", root, "--accept")
    assert done.exit_code == 2
    assert f"{name} is not as it was written" in done.output
    assert own.read_bytes() == before


def test_while_another_run_writes_nothing_is_accepted(root: Path) -> None:
    change(root / KILN, "For stoneware.", "Mine.")
    with owning(root), pytest.raises(InUse):
        accept(root)
    assert accept(root) == [KILN]
    assert accept(root) == []


def test_what_an_interrupted_run_left_is_not_taken_for_the_users(root: Path) -> None:
    (root / ".gptexit/0123456789abcdef.journal").write_bytes(b"")
    done = run("verify", root)
    assert done.exit_code == 1
    assert "a run was interrupted" in done.output
    assert run("verify", root, "--accept").exit_code == 2


def test_an_archive_that_tells_no_times_goes_on(source: Path, root: Path) -> None:
    os.remove(root / ".gptexit/times.jsonl")
    change(root / KILN, "For stoneware.", "For stoneware.\n\nTried it.")
    assert run("verify", source, root).exit_code == 0


def test_words_that_a_person_hid_are_missed(source: Path, root: Path) -> None:
    change(root / KILN, "For stoneware.", "%% my remark %%\n\n<!-- For stoneware. -->")
    done = run("verify", source, root)
    assert done.exit_code == 1
    assert f"{KILN}: the message of" in done.output


def test_remarks_that_a_person_hid_are_theirs(source: Path, root: Path) -> None:
    change(root / KILN, "For stoneware.", "For stoneware.\n\n%% Tried it. %%")
    assert run("verify", source, root).exit_code == 0


def test_a_note_of_another_id_is_not_called_whole(source: Path, root: Path) -> None:
    text = (root / KILN).read_text(encoding="utf-8")
    (line,) = [line for line in text.split("\n") if line.startswith("id: ")]
    change(root / KILN, f"{line}\n", "")
    done = run("verify", root)
    assert done.exit_code == 1
    assert f"You changed 1 file, or something else did:\n  {KILN}\n" in done.output


def test_a_new_text_in_the_place_of_the_note_ends_the_matter(root: Path, tmp_path: Path) -> None:
    change(root / KILN, "For stoneware.", "For stoneware.\n\nTried it.")
    newer = export(tmp_path / "2.zip", "And for porcelain?")
    assert run("convert", newer, "-o", root).exit_code == 0
    beside = (root / KILN).with_suffix(".new.md")
    os.replace(beside, root / KILN)
    assert run("verify", newer, root).exit_code == 0
    assert run("verify", root).exit_code == 0
    newest = export(tmp_path / "3.zip", "And for porcelain?", "Thanks.")
    assert run("convert", newest, "-o", root).exit_code == 0
    assert not beside.exists()
    assert "Thanks." in (root / KILN).read_text(encoding="utf-8")
    assert run("verify", newest, root).exit_code == 0
    assert run("verify", root).exit_code == 0


def test_a_new_text_that_a_person_worked_into_the_note_ends_the_matter(
    root: Path, tmp_path: Path
) -> None:
    change(root / KILN, "For stoneware.", "For stoneware.\n\nTried it.")
    later = export(tmp_path / "2.zip", "And earthenware?")
    assert run("convert", later, "-o", root, "--quiet").exit_code == 0
    new = root / KILN.replace(".md", ".new.md")
    assert "And earthenware?" in new.read_text()
    note = root / KILN
    turn = new.read_text().rpartition("\n## ")[2]
    note.write_text(f"{note.read_text()}\n## {turn}")
    new.unlink()
    assert run("verify", later, root).exit_code == 0
    assert run("convert", later, "-o", root, "--quiet").exit_code == 0
    assert not new.exists()
    assert "Tried it." in note.read_text()
    assert run("verify", later, root).exit_code == 0
    assert result_of(root)["changed"] == [KILN]
    assert result_of(root)["problems"] == []


def test_exports_that_were_not_given_are_named_where_something_is_wrong(
    source: Path, root: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(export(tmp_path / "new.zip", "And earthenware?")) as packed:
        later = pack(
            tmp_path / "2.zip", 2027, {name: packed.read(name) for name in packed.NameToInfo}
        )
    assert run("convert", later, "-o", root, "--quiet").exit_code == 0
    change(root / KILN, "1,220", "")
    done = run("verify", source, root)
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == (
        "This archive was made from 2.zip too. Some of this may be there alone: give all its "
        "exports to gptexit verify, in one command."
    )
    done = run("verify", source, later, root)
    assert (done.exit_code, "was made from" in done.output) == (1, False)
