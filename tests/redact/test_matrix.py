# ruff: noqa: E501 - expressions and samples are easier to read in one line
"""Every kind of secret in every surrounding: a sample of the matrix; `make secrets` tries it all."""

from __future__ import annotations

from pathlib import Path

import pytest

from gptexit.redact.detect import secrets
from support import surroundings
from support.leaks import PACKS, leaks
from support.planted import Seeds

EACH = 37
"""One cell of so many is tried here; it shares no factor with the number of kinds."""


@pytest.mark.slow
def test_no_secret_of_a_sample_is_in_any_byte_of_a_pack(tmp_path: Path) -> None:
    cells = list(surroundings.matrix())[::EACH]
    left, judged = leaks(cells, tmp_path, PACKS)
    assert [(cell.core.kind, cell.surrounding, cell.place) for cell in left] == []
    assert judged == set()


def test_there_are_at_least_64_kinds_and_20_surroundings() -> None:
    assert surroundings.NUMBER >= 64
    assert len(surroundings.SURROUNDINGS) >= 20


ESCAPED = "-----BEGIN " + "PRIVATE KEY-----{n}{lines}{n}-----END " + "PRIVATE KEY-----{n}"


@pytest.mark.parametrize("escape", ["\n", "\\n", "\\\\n", "\\r\\n", "\n> "])
def test_a_private_key_however_its_line_breaks_are_written(escape: str) -> None:
    lines = Seeds(5).key_lines()
    text = '{"private_key": "' + ESCAPED.format(n=escape, lines=lines.replace("\n", escape)) + '"}'
    found = secrets(text)
    assert all(
        any(span.start <= text.index(line) and text.index(line) + 64 <= span.end for span in found)
        for line in lines.split("\n")
    )
