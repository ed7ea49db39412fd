"""An SQLite archive, read back by plain SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from urllib.parse import quote

from gptexit.verify.claims import Raw, Said, said
from gptexit.verify.compare import essence, missing
from gptexit.verify.folder import Archive
from gptexit.verify.later import changed_since
from gptexit.verify.marks import Look
from gptexit.verify.reader import Reader

_TEXTS = """
SELECT id, text, hidden_text FROM messages
WHERE conversation = (SELECT number FROM conversations WHERE id = ?) ORDER BY number
"""


class Rows(Reader):
    """The rows of an archive by conversation; held are ids."""

    def __init__(self, archive: Archive, locate: Callable[[str], str | None]) -> None:
        super().__init__()
        self._current_only = archive.option("branches") == "current"
        self._look = Look(archive.redacted)
        self._file = next((each for each in archive.found if each.endswith(".sqlite")), "")
        self._place = archive.root / self._file
        self._titles: dict[str, str | None] = {}
        self._updated: dict[str, str | None] = {}
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
            query = "SELECT id, title, updated FROM conversations"
            with closing(self._base.execute(query)) as rows:
                for key, title, updated in rows:
                    self._titles[key], self._updated[key] = title, updated
        except sqlite3.DatabaseError as error:
            self.unreadable.append((self._file, f"cannot be read ({error})"))

    def ids(self) -> set[str]:
        """The conversations that there are rows of."""
        return set(self._titles)

    def check(self, key: str, raw: Raw) -> list[tuple[str, str]] | None:
        """File and sentence for each thing that the rows lack; None where there are none."""
        key = key.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
        if key not in self._titles:
            return None
        where = f"{self._file}, conversation {key}"
        title, there = raw.get("title"), self._look.essence(self._titles[key] or "")
        lacks: list[tuple[str, str]] = []
        other = isinstance(title, str) and self._look.find(essence(title), there, 0) < 0
        if other and not changed_since(self._updated[key], raw):
            lacks.append((where, "the title is another"))
        current, others = said(raw, every_branch=not self._current_only, reasoning=True)
        self.messages += len(current) + len(others)
        try:
            texts = {row[0]: row[1:] for row in self._base.execute(_TEXTS, (key,))}
        except sqlite3.DatabaseError as error:
            return [*lacks, (where, f"cannot be read ({error})")]
        for each in current + others:
            sentence = self._lack(each, texts)
            if sentence:
                lacks.append((where, sentence))
        return lacks

    def _lack(self, each: Said, texts: dict[str, tuple[str, str]]) -> str | None:
        """What the rows lack of a message. The parts of one stand in order in each column."""
        known = each.id.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
        if known not in texts:
            return f"message {known} is missing" if each.words else None
        columns = [self._look.essence(text) for text in texts[known]]
        before = self._look.marks
        gone = [
            word
            for word in each.words
            if all(missing([word], column, 0, self._look.find)[0] for column in columns)
        ]
        self.redacted += self._look.marks > before
        return f"message {known} is not there in full" if gone else None
