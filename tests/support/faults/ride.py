"""One run of `gptexit convert` on a faulty export, in this process or in one of its own."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from support.faults.bases import NAMES
from support.faults.case import Case, pristine
from support.faults.guard import SECONDS, Hangs, timed, watched

FORMATS = ("markdown", "jsonl")
"""What a run converts to; the judge reads these two, whatever else there is."""
MEMORY = 150_000
"""KB that a run may add to the memory of the process; the exports have a few hundred."""


@dataclass(slots=True)
class Ride:
    """What came of a run."""

    house: Path
    code: int | None = None
    said: str = ""
    complained: str = ""
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def out(self) -> Path:
        return self.house / "out"

    @property
    def report(self) -> Path:
        return self.house / "report.json"


@contextmanager
def a_house() -> Iterator[Path]:
    """An empty folder for the runs, in memory where the system has such a place."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="gptexit-faults-", dir=memory) as folder:
        yield Path(folder)


def ride(case: Case, house: Path, *, apart: bool = False, also: Sequence[str] = ()) -> Ride:
    """Convert `case` within `house`; `apart`: in a process of its own; `also`: formats."""
    _clear(house)
    (house / "tmp").mkdir()
    done = Ride(house)
    source = "-"
    if case.name != "-":
        path = house / case.name
        path.write_bytes(case.data)
        source = str(path)
    formats = [word for form in (*FORMATS, *also) for word in ("--to", form)]
    arguments = ["convert", source, *formats, "-o", str(done.out)]
    arguments += ["--report", str(done.report), "--timezone", "UTC"]
    started = time.perf_counter()
    (_apart if apart else _here)(done, arguments, case)
    done.seconds = time.perf_counter() - started
    litter = [str(path) for path in (house / "tmp").rglob("*")]
    if litter:
        done.problems.append(f"left behind: {litter[:3]}")
    allowed = {"tmp", "out", "report.json", case.name}
    strange = [name for name in os.listdir(house) if name not in allowed]
    if strange:
        done.problems.append(f"written outside the output folder: {strange[:3]}")
    return done


def warm_up(also: Sequence[str]) -> None:
    """Load what a process loads once, so that it does not count as the memory of a run."""
    with a_house() as house:
        ride(pristine(NAMES[0]), house, also=also)


def _clear(house: Path) -> None:
    for path in house.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _here(done: Ride, arguments: list[str], case: Case) -> None:
    from gptexit.cli import run

    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    before = (sys.argv, sys.stdin, tempfile.tempdir, _memory())
    sys.argv = ["gptexit", *arguments]
    sys.stdin = io.TextIOWrapper(io.BytesIO(case.data if case.name == "-" else b""), "utf-8")
    tempfile.tempdir = str(done.house / "tmp")
    try:
        with (
            watched(str(done.house), "/dev/null") as strays,
            timed(),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            run()
    except SystemExit as end:
        done.code = int(end.code or 0)
    except Hangs:
        done.problems.append(f"has not ended after {SECONDS} s")
    except BaseException:
        done.problems.append("a traceback: " + traceback.format_exc())
    finally:
        sys.argv, sys.stdin, tempfile.tempdir = before[:3]
    done.problems += [f"a stray step: {stray}" for stray in strays]
    grown = _memory() - before[3]
    if grown > MEMORY:
        done.problems.append(f"took {grown >> 10} MB of memory")
    done.said, done.complained = _text(out), _text(err)


def _text(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8")


def _memory() -> int:
    """The most memory that this process has had, in KB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _apart(done: Ride, arguments: list[str], case: Case) -> None:
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "gptexit", *arguments],
            input=case.data if case.name == "-" else b"",
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={**os.environ, "TMPDIR": str(done.house / "tmp"), "PYTHONUTF8": "1"},
        )
    except subprocess.TimeoutExpired:
        done.problems.append(f"has not ended after {SECONDS} s")
        return
    done.code = ended.returncode
    done.said, done.complained = ended.stdout.decode(), ended.stderr.decode()
