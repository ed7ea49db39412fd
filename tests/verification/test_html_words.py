"""The words of a page as `verify` finds them are those of the word index, whatever the script."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptexit.verification.html_words import IndexSums, lines_in, missing, sum_of, words_in
from gptexit.writers.html.words import WordIndex, words_of

_LETTERS = "aábcde\u0301éßΣσςχжйд0１2½字日ほガｶー한국กินि한दीسלבֹ々〆_-' \n🙂\u00ad\u200b\U00020000İ"
_TEXT = st.text(st.one_of(st.sampled_from(_LETTERS), st.characters(codec="utf-8")), max_size=60)


def pieces_of(texts: list[str]) -> dict[str, str]:
    """The pieces of the index of conversations of one message each, numbered from 1."""
    with WordIndex() as index:
        for number, text in enumerate(texts, 1):
            index.add(number, words_of(None, [("m", "u", text)]))
        files = {path: data.decode() for path, data in index.pieces()}
    return {
        path[len("data/words/") : -len(".js")]: json.loads(data.partition(",")[2].rstrip()[:-1])
        for path, data in files.items()
    }


@given(st.lists(_TEXT, min_size=1, max_size=4))
def test_no_index_is_blamed_that_has_all(texts: list[str]) -> None:
    index = IndexSums()
    pieces = pieces_of(texts)
    for name, piece in pieces.items():
        index.add(name, piece)
    wanted = {number: words_in([text]) for number, text in enumerate(texts, 1)}
    assert {number: index.sums[number] for number in wanted} == {
        number: sum_of(words) for number, words in wanted.items()
    }
    assert [*index.misplaced(sorted(pieces))] == []
    assert missing(wanted, pieces.values()) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Café's 2nd kiln", {"the", "cafe", "s", "2nd", "kiln"}),
        ("日本語 ok", {"日本", "本語", "語", "ok"}),
        ("x" * 30, {"x" * 24}),
        ("½ ﬁre", {"1", "2", "fire"}),
    ],
)
def test_words(text: str, words: set[str]) -> None:
    assert words_in([text]) == words


def test_what_another_python_may_not_know_is_not_missed() -> None:
    new = "\U00010d4a"  # a letter since Unicode 16
    assert missing({1: {"kiln", f"a{new}"}}, ["kiln!###+"]) == {}
    assert missing({1: {"kiln", "clay"}}, ["kiln!###+"]) == {1: "clay"}


def test_conversations_of_two_blocks() -> None:
    [(word, numbers)] = lines_in("kiln!###+!#$##")
    assert (word, [*numbers]) == ("kiln", [1, 1024])
