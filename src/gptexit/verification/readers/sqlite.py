"""Read an SQLite archive back by plain SQL."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.compare_text import essence, key_of_address
from gptexit.verification.conversation import SourceConversation
from gptexit.verification.expected import ShownMessage
from gptexit.verification.export_files import Locator
from gptexit.verification.index import Table
from gptexit.verification.raw import changed_since, mended, misdated
from gptexit.verification.readers import Lack, Reader

_LINK = re.compile(r"\]\(<?(https?://[^\s<>()\\]+)")
_WORD = re.compile(r"(?<![^\s])[A-Za-z]{4,40}(?![^\s.,])")
"""A string that is a word for every tokenizer."""
_CONVERSATIONS = "SELECT id, number FROM conversations ORDER BY number"
_HEAD = "SELECT number, title, created, updated, gone FROM conversations WHERE number = ?"
"""`gone`: the parts of it that the newest of several exports no longer has."""
_MESSAGES = """
SELECT m.id, m.text, m.hidden_text, m.number, m.role, m.created, m.current, m.hidden, m.recipient,
p.id AS answered, p.number AS answered_number
FROM messages AS m LEFT JOIN messages AS p ON p.number = m.parent
WHERE m.conversation = ? ORDER BY m.number
"""
"""`hidden`: why it is not shown; `recipient`: the tool that it calls. Slim exports lack both."""
_FILES = """
SELECT a.id, a.sha256, a.member, a.missing, m.id
FROM assets AS a LEFT JOIN messages AS m ON m.number = a.message WHERE a.conversation = ?
"""
_NAMES = "SELECT name FROM assets WHERE conversation = ?"
_LOOKED = 4_000
"""Characters of a text that are searched for such a word."""
_INDEXES = {"text": "messages_fts", "hidden_text": "hidden_fts"}


class SqliteReader(Reader):
    """Reads rows; keeps that of each conversation."""

    def __init__(self, archive: CheckedArchive, locate: Locator) -> None:
        super().__init__(archive, locate)
        self._file = next((path for path in archive.found if path.endswith(".sqlite")), "")
        if self._file:
            self._open()
        self.places = self.listed("places", Table[int], self._list)

    def _open(self) -> None:
        where = f"file:{quote(str((self.archive.root / self._file).absolute()))}?mode=ro"
        self._base = self.open_files.enter_context(closing(sqlite3.connect(where, uri=True)))
        try:
            self._base.row_factory = sqlite3.Row
            # Nothing else in the file may run.
            self._base.execute("PRAGMA trusted_schema = OFF")
        except sqlite3.DatabaseError as error:
            self.unreadable.append((self._file, f"cannot be read ({error})"))

    def _list(self, places: Table[int]) -> None:
        """Note the number of each conversation."""
        if not self._file:
            return
        try:
            with closing(self._base.execute(_CONVERSATIONS)) as rows:
                for key, number in rows:
                    if isinstance(key, str):
                        places[key] = number
        except sqlite3.DatabaseError as error:
            self.unreadable.append((self._file, f"cannot be read ({error})"))

    def check(self, key: str, source: SourceConversation) -> list[Lack] | None:
        """Return what the archive lacks of a conversation; None if it does not have it at all."""
        return super().check(self.spelled(key), source)

    def compare(self, key: str, place: int, source: SourceConversation) -> list[Lack]:
        """Return what the rows below that of a conversation lack."""
        where = f"{self._file}, conversation {key}"
        try:
            head = self._base.execute(_HEAD, (place,)).fetchone()
            return [(where, sentence) for sentence in self._lacks(head, source)]
        except (sqlite3.DatabaseError, TypeError) as error:
            return [(where, f"cannot be read ({error})")]

    @staticmethod
    def spelled(text: str) -> str:
        """Return an id as SQLite holds it."""
        return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")

    def _lacks(self, head: sqlite3.Row, source: SourceConversation) -> Iterator[str]:
        # A later export may hold more.
        later = changed_since(head["updated"], source.raw)
        if not later:
            title = self.look.essence(str(head["title"] or ""))
            if source.title is not None and self.look.find(essence(source.title), title) < 0:
                yield "the title is different"
            yield from filter(None, [misdated(source.dates, dict(head))])
        if _unfound(self._base, "conversations_fts", head["title"], head["number"]):
            yield "a search does not find its title"
        seen = source.seen(every_branch=self.every_branch, reasoning=self.reasoning)
        self.messages += len(seen.current) + len(seen.others)
        rows = list(self._base.execute(_MESSAGES, (head["number"],)))
        texts: dict[str, tuple[str, str]] = {}
        for row in rows:
            before = texts.get(row["id"], ("", ""))  # ids that SQLite cannot hold may become alike
            texts[row["id"]] = (f"{before[0]}\n{row['text']}", f"{before[1]}\n{row['hidden_text']}")
        names = [name for (name,) in self._base.execute(_NAMES, (head["number"],)) if name]
        for shown in [*seen.current, *seen.others]:
            yield from self._lost(shown, source, texts, names, later=later)
        for words in seen.anywhere:
            columns = ["\n".join(column) for column in zip(*texts.values(), strict=True)]
            gone = self.gone(words, columns, columns)
            if gone:
                yield f"a document or report is incomplete: “{gone}”"
        yield from self._order(source, rows, kept=bool(later or head["gone"] or self.several))
        yield from self._files(source, head["number"])
        for row in rows:
            for column, index in _INDEXES.items():
                if _unfound(self._base, index, row[column], row["number"]):
                    yield f"a search does not find message {row['id']}"

    def _order(
        self, source: SourceConversation, rows: list[sqlite3.Row], *, kept: bool
    ) -> Iterator[str]:
        """Compare the author, time and place of each message with those of the export.

        `kept`: whether the archive holds more of the conversation than this export.
        """
        by_name: dict[str, list[str]] = {}
        for key in source.answers:
            by_name.setdefault(self.spelled(key), []).append(key)
        path = set(source.path)
        counted = Counter(row["id"] for row in rows)
        nearest = source.nearest({row["id"]: row["answered"] for row in rows})
        for row in rows:
            name = row["id"]
            alike = by_name.get(name, [])
            if not alike:
                shown = row["hidden"] is None and row["recipient"] is None
                said = row["role"] in ("user", "assistant") and shown
                if not kept and said and row["text"].strip():
                    yield f"message {name} is not in the export"
            elif counted[name] > len(alike):
                yield f"the archive has message {name} twice"
            elif len(alike) == 1:
                [key] = alike
                yield from self.misattributed(
                    source, key, row["role"], row["created"], nearest[name]
                )
                if source.opens_at and not kept and bool(row["current"]) != (key in path):
                    yield f"message {name} is marked as another version of the conversation"
            if row["answered_number"] is not None and row["answered_number"] >= row["number"]:
                yield f"message {name} comes before the one that it answers"

    def _files(self, source: SourceConversation, number: int) -> Iterator[str]:
        """Compare the files that it names with those of the export."""
        if self.archive.redacted:
            return
        for file, digest, member, missing, shower in self._base.execute(_FILES, (number,)):
            name = str(file)
            yield from self.misdescribed(name, bool(missing or member is None), digest)
            if self.locate.member_of(name) is None or name.startswith("sandbox:"):
                continue
            own = shower not in source.answers or source.names(shower, name.partition("#")[0])
            if not own and name not in source.library_files | source.files(shower):
                yield f"message {shower} shows a file that is not its own: {name}"

    def _lost(
        self,
        shown: ShownMessage,
        source: SourceConversation,
        texts: dict[str, tuple[str, str]],
        names: list[str],
        *,
        later: bool,
    ) -> Iterator[str]:
        """Look for the words of a message. Those of one part are in order in each column."""
        name = self.spelled(shown.id)
        if name not in texts:
            if shown.words.segments or shown.words.phrases:
                yield f"message {name} is missing"
            return
        text = texts[name][0]
        if shown.plain and all(own in text for own in shown.texts):
            compared = not (self.archive.redacted or later)
            if compared and _adds(shown, text, names, goes_on=self.others):
                yield f"message {name} shows more than its own words"
            return
        before = self.look.marks
        # Of several exports, what one of them alone says of a message is in the hidden text.
        columns = [text] if shown.spoken and not self.several else list(texts[name])
        gone = self.gone(shown.words, columns, columns)
        self.redacted += self.look.marks > before
        if gone is not None:
            yield f"message {name} is incomplete: “{gone}”"
        if "](" in text and not self.archive.redacted:
            for address in dict.fromkeys(_LINK.findall(text)):
                linked = key_of_address(address)
                others = (later or self.others) and not source.leads(linked)
                if not (others or source.gives(shown.id, linked)):
                    yield f"message {name} leads to an address that is not its own: {address}"


def _adds(shown: ShownMessage, text: str, names: Iterable[str], *, goes_on: bool) -> bool:
    """Tell whether a column holds words that a plain message has not, but for names of files.

    `names`: those of the files of the conversation, each of which may follow the words. `goes_on`:
    whether the message may go on, since another export has more of it.
    """
    own, held = essence("".join(map(mended, shown.texts))), essence(text)
    if held == own or (goes_on and held.startswith(own)):
        return False
    rest = held.replace(own, "", 1)
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(essence(name), "")
    return rest != ""


def _unfound(base: sqlite3.Connection, index: str, text: Any, number: int) -> bool:
    """Tell whether an index does not find a text by its longest plain word."""
    words = _WORD.findall(text[:_LOOKED]) if isinstance(text, str) else []
    if not words:
        return False
    wanted = f'"{max(words, key=len)}"'
    query = f"SELECT 1 FROM {index} WHERE {index} MATCH ? AND rowid = ?"
    return base.execute(query, (wanted, number)).fetchone() is None
