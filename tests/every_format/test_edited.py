"""What a person touched in an archive is never overwritten, in any format."""

from __future__ import annotations

import json
import zipfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gptexit.archive.files import File
from gptexit.archive.folder import ArchiveFolder
from gptexit.cli import main
from gptexit.conversion import convert
from gptexit.errors import OtherAccount
from gptexit.exit import leave
from gptexit.memories.text import write_page
from gptexit.writers.base import Options
from support.build import chain, conversation, message

MINE = b"mine, and nobody else's\n"
NOTE = "2025/2025-02-19-a-title.md"


def texts(*contents: str) -> dict[str, Any]:
    """One conversation, in which each of `contents` is said after the first answer."""
    said = [message("user", content) for content in contents]
    whole = chain(message("user", "Hi"), message("assistant", "Hello"), *said)
    return conversation(whole, update_time=1740000000 + len(contents))


def write_export(path: Path, *raw: dict[str, Any], **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations.json", json.dumps(list(raw)))
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def run(tmp_path: Path, *contents: str, out: str = "out", **given: Any) -> Any:
    export = write_export(tmp_path / f"export-{len(contents)}.zip", texts(*contents))
    return convert(export, tmp_path / out, **given)


def test_a_new_text_that_the_user_works_in_is_theirs_too(tmp_path: Path) -> None:
    run(tmp_path)
    note = tmp_path / "out" / NOTE
    beside = [note.with_name(f"{note.stem}.new{tail}.md") for tail in ("", "2", "3")]
    note.write_bytes(MINE)
    run(tmp_path, "second")
    assert b"second" in beside[0].read_bytes()
    beside[0].write_bytes(MINE)
    for _ in range(2):  # nothing new: nothing is written
        report = run(tmp_path, "second")
        assert report["targets"][0]["files_written"] == 0
        assert not beside[1].exists()
    report = run(tmp_path, "second", "third")
    assert note.read_bytes() == beside[0].read_bytes() == MINE
    assert b"third" in beside[1].read_bytes()
    assert report["targets"][0]["edited"] == [NOTE]
    assert report["targets"][0]["earlier"]["new_texts"] == {NOTE: str(beside[1])[-len(NOTE) - 5 :]}
    run(tmp_path, "second", "third", "fourth")
    assert b"fourth" in beside[1].read_bytes()  # that one is still as we left it
    assert not beside[2].exists()


def test_a_file_of_the_users_in_the_place_of_a_new_text_stays(tmp_path: Path) -> None:
    run(tmp_path)
    note = tmp_path / "out" / NOTE
    theirs = note.with_name(f"{note.stem}.new.md")
    note.write_bytes(MINE)
    theirs.write_bytes(MINE)
    run(tmp_path, "second")
    assert note.read_bytes() == theirs.read_bytes() == MINE
    assert b"second" in note.with_name(f"{note.stem}.new2.md").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("format_name", "name"),
    [
        ("jsonl", "conversations.jsonl"),
        ("claude", "START-HERE.md"),
        ("sqlite", "chatgpt.sqlite"),
        ("html", "2025/2025-02-19-a-title.html"),
        ("html", "index.html"),
        ("html", "data/list-2025.js"),
    ],
)
def test_in_every_format_both_stay(tmp_path: Path, format_name: str, name: str) -> None:
    given: dict[str, Any] = {"formats": [format_name]}
    run(tmp_path, **given)
    path = tmp_path / "out" / name
    beside = path.with_name(f"{path.stem}.new{path.suffix}")
    for number, touched in enumerate((path, beside), 1):
        touched.write_bytes(MINE)
        run(tmp_path, *["more"] * number, **given)
        assert path.read_bytes() == MINE
    assert beside.read_bytes() == MINE
    assert path.with_name(f"{path.stem}.new2{path.suffix}").stat().st_size > len(MINE)


def test_the_summary_names_both(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / "out" / NOTE).write_bytes(MINE)
    export = write_export(tmp_path / "later.zip", texts("second"))
    command = [str(export), "-o", str(tmp_path / "out"), "--no-progress"]
    done = CliRunner().invoke(main, ["convert", *command])
    assert f"  {NOTE} (new: {NOTE[:-3]}.new.md)" in done.output.splitlines()


def test_a_page_and_what_stands_beside_it_stay(tmp_path: Path) -> None:
    page = tmp_path / "memory.md"
    write_page(page, "one\n")
    for path in (page, tmp_path / "memory.new.md"):
        path.write_bytes(MINE)
    assert write_page(page, "two\n") == tmp_path / "memory.new2.md"
    assert page.read_bytes() == (tmp_path / "memory.new.md").read_bytes() == MINE


@pytest.mark.slow
def test_the_first_page_of_an_exit_and_what_stands_beside_it_stay(tmp_path: Path) -> None:
    page, beside = (tmp_path / "exit" / name for name in ("START-HERE.md", "START-HERE.new.md"))
    for number, touched in enumerate((page, beside, None), 1):
        source = write_export(tmp_path / f"{number}.zip", texts(*["more"] * number))
        leave([source], tmp_path / "exit", Options(), lambda *_: nullcontext())
        if touched:
            touched.write_bytes(MINE)
    assert page.read_bytes() == beside.read_bytes() == MINE
    assert (tmp_path / "exit/START-HERE.new2.md").stat().st_size > len(MINE)


def test_a_link_is_the_users_wherever_it_leads(tmp_path: Path) -> None:
    run(tmp_path)
    note, elsewhere = tmp_path / "out" / NOTE, tmp_path / "elsewhere.md"
    note.rename(elsewhere)
    note.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    run(tmp_path, "second")
    assert note.is_symlink()
    assert elsewhere.read_bytes() == before
    assert b"second" in note.with_name(f"{note.stem}.new.md").read_bytes()


def export_of(path: Path, own: str) -> Path:
    about = json.dumps({"id": own, "email": f"{own}@example.com"})
    return write_export(path, texts(), **{"user.json": about})


@pytest.mark.slow
@pytest.mark.parametrize("command", ["convert", "exit"])
def test_two_accounts_are_not_mixed(tmp_path: Path, command: str) -> None:
    def go(source: Path) -> Any:
        if command == "convert":
            return convert(source, tmp_path / "out")
        return leave([source], tmp_path / "out", Options(), lambda *_: nullcontext())

    go(export_of(tmp_path / "a.zip", "user-a"))
    there = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    with pytest.raises(OtherAccount, match="another account"):
        go(export_of(tmp_path / "b.zip", "user-b"))
    assert there == {
        path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()
    }
    go(export_of(tmp_path / "again.zip", "user-a"))


def test_exports_of_two_accounts_are_not_merged(tmp_path: Path) -> None:
    sources = [export_of(tmp_path / f"{own}.zip", f"user-{own}") for own in "ab"]
    with pytest.raises(OtherAccount, match="different accounts"):
        convert(sources, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_things_never_share_a_path(tmp_path: Path) -> None:
    root = tmp_path / "out"
    (root / ".gptexit").mkdir(parents=True)
    line = {"key": "other/1", "path": "index.md", "sha256": "", "size": 0, "about": {}}
    (root / ".gptexit/manifest.jsonl").write_text(json.dumps(line) + "\n")
    folder = ArchiveFolder(root)
    folder.put(File("index.md", b"one", "other/1"))
    folder.put(File("index.md", b"two", "index"))
    folder.finish()
    assert (root / "index.md").read_bytes() == b"one"
    assert (root / "index.new.md").read_bytes() == b"two"
