"""What is written now against what was found right; see support/golden.py."""

from __future__ import annotations

import pytest

from support.golden import ALL, kept, made


@pytest.mark.parametrize("case", ALL)
def test_the_output_is_what_was_found_right(case: str) -> None:
    wanted, found = kept(case), made(case)
    assert sorted(found) == sorted(wanted)
    for name, data in wanted.items():
        assert found[name].decode() == data.decode(), f"{case}/{name}; see support/golden.py"
