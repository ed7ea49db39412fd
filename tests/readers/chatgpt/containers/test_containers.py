from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path

import pytest

from gptexit.codes import Repair
from gptexit.errors import NotAnExport
from gptexit.readers.chatgpt import export_set as container
from gptexit.readers.chatgpt.export_set import AnotherCopy, ExportSet, open_export
from support.packing import PNG, conversation, read, reasons, text_of, unpack, write, zip_of

ONE = {"conversations.json": text_of("a", "b")}
SHARDS = {
    "conversations-010.json": text_of("k"),
    "conversations-002.json": text_of("c"),
    "conversations-000.json": text_of("a"),
}


@pytest.mark.parametrize("prefix", ["", "export/", "0f-2026-01-02-03-04-05-aa/"])
@pytest.mark.parametrize("packed", ["zip", "streamed zip", "stored zip", "folder"])
def test_one_file_and_shards_in_a_zip_or_folder_below_any_prefix(
    tmp_path: Path, prefix: str, packed: str
) -> None:
    for members, keys in ((ONE, ["a", "b"]), (SHARDS, ["a", "c", "k"])):
        files = {prefix + name: data for name, data in members.items()}
        files |= {"__MACOSX/._conversations-000.json": b"\0", prefix + ".DS_Store": b"\0"}
        files |= {prefix + "shared_conversations.json": b'[{"id":"s"}]'}
        if packed == "folder":
            source = unpack(tmp_path / keys[-1], files)
        else:
            method = zipfile.ZIP_STORED if packed == "stored zip" else zipfile.ZIP_DEFLATED
            data = zip_of(files, streamed=packed == "streamed zip", method=method)
            source = write(tmp_path / f"{keys[-1]}.zip", data)
        got, export = read(source)
        assert got == keys
        assert export.losses == []
        assert export.label == source.name
        assert export.bytes_read == export.bytes_total == sum(map(len, members.values()))
        assert export.conversation_files == [prefix + name for name in sorted(members)]
        assert export.files.side_files() == ["shared_conversations.json"]


def test_conversations_say_where_they_stand(tmp_path: Path) -> None:
    source = write(tmp_path / "export.zip", zip_of(ONE))
    with open_export([source]) as export:
        places = [where for where, _ in export.conversations()]
    assert places[0] == "export.zip: conversations.json, byte 1"


def test_one_bare_file_is_read_without_what_lies_beside_it(tmp_path: Path) -> None:
    folder = unpack(tmp_path, {**SHARDS, "file-abc.dat": PNG, "user.json": b"{}"})
    got, export = read(folder / "conversations-002.json")
    assert got == ["c"]
    assert export.lookup("file-abc").member is None
    assert export.files.side_file("user.json") is None
    assert list(export.files.assets()) == []


def test_shards_that_are_given_one_by_one_are_one_export(tmp_path: Path) -> None:
    folder = unpack(tmp_path, SHARDS)
    assert read(*(folder / name for name in SHARDS))[0] == ["a", "c", "k"]
    same = unpack(
        tmp_path / "x", {"a.json": text_of("a", updated=1), "b.json": text_of("a", updated=2)}
    )
    got, export = read(same / "a.json", same / "b.json")
    assert (got, export.duplicates) == (["a"], 1)


def test_unpacked_parts_are_one_export(tmp_path: Path) -> None:
    paths = [
        unpack(tmp_path / f"e-part-000{n}", {f"in/conversations-00{n}.json": text_of(f"c{n}")})
        for n in (2, 1)
    ]
    assert read(*paths)[0] == ["c1", "c2"]


@pytest.mark.parametrize("name", ["conversations (1).json", "my chats.json"])
def test_a_bare_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    assert read(write(tmp_path / name, text_of("a")))[0] == ["a"]


def test_standard_input_is_read_once() -> None:
    with open_export(["-"], io.BytesIO(text_of("a", "b"))) as export:
        assert [raw["id"] for _, raw in export.conversations()] == ["a", "b"]
        assert export.bytes_total is None
        assert export.bytes_read == len(text_of("a", "b"))
        assert export.conversation_files == ["standard input"]
        export.settle()
        with pytest.raises(NotAnExport, match="only once"):
            list(export.conversations())


def test_standard_input_yields_a_later_copy_too_and_says_so() -> None:
    data = json.dumps([conversation("a", 1), conversation("a", 2), conversation("a", 2)]).encode()
    got, export = read("-", stdin=io.BytesIO(data))
    assert got == ["a", "a"]
    assert export.duplicates == 1
    assert "another copy" in reasons(export)


