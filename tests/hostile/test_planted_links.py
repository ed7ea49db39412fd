"""Links and pipes that somebody planted in an archive, and a manifest from elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from gptexit.archive.files import File
from gptexit.archive.folder import ArchiveFolder
from gptexit.cli.search import notes_of
from gptexit.conversion import convert
from gptexit.errors import Unusable
from gptexit.readers.neutral import open_neutral
from support.build import chain, conversation, message

pytestmark = pytest.mark.slow

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and pipes of Unix")
NOTE = "2025/2025-02-19-a-title.md"
FORMATS = ("markdown", "jsonl", "sqlite", "claude")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("export") / "export.zip"
    raw = conversation(chain(message("user", "Hi"), message("assistant", "Hello")))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations.json", json.dumps([raw]))
    return path


@pytest.fixture
def precious(tmp_path: Path) -> Any:
    path = tmp_path / "precious"
    path.mkdir()
    (path / "file").write_bytes(b"precious")
    return path


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "planted",
    [
        *(".gptexit/writing.part", ".gptexit/journal.jsonl", ".gptexit/manifest.jsonl"),
        *(".gptexit/archive.json", ".gptexit/names.json", ".gptexit/lock"),
    ],
)
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_nothing_is_written_through_what_is_planted(
    export: Any, precious: Any, name: Any, planted: Any, kind: Any
) -> None:
    out = precious.parent / "out"
    (out / ".gptexit").mkdir(parents=True)
    if kind == "link":
        (out / planted).symlink_to(precious / "file")
    else:
        os.mkfifo(out / planted)
    with pytest.raises(Unusable, match=planted.partition("/")[2]):
        convert(export, out, [name])
    assert [path.read_bytes() for path in precious.iterdir()] == [b"precious"]


@pytest.mark.parametrize("planted", [".gptexit", "2025"])
def test_a_folder_that_is_a_link_is_refused_by_name(
    export: Any, precious: Any, planted: Any
) -> None:
    out = precious.parent / "out"
    out.mkdir()
    (out / planted).symlink_to(precious)
    with pytest.raises(Unusable, match=f"{planted} is not a folder but a link"):
        convert(export, out)
    assert [path.name for path in precious.iterdir()] == ["file"]


def test_a_file_in_the_place_of_gptexits_own_folder_is_named(export: Any, tmp_path: Path) -> None:
    (tmp_path / ".gptexit").write_bytes(b"mine")
    with pytest.raises(Unusable, match="gptexit is not a folder"):
        convert(export, tmp_path)


def test_the_folder_itself_may_be_a_link(export: Any, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    convert(export, tmp_path / "out")
    assert (tmp_path / "real" / NOTE).is_file()


@pytest.mark.parametrize("planted", [NOTE, "index.md"])
@pytest.mark.parametrize("kind", ["link", "dangling", "pipe", "folder", "endless"])
def test_what_is_in_the_place_of_a_file_stays(
    export: Any, precious: Any, planted: Any, kind: Any
) -> None:
    path = precious.parent / "out" / planted
    path.parent.mkdir(parents=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        leads = {"link": precious / "file", "dangling": precious / "no", "endless": "/dev/zero"}
        path.symlink_to(leads[kind])
    before = path.lstat()
    report = convert(export, precious.parent / "out")
    assert os.path.samestat(path.lstat(), before)
    assert [path.read_bytes() for path in precious.iterdir()] == [b"precious"]
    assert path.with_name(f"{path.stem}.new.md").is_file()
    assert report["targets"][0]["edited"] == [planted]


ODD: dict[str, list[Any]] = {
    "path": [1, None, [], {}, True],
    "key": [1, None, []],
    "sha256": [1, None, []],
    "size": ["1", None, -1, 1.5, 1 << 63, []],
    "about": [1, None, [], "x", {"title": 1}, {"held": [1]}],
}
CHANGES: list[dict[str, Any]] = [
    *({"path": path} for path in ("/etc/passwd", "../x", "a/../../x", "a\0b", "", ".", "a//b")),
    *({"path": path} for path in (".gptexit/manifest.jsonl", ".GPTEXIT/x", "a/" + "x" * 300)),
    *({key: value} for key, values in ODD.items() for value in values),
    {"key": "conversation/conv", "path": "index.md"},
    {"extra": 1},
]
ENTRY = {"key": "asset/a", "path": "assets/a.png", "sha256": "", "size": 7, "about": {}}
LINES = [
    *(
        b"[]",
        b"1",
        b'"x"',
        b"null",
        b"{",
        b'{"key": 1}',
        b"\0" * 600,
        b"[" * 5000,
        b'{"a": "\\ud800"}',
    ),
    *(orjson.dumps({**ENTRY, **change}) for change in CHANGES),
]


@pytest.fixture
def foreign(export: Any, precious: Any) -> Any:
    """An archive from elsewhere, and the paths that it names."""
    out = precious.parent / "out"
    convert(export, out, ["markdown", "jsonl"])
    manifest = out / "markdown/.gptexit/manifest.jsonl"
    absolute = {**ENTRY, "key": "conversation/conv", "path": str(precious / "note.md")}
    (precious / "note.md").write_bytes(b"precious")
    lines = [*LINES, orjson.dumps(absolute), orjson.dumps({**absolute, "key": "asset/a"})]
    manifest.write_bytes(b"\n".join([*lines, manifest.read_bytes()]))
    return out


def test_a_foreign_manifest_is_survived(export: Any, foreign: Any, precious: Any) -> None:
    record = foreign / "markdown/.gptexit/archive.json"
    odd: dict[str, Any] = {
        "sources": [{"name": [], "size": {}}, 1],
        "options": [],
        "account": [],
        "format": 1,
    }
    records: list[Any] = [odd, [], {"options": {"layout": []}, "format": "markdown"}]
    for given in records:
        record.write_bytes(orjson.dumps(given))
        assert convert(export, foreign / "markdown")["exit_code"] == 0
    assert {path.read_bytes() for path in precious.iterdir()} == {b"precious"}
    assert (foreign / "markdown/index.md").read_bytes().startswith(b"# ")


def test_a_search_names_no_note_outside(foreign: Any, precious: Any) -> None:
    found = notes_of(foreign / "sqlite/chatgpt.sqlite", ["conv"])
    assert all(foreign.resolve() in path.resolve().parents for path in found.values())


def test_neutral_json_takes_no_file_from_outside(foreign: Any, precious: Any) -> None:
    line = {**ENTRY, "path": "assets/a.png"}
    with (foreign / "markdown/.gptexit/manifest.jsonl").open("ab") as manifest:
        manifest.write(orjson.dumps(line) + b"\n")
    (foreign / "markdown/assets").mkdir()
    (foreign / "markdown/assets/a.png").write_bytes(b"picture")
    lines = open_neutral([foreign / "jsonl/conversations.jsonl"], None)
    with lines as source, source.open("a") as stream:  # an odd line before it hides nothing
        assert stream.read() == b"picture"


@pytest.mark.parametrize("path", ["2025/./a.md", "2025//a.md", "A\tb.md", "x" * 256 + ".md"])
def test_another_spelling_of_a_path_is_none(tmp_path: Path, path: Any) -> None:
    with pytest.raises(ValueError, match="out of the archive"):
        ArchiveFolder(tmp_path).put(File(path, b"x", "k"))


def test_a_hard_link_is_not_written_to(export: Any, precious: Any) -> None:
    out = precious.parent / "out"
    convert(export, out)
    note = out / NOTE
    digest = hashlib.sha256(note.read_bytes()).hexdigest()
    os.link(note, precious / "same")
    os.link(precious / "file", out / ".gptexit/journal.jsonl")
    (out / "index.md").unlink()
    convert(export, out)
    assert hashlib.sha256((precious / "same").read_bytes()).hexdigest() == digest
    assert (precious / "file").read_bytes() == b"precious"
