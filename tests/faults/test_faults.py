"""A few of the faults that `tests/run_faults.py` makes by the thousand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.faults.bases import NAMES
from support.faults.case import case, pristine
from support.faults.judge import judge
from support.faults.ride import a_house, ride, warm_up

pytestmark = pytest.mark.slow

SEEDS = range(16)


@pytest.fixture
def house() -> Iterator[Any]:
    with a_house() as folder:
        yield folder


@pytest.mark.parametrize("sample", NAMES)
def test_a_sample_without_faults_is_complete(sample: Any, house: Any) -> None:
    made = pristine(sample)
    done = ride(made, house)
    assert judge(made, done) == []
    assert done.code == 0, done.said


@pytest.mark.parametrize("sample", NAMES)
def test_no_fault_breaks_a_run_or_loses_a_conversation_in_silence(sample: Any, house: Any) -> None:
    codes = set()
    for seed in SEEDS:
        made = case(sample, seed)
        done = ride(made, house)
        assert judge(made, done) == [], (
            f"python tests/run_faults.py --sample {sample} --seed {seed}"
        )
        codes.add(done.code)
    assert codes >= {0, 1}


@pytest.mark.parametrize("sample", NAMES)
def test_nor_a_run_to_the_formats_for_assistants(sample: Any, house: Any) -> None:
    also = ("claude", "gemini", "sqlite", "pam")
    # A library that the detectors load asks once, on loading, whether the machine has IPv6.
    warm_up(also)
    for seed in SEEDS[:4]:
        made = case(sample, seed)
        done = ride(made, house, also=also)
        # The libraries that find secrets take memory once, when they are loaded.
        wrong = [wrong for wrong in judge(made, done) if "MB of memory" not in wrong]
        assert wrong == []


@pytest.mark.parametrize("sample", NAMES)
def test_the_same_in_a_process_of_its_own(sample: Any, house: Any) -> None:
    for seed in SEEDS[:2]:
        made = case(sample, seed)
        done = ride(made, house, apart=True)
        assert judge(made, done) == []
