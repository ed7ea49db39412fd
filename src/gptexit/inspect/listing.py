"""The missing files as text for a person, or as CSV for a spreadsheet; line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from gptexit.inspect.attachments import Missing
from gptexit.inspect.output import WIDTH, day
from gptexit.text.terminal import printable

COLUMNS = ("name", "kind", "date", "conversation", "title", "url", "id")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula, and runs."""


def as_text(rows: Iterable[Missing]) -> Iterator[str]:
    """Two or three lines for each file."""
    for each in rows:
        after = f" ({each.kind}{f', {day(each.date)}' if each.date else ''})"
        yield f"{printable(each.name or each.id, WIDTH - len(after))}{after}\n"
        yield f"  in “{printable(each.title or '', WIDTH - 8) or 'Untitled'}”\n"
        if url := _url(each):
            yield f"  {url}\n"


def as_csv(rows: Iterable[Missing]) -> Iterator[str]:
    """A line for the names of the columns, then one for each file."""
    yield _line(COLUMNS)
    for each in rows:
        yield _line(
            (
                *(each.name or "", each.kind, each.date or "", each.conversation or ""),
                *(each.title or "", _url(each), each.id),
            )
        )


FORMATS = {"text": as_text, "csv": as_csv}


def _url(each: Missing) -> str:
    if not each.conversation:
        return ""
    return printable(f"https://chatgpt.com/c/{each.conversation}")


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(map(_cell, cells))
    return line.getvalue()


def _cell(text: str) -> str:
    """A cell that a spreadsheet shows and does not run."""
    words = printable(text)
    return f"'{words}" if words.startswith(_FORMULA) else words
