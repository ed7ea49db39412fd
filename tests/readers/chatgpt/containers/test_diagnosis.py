from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from gptexit.errors import NotAnExport
from gptexit.readers.chatgpt.containers.recognize import unreachable, wrong_file
from gptexit.readers.chatgpt.export_set import open_export
from support.packing import PNG, text_of, unpack, write, zip_of

CLAUDE = json.dumps([{"uuid": "u", "name": "n", "chat_messages": [{"text": "hi"}]}]).encode()
GEMINI = b'[{\n  "header": "Gemini Apps",\n  "title": "Prompted hello"}]'
SENTENCES = {
    "photo.png": (PNG, "a picture"),
    "photo.jpg": (b"\xff\xd8\xff\xe0 JFIF", "a picture"),
    "anim.gif": (b"GIF89a", "a picture"),
    "photo.webp": (b"RIFF\0\0\0\0WEBPVP8 ", "a picture"),
    "photo.heic": (b"\0\0\0\x18ftypheic", "a picture"),
    "song.mp3": (b"ID3\x04", "a recording"),
    "paper.pdf": (b"%PDF-1.7", "a PDF"),
    "empty.zip": (b"", "an empty file: download it again"),
    "export.rar": (b"Rar!\x1a\x07\x01\0", "unpack it and give the folder"),
    "export.7z": (b"7z\xbc\xaf\x27\x1c", "unpack it and give the folder"),
    "export.zip": (b"\n<!DOCTYPE html><html>Log in", "a web page, perhaps the log-in page"),
    "conversations.json": (CLAUDE, "an export of Claude"),
    "claude.json": (CLAUDE[1:-1], "an export of Claude"),
    "MyActivity.json": (GEMINI, "Google Gemini"),
    "chats.jsonl": (b'{"a": 1}\n{"a": 2}\n', "JSON Lines"),
    "shared_conversations.json": (b'[{"id": "s"}]', "not a list of ChatGPT conversations"),
    "user.json": (b'{"id": "user-x"}', "not a list of ChatGPT conversations"),
    "chatgpt.sqlite": (b"SQLite format 3\0", "an SQLite database"),
    "conversations.jsonl": (b'{"version":1,"id":"a"}\n', "JSON that gptexit wrote"),
    "START-HERE.md": (b"# Your archive", "a page in Markdown"),
    "note.md": (b"---\ntitle: x\n---\n", "a page in Markdown"),
    "notes.txt": (b"hello", "neither a ZIP nor a folder nor a JSON file"),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_a_wrong_file_gets_one_sentence(tmp_path: Path, name: str) -> None:
    data, expected = SENTENCES[name]
    with pytest.raises(NotAnExport, match=expected) as caught:
        open_export([write(tmp_path / name, data)])
    sentence = str(caught.value)
    assert sentence.startswith(str(tmp_path / name))
    assert sentence.endswith(".")
    assert "\n" not in sentence


CONTAINERS = {
    "claude": ({"conversations.json": CLAUDE, "users.json": b"[]"}, "an export of Claude"),
    "claude, empty": (
        {"conversations.json": b"[]", "users.json": b"[]", "projects.json": b"[]"},
        "an export of Claude",
    ),
    "claude, no chats": ({"users.json": b"[]", "projects.json": b"[]"}, "an export of Claude"),
    "takeout": ({"Takeout/My Activity/Gemini Apps/MyActivity.html": b"x"}, "Google"),
    "zips": ({"export.zip": b"PK", "x.txt": b""}, "holds ZIP files, but no conversations"),
    "holiday": ({"pictures/1.jpg": b"\xff\xd8"}, "holds no conversations"),
    "assets only": ({"file-abc.dat": b"1", "user.json": b"{}"}, "holds no conversations"),
}


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("what", CONTAINERS)
def test_a_zip_or_folder_without_conversations_gets_one(
    tmp_path: Path, what: str, packed: bool
) -> None:
    files, expected = CONTAINERS[what]
    if packed:
        source = write(tmp_path / "given.zip", zip_of(files))
    else:
        source = unpack(tmp_path / "given", files)
    with pytest.raises(NotAnExport, match=expected) as caught:
        open_export([source])
    assert str(caught.value).startswith(str(source))


def test_empty_containers_are_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for source in (tmp_path / "folder", write(tmp_path / "e.zip", zip_of({}))):
        with pytest.raises(NotAnExport, match="holds nothing"):
            open_export([source])


def test_an_export_without_conversations_is_one(tmp_path: Path) -> None:
    for data in (b"[]", b" [ ]\n"):
        for name in ("conversations.json", "other.json"):
            with open_export([write(tmp_path / name, data)]) as export:
                assert list(export.conversations()) == []
                assert export.losses == []


def test_a_missing_path_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(NotAnExport, match=r"nobody\.zip does not exist"):
        open_export([tmp_path / "nobody.zip"])


def test_other_errors_of_the_disk_are_passed_on() -> None:
    assert "cannot be opened, you have no permission" in str(
        unreachable("e.zip", PermissionError(13, "no"))
    )
    assert "cannot be read (I/O error)" in str(unreachable("e.zip", OSError(5, "I/O error")))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (zip_of({"conversations.json": b"[]"}), "holds a ZIP"),
        (CLAUDE, "Claude"),
        (b"", "empty"),
        (PNG, "picture"),
    ],
)
def test_standard_input_gets_a_sentence_too(data: bytes, expected: str) -> None:
    with pytest.raises(NotAnExport, match=f"standard input .*{expected}"):
        open_export(["-"], io.BytesIO(data))


