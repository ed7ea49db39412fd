"""The table in which a person fills in names: a CSV with a row for each project and custom GPT.

It is opened and saved in spreadsheets, so it is read as these save it: with commas, semicolons or
tabs, with or without a byte order mark, in UTF-8 or in UTF-16, with columns in any order and
others besides. What a person put into it is in it after it was written again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gptexit.errors import BadNames
from gptexit.files.disk import special, write_whole
from gptexit.text.terminal import printable

COLUMNS = ("id", "kind", "name", "conversations", "first", "last", "titles")
ID, NAME = COLUMNS.index("id"), COLUMNS.index("name")
LARGEST = 1 << 25
"""Bytes of a table at most."""
_DELIMITERS = (",", ";", "\t")
_SEPARATOR = re.compile(r"sep=(.)\r?\n?\Z")
"""A first line by which Excel is told the delimiter."""
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""The byte order mark."""
_GUARDED = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet may take for the beginning of a formula, perhaps guarded already."""


@dataclass(slots=True)
class NameRow:
    """A project or a custom GPT."""

    cells: list[str]
    """The text of each of `COLUMNS`."""
    others: list[str] = field(default_factory=list)
    """The text of each further column of the person's own."""
    line: int = 0
    """The line of the file in which the row ends."""

    @property
    def id(self) -> str:
        """The id at ChatGPT: `g-p-…` of a project, `g-…` of a custom GPT."""
        return self.cells[ID].strip()

    @property
    def name(self) -> str:
        """The name as the person typed it; empty where it is not filled in."""
        return self.cells[NAME]


@dataclass(slots=True)
class Table:
    """The rows by id, and the form of the file, which is kept when it is written again."""

    rows: dict[str, NameRow] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    """The headings of further columns."""
    delimiter: str = ","
    mark: bool = False
    """Whether the file begins with a byte order mark."""

    def names(self) -> dict[str, str]:
        """Return the names that are filled in, by id."""
        return {row.id: row.name for row in self.rows.values() if row.name.strip()}

    def renewed(self, rows: Iterable[NameRow]) -> Table:
        """Return a table of `rows` that keeps what a person filled in here.

        Rows of this table that are not among `rows` stand at its end: an export may lack a project
        that an earlier one had, and its name is kept.
        """
        merged: dict[str, NameRow] = {}
        for row in rows:
            known = self.rows.get(row.id)
            if known:
                row.cells[NAME] = known.name
                row.others = known.others
            merged[row.id] = row
        for own, known in self.rows.items():
            merged.setdefault(own, known)
        return Table(merged, self.others, self.delimiter, self.mark)

    def text(self) -> str:
        """Return the file as text."""
        out = io.StringIO(newline="")
        plain = csv.writer(out, delimiter=self.delimiter, lineterminator="\n")
        # Before Python 3.13 a lone carriage return makes no quotes, and would end the row.
        quoted = csv.writer(
            out, delimiter=self.delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL
        )
        plain.writerow([*COLUMNS, *map(_heading_cell, self.others)])
        for row in self.rows.values():
            missing = [""] * (len(self.others) - len(row.others))
            cells = [*map(guarded, row.cells), *map(guarded, row.others), *missing]
            (quoted if any("\r" in cell for cell in cells) else plain).writerow(cells)
        return (_MARK if self.mark else "") + out.getvalue()

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all. Raises OSError."""
        data = self.text().encode("utf-8", "replace")
        write_whole(path, data)


def guarded(text: str) -> str:
    """Return `text` as a cell that no spreadsheet runs; `unguarded` gives it back."""
    return f"'{text}" if _GUARDED.match(text) else text


def unguarded(cell: str) -> str:
    """Return the text of a cell that `guarded` may have made."""
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell


def load(path: Path) -> Table:
    """Read a table. Raises BadNames where it is none, OSError where it cannot be read."""
    if kind := special(path):
        raise BadNames(f"{_shown(path)} is {kind}, and no table of names: give a file.")
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except IsADirectoryError:
        raise BadNames(f"{_shown(path)} is a folder, and no table of names.") from None
    if len(data) > LARGEST:
        raise BadNames(f"{_shown(path)} is too large for a table of names.")
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if wide else "utf-8")
    except UnicodeDecodeError:
        raise BadNames(
            f"{_shown(path)} is not in UTF-8: save it as “CSV UTF-8”, as spreadsheets call it."
        ) from None
    return _parsed(text, path, mark=wide or text.startswith(_MARK))


def _parsed(text: str, path: Path, *, mark: bool) -> Table:
    lines = io.StringIO(text.removeprefix(_MARK), newline="")
    delimiter, names, before = _head(lines)
    if not {"id", "name"} <= set(names):
        raise BadNames(
            f"{_shown(path)} is no table of names: its first line has no columns “id” and “name”. "
            "`gptexit inspect EXPORT --write-names FILE` makes one."
        )
    places = [names.index(name) if name in names else None for name in COLUMNS]
    further = [place for place in range(len(names)) if place not in places]
    table = Table(others=[names[place] for place in further], delimiter=delimiter, mark=mark)
    for line, cells in _rows(lines, delimiter, before, path):
        beyond = cells[len(names) :] if any(cells[len(names) :]) else []
        table.others += [""] * (len(further) + len(beyond) - len(table.others))
        at = dict(enumerate(cells))
        row = NameRow(
            [at.get(place, "") if place is not None else "" for place in places],
            [*(at.get(place, "") for place in further), *beyond],
            line,
        )
        if row.id:
            _add(table, row, path)
        elif row.name.strip():
            raise BadNames(f"{_shown(path)}, line {line}: “{printable(row.name, 40)}” has no id.")
    return table


def _rows(
    lines: io.StringIO, delimiter: str, before: int, path: Path
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with its last line in the file, `before` lines above. Raises BadNames."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield before + reader.line_num, list(map(unguarded, cells))
    except csv.Error as error:
        line = before + reader.line_num
        raise BadNames(
            f"{_shown(path)} cannot be read as a table up to line {line}: {error}."
        ) from None


def _head(lines: io.StringIO) -> tuple[str, Sequence[str], int]:
    """Return the delimiter, the headings, and how many lines these take."""
    line, before = lines.readline(), 1
    told = _SEPARATOR.match(line)
    if told:
        line, before = lines.readline(), 2
    for delimiter in (told[1],) if told else _DELIMITERS:
        names = [_heading(cell) for cell in next(csv.reader([line], delimiter=delimiter), [])]
        if {"id", "name"} <= set(names):
            break
    return delimiter, names, before


def _heading_cell(heading: str) -> str:
    """Return a heading of the person's own as a cell on one line."""
    return guarded(" ".join(heading.split()))


def _heading(cell: str) -> str:
    """Return a heading: one of ours in lower case, another one as it is."""
    plain = cell.strip().lower()
    return plain if plain in COLUMNS else unguarded(cell)


def _add(table: Table, row: NameRow, path: Path) -> None:
    """Put a row into the table; of two rows with one id, the one that has a name."""
    known = table.rows.get(row.id)
    if known is None or not known.name.strip():
        table.rows[row.id] = row
        return
    if row.name.strip() and row.name.strip() != known.name.strip():
        raise BadNames(
            f"{_shown(path)}: {printable(row.id, 40)} has two names, "
            f"“{printable(known.name, 40)}” in line {known.line} and "
            f"“{printable(row.name, 40)}” in line {row.line}. Keep one of them."
        )


def _shown(path: Path) -> str:
    return printable(str(path))
