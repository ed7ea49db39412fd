"""The memory of all processes together: `python benchmarks/memory.py [--sizes 200MB,1GB]`.

Each piece of work runs once with `--jobs 1` and once with `--jobs 2`, on a generated export of each
size. What counts is the peak of the sum of the shares (PSS) of the process and all that it started,
looked at every 50 ms, on Linux alone. With twice the conversations it should stay as it is: the
ratio of the largest size to the smallest is to be at most 1.15.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import FORMATS, ROOT, run

GOAL = 1.15
JOBS = (1, 2)


def commands(export: Path, out: Path) -> dict[str, list[str]]:
    """The arguments of each piece of work; `verify` reads what an earlier piece has written."""
    convert = ["convert", str(export), "-o"]
    return {
        "to markdown": [*convert, str(out / "m")],
        "to jsonl": [*convert, str(out / "j"), "--to", "jsonl"],
        "to all formats": [*convert, str(out / "a"), *(f"--to={name}" for name in FORMATS)],
        "verify all formats": ["verify", str(export), str(out / "a")],
        "exit": ["exit", str(export), "-o", str(out / "e")],
    }


def measure(export: Path, folder: Path, wanted: list[str]) -> dict[tuple[str, int], float]:
    """Return the peak of each piece and number of jobs, in megabytes."""
    peaks = {}
    for jobs in JOBS:
        for name, arguments in commands(export, folder / str(jobs)).items():
            if wanted and name not in wanted:
                continue
            command = [sys.executable, "-m", "gptexit", *arguments, "--quiet", "--jobs", str(jobs)]
            peaks[name, jobs] = run(command, inner=False, every=0.05).megabytes
    return peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="200MB,1GB", help="the smallest first")
    parser.add_argument("--pieces", help="only these, separated by commas: to jsonl,exit")
    parser.add_argument(
        "--data",
        type=Path,
        default=ROOT / "build/benchmark",
        help="where to generate and to write; the exports are kept [build/benchmark]",
    )
    given = parser.parse_args()
    given.data.mkdir(parents=True, exist_ok=True)
    sizes = given.sizes.split(",")
    peaks: list[dict[tuple[str, int], float]] = []
    for size in sizes:
        export = given.data / f"{size}.zip"
        if not export.exists():
            generate = [sys.executable, str(ROOT / "fixtures/generate.py"), str(export)]
            subprocess.run([*generate, "--size", size, "--seed", "1"], check=True)
        folder = Path(tempfile.mkdtemp(prefix="out-", dir=given.data))
        try:
            peaks.append(measure(export, folder, given.pieces.split(",") if given.pieces else []))
        finally:
            shutil.rmtree(folder)
    heads = " | ".join(f"{size:>8}" for size in sizes)
    print(f"\npeak of all processes together, in MB\n\n| {'':28} | {heads} | ratio |")
    print(f"|{'-' * 30}|{'---------:|' * len(sizes)}------:|")
    for name, jobs in peaks[0]:
        found = [of_size[name, jobs] for of_size in peaks]
        shown = " | ".join(f"{megabytes:8.1f}" for megabytes in found)
        ratio = found[-1] / found[0]
        mark = "" if ratio <= GOAL else f"  more than {GOAL}"
        print(f"| {name + f' --jobs {jobs}':28} | {shown} | {ratio:5.2f} |{mark}")


if __name__ == "__main__":
    main()
