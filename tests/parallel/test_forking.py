"""On Linux the command line copies its own process for workers, which do the same work."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from support.deadly import DEADLY, eight_chats, written

pytestmark = pytest.mark.slow

if sys.platform != "linux":
    pytest.skip("copies are made on Linux alone", allow_module_level=True)

BEGIN = """
import os, sys, threading
from gptexit.parallel import forking, pool, preparing
first = os.getpid()
new = []
process = pool._process
pool._process = lambda: new.append(1) or process()
"""
END = """
from gptexit.cli import run
try:
    run()
finally:
    print(len(new), file=sys.stderr)
"""


def ran(folder: Path, program: str = "", *, jobs: int = 2) -> tuple[int, list[str]]:
    """Convert eight chats with a program around it; return the exit code and the last words.

    The last of these is the number of Pythons that were started anew.
    """
    source = written(folder, eight_chats())
    script = folder / "run.py"
    script.write_text(BEGIN + textwrap.dedent(program) + END)
    arguments = ["convert", str(source), "-o", str(folder / "out"), "--jobs", str(jobs), "--quiet"]
    done = subprocess.run(
        [sys.executable, str(script), *arguments], check=False, capture_output=True, text=True
    )
    return done.returncode, done.stderr.split("\n")[:-1]


def notes(folder: Path) -> str:
    return "\n".join(path.read_text() for path in (folder / "out").rglob("*.md"))


def test_workers_are_copies_and_have_nothing_open_but_their_pipes(tmp_path: Path) -> None:
    code, said = ran(
        tmp_path,
        f"""
        read = preparing.read
        def reading(*arguments):
            assert os.getpid() != first
            with open({str(tmp_path / "open")!r}, "a") as out:
                kinds = [os.readlink(f"/proc/self/fd/{{n}}") for n in range(20)
                         if os.path.exists(f"/proc/self/fd/{{n}}")]
                print(*kinds, file=out)
            return read(*arguments)
        preparing.read = reading
        """,
    )
    assert (code, said) == (0, ["0"])
    lines = (tmp_path / "open").read_text().splitlines()
    assert len(lines) == 8
    for line in lines:
        kinds = [word.partition(":")[0] for word in line.split()]
        assert kinds.count("/dev/null") >= 3
        assert kinds.count("pipe") == 2
        assert not [kind for kind in kinds if kind.endswith("/lock")]
    assert all(f"Hello {number}" in notes(tmp_path) for number in range(8))


def test_a_process_with_another_thread_is_not_copied(tmp_path: Path) -> None:
    waits = "threading.Thread(target=threading.Event().wait, daemon=True).start()"
    assert ran(tmp_path, waits) == (0, ["1"])  # the eight chats are one batch
    assert "Hello 7" in notes(tmp_path)


def test_where_no_copy_can_be_made_a_new_python_starts(tmp_path: Path) -> None:
    refuses = """
    def fork():
        raise BlockingIOError("no more processes")
    os.fork = fork
    """
    assert ran(tmp_path, refuses) == (0, ["1"])
    assert "Hello 7" in notes(tmp_path)


def test_a_copy_that_dies_is_replaced_by_a_new_python(tmp_path: Path) -> None:
    dies = """
    read = preparing.read
    def dying(where, raw, *rest):
        if raw.get("title") == "deadly":
            os._exit(9)
        return read(where, raw, *rest)
    preparing.read = dying
    """
    code, said = ran(tmp_path, dies)
    assert (code, said) == (0, ["1"])  # where the chat harms nobody
    assert f"Hello {DEADLY}" in notes(tmp_path)


def test_a_program_that_imports_gptexit_is_not_copied(tmp_path: Path) -> None:
    source = written(tmp_path, eight_chats())
    code = f"""
        import os
        os.fork = None
        import gptexit
        print(gptexit.convert({str(source)!r}, {str(tmp_path / "out")!r}, jobs=2)["exit_code"])
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], check=False, capture_output=True, text=True
    )
    assert done.stdout == "0\n", done.stderr


def test_a_copy_does_not_hear_ctrl_c(tmp_path: Path) -> None:
    """Only the first process does, which a terminal signals together with the others."""
    code, said = ran(
        tmp_path,
        f"""
        read = preparing.read
        def interrupted(*arguments):
            os.kill(os.getpid(), {int(signal.SIGINT)})
            return read(*arguments)
        preparing.read = interrupted
        """,
    )
    assert (code, said) == (0, ["0"])
    assert "Hello 7" in notes(tmp_path)
