"""Names of files are those of `slugify`, also where it is not asked."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from slugify import slugify

from gptexit.archive.manifest import LONGEST, readable

pytestmark = pytest.mark.slow

_SIGNS = string.ascii_letters + string.digits + " .:;!?()/-" + "',&_#"


@settings(max_examples=60, deadline=None)
@given(st.text(_SIGNS, max_size=LONGEST))
@example("2025-03-01-Postgres or SQLite? (1.5:2)")
@example("a - b")
@example("1,000 it's &amp; a_b")
def test_words_of_ascii_become_what_slugify_makes_of_them(words: str) -> None:
    assert readable(words) == slugify(words, allow_unicode=True).strip("-_")
