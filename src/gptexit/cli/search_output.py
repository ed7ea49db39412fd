"""What was found, as lines for a terminal: no text of an archive can do more than be read."""

from __future__ import annotations

from datetime import tzinfo
from itertools import groupby

import click

from gptexit.library import Hit, Said, Span
from gptexit.library.results import Snippet
from gptexit.text.terminal import columns, count, harmless, printable
from gptexit.writers.markdown.shown_dates import clock, day, moment

_SPEAKERS = {"user": "You", "assistant": "ChatGPT", "tool": "Tool", "system": "System"}
_UNTITLED = "Untitled"
_INDENT = "   "
_MOST = 3
"""Lines of a passage."""


def hit_lines(hit: Hit, number: int, way: str, width: int, zone: tzinfo | None) -> list[str]:
    """A hit; `way`: how to open it."""
    when = moment(hit.date, zone)
    about = [day(when)] if when else []
    about += [_SPEAKERS.get(hit.role, hit.role)] if hit.role else []
    about += [printable(hit.project, 30)] if hit.project else []
    about += [count(hit.hits, "hit")] if hit.hits > 1 else []
    head = f"{number}. "
    title = printable(hit.title or _UNTITLED, width - len(head))
    passage = _passage(hit.snippet, width - len(_INDENT))
    if hit.hits and hit.place == 0:  # the title itself is what was found
        lines = [head + (passage[0] if passage else title)]
        passage = []
    else:
        lines = [head + click.style(title, bold=True)]
    lines += [_INDENT + click.style(" · ".join(about), dim=True)] if about else []
    lines += [_INDENT + line for line in passage]
    lines.append(_INDENT + click.style(printable(way), fg="cyan"))
    return lines


def _passage(snippet: Snippet, width: int) -> list[str]:
    """A passage in lines of a width, what was looked for highlighted."""
    cells = _cells(snippet)
    lines: list[str] = []
    while cells and len(lines) < _MOST:
        taken = _fitting(cells, width)
        lines.append(_styled(cells[:taken]).rstrip())
        cells = cells[taken:]
    return lines


_Cell = tuple[str, bool]
"""A character, and whether it is of what was looked for."""


def _cells(snippet: Snippet) -> list[_Cell]:
    """The characters that can be shown, with no more than one space between words."""
    cells: list[_Cell] = []
    for text, hit in snippet:
        for each in harmless(text):
            space = each.isspace()
            if not space or (cells and cells[-1][0] != " "):
                cells.append((" " if space else each, hit and not space))
    return cells


def _fitting(cells: list[_Cell], width: int) -> int:
    """How many of them a line takes: it ends at a space, or at a letter that is two wide."""
    used = last = 0
    for at, (each, _) in enumerate(cells):
        wide = columns(each)
        used += wide
        if used > width and each != " ":
            return last or max(at, 1)
        if each == " " or wide == 2:
            last = at + 1
    return len(cells)


def _styled(cells: list[_Cell]) -> str:
    runs = groupby(cells, key=lambda cell: cell[1])
    texts = (("".join(each for each, _ in run), hit) for hit, run in runs)
    return "".join(
        click.style(text, fg="yellow", bold=True) if hit else text for text, hit in texts
    )


def conversation_lines(span: Span, zone: tzinfo | None, *, title: bool) -> list[str]:
    """A piece of a conversation; `title`: whether it is the first."""
    lines = []
    if title:
        lines += [click.style(printable(span.title or _UNTITLED), bold=True), ""]
    for said in span.messages:
        if said.begins == 0:
            lines += [click.style(_speaker(said, zone), fg="cyan"), ""]
        lines += [harmless(said.text), ""]
    return lines


def _speaker(said: Said, zone: tzinfo | None) -> str:
    words = _SPEAKERS.get(said.role, printable(said.role))
    when = moment(said.created, zone)
    words += f", {day(when)}, {clock(when)}" if when else ""
    return words + (f" ({printable(said.hidden)})" if said.hidden else "")
