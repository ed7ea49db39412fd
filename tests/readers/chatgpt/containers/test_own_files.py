"""What gptexit wrote is called so where it is given as an export."""

from __future__ import annotations

import os
import re
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest

import gptexit
from gptexit.errors import NotAnExport
from gptexit.exit import leave
from gptexit.readers.chatgpt.export_set import open_export
from support.exports import ROOT
from support.packing import read, text_of, write, zip_of

SAMPLE = ROOT / "fixtures/classic-2023.zip"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `gptexit exit` wrote."""
    out = tmp_path_factory.mktemp("own") / "my exit"
    leave([SAMPLE], out, gptexit.Options(), lambda *_: nullcontext())
    return out


def refusal(source: Path) -> str:
    with pytest.raises(NotAnExport) as caught, open_export([source]):
        pass
    return str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        *(".", "account", "markdown", "jsonl", "START-HERE.md", "markdown/index.md"),
        *("account/user.json", "jsonl/conversations.jsonl", "report.json", "markdown/2023"),
    ],
)
def test_an_archive_and_what_is_in_it_are_called_so(whole: Path, path: str) -> None:
    said = refusal(whole / path)
    assert said.startswith(str(whole / path))
    assert "an archive that gptexit wrote" in said
    assert f'gptexit verify "{whole}"' in said
    assert "made from, classic-2023.zip." in said


def test_a_relative_path_stays_one(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(whole.parent)
    assert 'gptexit verify "my exit".' in refusal(Path("my exit/START-HERE.md"))
    monkeypatch.chdir(whole)
    assert f'gptexit verify "{whole}".' in refusal(Path("START-HERE.md"))


def test_a_folder_of_several_archives_is_called_so_with_all_that_they_were_made_from(
    tmp_path: Path,
) -> None:
    write(tmp_path / "chats.zip", zip_of({"conversations.json": text_of("a"), "chat.html": b""}))
    write(tmp_path / "files.zip", zip_of({"file-a.png": b"x", "library_files.json": b"[]"}))
    zips, out = [tmp_path / "chats.zip", tmp_path / "files.zip"], tmp_path / "out"
    gptexit.convert(zips, out, ["markdown", "jsonl"])
    assert "made from, chats.zip, files.zip." in refusal(out / "markdown")
    said = refusal(out)
    assert said.startswith(f"{out} is an archive that gptexit wrote")
    assert "made from, chats.zip, files.zip." in said


def test_an_archive_packed_as_a_zip_is_called_so(whole: Path, tmp_path: Path) -> None:
    packed = tmp_path / "mine.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in whole.rglob("*"):
            archive.write(path, path.relative_to(whole.parent))
    assert "an archive that gptexit wrote, packed as a ZIP" in refusal(packed)


def test_an_export_in_the_folder_of_an_archive_is_read(tmp_path: Path) -> None:
    write(tmp_path / "conversations.json", text_of("a"))
    gptexit.convert(tmp_path / "conversations.json", tmp_path)
    for source in (tmp_path, tmp_path / "conversations.json"):
        with open_export([source]) as export:
            assert [raw["id"] for _, raw in export.conversations()] == ["a"]


def test_a_record_that_somebody_altered_names_no_source(tmp_path: Path) -> None:
    for record in (b"[]", b"{", b'{"sources": [1]}', b'{"sources": [{"name": 5}]}'):
        write(tmp_path / ".gptexit/archive.json", record)
        assert refusal(tmp_path).endswith("give the export that it was made from.")


def test_exports_that_are_packed_in_a_folder_are_listed(tmp_path: Path) -> None:
    folder = tmp_path / "Downloads"
    write(folder / "a-part-0001.zip", zip_of({"conversations.json": text_of("a")}))
    write(folder / "a-part-0002.zip", zip_of({"file-a.dat": b"1"}))
    write(folder / "b/conversations.json", text_of("b"))
    with pytest.raises(
        NotAnExport, match=re.escape(f"{folder} is a folder with 2 exports")
    ) as caught:
        open_export([folder])
    assert caught.value.given == (str(folder),)
    names = [[os.path.basename(path) for path in each.paths] for each in caught.value.choices]
    assert sorted(names) == [["a-part-0001.zip", "a-part-0002.zip"], ["b"]]
    (folder / "a-part-0001.zip").unlink()
    with open_export([folder]) as export:
        assert [raw["id"] for _, raw in export.conversations()] == ["b"]


def test_an_empty_path_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(NotAnExport, match="is empty"):
        open_export([""])


def test_a_search_enters_no_hidden_folder_and_no_archive(tmp_path: Path) -> None:
    write(tmp_path / "a/.git/conversations.json", text_of("hidden"))
    write(tmp_path / "b/conversations.json", text_of("archived"))
    write(tmp_path / "b/.gptexit/archive.json", b"{}")
    with pytest.raises(NotAnExport, match="holds no conversations"):
        read(tmp_path)
    write(tmp_path / "a/.git/chat.json", text_of("hidden"))
    write(tmp_path / "a/chat.json", text_of("found"))
    assert read(tmp_path)[0] == ["found"]
