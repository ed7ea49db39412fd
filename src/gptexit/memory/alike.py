"""Texts that are nearly the same, found by rapidfuzz; nothing is taken away.

Two texts are alike where at least `ALIKE` of 100 of their words' letters agree, in whatever order
the words stand (the ratio of the longest common subsequence of the sorted words). Each text is
held against the next `NEIGHBOURS` in order of length, so time grows with their number and not with
its square: up to that many texts, every pair is seen. Of a text its first `COMPARED` characters
count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz, process

ALIKE = 88
"""Of 100."""
RELATED = 70
"""Of 100: enough to say that a correction may be of that text."""
NEIGHBOURS = 1_000
COMPARED = 1_000


def sorted_words(text: str) -> str:
    """The words of a text that `wording.same` gave, in order, as they are compared."""
    return " ".join(sorted(text[:COMPARED].split()))


def pairs(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The places of every two that are alike; `texts` as `sorted_words` gives them."""
    order = sorted(range(len(texts)), key=lambda place: (len(texts[place]), place))
    ranked = [texts[place] for place in order]
    for rank, text in enumerate(ranked):
        near = ranked[rank + 1 : rank + 1 + NEIGHBOURS]
        found = process.extract(text, near, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=None)
        for _, _, at in found:
            yield order[rank], order[rank + 1 + at]


def related(text: str, others: Sequence[str]) -> int | None:
    """The place of the text that is most like `text`, the first of several; None for none."""
    found = process.extractOne(text, others, scorer=fuzz.ratio, score_cutoff=RELATED)
    return None if found is None else int(found[2])
