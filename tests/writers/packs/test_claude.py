"""The pack for Claude: its folders, its limits, what it says of itself; and its API form."""

from __future__ import annotations

import csv
import io
import re
import tracemalloc
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from gptexit import convert
from gptexit.archive.files import Rendered
from gptexit.archive.manifest import Catalog
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.writers.base import Options, WriterSetting
from gptexit.writers.chat.api_requests import claude_request, spoken
from gptexit.writers.packs.claude import (
    FEWEST_TOKENS,
    FILE_BYTES,
    WINDOW,
    WINDOW_FILES,
    limits,
)
from gptexit.writers.packs.conversation import estimate
from gptexit.writers.packs.topics import topic_of
from gptexit.writers.registry import FORMATS
from support.build import chain, conversation, message
from support.build import raw_conversations as any_conversations
from support.command import gptexit
from support.exports import BESIDE, FIXTURES, ROOT, raw_conversations, seen_texts, word_runs

pytestmark = pytest.mark.slow

SLIM = ROOT / "fixtures/slim-2026.zip"
PROJECT = "g-p-" + "0123456789abcdef" * 2


def export_of(path: Path, items: list[dict[str, Any]]) -> Path:
    """An export with these conversations, each a dictionary of what is not usual."""
    raws = []
    for number, rest in enumerate(items):
        texts = rest.pop("texts", ["Hello", "Hi"])
        mapping = chain(*(message(("user", "assistant")[at % 2], t) for at, t in enumerate(texts)))
        key = f"id-{number}"
        raws.append(conversation(mapping, **{"conversation_id": key, "id": key, **rest}))
    path.write_bytes(orjson.dumps(raws))
    return path


