"""Compare a text that was written with marks in place of secrets with that of the source.

Verifying does not look for secrets: a mark may stand for anything, and all around it has to be
unchanged. Marks count only in an archive whose record says that secrets were redacted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from gptexit.redact.occurrences import MARK
from gptexit.verification.compare_text import essence, letters

_SPELLED = re.compile(r"\\?\[redacted: [A-Za-z0-9][A-Za-z0-9 ]{0,48}[A-Za-z0-9]\\?\]")
"""A mark in a note, where its brackets may be escaped."""
WILD = "\ufdd0"
"""Stands for a mark in the essence of a text; Unicode keeps it free for such uses."""
ENDS = "\ufdd1"
"""Follows WILD if the mark ends its line: a text may end there."""
_LONGEST = 20_000
"""Characters that a mark may stand for: a private key and its comments are shorter."""
_NEAR = 100
"""Characters, such as a heading, that usually are the only ones between two pieces of a text."""
_ANCHOR = 12
"""Characters by which a piece of text is found."""


class TextFinder:
    """Finds the words of the source in the texts of an archive, and counts marks for them."""

    def __init__(self, redacted: bool) -> None:
        """`redacted`: whether the archive says that marks stand for secrets."""
        self.redacted = redacted
        self.marks = 0
        """How often a mark was taken for words of the source."""

    def essence(self, written: str) -> str:
        """Return the essence of a text of the archive."""
        return wild_essence(written) if self.redacted else essence(written)

    def letters(self, shown: str) -> str:
        """Return the letters of a text that a page of the archive shows."""
        return wild_essence(shown, letters) if self.redacted else letters(shown)

    def is_same(self, text: str, shown: str) -> bool:
        """Tell whether a text of the archive has the letters of a text, but for marks."""
        wanted, found = letters(text), self.letters(shown)
        return wanted == found or (self.redacted and find(wanted, found, 0) >= 0)

    def find(self, segment: str, within: str, at: int = 0) -> int:
        """Return where `segment` ends in an `essence`, searched from `at` on; -1 if nowhere."""
        begin = within.find(segment, at)
        if begin >= 0:
            return begin + len(segment)
        end = find(segment, within, at) if self.redacted else -1
        self.marks += end >= 0
        return end

    def missing(
        self, segments: Iterable[str], within: str, at: int = 0
    ) -> tuple[str | None, int, int]:
        """Return the first segment that is not behind the one before, or None.

        Return also where the first segment begins, and where the search ended. `within` is an
        `essence`, searched from `at` on.
        """
        begin = None
        for segment in segments:
            # It is nearly always near: a search within few signs need not be prepared.
            found = within.find(segment, at, at + len(segment) + _NEAR)
            end = found + len(segment) if found >= 0 else self.find(segment, within, at)
            if end < 0:
                return segment, at, at
            begin = end - len(segment) if begin is None else begin
            at = end
        return None, at if begin is None else begin, at


def same(text: str, written: str) -> bool:
    """Tell whether `written` is `text`, but for marks in place of parts of it."""
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
    """Tell whether the file `written` is the file `text`, but for marks in place of parts of it."""
    encoding = "utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        return same(
            text.decode(encoding, "surrogateescape"), written.decode(encoding, "surrogateescape")
        )
    except UnicodeError:
        return False


def stands_among(text: str, written: Iterable[str]) -> bool:
    """Tell whether one of `written`, with marks, is `text` or contains it."""
    return any(
        same(text, other) or find(essence(text), wild_essence(other), 0) >= 0
        for other in written
        if MARK.search(other)
    )


def wild_essence(text: str, essence: Callable[[str], str] = essence) -> str:
    """Return the essence of a written text, with WILD for each mark."""
    pieces = []
    at = 0
    text = text.replace(WILD, "").replace(ENDS, "")
    for mark in _SPELLED.finditer(text):
        line = text[mark.end() : text.find("\n", mark.end()) % (len(text) + 1)]
        pieces += [essence(text[at : mark.start()]), WILD, "" if essence(line) else ENDS]
        at = mark.end()
    return "".join([*pieces, essence(text[at:])])


def find(segment: str, within: str, at: int) -> int:
    """Return where `segment` ends in `within`, with marks for parts of it; -1 if nowhere.

    `within` is the `wild_essence` of a text, searched from `at` on. A mark serves once: the next
    segment is looked for behind it. If a mark ends its line, the words between the secret and the
    end of its text cannot be told from the secret; only the SHA-256 of the file shows a change.
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
    """Return the parts of a text between its marks."""
    pieces = []
    at = 0
    for mark in MARK.finditer(written):
        pieces.append(written[at : mark.start()])
        at = mark.end()
    return [*pieces, written[at:]]


def _overlap(segment: str, left: str) -> int:
    """Return how many characters of the beginning of `segment` are the end of `left`."""
    anchor = segment[:_ANCHOR]
    at = left.find(anchor, max(0, len(left) - len(segment)))
    while at >= 0:
        if len(left) - at < len(segment) and segment.startswith(left[at:]):
            return len(left) - at
        at = left.find(anchor, at + 1)
    sizes = range(min(len(anchor), len(segment) - 1), 0, -1)
    return next((size for size in sizes if left.endswith(anchor[:size])), 0)


def _rest(rest: str, within: str, sign: int) -> int:
    """Return where `rest`, which begins in the mark at `sign`, ends; -1 if nowhere."""
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
    """Return where in `rest` the text to the right of a mark begins; -1 if nowhere.

    `ends`: whether `rest` may end in the mark.
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
