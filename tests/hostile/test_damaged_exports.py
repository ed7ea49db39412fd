from __future__ import annotations

import io
import json
import random
import stat
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptexit.errors import NotAnExport
from gptexit.readers.chatgpt.containers import zip as zip_volumes
from gptexit.readers.chatgpt.containers import zip_member as inflate
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.readers.chatgpt.parsing import array_items as splitter
from gptexit.readers.chatgpt.parsing.array_items import Split, split
from gptexit.readers.chatgpt.parsing.json_scanner import Window, careful_end, skip
from support.packing import PNG, conversation, read, reasons, text_of, unpack, write, zip_of

KEYS = [f"c{number}" for number in range(12)]


def wordy(*keys: str) -> bytes:
    """Conversations that do not shrink much, so that a cut can fall inside their packed data."""
    words = random.Random("".join(keys))
    titles = ["".join(words.choices('abcdefghijklmnop\n"', k=400)) for _ in keys]
    items = [conversation(key, title=title) for key, title in zip(keys, titles, strict=True)]
    return json.dumps(items).encode()


EXPORT = {
    "file-a.dat": PNG,
    "conversations-000.json": wordy(*KEYS[:6]),
    "conversations-001.json": wordy(*KEYS[6:]),
    "empty/": b"",
    "file-b.dat": PNG,
}
WHOLE = {
    "deflated": zip_of(EXPORT),
    "stored": zip_of(EXPORT, method=zipfile.ZIP_STORED),
    "streamed": zip_of(EXPORT, streamed=True),
    "streamed, stored": zip_of(EXPORT, streamed=True, method=zipfile.ZIP_STORED),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=60)
@given(st.data())
def test_a_zip_cut_anywhere_keeps_what_stands_before_the_cut(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: Any
) -> None:
    whole = WHOLE[kind]
    cut = data.draw(st.integers(0, len(whole) - 1))
    source = write(tmp_path_factory.mktemp("cut") / "e.zip", whole[:cut])
    try:
        got, export = read(source)
    except NotAnExport as error:
        assert str(error).startswith(str(source))
        return
    assert got == KEYS[: len(got)]
    assert "the ZIP is incomplete" in reasons(export)
    if len(got) < 6:
        assert "conversations-000.json, byte" in reasons(export)


@pytest.mark.parametrize("kind", WHOLE)
def test_a_zip_without_its_directory_gives_everything(tmp_path: Path, kind: Any) -> None:
    whole = WHOLE[kind]
    cut = whole.find(b"PK\x01\x02")
    with open_export([write(tmp_path / "e.zip", whole[:cut])]) as export:
        assert [raw["id"] for _, raw in export.conversations()] == KEYS
        assert [export.open(name).read() for name in export.files.assets()] == [PNG, PNG]
        assert len(export.losses) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=80)
@given(st.data())
def test_damage_anywhere_never_ends_in_a_crash(
    tmp_path_factory: pytest.TempPathFactory, kind: Any, data: Any
) -> None:
    whole = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    source = write(tmp_path_factory.mktemp("hit") / "e.zip", bytes(whole))
    try:
        with open_export([source]) as export:
            for _, raw in export.conversations(once=True):
                assert isinstance(raw, dict)
            for name in export.files.assets():
                try:
                    export.open(name).read()
                except OSError as error:
                    assert str(error)
    except NotAnExport as error:
        assert str(error).startswith(str(source))


def broken(data: bytes, name: bytes, at: float) -> bytes:
    """`data` with a byte of a member's packed bytes changed; `at` from 0 to 1."""
    changed = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo(name.decode())
    place = info.header_offset + 30 + len(name) + int(info.compress_size * at)
    changed[place] ^= 0xFF
    return bytes(changed)


def test_a_wrong_checksum_loses_nothing_and_is_named(tmp_path: Path) -> None:
    whole = WHOLE["stored"]
    at = whole.find(b'"c3"') - 100
    changed = whole[:at] + b"!" + whole[at + 1 :]
    got, export = read(write(tmp_path / "e.zip", changed))
    assert got == KEYS
    assert reasons(export) == (
        "e.zip: conversations-000.json: its checksum does not match: some of its bytes are damaged"
    )


def test_broken_packed_data_keeps_what_comes_before(tmp_path: Path) -> None:
    changed = broken(WHOLE["deflated"], b"conversations-000.json", 0.6)
    got, export = read(write(tmp_path / "e.zip", changed))
    before = [key for key in got if key in KEYS[:6]]
    assert before[:3] == KEYS[:3]
    assert got[-6:] == KEYS[6:]
    assert "e.zip: conversations-000.json" in reasons(export)