@pytest.mark.parametrize("sources", [[], ["-"]])
def test_no_source_is_said(sources: list[str]) -> None:
    with pytest.raises(NotAnExport, match="give"):
        open_export(sources)


def test_parts_of_one_export_are_one_in_any_order(tmp_path: Path) -> None:
    manifest = {
        "export_files": [
            {"path": name}
            for name in ("conversations-000.json", "conversations-001.json", "file-x.dat", "z.dat")
        ],
        "logical_files": {"conversations.json": {"files": ["conversations-002.json"]}},
    }
    parts = [
        {
            "conversations-000.json": text_of("a"),
            "export_manifest.json": json.dumps(manifest).encode(),
        },
        {"conversations-001.json": text_of("b"), "file-x.dat": PNG},
    ]
    paths = [
        write(tmp_path / f"export-part-000{number}.zip", zip_of(part))
        for number, part in enumerate(parts, 1)
    ]
    got, export = read(*reversed(paths))
    assert got == ["a", "b"]
    assert export.missing == ["z.dat", "conversations-002.json"]
    assert export.lookup("file-x").member == "file-x.dat"
    assert read(paths[0])[1].missing == [
        "conversations-001.json",
        "file-x.dat",
        "z.dat",
        "conversations-002.json",
    ]


@pytest.mark.parametrize("data", [b"[]", b"{", b'{"export_files": 3, "logical_files": [1]}'])
def test_a_strange_manifest_costs_nothing_else(tmp_path: Path, data: bytes) -> None:
    source = write(tmp_path / "e.zip", zip_of({**ONE, "export_manifest.json": data}))
    got, export = read(source)
    assert got == ["a", "b"]
    assert export.missing == []
    assert bool(export.losses) == (data == b"{")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("outer", ["zip", "folder"])
def test_a_privacy_portal_bundle_is_opened_one_level_deep(
    tmp_path: Path, method: int, outer: str
) -> None:
    conversations = zip_of(
        {
            "conversations-000.json": text_of("a"),
            "file-deep.dat": zip_of({"conversations.json": text_of("old")}),
            "Conversations__x.zip": zip_of({"conversations.json": text_of("deeper")}),
        }
    )
    files = {
        "report.html": b"<html>",
        "User Online Activity/Emails sent.csv": b"a,b",
        "User Online Activity/Conversations__ab-chatgpt-0001.zip": conversations,
        "User Online Activity/Files__ab-files-0001.zip": zip_of({"file_77.dat": PNG}),
        "User Online Activity/Ads__ab.zip": zip_of({"ads.json": b"{}"}),
        "User Online Activity/Other.zip": zip_of({"conversations.json": text_of("no")}),
    }
    if outer == "zip":
        source = write(tmp_path / "chatgpt_archive.zip", zip_of(files, method=method))
    else:
        source = unpack(tmp_path / "bundle", files)
    with open_export([source]) as export:
        assert [raw["id"] for _, raw in export.conversations()] == ["a"]
        found = export.lookup("file_77")
        assert found.media_type == "image/png"
        assert found.member is not None
        assert export.open(found.member).read() == PNG
        assert "ads.json" in export.files.side_files()
        assert export.losses == []


def test_a_damaged_zip_in_a_bundle_is_named(tmp_path: Path) -> None:
    good = zip_of({"conversations.json": text_of("a")})
    files = {"Conversations__a.zip": good, "Files__a.zip": zip_of({"file-a.dat": PNG * 99})[:60]}
    got, export = read(write(tmp_path / "bundle.zip", zip_of(files)))
    assert got == ["a"]
    assert "Files__a.zip: the ZIP is incomplete" in reasons(export)


def test_a_path_given_twice_is_read_once(tmp_path: Path) -> None:
    source = write(tmp_path / "e.zip", zip_of(ONE))
    got, export = read(source, source)
    assert (got, export.duplicates) == (["a", "b"], 0)


def test_only_the_shallowest_export_is_read_and_the_other_is_named(tmp_path: Path) -> None:
    source = write(tmp_path / "e.zip", zip_of({**ONE, "old/conversations.json": text_of("z")}))
    got, export = read(source)
    assert got == ["a", "b"]
    assert "old/conversations.json: another export" in reasons(export)


