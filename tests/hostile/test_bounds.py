"""What a small file may cost: memory, time and room on the disk."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gptexit.conversion import convert
from gptexit.errors import NotAnExport
from gptexit.proof import verify
from gptexit.readers.chatgpt import asset_index as index
from gptexit.readers.chatgpt.containers import zip as zip_volumes
from gptexit.readers.chatgpt.export_set import ExportSet, open_export
from gptexit.readers.chatgpt.parsing import array_items as splitter
from gptexit.readers.chatgpt.parsing import json_scanner
from gptexit.readers.chatgpt.parsing import json_stream as rows
from gptexit.readers.chatgpt.parsing.array_items import Split, split
from gptexit.readers.chatgpt.parsing.json_scanner import Window, careful_end, count, skip
from gptexit.source import open_source
from support.packing import PNG, reasons, text_of, write, zip_of

FILLS = [b'{"a":1},', b"[[]],", b'"",', b"1,", b"[" * 500 + b"]" * 500 + b",", b'{"\\"":"\\\\"},']


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds as of a small machine, so that small inputs reach them."""
    monkeypatch.setattr(json_scanner, "LIGHT", 20_000)
    monkeypatch.setattr(json_scanner, "MOST_SIGNS", 5_000)
    monkeypatch.setattr(json_scanner, "_STEP", 1 << 14)
    monkeypatch.setattr(splitter, "LARGEST", 200_000)
    monkeypatch.setattr(splitter, "CHUNK", 1 << 14)
    json_scanner._brackets.cache_clear()


def talk(key: str, words: str = "hello") -> dict[str, Any]:
    said = {
        "id": "m",
        "author": {"role": "user"},
        "content": {"content_type": "text", "parts": [words]},
    }
    nodes: dict[str, Any] = {"n": {"id": "n", "message": said, "parent": None, "children": []}}
    return {"conversation_id": key, "title": f"Talk {key}", "current_node": "n", "mapping": nodes}


