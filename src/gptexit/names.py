"""Give names to projects and custom GPTs, of which an export holds only the ids.

A name comes from the person (`given`), else from the source, else from the archive that is written
to, where an earlier run left it (`kept`).

A person fills names in in a table, a CSV with a row for each project and custom GPT. It is read as
spreadsheets save it: with commas, semicolons or tabs, with or without a byte order mark, in UTF-8
or in UTF-16, with columns in any order and others besides, which are kept.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from gptexit.errors import BadNames, DamagedNames
from gptexit.files.disk import open_plain, special, write_whole
from gptexit.model import Conversation, Named
from gptexit.text.terminal import printable

_LEFT_OUT = frozenset({"Cc", "Cs"})
"""Unicode categories of characters that no name has: controls, and halves of surrogate pairs."""
FILE = ".gptexit/names.json"
VERSION = 1
_LARGEST = 1 << 26
"""Bytes of such a file at most."""
COLUMNS = ("id", "kind", "name", "conversations", "first", "last", "titles")
ID, NAME = COLUMNS.index("id"), COLUMNS.index("name")
SHOWN_OF_ID = 6
"""The last characters of an id, which stand for a project or custom GPT without a name."""
LARGEST = 1 << 25
"""Bytes of a table at most."""
_DELIMITERS = (",", ";", "\t")
_SEPARATOR = re.compile(r"sep=(.)\r?\n?\Z")
"""A first line that names the delimiter for Excel."""
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""The byte order mark."""
_GUARDED = re.compile(r"'*[=+\-@\t\r]")
"""A beginning that a spreadsheet may take for a formula, perhaps guarded already."""


def one_line(name: str) -> str:
    """Return `name` on one line, single spaces between its words, without control characters."""
    spaced = " ".join(name.split())
    if spaced.isprintable():
        return spaced
    return "".join(char for char in spaced if unicodedata.category(char) not in _LEFT_OUT).strip()


def folded(name: str) -> str:
    """Return `name` as it is compared with another: in lower case and on one line."""
    return one_line(name).casefold()


def is_called(named: Named | None, wanted: str) -> bool:
    """Tell whether `wanted` is the id or, in any case of letters, the name of `named`."""
    if named is None:
        return False
    name = named["name"]
    return named["id"] == wanted or (isinstance(name, str) and folded(name) == folded(wanted))


class Names:
    """The names of a run. Memory follows the number of projects and custom GPTs."""

    def __init__(
        self,
        given: Mapping[str, str] | None = None,
        beginnings: Sequence[tuple[str, str]] = (),
        kept: Mapping[str, str] | None = None,
    ) -> None:
        """Take names by id; in `beginnings`, by an id or the beginning of one.

        An empty name is none: it takes away neither the source's name nor a kept one.
        """
        self.given = _without_empty(given or {})
        self.kept = _without_empty(kept or {})
        self.beginnings = [(own, one_line(name)) for own, name in beginnings if one_line(name)]
        self.unused = [own for own, _ in self.beginnings]
        """The ids of `beginnings` that nothing had so far."""
        self.met: dict[str, str] = {}
        """The name of each project and custom GPT that a conversation had so far."""

    def with_kept(self, kept: Mapping[str, str]) -> Names:
        """Return the same names of a person, with others of an archive."""
        return Names(self.given, self.beginnings, kept)

    def get(self, own: str) -> str | None:
        """Return the name of the project or custom GPT with the id `own`, None if it has none."""
        return self._wanted(own) or self.met.get(own) or self.kept.get(own)

    def applied(self, conversation: Conversation) -> Conversation:
        """Return `conversation` with the names of its project and its custom GPT."""
        for key in ("project", "assistant"):
            named: Any = conversation[key]
            own = named.get("id") if isinstance(named, dict) else None
            if not isinstance(own, str):  # also in JSON that is not as the schema has it
                continue
            source_name = named.get("name")
            name = self._wanted(own) or source_name or self.kept.get(own)
            if not isinstance(name, str):
                continue
            self.met[own] = name
            if name != source_name:
                conversation = {**conversation, key: {"id": own, "name": name}}  # type: ignore[misc]
        return conversation

    def ids_of(self, name: str) -> list[str]:
        """Return the ids that have this name in this run, whatever the case of letters."""
        wanted = folded(name)
        return sorted(own for own in self.all() if folded(self.get(own) or "") == wanted)

    def all(self) -> dict[str, str]:
        """Return every name that is known by now, by id."""
        return {**self.kept, **self.given, **self.met}

    def _wanted(self, own: str) -> str | None:
        """Return the name that the person gives."""
        for start, name in self.beginnings:
            if own.startswith(start):
                if start in self.unused:
                    self.unused.remove(start)
                return name
        return self.given.get(own)


def _without_empty(names: Mapping[str, str]) -> dict[str, str]:
    lines = ((own, one_line(name)) for own, name in names.items())
    return {own: name for own, name in lines if name}


