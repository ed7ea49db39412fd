"""What of a folder is listed as an export."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gptexit.readers.chatgpt.containers import nearby
from gptexit.readers.chatgpt.containers.nearby import exports_in, exports_near
from support.packing import text_of, write, zip_of

CHATS = zip_of({"conversations.json": text_of("a")})
FILES = zip_of({"file-abc.dat": b"1"})


def names(folder: Path) -> list[list[str]]:
    return [[path.name for path in export.paths] for export in exports_in(folder)]


def test_exports_are_known_by_what_is_in_them(tmp_path: Path) -> None:
    write(tmp_path / "renamed.bin", CHATS)
    write(tmp_path / "export.zip", zip_of({"file-x-conversations.json": b"", "a.txt": b""}))
    write(tmp_path / "chatgpt.zip", b"PK no ZIP at all")
    write(tmp_path / "cut.zip", CHATS[:50])
    write(
        tmp_path / "claude.zip",
        zip_of({"conversations.json": b"", "users.json": b""} | {"projects.json": b""}),
    )
    write(tmp_path / "empty.zip", b"")
    write(tmp_path / "unpacked/conversations-000.json", text_of("a"))
    write(tmp_path / "archive/.gptexit/archive.json", b"{}")
    write(tmp_path / "archive/conversations.json", text_of("a"))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.zip")
    assert sorted(names(tmp_path)) == [["renamed.bin"], ["unpacked"]]
    assert exports_in(tmp_path / "nothing") == exports_in(tmp_path / "cut.zip") == []


def test_parts_belong_together_and_the_newest_export_is_first(tmp_path: Path) -> None:
    key = "ab" * 32
    for number, data in ((10, FILES), (2, FILES), (1, CHATS)):
        write(tmp_path / f"{key}-2026-08-31-10-20-30-x-part-{number:04}.zip", data)
    write(tmp_path / f"{key}-2025-01-02-03-04-05-y.zip", CHATS)
    write(tmp_path / "holiday-part-0001.zip", FILES)
    newest, older = exports_in(tmp_path)
    assert [path.name[-8:-4] for path in newest.paths] == ["0001", "0002", "0010"]
    assert newest.made == datetime(2026, 8, 31, 10, 20, 30, tzinfo=UTC)
    assert newest.size == len(CHATS) + 2 * len(FILES)
    assert older.made.year == 2025


def test_only_so_many_entries_and_so_large_a_table_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        write(tmp_path / f"{number}.zip", CHATS)
    monkeypatch.setattr(nearby, "MOST", 3)
    assert len(exports_in(tmp_path)) == 3
    monkeypatch.setattr(nearby, "_LARGEST_TABLE", 10)
    assert exports_in(tmp_path) == []


def test_nearby_is_the_same_folder_the_current_one_and_the_downloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    write(home / ".config/user-dirs.dirs", b'XDG_DOWNLOAD_DIR="$HOME/T\xc3\xa9l\xc3\xa9"\n')
    write(home / "Télé/a.zip", CHATS)
    write(home / "Downloads/b.zip", CHATS)
    write(tmp_path / "here/c.zip", CHATS)
    write(tmp_path / "there/d.zip", CHATS)
    monkeypatch.chdir(tmp_path / "here")
    found = exports_near(tmp_path / "there/e.zip") + exports_near(Path("e.zip"))
    assert sorted(export.paths[0].name for export in found) == [
        *("a.zip", "a.zip", "b.zip", "b.zip", "c.zip", "c.zip", "d.zip")
    ]
