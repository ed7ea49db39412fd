from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptexit.chatgpt.names import file_id
from gptexit.files.media_types import ending_of, media_type, text_type
from gptexit.readers.chatgpt.export_set import ExportSet, open_export
from support.packing import PNG, conversation, read, reasons, text_of, unpack, write, zip_of

UUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
BASE = {"conversations.json": text_of("a")}


def export_with(tmp_path: Path, files: dict[str, bytes]) -> ExportSet:
    source = write(tmp_path / "e.zip", zip_of({**BASE, **files}))
    return open_export([source])


@pytest.mark.parametrize(
    ("member", "pointer", "name"),
    [
        ("file-AbC123-my photo.png", "file-service://file-AbC123", "my photo.png"),
        ("file_00ff-clean.png", "sediment://file_00ff", "clean.png"),
        (f"file-AbC123-{UUID}", "file-service://file-AbC123", None),
        (f"dalle-generations/file-AbC123-{UUID}.webp", "file-service://file-AbC123", None),
        (f"user-x/file_00ff-{UUID}.png", "sediment://file_00ff", None),
        (f"{UUID}/audio/file_00ff-{UUID}.wav", "sediment://file_00ff", None),
        ("file_00ff.dat", "sediment://file_00ff", None),
        ("file_00ff (1).dat", "sediment://file_00ff", None),
        ("file_00ff.dat", "file-00ff", None),
        ("0f1e2d#file_00ff#p_1.jpg-p_1.jpg", "sediment://0f1e2d#file_00ff#p_1.jpg", None),
        ("x\\file-AbC123-a.png", "file-AbC123", "a.png"),
        ("../../file-AbC123-a.png", "file-AbC123", "a.png"),
    ],
)
def test_every_spelling_of_the_eras_is_found(
    tmp_path: Path, member: str, pointer: str, name: str | None
) -> None:
    with export_with(tmp_path, {member: PNG, "file-zz-other.png": b""}) as export:
        facts = export.lookup(file_id(pointer))
        assert facts.member == member
        assert facts.name == name
        assert facts.media_type == "image/png"
        assert facts.size == len(PNG) == export.size(member)
        assert export.open(member).read() == PNG


def test_a_missing_asset_is_a_miss_with_what_the_tables_say(tmp_path: Path) -> None:
    rows = [{"file_id": "file_aa", "file_name": "x.pdf", "file_size_bytes": 9}]
    with export_with(tmp_path, {"library_files.json": json.dumps(rows).encode()}) as export:
        facts = export.lookup("file_aa")
        assert (facts.member, facts.name, facts.size) == (None, "x.pdf", 9)
        assert facts.media_type == "application/pdf"
        assert export.lookup("sandbox:/mnt/data/x").member is None


def test_the_exact_dat_the_page_and_the_shallowest_win(tmp_path: Path) -> None:
    files = {
        "deep/er/file_aa-x.png": b"3",
        "file_aa.dat": b"1",
        "file_aa-x.png": b"2",
        "0f#file_bb#p_0.jpg-p_0.jpg": b"p0",
        "0f#file_bb#p_1.jpg-p_1.jpg": b"p1",
    }
    with export_with(tmp_path, files) as export:
        assert export.lookup("file_aa").member == "file_aa.dat"
        assert export.lookup("file_bb#p_1").member == "0f#file_bb#p_1.jpg-p_1.jpg"
        assert export.lookup("file_bb").member == "0f#file_bb#p_0.jpg-p_0.jpg"
        assert export.lookup("file_bb#p_7").member == "0f#file_bb#p_0.jpg-p_0.jpg"
        assert set(export.files.assets()) == set(files)


def test_names_and_types_of_dat_files_come_from_the_tables(tmp_path: Path) -> None:
    library = [
        {
            "file_id": "file_aa",
            "file_name": "plan.docx",
            "mime_type": "application/octet-stream",
            "sha256_digest": "AB" * 32,
            "file_size_bytes": 5,
            "origination_thread_id": "c1",
        },
        {"file_id": "file_bb", "file_name": "from library.png", "mime_type": "image/png; x=1"},
        {"file_id": "file_aa", "file_name": "second row.txt", "origination_thread_id": "c1"},
        {"file_id": 7, "origination_thread_id": None, "sha256_digest": "short"},
        "no row",
    ]
    names = {
        "file_bb.dat": "from names.png",
        "file_cc.dat": "../../etc/dalle\\pass wd.txt",
        "file_dd": f"{UUID}/audio/{UUID}.wav",
        "file_ee.dat": 7,
        "file_ff.dat": "..",
    }
    zip_head = b"PK\x03\x04" + b"\0" * 40
    files = {
        "library_files.json": json.dumps(library).encode(),
        "conversation_asset_file_names.json": json.dumps(names).encode(),
        "file_aa.dat": zip_head,
        "file_bb.dat": b"bb",
        "file_cc.dat": b"cc",
        "file_dd.dat": b"RIFF\0\0\0\0WAVE",
        "file_ee.dat": zip_head,
        "file_ff.dat": b"?",
    }
    with export_with(tmp_path, files) as export:
        known = {key: export.lookup(f"file_{key}") for key in ("aa", "bb", "cc", "dd", "ee", "ff")}
        assert {key: facts.name for key, facts in known.items()} == {
            "aa": "plan.docx",
            "bb": "from library.png",
            "cc": "pass wd.txt",
            "dd": f"{UUID}.wav",
            "ee": None,
            "ff": None,
        }
        office = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        assert {key: facts.media_type for key, facts in known.items()} == {
            "aa": office,
            "bb": "image/png",
            "cc": "text/plain",
            "dd": "audio/wav",
            "ee": "application/zip",
            "ff": "text/plain",
        }
        assert known["aa"].sha256 == "ab" * 32
        assert known["aa"].size == len(zip_head)
        rows = export.library("c1")
        assert [row["file_name"] for row in rows] == ["plan.docx", "second row.txt"]
        assert export.library("nobody") == []
        assert export.losses == []