def names_in(conversation: Conversation) -> Iterable[tuple[str, str]]:
    """Yield id and name of a conversation's project and custom GPT, as far as they have a name."""
    for named in (conversation["project"], conversation["assistant"]):
        name = named.get("name") if isinstance(named, dict) else None
        if named and name and isinstance(named.get("id"), str):
            yield named["id"], name


def load_names(root: Path) -> dict[str, str]:
    """Return the names that the archive in `root` keeps, by id. Raises DamagedNames."""
    path = root / FILE
    try:
        with open_plain(path) as stream:
            data = stream.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except IsADirectoryError:
        data = b""
    try:
        names: Any = orjson.loads(data)["names"]
        if all(isinstance(name, str) for name in names.values()):
            return dict(names)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise DamagedNames(  # else this run would overwrite the names of a person with fewer
        f"{path}, which keeps the names of projects and custom GPTs, cannot be read: remove it, "
        "and give the names again with --names."
    )


def save_names(root: Path, names: Mapping[str, str]) -> None:
    """Keep `names` in the archive in `root`, whole or not at all. Raises OSError."""
    path = root / FILE
    if not names:
        path.unlink(missing_ok=True)
        return
    content = {"version": VERSION, "names": dict(sorted(names.items()))}
    data = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)


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
        """The name as the person typed it; empty if it is not filled in."""
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
        """Return a table of `rows` with the names and further columns that a person filled in here.

        Other rows of this table go to its end: they may be of a project in an earlier export.
        """
        merged: dict[str, NameRow] = {}
        for row in rows:
            if known := self.rows.get(row.id):
                row.cells[NAME] = known.name
                row.others = known.others
            merged[row.id] = row
        merged |= {own: row for own, row in self.rows.items() if own not in merged}
        return Table(merged, self.others, self.delimiter, self.mark)

    def text(self) -> str:
        """Return the file as text."""
        out = io.StringIO(newline="")
        writer = partial(csv.writer, out, delimiter=self.delimiter, lineterminator="\n")
        # Before Python 3.13 a lone carriage return makes no quotes, and would end the row.
        plain, quoted = writer(), writer(quoting=csv.QUOTE_ALL)
        plain.writerow([*COLUMNS, *(guarded(" ".join(name.split())) for name in self.others)])
        for row in self.rows.values():
            missing = [""] * (len(self.others) - len(row.others))
            cells = [*map(guarded, row.cells + row.others), *missing]
            (quoted if any("\r" in cell for cell in cells) else plain).writerow(cells)
        return (_MARK if self.mark else "") + out.getvalue()


def guarded(text: str) -> str:
    """Escape a cell, so that no spreadsheet takes it for a formula; `unguarded` undoes it."""
    return f"'{text}" if _GUARDED.match(text) else text


def unguarded(cell: str) -> str:
    """Undo `guarded`, if it changed this cell."""
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell


def load_table(path: Path) -> Table:
    """Read a table. Raises BadNames if the file is no table, OSError if it cannot be read."""
    if kind := special(path):
        raise BadNames(f"{_shown(path)} is {kind}, not a table of names: give a file.")
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except IsADirectoryError:
        raise BadNames(f"{_shown(path)} is a folder, not a table of names.") from None
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
            f"{_shown(path)} is not a table of names: its first line lacks the columns “id” and "
            "“name”. `gptexit inspect EXPORT --write-names FILE` makes one."
        )
    places = [names.index(name) if name in names else None for name in COLUMNS]
    further = [place for place in range(len(names)) if place not in places]
    table = Table(others=[names[place] for place in further], delimiter=delimiter, mark=mark)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for guarded_cells in reader:
            cells = list(map(unguarded, guarded_cells))
            beyond = cells[len(names) :] if any(cells[len(names) :]) else []
            table.others += [""] * (len(further) + len(beyond) - len(table.others))
            at: dict[int | None, str] = dict(enumerate(cells))
            own, others = ([at.get(place, "") for place in part] for part in (places, further))
            _add(table, NameRow(own, others + beyond, before + reader.line_num), path)
    except csv.Error as error:
        line = before + reader.line_num
        words = f"{_shown(path)} cannot be read as a table up to line {line}: {error}."
        raise BadNames(words) from None
    return table


def _head(lines: io.StringIO) -> tuple[str, Sequence[str], int]:
    """Return the delimiter, the headings, and how many lines these take."""
    line, before = lines.readline(), 1
    separator = _SEPARATOR.match(line)
    if separator:
        line, before = lines.readline(), 2
    for delimiter in (separator[1],) if separator else _DELIMITERS:
        names = [_heading(cell) for cell in next(csv.reader([line], delimiter=delimiter), [])]
        if {"id", "name"} <= set(names):
            break
    return delimiter, names, before


def _heading(cell: str) -> str:
    """Return a heading: one of ours in lower case, another one as it is."""
    plain = cell.strip().lower()
    return plain if plain in COLUMNS else unguarded(cell)


def _add(table: Table, row: NameRow, path: Path) -> None:
    """Put a row into the table; of two rows with one id, the one that has a name."""
    if not row.id:
        if row.name.strip():
            name = printable(row.name, 40)
            raise BadNames(f"{_shown(path)}, line {row.line}: “{name}” has no id.")
        return
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
