"""What the documents show is what the commands give; see support/documents.py."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gptexit.updating.llm_logs import LlmLogs
from support.command import gptexit
from support.documents import DOCUMENTS, lay_out, renewed, runs_of
from support.exports import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_output_shown_is_real(document: Any) -> None:
    assert document.read_text(encoding="utf-8") == renewed(document)


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "CONTRIBUTING.md"], ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(document: Any) -> None:
    text = re.sub(r"^>.*$|```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.S | re.M)
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", text):
        assert (document.parent / target).exists(), target


_PROGRAMS = r"gptexit|python3?|unzip|cat|make|pip|pipx|uv|datasette|py|\.venv/bin/\S+"
_LINE = re.compile(rf"^ {{4,}}((?:{_PROGRAMS}) .+)$", re.M)
NOT_RUN = {
    "gptexit push open-webui chatgpt-export.zip --url http://127.0.0.1:8080": "needs a server",
    "gptexit mcp --install": "changes the settings of another program; see tests/mcp",
    "python3 -m pip": "installs",
    "python3 -m venv": "installs",
    ".venv/bin/": "needs what is installed there",
    "pip install": "installs",
    "pipx ": "installs",
    "uv ": "installs",
    "datasette ": "a server; see tests/apps",
    "make ": "is for who works on gptexit; .ci/run runs it",
    "py ": "is for Windows",
}
"""Beginnings of commands that the documents show and this test does not run, and why."""


def _is_run(line: str) -> bool:
    return line.endswith("--dry-run") or not line.startswith(tuple(NOT_RUN))


@pytest.mark.skipif(os.name == "nt", reason="the lines are for a shell")
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_each_command_shown_runs(document: Path, tmp_path: Path) -> None:
    text = document.read_text(encoding="utf-8")
    lines = [line.strip() for line in _LINE.findall(text) if _is_run(line)]
    if not lines:
        return
    lay_out(tmp_path)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin/gptexit"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gptexit "$@"\n')
    command.chmod(0o700)
    places = {"JAN_DATA_FOLDER": str(tmp_path / "jan"), "LLM_USER_PATH": str(tmp_path / "llm")}
    environment = {**os.environ, "HOME": str(tmp_path), **places}
    (tmp_path / "jan/threads").mkdir(parents=True)
    (tmp_path / ".lmstudio/conversations").mkdir(parents=True)
    (tmp_path / "llm").mkdir()
    with closing(sqlite3.connect(tmp_path / "llm/logs.db")) as base:
        LlmLogs(base)
    environment["PATH"] = f"{command.parent}{os.pathsep}{environment['PATH']}"
    for command_line in runs_of(text):  # what is read may be damaged on purpose
        gptexit(*command_line.split()[1:], cwd=tmp_path, env={"HOME": str(tmp_path)})
    for line in lines:
        if not all(map(shutil.which, re.findall(r"(?:^|\| *)(jq|unzip)\b", line))):
            continue
        done = subprocess.run(
            ["sh", "-c", line], cwd=tmp_path, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, (line, done.stderr)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_each_program_shown_is_marked_to_be_run(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for above, program in re.findall(r"^(.*)\n```(?:python|sql)\n(.*?)^```$", text, re.S | re.M):
        mark = above.rpartition("\n")[2]
        assert mark.startswith("<!-- ") or "anthropic" in program, program


def test_each_promise_names_a_test_that_is_there() -> None:
    page = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    rows = [row for row in re.findall(r"^\| (.+) \| (.+) \|$", page, re.M) if row[1] != "test"]
    assert rows
    for promise, tests in rows:
        named = re.findall(r"`([^`]+)`", tests)
        assert named, promise
        for name in named:
            if name.startswith("make "):
                assert re.search(rf"^{name[5:]}:", makefile, re.M), name
                continue
            file, _, function = name.partition("::")
            text = (ROOT / file).read_text(encoding="utf-8")
            assert not function or f"\ndef {function}(" in text, name
