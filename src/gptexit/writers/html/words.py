"""Make the word index of the search: which conversation has which words, in pieces for the browser.

A word is a run of letters and digits, in the form of `folded`. Scripts that are written without
spaces have no such words: there, each two neighbouring characters are one, and the last character
of a run is one too, so that a single character is always the beginning of one. static/words.js
cuts words by the same rule.

A piece is a string of lines with a space between them. A line is a word and the conversations that
have it:

    !<block><entry><entry>…!<block><entry>…

Block and entries are numbers of two digits to the base of 91. A block has `BLOCK` conversations; an
entry is a conversation's place in its block, times `LEVELS`, plus how much it is about the word.

The pieces are the leaves of a binary trie over the bytes of the words: a piece of more than `PIECE`
bytes is cut in two by the next bit. So a conversation changes only the pieces that have its words.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, groupby, pairwise
from tempfile import TemporaryFile
from typing import IO, Any, Self

LONGEST = 24
"""Characters of a word; the rest of a longer one is not in the index."""
BLOCK = 1024
LEVELS = 8
TITLE = LEVELS - 1
"""The level of a word of the title."""
PIECE = 1 << 16
PENDING = 120_000
"""Words in memory, before they go to the temporary file."""
_OFTEN = 40
"""Bytes of a run of characters that may come again; a longer one is a sentence of its own."""
_TYPICAL = 1000
"""Words of a conversation; in a longer one, a word has to come more often to weigh as much."""

_DIGITS = bytes(digit for digit in range(35, 127) if digit != ord("\\"))
"""All but `!`, which begins a block, and what a JSON string escapes."""
_HEAD = 3
"""Bytes of the head of a block: `!` and its number."""
_PAIRS = [bytes((high, low)) for high in _DIGITS for low in _DIGITS]

_KEPT_MARKS = re.compile("[\u0900-\u1aaf\u1b00-\u1cff\ua800-\uabff\U00011000-\U00011fff]")
"""Marks that are letters: vowels of Indic scripts and their neighbours."""
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f\u1780-\u17ff"  # Thai to Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\U0001b000-\U0001b16f"  # Kana
    "\u2e80-\u2fdf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"  # Han
)
_ASCII = bytes(
    ord(chr(byte).lower()) if byte > 0x7F or chr(byte).isalnum() else 0x20 for byte in range(0x80)
) + bytes(range(0x80, 0x100))
"""Lower case for letters, a space for what is neither letter nor digit."""


class _Characters(dict[str, str]):
    """What a folded character is in a word: itself, nothing, or a space that ends the word."""

    def __missing__(self, character: str) -> str:
        kind = unicodedata.category(character)
        if kind[0] in "LN" or character.isascii():
            kept = character
        elif kind[0] == "M" or kind == "Cf":  # an accent, or a sign that cannot be seen
            kept = character if kind[0] == "M" and _KEPT_MARKS.match(character) else ""
        else:
            kept = " "
        self[character] = kept
        return kept


_CHARACTERS = _Characters()


def _folded(run: bytes) -> list[bytes]:
    """Cut a run of ASCII letters and digits and all that is not ASCII into words.

    Compatible forms are one, as are upper and lower case; accents are gone.
    """
    text = unicodedata.normalize("NFKD", run.decode())
    text = unicodedata.normalize("NFKD", text.lower()).replace("ς", "σ").replace("ß", "ss")
    text = _UNSPACED.sub(_paired, "".join(map(_CHARACTERS.__getitem__, text)))
    return [word[:LONGEST].encode() for word in text.encode().translate(_ASCII).decode().split()]


def _paired(match: re.Match[str]) -> str:
    run = match[0]
    pairs = map("".join, pairwise(run))
    return f" {' '.join(pairs)} {run[-1]} "


_remembered = lru_cache(1 << 13)(_folded)


def _counted(text: str) -> dict[bytes, int]:
    """Count the words of a text, in UTF-8."""
    counts = dict(Counter(text.encode(errors="replace").translate(_ASCII).split()))
    for run in [run for run in counts if len(run) > LONGEST or not run.isascii()]:
        count = counts.pop(run)
        for word in (_remembered if len(run) <= _OFTEN else _folded)(run):
            counts[word] = counts.get(word, 0) + count
    return counts


def words_of(title: str | None, texts: Iterable[Sequence[str]]) -> bytes:
    """Find the words of a conversation, for `WordIndex.add`.

    `texts`: anchor, role and text of each message. Returns a line for each level, of words with
    spaces between them.
    """
    counts = _counted("\n".join(text for _, _, text in texts))
    # How much a text is about a word grows with its count, ever slower (as in BM25).
    slowness = 0.3 + 0.9 * sum(counts.values()) / _TYPICAL
    most = int(TITLE * slowness) + 1
    levels = [int(TITLE * count / (count + slowness)) for count in range(most + 1)]
    words: list[list[bytes]] = [[] for _ in range(LEVELS)]
    for word in _counted(title or ""):
        words[TITLE].append(word)
        counts.pop(word, None)
    for word, count in counts.items():
        words[levels[count if count < most else most]].append(word)
    return b"\n".join(map(b" ".join, words))


class WordIndex:
    """Collects the words of all conversations. Memory does not grow with their number.

    The temporary file has lines as in the pieces, but several for a word: by block of conversations
    and for each time that memory was full. Lines that begin with the same two bytes are neighbours.
    """

    def __init__(self) -> None:
        self._spool: IO[bytes] = TemporaryFile()  # noqa: SIM115 (closed by `close`)
        self._merged: IO[bytes] = TemporaryFile()  # noqa: SIM115
        self._stretches: defaultdict[bytes, array[int]] = defaultdict(lambda: array("Q"))
        """By the first two bytes of words: begin and end of each stretch of the temporary file."""
        self._pending: dict[int, defaultdict[bytes, bytes]] = {}
        """By block: words and their entries."""
        self._last = 0
        self._sorted = True
        """Whether the numbers came in their order, so that the entries are sorted as they are."""
        self._groups: list[tuple[bytes, int]] | None = None
        self._names: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the temporary files."""
        self._spool.close()
        self._merged.close()

    def add(self, number: int, words: bytes) -> None:
        """Add the words that `words_of` found in a conversation; each number comes once."""
        self._sorted = self._sorted and number > self._last
        self._last = number
        block, place = divmod(number, BLOCK)
        pending = self._pending.setdefault(block, defaultdict(bytes))
        for entry, of_level in enumerate(words.split(b"\n"), place * LEVELS):
            digits = _PAIRS[entry]
            for word in of_level.split():
                pending[word] += digits
        if sum(map(len, self._pending.values())) > PENDING:
            self._spill()

    def _spill(self) -> None:
        """Write to the temporary file what is in memory."""
        for block, pending in sorted(self._pending.items()):
            head = b"!" + _PAIRS[block]
            groups: defaultdict[bytes, list[bytes]] = defaultdict(list)
            for word, entries in pending.items():
                groups[word[:2]].append(word + head + entries)
            at = self._spool.tell()
            for beginning, lines in groups.items():
                written = self._spool.write(b" ".join(lines))
                self._stretches[beginning].extend((at, at + written))
                at += written
        self._pending.clear()

    def _merge(self) -> list[tuple[bytes, int]]:
        """Write the index in the order of its words to the second file.

        Returns the first two bytes of words, with the number of bytes of all their lines.
        """
        if self._groups is None:
            self._spill()
            self._groups = []
            for beginning, stretches in sorted(self._stretches.items()):
                lines: list[bytes] = []
                for begin, end in zip(stretches[::2], stretches[1::2], strict=True):
                    self._spool.seek(begin)
                    lines += self._spool.read(end - begin).split()
                written = self._merged.write(b"".join(self._joined(sorted(lines))))
                self._groups.append((beginning, written))
        return self._groups

    def _joined(self, lines: list[bytes]) -> Iterator[bytes]:
        """Join the lines of each word; each gets a space at its end."""
        for word, of_word in groupby(lines, key=lambda line: line[: line.index(b"!")]):
            first, *others = of_word
            if self._sorted and not others:
                yield first + b" "
                continue
            blocks: defaultdict[bytes, bytes] = defaultdict(bytes)
            begin = len(word) + _HEAD
            for line in (first, *others):
                blocks[line[len(word) : begin]] += line[begin:]
            joined = b"".join(head + self._in_order(blocks[head]) for head in sorted(blocks))
            yield word + joined + b" "

    def _in_order(self, entries: bytes) -> bytes:
        if self._sorted:
            return entries
        return b"".join(sorted(entries[at : at + 2] for at in range(0, len(entries), 2)))

    def pieces(self) -> Iterator[tuple[str, bytes]]:
        """Yield the files of the index, with their paths in the archive."""
        self._names = []
        for lines in self._leaves():
            first = lines[: lines.index(b"!")]
            last = lines[lines.rfind(b" ") + 1 :].partition(b"!")[0]
            name = _beginning(first, last).hex() or "0"
            self._names.append(name)
            yield (
                f"data/words/{name}.js",
                b'archive.piece("words-%b","%b")\n'
                % (
                    name.encode(),
                    lines,
                ),
            )

    def directory(self) -> dict[str, Any]:
        """Return what the search needs to find the piece of a word. Call it when `pieces` ended."""
        return {"pieces": self._names}

    def _leaves(self) -> Iterator[bytes]:
        """Yield the lines of each piece, in the order of their words."""
        groups = self._merge()
        self._merged.seek(0)
        for begin, end in _halved([words for words, _ in groups], [size for _, size in groups]):
            read = self._merged.read(sum(size for _, size in groups[begin:end]))
            lines = [read]
            if len(read) > PIECE:
                lines = read.split()
            words = [line[: line.index(b"!")] for line in lines]
            for first, last in _halved(words, [len(line) + 1 for line in lines]):
                yield b" ".join(lines[first:last]).rstrip()


