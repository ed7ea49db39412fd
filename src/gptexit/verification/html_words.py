"""Prove that the word index of an HTML archive has every word of every conversation.

The index is large, so it is not held against each page: the words of a page are counted and their
check sums added up, and so are those that the index has for it, piece by piece. Only where the two
differ, the words themselves are compared.

A word is what the search of the archive takes for one: compatible characters are alike, as are
upper and lower case; accents are gone; all but letters and digits stands between words. In scripts
without spaces, each two neighbours are a word, and so is the last character of a run.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from zlib import crc32

from gptexit.verification.html_data import NoData

_LONGEST = 24
"""Characters of a word."""
_BLOCK = 1024
_LEVELS = 8
_ONE = 1 << 40
"""The amount that a word adds to a sum, beside its check sum: it counts the words."""
_WORD = re.compile("[a-z0-9]+")
_WHOLE = re.compile("[\u0900-\u1aaf\u1b00-\u1cff\ua800-\uabff\U00011000-\U00011fff]")
"""Where marks are letters: scripts of India and their neighbours."""
_RUN = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\U0001b000-\U0001b16f"
    "\U00020000-\U0003ffff]+"
)
"""A run of a script without spaces."""
_DIGITS = [code for code in range(0x23, 0x7F) if code != 0x5C]
_NUMBERS = {
    array("H", bytes((high, low)))[0]: len(_DIGITS) * tens + ones
    for tens, high in enumerate(_DIGITS)
    for ones, low in enumerate(_DIGITS)
}
"""What two digits of a piece mean, by their bytes."""
_PLACES = {digits: number // _LEVELS for digits, number in _NUMBERS.items()}
"""The place in its block of the conversation that an entry names."""
_OLDEST = unicodedata.ucd_3_2_0
"""Characters that every version of Python knows alike."""
_meanings: dict[int, str] = {}
"""What becomes of characters that were met: the character, nothing, or a space."""


def words_in(texts: Iterable[str]) -> set[str]:
    """Return the words of texts."""
    chunks = {chunk for text in texts for chunk in text.split()}
    plain = {chunk for chunk in chunks if chunk.isascii()}
    words = set(_WORD.findall(" ".join(plain).lower()))
    if other := chunks - plain:
        words |= _folded(" ".join(other))
    return {word[:_LONGEST] for word in words}


def _folded(text: str) -> set[str]:
    text = unicodedata.normalize("NFKD", text).lower()
    text = unicodedata.normalize("NFKD", text).replace("ς", "σ").replace("ß", "ss")
    for character in set(text):
        if ord(character) not in _meanings:
            _meanings[ord(character)] = _meaning(character)
    text = text.translate(_meanings)
    words = set(_RUN.sub(" ", text).split())
    for run in set(_RUN.findall(text)):
        words.update(run[at : at + 2] for at in range(len(run)))
    return words


def _meaning(character: str) -> str:
    kind = unicodedata.category(character)
    if kind[0] == "M":
        return character if _WHOLE.match(character) else ""
    if kind == "Cf":
        return ""
    return character if kind[0] in "LN" else " "


def sum_of(words: Iterable[str]) -> int:
    """Return the sum of words, whatever their order."""
    return sum(_ONE + crc32(word.encode(errors="replace")) for word in words)


def lines_in(piece: object) -> Iterator[tuple[str, Iterator[int]]]:
    """Yield each word of a piece, with the numbers of its conversations. Raises NoData."""
    if not isinstance(piece, str):
        raise NoData
    for line in piece.split(" "):
        word, *blocks = line.split("!")
        if not word or not blocks:
            raise NoData
        yield word, _numbers(blocks)


def _numbers(blocks: list[str]) -> Iterator[int]:
    try:
        for block in blocks:
            first, *entries = array("H", block.encode("ascii"))
            begin = _NUMBERS[first] * _BLOCK
            yield from (begin + _PLACES[entry] for entry in entries)
    except (ValueError, KeyError) as error:
        raise NoData from error


class IndexSums:
    """The sums of what the index has of each conversation."""

    def __init__(self) -> None:
        self.sums: defaultdict[int, int] = defaultdict(int)
        """By the number of the conversation."""
        self.ends: dict[str, tuple[str, str]] = {}
        """The first and the last word of each piece, by its name."""

    def add(self, name: str, piece: object) -> None:
        """Add a piece. Raises NoData."""
        sums = self.sums
        words = []
        for word, numbers in lines_in(piece):
            words.append(word.encode().hex())
            one = _ONE + crc32(word.encode())
            for number in numbers:
                sums[number] += one
        self.ends[name] = (min(words), max(words))

    def misplaced(self, listed: list[str]) -> Iterator[str]:
        """Yield each piece in which the search does not look for its words.

        `listed`: the names of the pieces, as the search reads them.
        """
        for name, ends in sorted(self.ends.items()):
            if any(listed[max(bisect_right(listed, end) - 1, 0) :][:1] != [name] for end in ends):
                yield name


def missing(wanted: Mapping[int, Collection[str]], pieces: Iterable[object]) -> dict[int, str]:
    """Return for conversations, by number, one of their words that the index does not have for it.

    Words with a character that versions of Python do not know alike do not count.
    """
    lacking = {number: set(words) for number, words in wanted.items()}
    for piece in pieces:
        with suppress(NoData):
            for word, numbers in lines_in(piece):
                for number in lacking.keys() & numbers:
                    lacking[number].discard(word)
    found = {number: min(filter(_is_known, words), default="") for number, words in lacking.items()}
    return {number: word for number, word in found.items() if word}


def _is_known(word: str) -> bool:
    return all(_OLDEST.category(character) != "Cn" for character in word)
