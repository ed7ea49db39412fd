"""Fuzzing, guided by coverage: `python fuzz/run.py --time 600`.

Each target is a module beside this one with `check(data)`, which raises where something is wrong,
and `mutate(data, most, seed)`, which knows the shape of its input. What is found is kept in
`build/fuzz/<target>/found`; give such a file to run it again:

    python fuzz/run.py reader build/fuzz/reader/found/crash-…
"""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
TARGETS = ("container", "splitter", "reader", "markdown")
LONGEST = 6000
"""Bytes of an input at most."""


def fuzz(target: str, arguments: list[str]) -> None:
    """Run one target in this process, until libFuzzer ends it."""
    import atheris

    sys.path[:0] = [str(ROOT / "tests")]
    with atheris.instrument_imports(include=["gptexit"]):
        module = importlib.import_module(target)

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        made = module.mutate(data, most, seed) if hasattr(module, "mutate") else None
        return atheris.Mutate(data, most) if made is None else made

    if hasattr(module, "mutate"):
        atheris.Setup([sys.argv[0], *arguments], module.check, custom_mutator=mutated)
    else:
        atheris.Setup([sys.argv[0], *arguments], module.check)
    atheris.Fuzz()


def start(target: str, seconds: int, files: list[str]) -> tuple[subprocess.Popen[bytes], Path]:
    """Run one target in a process of its own; also where it writes what it says."""
    place = ROOT / "build/fuzz" / target
    (place / "corpus").mkdir(parents=True, exist_ok=True)
    (place / "found").mkdir(exist_ok=True)
    arguments = [f"-artifact_prefix={place}/found/", "-timeout=10", "-rss_limit_mb=2048"]
    if files:
        arguments += files
    else:
        arguments += [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-print_final_stats=1"]
        arguments += [str(place / "corpus"), str(HERE / "corpus" / target)]
    log = place / "log.txt"
    command = [sys.executable, __file__, "--here", target, *arguments]
    with log.open("wb") as out:
        return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT), log


def tell(target: str, code: int, log: Path, took: float) -> None:
    """A line of the table; of a finding, what was said of it."""
    said = log.read_text(errors="replace")
    runs = re.findall(r"^#(\d+)", said, re.MULTILINE)
    covered = re.findall(r"cov: (\d+) ft: (\d+)", said)
    edges, features = covered[-1] if covered else ("?", "?")
    count = int(runs[-1]) if runs else 0
    outcome = "no finding" if code == 0 else "FOUND"
    row = f"{target:<12}{count:>10,} runs{took / 60:>7.1f} min"
    print(f"{row}  {edges:>6} edges{features:>7} features  {outcome}", flush=True)
    if code:
        print(said[-3000:], flush=True)


def main() -> int:
    if sys.argv[1:2] == ["--here"]:
        fuzz(sys.argv[2], sys.argv[3:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help="a target alone, and inputs to run again")
    parser.add_argument("--time", type=int, default=60, help="seconds for each target")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    waiting = [each for each in given.targets if each in TARGETS] or list(TARGETS)
    files = [each for each in given.targets if each not in TARGETS]
    running: list[tuple[str, subprocess.Popen[bytes], Path, float]] = []
    bad = 0
    while waiting or running:
        while waiting and len(running) < given.processes:
            target = waiting.pop(0)
            running.append((target, *start(target, given.time, files), time.monotonic()))
        for each in [each for each in running if each[1].poll() is not None]:
            running.remove(each)
            target, process, log, begun = each
            bad |= process.returncode != 0
            tell(target, process.returncode, log, time.monotonic() - begun)
        time.sleep(0.2)
    return bad


if __name__ == "__main__":
    sys.exit(main())
