"""The conversations of a pack, kept on disk until all have been seen.

So memory does not grow with the export. Texts are in a temporary file, the rest in a temporary
database.
"""

from __future__ import annotations

import sqlite3
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gptexit.text.json import encodable
from gptexit.writers.packs.conversation import PackedChat

_TABLES = """
CREATE TABLE chat (
    number INTEGER PRIMARY KEY, id TEXT, title TEXT, created TEXT, updated TEXT, line TEXT,
    messages INTEGER, score REAL, start INTEGER, bytes INTEGER, tokens INTEGER, sizes BLOB,
    upload INTEGER
);
CREATE TABLE member (folder TEXT, number INTEGER, why TEXT, PRIMARY KEY (folder, number))
    WITHOUT ROWID;
CREATE TABLE part (
    folder TEXT, file INTEGER, place INTEGER, number INTEGER, first INTEGER, end INTEGER,
    PRIMARY KEY (folder, file, place)
) WITHOUT ROWID;
CREATE INDEX part_of ON part (number, folder, file);
CREATE INDEX member_of ON member (number);
CREATE TABLE fate (folder TEXT, number INTEGER, words TEXT, PRIMARY KEY (folder, number))
    WITHOUT ROWID;
"""
_FIELDS = 3
"""Numbers of a piece in `sizes`: bytes, tokens, and 1 if a message begins with it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A conversation in the spool, without its text."""

    number: int
    id: str
    title: str
    created: str | None
    updated: str | None
    line: str
    messages: int
    bytes: int
    tokens: int
    upload: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of a conversation's pieces, and whether a message begins with each."""

    bytes: list[int]
    tokens: list[int]
    begins: list[int]


@dataclass(frozen=True, slots=True)
class Part:
    """Pieces `first` to `end` (excluded) of a conversation in a file of a folder."""

    file: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Row:
    """The result of placing a conversation in a folder."""

    chat: Waiting
    why: str
    files: list[int]
    fate: str | None
    """Why the conversation is missing there, or not whole."""


_WAITING = "number, id, title, created, updated, line, messages, bytes, tokens, upload"


