"""Small ZIPs that grow to hundreds of megabytes, through every command: how much memory, how long.

    python tests/run_bombs.py
    python tests/run_bombs.py --only values --command verify

Each command runs in a process of its own. Prints a line for each, and ends with 1 where one took
more memory or time than is promised.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MOST_MEMORY = 300
"""MB of memory that a command may take."""
MOST_SECONDS = 30
STEP = 1 << 20


def message(parts: list[object], key: str = "m") -> dict[str, object]:
    return {
        "id": key,
        "author": {"role": "user"},
        "create_time": 1700000000.0,
        "content": {"content_type": "text", "parts": parts},
        "metadata": {},
    }


def conversation(key: str, *said: dict[str, object]) -> dict[str, object]:
    nodes: dict[str, Any] = {}
    above = None
    for words in said:
        name = str(words["id"])
        nodes[name] = {"id": name, "message": words, "parent": above, "children": []}
        above = name
    return {
        "title": f"Talk {key}",
        "create_time": 1700000000.0,
        "update_time": 1700000000.0,
        "conversation_id": key,
        "mapping": nodes,
        "current_node": above,
    }


def around(fill: bytes, count: int) -> Iterator[bytes]:
    """A conversation in which `fill` stands `count` times, between two ordinary ones."""
    plain = json.dumps(conversation("a", message(["hello"])))
    bomb = json.dumps(conversation("b", message(["THE BOMB"])))
    before, after = (json.dumps(plain), json.dumps(plain)) and bomb.split('"THE BOMB"')
    yield f"[{plain},{before}".encode()
    piece = fill * max(1, STEP // len(fill))
    for _ in range(count // (len(piece) // len(fill))):
        yield piece
    last = json.dumps(conversation("c", message(["goodbye"])))
    yield (b'"' if fill.startswith(b"x") else b"1") + f"{after},{last}]".encode()


def text_of(count: int) -> Iterator[bytes]:
    pieces = around(b"x", count)
    yield next(pieces) + b'"'
    yield from pieces


def zipped(path: Path, conversations: Iterator[bytes], assets: int = 0, size: int = 0) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        with archive.open("conversations.json", "w", force_zip64=True) as member:
            for piece in conversations:
                member.write(piece)
        for number in range(assets):
            with archive.open(f"file-{number:03}.png", "w") as member:
                for _ in range(size // STEP):
                    member.write(bytes(STEP))


def plainly(*raws: dict[str, object]) -> Iterator[bytes]:
    yield json.dumps(raws).encode()


def canvas() -> Iterator[bytes]:
    calls = []
    for number, (name, body) in enumerate(
        [
            ("canmore.create_textdoc", {"name": "d", "type": "document", "content": "a" * 50}),
            (
                "canmore.update_textdoc",
                {
                    "updates": [
                        {
                            "pattern": "(((a{1000}){1000}){1000})",
                            "multiple": True,
                            "replacement": "b",
                        }
                    ]
                },
            ),
        ]
    ):
        said = message([json.dumps(body)], f"m{number}")
        calls.append({**said, "author": {"role": "assistant"}, "recipient": name})
    return plainly(conversation("a", *calls))


def table(path: Path) -> None:
    """A viewer whose table of assets holds millions of values."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("conversations.json", b"".join(plainly(conversation("a", message(["x"])))))
        with archive.open("chat.html", "w") as member:
            member.write(b'<script>var jsonData = [];\nvar assetsJson = {"a":[')
            for _ in range(60):
                member.write(b"[[]]," * (STEP // 5))
            member.write(b"1]};</script>")


def side(path: Path, name: str, head: bytes, fill: bytes, tail: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("conversations.json", b"".join(plainly(conversation("a", message(["x"])))))
        with archive.open(name, "w") as member:
            member.write(head)
            for _ in range(200):
                member.write(fill * (STEP // len(fill)))
            member.write(tail)


BOMBS: dict[str, Callable[[Path], object]] = {
    "values": lambda path: zipped(path, around(b'{"a":1},', 25_000_000)),
    "lists": lambda path: zipped(path, around(b"[[]],", 40_000_000)),
    "message": lambda path: zipped(path, text_of(480_000_000)),
    "canvas": lambda path: zipped(path, canvas()),
    "members": lambda path: zipped(
        path, plainly(conversation("a", message(["x"]))), 40, 100_000_000
    ),
    "table": table,
    "manifest": lambda path: side(
        path, "export_manifest.json", b'{"export_files":[', b"[[]],", b"1]}"
    ),
    "library": lambda path: side(path, "library_files.json", b"[[", b"[[]],", b"1]]"),
    "user": lambda path: side(path, "user.json", b'{"a":[', b"[[]],", b"1]}"),
    "feedback": lambda path: side(path, "message_feedback.json", b'[{"a":[', b"[[]],", b"1]}]"),
    "codex": lambda path: side(path, "codex.json", b'[{"turns":[', b"[[]],", b"1]}]"),
}


def run(command: list[str]) -> tuple[float, float, int, str]:
    """MB at the highest, seconds of the processor, exit code and the last words of a command."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "gptexit", *command], stdout=said, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        said.seek(0)
        words = said.read().decode("utf-8", "replace")
    seconds = time.monotonic() - began
    seconds = min(seconds, usage.ru_utime + usage.ru_stime)  # alone on a machine, as far as that
    return usage.ru_maxrss / 1024, seconds, os.waitstatus_to_exitcode(status), words


def main() -> int:
    """Run them all; 1 where one is over its bounds."""
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("--only", choices=list(BOMBS))
    asked.add_argument("--command", choices=["convert", "inspect", "verify", "exit"])
    asked.add_argument("--show", action="store_true", help="print what each command says")
    given = asked.parse_args()
    over = 0
    for name, make in BOMBS.items():
        if given.only not in (None, name):
            continue
        with tempfile.TemporaryDirectory() as folder:
            bomb, out = Path(folder) / f"{name}.zip", Path(folder) / "out"
            make(bomb)
            commands = {
                "convert": ["convert", bomb, "-o", out, "--to", "markdown", "--to", "jsonl"],
                "inspect": ["inspect", bomb],
                "verify": ["verify", bomb, out],
                "exit": ["exit", bomb, "-o", Path(folder) / "exit"],
            }
            for command, words in commands.items():
                if given.command not in (
                    None,
                    command,
                    *(["verify"] if command == "convert" else []),
                ):
                    continue
                memory, seconds, code, said = run([str(word) for word in words] + ["--no-progress"])
                bad = memory > MOST_MEMORY or seconds > MOST_SECONDS or "Traceback" in said
                over += bad
                print(
                    f"{name:10} {bomb.stat().st_size >> 10:6} kB  {command:8} {memory:6.0f} MB "
                    f"{seconds:6.1f} s  exit code {code}{'  OVER' if bad else ''}",
                    flush=True,
                )
                if given.show:
                    print(said)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