def stream_of(
    packed: bytes, size: int | None, crc: int | None = None, method: int = 8
) -> inflate.MemberStream:
    return inflate.MemberStream(io.BytesIO(packed), method, len(packed), size, crc)


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("step", [1, 7, 1 << 20, -1])
def test_a_member_gives_all_its_bytes_in_any_step(step: Any) -> None:
    data = wordy(*KEYS) * 20 + b"\0" * 3_000_000 if step > 1000 or step < 0 else wordy(*KEYS)
    stream = stream_of(deflate(data), len(data), zlib.crc32(data))
    got = b"".join(iter(lambda: stream.read(step), b""))
    assert got == data
    assert stream.read(0) == b""


@pytest.mark.parametrize("step", [64, 1 << 20])
def test_the_bytes_before_the_damage_are_all_given(step: Any) -> None:
    data = wordy(*KEYS) * 3
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH) + b"\xff" * 500
    stream = stream_of(packed, len(data) * 2)
    got = bytearray()
    with pytest.raises(OSError, match=f"damaged after {len(data)} bytes; what follows"):
        while True:
            got += stream.read(step)
    assert got == data
    with pytest.raises(OSError, match="damaged"):
        stream.read(1)


@pytest.mark.parametrize(
    ("packed", "size", "method", "expected"),
    [
        (deflate(b"x" * 100)[:-2], 100, 8, "ends after 100 of|checksum|ends after"),
        (deflate(b"x" * 100), 200, 8, "ends after 100 of 200 bytes"),
        (deflate(b"x" * 100), 50, 8, "longer than the 50 bytes that the ZIP gives for it"),
        (b"x" * 10, 20, 0, "ends after 10 of 20 bytes"),
        (b"x" * 10, None, 0, "ends in the middle, after 10 bytes"),
        (b"\xff", 10, 8, "damaged after 0 bytes"),
    ],
)
def test_what_a_member_lacks_is_said(packed: Any, size: Any, method: Any, expected: Any) -> None:
    stream = stream_of(packed, size, 0, method)
    with pytest.raises(OSError, match=expected):
        while stream.read(30):
            pass


def test_a_member_is_never_read_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflate, "LIMIT", 1000)
    stream = stream_of(deflate(b"x" * 100_000), 100_000)
    got = b""
    with pytest.raises(OSError, match="ends after 1000 of 100000 bytes"):
        while True:
            got += stream.read(300)
    assert len(got) == 1000


def test_a_folder_and_a_bare_file_that_are_cut_are_named(tmp_path: Path) -> None:
    data = text_of("a", "b")
    folder = unpack(tmp_path / "e", {"conversations.json": data[:-9]})
    for source in (folder, folder / "conversations.json"):
        got, export = read(source)
        assert got == ["a"]
        assert "the file ends in the middle" in reasons(export)


def bare_descriptors(data: bytes) -> bytes:
    """`data` with descriptors that have no signature, as some writers leave it out."""
    return data.replace(b"PK\x07\x08", b"")


def test_descriptors_without_a_signature_are_passed(tmp_path: Path) -> None:
    whole = WHOLE["streamed"]
    data = bare_descriptors(whole[: whole.find(b"PK\x01\x02")])
    got, _ = read(write(tmp_path / "e.zip", data))
    assert got == KEYS


def test_damage_before_the_cut_costs_only_its_member(tmp_path: Path) -> None:
    whole = broken(WHOLE["streamed"], b"conversations-000.json", 0.0)
    got, export = read(write(tmp_path / "e.zip", whole[: whole.find(b"PK\x01\x02")]))
    assert got == KEYS[6:]
    assert "conversations-000.json" in reasons(export)
    with open_export([tmp_path / "e.zip"]) as export:
        assert len(list(export.files.assets())) == 2


def test_a_descriptor_in_stored_data_is_not_taken_for_the_end(tmp_path: Path) -> None:
    inner = b"PK\x07\x08" + b"\x01\0\0\0" * 6
    files = {"conversations.json": text_of("a"), "file-a.dat": b"12345" + inner + PNG}
    whole = zip_of(files, streamed=True, method=zipfile.ZIP_STORED)
    source = write(tmp_path / "e.zip", whole[: whole.find(b"PK\x01\x02")])
    with open_export([source]) as export:
        assert export.open("file-a.dat").read() == files["file-a.dat"]


