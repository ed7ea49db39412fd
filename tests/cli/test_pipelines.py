"""What a script author writes: pipes, lists of files, runs side by side, and their exit codes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.exports import FIXTURES, ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the lines are for a shell"),
]

SLIM = ROOT / "fixtures/slim-2026.zip"
_CONVERSATIONS = re.compile(r"(?:^|/)conversations(?:-\d+)?\.json$")


@pytest.fixture(autouse=True)
def _work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def shell(script: str, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a script in which `gptexit` is the command."""
    function = f'gptexit() {{ "{sys.executable}" -m gptexit "$@"; }}\n'
    return subprocess.run(
        ["bash", "-c", function + script], input=given, capture_output=True, check=False
    )


def ids(lines: bytes) -> set[str]:
    return {json.loads(line)["id"] for line in lines.splitlines()}


@pytest.mark.parametrize("source", FIXTURES, ids=lambda path: path.stem)
def test_conversation_files_one_after_the_other_are_read_from_a_pipe(source: Path) -> None:
    with zipfile.ZipFile(source) as archive:
        names = [name for name in archive.namelist() if _CONVERSATIONS.search(name)]
        names = [name for name in names if not name.startswith("__MACOSX")]
        joined = b"".join(map(archive.read, names))
    if not names:
        return
    piped = shell("gptexit convert - --to jsonl -o - --quiet", joined)
    whole = shell(f"gptexit convert '{source}' --to jsonl -o - --quiet")
    found, held = ids(piped.stdout), ids(whole.stdout)
    assert found <= held
    # What a ZIP has in other files, such as tasks of Codex and group chats.
    assert len(held - found) <= 1


def test_a_loop_over_names_with_spaces_goes_on_and_each_exit_code_tells() -> None:
    shutil.copy(SLIM, "one export.zip")
    Path("no export.zip").write_bytes(b"no zip")
    done = shell(
        "find . -name '*.zip' -print0 | sort -z | while IFS= read -r -d '' zip; do\\n"
        '  code=0; gptexit convert "$zip" --to jsonl -o "out/$(basename "$zip" .zip)" --quiet'
        " --no-progress </dev/null || code=$?\\n"
        '  echo "$code $zip"\\n'
        "done".replace("\\n", "\n")
    )
    assert done.stdout.decode().splitlines() == ["3 ./no export.zip", "0 ./one export.zip"]
    assert len(ids(Path("out/one export/conversations.jsonl").read_bytes())) == 23


def test_runs_side_by_side_into_one_folder_end_whole() -> None:
    shutil.copy(SLIM, "export.zip")
    done = shell(
        "set -uo pipefail\n"
        "for n in 1 2 3; do (gptexit convert export.zip -o out --quiet; echo $?) & done; wait"
    )
    codes = sorted(done.stdout.split())
    assert codes[0] == b"0"
    assert set(codes) <= {b"0", b"6"}
    assert shell("gptexit verify export.zip out --quiet").returncode == 0


def test_a_strict_script_reads_reports_and_ends_when_its_reader_does() -> None:
    shutil.copy(SLIM, "export.zip")
    done = shell(
        "set -euo pipefail\n"
        "gptexit convert export.zip --to jsonl -o out --quiet --report report.json\n"
        "gptexit convert export.zip --to jsonl -o - --quiet | head -n 1 > first.jsonl\n"
        "gptexit validate first.jsonl\n"
        "gptexit inspect export.zip --json --no-progress > inspection.json\n"
        "gptexit status out --json > status.json\n"
        "echo done\n"
    )
    assert done.stdout.decode().splitlines()[-1] == "done", done.stderr
    assert json.loads(Path("report.json").read_bytes())["complete"] is True
    assert json.loads(Path("status.json").read_bytes())["conversations"] == 23