@pytest.mark.parametrize(
    ("data", "expected"), [(b"let x = 1", "text/x-typescript"), (PNG, "image/png")]
)
def test_typescript_is_no_video(tmp_path: Path, data: bytes, expected: str) -> None:
    rows = [{"file_id": "file_aa", "file_name": "main.ts", "mime_type": "video/mp2t"}]
    files = {"library_files.json": json.dumps(rows).encode(), "file_aa.dat": data}
    with export_with(tmp_path, files) as export:
        assert export.lookup("file_aa").media_type == expected


@pytest.mark.parametrize("table", ["library_files.json", "conversation_asset_file_names.json"])
@pytest.mark.parametrize("tail", [b"", b', {"x": ', b"\xff"])
def test_a_broken_table_keeps_its_good_rows_and_is_named(
    tmp_path: Path, table: str, tail: bytes
) -> None:
    good = {
        "library_files.json": b'[{"file_id": "file_aa", "file_name": "good.png"}',
        "conversation_asset_file_names.json": b'{"file_aa.dat": "good.png"',
    }[table]
    with export_with(tmp_path, {table: good + tail, "file_aa.dat": PNG}) as export:
        facts = export.lookup("file_aa")
        assert facts.member == "file_aa.dat"
        assert facts.name in ("good.png", None)
        assert f"{table}: cannot be read to its end" in reasons(export)


def test_members_without_an_id_are_found_through_the_tables(tmp_path: Path) -> None:
    names = {"file_aa": f"dalle-generations/{UUID}.webp", "file_bb": "elsewhere/only.png"}
    viewer = {
        "file-service://file-CC": "personal/cc.bin",
        "sediment://file_dd": {"file_path": "personal/dd.bin"},
        "x": 3,
    }
    page = (
        b"<script>var jsonData = [];\nvar assetsJson = %s;</script>" % json.dumps(viewer).encode()
    )
    files = {
        "conversation_asset_file_names.json": json.dumps(names).encode(),
        "chat.html": page,
        f"dalle-generations/{UUID}.webp": b"aa",
        "other/only.png": b"bb",
        "personal/cc.bin": b"cc",
        "personal/dd.bin": b"dd",
        "one/same.txt": b"1",
        "two/same.txt": b"2",
    }
    with export_with(tmp_path, files) as export:
        assert export.lookup("file_aa").member == f"dalle-generations/{UUID}.webp"
        assert export.lookup("file_bb").member == "other/only.png"
        assert export.lookup("file-CC").member == "personal/cc.bin"
        assert export.lookup("file_dd").member == "personal/dd.bin"
        assert export.lookup("same.txt").member is None
        assert export.lookup("two/same.txt").member == "two/same.txt"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"nothing here", None),
        (b"\nvar assetsJson = {oops}", None),
        (b"\nvar assetsJson = {", None),
        (b"\nvar assetsJson = " + b'{"a":' * 3000 + b"1" + b"}" * 3000, None),
        (b'"say\nvar assetsJson = {no}" \nvar assetsJson = {"file-q": "p/q.bin"}', "p/q.bin"),
        (b" " * 1_048_570 + b'\nlet assetsJson = {"file-q": "p/q.bin"}', "p/q.bin"),
    ],
)
def test_the_viewers_table_may_be_anything(
    tmp_path: Path, page: bytes, expected: str | None
) -> None:
    with export_with(tmp_path, {"chat.html": page, "p/q.bin": b"q", "r.bin": b""}) as export:
        assert export.lookup("file-q").member == expected


