"""docs/features.md says what the formats do."""

from __future__ import annotations

import pytest

from support import features

pytestmark = pytest.mark.slow


def test_the_table_of_features_is_true() -> None:
    text = features.DOCUMENT.read_text(encoding="utf-8")
    assert features.renewed(text) == text


def test_what_holds_everything_holds_everything() -> None:
    """The format that an archive can be made from again has all but the bytes of files."""
    found = features.table()
    lacking = [feature for feature, formats in found.items() if not formats["jsonl"]]
    files = [feature for feature, sign in features.FEATURES.items() if isinstance(sign, bytes)]
    assert lacking == files
    assert all(formats["chatgpt"] for formats in found.values())
