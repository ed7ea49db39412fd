"""Names that a person fills in, from `inspect --write-names` to each format that shows them."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import tracemalloc
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gptexit import convert
from gptexit.names import Names
from gptexit.selection import Exclusion, Selection
from gptexit.writers.base import Options
from gptexit.writers.registry import FORMATS
from support import command
from support.build import chain, conversation, message

pytestmark = pytest.mark.slow

BAKERY, CLINIC, HELPER = "g-p-67a1b2c3d4", "g-p-99ff00aa11", "g-abc123"
NAMED = Names({BAKERY: "Bäckerei Ost", HELPER: "Recipe helper"})


def source_of(path: Path, items: list[tuple[str, str | None]]) -> Path:
    """Write an export with conversations of these titles and projects."""
    raws = [
        conversation(
            chain(message("user", "Hello"), message("assistant", "Hi")),
            title=title,
            gizmo_id=own,
            conversation_id=f"id-{number}",
            id=f"id-{number}",
        )
        for number, (title, own) in enumerate(items)
    ]
    path.write_bytes(orjson.dumps(raws))
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    items = [("Bread", BAKERY), ("Rolls", BAKERY), ("Soup", HELPER), ("Trams", None)]
    return source_of(tmp_path / "conversations.json", items)


def gptexit(*arguments: Path | str) -> subprocess.CompletedProcess[str]:
    done = command.as_text(command.gptexit(*arguments))
    assert "Traceback" not in done.stderr
    return done


def front_matter(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8").split("---\n")[1])


def notes(root: Path) -> dict[str, Path]:
    """Return the notes of an archive by title."""
    paths = [path for path in root.rglob("*.md") if path.name != "index.md"]
    return {front_matter(path)["title"]: path for path in paths}


def test_a_table_lists_projects_and_gpts_and_keeps_what_was_filled_in(
    source: Path, tmp_path: Path
) -> None:
    table = tmp_path / "names.csv"
    said = gptexit("inspect", source, "--write-names", table)
    assert said.returncode == 0
    assert "1 project, 1 custom GPT; 0 names filled in" in said.stdout
    assert f"then: gptexit convert {source} --names {table}" in said.stdout
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert [(row["id"], row["kind"], row["name"], row["conversations"]) for row in rows] == [
        (BAKERY, "project", "", "2"),
        (HELPER, "GPT", "", "1"),
    ]
    assert set(rows[0]["titles"].split(" | ")) == {"Bread", "Rolls"}
    assert (rows[0]["first"], rows[0]["last"]) == ("2025-02-19", "2025-02-19")
    table.write_text(table.read_text().replace("project,,", 'project,"=Bread, and ""more""",'))
    source_of(source, [("Soup", HELPER), ("X-rays", CLINIC)])
    said = gptexit("inspect", source, "--write-names", table)
    assert "1 row that this export lacks" in said.stdout
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert [(row["id"], row["name"]) for row in rows] == [
        (CLINIC, ""),
        (HELPER, ""),
        (BAKERY, '\'=Bread, and "more"'),
    ]
    before = table.read_bytes()
    gptexit("inspect", source, "--write-names", table)
    assert table.read_bytes() == before


def test_a_file_that_is_something_else_is_not_overwritten(source: Path, tmp_path: Path) -> None:
    table = tmp_path / "letter.csv"
    table.write_text("Dear Sir,\n")
    done = gptexit("inspect", source, "--write-names", table)
    assert done.returncode == 2
    assert "is not a table of names" in done.stderr
    assert table.read_text() == "Dear Sir,\n"
    assert gptexit("inspect", source, "--write-names", "-").stdout.startswith("id,kind,name,")


@pytest.mark.parametrize("command", ["convert", "exit"])
def test_a_bad_table_is_a_sentence_before_anything_is_written(
    command: str, source: Path, tmp_path: Path
) -> None:
    table = tmp_path / "names.csv"
    for data in (b"nothing", b"id,name\ng-1,a\ng-1,b\n", b"id,name\ng-1,\xff\n", None):
        table.unlink(missing_ok=True)
        if data is not None:
            table.write_bytes(data)
        done = gptexit(command, source, "-o", tmp_path / "out", "--names", table)
        assert done.returncode == 2
        assert "names.csv" in done.stderr
        assert not (tmp_path / "out").exists()


