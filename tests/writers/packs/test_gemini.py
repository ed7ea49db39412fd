"""The pack for Gemini: ZIPs within the limits, each an export in itself; and its API form."""

from __future__ import annotations

import csv
import re
import zipfile
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gptexit import convert
from gptexit.archive.files import Rendered
from gptexit.proof import verify
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.selection import Selection
from gptexit.verification.result import Result
from gptexit.writers.base import Options
from gptexit.writers.chat.api_requests import request
from gptexit.writers.packs import gemini as target
from gptexit.writers.packs.gemini import SOURCES, ZIPS_A_DAY, GeminiPack, start_here, words_in
from support.build import chain, conversation, message
from support.build import raw_conversations as any_conversations
from support.command import gptexit
from support.exports import FIXTURES, ROOT, raw_conversations

pytestmark = pytest.mark.slow

SLIM = ROOT / "fixtures/slim-2026.zip"
SMALL = 1 << 17


def check(source: Path, root: Path) -> Result:
    with open_export([source], careful=True) as export:
        return verify(root, export)


def export_of(path: Path, sizes: list[int]) -> Path:
    """An export with a conversation of so many kilobytes each."""
    items = []
    for number, size in enumerate(sizes):
        mapping = chain(message("user", f"{number} " + "word " * (size * 200)))
        items.append(conversation(mapping, title=f"Talk {number}", conversation_id=f"id-{number}"))
    path.write_bytes(orjson.dumps(items))
    return path


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_a_pack_is_complete_for_the_selection(source: Path, tmp_path: Path) -> None:
    made = convert(source, tmp_path, ["gemini"], options=Options(timezone=UTC))
    assert made["targets"][0]["conversations"] == made["read"]["conversations"]
    result = check(source, tmp_path)
    assert result.problems == []
    (alone,) = check(source, tmp_path / "upload/1-of-1.zip").archives
    assert alone.conversations == made["read"]["conversations"]
    assert alone.messages == made["read"]["messages"]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 110), min_size=1, max_size=12))
