"""The whole way, on a sample export of each generation and on generated ones."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from gptexit.schemas import errors, validate_lines
from gptexit.writers.base import Options
from support.converting import convert_each
from support.exports import (
    BESIDE,
    FIXTURES,
    ROOT,
    leaves,
    mended,
    messages,
    raw_conversations,
    seen_texts,
    word_runs,
)

pytestmark = pytest.mark.slow

FIGURES = json.loads((ROOT / "fixtures/figures.json").read_text())


def run(
    source: Path,
    out: Path,
    names: tuple[str, ...] = ("markdown", "jsonl"),
    options: Options | None = None,
) -> dict[str, Any]:
    return convert_each(source, out, names, options)


def lines(out: Path) -> list[dict[str, Any]]:
    with (out / "jsonl/conversations.jsonl").open("rb") as stream:
        return [orjson.loads(line) for line in stream]


def notes(out: Path) -> dict[str, str]:
    """The notes by conversation id."""
    found = {}
    for path in (out / "markdown").rglob("*.md"):
        if path.name != "index.md":
            text = path.read_text(encoding="utf-8")
            found[yaml.safe_load(text[4:].split("\n---\n", 1)[0])["id"]] = text
    return found


@pytest.fixture(
    scope="module", params=[*FIXTURES, "generated"], ids=lambda p: getattr(p, "stem", p)
)
def converted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, dict[str, Any]]:
    """An export, where it was converted to, and the report."""
    folder = tmp_path_factory.mktemp("convert")
    source = request.param
    if source == "generated":
        source = folder / "generated.zip"
        script = str(ROOT / "fixtures/generate.py")
        make = [sys.executable, script, str(source), "--seed", "7"]
        subprocess.run([*make, "--conversations", "300", "--assets", "20"], check=True)
    return source, folder / "out", run(source, folder / "out")


def test_every_text_leaf_is_in_the_jsonl(converted: tuple[Path, Path, dict[str, Any]]) -> None:
    source, out, _ = converted
    by_id = {line["id"]: set(leaves(line)) for line in lines(out)}
    by_title = {line["title"]: set(leaves(line)) for line in lines(out)}
    for key, raw in raw_conversations(source).items():
        held = by_id.get(key) or by_title[mended(raw["title"])]
        wanted = [leaf for message in messages(raw) for leaf in leaves(message.get("content"))]
        wanted += [raw["title"]] if isinstance(raw.get("title"), str) else []
        for leaf in wanted:
            assert mended(leaf) in held


def test_what_the_user_saw_is_in_the_notes_in_order(
    converted: tuple[Path, Path, dict[str, Any]],
) -> None:
    source, out, _ = converted
    found = notes(out)
    checked = 0
    for key, raw in raw_conversations(source).items():
        if key not in found:
            continue  # an id of our own making
        words = " ".join(re.findall(r"[^\W_]+", found[key]))
        at = 0
        for text in seen_texts(raw):
            for run_of_words in word_runs(text):
                at = words.find(run_of_words, at)
                assert at >= 0, (key, run_of_words)
                checked += 1
    assert checked > 4


def test_every_line_is_valid(converted: tuple[Path, Path, dict[str, Any]]) -> None:
    _, out, _ = converted
    with (out / "jsonl/conversations.jsonl").open("rb") as stream:
        assert list(validate_lines(stream)) == []


def test_the_report_is_valid(converted: tuple[Path, Path, dict[str, Any]]) -> None:
    assert list(errors("report", converted[2])) == []


def test_one_note_and_one_line_for_each_conversation(
    converted: tuple[Path, Path, dict[str, Any]],
) -> None:
    source, out, report = converted
    raw = raw_conversations(source)
    chats = len(raw) + BESIDE.get(source.stem, (0, 0))[0]
    assert len(lines(out)) == len(notes(out)) == chats == report["read"]["conversations"]
    index = (out / "markdown/index.md").read_text(encoding="utf-8")
    for path in re.findall(r"(?<!\\)\]\(([^)]+)\)", index):
        assert (out / "markdown" / path).exists()


def test_a_second_run_writes_nothing(converted: tuple[Path, Path, dict[str, Any]]) -> None:
    source, out, _ = converted
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    report = run(source, out)
    assert report["targets"][0]["files_written"] == 0
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_the_figures_are_those_of_the_sample(source: Path, tmp_path: Path) -> None:
    wanted = FIGURES[source.name]
    report = run(source, tmp_path)
    chats, messages = BESIDE.get(source.stem, (0, 0))
    assert report["read"]["conversations"] == wanted["conversations"] + chats
    assert report["read"]["messages"] == wanted["messages"] + messages
    assert report["read"]["duplicates"] == wanted["duplicates"]
    assert report["source"]["missing_files"] == wanted["missing_files"]
    missing = {
        (asset["id"].partition("#")[0], asset["conversation"])
        for asset in report["assets"]["missing"]
        if not asset["id"].startswith("sandbox:")
    }
    assert missing >= {(asset["id"], asset["conversation"]) for asset in wanted["missing_assets"]}


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_every_asset_arrives_and_is_linked_where_it_was_shown(source: Path, tmp_path: Path) -> None:
    options = Options(branches="all", include=frozenset({"hidden", "tools", "reasoning"}))
    run(source, tmp_path, ("markdown",), options)
    by_hash: dict[str, Any] = {}
    for path in (tmp_path / "markdown/assets").rglob("*") if FIGURES[source.name]["assets"] else ():
        if path.is_file():
            by_hash.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), []).append(path)
    found = notes(tmp_path)
    index = (tmp_path / "markdown/index.md").read_text()
    for asset in FIGURES[source.name]["assets"]:
        assert asset["sha256"] in by_hash, asset
        paths = by_hash[asset["sha256"]]
        if asset["conversation"] is None:  # its type may be told nowhere
            assert {path.suffix for path in paths} <= {asset["extension"], ".bin", ".txt"}, asset
            assert any(path.name in index for path in paths), asset
        else:
            assert {path.suffix for path in paths} == {asset["extension"]}, asset
            assert any(path.name in found[asset["conversation"]] for path in paths), asset


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_every_asset_arrives_also_where_no_note_shows_it(source: Path, tmp_path: Path) -> None:
    report = run(source, tmp_path, ("markdown",))
    there = {
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (tmp_path / "markdown").glob("assets/*/*")
    }
    assert there >= {asset["sha256"] for asset in FIGURES[source.name]["assets"]}
    assert not report["targets"][0]["not_kept"]


def test_of_a_folder_only_files_of_chatgpt_are_taken(tmp_path: Path) -> None:
    with zipfile.ZipFile(ROOT / "fixtures/dat-2026.zip") as archive:
        archive.extractall(tmp_path / "Downloads")
    (conversations,) = (tmp_path / "Downloads").rglob("conversations-000.json")
    conversations.with_name("my-diary.docx").write_bytes(b"private")
    run(tmp_path / "Downloads", tmp_path, ("markdown",))
    there = [path.name for path in (tmp_path / "markdown/assets/other").iterdir()]
    assert len(there) == 5
    assert not [name for name in there if "diary" in name]


def test_a_newer_export_touches_only_what_changed(tmp_path: Path) -> None:
    source = ROOT / "fixtures/dat-2026.zip"
    run(source, tmp_path / "out", ("markdown",))
    root = tmp_path / "out/markdown"
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
    edited = sorted(root.glob("20*/*.md"))[0]
    edited.write_text("my own words")
    newer = tmp_path / "newer.zip"
    changed: list[Any] = []
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(newer, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if re.search(r"conversations(-\d+)?\.json$", name) and "_" not in Path(name).name:
                items = json.loads(data)
                for item in items:
                    if isinstance(item, dict) and not changed and item.get("current_node"):
                        item["title"] = "A new title"
                        changed.append(item.get("conversation_id") or item["id"])
                data = json.dumps(items).encode()
            new.writestr(name, data)
    run(newer, tmp_path / "out", ("markdown",))
    touched = {
        path.relative_to(root).as_posix()
        for path, stamp in before.items()
        if path.stat().st_mtime_ns != stamp and ".gptexit" not in path.parts and path != edited
    }
    assert edited.read_text() == "my own words"
    notes_touched = touched - {"index.md"}
    assert len(notes_touched) <= 1
    entries = (root / ".gptexit/manifest.jsonl").read_bytes().splitlines()
    path = {e["key"]: e["path"] for e in map(orjson.loads, entries)}[f"conversation/{changed[0]}"]
    assert notes_touched == {path} or root / path == edited
