"""Every kind of faulty writer, in one place; `run_mutations.py` tries them in 20."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gptexit import convert, verify
from gptexit.writers.base import Options
from support.archives.damage import promise_anew
from support.archives.faulty import IN_BOXES
from support.archives.mutations import KINDS, Kind, archives, tried

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made() -> Iterator[list[tuple[Path, Path]]]:
    with archives(whole=False) as found:
        yield found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.format}: {kind.name}")
def test_a_faulty_writer_is_found_out_in_every_format(
    made: list[tuple[Path, Path]], kind: Kind
) -> None:
    done, missed = tried(kind, made, 1)
    assert done == 1
    assert missed == []


@pytest.mark.parametrize("callouts", ["details", "plain"])
def test_notes_with_other_boxes_are_accepted_and_each_fault_in_them_is_found(
    made: list[tuple[Path, Path]], callouts: str, tmp_path: Path
) -> None:
    for source, _ in made:
        root = tmp_path / source.stem
        convert(source, root, ["markdown"], options=Options(callouts=callouts))
        assert not verify(root, source).problems
    missed = []
    for name, change in IN_BOXES[callouts].items():
        done = 0
        for source, _ in made:
            copy = tmp_path / "copy"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(tmp_path / source.stem, copy)
            if not done and change(copy, random.Random(name)):
                done += 1
                promise_anew(copy)
                if not verify(copy, source).problems:
                    missed.append(name)
        assert done, name
    assert missed == []
