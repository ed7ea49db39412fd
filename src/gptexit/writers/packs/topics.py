"""Topics that a user names, and the words that tell what conversations are about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

MOST, MOST_WORDS, LONGEST_WORD = 100, 100, 200
"""Topics, words of one, characters of a word."""
_ENDS = "[^\\W_]"
# Scripts that are written without spaces between words, where no word has ends to look for.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ud7ff\uf900-\ufaff]"
)


@dataclass(frozen=True, slots=True)
class Topic:
    """A name, and words or phrases; a conversation of the topic has one of them."""

    name: str
    words: tuple[str, ...]
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raise ValueError if there is no word to look for, or too many."""
        if not self.name.strip() or not self.words or not all(map(str.split, self.words)):
            raise ValueError("a topic is NAME=WORD,WORD")
        if len(self.words) > MOST_WORDS or max(map(len, self.words)) > LONGEST_WORD:
            raise ValueError(
                f"a topic has at most {MOST_WORDS} words of at most {LONGEST_WORD} characters"
            )
        object.__setattr__(self, "_pattern", re.compile("|".join(map(_expression, self.words))))

    def mention(self, title: str, texts: Sequence[str]) -> str | None:
        """Return the word and its place as part of a sentence; None if no word is there."""
        for place, lines in (("title", [title]), ("text", texts)):
            for text in lines:
                match = self._pattern.search(text.casefold())
                if match:
                    return f"“{match[0]}” in its {place}"
        return None


def topic_of(given: str) -> Topic:
    """Return the topic of `tax=tax,IRS`; a name alone is its own word. Raise ValueError."""
    name, equals, words = given.partition("=")
    listed = (words if equals else name).split(",")
    return Topic(name.strip(), tuple(word.strip() for word in listed if word.strip()))


def _expression(word: str) -> str:
    """Return a pattern for a word or phrase in folded text, as whole words."""
    folded = word.casefold()
    inner = r"\s+".join(map(re.escape, folded.split()))
    before, after = (
        "" if _UNSPACED.match(end) or not end.isalnum() else look
        for end, look in (
            (folded.strip()[0], f"(?<!{_ENDS})"),
            (folded.strip()[-1], f"(?!{_ENDS})"),
        )
    )
    return before + inner + after


LOOKED_AT = 1_000
"""The first titles of a folder, which its name is made from."""
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
"""Words that do not tell what a conversation is about."""


def telling(titles: Iterable[str], most: int = 3) -> str:
    """Return the words that most of `titles` have, else those of the first title with any.

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
