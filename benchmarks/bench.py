"""The figures of the README: `python benchmarks/bench.py [--sizes 200MB,1GB] [--runs 5]`.

`--beside FOLDER` runs each piece with another checkout of gptexit too, right after this one, on the
same export, and gives the ratios of seconds and of CPU seconds. `--all` adds pieces that only read,
and `exit` with pages for the browser. `--formats` measures every format that gptexit writes, one
after the other, in place of these pieces.

Every round runs each piece once, one after the other, in a process of its own; the medians of the
rounds are compared. A machine that slows down slows all of them.

What the rounds write stays until the end: some file systems make new files slowly for minutes
after many were removed, and nobody's first archive is written into such a place.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parent


@dataclass
class Piece:
    """What one piece of work took in each round."""

    runs: list[Run] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(run.seconds for run in self.runs)

    @property
    def peak(self) -> float:
        return statistics.median(run.megabytes for run in self.runs)

    @property
    def cpu(self) -> float:
        return statistics.median(run.cpu for run in self.runs)


class Run(NamedTuple):
    """What one run of a command took."""

    seconds: float
    megabytes: float
    """The most memory of all its processes together."""
    cpu: float
    """CPU seconds of all its processes, with their start-up."""


def run(command: list[str], *, inner: bool, root: Path = ROOT, every: float = 0.1) -> Run:
    """Run a command with the gptexit of the checkout `root`.

    `inner`: the seconds are what the command prints. `every`: seconds between two looks at memory.
    """
    # An installed package has its bytecode; some machines are set up not to write any.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(root / "src")
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, env=environment)
        with Shares(process.pid, every) as shares:
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            raise SystemExit(f"{' '.join(command)} failed")
        if inner:
            out.seek(0)
            seconds = float(out.read())
    unit = 1 if sys.platform == "darwin" else 1024
    megabytes = shares.most / 1e6 or usage.ru_maxrss * unit / 1e6
    return Run(seconds, megabytes, usage.ru_utime + usage.ru_stime)


class Shares:
    """The most memory that a process and all that it started had at once, in bytes.

    Each counts with its proportional share (PSS): what several have in common counts once. On
    Linux alone; elsewhere `most` stays 0.
    """

    def __init__(self, pid: int, every: float = 0.05) -> None:
        """`every`: seconds between two looks."""
        self.most = 0
        self._every = every
        self._pid = pid
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look)

    def __enter__(self) -> Shares:
        if Path(f"/proc/{self._pid}/smaps_rollup").exists():
            self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._watch.ident is not None:
            self._watch.join()

    def _look(self) -> None:
        while not self._over.wait(self._every):
            self.most = max(self.most, sum(map(share, with_children(self._pid))))


def with_children(pid: int) -> list[int]:
    found, at = [pid], 0
    while at < len(found):
        with suppress(OSError):  # a process or a thread may end meanwhile
            # A thread may start a process too.
            for task in Path(f"/proc/{found[at]}/task").glob("*/children"):
                found += map(int, task.read_text().split())
        at += 1
    return found


def share(pid: int) -> int:
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def commands(export: Path, out: Path, root: Path = ROOT) -> dict[str, tuple[list[str], bool]]:
    """Return the pieces of the README's table: arguments, and whether the piece prints its time."""
    python = sys.executable
    convert = [python, "-m", "gptexit", "convert", str(export), "--quiet", "-o"]
    both = ["--to", "markdown", "--to", "jsonl"]
    five = [f"--to={name}" for name in FORMATS]
    # An old checkout that is run beside this one has one process, and not every command.
    alone = ["--jobs", "1"] if (root / "src/gptexit/parallel").exists() else []
    found = {
        "json.load": ([python, str(root / "benchmarks/work.py"), "json.load", str(export)], True),
        "to jsonl": ([*convert, str(out / "j"), "--to", "jsonl"], False),
        "to markdown": ([*convert, str(out / "m")], False),
        "to markdown --jobs 1": ([*convert, str(out / "m1"), *alone], False),
        "to both": ([*convert, str(out / "b"), *both], False),
    }
    if (root / "src/gptexit/verification").exists():
        verify = [python, "-m", "gptexit", "verify", str(export), str(out / "b"), "--quiet"]
        found["verify both"] = (verify, False)
    if (root / "src/gptexit/writers/html").exists():
        leave = [python, "-m", "gptexit", "exit", str(export), "--quiet", "--without", "html"]
        found["exit --without html"] = ([*leave, "-o", str(out / "plain")], False)
    found["to all five"] = ([*convert, str(out / "all"), *five], False)
    found["to all five --jobs 1"] = ([*convert, str(out / "all1"), *five, *alone], False)
    return found


def every_piece(export: Path, out: Path, root: Path = ROOT) -> dict[str, tuple[list[str], bool]]:
    """Return the pieces of `commands`, those that only read, and `exit` with pages."""
    work = [sys.executable, str(root / "benchmarks/work.py")]
    leave = [sys.executable, "-m", "gptexit", "exit", str(export), "--quiet"]
    reading = ("floor", "read", "inspect", "ijson.items")
    return {
        **{piece: ([*work, piece, str(export)], True) for piece in reading},
        **commands(export, out, root),
        "exit": ([*leave, "-o", str(out / "e")], False),
    }


FORMATS = ("markdown", "jsonl", "chatgpt", "open-webui", "librechat")


