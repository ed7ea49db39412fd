"""What verifying holds in memory does not grow with the number of conversations."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from gptexit.conversion import convert
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.verification.run import verify
from support.build import chain, conversation, message
from support.waiting import wait_until

pytestmark = pytest.mark.slow

FEW, MANY = 60, 360
AT_ONCE = 30
"""Conversations in one file, which may be in memory as a whole."""
A_CONVERSATION = 650
"""Bytes that another small conversation may add: the reader of the export keeps its id and file."""

MEASURED = """
import gc, sys, tracemalloc
from pathlib import Path
from gptexit.verification.run import verify
from gptexit.readers.chatgpt.export_set import open_export

for _ in range(2):  # the first imports, and fills what is remembered once and for all
    gc.collect()
    tracemalloc.start()
    with open_export([sys.argv[1]], careful=True) as export:
        result = verify(Path(sys.argv[2]), export)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
print(result.verdict, result.archives[0].conversations, most)
"""
KILLED = """
import os, signal, sys, tempfile
from pathlib import Path
from gptexit.verification.run import verify
from gptexit.readers.chatgpt.export_set import open_export

def kill(*_):
    print(*(path.name for path in Path(tempfile.gettempdir()).rglob("index")), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

with open_export([sys.argv[1]], careful=True) as export:
    verify(Path(sys.argv[2]), export, kill, jobs=2)
"""


def small(number: int) -> dict[str, Any]:
    said = (message(("user", "assistant")[at % 2], f"Words {number} {at}") for at in range(6))
    own = {"title": f"Talk {number}", "conversation_id": f"{number:036}", "id": f"{number:036}"}
    return {**conversation(chain(*said)), **own}


def peak(folder: Path, formats: list[str], number: int) -> int:
    """The most memory that verifying a number of conversations takes."""
    source, out = folder / f"export{number}", folder / f"out{number}"
    source.mkdir()
    for first in range(0, number, AT_ONCE):
        chats = [small(at) for at in range(first, min(first + AT_ONCE, number))]
        (source / f"conversations-{first // AT_ONCE:03}.json").write_text(json.dumps(chats))
    convert(source, out, formats)
    code = [sys.executable, "-c", MEASURED, str(source), str(out)]
    done = subprocess.run(code, check=True, capture_output=True, text=True)
    verdict, conversations, most = done.stdout.split()
    assert (verdict, conversations) == ("complete", str(number))
    return int(most)


@pytest.mark.parametrize("name", ["markdown", "jsonl", "html", "sqlite"])
def test_memory_does_not_follow_the_number_of_conversations(name: str, tmp_path: Path) -> None:
    few, many = (peak(tmp_path, [name], number) for number in (FEW, MANY))
    assert many - few < (MANY - FEW) * A_CONVERSATION


def test_workers_read_a_copy_that_is_private_and_does_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    source, out = tmp_path / "conversations.json", tmp_path / "out"
    source.write_text(json.dumps([small(at) for at in range(8)]))
    convert(source, out, ["markdown", "jsonl"])
    before = sorted(out.rglob("*"))
    seen: list[tuple[str, int]] = []

    def look(*_: int) -> None:
        seen.extend((path.name, path.stat().st_mode & 0o077) for path in scratch.rglob("*"))

    with open_export([source], careful=True) as export:
        assert verify(out, export, look, jobs=2).verdict == "complete"
    assert "index" in {name for name, _ in seen}
    assert os.name != "posix" or not any(mode for _, mode in seen)
    assert list(scratch.iterdir()) == []
    assert sorted(out.rglob("*")) == before


@pytest.mark.skipif(os.name != "posix", reason="nobody else has the signal")
def test_a_copy_goes_also_when_the_process_is_killed(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    source, out = tmp_path / "conversations.json", tmp_path / "out"
    source.write_text(json.dumps([small(at) for at in range(8)]))
    convert(source, out, ["markdown", "jsonl"])
    died = subprocess.run(
        [sys.executable, "-c", KILLED, str(source), str(out)],
        check=False,
        env={**os.environ, "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert died.stdout == "index\n"
    wait_until(lambda: not list(scratch.glob("gptexit-*")))
