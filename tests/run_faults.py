"""Thousands of faults: `python tests/run_faults.py --count 10000`.

Each sample export is damaged in as many ways, converted, and the outcome judged (`faults/judge`).
A fault that is judged wrong is printed with what runs it again:

    python tests/run_faults.py --sample slim-2026 --seed 17
"""

from __future__ import annotations

import argparse
import faulthandler
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from support.faults.bases import NAMES
from support.faults.case import case
from support.faults.judge import judge
from support.faults.ride import a_house, ride, warm_up

APART = 97
"""Every so many runs, one is in a process of its own."""


def run_one(
    sample: str, seed: int, house: Path, also: Sequence[str], *, apart: bool = False
) -> tuple[Any, list[str]]:
    """The exit code and what is wrong."""
    made = case(sample, seed)
    done = ride(made, house, apart=apart, also=also)
    return done.code, judge(made, done)


def _work(jobs: list[tuple[str, int]], also: Sequence[str], back: Connection) -> None:
    _limit_memory()
    if also:
        warm_up(also)
    with a_house() as house:
        for number, (sample, seed) in enumerate(jobs):
            faulthandler.dump_traceback_later(60, exit=True)
            back.send((sample, seed, None, None))
            try:
                code, wrong = run_one(sample, seed, house, also, apart=number % APART == APART - 1)
            except Exception as error:  # of the judge
                code, wrong = "?", [f"the judge failed: {error!r}"]
            back.send((sample, seed, code, wrong))
    back.close()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))


@dataclass
class Tally:
    """What came of the faults of one sample."""

    codes: Counter[Any] = field(default_factory=Counter)
    failed: list[tuple[int, list[str]]] = field(default_factory=list)


def run_many(
    samples: list[str], first: int, count: int, processes: int, also: Sequence[str] = ()
) -> dict[str, Tally]:
    """Run `count` faults of each sample from seed `first` on; prints what is judged wrong."""
    tallies = {sample: Tally() for sample in samples}
    jobs = [(sample, seed) for seed in range(first, first + count) for sample in samples]
    pipes: dict[Connection, list[tuple[str, int]]] = {}

    def start(jobs: list[tuple[str, int]]) -> None:
        if jobs:
            ours, theirs = multiprocessing.Pipe(duplex=False)
            multiprocessing.Process(target=_work, args=(jobs, also, theirs), daemon=True).start()
            theirs.close()
            pipes[ours] = jobs

    def tell(sample: str, seed: int, code: Any, wrong: list[str]) -> None:
        tallies[sample].codes[code] += 1
        if wrong:
            tallies[sample].failed.append((seed, wrong))
            print(f"--sample {sample} --seed {seed}", *wrong, sep="\n    ", flush=True)

    for number in range(processes):
        start(jobs[number::processes])
    begun: dict[Connection, tuple[str, int]] = {}
    while pipes:
        for pipe in wait(list(pipes)):
            assert isinstance(pipe, Connection)
            try:
                sample, seed, code, wrong = pipe.recv()
            except EOFError:
                rest = pipes.pop(pipe)
                if pipe in begun:  # it died
                    tell(*begun[pipe], "died", ["the process died"])
                    start(rest[rest.index(begun[pipe]) + 1 :])
                continue
            if wrong is None:
                begun[pipe] = (sample, seed)
            else:
                del begun[pipe]
                tell(sample, seed, code, wrong)
    return tallies


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="faults for each sample")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--sample", choices=NAMES, action="append")
    parser.add_argument("--seed", type=int, help="one fault alone, and what was done")
    parser.add_argument("--keep", help="with --seed: write the faulty export to this file")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--to", action="append", default=[], help="a format beside the two")
    given = parser.parse_args()
    samples = given.sample or NAMES
    if given.seed is not None:
        return _again(samples, given.seed, given.keep, given.to)
    started = time.monotonic()
    tallies = run_many(samples, given.first, given.count, given.processes, given.to)
    took = time.monotonic() - started
    print(f"\n{'sample':<16}{'faults':>8}{'code 0':>8}{'1':>8}{'3':>8}{'wrong':>8}")
    for sample, each in tallies.items():
        codes = [each.codes[code] for code in (0, 1, 3)]
        row = [sum(each.codes.values()), *codes, len(each.failed)]
        print(f"{sample:<16}" + "".join(f"{number:>8,}" for number in row))
    total = sum(sum(tally.codes.values()) for tally in tallies.values())
    print(f"{total:,} faults in {took:,.0f} s")
    return 1 if any(tally.failed for tally in tallies.values()) else 0


def _again(samples: list[str], seed: int, keep: str | None, also: Sequence[str]) -> int:
    bad = 0
    for sample in samples:
        made = case(sample, seed)
        if keep:
            Path(keep).write_bytes(made.data)
        with a_house() as house:
            done = ride(made, house, also=also)
            wrong = judge(made, done)
        print(f"{sample} {seed}: {made.name}, {made.done}\nexit code {done.code}")
        print(done.said + done.complained, *wrong, sep="\n")
        bad |= bool(wrong)
    return bad


if __name__ == "__main__":
    sys.exit(main())
