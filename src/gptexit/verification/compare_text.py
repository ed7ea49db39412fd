"""Texts held against each other without what a Markdown writer may add or escape.

How a note renders is no affair of verifying. A writer may break lines, indent, escape signs, close
what a message left open, name a fence `text`, underline a heading or put `#` before it, and turn
pictures on other people's servers into links. It may not drop, change or reorder words.

Everything here takes time in proportion to its input, whatever that is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from urllib.parse import unquote

# White space, escapes, heading and quote marks, math delimiters, fences; signs that are no text.
_NO_TEXT = re.compile(
    r"[\s\\#<>$`~()\[\]\x00-\x1f\x7f\ud800-\udfff\ufdd4\ufdd5\ufffd\ue200-\ue2ff]+"
)
# Each begins with signs of its own, so that a search skips quickly to where it may match, and takes
# the rest of the line, so that no line is looked at twice.
_FENCES = tuple(
    (sign, re.compile(rf"{re.escape(sign)}({more})([^\n]*)"))
    for sign, more in (("```", r"[`\\]*"), ("~~~", r"[~\\]*"), (r"\`\`\`", r"(?:\\`){0,999}"))
)
"""Runs of backticks or tildes with what stands behind them on their line: a fence and its name."""
_RULE = re.compile(r"\n[ \t>\\]*(?:[-=]|[-=*_][-=*_ \t\\]*[-=*_])[ \t\r\\]*(?=\n|\Z)")
"""A line of dashes and the like: a rule, or what makes a heading of the line above."""
_PICTURE = re.compile(r"\\?!(?=\\?\[)")
_TRACKING = re.compile(r"[?&](?:utm_\w+|gclid|fbclid|msclkid)=[^&#\s\0()<>\[\]\"]*", re.IGNORECASE)
"""Parameters of an address that tell its server where a visitor came from; a writer may drop them.
"""
_NO_LETTER = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """Return `text` without the marks that a writer may change by lines."""
    for sign, fence in _FENCES:
        if sign in text:
            text = fence.sub(_unnamed, text)
    if "-" in text or "=" in text or "**" in text or "__" in text or "* *" in text:
        text = _RULE.sub("\n", f"\n{text}")
    if "![" in text or "!\\[" in text:
        text = _PICTURE.sub("", text)
    return text


def _unnamed(match: re.Match[str]) -> str:
    """A fence without its name; code within a line stays."""
    return match[0] if "`" in match[2] else ""


def bare(text: str) -> str:
    """Return the characters of a `plain` text that no writer may change."""
    return _NO_TEXT.sub("", text)


def essence(text: str) -> str:
    """Return the characters of `text` that no writer may change."""
    return bare(plain(text))


@lru_cache(maxsize=8192)
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
