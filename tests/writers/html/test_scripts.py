"""What the pages' scripts and style sheet may be: small, typed, and with nothing that loads."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gptexit import convert
from support import scripts
from support.exports import ROOT

LARGEST = 60_000
"""Bytes of all scripts and style sheets, without comments and lists of colours."""
COLOURS = re.compile(
    r"^(?:\.m\d|\.[a-z][a-z]|pre \[class\^=[a-z]\])[^{}\n]*\{(?:color|fill):[^}\n]*\}\n", re.M
)
"""The colour of a kind of word in code, or of a model in a drawing: a line for each."""
FILES = sorted(path for path in scripts.STATIC.iterdir() if path.suffix in {".js", ".css"})
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
FORBIDDEN = re.compile(
    r"\beval\b|\bFunction\(|\b(?:inner|outer)HTML\b|\binsertAdjacentHTML\b|\bdocument\.write\b|"
    r"\bfetch\(|\bimport\b|\bXMLHttpRequest\b|\bWebSocket\b|\bWorker\b|\bsendBeacon\b|https?:"
)
"""What runs text as code, takes text as HTML, or asks a server."""


def test_all_of_it_is_small() -> None:
    sizes = {
        path.name: len(COLOURS.sub("", scripts.without_comments(path)).encode()) for path in FILES
    }
    assert sum(sizes.values()) < LARGEST, sizes


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_runs_no_text_and_loads_nothing_but_scripts_of_the_archive(path: Path) -> None:
    code = scripts.without_comments(path)
    assert FORBIDDEN.findall(code) == []
    assert '"use strict";' in code


def test_the_style_sheets_load_nothing() -> None:
    for path in FILES:
        if path.suffix == ".css":
            assert not re.search(r"@import|url\(|expression\(", scripts.without_comments(path))


def test_types(tmp_path: Path) -> None:
    if not scripts.INSTALLED.joinpath(".bin/tsc").exists():
        pytest.skip("TypeScript is not there; `make test-apps` installs it")
    assert scripts.faults_of_types(scripts.INSTALLED, tmp_path) == ""


@pytest.mark.slow
def test_a_browser_draws_the_list_around_a_page(tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium is installed")
    convert(ROOT / "fixtures/slim-2026.zip", tmp_path / "out", ["html"])
    [page] = tmp_path.glob("out/*/*landlord*.html")
    command = [
        *(chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *(f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1200,900"),
        *("--virtual-time-budget=5000", "--dump-dom", page.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "23 conversations" in done.stdout
    assert 'class="row" href="../2026/2026-07-21-a-logo-for-the-bakery.html"' in done.stdout
    assert 'aria-current="page"' in done.stdout
