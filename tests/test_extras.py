"""Packages that are missing are told before any work, with a line to copy."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gptexit import convert, extras
from gptexit.errors import CannotRedact, MissingPackages
from support.exports import ROOT

SAMPLE = ROOT / "fixtures/classic-2023.zip"


def test_the_extras_are_those_that_the_package_declares() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert declared["optional-dependencies"] == {
        name: list(extra.packages) for name, extra in extras.EXTRAS.items()
    }
    for extra in extras.EXTRAS.values():
        assert all(importlib.util.find_spec(module) for module in extra.modules)


@pytest.mark.parametrize(
    ("mark", "system", "pip", "line"),
    [
        ("pipx_metadata.json", False, True, 'pipx inject gptexit "mcp>=2.0,<3"'),
        ("uv-receipt.toml", False, True, 'uv pip install --python /py/python "mcp>=2.0,<3"'),
        ("pyvenv.cfg", False, False, 'uv pip install --python /py/python "mcp>=2.0,<3"'),
        ("pyvenv.cfg", False, True, '/py/python -m pip install "mcp>=2.0,<3"'),
        ("x", True, True, '/py/python -m pip install --break-system-packages "mcp>=2.0,<3"'),
    ],
)
def test_the_line_fits_how_gptexit_is_installed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mark: str,
    system: bool,
    pip: bool,
    line: str,
) -> None:
    prefix = tmp_path / "gptexit"
    prefix.mkdir()
    (prefix / mark).touch()
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setattr(sys, "base_prefix", str(prefix if system else tmp_path))
    monkeypatch.setattr(sys, "executable", "/py/python")
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if pip else None)
    assert extras.line_for("mcp") == line


def test_a_python_in_a_folder_with_a_space_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/my py/python")
    assert '"/my py/python"' in extras.line_for("push")


def test_it_is_told_before_the_export_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CannotRedact, match=r"(?s)2 more packages.*\n  .*install.*\n.*nothing\.$"):
        convert(tmp_path / "nobody.zip", tmp_path / "out", ["claude"])
    assert not (tmp_path / "out").exists()
    with pytest.raises(MissingPackages, match="one more package"):
        extras.need("mcp")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "module"),
    [
        (["exit", "nobody.zip", "--for", "claude"], "kingfisher_sdk"),
        (["convert", "nobody.zip", "--to", "gemini"], "detect_secrets"),
        (["memory", "nobody.zip", "--redact", "secrets"], "detect_secrets"),
        (["mcp", "nobody"], "mcp"),
        (["push", "open-webui", "nobody.zip", "--url", "http://127.0.0.1:9"], "httpx"),
    ],
)
def test_a_command_says_it_without_its_usage(tmp_path: Path, words: list[str], module: str) -> None:
    hide = (
        "import importlib.util as u, sys; find = u.find_spec;"
        f"u.find_spec = lambda name, *rest: None if name == '{module}' else find(name, *rest);"
        f"sys.argv = ['gptexit', *{words}]; from gptexit.cli import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", hide], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 2
    said = done.stderr.splitlines()
    assert said[0].startswith("Error: ")
    assert said[0].endswith("This line installs what is missing:")
    assert " install " in said[1] or " inject " in said[1]
    assert "Usage" not in done.stderr
    assert list(tmp_path.iterdir()) == []
