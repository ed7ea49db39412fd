"""Compare gptexit with other tools: `python benchmarks/peers.py [--sizes 20MB] [--peer PATH]`.

Each tool makes Markdown of the same generated exports, one after the other in each round, in a
process of its own; the medians count. convoviz is installed into `build/peers`, which needs Python
3.12. `--peer` takes more tools, and may be given several times:

- the folder of ChatGPT_Conversations_To_Markdown, a script of daugaard47's that works on an export
  that was unpacked before; the time for that is not counted;
- any command in quotes, with {zip}, {folder} (the unpacked export) and {out} for the paths.

A text counts as kept if its longest piece without a sign of punctuation is such a piece of the
output. Signs are left out since each tool writes sources and emphasis in its own way.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import ROOT, Shares

_PIECE = re.compile(r"[\w \t]+")
SCRIPT = "chatgpt_json_to_markdown.py"
Made = Callable[[Path, Path, Path], list[str]]
"""Returns the command that writes Markdown: of a ZIP, of its unpacked folder, and where to."""


@dataclass
class Tool:
    """A tool, and what its runs took."""

    command: Made
    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    code: int = 0
    files: int = 0
    kept: int = 0


def gptexit(*more: str) -> Made:
    return lambda export, folder, out: [
        *(sys.executable, "-m", "gptexit", "convert", str(export), "--quiet", "-o", str(out)),
        *more,
    ]


def convoviz(data: Path) -> Made | None:
    """Install convoviz, and return its command; None if it cannot be installed."""
    home = data / "convoviz"
    program = home / "bin/convoviz"
    if not program.exists():
        python = shutil.which("python3.12") or shutil.which("python3.13")
        if python is None:
            print("convoviz needs Python 3.12, which is not here: left out", file=sys.stderr)
            return None
        subprocess.run([python, "-m", "venv", str(home)], check=True)
        install = [str(home / "bin/python"), "-m", "pip", "install", "--quiet", "convoviz"]
        if subprocess.run(install, check=False).returncode:
            print("convoviz could not be installed: left out", file=sys.stderr)
            return None
    return lambda export, folder, out: [
        *(str(program), "--input", str(export), "--output", str(out)),
        *("--outputs", "markdown"),
    ]


def peer(given: str) -> tuple[str, Made]:
    """Return the name and the command of a peer that `--peer` gives."""
    if (Path(given) / SCRIPT).is_file():
        return "ChatGPT_Conversations_To_Markdown", lambda export, folder, out: _script(
            Path(given), folder, out
        )
    words = shlex.split(given)
    return Path(words[0]).name, lambda export, folder, out: [
        word.format(zip=export, folder=folder, out=out) for word in words
    ]


def _script(home: Path, folder: Path, out: Path) -> list[str]:
    """Write the configuration of the script beside its output, and return its command."""
    config = json.loads((home / "config.json.example").read_text(encoding="utf-8"))
    config |= {"input_path": str(folder), "output_directory": str(out)}
    (out.parent / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return [sys.executable, str(home / SCRIPT)]


def run(tool: Tool, export: Path, folder: Path, out: Path) -> None:
    """Run a tool once, and note what it took."""
    out.parent.mkdir(parents=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = tool.command(export, folder, out)
    with (out.parent / "printed.txt").open("wb") as printed:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=out.parent, env=environment, stdout=printed, stderr=printed
        )
        with Shares(process.pid) as shares:
            process.wait()
        tool.seconds.append(time.perf_counter() - started)
    tool.megabytes.append(shares.most / 1e6)
    tool.code = process.returncode


def texts(export: Path) -> Iterator[str]:
    """Yield the longest piece of each text that a person or ChatGPT wrote."""
    with zipfile.ZipFile(export) as archive:
        for name in archive.namelist():
            if not name.rpartition("/")[2].startswith("conversations"):
                continue
            for conversation in json.loads(archive.read(name)):
                for node in conversation["mapping"].values():
                    yield from _longest(node.get("message") or {})


def _longest(message: dict[str, object]) -> Iterator[str]:
    author, content = message.get("author"), message.get("content")
    if not isinstance(author, dict) or not isinstance(content, dict):
        return
    said = author.get("role") in ("user", "assistant") and message.get("recipient") == "all"
    parts = content.get("parts") if said and content.get("content_type") == "text" else None
    for text in parts or ():
        longest = max(pieces(str(text)), key=len, default="")
        if longest:
            yield longest


def pieces(text: str) -> list[str]:
    """Return the pieces of a text between signs, each without spaces and digits."""
    return ["".join(filter(str.isalpha, piece)) for piece in _PIECE.findall(text)]


def look(tool: Tool, wanted: list[str], out: Path) -> None:
    """Count the notes that a tool wrote, and the texts in them."""
    held: set[str] = set()
    notes = list(out.rglob("*.md"))
    for note in notes:
        held.update(pieces(note.read_text(encoding="utf-8", errors="replace")))
    tool.files = len(notes)
    tool.kept = sum(piece in held for piece in wanted)


def compare(tools: dict[str, Tool], export: Path, rounds: int, work: Path) -> None:
    """Run each tool in each round on one export, and print a table."""
    folder = work / "unpacked"
    with zipfile.ZipFile(export) as archive:
        archive.extractall(folder)
    for number in range(rounds):
        for name, tool in tools.items():
            run(tool, export, folder, work / f"{number}-{name}" / "out")
    wanted = list(texts(export))
    print(f"\n{export.stem} of JSON, {len(wanted):,} texts of user and ChatGPT\n")
    print(f"| {'':34} | seconds | peak MB | notes | texts kept | exit code |")
    print(f"|{'-' * 36}|--------:|--------:|------:|-----------:|----------:|")
    for name, tool in tools.items():
        look(tool, wanted, work / f"0-{name}" / "out")
        seconds, megabytes = map(statistics.median, (tool.seconds, tool.megabytes))
        print(
            f"| {name:34} | {seconds:7.2f} | {megabytes:7.0f} | {tool.files:5,} "
            f"| {tool.kept / len(wanted):10.1%} | {tool.code:9} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="20MB,100MB,200MB")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer", action="append", default=[], help="a folder or a command")
    parser.add_argument("--data", type=Path, default=ROOT / "build/benchmark")
    given = parser.parse_args()
    data = given.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    commands = {"gptexit": gptexit(), "gptexit --jobs 1": gptexit("--jobs", "1")}
    if installed := convoviz(ROOT / "build/peers"):
        commands["convoviz"] = installed
    commands.update(map(peer, given.peer))
    for size in given.sizes.split(","):
        export = data / f"{size}.zip"
        if not export.exists():
            generate = [sys.executable, str(ROOT / "fixtures/generate.py"), str(export)]
            subprocess.run([*generate, "--size", size, "--seed", "1"], check=True)
        work = Path(tempfile.mkdtemp(prefix="peers-", dir=data))
        try:
            tools = {name: Tool(command) for name, command in commands.items()}
            compare(tools, export, given.runs, work)
        finally:
            shutil.rmtree(work)


if __name__ == "__main__":
    main()