def test_every_format_shows_the_names(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "out", list(FORMATS), options=Options(names=NAMED))
    out = tmp_path / "out"
    found = notes(out / "markdown")
    bread, soup, trams = (front_matter(found[title]) for title in ("Bread", "Soup", "Trams"))
    assert (bread["project"], bread["project_id"]) == ("Bäckerei Ost", BAKERY)
    assert (soup["gpt"], soup["gpt_id"]) == ("Recipe helper", HELPER)
    assert not {"project", "gpt", "project_id", "gpt_id"} & trams.keys()
    assert "## Project Bäckerei Ost\n" in (out / "markdown/index.md").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in (out / "jsonl/conversations.jsonl").open()]
    assert lines[0]["project"] == {"id": BAKERY, "name": "Bäckerei Ost"}
    assert lines[2]["assistant"] == {"id": HELPER, "name": "Recipe helper"}
    with sqlite3.connect(out / "sqlite/chatgpt.sqlite") as base:
        assert base.execute("SELECT * FROM projects").fetchall() == [(BAKERY, "Bäckerei Ost")]
        assert base.execute("SELECT * FROM gpts").fetchall() == [(HELPER, "Recipe helper")]
    base.close()
    chats = json.loads((out / "open-webui/import-001.json").read_bytes())
    assert [chat["meta"]["tags"][1:] for chat in chats] == [
        *(["project-bäckerei-ost"], ["project-bäckerei-ost"]),
        *(["gpt-recipe-helper"], []),
    ]
    (bread_json,) = (out / "librechat").rglob("*bread.json")
    assert json.loads(bread_json.read_bytes())["options"]["tags"] == ["Bäckerei Ost"]
    threads = [json.loads(path.read_bytes()) for path in (out / "jan").rglob("thread.json")]
    projects = [thread["metadata"]["chatgpt"].get("project") for thread in threads]
    assert {project["name"] for project in projects if project} == {"Bäckerei Ost"}
    assert {path.stem for path in (out / "enex/notebooks").iterdir()} == {"chatgpt", "bäckerei-ost"}
    assert {path.name for path in (out / "sillytavern/chats").iterdir()} == {
        "chatgpt",
        "recipe-helper",
    }
    assert list((out / "sillytavern/chats/chatgpt").glob("*-bread-bäckerei-ost.jsonl"))
    lm_studio = out / "lm-studio/conversations/ChatGPT"
    assert {path.name for path in lm_studio.iterdir() if path.is_dir()} == {
        "bäckerei-ost",
        "recipe-helper",
    }
    assert {path.name for path in (out / "claude/projects").iterdir()} == {"bäckerei-ost"}
    assert {path.name for path in (out / "claude/gpts").iterdir()} == {"recipe-helper"}
    contents = (out / "claude/projects/bäckerei-ost/contents.md").read_text(encoding="utf-8")
    assert contents.startswith("# Bäckerei Ost: ")
    assert "Bäckerei Ost" in (out / "gemini/contents.csv").read_text(encoding="utf-8")
    told = [json.loads(path.read_bytes()) for path in (out / "pam/conversations").iterdir()]
    assert {(talk["raw_metadata"].get("project") or {}).get("name") for talk in told} == {
        "Bäckerei Ost",
        None,
    }


def test_what_a_format_cannot_hold_of_them_is_counted(source: Path, tmp_path: Path) -> None:
    formats = ["chatgpt", "chatgpt-text"]
    report = convert(source, tmp_path / "out", formats, options=Options(names=NAMED))
    for target in report["targets"]:
        assert target["not_kept"]["given-name"] == 3