def test_whatever_the_sizes_each_zip_is_a_valid_export_within_the_limit(
    sizes: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("pack")
    source = export_of(folder / "export.json", sizes)
    convert(source, folder / "pack", ["gemini"], options=Options(max_size=SMALL))
    zips = sorted((folder / "pack/upload").iterdir())
    width = len(str(len(zips)))
    expected = [f"{n:0{width}}-of-{len(zips)}.zip" for n in range(1, len(zips) + 1)]
    assert [path.name for path in zips] == expected
    count = 0
    for path in zips:
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            assert sum(info.file_size for info in archive.infolist()) <= SMALL
        alone = convert(path, folder / path.stem, ["jsonl"])
        assert alone["complete"]
        count += alone["read"]["conversations"]
        assert check(source, path).problems == []
    assert count == len(sizes)
    assert check(source, folder / "pack").problems == []


def test_each_zip_can_be_inspected_alone(tmp_path: Path) -> None:
    source = export_of(tmp_path / "export.json", [80, 80])
    convert(source, tmp_path / "pack", ["gemini"], options=Options(max_size=SMALL))
    for path in sorted((tmp_path / "pack/upload").iterdir()):
        done = gptexit("inspect", path)
        assert done.returncode == 0
        assert re.search(rb"^Conversations +1\b", done.stdout, re.MULTILINE)


def test_what_is_taken_out_is_gone_from_the_pack(tmp_path: Path) -> None:
    """The second pack has less in it; nothing of the first may be left for somebody to upload."""
    source = export_of(tmp_path / "export.json", [80, 80, 80])
    options = Options(max_size=SMALL)
    convert(source, tmp_path / "pack", ["gemini"], options=options)
    assert len(list((tmp_path / "pack/upload").iterdir())) == 3
    convert(source, tmp_path / "pack", ["gemini"], selection=Selection(title="2"), options=options)
    (left,) = (tmp_path / "pack/upload").iterdir()
    assert left.name == "1-of-1.zip"
    assert set(raw_conversations(left)) == {"id-2"}
    assert check(source, tmp_path / "pack").problems == []


def test_a_second_run_leaves_the_pack_alone(tmp_path: Path) -> None:
    convert(SLIM, tmp_path, ["gemini"])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    convert(SLIM, tmp_path, ["gemini"])
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize("count", [1, 5, 6, 12])
def test_the_page_says_what_to_upload_on_which_day(count: int) -> None:
    names = [f"upload/{number}-of-{count}.zip" for number in range(1, count + 1)]
    page = start_here(GeminiPack(names, [], 10))
    lines = [line for line in page.splitlines() if line.startswith("- [ ]")]
    assert all(line.count(".zip") <= ZIPS_A_DAY for line in lines)
    assert [name for name in names if f"`{name}`" in "\n".join(lines)] == names
    assert ("day 1:" in page) == (count > ZIPS_A_DAY)


@pytest.mark.parametrize("size", [10, 3_000])
def test_sources_keep_their_limits_and_all_that_was_said(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In small files: what a notebook counts as words, and every word that was written."""
    limits = replace(SOURCES, file_bytes=20_000, file_tokens=4_000)
    monkeypatch.setattr(target, "SOURCES", limits)
    texts = [
        f"{number}:{text * size}" for number, text in enumerate(["word ", "漢字", "x" * 30] * 5)
    ]
    items = [
        conversation(
            chain(message("user", text)), title=f"Talk {number}", conversation_id=f"{number}"
        )
        for number, text in enumerate(texts)
    ]
    (tmp_path / "export.json").write_bytes(orjson.dumps(items))
    convert(tmp_path / "export.json", tmp_path / "pack", ["gemini"])
    files = sorted((tmp_path / "pack/sources").glob("[0-9]*.md"))
    for path in [*files, tmp_path / "pack/sources/contents.md"]:
        assert words_in(path.read_bytes()) <= limits.file_tokens
        assert path.stat().st_size <= limits.file_bytes
    # A long text is cut between two files, so the marks of what goes on elsewhere are taken out.
    whole = re.sub(r"\*[^*]*file \d+[^*]*\*|# Talk \d+", "", "".join(map(Path.read_text, files)))
    whole = "".join(whole.split())
    assert [text for text in texts if "".join(text.split()) not in whole] == []
    page = (tmp_path / "pack/START-HERE.md").read_text()
    assert [path.name for path in files if f"| `{path.name}` |" not in page] == []


def test_words_of_scripts_without_spaces_are_counted_one_by_one() -> None:
    assert words_in(b"two words") == 2
    assert words_in("漢字 かな".encode()) == 4 + 2
    for first in ("\u3040", "\u9fff", "\uac00", "\ud7af", "\uf900", "\U00020000", "\U0003ffff"):
        assert words_in(first.encode()) == 2


def test_the_newest_come_first(tmp_path: Path) -> None:
    items = [
        conversation(
            chain(message("user", "Hi")),
            title=f"No {number}",
            conversation_id=f"{number}",
            update_time=1.75e9 + days * 86_400,
        )
        for number, days in enumerate((1, 3, 2))
    ]
    (tmp_path / "export.json").write_bytes(orjson.dumps(items))
    convert(tmp_path / "export.json", tmp_path / "pack", ["gemini"])
    (path,) = (tmp_path / "pack/sources").glob("[0-9]*.md")
    assert re.findall(r"^# (No \d)", path.read_text(), re.MULTILINE) == ["No 1", "No 2", "No 0"]


def test_the_table_says_where_each_conversation_is(tmp_path: Path) -> None:
    source = export_of(tmp_path / "export.json", [80, 80, 80])
    options = Options(max_size=SMALL, timezone=UTC)
    convert(source, tmp_path / "pack", ["gemini"], selection=Selection(title="k"), options=options)
    with (tmp_path / "pack/contents.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert sorted(row["id"] for row in rows) == ["id-0", "id-1", "id-2"]
    for row in rows:
        assert set(raw_conversations(tmp_path / "pack" / row["upload"])) == {row["id"]}
        source = tmp_path / "pack" / row["folder"] / row["file"]
        assert f"# {row['conversation']}\n" in source.read_text()
        assert (row["messages"], row["why"]) == ("1", "title k")


def test_a_title_is_no_formula(tmp_path: Path) -> None:
    raw = conversation(chain(message("user", "Hi")), title="=1+1", conversation_id="-2")
    (tmp_path / "export.json").write_bytes(orjson.dumps([raw]))
    convert(tmp_path / "export.json", tmp_path / "pack", ["gemini"])
    assert ",'=1+1,'-2," in (tmp_path / "pack/contents.csv").read_text()


def test_a_request_is_what_was_said(tmp_path: Path) -> None:
    convert(ROOT / "fixtures/fat-2024.zip", tmp_path, ["gemini-api"])
    lines = [orjson.loads(line) for line in (tmp_path / "conversations.jsonl").open("rb")]
    by_title = {line["title"]: line["request"] for line in lines}
    assert by_title["Custom instructions: a short answer"] == {
        "systemInstruction": {
            "parts": [{"text": "I live in Lisbon and I teach maths.\n\nAnswer briefly. No emoji."}]
        },
        "contents": [
            {"role": "user", "parts": [{"text": "What is a prime?"}]},
            {
                "role": "model",
                "parts": [{"text": "A number above 1 with no divisors but 1 and itself."}],
            },
            {"role": "user", "parts": [{"text": "And 1?"}]},
            {"role": "model", "parts": [{"text": "Not a prime, by convention."}]},
        ],
    }
    assert not (tmp_path / "upload").exists()
    assert check(ROOT / "fixtures/fat-2024.zip", tmp_path).problems == []


@settings(max_examples=50)  # what is said is that of every such form; see test_claude.py
@given(any_conversations())
def test_any_request_begins_with_the_user_and_takes_turns(raw: dict[str, Any]) -> None:
    neutral = read_conversation(raw, Account(), ReadStats())
    made = request(neutral, frozenset({"reasoning"}), Rendered())
    roles = [content["role"] for content in made["contents"]]
    assert roles == [("user", "model")[number % 2] for number in range(len(roles))]
    for content in made["contents"]:
        assert content["parts"]
        assert all(part["text"].strip() for part in content["parts"])
