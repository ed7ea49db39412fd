"""Names of folders and files from the titles of what is in them: the export names no project."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice

LOOKED_AT = 1_000
"""Titles, the first in the order of the folder, that a name is made from."""
_WORD = re.compile(r"[^\W_]{3,}")
_EMPTY = frozenset(
    """
    about and are can chat did does for from get has have help how into its list make more new not
    off one our out question that the their them there this use using was what when where which who
    why will with without you your
    aus bei das dem den der des die ein eine für mit nach oder und von wie zum zur
    avec dans des les pour sur une con del las los para por una
    """.split()  # noqa: SIM905 - read by people
)
"""Words that tell nothing of what a conversation is about."""


def telling(titles: Iterable[str], most: int = 3) -> str:
    """The words that most of `titles` have, else those of the first; empty where there are none.

    Each title counts a word once. Words of the same count are in the order of the titles.
    """
    counted: Counter[str] = Counter()
    first: list[str] = []
    for title in islice(titles, LOOKED_AT):
        words = [word for word in _WORD.findall(title.casefold()) if word not in _EMPTY]
        first = first or words
        counted.update(dict.fromkeys(words, 1))
    often = [word for word, number in counted.most_common(most) if number > 1]
    return " ".join(often or first[:most])
