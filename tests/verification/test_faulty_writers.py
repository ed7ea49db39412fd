"""Every kind of faulty writer, in one place; `run_mutations.py` tries them in 20."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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
