"""What is in a pack, what is not, and why: a table of all, and a page for each folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from gptexit.archive.files import File
from gptexit.text.markdown import line
from gptexit.text.terminal import count
from gptexit.writers.markdown.embed import encoded
from gptexit.writers.packs.placement import Knowledge
from gptexit.writers.packs.spool import Row

TABLE = "contents.csv"
PAGE = "contents.md"
COLUMNS = (
    *("in", "folder", "file", "conversation", "id", "created", "updated"),
    *("messages", "bytes", "tokens", "why"),
)
UPLOAD = "upload"
"""One more column, of the ZIP, in a pack that has the conversations in ZIPs too."""
LISTED = 20
"""Conversations without room that a page names; the table has them all."""
_BATCH = 1 << 16
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet may take a cell for a formula by; one that begins so gets a `'` in front."""


def table(
    folders: Iterable[Knowledge], uploads: Sequence[str] = (), unit: str = "tokens"
) -> Iterator[File]:
    """`contents.csv`: a row for each conversation in each folder that it belongs to, in or out.

    `uploads`: the paths of the pack's ZIPs, by number; `unit`: what the limits count as tokens.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = [unit if each == "tokens" else each for each in COLUMNS]
    writer.writerow([*columns, UPLOAD] if uploads else columns)
    for folder in folders:
        names = [folder.file_name(number) for number in range(1, folder.count + 1)]
        for row in folder.spool.rows(folder.folder):
            upload = [uploads[row.chat.upload - 1]] if uploads else []
            writer.writerow(map(_cell, [*_values(folder.path, row, names), *upload]))
            if out.tell() > _BATCH:
                yield _piece(out)
    yield _piece(out, last=True)


def _piece(out: io.StringIO, *, last: bool = False) -> File:
    data = out.getvalue().encode("utf-8", "replace")
    out.seek(0)
    out.truncate()
    return File(TABLE, data, TABLE, append=True, last=last)


def _values(path: str, row: Row, names: list[str]) -> tuple[object, ...]:
    chat = row.chat
    state = "no" if not row.files else "in part" if row.fate else "yes"
    why = "; ".join(filter(None, (row.why, row.fate)))
    files = "; ".join(names[number - 1] for number in row.files)
    known = (chat.title, chat.id, chat.created, chat.updated)
    return (state, path, files, *known, chat.messages, chat.bytes, chat.tokens, why)


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def page(folder: Knowledge) -> File:
    """The folder's table of contents, within its limits: which conversation is in which file."""
    lines = _Lines(folder)
    lines.add(f"# {line(folder.name)}: what is in these files\n\n")
    rows = (row for row in folder.spool.rows(folder.folder) if row.files)
    missing = 0
    for number, members in groupby(rows, lambda row: row.files[0]):
        lines.add(f"## {folder.file_name(number)}\n\n")
        for row in members:
            missing += not lines.add(_item(row))
        lines.add("\n")
    if missing:
        lines.add(f"… and {count(missing, 'more conversation')}, in {TABLE}.\n\n", must=True)
    _left_out(folder, lines)
    path = f"{folder.path}/{PAGE}"
    return File(path, lines.data(), f"pack/{path}")


def _left_out(folder: Knowledge, lines: _Lines) -> None:
    number = named = 0
    for row in folder.spool.rows(folder.folder):
        if row.files:
            continue
        if not number:
            lines.add("## Left out\n\n")
        number += 1
        if number <= LISTED:
            named += lines.add(f"- {line(row.chat.title)}: {row.fate}\n")
    if number > named:
        words = f"{count(number - named, 'conversation')}, in {TABLE}"
        lines.add(f"- … and {words}\n", must=True)


def _item(row: Row) -> str:
    chat = row.chat
    on = f", on to file {row.files[-1]}" if len(row.files) > 1 else ""
    cut = f"; {row.fate}" if row.fate else ""
    said = f" ({chat.line})" if chat.line else ""
    return f"- {line(chat.title)}{said}, {count(chat.messages, 'message')}{on}{cut}\n"


class _Lines:
    """Lines as long as there is room, with some kept for what must be said."""

    KEPT_BYTES, KEPT_TOKENS = 400, 200

    def __init__(self, folder: Knowledge) -> None:
        self._measure = folder.limits.measure
        self._bytes = folder.limits.file_bytes - self.KEPT_BYTES
        self._tokens = folder.limits.contents_tokens - self.KEPT_TOKENS
        self._lines: list[bytes] = []

    def add(self, text: str, *, must: bool = False) -> bool:
        """Whether there was room for it."""
        data = encoded(text)
        tokens = self._measure(data)
        if not must and (len(data) > self._bytes or tokens > self._tokens):
            return False
        self._bytes -= len(data)
        self._tokens -= tokens
        self._lines.append(data)
        return True

    def data(self) -> bytes:
        """All lines."""
        return b"".join(self._lines).rstrip(b"\n") + b"\n"