def test_folders_beside_each_other_are_all_read(tmp_path: Path) -> None:
    unpack(tmp_path / "top", {"x/conversations.json": text_of("a", updated=2)})
    unpack(tmp_path / "top", {"y/conversations.json": text_of("a", "b", updated=3)})
    got, export = read(tmp_path / "top")
    assert sorted(got) == ["a", "b"]
    assert export.duplicates == 1


def test_the_later_of_two_members_with_one_name_is_read(tmp_path: Path) -> None:
    with pytest.warns(UserWarning):
        data = zip_of(
            [("conversations.json", text_of("old")), ("conversations.json", text_of("new"))]
        )
    got, export = read(write(tmp_path / "e.zip", data))
    assert got == ["new"]
    assert "in the ZIP twice" in reasons(export)


# Copies of one conversation.


def test_equal_copies_are_one_also_of_conversations_without_an_id(tmp_path: Path) -> None:
    raw = [conversation(None), conversation("a", 5), conversation("a", 5), conversation("a", None)]
    raw += [conversation(None), conversation(None, 2)]
    source = write(tmp_path / "conversations.json", json.dumps(raw).encode())
    with open_export([source]) as export:
        with pytest.raises(AnotherCopy):
            list(export.conversations())
        export.settle()
        assert [raw.get("id", "?") for _, raw in export.conversations()] == ["a", "?", "?"]
        assert export.duplicates == 3
        assert export.union is None


def test_what_cannot_be_taken_back_is_given_again_and_told(tmp_path: Path) -> None:
    raw = [conversation("a", 5), conversation("a", 5), conversation("a", 6)]
    source = write(tmp_path / "conversations.json", json.dumps(raw).encode())
    with open_export([source]) as export:
        assert [raw["update_time"] for _, raw in export.conversations(once=True)] == [5, 6]
        assert export.duplicates == 1
        assert "jsonl has both, other formats only this one" in reasons(export)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, 2),
        (None, 0),
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00"),
        ("5", 6.5),
        ("soon", 1),
        (True, 1),
        (10**400, 1),
    ],
)
def test_a_later_copy_is_told_and_settled(
    tmp_path: Path, first: int | str | None, second: float | str
) -> None:
    shards = {
        "conversations-000.json": json.dumps([conversation("a", first, "old")]).encode(),
        "conversations-001.json": json.dumps([conversation("a", second, "new")]).encode(),
    }
    source = write(tmp_path / "e.zip", zip_of(shards))
    with open_export([source]) as export:
        with pytest.raises(AnotherCopy):
            list(export.conversations())
        export.settle()
        for _ in range(2):
            assert [raw["title"] for _, raw in export.conversations()] == ["new"]
            assert export.duplicates == 1
            assert export.bytes_read == export.bytes_total


def test_single_file_and_shards_are_settled_without_asking(tmp_path: Path) -> None:
    files = {
        "conversations.json": text_of("a", "b", updated=1),
        "conversations-000.json": text_of("b", "c", updated=2),
        "conversations-001.json": json.dumps([conversation(None), conversation("c", 1)]).encode(),
    }
    got, export = read(write(tmp_path / "e.zip", zip_of(files)))
    assert got == ["a", "b", "?", "c"]
    assert export.duplicates == 2


def test_two_exports_are_settled_without_asking(tmp_path: Path) -> None:
    old = write(tmp_path / "old.zip", zip_of({"conversations.json": text_of("a", updated=1)}))
    new = write(tmp_path / "new.zip", zip_of({"conversations.json": text_of("a", updated=2)}))
    with open_export([old, new]) as export:
        assert export.label == "old.zip and 1 more"
        places = [where for where, _ in export.conversations()]
    assert places == ["new.zip: conversations.json, byte 1"]


def test_items_that_are_no_conversations_are_named(tmp_path: Path) -> None:
    data = b'[1, null, "x", {"mapping": {}, "id": "a"}, [], {"mapping": {}, "u": NaN}]  x'
    got, export = read(write(tmp_path / "conversations.json", data))
    assert got == ["a", "?"]
    assert [loss.reason for loss in export.losses] == [
        "a number where a conversation should be",
        "a text where a conversation should be",
        "an array where a conversation should be",
        "null where a conversation should be",
        "more text after the end of the list of conversations",
    ]
    assert export.repairs == {Repair.NAN: 1}


def test_very_many_losses_are_not_all_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "LISTED", 10)
    _, export = read(
        write(tmp_path / "conversations.json", b'[{"mapping": {}},' + b"1," * 50 + b"1]")
    )
    assert len(export.losses) == 11
    assert "more than 10 losses" in export.losses[-1].reason


