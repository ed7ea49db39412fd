"""An SQLite archive, read back by plain SQL."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote

from gptexit.verify.compare import essence, key_of_address
from gptexit.verify.expected import Said, Seen
from gptexit.verify.folder import Archive
from gptexit.verify.later import changed_since
from gptexit.verify.locate import Locator
from gptexit.verify.marks import Look
from gptexit.verify.reader import Reader
from gptexit.verify.told import Told
from gptexit.verify.words import Words

_LINK = re.compile(r"\]\(<?(https?://[^\s<>()\\]+)")
_TEXTS = """
SELECT id, text, hidden_text FROM messages
WHERE conversation = (SELECT number FROM conversations WHERE id = ?) ORDER BY number
"""


class Rows(Reader):
    """The rows of an archive by conversation; held are ids."""

    def __init__(self, archive: Archive, locate: Locator) -> None:
        super().__init__()
        self._current_only = archive.option("branches") == "current"
        self._redacted = archive.redacted
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

    def expects(self, told: Told) -> Seen:
        """What a person saw of a conversation and its rows have to hold."""
        return told.seen(every_branch=not self._current_only, reasoning=True)

    def check(self, key: str, told: Told) -> list[tuple[str, str]] | None:
        """File and sentence for each thing that the rows lack; None where there are none."""
        key = _kept(key)
        if key not in self._titles:
            return None
        where = f"{self._file}, conversation {key}"
        there = self._look.essence(self._titles[key] or "")
        lacks: list[tuple[str, str]] = []
        other = told.title is not None and self._look.find(essence(told.title), there, 0) < 0
        if other and not changed_since(self._updated[key], told.raw):
            lacks.append((where, "the title is another"))
        seen = self.expects(told)
        self.messages += len(seen.current) + len(seen.others)
        try:
            texts: dict[str, tuple[str, str]] = {}
            for name, text, hidden in self._base.execute(_TEXTS, (key,)):
                before = texts.get(name, ("", ""))  # ids that SQLite cannot hold may become alike
                texts[name] = (f"{before[0]}\n{text}", f"{before[1]}\n{hidden}")
        except sqlite3.DatabaseError as error:
            return [*lacks, (where, f"cannot be read ({error})")]
        for said in [*seen.current, *seen.others]:
            lacks += [(where, sentence) for sentence in self._lack(said, told, texts)]
        if seen.anywhere:
            columns = ["\n".join(column) for column in zip(*texts.values(), strict=True)]
            for words in seen.anywhere:
                gone = self._gone(words, columns)
                if gone:
                    lacks.append((where, f"a document or report is not there in full: “{gone}”"))
        return lacks

    def _lack(self, said: Said, told: Told, texts: dict[str, tuple[str, str]]) -> Iterator[str]:
        """What the rows lack of a message. The parts of one stand in order in each column."""
        known = _kept(said.id)
        if known not in texts:
            if said.words.segments or said.words.phrases:
                yield f"message {known} is missing"
            return
        if said.plain and all(text in texts[known][0] for text in said.texts):
            return
        before = self._look.marks
        gone = self._gone(said.words, list(texts[known]))
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


def _kept(text: str) -> str:
    """Return an id as SQLite holds it."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
