"""Fenced code in lists and block quotes: where it begins, and where it ends with them.

A fence that is wrongly taken for open or closed would leave the text after it unprotected (see
`embed.py`). If only a whole Markdown parser could tell the container of a fence, the fence is
escaped: in doubt, a backslash too many is shown.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from gptexit.writers.markdown.links import TARGET, is_escaped

_RUN = re.compile(
    r"dataview(?:js)?|datacore(?:js|ts)?x?|tasks|query|base|templater|buttons?|meta-?bind\S*"
    r"|js-?engine|run-\S*|jsx?:\S*|customjs|tracker|todoist|search"
)
"""Languages of fences that a plugin of Obsidian runs: code, or a query over all notes."""


def language(info: str) -> str:
    """Return the info string of a fence, or `text` if a notes app would run the code.

    A `|` in it is replaced: readers that look for tables first would take it for one.
    """
    word = info.strip(" \t{}.").partition(" ")[0].lower()
    return "text" if word and _RUN.fullmatch(word) else info.replace("|", "¦")


Span = tuple[int, int]

_TICKS = re.compile("`+")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_TARGETS = re.compile(rf"\]{TARGET}|<[^\s<>]{{1,2000}}>")


def code_spans(text: str) -> list[Span]:
    """Return the start and end of each code span of `text`.

    A span counts if it is one both line by line and paragraph by paragraph: in doubt, it is taken
    for prose, and an escape too many is shown.
    """
    runs = [run.span() for run in _TICKS.finditer(text)]
    gaps = [text[before[1] : after[0]] for before, after in pairwise(runs)]
    new_line = ["\n" in gap for gap in gaps]
    blank_line = [
        new and bool(_BLANK_LINE.search(gap)) for new, gap in zip(new_line, gaps, strict=True)
    ]
    spans = _paired(text, runs, new_line)
    if blank_line != new_line:
        wider = set(_paired(text, runs, blank_line))
        spans = [span for span in spans if span in wider]
    targets = [match.span() for match in _TARGETS.finditer(text) if "`" in match[0]]
    if targets:
        # The backticks of a link's address open nothing.
        inert = set(_within(runs, targets))
        for gaps_barred in (new_line, blank_line):
            others = set(_paired(text, runs, gaps_barred, inert))
            spans = [span for span in spans if span in others]
    return spans


def _within(runs: list[Span], spans: list[Span]) -> Iterator[int]:
    """Return the starts of those of `runs` that are in one of `spans`; both are sorted."""
    number = 0
    for begin, end in spans:
        while number < len(runs) and runs[number][0] < end:
            if runs[number][0] >= begin:
                yield runs[number][0]
            number += 1


def _paired(
    text: str, runs: list[Span], barred: list[bool], inert: Collection[int] = ()
) -> list[Span]:
    """Pair each run of backticks with the next one of its length, across no barred gap.

    A backslash takes one backtick off an opening run, but not off a closing one, which is in code
    (CommonMark 0.31, 6.1). `inert`: the starts of runs that open nothing.
    """
    spans: list[Span] = []
    number = 0
    while number < len(runs):
        start, end = runs[number]
        start += is_escaped(text, start)
        opens = start < end and runs[number][0] not in inert
        for other in range(number + 1, len(runs)) if opens else ():
            if barred[other - 1]:
                break
            if runs[other][1] - runs[other][0] == end - start:
                spans.append((start, runs[other][1]))
                number = other
                break
        number += 1
    return spans


_FENCE = re.compile(r"((?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*)(`{3,}|~{3,})(.*)", re.DOTALL)
_ITEM = re.compile(
    r"[ \t>]*(?:[-*+]|\d{1,9}[.)])(?:\Z|[ \t](?:[ \t]|(?:[-*+]|\d{1,9}[.)])(?=[ \t]|\Z))*)"
)
_QUOTE = re.compile(r" {0,3}> ?")
_LEADING = re.compile(r"[ \t>]*")


@dataclass(slots=True)
class Fence:
    """An open fence: its marker, and the list item or block quote around it."""

    marker: str
    prefix: str
    offset: int
    """The indentation, in columns, of a line inside the list item; 0 outside of lists."""
    quotes: int

    def closing(self) -> str:
        """Return a line that closes the fence inside its container."""
        return re.sub(r"[^ \t>]", " ", self.prefix) + self.marker

    def closed_by(self, line: str) -> bool:
        """Tell whether `line`, which is inside the container, is the closing fence."""
        inner = _inside(line, self.quotes) or ""
        words = inner.lstrip(" ")
        if len(inner) - len(words) - self.offset > 3:
            return False
        words = words.rstrip(" \t")
        return words.startswith(self.marker) and not words.strip(self.marker[0])

    def left_by(self, line: str) -> bool:
        """Tell whether `line` is outside of the container, whose end ends the fence."""
        if self.quotes:
            return _inside(line, self.quotes) is None
        return self.offset > 0 and bool(line.strip(" \t")) and _indent(line) < self.offset


def _inside(line: str, quotes: int) -> str | None:
    """Return the part of `line` inside so many block quotes; None if it is outside of one."""
    lead = _LEADING.match(line)[0]  # type: ignore[index]
    line = lead.expandtabs(4) + line[len(lead) :]
    for _ in range(quotes):
        mark = _QUOTE.match(line)
        if mark is None:
            return None
        line = line[mark.end() :]
    return line


def _indent(line: str) -> int:
    return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip(" "))


_MAY_OPEN = frozenset(" \t>-*+`~0123456789")


@dataclass(slots=True)
class Items:
    """The list items that may be open."""

    sure: list[int] = field(default_factory=list)
    """The column at which the content of each starts."""
    doubtful: list[int] = field(default_factory=list)
    """The columns of items that may have ended: a line less indented may be of their paragraph."""
    blank: bool = True
    """Whether the line before was blank."""

    def go_on(self, line: str) -> None:
        """Update the items by the next line, which is not in a fence."""
        if not line.strip(" \t"):
            self.blank = True
            return
        indent = _indent(line)
        if self.blank:
            self.doubtful = [offset for offset in self.doubtful if offset <= indent]
        elif not _ITEM.match(line):
            self.doubtful += [offset for offset in self.sure if offset > indent]
        self.sure = [offset for offset in self.sure if offset <= indent]
        self.blank = False


def opened(line: str, items: Items) -> tuple[Fence | None, str]:
    """Return the fence that `line` opens, if any, and the line. Add the list items that it starts.

    If the container of a fence is in doubt, the fence is escaped in the line that is returned.
    """
    if line[:1] not in _MAY_OPEN:
        return None, line
    item = _ITEM.match(line)
    if item:
        items.sure.append(len(item[0].expandtabs(4)))
    match = _FENCE.match(line)
    if match is None or (match[2][0] == "`" and "`" in match[3]):
        return None, line
    prefix = match[1]
    column = len(prefix.expandtabs(4))
    quotes = prefix.count(">")
    offset = max((start for start in items.sure if start <= column), default=0)
    inner = _inside(line, quotes)
    doubt = items.doubtful and min(items.doubtful) <= column
    if doubt or (quotes and (item or offset or inner is None or inner.startswith("    "))):
        return None, f"{prefix}\\{line[len(prefix) :]}"
    if not quotes and column - offset >= 4:
        return None, line  # an indented code block
    return Fence(match[2], prefix, offset, quotes), line