def _halved(words: Sequence[bytes], sizes: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Divide sorted words until no part is larger than a piece, or has more than one word."""
    before = list(accumulate(sizes, initial=0))
    parts = [(0, len(words))] if words else []
    while parts:
        begin, end = parts.pop()
        if end - begin == 1 or before[end] - before[begin] <= PIECE:
            yield begin, end
        else:
            middle = bisect_left(words, _bound(words[begin], words[end - 1]), begin, end)
            parts += [(middle, end), (begin, middle)]


def _differing(first: bytes, last: bytes) -> tuple[int, int]:
    """Find the first byte in which two words differ, and the highest bit in which that does."""
    at = next(at for at, byte in enumerate(last) if first[at : at + 1] != bytes((byte,)))
    return at, ((first[at] if at < len(first) else 0) ^ last[at]).bit_length()


def _bound(first: bytes, last: bytes) -> bytes:
    """Return the smallest bytes that have what `last` has up to the bit in which they differ."""
    at, bit = _differing(first, last)
    return last[:at] + bytes((last[at] >> bit - 1 << bit - 1,))


def _beginning(first: bytes, last: bytes) -> bytes:
    """Return the smallest bytes with the bits that two words, and all between them, begin with."""
    if first == last:
        return first
    at, bit = _differing(first, last)
    return (last[:at] + bytes((last[at] >> bit << bit,))).rstrip(b"\0")
