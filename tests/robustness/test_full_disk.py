"""A full disk is named, with what is left on it and what an export needs; if certain, before."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from gptexit.cli.endings import ending
from gptexit.cli.summary import warn_of_small_disk
from gptexit.conversion import bytes_needed, convert
from gptexit.files.disk import free_at, full_disk_named
from gptexit.source import open_source
from support.exports import ROOT

SAMPLE = ROOT / "fixtures/fat-2024.zip"
FILES = 5_000
"""Bytes that the files in it take, at least."""
Usage = namedtuple("Usage", "total used free")


def refused(folder: Path, error: Exception, needed: int) -> str:
    with (
        pytest.raises(OSError, match="No space left") as caught,
        full_disk_named(folder, lambda: needed),
    ):
        raise error
    sentence, code = ending(caught.value)
    assert code == 1
    return sentence


def test_the_folder_and_what_it_needs_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    free = {out: 3_000, tmp_path / "temporary": 9_000}
    for folder in free:
        folder.mkdir(exist_ok=True)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, free[Path(path)]))
    said = refused(out, OSError(errno.ENOSPC, "x"), 2_000_000)
    assert said.startswith(f"the disk is full ({out}); 3.0 kB are left, and this export needs at")
    assert "at least 2.0 MB there. Make room" in said
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    assert refused(out, full, 0).startswith(f"the disk is full ({out}); 3.0 kB are left. Make")
    free[tmp_path / "temporary"] = 0
    said = refused(out, OSError(errno.EDQUOT, "x"), 2_000_000)
    assert said.startswith(f"the disk is full ({tmp_path / 'temporary'}); 0 bytes are left. Make")


def test_other_errors_stay_as_they_are(tmp_path: Path) -> None:
    for error in (OSError(errno.EIO, "broken"), OSError(errno.ENOSPC, "full", "its own place")):
        with pytest.raises(OSError) as caught, full_disk_named(tmp_path, lambda: 5):
            raise error
        assert caught.value is error


def test_what_is_certain_to_have_no_room_is_told_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    with open_source([SAMPLE]) as export:
        assert bytes_needed(export, out, ["markdown"]) > FILES
        assert bytes_needed(export, out, ["markdown"], free=10**9) == 0
        assert bytes_needed(export, out, ["markdown", "markdown"]) > 2 * FILES
        warn_of_small_disk(export, out, ["markdown"])
        assert capsys.readouterr().err == ""
        monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 100))
        warn_of_small_disk(export, "-", ["jsonl"])
        assert capsys.readouterr().err == ""
        warn_of_small_disk(export, out, ["markdown"])
        said = capsys.readouterr().err
    assert said.startswith(f"Warning: the disk of {out} has 100 bytes left, and this export needs")
    convert(SAMPLE, out)
    with open_source([SAMPLE]) as export:  # what is there is not needed again
        warn_of_small_disk(export, out, ["markdown"])
    assert capsys.readouterr().err == ""


def test_a_folder_that_does_not_exist_is_on_the_disk_of_the_one_above(tmp_path: Path) -> None:
    assert (free_at(tmp_path / "a/b/c") or 0) > 0


def small_disk(tmp_path: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a shell command that may write to a disk of 200 kB, `$DISK`. Skip if there is none."""
    disk = tmp_path / "small"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=200k none {disk} || exit 99; export DISK={disk}; {command}"
    if not shutil.which("unshare"):
        pytest.skip("no disk can be mounted here")
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount], capture_output=True, text=True, check=False
    )
    if done.returncode == 99 or "unshare:" in done.stderr:
        pytest.skip("no disk can be mounted here")
    return done


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    ["convert", "convert --to sqlite", "convert --to jsonl --jobs 2", "exit --jobs 2"],
)
def test_a_run_on_a_full_disk_names_it(tmp_path: Path, command: str) -> None:
    python = f"{sys.executable} -m gptexit"
    fill = "head -c 180k /dev/zero > $DISK/other;"
    done = small_disk(tmp_path, f"{fill} {python} {command} {SAMPLE} -o $DISK/out")
    assert done.returncode == 1, done.stderr
    assert "the disk is full (" in done.stderr
    assert f"{tmp_path / 'small'}" in done.stderr
    assert "Traceback" not in done.stderr
    assert os.sep in done.stderr
