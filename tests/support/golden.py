"""What each format looks like, kept to be read and compared; `python tests/renew.py` makes it.

Assets are left out, and so is what is too long for anybody to read.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import orjson

from gptexit.conversion import convert
from gptexit.memories.assistants import ASSISTANTS
from gptexit.memories.collect import Collector
from gptexit.memories.text import memory_text
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.text.terminal import command_line
from gptexit.writers.base import Options
from gptexit.writers.packs.topics import topic_of
from support import account
from support.exports import ROOT

GOLDEN = ROOT / "tests/golden"
FIXTURES = ROOT / "fixtures"
CONVERSATIONS = "conversations.json"
LONGEST = 20_000
"""Bytes."""
_LEFT_OUT = (".gptexit", "assets", "files", "upload", "memory.md", "data", "static", "index.html")
"""What is no text or packed, what has a golden file of its own, and what tests of its own read."""
USUAL = Options(timezone=UTC)
EVERYTHING = Options(
    branches="all", include=frozenset({"hidden", "tools", "reasoning"}), timezone=UTC
)
IN_OTHER_BOXES = ("details", "plain")
"""Values of `callouts` other than the usual one."""
FOR_CLAUDE = Options(timezone=UTC, topics=(topic_of("code=python,canvas"),))

CASES = {
    **{
        f"markdown/{stem}": ("markdown", stem, USUAL)
        for stem in ("classic-2023", "fat-2024", "sharded-2026", "dat-2026", "slim-2026")
    },
    "markdown/fat-2024-everything": ("markdown", "fat-2024", EVERYTHING),
    **{
        f"markdown/fat-2024-{callouts}": (
            "markdown",
            "fat-2024",
            Options({**EVERYTHING, "callouts": callouts}),
        )
        for callouts in IN_OTHER_BOXES
    },
    "html/slim-2026": ("html", "slim-2026", USUAL),
    "gemini/slim-2026": ("gemini", "slim-2026", USUAL),
    "jsonl/classic-2023": ("jsonl", "classic-2023", USUAL),
    "jsonl/slim-2026": ("jsonl", "slim-2026", USUAL),
    "llama-cpp/slim-2026": ("llama-cpp", "slim-2026", USUAL),
    "chatgpt-text/dat-2026": ("chatgpt-text", "dat-2026", USUAL),
    "claude/fat-2024": ("claude", "fat-2024", FOR_CLAUDE),
}
"""Folder below `golden` to format, sample export and options. With other boxes than the usual ones,
only the notes that differ by them are kept."""
MEMORY = "memory/two-years"
"""Folder of the pages that `gptexit memory` writes of the account in memory/account.py."""
ALL = [*CASES, MEMORY]


def made(case: str, jobs: int = 1) -> dict[str, bytes]:
    """The readable files of a case, by their paths; `jobs` processes write them."""
    if case == MEMORY:
        return _pages()
    name, stem, options = CASES[case]
    with tempfile.TemporaryDirectory() as folder:
        export = FIXTURES / f"{stem}.zip"
        convert(export, folder, [name], options=options, jobs=jobs)
        given, short = command_line([export]).encode(), export.name.encode()
        files = {path: data.replace(given, short) for path, data in _readable(Path(folder))}
    if "callouts" not in options:
        return files
    usual = kept("markdown/fat-2024-everything")
    return {path: data for path, data in files.items() if data != usual[path]}


def _pages() -> dict[str, bytes]:
    collector = Collector()
    for raw in account.conversations():
        collector.add(read_conversation(raw, Account(), ReadStats()))
    memory = collector.memory()
    return {f"{name}.md": memory_text(memory, name, UTC).encode() for name in ASSISTANTS}


def _readable(root: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if not path.is_file() or relative.parts[0] in _LEFT_OUT:
            continue
        if path.name.startswith("chats-"):
            yield from _unpacked(path)
        elif path.suffix == ".jsonl":
            yield from _indented(path)
        elif path.name == CONVERSATIONS:
            yield relative.as_posix(), _spread(path.read_bytes())
        elif path.suffix != ".zip" and path.stat().st_size <= LONGEST:
            yield relative.as_posix(), path.read_bytes()


def _indented(path: Path) -> Iterator[tuple[str, bytes]]:
    """A conversation a file, so that a person can read what changed."""
    for line in path.read_bytes().splitlines():
        conversation = orjson.loads(line)
        yield f"{conversation['id']}.json", orjson.dumps(conversation, option=orjson.OPT_INDENT_2)


def _unpacked(path: Path) -> Iterator[tuple[str, bytes]]:
    """The JSONL files in a ZIP, each line on many lines."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            data = b"".join(map(_spread, archive.read(name).splitlines()))
            if len(data) <= LONGEST:
                yield f"{path.stem}/{name}", data


def _spread(data: bytes) -> bytes:
    """JSON on many lines."""
    return orjson.dumps(orjson.loads(data), option=orjson.OPT_INDENT_2) + b"\n"


def kept(case: str) -> dict[str, bytes]:
    """The files of a case as they were found right."""
    root = GOLDEN / case
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def main() -> None:
    for case in ALL:
        shutil.rmtree(GOLDEN / case, ignore_errors=True)
        for name, data in made(case).items():
            path = GOLDEN / case / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
