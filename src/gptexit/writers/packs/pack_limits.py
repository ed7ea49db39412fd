"""What an assistant takes: how large a file, how many, how much text in all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_ASCII = bytes(range(0x80))
_EASY = bytes(range(ord("a"), ord("z") + 1)) + b" \n\r\t"
_EASY_COST, _HARD_COST = 420, 1_000
"""Thousandths of a token for a small letter or white space, and for all other ASCII: capitals,
digits and marks stand for tokens of their own far more often."""
_COSTS = (
    (0xC2, 0xC3, 2_000),  # accents of western Europe
    (0xC4, 0xCC, 6_000),  # of central Europe, Vietnamese: they break words into small tokens
    (0xCD, 0xCF, 1_600),  # Greek
    (0xD0, 0xD3, 800),  # Cyrillic
    (0xD4, 0xDF, 1_500),  # Armenian, Hebrew, Arabic
    (0xE0, 0xE0, 2_100),  # scripts of India, Thai
    (0xE1, 0xE1, 3_500),  # Vietnamese, Georgian, Ethiopic, Khmer
    (0xE2, 0xE2, 2_200),  # typographic marks, arrows, mathematics
    (0xE3, 0xED, 1_600),  # Chinese, Japanese, Korean
    (0xEE, 0xEF, 2_000),  # private use, full-width marks
    (0xF0, 0xF4, 3_000),  # emoji, rare scripts
)
"""First and last lead byte of a UTF-8 character, and thousandths of a token for a character."""


def estimate(data: bytes) -> int:
    """Tokens of a UTF-8 text. That of two texts together is at most the sum of their two."""
    high = data.translate(None, _ASCII)
    easy = len(data) - len(data.translate(None, _EASY))
    cost = easy * _EASY_COST + (len(data) - len(high) - easy) * _HARD_COST
    if high:
        for first, last, each in _COSTS:
            count = len(high) - len(high.translate(None, bytes(range(first, last + 1))))
            cost += count * each
    return -(-cost // 1000)


Measure = Callable[[bytes], int]
"""How much a UTF-8 text counts for: that of two texts together is at most the sum of their two, and
that of one at most 5 for each byte."""


@dataclass(frozen=True, slots=True)
class PackLimits:
    """The limits of one folder of knowledge files."""

    file_bytes: int
    """Of one file."""
    file_tokens: int
    """Of one file, as `measure` counts."""
    files: int
    """Knowledge files beside the table of contents."""
    tokens: int
    """Of all files, the table of contents with them."""
    measure: Measure = estimate
    """What counts as a token: one of a language model, or a word where limits are told in words."""

    def __post_init__(self) -> None:
        """Raise ValueError where there is no room for a heading and a table of contents."""
        least = (SMALLEST_BYTES, SMALLEST_TOKENS, 1, 4 * SMALLEST_TOKENS)
        if any(given < few for given, few in zip(self.values, least, strict=True)):
            raise ValueError(f"no pack fits into {self}")

    @property
    def values(self) -> tuple[int, int, int, int]:
        """The four numbers."""
        return self.file_bytes, self.file_tokens, self.files, self.tokens

    @property
    def contents_tokens(self) -> int:
        """What of `tokens` the table of contents may take: a tenth, and no more than a file."""
        return max(SMALLEST_TOKENS, min(self.tokens // 10, self.file_tokens))


SMALLEST_BYTES, SMALLEST_TOKENS = 8_000, 4_000
"""Of a file: below it, headings and marks would be most of it."""
