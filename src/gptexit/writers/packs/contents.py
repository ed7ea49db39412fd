"""The pages of a pack, and its table of contents: which conversations are in it, and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from gptexit.archive.files import File
from gptexit.model import Named
from gptexit.text.markdown import line
from gptexit.text.terminal import cell, count
from gptexit.writers.markdown.embed import encoded
from gptexit.writers.packs.placement import Knowledge
from gptexit.writers.packs.spool import Row

START_HERE, MEMORY = "START-HERE.md", "memory.md"
TABLE = "contents.csv"
PAGE = "contents.md"
COLUMNS = (
    *("in", "folder", "file", "conversation", "id", "created", "updated"),
    *("messages", "bytes", "tokens", "why"),
)
UPLOAD = "upload"
"""The column of the ZIP, in a pack that has the conversations in ZIPs too."""
LISTED = 20
"""Conversations without room that a page names; the table names all."""
_BATCH = 1 << 16


def table(
    folders: Iterable[Knowledge], uploads: Sequence[str] = (), unit: str = "tokens"
) -> Iterator[File]:
    """Make `contents.csv`: a row for each conversation in each folder that it belongs to.

    `uploads`: the paths of the pack's ZIPs, by number; `unit`: what the limits count.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = [unit if column == "tokens" else column for column in COLUMNS]
    writer.writerow([*columns, UPLOAD] if uploads else columns)
    for folder in folders:
        names = [folder.file_name(number) for number in range(1, folder.count + 1)]
        for row in folder.spool.rows(folder.folder):
            upload = [uploads[row.chat.upload - 1]] if uploads else []
            values = [*_values(folder.path, row, names), *upload]
            writer.writerow(cell(value) if isinstance(value, str) else value for value in values)
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
    files = "; ".join(names[number - 1] for number in row.files)
    why = "; ".join(filter(None, (row.why, row.fate)))
    about = (chat.title, chat.id, chat.created, chat.updated, chat.messages, chat.bytes)
    return (state, path, files, *about, chat.tokens, why)


def text_file(path: str, text: str) -> File:
    """Make a page of the pack."""
    return File(path, encoded(text), path)


def called(named: Named) -> str:
    """Return the id of a project or custom GPT, and its name if it has one."""
    return f"{named['id']} “{named['name']}”" if named["name"] else named["id"]


def page(folder: Knowledge) -> File:
    """Make the folder's own table of contents, within its limits."""
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
    about = f" ({chat.line})" if chat.line else ""
    return f"- {line(chat.title)}{about}, {count(chat.messages, 'message')}{on}{cut}\n"


class _Lines:
    """Lines as long as there is room; some room is kept for lines that must be added."""

    KEPT_BYTES, KEPT_TOKENS = 400, 200

    def __init__(self, folder: Knowledge) -> None:
        self._measure = folder.limits.measure
        self._bytes = folder.limits.file_bytes - self.KEPT_BYTES
        self._tokens = folder.limits.contents_tokens - self.KEPT_TOKENS
        self._lines: list[bytes] = []

    def add(self, text: str, *, must: bool = False) -> bool:
        """Add a line if there is room; tell whether there was. `must`: add it in any case."""
        data = encoded(text)
        tokens = self._measure(data)
        if not must and (len(data) > self._bytes or tokens > self._tokens):
            return False
        self._bytes -= len(data)
        self._tokens -= tokens
        self._lines.append(data)
        return True

    def data(self) -> bytes:
        """Return all lines."""
        return b"".join(self._lines).rstrip(b"\n") + b"\n"
