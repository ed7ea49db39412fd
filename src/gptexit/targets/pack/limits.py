"""What an assistant takes: how large a file, how many, how much text in all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one folder of knowledge files."""

    file_bytes: int
    """Of one file."""
    file_tokens: int
    """Of one file, as `tokens.estimate` counts."""
    files: int
    """Knowledge files beside the table of contents."""
    tokens: int
    """Of all files, the table of contents with them."""

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
