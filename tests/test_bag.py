"""Bags, as programs see them that know nothing of gptexit."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import bagit
import pytest
from rocrate.rocrate import ROCrate

import gptexit as api
from gptexit import convert
from gptexit.bagging import free_place, make_bag
from support.command import gptexit
from support.exports import ROOT

SLIM = ROOT / "fixtures/slim-2026.zip"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "archive"
    convert(SLIM, out, ["markdown", "jsonl"])
    return out


@pytest.fixture
def archive(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "archive"))


def state(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def is_valid(bag: Path) -> bool:
    done = subprocess.run(
        [sys.executable, bagit.__file__, "--validate", bag], check=False, capture_output=True
    )
    return done.returncode == 0


def test_a_bag_holds_the_archive_and_leaves_it_as_it_was(archive: Path, tmp_path: Path) -> None:
    before = state(archive)
    done = gptexit("bag", archive, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    bag = tmp_path / "archive-bag"
    assert state(archive) == before
    inside = state(bag / "data")
    del inside["ro-crate-metadata.json"]
    assert inside == before
    assert is_valid(bag)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "archive-bag"]


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="it is not here")
def test_sha256sum_alone_finds_damage(archive: Path, tmp_path: Path) -> None:
    bag = make_bag(archive, tmp_path / "bag").path
    check = ["sha256sum", "--check", "--quiet", "manifest-sha256.txt"]
    assert subprocess.run(check, check=False, cwd=bag).returncode == 0
    note = next((bag / "data/markdown").glob("2026/*.md"))
    note.write_bytes(note.read_bytes() + b"!")
    done = subprocess.run(check, check=False, cwd=bag, capture_output=True, text=True)
    assert done.returncode != 0
    assert note.name in done.stdout
    assert not is_valid(bag)


@pytest.mark.parametrize("harm", ["gone", "added", "info"])
def test_bagit_finds_damage(harm: str, archive: Path, tmp_path: Path) -> None:
    bag = make_bag(archive, tmp_path / "bag").path
    match harm:
        case "gone":
            next((bag / "data").rglob("*.md")).unlink()
        case "added":
            (bag / "data/new.txt").write_text("new")
        case "info":
            (bag / "bag-info.txt").write_text("Conversations: 1\n")
    assert not is_valid(bag)


def test_it_says_what_it_is_and_nothing_of_a_person(archive: Path, tmp_path: Path) -> None:
    bag = make_bag(archive, tmp_path / "bag").path
    info = bagit.Bag(str(bag)).info
    assert info["Conversations"] == "23"
    assert info["Export-Date"] == "2026-08-30"
    assert info["Archive-Software-Agent"].startswith("gptexit ")
    assert not {"Contact-Name", "Contact-Email", "Source-Organization"} & info.keys()


def test_rocrate_reads_it_without_network(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bag = make_bag(archive, tmp_path / "bag").path

    def offline(*_: Any, **__: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr("socket.socket.connect", offline)
    crate = ROCrate(bag / "data")
    assert "23 conversations" in crate.description
    assert {part.id for part in crate.root_dataset["hasPart"]} == {"jsonl/", "markdown/"}
    assert crate.get("#gptexit")["softwareVersion"]


def test_a_link_is_named_and_not_followed(archive: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    (archive / "markdown/link.txt").symlink_to(secret)
    (archive / "folder").symlink_to(tmp_path)
    done = gptexit("bag", archive, "-o", tmp_path / "bag")
    assert done.returncode == 1
    assert b"markdown/link.txt" in done.stdout
    assert not any(b"a secret" in data for data in state(tmp_path / "bag").values())
    assert is_valid(tmp_path / "bag")


NAMES = ["a\nb.txt", "a\rb.txt", "a%0Ab.txt", "100%.txt", "a%25.txt", "end ", " begin", "a_b.txt"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.skipif(not shutil.which("sha256sum"), reason="it is not here")
def test_names_that_programs_read_in_different_ways(archive: Path, tmp_path: Path) -> None:
    for name in NAMES:
        (archive / "markdown" / name).write_text(name)
    (archive / os.fsdecode(b"markdown/not-\xff-utf8.txt")).write_text("bytes")
    done = make_bag(archive, tmp_path / "bag")
    assert is_valid(done.path)
    check = ["sha256sum", "--check", "--quiet", "manifest-sha256.txt"]
    assert subprocess.run(check, check=False, cwd=done.path).returncode == 0
    texts = set(state(done.path / "data/markdown").values())
    assert {name.encode() for name in NAMES} <= texts
    for name in ("100%.txt", "a_b.txt", " begin"):
        assert (done.path / "data/markdown" / name).read_text() == name
    assert len(done.renamed) == 6


def test_what_is_there_is_never_changed(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("Dear Ann")
    done = gptexit("bag", archive, "-o", tmp_path / "mine")
    assert done.returncode != 0
    assert b"is there already" in done.stderr
    assert state(tmp_path / "mine") == {"letter.txt": b"Dear Ann"}
    assert gptexit("bag", archive, "-o", archive / "markdown/bag").returncode != 0
    (tmp_path / "empty").mkdir()
    assert gptexit("bag", archive, "-o", tmp_path / "empty").returncode == 0


def test_a_second_bag_gets_a_name_of_its_own(archive: Path, tmp_path: Path) -> None:
    for name in ("archive-bag", "archive-bag-2", "archive-bag-3"):
        assert free_place(archive).name == name
        assert gptexit("bag", archive).returncode == 0
        assert is_valid(tmp_path / name)


def test_a_dry_run_writes_nothing(archive: Path, tmp_path: Path) -> None:
    done = gptexit("bag", archive, "--dry-run", "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["dry_run"]
    assert told["files"] == len(state(archive))
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]


def test_a_report_says_what_is_in_the_bag(archive: Path, tmp_path: Path) -> None:
    done = gptexit("bag", archive, "--report", tmp_path / "bag.json", "--progress", "json")
    assert done.returncode == 0
    report = json.loads((tmp_path / "bag.json").read_bytes())
    bag = Path(report["path"])
    inside = [path for path in (bag / "data").rglob("*") if path.is_file()]
    assert report["files"] == len(inside) - 1  # its description
    assert b"with 23 conversations" in done.stdout
    phases = [json.loads(line) for line in done.stderr.splitlines()]
    assert [phases[0]["phase"], phases[-1]["state"]] == ["copying", "done"]
    again = gptexit("bag", archive, "--report", "-", "--dry-run", "-o", tmp_path / "other")
    wanted = {**report, "dry_run": True, "path": str(tmp_path / "other")}
    assert json.loads(again.stdout) == wanted
    # A report is written over by another one, a file of somebody else is not.
    assert gptexit("bag", archive, "--report", tmp_path / "bag.json").returncode == 0
    (tmp_path / "mine.json").write_text("{}")
    assert gptexit("bag", archive, "--report", tmp_path / "mine.json").returncode == 2
    assert not (tmp_path / "archive-bag-3").exists()


def test_a_program_makes_a_bag(archive: Path, tmp_path: Path) -> None:
    counted = api.bag(archive, dry_run=True)
    assert not counted.path.exists()
    made = api.bag(str(archive))
    assert made == counted
    assert is_valid(made.path)
    assert api.bag(archive, tmp_path / "named").path == tmp_path / "named"
    with pytest.raises(api.Unusable):
        api.bag(archive, tmp_path / "named")
    with pytest.raises(api.NoArchive):
        api.bag(tmp_path, tmp_path / "other")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    done = gptexit("bag", tmp_path)
    assert done.returncode != 0
    assert b"no archive" in done.stderr


KILLED = """
import os, signal, sys
from pathlib import Path
import gptexit.bagging as bag
at = sys.argv[1]
plain = getattr(bag, at)
def dying(*args, **kwargs):
    plain(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(bag, at, dying)
bag.make_bag(Path("archive"), Path("bag"))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal")
@pytest.mark.parametrize("at", ["_copy", "_describe", "_close"])
def test_a_run_that_is_killed_leaves_no_bag(at: str, archive: Path, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, at], check=False, cwd=tmp_path)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "bag").exists()
    assert gptexit("bag", "archive", "-o", "bag", cwd=tmp_path).returncode == 0
    assert is_valid(tmp_path / "bag")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "bag"]


@pytest.mark.slow
def test_an_exit_makes_a_bag_of_all_that_it_wrote(tmp_path: Path) -> None:
    done = gptexit("exit", SLIM, "--bag", "--without", "html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"Wrote the bag chatgpt-exit-bag" in done.stdout
    bag = tmp_path / "chatgpt-exit-bag"
    assert is_valid(bag)
    assert (bag / "data/START-HERE.md").is_file()
    assert (bag / "data/account").is_dir()
    assert gptexit("verify", SLIM, bag / "data").returncode == 0


def test_an_exit_that_writes_nothing_names_the_bag_only(tmp_path: Path) -> None:
    done = gptexit("exit", SLIM, "--bag", "--dry-run", cwd=tmp_path)
    assert b"into the bag chatgpt-exit-bag" in done.stdout
    assert list(tmp_path.iterdir()) == []
