"""`gptexit inspect`, as a person and a script meet it."""

from __future__ import annotations

import csv
import io
import subprocess
from pathlib import Path

import orjson
import pytest

from gptexit.schemas import errors
from gptexit.text.terminal import columns
from support import command
from support.build import chain, conversation, message
from support.exports import ROOT
from support.packing import write, zip_of

pytestmark = pytest.mark.slow

SLIM = ROOT / "fixtures/slim-2026.zip"


def gptexit(*arguments: Path | str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return command.gptexit("inspect", *arguments, stdin=stdin)


def test_json_and_table_and_drift_report_in_one_run(tmp_path: Path) -> None:
    report = tmp_path / "drift.md"
    done = gptexit(SLIM, "--json", "--drift-report", report)
    assert done.returncode == 0
    found = orjson.loads(done.stdout)
    assert list(errors("inspection", found)) == []
    assert "gptexit knows everything in it." in report.read_text(encoding="utf-8")


def test_the_drift_report_goes_to_standard_output() -> None:
    done = gptexit(ROOT / "fixtures/fat-2024.zip", "--drift-report", "-")
    assert done.stdout.startswith(b"## Drift\n")
    assert b"| content type | `hologram` | 1 | conversation 11, conversations.json, byte" in (
        done.stdout
    )
    assert b"Model" not in done.stdout


def test_the_missing_files_as_csv() -> None:
    done = gptexit(SLIM, "--attachments", "missing", "--format", "csv")
    assert done.returncode == 0
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    names = ["second receipt.jpg", "notes.txt", "", "moving contract.pdf"]
    assert [row["name"] for row in rows] == names
    assert rows[0]["title"] == "Receipts from the fair"
    assert rows[0]["date"] == "2026-07-22T10:00:20.250000Z"


def test_standard_input_is_inspected_too() -> None:
    data = orjson.dumps([conversation(chain(message("user", "a")))])
    done = gptexit("-", "--json", stdin=data)
    found = orjson.loads(done.stdout)
    assert found["conversations"]["total"] == 1
    assert found["format"]["made"] == []
    assert list(errors("inspection", found)) == []


def test_a_copy_in_a_later_shard_is_counted_once(tmp_path: Path) -> None:
    old = conversation(chain(message("user", "a")), update_time=1.0)
    new = conversation(chain(message("user", "a"), message("assistant", "b")), update_time=2.0)
    shards = {f"conversations-00{n}.json": orjson.dumps([raw]) for n, raw in enumerate((old, new))}
    found = orjson.loads(gptexit(write(tmp_path / "x.zip", zip_of(shards)), "--json").stdout)
    assert found["conversations"]["total"] == 1
    assert found["messages"]["total"] == 2
    assert found["conversations"]["duplicates"] == 1


def test_what_is_no_export_gets_its_sentence(tmp_path: Path) -> None:
    done = gptexit(write(tmp_path / "x.zip", zip_of({"a.txt": b"x"})))
    assert done.returncode == 3
    assert done.stderr.startswith(b"Error: ")
    assert done.stdout == b""


@pytest.mark.parametrize(
    "wrong", [["--format", "csv"], ["--json", "--attachments", "missing"], ["--attachments", "all"]]
)
def test_options_that_do_not_go_together(wrong: list[str]) -> None:
    assert gptexit(SLIM, *wrong).returncode == 2


def test_hostile_names_harm_no_terminal(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202eevil " + "長" * 90
    attached = {"attachments": [{"id": "file-AbC1", "name": evil}], "model_slug": evil}
    raw = conversation(
        chain(message("user", "a", metadata=attached), message(evil, {"content_type": evil})),
        title=evil,
        gizmo_id=f"g-{evil}",
        **{evil: 1},
    )
    members = {"conversations.json": orjson.dumps([raw, 1]), f"{evil}.json": b"[]"}
    path = write(tmp_path / "x.zip", zip_of(members))
    for more in ([], ["--attachments", "missing"], ["--drift-report", "-"]):
        text = gptexit(path, *more).stdout.decode()
        assert text
        assert all(sign == "\n" or sign.isprintable() for sign in text)
        if not more:
            # A command to copy stays in one line.
            lines = [line for line in text.splitlines() if "`gptexit " not in line]
            assert all(columns(line) <= 80 for line in lines)
