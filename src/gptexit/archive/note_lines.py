"""Compare two notes by the words of their lines, where no mark of the manifest can tell."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter

FRONT = re.compile(rb"---\n(.*?\n)---\n", re.DOTALL)
"""The front matter of a note."""
_WORDS = re.compile(r"\w+")
_CLOSED = re.compile(r"(?:</\w+>\s*)+\Z")
"""The tags that end a line of a page."""
_FOOTNOTE = re.compile(r"\[\^\d+\]:?|<sup class=\"cite\">.{0,500}?</sup>")
_NO_WORDS = ("#", "<header", "<article", '<p class="by"', "<details class=", "<section class=")
"""The beginnings of lines of a note, or of a page, with no words of a message."""


def holds_words(data: bytes, before: bytes, left_out: tuple[str, ...] = _NO_WORDS) -> bool:
    """Tell whether the note `data` has every line of the note `before`, each as often.

    Front matter, lines that begin as `left_out` says (headings, or the title alone), and the
    numbers of footnotes do not count. A line within another does not either: an answer holds the
    words of what is quoted below it.
    """
    return Counter(_lines(before, left_out)) <= Counter(_lines(data, left_out))


def begins(data: bytes, before: bytes) -> bool:
    """Tell whether each line of the note `before` is one of the note `data`, or its beginning.

    So it is if a message of `before` was exported half-written.
    """
    now, lines = (Counter(_lines(note, _NO_WORDS, closed=False)) for note in (data, before))
    others = sorted((now - lines).elements())
    for line in sorted((lines - now).elements(), key=len, reverse=True):
        place = bisect_left(others, line)
        if place == len(others) or not others[place].startswith(line):
            return False
        del others[place]
    return True


def _lines(data: bytes, left_out: tuple[str, ...], *, closed: bool = True) -> list[str]:
    """Return the words of each line of a note's body; `closed`: with the tags that end a line."""
    body = data[front.end() :] if (front := FRONT.match(data)) else data
    lines = body.decode("utf-8", "replace").splitlines()
    return [
        " ".join(words)
        for line in (lines if closed else (_CLOSED.sub("", line) for line in lines))
        if not line.startswith(left_out) and (words := _WORDS.findall(_FOOTNOTE.sub(" ", line)))
    ]
