from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from gptexit.archive.archive import Archive
from gptexit.archive.files import Copy, File, StdoutSink
from gptexit.archive.folder import ArchiveFolder
from gptexit.archive.zip_folder import ZipSink

NOTE = File("2025/a.md", b"first", "conversation/1")


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".gptexit" not in path.parts
    }


def run(root: Path, *puts: File) -> list[Any]:
    folder = ArchiveFolder(root)
    outcomes = [folder.put(request) for request in puts]
    folder.finish()
    return outcomes


def copy(path: str = "assets/x.png", key: str = "asset/x") -> Copy:
    return Copy(path, key, "x.dat")


def test_an_unchanged_file_is_not_touched(tmp_path: Path) -> None:
    assert run(tmp_path, NOTE) == ["written"]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert run(tmp_path, NOTE) == ["unchanged"]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_changed_conversation_replaces_its_note(tmp_path: Path) -> None:
    run(tmp_path, NOTE)
    assert run(tmp_path, File("2025/a.md", b"second", "conversation/1")) == ["written"]
    assert files(tmp_path) == {"2025/a.md": b"second"}


def test_an_edited_note_survives(tmp_path: Path) -> None:
    run(tmp_path, NOTE)
    (tmp_path / "2025/a.md").write_bytes(b"mine")
    assert run(tmp_path, NOTE) == ["unchanged"]
    changed = File("2025/a.md", b"second", "conversation/1")
    for _ in range(2):
        folder = ArchiveFolder(tmp_path)
        assert folder.put(changed) == "edited"
        assert folder.edited == ["2025/a.md"]
        folder.finish()
        assert files(tmp_path) == {"2025/a.md": b"mine", "2025/a.new.md": b"second"}


def test_a_file_that_was_there_before_survives(tmp_path: Path) -> None:
    (tmp_path / "index.md").write_bytes(b"mine")
    assert run(tmp_path, File("index.md", b"ours", "index")) == ["edited"]
    assert files(tmp_path) == {"index.md": b"mine", "index.new.md": b"ours"}


def test_of_an_edited_file_the_new_text_stays_beside_it_where_old_files_go(tmp_path: Path) -> None:
    run(tmp_path, NOTE)
    (tmp_path / "2025/a.md").write_bytes(b"mine")
    for _ in range(2):
        folder = ArchiveFolder(tmp_path)
        folder.strict = True
        folder.put(File("2025/a.md", b"second", "conversation/1"))
        folder.finish()
        assert files(tmp_path) == {"2025/a.md": b"mine", "2025/a.new.md": b"second"}


def test_a_file_that_grows_takes_the_place_of_nobodys(tmp_path: Path) -> None:
    (tmp_path / "contents.csv").write_bytes(b"mine")
    ours = File("contents.csv", b"ours", "contents", append=True)
    for _ in range(2):
        folder = ArchiveFolder(tmp_path)
        folder.put(ours)
        folder.finish()
        assert folder.edited == ["contents.csv"]
        assert files(tmp_path) == {"contents.csv": b"mine", "contents.new.csv": b"ours"}


def test_a_file_that_grew_and_that_nobody_changed_is_replaced(tmp_path: Path) -> None:
    for text in (b"first", b"second"):
        run(tmp_path, File("contents.csv", text, "contents", append=True))
        assert files(tmp_path) == {"contents.csv": text}


def test_nothing_is_removed_behind_a_link(tmp_path: Path) -> None:
    archive, outside = tmp_path / "archive", tmp_path / "outside"
    run(archive, NOTE, File("b.md", b"b", "conversation/2"))
    (archive / "2025").rename(outside)
    (archive / "2025").symlink_to(outside)
    (archive / "b.md").rename(outside / "b.md")
    (archive / "b.md").symlink_to(outside / "b.md")
    folder = ArchiveFolder(archive)
    folder.strict = True
    folder.finish()
    assert files(outside) == {"a.md": b"first", "b.md": b"b"}
    assert (archive / "2025").is_symlink()
    assert (archive / "b.md").is_symlink()


