"""How often `--redact secrets` changes what is no secret, and what it costs.

    python benchmarks/redaction.py [EXPORT.zip]

The sample of ordinary chats: the sample exports, a generated one of 20 MB (or EXPORT.zip), and the
source of Python's standard library on this machine, 60 lines a message as a block of code. Nothing
in it is a secret, so that each message that changes is a false alarm. One row more counts what the
detectors of high entropy would add, which is why they are off.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gptexit.conversion import convert
from gptexit.pipeline import conversations
from gptexit.redact.detect import prepare, secrets, suspects
from gptexit.redact.redactor import strings
from gptexit.source import open_source
from gptexit.writers.base import Options

ROOT = Path(__file__).parent.parent
LINES = 60
"""Lines of source in a message."""

Message = list[str]
"""All strings of a message."""


def library(most: int | None = None) -> Iterator[Message]:
    """Messages with the source of the standard library in them; at most so many."""
    given = 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if "site-packages" in path.parts or "dist-packages" in path.parts:
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        for start in range(0, len(lines), LINES):
            if given == most:
                return
            given += 1
            code = "\n".join(lines[start : start + LINES])
            yield [f"What does this do?\n\n```python\n{code}\n```"]


def chats(*exports: Path) -> Iterator[Message]:
    """The messages of exports."""
    for path in exports:
        with open_source([path]) as export:
            for conversation in conversations(export):
                for message in conversation["messages"]:
                    yield list(strings([message["parts"], message["extra"], message["name"]]))


def samples() -> list[Path]:
    """The sample exports."""
    return sorted((ROOT / "fixtures").glob("*.zip"))


def changed(messages: Iterable[Message]) -> tuple[int, Counter[str], int]:
    """How many messages there are, by kind how many change, and the characters in them."""
    kinds: Counter[str] = Counter()
    number = size = 0
    for texts in messages:
        number += 1
        size += sum(map(len, texts))
        found = {each.kind for text in suspects(texts) for each in secrets(text)}
        kinds["messages"] += bool(found)
        kinds.update(found)
    return number, kinds, size


def by_entropy(messages: Iterable[Message]) -> int:
    """How many messages the detectors of high entropy would change."""
    from detect_secrets.plugins.high_entropy_strings import (
        Base64HighEntropyString,
        HexHighEntropyString,
    )

    detectors = (Base64HighEntropyString(), HexHighEntropyString())
    return sum(
        any(
            each.calculate_shannon_entropy(value) > each.entropy_limit
            for text in texts
            for each in detectors
            for line in text.splitlines()
            for value in each.analyze_string(line)
        )
        for texts in messages
    )


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    prepare()
    with tempfile.TemporaryDirectory() as folder:
        given = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "generated.zip"
        if not given.exists():
            make = [sys.executable, str(ROOT / "fixtures/generate.py"), str(given)]
            subprocess.run([*make, "--size", "20MB", "--seed", "1"], check=True, stdout=-3)
        sources: dict[str, Callable[[], Iterator[Message]]] = {
            "sample exports": lambda: chats(*samples()),
            given.name: lambda: chats(given),
            "standard library": library,
        }
        print(f"{'sample':18}{'messages':>10}{'changed':>9}{'per 1,000':>11}{'by entropy':>12}")
        for name, source in sources.items():
            number, kinds, _ = changed(source())
            would = by_entropy(source())
            rate = 1000 * kinds["messages"] / number
            print(f"{name:18}{number:10,}{kinds['messages']:9,}{rate:11.2f}{would:12,}")
            named = {kind: count for kind, count in kinds.items() if count and kind != "messages"}
            if named:
                print("    " + ", ".join(f"{count} × {kind}" for kind, count in named.items()))
        texts = [text for message in library() for text in message]
        size = sum(map(len, texts))
        took = _seconds(lambda: list(suspects(texts)))
        print(f"\nsearching: {size / took / 1e6:.0f} MB/s of code")
        for redact in ("nothing", "secrets"):
            out, options = Path(folder) / redact, Options(redact=redact)
            took = _seconds(lambda out=out, options=options: convert(given, out, options=options))
            print(f"markdown, {redact:8} redacted: {took:.1f} s")


if __name__ == "__main__":
    main()