@pytest.mark.parametrize("data", [b"", b"not json"])
def test_a_shard_that_is_no_array_costs_only_itself(tmp_path: Path, data: bytes) -> None:
    files = {"conversations-000.json": data, "conversations-001.json": text_of("b")}
    got, export = read(write(tmp_path / "e.zip", zip_of(files)))
    assert got == ["b"]
    assert "conversations-000.json: it does not begin with a list" in reasons(export)


# Side files and the viewer.


def side_file(export: ExportSet, name: str) -> bytes:
    stream = export.files.side_file(name)
    assert stream is not None
    return stream.read()


def test_side_files_are_found_by_name_and_assets_are_none(tmp_path: Path) -> None:
    files = {
        **ONE,
        "user.json": b"{}",
        "user_settings.json": b"[]",
        "sites/export_manifest.json": b"{}",
        "file-abc-notes.json": b"[1]",
        "new_thing.json": b"7",
    }
    with open_export([write(tmp_path / "e.zip", zip_of(files))]) as export:
        assert set(export.files.side_files()) == set(files) - set(ONE) - {"file-abc-notes.json"}
        assert side_file(export, "new_thing.json") == b"7"
        assert export.files.side_file("nothing.json") is None
        assert list(export.files.assets()) == ["file-abc-notes.json"]
        assert export.size("file-abc-notes.json") == 3
        with pytest.raises(OSError, match="holds no nobody"):
            export.open("nobody")


def test_side_files_of_two_exports_stay_apart_unless_they_are_the_same(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / f"{n}.zip", zip_of({**ONE, "user.json": b"{}", "ads.json": n.encode()}))
        for n in "12"
    ]
    with open_export(paths) as export:
        assert set(export.files.side_files()) == {"user.json", "ads.json", "ads.json (2)"}
        both = [side_file(export, name) for name in ("ads.json", "ads.json (2)")]
        assert sorted(both) == [b"1", b"2"]


PAGE = b"<html><script>var x = 1;\nvar jsonData = %s;\nvar assetsJson = %s;\n</script></html>"


@pytest.mark.parametrize("source", ["zip", "folder", "file"])
@pytest.mark.parametrize("before", [b"", b" " * 3_000_000])
def test_the_viewer_serves_where_conversations_are_missing(
    tmp_path: Path, source: str, before: bytes
) -> None:
    page = before + PAGE % (text_of("a", "b"), b"{}")
    if source == "zip":
        path = write(tmp_path / "e.zip", zip_of({"x/chat.html": page, "x/user.json": b"{}"}))
    elif source == "folder":
        path = unpack(tmp_path / "e", {"chat.html": page})
    else:
        path = write(tmp_path / "chat.html", page)
        if before:  # the first bytes of a bare file have to tell what it is
            return
    got, export = read(path)
    assert got == ["a", "b"]
    assert export.losses == []
    assert export.conversation_files[0].endswith("chat.html")


def test_the_viewer_serves_wherever_it_lies(tmp_path: Path) -> None:
    members = {"export_manifest.json": b"{}", "x/chat.html": PAGE % (text_of("a"), b"{}")}
    assert read(write(tmp_path / "e.zip", zip_of(members)))[0] == ["a"]


def test_a_viewer_without_conversations_is_named(tmp_path: Path) -> None:
    got, export = read(write(tmp_path / "e.zip", zip_of({"chat.html": b"<html>"})))
    assert got == []
    assert "holds no conversations" in reasons(export)


def test_a_damaged_side_file_is_named(tmp_path: Path) -> None:
    data = bytearray(zip_of({**ONE, "user.json": b"{}"}))
    at = data.find(b"user.json") - 30
    data[at : at + 4] = b"????"
    with open_export([write(tmp_path / "e.zip", bytes(data))]) as export:
        assert export.files.side_file("user.json") is None
        assert reasons(export) == "user.json: its place in the ZIP is damaged"
        assert len(list(export.conversations())) == 2


def test_closing_removes_what_was_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    inner = zip_of(ONE)
    source = write(tmp_path / "b.zip", zip_of({"Conversations__x.zip": inner}))
    with open_export([source]) as export:
        assert isinstance(export, ExportSet)
        assert len(list((tmp_path / "spool").rglob("*"))) == 2
        assert len(list(export.conversations())) == 2
    assert list((tmp_path / "spool").iterdir()) == []