def test_members_of_one_name_keep_their_own_bytes(tmp_path: Path) -> None:
    with pytest.warns(UserWarning):
        data = zip_of(
            [
                ("conversations.json", text_of("a")),
                ("file-a.dat", b"first"),
                ("file-a.dat", b"second"),
                ("file-a.dat", b"first"),
            ]
        )
    with open_export([write(tmp_path / "e.zip", data)]) as export:
        assert list(export.files.assets()) == ["file-a.dat", "file-a.dat (2)"]
        assert export.open("file-a.dat (2)").read() == b"second"
        assert export.lookup("file-a").member == "file-a.dat"


def test_an_asset_that_cannot_be_read_has_no_type_of_its_bytes(tmp_path: Path) -> None:
    data = bytearray(zip_of({**BASE, "file-a.dat": PNG}, method=zipfile.ZIP_STORED))
    at = data.find(b"file-a.dat") - 30
    data[at : at + 4] = b"????"
    with open_export([write(tmp_path / "e.zip", bytes(data))]) as export:
        assert export.lookup("file-a").media_type is None
        with pytest.raises(OSError, match="place in the ZIP is damaged"):
            export.open("file-a.dat")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0AVI ", "video/x-msvideo"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"\0\0\0\x18ftypisom", "video/mp4"),
        (b"%PDF-1.7", "application/pdf"),
        (b"ID3\x04", "audio/mpeg"),
        (b"", None),
        (b"hello", None),
    ],
)
def test_first_bytes_tell_the_type(head: bytes, expected: str | None) -> None:
    assert media_type(head) == expected


NAMES = st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20
) | st.sampled_from(
    ["../x", "/abs", "C:\\x", "a\0b", "file-", "file-a#", "#p_0", "..", ".", "a//b", "file_a#p_1"]
)


@pytest.mark.slow
@settings(max_examples=60)
@given(st.dictionaries(NAMES, st.binary(max_size=9), max_size=6), NAMES)
def test_any_member_name_is_only_a_label(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], asked: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    good = {name: data for name, data in files.items() if name[0] != "\0"}  # zipfile cannot
    with open_export([write(folder / "e.zip", zip_of({**BASE, **good}))]) as export:
        assert len(list(export.conversations())) == 1
        export.lookup(asked)
        for name in export.files.assets():
            export.lookup(file_id(name))
            assert len(export.open(name).read()) == export.size(name)


@pytest.mark.parametrize("name", [b"\0\0\0\0\0", b"a\0b/c", b"\\x\\yz", b"\xff\xfe\xff\xfe\xff"])
@pytest.mark.parametrize("streamed", [False, True])
def test_names_that_no_writer_makes_are_read(tmp_path: Path, name: bytes, streamed: bool) -> None:
    data = zip_of({**BASE, "NAMED": PNG}, streamed=streamed).replace(b"NAMED", name)
    with open_export([write(tmp_path / "e.zip", data)]) as export:
        assert len(list(export.conversations())) == 1
        assert [export.open(asset).read() for asset in export.files.assets()] == [PNG]


def test_links_in_a_folder_lead_nowhere_outside(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.txt", b"secret")
    folder = unpack(tmp_path / "e", {**BASE, "file-a.dat": PNG, "in/file-b.dat": b"b"})
    (folder / "file-out.dat").symlink_to(secret)
    (folder / "file-in.dat").symlink_to(folder / "file-a.dat")
    (folder / "file-gone.dat").symlink_to(folder / "nothing")
    (folder / "loop").symlink_to(folder)
    (folder / "outside").symlink_to(tmp_path)
    with open_export([folder]) as export:
        assert set(export.files.assets()) == {"file-a.dat", "file-in.dat", "in/file-b.dat"}
        assert "file-out.dat: a link that leads out of the folder" in reasons(export)
        assert "file-gone.dat" in reasons(export)
        assert "outside" in reasons(export)


def test_conversations_do_not_need_assets(tmp_path: Path) -> None:
    raw = json.dumps([conversation("a")]).encode()
    assert read(write(tmp_path / "conversations.json", raw))[0] == ["a"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"hello\nworld", "text/plain"),
        ("héllo".encode()[:2], "text/plain"),
        (b"<!DOCTYPE html><p>", "text/html"),
        (b"\x00\x01\x02", None),
        (b"caf\xe9 is no UTF-8 at all", None),
        (b"", None),
    ],
)
def test_text_is_known_as_text(head: bytes, expected: str | None) -> None:
    assert text_type(head) == expected


@pytest.mark.parametrize(
    ("name", "media_type", "expected"),
    [
        ("report.final.v2.tar.gz", None, ".tar.gz"),
        ("REPORT.TAR.GZ", None, ".tar.gz"),
        ("v1.2.gz", None, ".gz"),
        ("photo.jpeg.exe", None, ".exe"),
        ("types.d.ts", None, ".d.ts"),
        ("file-AbC", "image/jpeg", ".jpg"),
        (None, None, ".bin"),
    ],
)
def test_double_endings_are_kept(name: str | None, media_type: str | None, expected: str) -> None:
    assert ending_of(name, media_type) == expected
