"""What a mark may stand for, and what not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.verification.compare_text import essence
from gptexit.verification.redacted_text import find, same, stands_among, wild_essence

MARK = "[redacted: GitHub access token]"


@pytest.mark.parametrize(
    ("text", "written", "holds"),
    [
        ("a s3cret b", f"a {MARK} b", True),
        ("s3cret", MARK, True),
        ("a s3cret b s3cret c", f"a {MARK} b {MARK} c", True),
        ("a s3cret b", f"a {MARK} c", False),
        ("a s3cret b", f"x {MARK} b", False),
        ("a  b", f"a {MARK} b", False),
        ("a b", "a b", True),
        ("a s3cret b", "a s3cret c", False),
        ("one s3cret two", f"one {MARK} two three", False),
        ("s3cret", "", False),
    ],
)
def test_all_around_a_mark_has_to_be_as_it_was(text: str, written: str, holds: bool) -> None:
    assert same(text, written) is holds


def words(letters: str) -> Any:
    return st.text(alphabet=letters, min_size=1, max_size=40)


@given(words("abc ."), words("xyz0"), words("def ."), words("ghi "))
def test_a_text_with_marks_is_found_among_others(
    before: str, secret: str, after: str, other: str
) -> None:
    note = f"{other}\n{before}{MARK}{after}\n{other}"
    segment = essence(before + secret + after)
    whole = wild_essence(note)
    assert find(segment, whole, 0) >= 0


def test_each_mark_serves_once() -> None:
    whole = wild_essence(f"Use {MARK} now. Then this.")
    end = find(essence("Use s3cret now."), whole, 0)
    assert end >= 0
    assert find(essence("Use s3cret now."), whole, end) < 0


def test_another_text_is_not_found() -> None:
    whole = wild_essence(f"Use this token {MARK} for the server in the cellar. Good luck.")
    wanted = "Use this token s3cret for the server in the attic upstairs. Good luck."
    assert find(essence(wanted), whole, 0) < 0
    assert not stands_among(wanted, ["no marks at all"])


def test_a_mark_stands_for_a_key_and_no_more() -> None:
    key = "A" * 30_000
    assert (
        find(essence(f"{key} and the rest of it"), wild_essence(f"{MARK} and the rest of it"), 0)
        < 0
    )
