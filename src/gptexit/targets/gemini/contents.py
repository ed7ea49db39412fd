"""`contents.csv`: each conversation of the pack, and where in it it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from gptexit.model import Conversation
from gptexit.targets.base import File

CONTENTS = "contents.csv"
_COLUMNS = (
    *("conversation", "title", "begun", "last_changed", "project", "messages", "bytes"),
    *("upload", "source", "why"),
)
"""`bytes` are those of its text; `upload` is the number of its ZIP."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula, at the beginning of a cell."""


def head() -> File:
    """The first line."""
    return _row(_COLUMNS)


def row(
    conversation: Conversation, messages: int, size: int, upload: int, source: str, why: str
) -> File:
    """A conversation's line."""
    project = conversation["project"]
    return _row(
        (
            conversation["id"],
            conversation["title"] or "",
            conversation["created"] or "",
            conversation["updated"] or "",
            project["id"] if project else "",
            *(str(messages), str(size), str(upload), source, why),
        )
    )


def end() -> File:
    """The end of the table."""
    return File(CONTENTS, b"", CONTENTS, append=True, last=True)


def _row(values: Iterable[str]) -> File:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(map(_harmless, values))
    return File(CONTENTS, out.getvalue().encode("utf-8", "replace"), CONTENTS, append=True)


def _harmless(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
