"""Texts held against each other without what a Markdown writer may add or escape.

How a note renders is no affair of verifying. A writer may break lines, indent, escape signs, close
what a message left open, name a fence `text`, underline a heading or put `#` before it, and turn
pictures on other people's servers into links. It may not drop, change or reorder words.

Everything here takes time in proportion to its input, whatever that is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

# White space, escapes, heading and quote marks, math delimiters, fences; signs that are no text.
_NO_TEXT = re.compile(
    r"[\s\\#<>$`~()\[\]\x00-\x1f\x7f\ud800-\udfff\ufdd4\ufdd5\ufffd\ue200-\ue2ff]+"
)
_FENCE = re.compile(r"(?<![`~])(?<![`~]\\)(?:(?:\\?`){3,}+|(?:\\?~){3,}+)[^`\n]*+$", re.MULTILINE)
"""A run of backticks or tildes with what stands behind it on its line: a fence and its name."""
_RULE = re.compile(r"^[ \t>\\]*+(?:[-=]|[-=*_](?:[ \t\\]*+[-=*_])++)[ \t\r\\]*+$", re.MULTILINE)
"""A line of dashes and the like: a rule, or what makes a heading of the line above."""
_PICTURE = re.compile(r"\\?!(?=\\?\[)")
_TRACKING = re.compile(r"[?&]utm_source=(?:chatgpt\.com|openai)", re.IGNORECASE)
_NO_LETTER = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """Return `text` without the marks that a writer may change by lines."""
    if "``" in text or "~~" in text or "`\\`" in text or "~\\~" in text:
        text = _FENCE.sub("", text)
    if "-" in text or "=" in text or "**" in text or "__" in text or "* *" in text:
        text = _RULE.sub("", text)
    if "![" in text or "!\\[" in text:
        text = _PICTURE.sub("", text)
    return text


def bare(text: str) -> str:
    """Return the characters of a `plain` text that no writer may change."""
    return _NO_TEXT.sub("", text)


def essence(text: str) -> str:
    """Return the characters of `text` that no writer may change."""
    return bare(plain(text))


def key_of_address(address: str) -> str:
    """Return the letters and digits of an address: whoever wrote or encoded it, they stay."""
    address = _TRACKING.sub("", unquote(address.replace("\\", "")))
    return _NO_LETTER.sub("", address).casefold()


Find = Callable[[str, str, int], int]
"""Where a segment ends in a text, from a position on; -1 where it is not there."""


def as_it_is(segment: str, within: str, at: int) -> int:
    """Where `segment` ends in `within`, character by character; -1 where it is not there."""
    found = within.find(segment, at)
    return found if found < 0 else found + len(segment)


def missing(
    wanted: Iterable[str], within: str, at: int, find: Find = as_it_is
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