def test_a_folder_in_the_place_of_an_old_file_stays(tmp_path: Path) -> None:
    run(tmp_path, NOTE)
    (tmp_path / "2025/a.md").unlink()
    (tmp_path / "2025/a.md").mkdir()
    folder = ArchiveFolder(tmp_path)
    folder.strict = True
    folder.finish()
    assert (tmp_path / "2025/a.md").is_dir()


def test_a_killed_run_leaves_nothing_behind_that_the_next_one_keeps(tmp_path: Path) -> None:
    killed = ArchiveFolder(tmp_path)
    killed.put(File("secret.md", b"secret", "secret", append=True))
    killed._appended["secret.md"].close()
    del killed
    run(tmp_path, NOTE)
    kept = {path.name for path in (tmp_path / ".gptexit").iterdir()}
    assert kept == {"manifest.jsonl", "times.jsonl"}


@pytest.mark.parametrize(
    "changed",
    [
        {"path": "../outside.md"},
        {"path": "/outside.md"},
        {"path": "a\0b.md"},
        {"size": {}},
        {"size": 1 << 64},
        {"size": -1},
        {"about": []},
        {"about": {"title": [1]}},
    ],
)
def test_a_manifest_that_no_run_wrote_is_not_believed(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    digest = hashlib.sha256(b"mine").hexdigest()
    (tmp_path / "outside.md").write_bytes(b"mine")
    root = tmp_path / "archive"
    (root / ".gptexit").mkdir(parents=True)
    line = {"key": "k", "path": "a.md", "sha256": digest, "size": 4, "about": {}, **changed}
    (root / ".gptexit/manifest.jsonl").write_text(json.dumps(line) + "\n")
    folder = ArchiveFolder(root)
    folder.strict = True
    folder.put(NOTE)
    folder.finish()
    assert folder.edited == []
    assert files(tmp_path)["outside.md"] == b"mine"


def test_a_deleted_note_comes_back(tmp_path: Path) -> None:
    run(tmp_path, NOTE)
    (tmp_path / "2025/a.md").unlink()
    assert run(tmp_path, NOTE) == ["written"]


def test_a_killed_run_knows_its_own_files(tmp_path: Path) -> None:
    run(tmp_path, NOTE)
    killed = ArchiveFolder(tmp_path)
    killed.put(File("2025/a.md", b"second", "conversation/1"))
    del killed  # no finish: the manifest still tells of the first text
    assert run(tmp_path, File("2025/a.md", b"third", "conversation/1")) == ["written"]
    assert files(tmp_path) == {"2025/a.md": b"third"}


def test_names_of_an_earlier_run_are_known(tmp_path: Path) -> None:
    folder = ArchiveFolder(tmp_path)
    path = folder.catalog.name("conversation/1", "2025", "first title", ending=".md")
    folder.put(File(path, b"x", "conversation/1"))
    folder.finish()
    again = ArchiveFolder(tmp_path)
    assert again.catalog.name("conversation/1", "2025", "other title", ending=".md") == path
    assert again.catalog.name("conversation/2", "2025", "first title", ending=".md") != path


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "c:/x", "a\\..\\x"])
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    folder = ArchiveFolder(tmp_path / "out")
    with pytest.raises(ValueError, match="out of the archive"):
        folder.put(File(path, b"x", "k"))


def test_assets_are_copied_once(tmp_path: Path) -> None:
    folder = ArchiveFolder(tmp_path)
    assert folder.copy(copy(), 3, lambda: io.BytesIO(b"png")) == "written"
    folder.finish()
    again = ArchiveFolder(tmp_path)

    def unread() -> BinaryIO:
        raise AssertionError("read again")

    assert again.copy(copy(), 3, unread) == "unchanged"
    assert files(tmp_path) == {"assets/x.png": b"png"}


def test_an_asset_that_the_user_replaced_survives(tmp_path: Path) -> None:
    folder = ArchiveFolder(tmp_path)
    folder.copy(copy(), 3, lambda: io.BytesIO(b"png"))
    folder.finish()
    (tmp_path / "assets/x.png").write_bytes(b"retouched")
    again = ArchiveFolder(tmp_path)
    assert again.copy(copy(), 3, lambda: io.BytesIO(b"png")) == "edited"
    assert files(tmp_path) == {"assets/x.png": b"retouched"}