def each_format(export: Path, out: Path, root: Path = ROOT) -> dict[str, tuple[list[str], bool]]:
    """Return a command for each format, and one to compare with. Nothing is redacted."""
    convert = [sys.executable, "-m", "gptexit", "convert", str(export), "--quiet", "-o"]
    plain = ["--redact", "nothing"]
    listed = subprocess.check_output([sys.executable, "-m", "gptexit", "formats", "--json"])
    names = [row["name"] for row in json.loads(listed)]
    return {
        "json.load": commands(export, out, root)["json.load"],
        **{
            f"to {name}": ([*convert, str(out / name), "--to", name, *plain], False)
            for name in names
        },
    }


def measure(
    export: Path,
    rounds: int,
    folder: Path,
    wanted: list[str],
    beside: Path | None,
    listed: Callable[..., dict[str, tuple[list[str], bool]]] = commands,
) -> dict[str, Piece]:
    pieces: dict[str, Piece] = {}
    roots = {"": ROOT} if beside is None else {"": ROOT, BESIDE: beside}
    for number in range(rounds):
        out = folder / str(number)
        runs = {
            ending: listed(export, out / (ending or "own"), root=roots[ending]) for ending in roots
        }
        for ending in roots:
            (out / (ending or "own")).mkdir(parents=True)
        for name in runs[""]:
            if wanted and name not in wanted:
                continue
            for ending, root in roots.items():
                if name not in runs[ending]:
                    continue
                command, inner = runs[ending][name]
                piece = pieces.setdefault(name + ending, Piece())
                piece.runs.append(run(command, inner=inner, root=root))
        for ending in ("*.jsonl", "*.zip", "import-*.json", "*.db", "*.sqlite", "*.enex"):
            for large in out.rglob(ending):
                large.unlink()
    return pieces


BESIDE = " beside"
"""Added to the name of a piece that ran with the other checkout."""
RATIOS = [
    ("read", "floor", "at most 1.25"),
    ("inspect", "read", "at most 1.3"),
    ("ijson.items", "read", "at least 2.5"),
    ("json.load", "read", "at least 3.5"),
    ("to markdown", "json.load", "at most 0.7"),
    ("to jsonl", "json.load", "at most 0.4"),
    ("to markdown", "to markdown --jobs 1", "at most 0.7 on two cores"),
    ("to all five", "to all five --jobs 1", "at most 0.75 on two cores"),
    ("verify both", "to both", "at most 1.5"),
    ("exit --without html", "json.load", "at most 2.5"),
]


def table(size: str, pieces: dict[str, Piece]) -> None:
    print(f"\n{size} of JSON, zipped\n")
    print(f"| {'':24} | seconds | CPU seconds | peak MB |")
    print(f"|{'-' * 26}|--------:|------------:|--------:|")
    for name, piece in pieces.items():
        print(f"| {name:24} | {piece.median:7.2f} | {piece.cpu:11.2f} | {piece.peak:7.0f} |")
    print()
    for above, below, goal in RATIOS:
        if not {above, below} <= pieces.keys():
            continue
        ratio = pieces[above].median / pieces[below].median
        print(f"{above} / {below}: {ratio:.2f} ({goal})")
    for name, piece in pieces.items():
        if other := pieces.get(name + BESIDE):
            pairs = list(zip(piece.runs, other.runs, strict=True))
            wall = statistics.median(own.seconds / theirs.seconds for own, theirs in pairs)
            cpu = statistics.median(own.cpu / theirs.cpu for own, theirs in pairs)
            print(f"{name}: {wall:.2f} times the checkout beside, {cpu:.2f} times its CPU seconds")


def start_up(rounds: int, smallest: Path) -> None:
    print("\nstart-up\n")
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in (
            ("gptexit --help", ["--help"]),
            ("convert the smallest sample", ["convert", str(smallest), "--quiet", "-o", folder]),
        ):
            command = [sys.executable, "-m", "gptexit", *arguments]
            took = [run(command, inner=False).seconds for _ in range(max(rounds, 5))]
            print(f"{name}: {statistics.median(took) * 1000:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="200MB,1GB")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--pieces", help="only these, separated by commas: read,inspect")
    parser.add_argument("--all", action="store_true", help="more pieces than the table has")
    parser.add_argument("--formats", action="store_true", help="each format that is written")
    parser.add_argument("--beside", type=Path, help="another checkout, to compare with")
    parser.add_argument(
        "--data",
        type=Path,
        help="where to generate and to write; the exports are kept [build/benchmark]",
    )
    given = parser.parse_args()
    listed = each_format if given.formats else every_piece if given.all else commands
    data = given.data or ROOT / "build/benchmark"
    data.mkdir(parents=True, exist_ok=True)
    outputs = Path(tempfile.mkdtemp(prefix="out-", dir=data))
    try:
        start_up(given.runs, min((ROOT / "fixtures").glob("*.zip"), key=lambda p: p.stat().st_size))
        for size in given.sizes.split(","):
            export = data / f"{size}.zip"
            if not export.exists():
                generate = [sys.executable, str(ROOT / "fixtures/generate.py"), str(export)]
                subprocess.run([*generate, "--size", size, "--seed", "1"], check=True)
            # Work out the boundaries before anything is timed.
            run([sys.executable, str(HERE / "work.py"), "floor", str(export)], inner=True)
            folder = outputs / size
            folder.mkdir()
            table(
                size,
                measure(
                    export,
                    given.runs,
                    folder,
                    given.pieces.split(",") if given.pieces else [],
                    given.beside and given.beside.resolve(),
                    listed,
                ),
            )
    finally:
        shutil.rmtree(outputs)


if __name__ == "__main__":
    main()
