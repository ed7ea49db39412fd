"""What the HTML archive costs: `python benchmarks/html.py [--sizes 200MB,1GB] [--runs 3]`.

ZIP to `html` beside ZIP to Markdown, side by side in each run, with the peak memory of all
processes together; then the sizes on the disk; then the pages in a headless Chromium, opened from
the disk, if there is one: `--playwright` is a Python that has Playwright (`make test-apps` makes
one in build/apps/playwright).
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from base64 import b64decode
from pathlib import Path
from typing import Any

from bench import ROOT, Piece, run

HERE = Path(__file__).parent
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_FORMULA = re.compile(r"\\\(.*?\\\)|\\\[.*?\\\]|\$\$.*?\$\$", re.DOTALL)
LONG = 2_000
"""Messages of the longest conversation that is opened."""
KINDS: dict[str, list[str]] = {
    "to markdown": ["--to", "markdown"],
    "to html": ["--to", "html"],
    "to html --highlight no": ["--to", "html", "--highlight", "no"],
}


def measured(export: Path, out: Path, runs: int) -> dict[str, Piece]:
    """Convert in each way, `runs` times in turn. What was written stays in `out`."""
    pieces: dict[str, Piece] = {}
    for number in range(runs):
        for name, words in KINDS.items():
            folder = out / f"{number}-{name.replace(' ', '-')}"
            command = [sys.executable, "-m", "gptexit", "convert", str(export), "--quiet"]
            took = run([*command, *words, "-o", str(folder)], inner=False)
            pieces.setdefault(name, Piece()).runs.append(took)
    return pieces


def size_of(folder: Path, without: str = "assets") -> int:
    """Return the bytes of the files below a folder, but for those of `without`."""
    if not folder.is_dir():
        return 0
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in (without, ".gptexit")
    )


def texts_of(archive: Path) -> tuple[int, int, int]:
    """Return the bytes of all texts, and how many of them are code and formulas."""
    every = code = formulas = 0
    for path in (archive / "data/texts").iterdir():
        value = path.read_text().partition(",")[2].rstrip().removesuffix(")")
        for _, _, text in json.loads(zlib.decompress(b64decode(json.loads(value)["t"]), -15)):
            every += len(text.encode())
            code += sum(len(match[0].encode()) for match in _FENCE.finditer(text))
            formulas += sum(len(match[0].encode()) for match in _FORMULA.finditer(text))
    return every, code, formulas


def long_export(path: Path) -> None:
    """Write an export of one conversation with LONG messages."""
    rng = random.Random(1)
    words = ("bread", "oven", "flour", "water", "salt", "time", "night", "early", "plan", "letter")
    mapping: dict[str, Any] = {"root": {"id": "root", "parent": None, "children": ["m0"]}}
    for number in range(LONG):
        text = " ".join(rng.choices(words, k=60))
        role = "assistant" if number % 2 else "user"
        content = {"content_type": "text", "parts": [f"{text}.\n\n- **one**\n- two"]}
        message = {"id": f"m{number}", "author": {"role": role}, "content": content}
        message["create_time"] = 1_700_000_000 + number * 60
        parent = f"m{number - 1}" if number else "root"
        children = [f"m{number + 1}"] if number + 1 < LONG else []
        mapping[f"m{number}"] = {
            **{"id": f"m{number}", "message": message},
            **{"parent": parent, "children": children},
        }
    raw = {"id": "c-long", "conversation_id": "c-long", "title": "A long one", "mapping": mapping}
    raw |= {"current_node": f"m{LONG - 1}", "create_time": 1_700_000_000.0}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", json.dumps([raw]))


def ratio(name: str, value: float, goal: str) -> None:
    print(f"| {name:58} | {value:7.2f} | {goal} |")


def report(size: str, pieces: dict[str, Piece], out: Path) -> Path:
    """Print the tables of one size, and return the archive."""
    print(f"\n{size} of JSON, zipped\n\n| {'':24} | seconds | peak MB |")
    print(f"|{'-' * 26}|--------:|--------:|")
    for name, piece in pieces.items():
        print(f"| {name:24} | {piece.median:7.2f} | {piece.peak:7.0f} |")
    notes, pages = out / "0-to-markdown", out / "0-to-html"
    every, code, formulas = texts_of(pages)
    held, markdown = size_of(pages), size_of(notes)
    index = size_of(pages / "data/words")
    chats = sum(1 for _ in (pages / "data/texts").iterdir())
    shares = f"{100 * code / every:.1f} % code, {100 * formulas / every:.1f} % formulas"
    print(
        f"\n{chats:,} conversations, {every / 1e6:.0f} MB of text: {shares}. Without assets "
        f"{held / 1e6:.0f} MB of pages and data beside {markdown / 1e6:.0f} MB of notes; "
        f"{index / 1e6:.1f} MB of it are the index.\n"
    )
    print(f"| {'':58} |         | goal |\n|{'-' * 60}|--------:|------|")
    notes_seconds = pieces["to markdown"].median
    ratio("to html / to markdown", pieces["to html"].median / notes_seconds, "at most 4")
    plain = pieces["to html --highlight no"].median / notes_seconds
    ratio("to html --highlight no / to markdown", plain, "at most 2")
    ratio("html / markdown on the disk, without assets", held / markdown, "at most 3")
    ratio("word index / text", index / every, "at most 0.35")
    return pages


GOALS = {
    "first view": "under 1,000 ms",
    "a conversation of 40 messages": "under 300 ms",
    f"one of {LONG:,}": "under 1,500 ms",
    "the first search": "under 1,500 ms",
    "each next keystroke": "under 150 ms",
    "memory after 50 searches": "below 300 MB",
}


def in_browser(python: Path, browser: str, archive: Path, long: Path) -> None:
    """Open an archive in Chromium, and print what it took."""
    page = next((long / "2023").glob("*.html"))
    asked = {"browser": browser, "archive": str(archive), "long": str(page)}
    done = subprocess.run(
        [python, HERE / "html_browser.py", json.dumps(asked)], check=True, capture_output=True
    )
    print(f"\n| in Chromium, from the disk {'':25} | {'':10} | goal |")
    print(f"|{'-' * 54}|{'-' * 11}:|------|")
    for name, value in json.loads(done.stdout).items():
        shown = f"one of {LONG:,}" if name == "long" else name
        unit = "MB" if name.startswith("memory") else "ms"
        print(f"| {shown:52} | {value:7.0f} {unit} | {GOALS[shown]} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="200MB,1GB")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--data", type=Path, default=ROOT / "build/benchmark")
    parser.add_argument(
        "--playwright", type=Path, default=ROOT / "build/apps/playwright/bin/python"
    )
    given = parser.parse_args()
    given.data.mkdir(parents=True, exist_ok=True)
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    outputs = Path(tempfile.mkdtemp(prefix="out-", dir=given.data))
    try:
        long_export(outputs / "long.zip")
        convert = [sys.executable, "-m", "gptexit", "convert", str(outputs / "long.zip")]
        run([*convert, "--quiet", "--to", "html", "-o", str(outputs / "long")], inner=False)
        for size in given.sizes.split(","):
            export = given.data / f"{size}.zip"
            if not export.exists():
                generate = [sys.executable, str(ROOT / "fixtures/generate.py"), str(export)]
                subprocess.run([*generate, "--size", size, "--seed", "1"], check=True)
            pages = report(size, measured(export, outputs / size, given.runs), outputs / size)
            if browser and given.playwright.exists():
                in_browser(given.playwright, browser, pages, outputs / "long")
            else:
                print("\nNo Chromium, or no Python with Playwright: the pages were not opened.")
    finally:
        shutil.rmtree(outputs)


if __name__ == "__main__":
    main()