def test_an_archive_keeps_the_names_for_runs_without_them(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    convert(source, out, ["markdown", "jsonl"], options=Options(names=NAMED))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    convert(source, out, ["markdown", "jsonl"])
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    convert(source, out, ["markdown", "jsonl"], options=Options(names=Names({BAKERY: "Mill"})))
    assert "## Project Mill\n" in (out / "markdown/index.md").read_text(encoding="utf-8")
    assert front_matter(notes(out / "markdown")["Soup"])["gpt"] == "Recipe helper"
    # An empty cell is no name, and takes none away.
    convert(source, out, ["markdown", "jsonl"], options=Options(names=Names({BAKERY: " "})))
    assert front_matter(notes(out / "markdown")["Bread"])["project"] == "Mill"


def test_names_that_an_archive_kept_and_cannot_be_read_stop_the_run(
    source: Path, tmp_path: Path
) -> None:
    gptexit("convert", source, "-o", tmp_path / "out")
    (tmp_path / "out/.gptexit/names.json").write_text('{"names": [1]}')
    done = gptexit("convert", source, "-o", tmp_path / "out")
    assert done.returncode == 2
    assert "names.json, which keeps the names" in done.stderr


def test_neutral_json_brings_its_names_and_takes_others(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "lines", ["jsonl"], options=Options(names=NAMED))
    lines = tmp_path / "lines/conversations.jsonl"
    convert(lines, tmp_path / "notes", ["markdown"], options=Options(names=Names({HELPER: "Cook"})))
    found = notes(tmp_path / "notes")
    assert front_matter(found["Bread"])["project"] == "Bäckerei Ost"
    assert front_matter(found["Soup"])["gpt"] == "Cook"
    # What the lines told is kept for a later run on the export, which has only ids.
    convert(source, tmp_path / "notes", ["markdown"])
    assert front_matter(notes(tmp_path / "notes")["Bread"])["project"] == "Bäckerei Ost"


def test_a_project_that_is_gone_from_the_export_gets_its_name_too(
    source: Path, tmp_path: Path
) -> None:
    convert(source, tmp_path / "out", ["jsonl"])
    source_of(source, [("New", None)])
    convert(source, tmp_path / "out", ["jsonl"], options=Options(names=NAMED))
    lines = [json.loads(line) for line in (tmp_path / "out/conversations.jsonl").open()]
    assert {(line["project"] or {}).get("name") for line in lines} == {"Bäckerei Ost", None}


def test_a_pack_keeps_no_name_of_what_is_not_in_it(source: Path, tmp_path: Path) -> None:
    chosen = Selection(exclude=Exclusion(projects=frozenset({"bäckerei ost"})))
    convert(source, tmp_path / "out", ["claude"], selection=chosen, options=Options(names=NAMED))
    for path in tmp_path.joinpath("out").rglob("*"):
        if path.is_file() and path.name not in ("START-HERE.md", "contents.csv"):
            assert "Bäckerei" not in path.read_text(encoding="utf-8"), path
    record = json.loads((tmp_path / "out/.gptexit/archive.json").read_bytes())
    assert record["selection"] == {"exclude": {"projects": [BAKERY]}}


@pytest.mark.parametrize("asked", ["Bäckerei Ost", "BÄCKEREI  ost", BAKERY])
def test_a_project_is_selected_by_its_name_and_verify_knows_which_it_was(
    asked: str, source: Path, tmp_path: Path
) -> None:
    table = tmp_path / "names.csv"
    table.write_text(f"id,name\n{BAKERY},Bäckerei Ost\n", encoding="utf-8")
    out = tmp_path / "out"
    done = gptexit("convert", source, "-o", out, "--names", table, "--project", asked)
    assert "Wrote 2 conversations" in done.stdout
    assert set(notes(out)) == {"Bread", "Rolls"}
    assert "Complete for the selection" in gptexit("verify", source, out).stdout
    # The archive's own names do for a second run.
    done = gptexit("convert", source, "-o", out, "--project", asked)
    assert "0 files written" in done.stdout


def test_the_option_of_before_names_things_in_every_format(source: Path, tmp_path: Path) -> None:
    pair = f"{BAKERY[:10]}=Mill"
    gptexit("convert", source, "-o", tmp_path / "out", "--project-name", pair)
    assert front_matter(notes(tmp_path / "out")["Bread"])["project"] == "Mill"
    assert "--project-name" not in gptexit("convert", "--help").stdout
    assert "--names" in gptexit("convert", "--help").stdout


def test_two_projects_of_one_name_are_told_apart(source: Path, tmp_path: Path) -> None:
    source_of(source, [("Bread", BAKERY), ("X-rays", CLINIC)])
    names = Names({BAKERY: "Work", CLINIC: "work"})
    convert(source, tmp_path / "out", options=Options(names=names, layout="project"))
    page = (tmp_path / "out/index.md").read_text(encoding="utf-8")
    assert f"## Project Work ({BAKERY})\n" in page
    assert f"## Project work ({CLINIC})\n" in page
    found = notes(tmp_path / "out")
    assert found["Bread"].parent != found["X-rays"].parent


HOSTILE = st.sampled_from(
    [
        *("../../up", "..", "/etc/passwd", "C:\\x", "con", "a\nb: c", "---\n---", "# x", "=1+1"),
        *("x" * 300, "👩‍👩‍👧", "\u202eevil", "שלום", "a\0b", '"', "- [ ] x", "{{x}}", "|", "]("),
    ]
) | st.text(max_size=40)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HOSTILE, HOSTILE, st.sampled_from(["year", "project", "flat"]))
def test_no_name_leads_out_or_breaks_a_note(
    source: Path, tmp_path_factory: pytest.TempPathFactory, first: str, second: str, layout: str
) -> None:
    root = tmp_path_factory.mktemp("named")
    names = Names({BAKERY: first, HELPER: second})
    options = Options(names=names, layout=layout, form=None)
    convert(source, root / "out", ["markdown", "claude", "open-webui"], options=options)
    assert [path.name for path in root.iterdir()] == ["out"]
    for path in (root / "out").rglob("*"):
        assert path.resolve().is_relative_to((root / "out").resolve())
        assert len(path.name.encode()) < 255
    found = notes(root / "out/markdown")
    assert set(found) == {"Bread", "Rolls", "Soup", "Trams"}
    name = names.given.get(BAKERY)
    told = front_matter(found["Bread"])
    assert told["project"] == (name or BAKERY)
    assert told.get("project_id") == (BAKERY if name else None)
    page = (root / "out/markdown/index.md").read_text(encoding="utf-8")
    assert page.count("\n## ") == 2
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    convert(
        source,
        root / "out",
        ["markdown", "claude", "open-webui"],
        options=Options(layout=layout, form=None),
    )
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_memory_follows_the_number_of_projects_and_not_the_export(tmp_path: Path) -> None:
    def peak(number: int) -> int:
        from gptexit.inspection.survey import Groups

        tracemalloc.start()
        groups = Groups()
        for at in range(number):
            groups.add(f"g-p-{at % 20}", f"Title {at}", f"2025-01-01T{at:08}Z", None)
        assert len(list(groups.rows())) == 20
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(20_000) < peak(2_000) + 20_000
