"""An SQLite archive, read back by plain SQL."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from gptexit.text.json import encodable
from gptexit.verification.archive_files import CheckedArchive, Locator
from gptexit.verification.compare_text import essence, key_of_address
from gptexit.verification.expected import ShownConversation, ShownMessage
from gptexit.verification.moments import SAME, changed_since, misdated, same_time
from gptexit.verification.readers.base import Reader
from gptexit.verification.redacted_text import TextFinder
from gptexit.verification.told import Told
from gptexit.verification.words import Words, mended

_LINK = re.compile(r"\]\(<?(https?://[^\s<>()\\]+)")
_WORD = re.compile(r"(?<![^\s])[A-Za-z]{4,40}(?![^\s.,])")
"""A word that every tokenizer takes for one."""
_MESSAGES = """
SELECT m.id, m.text, m.hidden_text, m.number, m.role, m.created, m.current, p.id, p.number,
m.hidden, m.recipient
FROM messages AS m LEFT JOIN messages AS p ON p.number = m.parent
WHERE m.conversation = ? ORDER BY m.number
"""
_FILES = """
SELECT a.id, a.sha256, a.member, a.missing, m.id
FROM assets AS a LEFT JOIN messages AS m ON m.number = a.message WHERE a.conversation = ?
"""
_NAMES = "SELECT name FROM assets WHERE conversation = ?"
_LOOKED = 4_000
"""Characters of a text in which such a word is looked for."""
_INDEXES = {"text": "messages_fts", "hidden_text": "hidden_fts"}


@dataclass(slots=True)
class _Head:
    """The row of a conversation."""

    number: int
    title: Any
    created: Any
    updated: Any
    gone: Any
    """What the newest of several exports no longer has of it."""


@dataclass(slots=True)
class _Row:
    """The row of a message."""

    id: str
    text: str
    hidden_text: str
    number: int
    role: Any
    created: Any
    current: Any
    above: str | None
    """The id of the message that it answers."""
    above_number: int | None
    hidden: str | None
    """Why it is not shown."""
    recipient: str | None
    """The tool that it calls. Slim exports leave out calls, and what is not shown."""


class SqliteReader(Reader):
    """The rows of an archive by conversation; held are ids."""

    def __init__(self, archive: CheckedArchive, locate: Locator) -> None:
        self._several = bool(archive.record.get("several"))
        super().__init__()
        self._current_only = archive.option("branches") == "current"
        self._redacted = archive.redacted
        self._look = TextFinder(archive.redacted)
        self._file = next((each for each in archive.found if each.endswith(".sqlite")), "")
        self._place = archive.root / self._file
        self._locate = locate
        self._heads: dict[str, _Head] = {}
        self._base = sqlite3.connect(":memory:")
        if self._file:
            self._index()

    def _index(self) -> None:
        self._base.close()
        where = f"file:{quote(str(self._place.absolute()))}?mode=ro"
        self._base = sqlite3.connect(where, uri=True)
        try:
            # Whatever else is in the file, nothing of it is to run.
            self._base.execute("PRAGMA trusted_schema = OFF")
            query = "SELECT id, number, title, created, updated, gone FROM conversations"
            with closing(self._base.execute(query)) as rows:
                for key, *rest in rows:
                    self._heads[key] = _Head(*rest)
        except sqlite3.DatabaseError as error:
            self.unreadable.append((self._file, f"cannot be read ({error})"))

    def ids(self) -> Set[str]:
        """The conversations that there are rows of."""
        return self._heads.keys()

    def expects(self, told: Told) -> ShownConversation:
        """What a person saw of a conversation and its rows have to hold."""
        return told.seen(every_branch=not self._current_only, reasoning=True)

    def check(self, key: str, told: Told) -> list[tuple[str, str]] | None:
        """File and sentence for each thing that the rows lack; None where there are none."""
        key = _kept(key)
        if key not in self._heads:
            return None
        where = f"{self._file}, conversation {key}"
        try:
            return [(where, sentence) for sentence in self._lacks(self._heads[key], told)]
        except (sqlite3.DatabaseError, TypeError) as error:
            return [(where, f"cannot be read ({error})")]

    def _lacks(self, head: _Head, told: Told) -> Iterator[str]:
        later = changed_since(head.updated, told.raw)
        there = self._look.essence(str(head.title or ""))
        other = told.title is not None and self._look.find(essence(told.title), there, 0) < 0
        if other and not later:
            yield "the title is another"
        dated = None if later else misdated(told.dates, asdict(head), SAME)
        if dated:
            yield dated
        if _unfound(self._base, "conversations_fts", head.title, head.number):
            yield "a search does not find its title"
        seen = self.expects(told)
        self.messages += len(seen.current) + len(seen.others)
        rows = [_Row(*row) for row in self._base.execute(_MESSAGES, (head.number,))]
        texts: dict[str, tuple[str, str]] = {}
        for row in rows:
            before = texts.get(row.id, ("", ""))  # ids that SQLite cannot hold may become alike
            texts[row.id] = (f"{before[0]}\n{row.text}", f"{before[1]}\n{row.hidden_text}")
        names = [name for (name,) in self._base.execute(_NAMES, (head.number,)) if name]
        for said in [*seen.current, *seen.others]:
            yield from self._lack(said, told, texts, names, later=later)
        for words in seen.anywhere:
            columns = ["\n".join(column) for column in zip(*texts.values(), strict=True)]
            gone = self._gone(words, columns)
            if gone:
                yield f"a document or report is not there in full: “{gone}”"
        yield from self._places(told, rows, kept=bool(later or head.gone or self._several))
        yield from self._files(told, head.number)
        for row in rows:
            for column, index in _INDEXES.items():
                if _unfound(self._base, index, getattr(row, column), row.number):
                    yield f"a search does not find message {row.id}"

    def _places(self, told: Told, rows: list[_Row], *, kept: bool) -> Iterator[str]:
        """Hold who said each message, when, and in which place, against the export.

        `kept`: whether the archive holds more of the conversation than this export.
        """
        names: dict[str, list[str]] = {}
        for key in told.answers:
            names.setdefault(_kept(key), []).append(key)
        path = set(told.path)
        counted = Counter(row.id for row in rows)
        nearest = told.nearest({row.id: row.above for row in rows})
        for row in rows:
            alike = names.get(row.id, [])
            if not alike:
                shown = row.hidden is None and row.recipient is None
                said = row.role in ("user", "assistant") and shown
                if not kept and said and row.text.strip():
                    yield f"message {row.id} is none of the export's"
            elif counted[row.id] > len(alike):
                yield f"message {row.id} is there twice"
            elif len(alike) == 1:
                yield from _differing(told, alike[0], row, nearest[row.id])
                if told.opens_at and not kept and bool(row.current) != (alike[0] in path):
                    yield f"message {row.id} is said to be on another branch"
            if row.above_number is not None and row.above_number >= row.number:
                yield f"message {row.id} stands before the one that it answers"

    def _files(self, told: Told, number: int) -> Iterator[str]:
        """Hold the files that it names against those of the export."""
        made = told.library_files
        for name, digest, held, missing, shower in self._base.execute(_FILES, (number,)):
            member = self._locate.member_of(str(name))
            if member is None or str(name).startswith("sandbox:") or self._redacted:
                continue
            if missing or held is None:
                yield f"the file {name} is said to be missing, which it is not"
            elif digest is not None and digest != self._locate.member(member):
                yield f"the file {name} is said to have other bytes than it has"
            own = shower not in told.answers or told.names(shower, str(name).partition("#")[0])
            if not own and name not in made and name not in told.files(shower):
                yield f"message {shower} is said to show a file that is not its own: {name}"

    def _lack(
        self,
        said: ShownMessage,
        told: Told,
        texts: dict[str, tuple[str, str]],
        names: list[str],
        *,
        later: bool,
    ) -> Iterator[str]:
        """What the rows lack of a message. The parts of one stand in order in each column."""
        known = _kept(said.id)
        if known not in texts:
            if said.words.segments or said.words.phrases:
                yield f"message {known} is missing"
            return
        if said.plain and all(text in texts[known][0] for text in said.texts):
            if not (self._redacted or later) and _adds(said, texts[known][0], names):
                yield f"message {known} shows more than its own words"
            return
        before = self._look.marks
        gone = self._gone(said.words, list(texts[known])[: 1 if said.spoken else 2])
        self.redacted += self._look.marks > before
        if gone is not None:
            yield f"message {known} is not there in full: “{gone}”"
        if "](" in texts[known][0] and not self._redacted:
            for address in dict.fromkeys(_LINK.findall(texts[known][0])):
                if not told.gives(said.id, key_of_address(address)):
                    yield f"message {known} leads to an address that is not its own: {address}"

    def _gone(self, words: Words, columns: list[str]) -> str | None:
        """The first of what has to be in a message's columns, and is not."""
        essences = [self._look.essence(column) for column in columns]
        for segment in [*words.segments, *words.phrases]:
            if all(self._look.find(segment, column, 0) < 0 for column in essences):
                return segment[:40]
        if words.addresses and not self._redacted:
            keys = key_of_address("\0".join(columns))
            for group in words.addresses:
                if not any(key in keys for key in group):
                    return f"the source {group[0]}"
        return None


