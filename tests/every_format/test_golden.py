"""What is written now against what was found right; see support/golden.py."""

from __future__ import annotations

import pytest

from support.golden import ALL, kept, made

BY_WORKERS = ("markdown/fat-2024-everything", "jsonl/slim-2026", "claude/fat-2024")
"""Cases that several processes write too; tests/parallel has more."""


@pytest.mark.parametrize(
    ("case", "jobs"), [*((case, 1) for case in ALL), *((case, 2) for case in BY_WORKERS)]
)
def test_the_output_is_what_was_found_right(case: str, jobs: int) -> None:
    wanted, found = kept(case), made(case, jobs)
    assert sorted(found) == sorted(wanted)
    for name, data in wanted.items():
        assert found[name].decode() == data.decode(), f"{case}/{name}; see support/golden.py"