def test_an_asset_of_a_lost_manifest_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/x.png").write_bytes(b"png")
    assert ArchiveFolder(tmp_path).copy(copy(), 3, lambda: io.BytesIO(b"png")) == "unchanged"


def test_a_broken_asset_leaves_nothing(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("bad CRC")

    folder = ArchiveFolder(tmp_path)
    with pytest.raises(OSError, match="bad CRC"):
        folder.copy(copy(), 3, Broken)
    folder.finish()
    assert files(tmp_path) == {}
    kept = {path.name for path in (tmp_path / ".gptexit").iterdir()}
    assert kept == {"manifest.jsonl", "times.jsonl"}


def test_appended_files_appear_at_the_end(tmp_path: Path) -> None:
    lines = [File("a.jsonl", b"1\n", "jsonl", append=True), File("a.jsonl", b"2\n", "jsonl", True)]
    archive = Archive(tmp_path)
    folder = ArchiveFolder(archive)
    for line in lines:
        folder.put(line)
    assert files(tmp_path) == {}
    folder.discard()
    folder = ArchiveFolder(archive)
    for line in lines:
        folder.put(line)
    folder.finish()
    assert files(tmp_path) == {"a.jsonl": b"1\n2\n"}
    stamp = (tmp_path / "a.jsonl").stat().st_mtime_ns
    run(tmp_path, *lines)
    assert (tmp_path / "a.jsonl").stat().st_mtime_ns == stamp


def test_a_damaged_manifest_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    run(tmp_path, NOTE)
    with (tmp_path / ".gptexit/manifest.jsonl").open("ab") as manifest:
        manifest.write(b'{"key": "conver\n[]\n{"other": 1}\n')
    assert run(tmp_path, NOTE) == ["unchanged"]


def test_standard_output_takes_lines() -> None:
    out = io.BytesIO()
    stream = StdoutSink(out)
    assert stream.put(File("a.jsonl", b"1\n", "jsonl", append=True)) == "part"
    assert stream.copy(copy(), 3, io.BytesIO) == "part"
    assert stream.finish() == 2
    assert out.getvalue() == b"1\n"
    with pytest.raises(RuntimeError):
        stream.discard()


def packed(root: Path, *files: File, strict: bool = True) -> ZipSink:
    folder = ArchiveFolder(root)
    folder.strict = strict
    sink = ZipSink(folder)
    for file in files:
        sink.put(file)
    sink.finish()
    return sink


def in_zip(name: str, data: bytes = b"1", key: str = "x") -> File:
    return File(name, data, key)


def end(archive: str, place: str = "") -> File:
    return File(archive, b"", archive, append=True, last=True, place=place)


def test_zips_and_plain_files_lie_side_by_side(tmp_path: Path) -> None:
    packed(
        tmp_path,
        in_zip("upload/1.zip/a/b.txt"),
        in_zip("read me.md", b"words", "read"),
        in_zip("upload/1.zip/c.txt", b"2"),
        end("upload/1.zip", "upload/1-of-1.zip"),
    )
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert {name for name in there if not name.startswith(".gptexit")} == {
        "upload/1-of-1.zip",
        "read me.md",
    }
    with zipfile.ZipFile(tmp_path / "upload/1-of-1.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "a/b.txt": b"1",
            "c.txt": b"2",
        }


def test_what_a_strict_sink_does_not_write_again_is_removed(tmp_path: Path) -> None:
    first = [in_zip("1.zip/a"), end("1.zip", "1-of-2.zip"), in_zip("2.zip/a"), end("2.zip")]
    packed(tmp_path, *first, in_zip("old.md", key="old"), in_zip("mine.md", key="mine"))
    (tmp_path / "mine.md").write_text("changed")
    before = (tmp_path / "1-of-2.zip").stat().st_mtime_ns
    sink = packed(tmp_path, in_zip("1.zip/a"), end("1.zip", "1-of-2.zip"))
    assert {path.name for path in tmp_path.iterdir()} == {".gptexit", "1-of-2.zip", "mine.md"}
    assert (tmp_path / "1-of-2.zip").stat().st_mtime_ns == before
    assert sink.folder.edited == ["mine.md"]
    packed(tmp_path, in_zip("new.md", key="new"), strict=False)
    assert (tmp_path / "1-of-2.zip").exists()