def _adds(said: ShownMessage, text: str, names: Iterable[str]) -> bool:
    """Tell whether a column holds words that a plain message has not, but for names of files.

    `names`: those of the files that the conversation has, each of which may stand behind the words.
    """
    own, there = essence("".join(map(mended, said.texts))), essence(text)
    if there == own:
        return False
    rest = there.replace(own, "", 1)
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(essence(name), "")
    return rest != ""


def _differing(told: Told, key: str, row: _Row, there: str | None) -> Iterator[str]:
    """Yield a sentence for who wrote a message, when and after which, where a row differs.

    `there`: the message that it answers by the archive, of those that the export has.
    """
    role = told.role(key)
    if role is not None and row.role != _kept(role):
        yield f"somebody else is said to have written message {row.id}"
    if not same_time(told.message(key).get("create_time"), row.created):
        yield f"message {row.id} has another time"
    above = told.answers[key]
    if there != (None if above is None else _kept(above)):
        yield f"message {row.id} is said to answer another one"


def _unfound(base: sqlite3.Connection, index: str, text: Any, number: int) -> bool:
    """Tell whether an index of words does not know of a text, asked for its longest plain word."""
    words = _WORD.findall(text[:_LOOKED]) if isinstance(text, str) else []
    if not words:
        return False
    wanted = f'"{max(words, key=len)}"'
    query = f"SELECT 1 FROM {index} WHERE {index} MATCH ? AND rowid = ?"
    return base.execute(query, (wanted, number)).fetchone() is None


def _kept(text: str) -> str:
    """Return an id as SQLite holds it."""
    return encodable(text).replace("\0", "\ufffd")
