"""Ordinary chats stay as they are: at most 1 message in 1,000 changes that holds no secret.

The whole sample, with a generated export, is counted by `python benchmarks/redaction.py`.
"""

from __future__ import annotations

import importlib.util

import pytest

from support.exports import ROOT

pytestmark = pytest.mark.slow

SPEC = importlib.util.spec_from_file_location("redaction", ROOT / "benchmarks/redaction.py")
assert SPEC is not None and SPEC.loader is not None
redaction = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(redaction)

SAMPLES = {
    "the sample exports": lambda: redaction.chats(*redaction.samples()),
    "source of the standard library": lambda: redaction.library(3000),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_at_most_one_message_in_a_thousand_changes(name: str) -> None:
    number, kinds, _ = redaction.changed(SAMPLES[name]())
    assert number > 200
    assert kinds["messages"] <= number / 1000, kinds
