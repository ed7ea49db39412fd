"""What an inspection says of the samples is what their generator put into them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from gptexit.inspection.attachments import Missing
from gptexit.inspection.drift import shown
from gptexit.inspection.output import day, table
from gptexit.inspection.run import inspect
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.schemas import errors
from gptexit.text.terminal import columns, size
from gptexit.verification.export_files import Locator
from gptexit.verification.raw import id_of
from support.command import gptexit
from support.exports import FIXTURES, ROOT

pytestmark = pytest.mark.slow

FIGURES = json.loads((ROOT / "fixtures/figures.json").read_text())
SAMPLES = pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.name)
KINDS = ("image", "audio", "video", "document", "other")


def inspected(*sources: Path) -> tuple[dict[str, Any], list[Missing]]:
    with open_export(sources) as export:
        found = inspect(export)
        rows = list(found.survey.attachments.missing())
        return found.as_json(), rows


@SAMPLES
def test_the_json_holds_the_figures(source: Path) -> None:
    wanted = FIGURES[source.name]
    found, _ = inspected(source)
    talks, told = found["conversations"], found["messages"]
    assert talks["total"] == wanted["conversations"]
    assert talks["archived"] == wanted["archived"]
    assert talks["starred"] == wanted["starred"]
    assert talks["empty"] == wanted["empty"]
    assert talks["branched"] == wanted["branched"]
    assert talks["branchings"] == wanted["branchings"]
    assert talks["duplicates"] == wanted["duplicates"]
    assert talks["shared_links"] == wanted["shared_links"]
    assert sorted(project["id"] for project in talks["projects"]) == wanted["projects"]
    assert sorted(gpt["id"] for gpt in talks["custom_gpts"]) == wanted["custom_gpts"]
    assert told["total"] == wanted["messages"]
    assert told["roles"] == wanted["roles"]
    assert told["content_types"] == wanted["content_types"]
    assert {model["name"]: model["messages"] for model in told["models"]} == wanted["models"]
    assert [found["period"]["first"], found["period"]["last"]] == wanted["period"]
    years = {year["year"]: [year["conversations"], year["messages"]] for year in years_of(found)}
    assert years == wanted["years"]
    assert found["source"]["missing_files"] == wanted["missing_files"]
    assert len(found["unreadable"]) == wanted["non_conversations"]
    assert found["complete"] is not bool(wanted["missing_files"] or wanted["non_conversations"])


def years_of(found: dict[str, Any]) -> Any:
    return found["period"]["years"]


@SAMPLES
def test_so_does_its_form(source: Path) -> None:
    wanted = FIGURES[source.name]["format"]
    found = inspected(source)[0]["format"]
    for key in ("generation", "layout", "attachments"):
        assert found[key] == wanted[key]
    assert found["messages"] == {"full": wanted["full"], "slim": wanted["slim"]}
    [made] = found["made"]
    assert [made["time"], made["by"]] == wanted["made"]


@SAMPLES
def test_so_do_the_attachments(source: Path) -> None:
    wanted = FIGURES[source.name]
    found, rows = inspected(source)
    files = found["attachments"]
    kinds = {key: list(kind.values()) for key, kind in files["kinds"].items()}
    assert kinds == wanted["attachments"]["kinds"]
    assert list(files["unmentioned"].values()) == wanted["attachments"]["unmentioned"]
    assert files["mentioned"] == sum(kinds[kind][0] for kind in KINDS)
    assert files["found"] == sum(kinds[kind][1] for kind in KINDS)
    assert files["bytes"] == sum(kinds[kind][2] for kind in KINDS)
    gone = {
        (asset["id"], asset["conversation"], asset["kind"]) for asset in wanted["missing_assets"]
    }
    gone |= {
        (f"sandbox:{file['path']}", file["conversation"], file["kind"])
        for file in wanted["sandbox_files"]
    }
    assert {(row.id.split("#")[0], row.conversation, row.kind) for row in rows} == gone
    assert len(rows) == files["missing"]
    titles = wanted["by_conversation"]
    assert all(row.title == titles[row.conversation]["title"] and row.date for row in rows)


@SAMPLES
def test_drift_is_what_was_put_in_to_be_strange(source: Path) -> None:
    found, _ = inspected(source)
    strange = [
        (oddity["kind"], shown(oddity["name"]), 1, oddity["conversation"])
        for oddity in FIGURES[source.name]["strange"]
    ]
    drift = found["drift"]
    met = [
        (stranger["kind"], stranger["name"], stranger["count"], stranger["first"]["conversation"])
        for stranger in drift["found"]
    ]
    assert sorted(met) == sorted(strange)
    assert drift["others"] == 0
    assert all(
        re.fullmatch(r"conversations[-\d]*\.json, byte \d+", stranger["first"]["file"])
        for stranger in drift["found"]
    )


@SAMPLES
def test_the_reader_and_the_verifier_count_the_same_files(source: Path) -> None:
    found, rows = inspected(source)
    mentioned, missing = set(), set()
    with open_export([source]) as export:
        export.settle()
        locate = Locator(export)
        for _, raw in export.conversations():
            key = id_of(raw)
            locate.look_for(key, raw, in_words=True)
            read = read_conversation(raw, Account(export.lookup, export.library), ReadStats())
            for asset in read["assets"]:
                own = f"{key} {asset['id']}" if "sandbox:" in asset["id"] else asset["id"]
                mentioned.add(own)
                missing |= {own} if asset["missing"] else set()
    assert found["attachments"]["mentioned"] == len(mentioned)
    assert len(rows) == len(missing) == len(locate.missing)


@SAMPLES
def test_the_json_is_as_its_schema_says(source: Path) -> None:
    found, _ = inspected(source)
    assert list(errors("inspection", orjson.loads(orjson.dumps(found)))) == []


def words(text: str) -> str:
    """The text without its line breaks."""
    return " ".join(text.split())


@SAMPLES
def test_the_table_holds_the_figures_and_fits(source: Path) -> None:
    wanted = FIGURES[source.name]
    found, _ = inspected(source)
    text = table(found)
    assert all(columns(line) <= 80 for line in text.splitlines())
    flat = words(text)
    rows = {tuple(line.split()) for line in text.splitlines()}
    assert f"Conversations {wanted['conversations']:,}" in flat
    assert f"Messages {wanted['messages']:,}: " in flat
    for name in ("archived", "starred", "empty"):
        assert (f"{wanted[name]:,} {name}" in flat) is bool(wanted[name])
    assert f"Projects {len(wanted['projects'])}" in flat
    assert f"Custom GPTs {len(wanted['custom_gpts'])}" in flat
    assert f"Shared links {wanted['shared_links']}" in flat
    assert f"Period {day(wanted['period'][0])} to {day(wanted['period'][1])}" in flat
    assert f"Made {day(wanted['format']['made'][0])}" in flat
    if wanted["branched"]:
        assert f"Versions {wanted['branched']} conversation" in flat
        assert f"at {wanted['branchings']} place" in flat
    for year, counts in wanted["years"].items():
        assert (year, *(f"{count:,}" for count in counts)) in rows
    for name, count in wanted["models"].items():
        assert (name, f"{count:,}") in rows
    common = sorted(wanted["content_types"].items(), key=lambda pair: (-pair[1], pair[0]))
    for name, count in common[:20]:
        assert (name, f"{count:,}") in rows
    for kind, (mentioned, there, total) in wanted["attachments"]["kinds"].items():
        row = (kind, f"{mentioned}", f"{there}", f"{mentioned - there}", *size(total).split())
        assert (row in rows) is bool(mentioned)
    for name in wanted["missing_files"]:
        assert name in flat
    for oddity in wanted["strange"]:
        assert f"{oddity['kind']} {shown(oddity['name'])}" in flat


def test_days_are_written_out() -> None:
    assert day("2026-08-31T12:00:00Z") == "31 August 2026"


def test_two_exports_are_inspected_as_one() -> None:
    found, _ = inspected(*FIXTURES[:2])
    names = [path.name for path in FIXTURES[:2]]
    assert [estimate["source"] for estimate in found["format"]["made"]] == names
    assert found["conversations"]["total"] == sum(FIGURES[name]["conversations"] for name in names)
    assert all(columns(line) <= 80 for line in table(found).splitlines())


@SAMPLES
def test_inspecting_writes_nothing_and_its_exit_code_tells(source: Path, tmp_path: Path) -> None:
    done = gptexit("inspect", source, cwd=tmp_path)
    wanted = FIGURES[source.name]
    assert done.returncode == bool(wanted["missing_files"] or wanted["non_conversations"])
    assert bool(done.stderr) == bool(wanted["non_conversations"])  # what cannot be read
    assert list(tmp_path.iterdir()) == []