class Spool:
    """The conversations of a pack, and in which folders each belongs."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("", isolation_level=None)  # a file that nobody sees
        self._base.executescript(_TABLES)
        self._texts = tempfile.TemporaryFile(prefix="gptexit-")  # noqa: SIM115 - as long as this
        self._end = 0

    def close(self) -> None:
        """Delete the files."""
        self._base.close()
        self._texts.close()

    def add(self, chat: PackedChat, folders: Iterable[tuple[str, str]]) -> None:
        """Keep a conversation. `folders`: those in which it belongs, each with the reason.

        Raise OSError if the disk is full.
        """
        sizes = array("q")
        start = self._end
        self._texts.seek(start)
        for piece in chat.pieces:
            self._texts.write(piece.data)
            self._end += len(piece.data)
            sizes.extend((len(piece.data), piece.tokens, piece.begins))
        tokens = sum(piece.tokens for piece in chat.pieces)
        texts = (chat.id, chat.title, chat.created, chat.updated, chat.line)
        numbers = (chat.messages, chat.score, start, self._end - start, tokens)
        chat_row = self._base.execute(
            f"INSERT INTO chat VALUES (NULL, {', '.join('?' * 12)})",
            (*(text and encodable(text) for text in texts), *numbers, sizes.tobytes(), chat.upload),
        )
        self._base.executemany(
            "INSERT OR IGNORE INTO member VALUES (?, ?, ?)",
            [(encodable(folder), chat_row.lastrowid, encodable(why)) for folder, why in folders],
        )

    def folders(self) -> list[str]:
        """List the folders that have a conversation, sorted."""
        rows = self._base.execute("SELECT DISTINCT folder FROM member ORDER BY folder")
        return [folder for (folder,) in rows]

    def members(self, folder: str) -> Iterator[Waiting]:
        """Return the conversations of a folder, the newest and longest-lived first."""
        rows = self._base.execute(
            f"SELECT {_WAITING} FROM chat JOIN member USING (number) WHERE folder = ? "
            "ORDER BY score DESC, id, number",
            (folder,),
        )
        for row in rows:
            yield Waiting(*row)

    def sizes(self, number: int) -> Sizes:
        """Return the sizes of a conversation's pieces."""
        return self._start_and_sizes(number)[1]

    def _start_and_sizes(self, number: int) -> tuple[int, Sizes]:
        query = "SELECT start, sizes FROM chat WHERE number = ?"
        start, blob = self._base.execute(query, (number,)).fetchone()
        flat = array("q", blob)
        sizes = (flat[field::_FIELDS].tolist() for field in range(_FIELDS))
        return start, Sizes(*sizes)

    def text(self, number: int, first: int, end: int) -> bytes:
        """Return pieces `first` to `end` (excluded) of a conversation."""
        start, sizes = self._start_and_sizes(number)
        self._texts.seek(start + sum(sizes.bytes[:first]))
        return self._texts.read(sum(sizes.bytes[first:end]))

    def place(self, folder: str, number: int, parts: list[Part]) -> None:
        """Record the files into which a conversation goes."""
        for part in parts:
            self._base.execute(
                "INSERT INTO part VALUES (?1, ?2, (SELECT count(*) FROM part WHERE folder = ?1 "
                "AND file = ?2), ?3, ?4, ?5)",
                (folder, part.file, number, part.first, part.end),
            )

    def tell(self, folder: str, number: int, words: str) -> None:
        """Record why a conversation is not in a folder, or not whole."""
        self._base.execute("INSERT INTO fate VALUES (?, ?, ?)", (folder, number, words))

    def inside(self, folder: str) -> tuple[int, int]:
        """Count the conversations in the files of a folder, and those that belong there."""
        query = (
            "SELECT (SELECT count(DISTINCT number) FROM part WHERE folder = ?1), "
            "(SELECT count(*) FROM member WHERE folder = ?1)"
        )
        inside, belong = self._base.execute(query, (folder,)).fetchone()
        return inside, belong

    def left_out(self) -> tuple[int, int]:
        """Count the conversations with text that are in no folder, and those nowhere whole."""
        query = (
            "SELECT count(*) FILTER (WHERE parts = 0), "
            "count(*) FILTER (WHERE parts > 0 AND whole = 0) FROM (SELECT "
            "(SELECT count(*) FROM part WHERE part.number = chat.number) AS parts, "
            "(SELECT count(*) FROM member LEFT JOIN fate USING (folder, number) "
            "WHERE member.number = chat.number AND words IS NULL) AS whole "
            "FROM chat WHERE bytes > 0)"
        )
        out, in_part = self._base.execute(query).fetchone()
        return out, in_part

    def files(self, folder: str) -> int:
        """Return the number of files in a folder."""
        query = "SELECT coalesce(max(file), 0) FROM part WHERE folder = ?"
        return int(self._base.execute(query, (folder,)).fetchone()[0])

    def parts(self, folder: str, file: int) -> list[tuple[Waiting, Part]]:
        """Return the conversations in a file, in order, each with its pieces there."""
        rows = self._base.execute(
            f"SELECT {_WAITING}, first, end FROM chat JOIN part USING (number) "
            "WHERE folder = ? AND file = ? ORDER BY place",
            (folder, file),
        )
        return [(Waiting(*row[:-2]), Part(file, *row[-2:])) for row in rows]

    def parts_of(self, folder: str, number: int) -> list[Part]:
        """Return the pieces of a conversation in each file of a folder, in order."""
        rows = self._base.execute(
            "SELECT file, first, end FROM part WHERE folder = ? AND number = ? ORDER BY file",
            (folder, number),
        )
        return [Part(*row) for row in rows]

    def rows(self, folder: str) -> Iterator[Row]:
        """Return the result for each conversation of a folder, in the order of the folder."""
        query = (
            f"SELECT {_WAITING}, why, words, "
            "(SELECT group_concat(file) FROM (SELECT file FROM part "
            "WHERE part.folder = member.folder AND part.number = chat.number ORDER BY file)) "
            "FROM member JOIN chat USING (number) LEFT JOIN fate USING (folder, number) "
            "WHERE member.folder = ? ORDER BY score DESC, id, number"
        )
        for *chat, why, fate, files in self._base.execute(query, (folder,)):
            numbers = [int(number) for number in files.split(",")] if files else []
            yield Row(Waiting(*chat), why, numbers, fate)
