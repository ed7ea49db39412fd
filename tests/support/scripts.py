"""The scripts and the style sheet of the HTML archive, as files of the source."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from support.exports import ROOT

STATIC = ROOT / "src/gptexit/writers/html/static"
TYPESCRIPT = "typescript@7.0.2"
INSTALLED = ROOT / "build/apps/typescript/node_modules"
"""Where `make test-apps` installs TypeScript."""
_COMMENTS = re.compile(r"/\*.*?\*/|^\s*//[^\n]*|//[^\n\"'`]*$", re.DOTALL | re.MULTILINE)
_OPTIONS = {
    "allowJs": True,
    "checkJs": True,
    "noEmit": True,
    "strict": True,
    "target": "es2024",
    "lib": ["es2024", "dom", "dom.iterable"],
    "types": [],
}


def without_comments(path: Path) -> str:
    """The text of a script or of a style sheet without its comments and without empty lines."""
    text = _COMMENTS.sub("", path.read_text(encoding="utf-8"))
    return "".join(line for line in text.splitlines(keepends=True) if line.strip())


def faults_of_types(modules: Path, folder: Path) -> str:
    """What TypeScript finds in the scripts by their comments; "" for nothing."""
    settings = {"compilerOptions": _OPTIONS, "files": [str(path) for path in STATIC.glob("*.js")]}
    folder.joinpath("tsconfig.json").write_text(json.dumps(settings))
    command = [str(modules / ".bin/tsc"), "-p", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout if done.returncode else ""
