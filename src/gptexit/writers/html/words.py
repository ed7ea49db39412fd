"""Stand-in for the index of words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def words_of(title: str | None, texts: Iterable[tuple[str, str, str]]) -> bytes:
    """Return the words of a conversation."""
    return b""


class WordIndex:
    """The index of the words of all conversations."""

    def add(self, number: int, words: bytes) -> None:
        """Take in the words of a conversation."""

    def pieces(self) -> Iterator[tuple[str, bytes]]:
        """Yield the path and the bytes of each piece."""
        yield from ()

    def directory(self) -> dict[str, Any]:
        """Return what the search needs to find the pieces."""
        return {}

    def close(self) -> None:
        """Give up the temporary file."""