def packed(source: Path, out: Path, **options: Any) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The report, and the rows of the table."""
    report = convert(source, out, ["claude"], options=Options(timezone=UTC, **options))
    return report, list(csv.DictReader((out / "contents.csv").open(encoding="utf-8")))


def knowledge(root: Path) -> list[Path]:
    """The knowledge files."""
    return [path for path in root.rglob("*.md") if path.name[:2].isdigit()]


def told(root: Path) -> str:
    """START-HERE.md, its lines joined."""
    return " ".join((root / "START-HERE.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_what_the_user_saw_is_in_the_files_in_order(source: Path, tmp_path: Path) -> None:
    report, rows = packed(source, tmp_path)
    assert {row["in"] for row in rows} <= {"yes", "no"}
    assert all(row["in"] == "yes" or "nothing to read" in row["why"] for row in rows)
    assert len({row["id"] for row in rows}) == report["selected"]["conversations"]
    places = {row["id"]: row for row in rows}
    for key, raw in raw_conversations(source).items():
        row = places.get(key)
        if row is None or row["in"] == "no":
            continue
        files = [tmp_path / row["folder"] / name for name in row["file"].split("; ")]
        text = "".join(path.read_text(encoding="utf-8") for path in files)
        words = " ".join(re.findall(r"[^\W_]+", text))
        at = words.find(" ".join(re.findall(r"[^\W_]+", row["conversation"])))
        for seen in seen_texts(raw):
            for run in word_runs(seen):
                at = words.find(run, at)
                assert at >= 0, (key, run)
        assert "\n## " in text


def test_a_second_run_writes_nothing_and_one_with_less_takes_the_rest_away(tmp_path: Path) -> None:
    packed(SLIM, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    report, _ = packed(SLIM, tmp_path)
    assert report["targets"][0]["files_written"] == 0
    assert before == {
        path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()
    }
    done = gptexit("convert", SLIM, "--to", "claude", "--title", "bakery", "-o", tmp_path)
    assert done.returncode == 0
    assert b"Searched for secrets in claude" in done.stdout
    assert not (tmp_path / "recent").exists()
    assert len(knowledge(tmp_path)) == 1


def test_what_you_changed_stays(tmp_path: Path) -> None:
    packed(SLIM, tmp_path)
    mine = next(tmp_path.glob("projects/*/instructions.md"))
    mine.write_text("My own words\n")
    packed(SLIM, tmp_path)
    assert mine.read_text() == "My own words\n"


def test_projects_gpts_and_topics_have_folders_and_a_conversation_may_be_in_several(
    tmp_path: Path,
) -> None:
    items: list[dict[str, Any]] = [
        {"title": "Tax return 2024", "gizmo_id": PROJECT},
        {"title": "Tax office letter", "gizmo_id": PROJECT},
        {"title": "Recipes", "gizmo_id": "g-abc123", "texts": ["The irs, again", "Taxing"]},
        {"title": "Taxidermy", "texts": ["syntax", "IRS-free"]},
        {"title": "Weather", "texts": ["Rain?", "No."]},
    ]
    source = export_of(tmp_path / "conversations.json", items)
    out = tmp_path / "out"
    _, rows = packed(source, out, topics=(topic_of("tax=tax, IRS"),))
    assert {(row["id"], row["folder"]) for row in rows} == {
        ("id-0", "projects/tax-01234567"),
        ("id-1", "projects/tax-01234567"),
        ("id-0", "topics/tax"),
        ("id-1", "topics/tax"),
        ("id-2", "gpts/recipes-abc123"),
        ("id-2", "topics/tax"),
        ("id-3", "topics/tax"),
        ("id-4", "recent"),
    }
    why = {row["id"]: row["why"] for row in rows if row["folder"] == "topics/tax"}
    assert why["id-0"] == "“tax” in its title"
    assert why["id-2"] == "“irs” in its text"
    page = next(out.glob("projects/*/instructions.md")).read_text()
    assert PROJECT in page
    assert "does not hold the name, the instructions" in page


def test_a_name_of_yours_is_the_folder_s_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    items = [{"title": "Form 1040", "gizmo_id": PROJECT}]
    source = export_of(tmp_path / "conversations.json", items)
    out = tmp_path / "out"
    packed(source, out)
    names = ["--project-name", f"{PROJECT[:12]}=My Taxes", "--project-name", "g-p-nobody=X"]
    assert gptexit("convert", source, "--to", "claude", "-o", out, *names).returncode == 0
    assert [path.name for path in (out / "projects").iterdir()] == ["my-taxes"]
    assert "# My Taxes: " in (out / "projects/my-taxes/contents.md").read_text()
    assert "No conversation has what you named: g-p-nobody." in told(out)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--topic", "tax="],
        ["--topic", "=,"],
        ["--topic", "a=b", "--topic", "a=c"],
        ["--topic", "a=" + "b" * 300],
        ["--project-name", "Taxes"],
        ["--project-name", "g-=Taxes"],
        ["--tokens", "5"],
    ],
)
def test_what_makes_no_sense_is_a_clear_sentence(wrong: list[str], tmp_path: Path) -> None:
    done = gptexit("convert", SLIM, "--to", "claude", "-o", tmp_path / "out", *wrong)
    assert done.returncode == 2
    assert b"Error: --" in done.stderr
    assert b"Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("topic", "text", "found"),
    [
        ("tax", "The TAX office", True),
        ("tax", "syntax, taxes", False),
        ("tax", "tax_return", True),
        ("income tax", "income\n tax", True),
        ("c=C++", "I like C++.", True),
        ("c=.*", "anything", False),
        ("z=税", "昨天的税单", True),
        ("s=STRASSE", "Straße", True),
    ],
)
def test_a_topic_is_whole_words_in_any_case(topic: str, text: str, found: bool) -> None:
    assert bool(topic_of(topic).mention("", [text])) is found


def test_every_limit_of_claude_is_kept_and_the_first_files_fit_into_its_window(
    tmp_path: Path,
) -> None:
    words = " ".join(f"word{at}" for at in range(6_000))
    items: list[dict[str, Any]] = [{"title": f"Talk {n}", "texts": [words] * 2} for n in range(40)]
    items.append({"title": "Endless", "texts": [words] * 80, "update_time": 1.8e9})
    source = export_of(tmp_path / "conversations.json", items)
    out = tmp_path / "out"
    _, rows = packed(source, out, tokens=600_000, redact="nothing")
    allowed = limits(600_000)
    files = knowledge(out)
    assert len(files) > WINDOW_FILES
    assert len(files) <= allowed.files
    texts = [path.read_bytes() for path in (out / "recent").glob("*.md")]
    assert all(len(text) <= FILE_BYTES for text in texts)
    assert sum(map(estimate, texts)) <= 600_000
    assert sum(estimate(path.read_bytes()) for path in sorted(files)[:4]) <= WINDOW
    assert {row["in"] for row in rows} == {"yes", "no", "in part"}
    report = told(out)
    assert "01 to 04" in report
    assert "× conversation that did not fit into its folder" in report
    assert "× conversation of which only the end fits" in report


def test_a_free_plan_s_project_fits(tmp_path: Path) -> None:
    items = [{"texts": ["word " * 20_000] * 2, "title": f"T {n}"} for n in range(20)]
    source = export_of(tmp_path / "conversations.json", items)
    packed(source, tmp_path / "out", tokens=FEWEST_TOKENS, redact="nothing")
    texts = [path.read_bytes() for path in (tmp_path / "out/recent").glob("*.md")]
    assert 0 < sum(map(estimate, texts)) <= FEWEST_TOKENS


def test_memory_does_not_grow_with_the_conversations(tmp_path: Path) -> None:
    """All texts wait until the end, and what is in memory is one of them, and one file."""
    words = "some words and more " * 5_000
    peaks = []
    for number in (20, 200):
        target = FORMATS["claude"].make(
            Options(timezone=UTC), WriterSetting(Catalog(), lambda member: io.BytesIO())
        )
        tracemalloc.start()
        for count in range(number):
            mapping = chain(message("user", f"{count} {words}"))
            raw = conversation(mapping, id=f"id-{count}", conversation_id=f"id-{count}")
            target.render(read_conversation(raw, Account(), ReadStats()))
        size = sum(len(file.data) for file in target.finish().more)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert size > 3_000_000
    assert peaks[1] < peaks[0] + 500_000


def test_the_pack_says_what_was_redacted(tmp_path: Path) -> None:
    packed(SLIM, tmp_path / "a")
    assert "`redacted.csv` lists where" in told(tmp_path / "a")
    packed(SLIM, tmp_path / "b", redact="nothing")
    assert "gptexit left passwords and keys in" in told(tmp_path / "b")


def lines(source: Path, tmp_path: Path) -> list[dict[str, Any]]:
    """The lines of the API form."""
    out = tmp_path / "api"
    convert(source, out, ["claude-api"], options=Options(redact="nothing"))
    return [orjson.loads(line) for line in (out / "conversations.jsonl").open("rb")]


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_each_conversation_is_a_request_that_the_sdk_takes(source: Path, tmp_path: Path) -> None:
    made = lines(source, tmp_path)
    assert len(made) == len(raw_conversations(source)) + BESIDE.get(source.stem, (0, 0))[0]
    for line in made:
        assert line.keys() == {"id", "title", "created", "updated", "request"}
        check(line["request"])


@cache
def schema() -> Any:
    """What the SDK of the API takes; importing it takes long."""
    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

    return TypeAdapter(MessageCreateParamsNonStreaming)


def check(request: dict[str, Any]) -> None:
    schema().validate_python({"model": "claude", "max_tokens": 1, **request}, strict=True)
    assert request.keys() <= {"system", "messages"}
    roles = [message["role"] for message in request["messages"]]
    assert roles == (["user", "assistant"] * len(roles))[: len(roles)]
    for turn in request["messages"]:
        assert turn["content"].strip()
        assert turn["content"] == turn["content"].rstrip()


@settings(max_examples=60)
@given(any_conversations(), st.sampled_from([frozenset(), frozenset({"tools", "hidden"})]))
def test_whatever_is_read_is_a_request(raw: dict[str, Any], include: frozenset[str]) -> None:
    check(
        claude_request(spoken(read_conversation(raw, Account(), ReadStats()), include, Rendered()))
    )


def test_custom_instructions_are_the_system_prompt() -> None:
    told_once = {
        "content_type": "user_editable_context",
        "user_profile": "Preface: I am a baker.",
        "user_instructions": "Be brief.",
    }
    hidden = {"is_visually_hidden_from_conversation": True}
    raw = conversation(
        chain(
            message("system", told_once, metadata=hidden),
            message("assistant", "Hello!"),
            message("user", "Bread?"),
            message("user", "Please."),
        )
    )
    made = claude_request(
        spoken(read_conversation(raw, Account(), ReadStats()), frozenset(), Rendered())
    )
    assert "I am a baker." in made["system"]
    assert made["messages"] == [
        {"role": "user", "content": "…"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "Bread?\n\nPlease."},
    ]


def test_no_path_leads_out(tmp_path: Path) -> None:
    items = [{"title": "../../x", "gizmo_id": "g-p-../../../etc"}, {"gizmo_id": "g-..\\..\\C:"}]
    source = export_of(tmp_path / "conversations.json", items)
    packed(source, tmp_path / "out", names=(("g-p-..", "../../up"),))
    inside = {path.resolve() for path in (tmp_path / "out").rglob("*")}
    assert all(path.is_relative_to((tmp_path / "out").resolve()) for path in inside)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["conversations.json", "out"]
    assert Path(tmp_path / "out/projects").is_dir()
