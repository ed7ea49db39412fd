"""What a pack for Claude makes of a large export: `python benchmarks/packs.py [EXPORT.zip]`.

Without an export, one of 1 GB is generated, with projects and custom GPTs (the same seed, the same
conversations). The table is read from the files that were written, not from what gptexit says.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from bench import ROOT, run

from gptexit.writers.packs.claude import FILE_BYTES, FILES, TOKENS
from gptexit.writers.packs.conversation import estimate


def main() -> None:
    data = ROOT / "build/benchmark"
    export = Path(sys.argv[1]) if len(sys.argv) > 1 else data / "1GB.zip"
    if not export.exists():
        data.mkdir(parents=True, exist_ok=True)
        generate = [sys.executable, str(ROOT / "fixtures/generate.py"), str(export)]
        subprocess.run([*generate, "--size", "1GB", "--seed", "1"], check=True)
    out = Path(tempfile.mkdtemp(prefix="pack-"))
    try:
        times = []
        for redact in ("nothing", "secrets"):
            command = [sys.executable, "-m", "gptexit", "convert", str(export), "--to", "claude"]
            command += ["-o", str(out), "--quiet", "--redact", redact]
            times.append((redact, run(command, inner=False)))
        table(out)
        print()
        for redact, took in times:
            print(f"--redact {redact}: {took.seconds:.0f} s, peak {took.megabytes:.0f} MB")
    finally:
        shutil.rmtree(out)


def table(out: Path) -> None:
    inside: dict[str, set[str]] = defaultdict(set)
    outside: dict[str, set[str]] = defaultdict(set)
    everywhere: set[str] = set()
    anywhere: set[str] = set()
    with (out / "contents.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            (outside if row["in"] == "no" else inside)[row["folder"]].add(row["id"])
            everywhere.add(row["id"])
            if row["in"] != "no":
                anywhere.add(row["id"])
    print("| folder | files | MB | largest file, MB | tokens, estimated | in | out |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for folder in sorted(inside.keys() | outside.keys()):
        texts = [
            path.read_bytes()
            for path in sorted((out / folder).glob("*.md"))
            if path.name != "instructions.md"
        ]
        tokens = sum(map(estimate, texts))
        largest = max(map(len, texts))
        assert largest <= FILE_BYTES
        assert len(texts) <= FILES + 1
        assert tokens <= TOKENS
        print(
            f"| `{folder}` | {len(texts):,} | {sum(map(len, texts)) / 1e6:.1f} | "
            f"{largest / 1e6:.2f} | {tokens:,} | {len(inside[folder]):,} | "
            f"{len(outside[folder]):,} |"
        )
    print(f"\n{len(anywhere):,} of {len(everywhere):,} conversations are in a folder.")


if __name__ == "__main__":
    main()