def large(fill: bytes, length: int = 400_000) -> bytes:
    """A conversation whose one message holds that much of `fill`."""
    before, after = json.dumps(talk("large", "@")).encode().split(b'"@"')
    return before + fill * (length // len(fill)) + b"1" + after


def export_of(tmp_path: Path, *items: bytes, name: str = "export.zip") -> Path:
    packed = zip_of({"conversations.json": b"[" + b",".join(items) + b"]"})
    return write(tmp_path / name, packed)


@pytest.mark.slow
@pytest.mark.parametrize("fill", FILLS, ids=range(len(FILLS)))
def test_a_conversation_of_many_values_is_never_parsed(narrow: None, fill: bytes) -> None:
    one, bomb = json.dumps(talk("a")).encode(), large(fill, 5_000_000)
    data = io.BytesIO(b"[" + one + b"," + bomb + b"," + one + b"]")
    said = Split()
    tracemalloc.start()
    found = [item["conversation_id"] for _, item in split(data, said)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == ["a", "a"]
    assert "larger than gptexit reads" in said.troubles[0].reason
    assert peak < 2_500_000


def test_many_commas_in_a_text_are_no_values(narrow: None) -> None:
    words = "1,2,3,{[::" * 10_000
    text = json.dumps([talk("a"), talk("b", words), talk("c")]).encode()
    said = Split()
    found = [item for _, item in split(io.BytesIO(text), said)]
    assert [item["conversation_id"] for item in found] == ["a", "b", "c"]
    assert said.troubles == []


@pytest.mark.parametrize("fill", [b'{"a":1},', b"[[]],", b'"' + b"x" * 9_999 + b'",'], ids=str)
@pytest.mark.parametrize("careful", [False, True])
def test_its_bytes_are_passed_on_as_they_are(narrow: None, fill: bytes, careful: bool) -> None:
    bomb = large(fill)
    said = Split()
    offsets: list[int] = []
    pieces: list[bytes] = []

    def keep(offset: int) -> Callable[[bytes], object]:
        offsets.append(offset)
        return pieces.append

    said.keep = keep
    data = b"[" + json.dumps(talk("a")).encode() + b", " + bomb + b"\n,7]"
    assert len(list(split(io.BytesIO(data), said, careful))) == 2
    (at,) = offsets
    assert pieces.pop() == b""
    assert max(map(len, pieces)) <= splitter.CHUNK
    assert b"".join(pieces) == bomb == data[at : at + len(bomb)]


def test_what_is_cut_off_in_one_is_passed_on_too(narrow: None) -> None:
    said = Split()
    taken: list[bytes] = []
    said.keep = lambda offset: taken.append
    bomb = large(b"[[]],")[:-20]
    assert list(split(io.BytesIO(b"[" + bomb), said)) == []
    assert b"".join(taken) == bomb
    assert [trouble.cut for trouble in said.troubles] == [True]


@pytest.mark.slow
def test_an_archive_keeps_it_in_a_file_of_its_own_and_verify_names_it(
    narrow: None, tmp_path: Path
) -> None:
    bomb = large(b'{"a":1},')
    one, two = (json.dumps(talk(key)).encode() for key in "ab")
    source = export_of(tmp_path, one, bomb, two)
    out = tmp_path / "out"
    report = convert(source, out, ("markdown", "jsonl", "sqlite"))
    assert report["exit_code"] == 1
    (lost,) = report["read"]["unreadable"]
    assert "too large to convert" in lost["reason"]
    (kept,) = out.glob("markdown/too-large/*.json")
    assert f"too-large/{kept.name}" in lost["reason"]
    for name in ("markdown", "jsonl", "sqlite"):
        assert (out / name / "too-large" / kept.name).read_bytes() == bomb
    assert report["read"]["conversations"] == 2
    again = convert(source, out, ("markdown", "jsonl", "sqlite"))
    assert sum(written["files_written"] for written in again["targets"]) == 0
    with open_export([source], careful=True) as export:
        result = verify(out, export)
    assert result.verdict == "complete except"
    assert [kept.name in phrase for phrase in result.lacking] == [True]
    kept.write_bytes(bomb[:-1])
    with open_export([source], careful=True) as export:
        result = verify(out, export)
    assert result.verdict == "not complete"
    assert any("too-large" in (problem.file or "") for problem in result.problems)


def test_an_archive_that_lacks_it_is_not_complete(
    narrow: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = json.dumps(talk("a")).encode()
    convert(export_of(tmp_path, one), tmp_path / "out", ("jsonl",))
    both = export_of(tmp_path, one, large(b"[[]],"), name="later.zip")
    with open_export([both], careful=True) as export:
        result = verify(tmp_path / "out", export)
    assert result.verdict == "not complete"


def test_what_goes_to_another_company_does_not_hold_it(narrow: None, tmp_path: Path) -> None:
    source = export_of(tmp_path, json.dumps(talk("a")).encode(), large(b"[[]],"))
    report = convert(source, tmp_path / "out", ("claude",))
    assert list(tmp_path.glob("out/too-large/*")) == []
    assert report["targets"][0]["not_kept"]["conversation-too-large"] == 1


def test_several_copies_of_it_and_of_others_keep_one_file_each(
    narrow: None, tmp_path: Path
) -> None:
    one, bomb = json.dumps(talk("a")).encode(), large(b"[[]],")
    source = export_of(tmp_path, one, bomb, one)
    report = convert(source, tmp_path / "out", ("jsonl",))
    assert report["read"]["conversations"] == 1
    assert len(report["read"]["unreadable"]) == 1
    (kept,) = tmp_path.glob("out/too-large/*.json")
    assert kept.read_bytes() == bomb


@pytest.mark.parametrize("length", [300_000, 90_000])
def test_a_line_of_neutral_json_that_is_too_large(
    narrow: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr("gptexit.readers.neutral.MOST_BYTES", 200_000)
    convert(
        export_of(tmp_path, *(json.dumps(talk(k)).encode() for k in "ab")), tmp_path, ("jsonl",)
    )
    first, second = (tmp_path / "conversations.jsonl").read_bytes().splitlines(keepends=True)
    line = b'{"version":1,"id":"x","a":[' + b"[[]]," * (length // 5) + b"1]}\n"
    source = write(tmp_path / "own" / "my.jsonl", first + line + second)
    report = convert(source, tmp_path / "out", ("markdown",))
    assert report["read"]["conversations"] == 2
    assert "my.jsonl, line 2" in report["read"]["unreadable"][0]["where"]
    (kept,) = tmp_path.glob("out/too-large/*")
    assert kept.read_bytes() == line


VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.text('\\"a{[é', max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('\\"}', max_size=3), inner),
    max_leaves=30,
)


@pytest.mark.slow
@settings(max_examples=60)
@given(VALUES, st.integers(1, 9), st.integers(1, 60))
@example({'\\"\\': ["\\" * 30, '"' * 30]}, 1, 2)
def test_passing_over_counts_as_counting_does(value: Any, step: int, times: int) -> None:
    piece = json.dumps([value]).encode() + b","
    data = b"[" + piece * times + b"0]"
    keep = json_scanner._STEP, json_scanner._LEAST
    json_scanner._STEP, json_scanner._LEAST = step * 7, step + 1
    json_scanner._brackets.cache_clear()
    try:
        at, depth = json_scanner.passed_over(data, 1, 1)
        assert count(data, at, depth) == (0, len(data), True)
        signs = sum(data.count(sign) for sign in (b",", b":", b"[", b"{"))
        assert not json_scanner.too_many_signs(data, 0, len(data), signs)
        window = Window(io.BytesIO(data + b" 5"), step, 1 << 20)
        window.more()
        assert skip(window, 0) + window.base == len(data)
    finally:
        json_scanner._STEP, json_scanner._LEAST = keep
        json_scanner._brackets.cache_clear()


@pytest.mark.slow
@settings(max_examples=60)
@given(VALUES)
def test_signs_are_those_outside_of_strings(value: Any) -> None:
    data = json.dumps(value).encode()
    signs = 0
    stack = [value]
    while stack:
        found = stack.pop()
        if isinstance(found, dict | list):
            below = list(found.values()) if isinstance(found, dict) else found
            signs += 1 + max(0, len(below) - 1) + len(below) * isinstance(found, dict)
            stack += below
    assert not json_scanner.too_many_signs(data, 0, len(data), signs)
    assert signs == 0 or json_scanner.too_many_signs(data, 0, len(data), signs - 1)


@pytest.mark.parametrize("fill", [b'\\"', b"\\\\", b"\\n", b"x"], ids=str)
def test_a_long_string_of_escapes_ends_where_it_ends(fill: bytes) -> None:
    data = b'"' + fill * 100_000 + b'",'
    tracemalloc.start()
    assert json_scanner.string_end(data, 0) == len(data) - 1
    assert json_scanner.string_end(data[:-2], 0) == -1
    window = Window(io.BytesIO(data), 1 << 20, 1 << 26)
    window.more()
    assert careful_end(window, 0) == len(data) - 1
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


# Members of a ZIP.


ZEROS = bytes(300_000)


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_volumes, "LARGE", 200_000)
    monkeypatch.setattr(zip_volumes, "LARGE_CONVERSATIONS", 500_000)
    monkeypatch.setattr(zip_volumes, "TOTAL", 1_000_000)


def assets(export: ExportSet) -> list[str]:
    return sorted(export.files.assets())


def test_members_that_shrink_too_well_are_left_out_and_named(little: None, tmp_path: Path) -> None:
    files = {"conversations.json": text_of("a"), "file-a.png": ZEROS, "file-b.png": PNG}
    source = write(tmp_path / "e.zip", zip_of(files))
    with open_export([source]) as export:
        assert assets(export) == ["file-b.png"]
        assert "file-a.png: would grow from" in reasons(export)
        assert "--allow-large reads it all the same" in reasons(export)
    with open_export([source], allow_large=True) as export:
        assert assets(export) == ["file-a.png", "file-b.png"]
        assert export.losses == []
    assert convert(source, tmp_path / "out")["exit_code"] == 1
    with open_source([source], allow_large=True) as export:
        assert list(export.others(())) == ["file-a.png", "file-b.png"]


def test_what_goes_beyond_the_total_is_left_out(little: None, tmp_path: Path) -> None:
    files = {f"file-{number}.png": ZEROS[:199_000] for number in range(9)}
    source = write(tmp_path / "e.zip", zip_of({"conversations.json": text_of("a"), **files}))
    with open_export([source]) as export:
        assert assets(export) == [f"file-{number}.png" for number in range(5)]
        assert "over the limit" in reasons(export)
        assert len(export.losses) == 4
    with open_export([source], allow_large=True) as export:
        assert len(assets(export)) == 9


def test_members_that_share_their_bytes_are_counted_each(little: None, tmp_path: Path) -> None:
    data = bytearray(zip_of({"conversations.json": text_of("a")}, method=zipfile.ZIP_STORED))
    target = io.BytesIO(bytes(data))
    with zipfile.ZipFile(target, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("file-0.png", b"x" * 30_000)
        for number in range(1, 60):  # the directory alone says that they are there
            info = zipfile.ZipInfo(f"file-{number}.png")
            for name in ("header_offset", "compress_size", "file_size", "CRC"):
                setattr(info, name, getattr(archive.getinfo("file-0.png"), name))
            archive.filelist.append(info)
            archive.NameToInfo[info.filename] = info
        archive._didModify = True  # type: ignore[attr-defined]
    source = write(tmp_path / "e.zip", target.getvalue())
    with open_export([source]) as export:
        assert sum(export.size(name) for name in assets(export)) <= 1_000_000
        assert "over the limit" in reasons(export)


def test_pictures_of_any_number_are_no_bomb(little: None, tmp_path: Path) -> None:
    files = {f"file-{n}.png": bytes(range(256)) * 700 for n in range(20)}
    packed = zip_of({"conversations.json": text_of("a"), **files}, method=zipfile.ZIP_STORED)
    with open_export([write(tmp_path / "e.zip", packed)]) as export:
        assert len(assets(export)) == 20
        assert export.losses == []


def test_conversations_that_shrink_too_well_are_left_out(little: None, tmp_path: Path) -> None:
    files = {
        "conversations-000.json": text_of("a"),
        "conversations-001.json": b"[" + b" " * 600_000,
    }
    source = write(tmp_path / "e.zip", zip_of(files))
    with open_export([source]) as export:
        assert export.conversation_files == ["conversations-000.json"]
        assert "conversations-001.json: would grow" in reasons(export)
    alone = write(tmp_path / "a.zip", zip_of({"conversations.json": b"[" + b" " * 600_000}))
    with pytest.raises(NotAnExport, match=r"conversations.json would grow .* --allow-large"):
        open_export([alone])


@pytest.mark.parametrize("streamed", [False, True])
def test_a_cut_zip_has_the_same_bounds(little: None, tmp_path: Path, streamed: bool) -> None:
    files = {"conversations.json": text_of("a"), "file-a.png": ZEROS, "file-b.png": PNG}
    packed = zip_of(files, streamed=streamed)
    cut = packed[: packed.index(b"PK\x01\x02")]
    with open_export([write(tmp_path / "e.zip", cut)]) as export:
        assert assets(export) == ["file-b.png"]
        assert "file-a.png: would grow" in reasons(export)


@pytest.mark.slow
def test_a_member_that_is_cut_off_gives_no_more_than_that(little: None, tmp_path: Path) -> None:
    whole = zip_of({"conversations.json": text_of("a"), "file-a.png": bytes(30_000_000)})
    at = whole.rindex(b"PK\x03\x04")
    packed = bytearray(whole[: whole.index(b"PK\x01\x02") - 100])
    packed[at + 22 : at + 26] = (5).to_bytes(4, "little")  # it says that it has five bytes
    with open_export([write(tmp_path / "e.zip", bytes(packed))]) as export:
        assert assets(export) == ["file-a.png"]
        with export.open("file-a.png") as stream:
            given = 0
            with pytest.raises(OSError, match="ends in the middle"):
                while True:
                    given += len(stream.read(1 << 16))
        assert given <= 200 * len(packed)


def test_exports_inside_a_bundle_share_what_is_allowed(little: None, tmp_path: Path) -> None:
    inner = zip_of({"conversations.json": text_of("a"), "file-a.png": ZEROS[:199_000]})
    bundle = {f"Conversations__{number}.zip": inner for number in range(9)}
    source = write(tmp_path / "b.zip", zip_of(bundle, method=zipfile.ZIP_STORED))
    with open_export([source]) as export:
        assert sum("over the limit" in loss.reason for loss in export.losses) >= 4


# Files beside the conversations.


def test_a_manifest_that_is_too_large_is_told_and_not_parsed(
    narrow: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "LARGEST", 100_000)
    for data in (b'{"export_files":[' + b"[[]]," * 15_000 + b"1]}", b'{"a":"' + b"x" * 200_000):
        files = {"conversations.json": text_of("a"), "export_manifest.json": data}
        with open_export([write(tmp_path / "e.zip", zip_of(files))]) as export:
            assert "cannot be read (too large)" in reasons(export)


def test_a_row_that_is_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "WIDEST", 100)
    text = b'[{"id":"a"},{"id":"b","c":[' + b"[]," * 200 + b'1]},{"id":"c"}]'
    found: list[Any] = []
    with pytest.raises(ValueError, match="a row is too large"):
        found.extend(row["id"] for row in rows.items(io.BytesIO(text)))


def test_a_table_of_assets_that_is_too_large_is_passed_over(narrow: None, tmp_path: Path) -> None:
    table = b'{"a":[' + b"[[]]," * 40_000 + b'1],"file-b":"x/file-b.png"}'
    page = b"<script>var jsonData = [];\nvar assetsJson = " + table + b";</script>"
    files = {"conversations.json": text_of("a"), "chat.html": page}
    with open_export([write(tmp_path / "e.zip", zip_of(files))]) as export:
        tracemalloc.start()
        assert export.lookup("file-b").member is None
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
        tracemalloc.stop()