def test_damage_is_told_behind_a_full_read() -> None:
    good = deflate(b"\0" * 5000)[:-1]
    stream = stream_of(good + b"\xff" * 9, 9000)
    got = bytearray()
    with pytest.raises(OSError, match=r"damaged|ends"):
        while True:
            got += stream.read(1000)
    assert bytes(4000) == got[:4000]


# Bombs and traps.


def test_a_bomb_among_the_assets_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_volumes, "LARGE", 1_000_000)
    files = {"conversations.json": text_of("a"), "file-a.dat": b"\0" * 2_000_000, "file-b.dat": PNG}
    with open_export([write(tmp_path / "e.zip", zip_of(files))]) as export:
        assert list(export.files.assets()) == ["file-b.dat"]
        assert export.lookup("file-a").member is None
        assert "file-a.dat: would grow from" in reasons(export)


@pytest.mark.slow
@pytest.mark.parametrize("fill", [b"a", b" ", b"{", b"[1],", b"1", b"{},", b'\\"'])
def test_a_bomb_among_the_conversations_takes_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fill: Any
) -> None:
    monkeypatch.setattr(splitter, "LARGEST", 1 << 18)
    monkeypatch.setattr(splitter, "CHUNK", 1 << 16)
    monkeypatch.setattr(splitter, "MOST_TROUBLES", 10)
    size = 300_000 if fill.endswith(b",") else 60_000_000
    text = b'[{"mapping":{},"id":"a"},' + (b'{"x":"' if fill in (b"a", b'\\"') else b"")
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    parts, block = [packer.compress(text)], fill * (1 << 16)
    for _ in range(max(1, size // len(block))):
        parts.append(packer.compress(block))
    packed = b"".join(parts) + packer.flush()
    stream = inflate.MemberStream(io.BytesIO(packed), 8, len(packed), None, None)
    tracemalloc.start()
    said = Split()
    count = sum(1 for _ in split(stream, said))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count >= 1
    assert said.troubles
    assert peak < 4_000_000


@pytest.mark.parametrize("step", [1, 3, 50])
@pytest.mark.parametrize(
    "large",
    [
        b'{"t":"%s","mapping":{}}' % (b"x" * 300),
        b'{"t":"%s"}' % (b'\\"}],{[' * 60),
        b'["%s"]' % (b"\\\\" * 200),
        b'"%s"' % (b"y" * 300),
        b"7" * 300,
        b'{"a":[%s]}' % b",".join([b'{"b":"}"}'] * 60),
    ],
)
def test_an_item_that_is_too_large_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch, step: Any, large: Any
) -> None:
    monkeypatch.setattr(splitter, "LARGEST", 200)
    monkeypatch.setattr(splitter, "CHUNK", step)
    data = b'[{"n":1,"mapping":{}}, ' + large + b', {"n":2,"mapping":{}},{"n":3,"mapping":{}}]'
    said = Split()
    got = [item["n"] for _, item in split(io.BytesIO(data), said)]
    assert got == [1, 2, 3]
    assert [(trouble.offset, trouble.cut) for trouble in said.troubles] == [(23, False)]
    assert "larger than" in said.troubles[0].reason


@pytest.mark.parametrize("large", [b'{"t":"%s' % (b"x" * 900), b"7" * 900, b"[" * 900])
def test_a_large_item_that_is_cut_is_told_as_both(
    monkeypatch: pytest.MonkeyPatch, large: Any
) -> None:
    monkeypatch.setattr(splitter, "LARGEST", 200)
    monkeypatch.setattr(splitter, "CHUNK", 64)
    said = Split()
    assert list(split(io.BytesIO(b"[" + large), said)) == []
    assert [trouble.cut for trouble in said.troubles] == [False, True]


def test_one_object_that_is_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitter, "LARGEST", 200)
    monkeypatch.setattr(splitter, "CHUNK", 64)
    said = Split()
    assert list(split(io.BytesIO(b'{"t":"%s"}' % (b"x" * 900)), said)) == []
    assert "larger than" in said.troubles[0].reason


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=8) | st.sampled_from(['\\"', "}", "]", "\\"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@pytest.mark.slow
@settings(max_examples=70)
@given(VALUES, st.integers(1, 9))
def test_skipping_ends_where_counting_ends(value: Any, chunk: Any) -> None:
    data = json.dumps(value).encode()
    rest = b", 1]"
    whole = Window(io.BytesIO(data + rest), chunk, 1 << 20)
    whole.more()
    assert careful_end(whole, 0) == len(data)
    part = Window(io.BytesIO(data + rest), chunk, 1 << 20)
    part.more()
    end = skip(part, 0)
    assert part.base + end == len(data)


@pytest.mark.slow
def test_many_small_items_without_a_mapping_take_linear_time() -> None:
    data = b"[" + b",".join([b'{"id":"x"}'] * 60_000) + b',{"mapping":{}}]'
    said = Split()
    assert sum(1 for _ in split(io.BytesIO(data), said)) == 60_001
    assert said.end == len(data)


def test_a_symbolic_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("conversations.json", text_of("a"))
        link = zipfile.ZipInfo("file-a.dat")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    got, export = read(write(tmp_path / "e.zip", target.getvalue()))
    assert got == ["a"]
    assert list(export.files.assets()) == []
    assert "file-a.dat: a symbolic link" in reasons(export)


def test_zip64_is_read_with_and_without_its_directory(tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("conversations.json", "w", force_zip64=True) as member:
            member.write(text_of("a"))
        with archive.open("conversations-001.json", "w", force_zip64=True) as member:
            member.write(text_of("b"))
    data = target.getvalue()
    for end in (len(data), data.find(b"PK\x01\x02")):
        assert read(write(tmp_path / "e.zip", data[:end]))[0] == ["a", "b"]


def with_entry(name: str, change: Any) -> bytes:
    """The export, with a member's entry in the directory changed."""
    data = bytearray(WHOLE["deflated"])
    at = data.find(b"PK\x01\x02")
    while data[at + 46 : at + 46 + len(name)] != name.encode():
        at = data.find(b"PK\x01\x02", at + 1)
    change(data, at)
    return bytes(data)


def test_a_wrong_length_in_the_directory_hides_no_member(tmp_path: Path) -> None:
    def change(data: Any, at: Any) -> None:
        data[at + 32 : at + 34] = b"\xff\xff"  # how long the comment is

    source = write(tmp_path / "e.zip", with_entry("file-a.dat", change))
    got, export = read(source)
    assert got == KEYS
    assert "the list of files in the ZIP is damaged" in reasons(export)


@pytest.mark.parametrize("name", ["conversations-001.json", "file-b.dat"])
def test_a_name_that_is_damaged_in_the_directory_is_told(tmp_path: Path, name: Any) -> None:
    def change(data: Any, at: Any) -> None:
        data[at + 46] ^= 0x02

    got, export = read(write(tmp_path / "e.zip", with_entry(name, change)))
    assert sorted(got) == sorted(KEYS)  # its bytes tell what it is
    assert "its name or place in the ZIP is damaged" in reasons(export)


def test_a_place_before_the_start_of_the_zip(tmp_path: Path) -> None:
    def change(data: Any, at: Any) -> None:
        size = data.find(b"PK\x05\x06") + 12
        data[size] ^= 0x20  # how long the directory is, and so where all begins

    source = write(tmp_path / "e.zip", with_entry("file-a.dat", change))
    with open_export([source]) as export:
        list(export.conversations())
        assert export.losses


@pytest.mark.slow
def test_more_members_than_the_end_of_a_zip_can_count(tmp_path: Path) -> None:
    members = {f"file-{number:x}.dat": b"" for number in range(65_600)}
    source = write(tmp_path / "e.zip", zip_of({**members, "conversations.json": text_of("a")}))
    got, export = read(source)
    assert got == ["a"]
    assert export.losses == []


@pytest.mark.parametrize("before", [b"", b"what is left of a member"])
def test_a_zip_in_a_cut_zip_is_not_taken_for_it(tmp_path: Path, before: Any) -> None:
    """An upload may be an old export, stored as it is, and the last thing before the cut."""
    inner = zip_of({"conversations.json": text_of("old")}, method=zipfile.ZIP_STORED)
    whole = zip_of(
        {
            "conversations.json": text_of("a", "b"),
            "file-x.dat": inner,
            "file-y.dat": random.Random(1).randbytes(5000),
        },
        method=zipfile.ZIP_STORED,
    )
    got, export = read(write(tmp_path / "e.zip", before + whole[: whole.find(inner) + 3000]))
    assert got == ["a", "b"]
    assert "download it again" in reasons(export)
