"""What an assistant takes: how large a file, how many, how much text in all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gptexit.writers.packs.tokens import estimate

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
