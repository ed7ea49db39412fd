"""A text that a detector is not run on has nothing that it would find: shown for each of them."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.redact.passwords import DETECTORS, NAMED, PRIVATE_KEYS, Detector, folded, plugins

EXPRESSIONS = [
    (detector, expression)
    for detector in DETECTORS
    for expression in plugins()[detector.name].denylist
]


@pytest.mark.slow
@pytest.mark.parametrize(("detector", "expression"), EXPRESSIONS)
@given(data=st.data())
def test_what_a_detector_matches_is_looked_for(
    detector: Detector, expression: re.Pattern[str], data: Any
) -> None:
    text = data.draw(st.from_regex(expression))
    assert detector.may_match(text, folded(text))


def test_every_header_of_a_private_key_is_looked_for() -> None:
    for expression in plugins()["PrivateKeyDetector"].denylist:
        assert any(key in expression.pattern.lower() for key in PRIVATE_KEYS)


def test_every_name_of_a_password_is_looked_for() -> None:
    from detect_secrets.plugins.keyword import DENYLIST

    for name in DENYLIST:
        assert name == name.lower()
        for spelled in (name.replace("_?", "_"), name.replace("_?", "")):
            assert any(name in spelled for name in NAMED)


def test_lower_case_is_what_the_expressions_take_for_the_same() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    others = re.findall("[a-zñ]", everything, re.IGNORECASE)
    assert len(others) > 2 * 27
    for other in others:
        assert re.fullmatch(folded(other), other, re.IGNORECASE)
        assert folded(other) in "abcdefghijklmnopqrstuvwxyzñ"


@given(st.text())
def test_lower_case_is_as_long(text: str) -> None:
    assert len(folded(text)) == len(text)
