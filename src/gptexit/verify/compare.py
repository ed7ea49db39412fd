"""Texts held against each other without what a Markdown writer may add, move or escape."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

# White space, escapes, heading and quote marks, math delimiters, fences; signs that are no text.
_NO_TEXT = re.compile(
    r"[\s\\#>$`~()\[\]\x00-\x1f\x7f\ud800-\udfff\ufdd4\ufdd5\ufffd\ue200-\ue204]+"
)
# What becomes a footnote, a link into the archive, a canvas block or an image.
_REPLACED = re.compile(
    "\ue200[^\ue200\ue201]*\ue201|\ue202turn\\d+[a-z]+\\d+|【\\d{1,6}(?::\\d{1,6})?†[^【】\n]*】"
    r"|\(sandbox:/mnt/data/[^)\n]*\)|^:::(?:writing[^\n]*)?[ \t]*$"
    r"|!?\[[^\]\n]*\]\((?:sediment|file-service)://[^)\s]*\)",
    re.MULTILINE,
)


def essence(text: str) -> str:
    """The characters of `text` that no writer may change."""
    return _NO_TEXT.sub("", text)


def segments(text: str, replaced: Iterable[str] = ()) -> list[str]:
    """The essence of `text`, taken apart where something stands for a source or a file.

    `replaced`: further spans that the source says to be citations (`matched_text`).
    """
    for span in replaced:
        if span.strip():
            text = text.replace(span, "\ue200\ue201")
    return [each for each in map(essence, _REPLACED.split(text)) if each]


Find = Callable[[str, str, int], int]
"""Where a segment ends in a text, from a position on; -1 where it is not there."""


def as_it_is(segment: str, within: str, at: int) -> int:
    """Where `segment` ends in `within`, character by character; -1 where it is not there."""
    found = within.find(segment, at)
    return found if found < 0 else found + len(segment)


def missing(
    wanted: list[str], within: str, at: int, find: Find = as_it_is
) -> tuple[str | None, int]:
    """The first of `wanted` that does not stand in `within` behind the one before, from `at` on.

    None where all do; with it, where the search ended.
    """
    for segment in wanted:
        end = find(segment, within, at)
        if end < 0:
            return segment, at
        at = end
    return None, at