@pytest.mark.parametrize("member", ["conversations.json", "file-a.dat"])
def test_encryption_is_named(tmp_path: Path, member: str) -> None:
    files = {"conversations.json": text_of("a"), "file-a.dat": PNG}
    data = bytearray(zip_of(files))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(mark)
        while start >= 0:
            name = 30 if at == 6 else 46
            if data[start + name :].startswith(member.encode()):
                data[start + at] |= 1
            start = data.find(mark, start + 4)
    for end in (None, -30):  # with its directory, and without
        source = write(tmp_path / "e.zip", bytes(data[:end]))
        if member == "conversations.json":
            with pytest.raises(NotAnExport, match=r"conversations.json is encrypted: unpack"):
                open_export([source])
        else:
            with open_export([source]) as export:
                assert [raw["id"] for _, raw in export.conversations()] == ["a"]
                assert any("encrypted" in loss.reason for loss in export.losses)


def test_only_encrypted_members_are_named_too(tmp_path: Path) -> None:
    data = bytearray(zip_of({"x.bin": b"x"}))
    data[data.find(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(NotAnExport, match=r"x\.bin is encrypted"):
        open_export([write(tmp_path / "e.zip", bytes(data))])


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("cut", [None, -30])
def test_unusual_packing_is_named(tmp_path: Path, method: int, cut: int | None) -> None:
    data = zip_of({"conversations.json": text_of("a")}, method=method)[:cut]
    with pytest.raises(NotAnExport, match="packed in a way that gptexit does not read"):
        open_export([write(tmp_path / "e.zip", data)])


def test_a_zip_behind_other_bytes_is_read(tmp_path: Path) -> None:
    data = b"#!/bin/sh\nexit 0\n" + zip_of({"conversations.json": text_of("a")})
    with open_export([write(tmp_path / "e.exe", data)]) as export:
        assert len(list(export.conversations())) == 1


def test_a_folder_without_permission_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = unpack(tmp_path / "e", {"conversations.json": text_of("a")})

    def refuse(path: object) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(NotAnExport, match="e cannot be opened"):
        open_export([folder])


def test_what_it_is_needs_few_bytes() -> None:
    assert "a picture" in str(wrong_file("x", PNG[:8]))
