"""A dry run writes nothing, and says what the run then writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from gptexit.archive.archive import Archive
from gptexit.cli import main
from gptexit.conversion import convert
from gptexit.schemas import errors
from gptexit.selection import Selection
from gptexit.writers.registry import FORMATS
from support.exports import ROOT

SLIM = str(ROOT / "fixtures/slim-2026.zip")


def run(*words: str) -> Result:
    done = CliRunner().invoke(main, list(words), prog_name="gptexit")
    assert done.exit_code == 0, done.output
    return done


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(root)): (
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in root.rglob("*")
    }


def sizes(out: Path) -> dict[str, int]:
    return {entry.path: (out / entry.path).stat().st_size for entry in Archive(out).catalog}


@pytest.mark.parametrize("name", FORMATS)
def test_it_writes_nothing_and_tells_what_a_run_writes(name: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    dry = convert(SLIM, out, [name], dry_run=True)
    assert not out.exists()
    assert list(errors("report", dry)) == []
    plan = dry["targets"][0]["planned"]
    convert(SLIM, out, [name])
    written = sizes(out)
    assert plan["new"] == len(written)
    assert plan["changed"] == plan["removed"] == 0
    if plan["exact"]:
        assert plan["bytes"] == sum(written.values())
    else:
        assert 0.5 < plan["bytes"] / sum(written.values()) < 2


@pytest.mark.parametrize("name", FORMATS)
def test_it_leaves_an_archive_as_it_is_and_counts_what_changes(name: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    convert(SLIM, out, [name], selection=Selection(since="2026-01-01T00:00:00Z"))
    before, earlier = tree(tmp_path), sizes(out)
    plan: dict[str, Any] = convert(SLIM, out, [name], dry_run=True)["targets"][0]["planned"]
    assert tree(tmp_path) == before
    old = {path: (out / path).read_bytes() for path in earlier}
    convert(SLIM, out, [name])
    now = sizes(out)
    changed = [path for path in old if path in now and (out / path).read_bytes() != old[path]]
    assert plan["new"] == len(now.keys() - earlier.keys())
    assert plan["changed"] == len(changed)
    assert plan["removed"] == len(earlier.keys() - now.keys())
    assert plan["unchanged"] == len(now) - plan["new"] - plan["changed"]
    again = convert(SLIM, out, [name], dry_run=True)["targets"][0]["planned"]
    assert (again["new"], again["changed"], again["bytes"]) == (0, 0, 0)


def test_a_note_that_was_changed_is_counted_as_what_stays(tmp_path: Path) -> None:
    convert(SLIM, tmp_path / "out")
    note = next((tmp_path / "out").glob("2026/*.md"))
    note.write_text("mine")
    before = tree(tmp_path)
    report = convert(SLIM, tmp_path / "out", dry_run=True)
    assert tree(tmp_path) == before
    assert report["targets"][0]["planned"]["changed"] == 0


def test_an_exit_can_be_tried_first(tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = run("exit", SLIM, "-o", str(out), "--for", "claude", "--dry-run").stdout
    assert not out.exists()
    assert said.startswith("A dry run: nothing is written.\n")
    assert f"Would write 23 conversations as markdown to {out}/markdown: 40 new files, " in said
    assert f"Would write your account's own files to {out}/account: 12 new files, " in said
    run("exit", SLIM, "-o", str(out), "-q")
    before = tree(tmp_path)
    assert "; 40 unchanged." in run("exit", SLIM, "-o", str(out), "--dry-run").stdout
    assert tree(tmp_path) == before


def test_exit_and_verify_have_a_report_and_print_json_alone(tmp_path: Path) -> None:
    out, file = tmp_path / "out", tmp_path / "report.json"
    done = run("exit", SLIM, "-o", str(out), "--json", "--report", str(file))
    report = orjson.loads(done.stdout)
    assert report == orjson.loads(file.read_bytes())
    assert list(errors("report", report)) == []
    assert list(errors("verification", report["verification"])) == []
    assert report["exit_code"] == 0
    done = run("verify", SLIM, str(out), "--report", str(file))
    assert "Complete" in done.stdout
    assert list(errors("verification", orjson.loads(file.read_bytes()))) == []


def test_convert_prints_its_report_alone(tmp_path: Path) -> None:
    words = ["convert", SLIM, "-o", str(tmp_path / "out"), "--json", "--report", "-"]
    tried, done = run(*words, "--dry-run"), run(*words)
    assert orjson.loads(tried.stdout)["targets"][0]["planned"]["new"] == 40
    assert orjson.loads(done.stdout)["targets"][0]["planned"] is None
    assert list(errors("report", orjson.loads(done.stdout))) == []


def test_an_unchanged_jsonl_is_counted(tmp_path: Path) -> None:
    words = ["convert", SLIM, "--to", "jsonl", "-o", str(tmp_path / "out")]
    counts = []
    for _ in range(2):
        target = orjson.loads(run(*words, "--json").stdout)["targets"][0]
        counts.append((target["files_written"], target["files_unchanged"]))
    assert counts == [(1, 0), (0, 1)]
    assert ": 0 files written, 1 unchanged." in run(*words).stdout
    assert "0 new files, 0 bytes; 1 unchanged" in run(*words, "--dry-run").stdout


@pytest.mark.parametrize(
    ("more", "name"),
    [([], "--report FILE"), (["--report", "r.json"], "r.json"), (["--report", "-"], "The report")],
)
def test_what_has_all_of_it_is_named(
    more: list[str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["convert", str(ROOT / "fixtures/dat-2026.zip"), "-o", "out", *more]
    done = CliRunner().invoke(main, words, prog_name="gptexit")
    assert done.exit_code == 1
    assert f"Part of the export was not written. {name} lists all of it." in done.stderr
