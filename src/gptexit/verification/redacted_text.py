"""A text that was written with marks in place of secrets, held against the source's.

Verifying does not look for secrets: a mark is taken for whatever stood there, and all around it has
to be as it was. It counts only in an archive whose record says that secrets were redacted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gptexit.redact.occurrences import MARK
from gptexit.verification.compare_text import as_it_is, essence

_SPELLED = re.compile(r"\\?\[redacted: [A-Za-z0-9][A-Za-z0-9 ]{0,48}[A-Za-z0-9]\\?\]")
"""A mark in a note, where its brackets may be escaped."""
WILD = "\ufdd0"
"""What stands for a mark in the essence of a text; Unicode keeps it free for such uses."""
ENDS = "\ufdd1"
"""What follows it where nothing else stands behind the mark on its line: a text may end there."""
_LONGEST = 20_000
"""Characters that a mark may stand for: a private key and its comments are shorter."""
_ANCHOR = 12
"""Characters by which a piece of text is found."""


class TextFinder:
    """Looks for the words of the source in what was written; counts where marks stand for them."""

    def __init__(self, redacted: bool) -> None:
        """`redacted`: whether the archive says that marks stand for secrets."""
        self._redacted = redacted
        self.marks = 0
        """Times that a mark was taken for what stood there."""

    def essence(self, written: str) -> str:
        """The essence of a written text."""
        return wild_essence(written) if self._redacted else essence(written)

    def find(self, segment: str, within: str, at: int) -> int:
        """Where `segment` ends in an essence of a written text, from `at` on; -1 if not there."""
        end = as_it_is(segment, within, at)
        if end < 0 and self._redacted:
            end = find(segment, within, at)
            self.marks += end >= 0
        return end


def same(text: str, written: str) -> bool:
    """Whether `written` is `text`, but for marks in place of parts of it."""
    pieces = _pieces(written)
    if len(pieces) == 1:
        return text == written
    first, *middle, last = pieces
    if not text.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        found = text.find(piece, at + 1)
        if found < 0:
            return False
        at = found + len(piece)
    return text.endswith(last) and at < len(text) - len(last)


def same_bytes(text: bytes, written: bytes) -> bool:
    """The same of two files."""
    encoding = "utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        return same(
            text.decode(encoding, "surrogateescape"), written.decode(encoding, "surrogateescape")
        )
    except UnicodeError:
        return False


def stands_among(text: str, written: Iterable[str]) -> bool:
    """Whether one of `written`, with marks, is `text`, or has it in it."""
    return any(
        same(text, each) or find(essence(text), wild_essence(each), 0) >= 0
        for each in written
        if MARK.search(each)
    )


def wild_essence(text: str) -> str:
    """The essence of a written text, with a sign for each mark."""
    pieces = []
    at = 0
    text = text.replace(WILD, "").replace(ENDS, "")
    for each in _SPELLED.finditer(text):
        line = text[each.end() : text.find("\n", each.end()) % (len(text) + 1)]
        pieces += [essence(text[at : each.start()]), WILD, "" if essence(line) else ENDS]
        at = each.end()
    return "".join([*pieces, essence(text[at:])])


def find(segment: str, within: str, at: int) -> int:
    """Where `segment` ends in `within`, from `at` on, marks standing for parts of it; -1 if not.

    `within` is the `wild_essence` of a text. A mark serves once: what comes next is looked for
    behind it. Where a mark ends its line, what stood between the secret and the end of its text
    is not told from the secret; of that the SHA-256 of the file tells more.
    """
    before = at
    sign = within.find(WILD, at)
    while sign >= 0:
        left = within[before:sign]
        begun = _overlap(segment, left)
        end = _rest(segment[begun:], within, sign)
        if end >= 0:
            return end
        before = sign + 1 + within.startswith(ENDS, sign + 1)
        sign = within.find(WILD, before)
    return -1


def _pieces(written: str) -> list[str]:
    pieces = []
    at = 0
    for each in MARK.finditer(written):
        pieces.append(written[at : each.start()])
        at = each.end()
    return [*pieces, written[at:]]


def _overlap(segment: str, left: str) -> int:
    """How much of the beginning of `segment` stands at the end of `left`."""
    anchor = segment[:_ANCHOR]
    at = left.find(anchor, max(0, len(left) - len(segment)))
    while at >= 0:
        if len(left) - at < len(segment) and segment.startswith(left[at:]):
            return len(left) - at
        at = left.find(anchor, at + 1)
    sizes = range(min(len(anchor), len(segment) - 1), 0, -1)
    return next((size for size in sizes if left.endswith(anchor[:size])), 0)


def _rest(rest: str, within: str, sign: int) -> int:
    """Where `rest`, which a mark at `sign` begins, ends; -1 where it cannot."""
    while True:
        ends = within.startswith(ENDS, sign + 1)
        after = sign + 1 + ends
        following = within.find(WILD, after)
        stop = len(within) if following < 0 else following
        right = within[after:stop]
        if not rest:
            return -1
        at = _begins(right, rest, ends=ends)
        if not 0 <= at <= _LONGEST:
            return -1
        tail = rest[at:]
        if right.startswith(tail):
            return after + len(tail)
        if following < 0:
            return -1
        rest, sign = tail[len(right) :], following


def _begins(right: str, rest: str, *, ends: bool) -> int:
    """Where in `rest`, behind what a mark stands for, the text to the right of the mark begins.

    `ends`: whether it need not. -1 where it does not.
    """
    anchor = right[:_ANCHOR]
    at = rest.find(anchor, 1) if anchor else -1
    while at >= 0:
        tail = rest[at:]
        if right.startswith(tail) or tail.startswith(right):
            return at
        at = rest.find(anchor, at + 1)
    if ends or not right:
        return len(rest)
    sizes = range(min(len(anchor), len(rest) - 1), 0, -1)
    return next((len(rest) - size for size in sizes if right.startswith(rest[-size:])), -1)
