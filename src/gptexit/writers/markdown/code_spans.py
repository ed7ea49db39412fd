"""Code spans of a text, `` `like this` ``: what stands in them is left as it is.

A span that is taken for one and is none would leave what it holds unprotected (see `embed`). In
doubt there is none, and an escape too many is shown.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import pairwise

from gptexit.writers.markdown.links import TARGET, is_escaped

Span = tuple[int, int]

_TICKS = re.compile("`+")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_TARGETS = re.compile(rf"\]{TARGET}|<[^\s<>]{{1,2000}}>")


def code_spans(text: str) -> list[Span]:
    """Where the code spans of `text` start and end.

    A span counts where it is one both line by line and paragraph by paragraph: in doubt, it is
    taken for prose and an escape too many is shown.
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
        # If it is one of a link, its backticks open nothing.
        inert = set(_within(runs, targets))
        for gaps_barred in (new_line, blank_line):
            others = set(_paired(text, runs, gaps_barred, inert))
            spans = [span for span in spans if span in others]
    return spans


def _within(runs: list[Span], spans: list[Span]) -> Iterator[int]:
    """Where those of `runs` start that stand in one of `spans`; both are in order."""
    number = 0
    for begin, end in spans:
        while number < len(runs) and runs[number][0] < end:
            if runs[number][0] >= begin:
                yield runs[number][0]
            number += 1


def _paired(
    text: str, runs: list[Span], barred: list[bool], inert: Collection[int] = ()
) -> list[Span]:
    """Each run of backticks with the next one of its length; no pair crosses a barred gap.

    A backslash takes one backtick off an opening run; a closing one stands within code, where it
    does not (CommonMark 0.31, 6.1). `inert`: where runs start that open nothing.
    """
    found: list[Span] = []
    at = 0
    while at < len(runs):
        start, end = runs[at]
        start += is_escaped(text, start)
        opens = start < end and runs[at][0] not in inert
        for other in range(at + 1, len(runs)) if opens else ():
            if barred[other - 1]:
                break
            if runs[other][1] - runs[other][0] == end - start:
                found.append((start, runs[other][1]))
                at = other
                break
        at += 1
    return found
