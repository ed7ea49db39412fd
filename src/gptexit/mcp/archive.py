"""The archive that is served: opened when asked, and again when another takes its place."""

from __future__ import annotations

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from gptexit.errors import ArchiveUnreadable, NoLibrary
from gptexit.library import Library, open_library
from gptexit.library.results import Remembered
from gptexit.memories.collect import MOST, Collector
from gptexit.memories.extract import KEY
from gptexit.memories.model import Memory
from gptexit.model import Conversation

T = TypeVar("T")
_BUSY = "The archive is being written right now; ask again in a moment."
_BROKEN = "The archive cannot be read. It may be damaged, or half written; convert it again."


class Archive:
    """One archive, for one question at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._library: Library | None = None
        self._file: tuple[int, int] | None = None
        self._memory: tuple[tuple[int, ...], Memory] | None = None
        self._lock = threading.Lock()

    def ask(self, question: Callable[[Archive, Library], T]) -> T:
        """The answer to a question. Raises Unreadable, and what the question raises."""
        with self._lock:
            try:
                return question(self, self._opened())
            except NoLibrary as error:
                raise ArchiveUnreadable(str(error)) from error
            except sqlite3.OperationalError as error:
                busy = "locked" in str(error) or "busy" in str(error)
                raise ArchiveUnreadable(_BUSY if busy else _BROKEN) from error
            except sqlite3.DatabaseError as error:
                self._close()
                raise ArchiveUnreadable(_BROKEN) from error

    def memory(self, library: Library) -> Memory:
        """What ChatGPT remembered, put together; once for each state of the file."""
        found = self._path.stat()
        state = (found.st_ino, found.st_mtime_ns, found.st_size)
        if self._memory is None or self._memory[0] != state:
            self._memory = state, memory_of(library)
        return self._memory[1]

    def _opened(self) -> Library:
        """The library of the file that is there now. Raises NoLibrary, DatabaseError."""
        file = self._identity()
        if self._library is None or file != self._file:
            self._close()
            self._library = open_library(self._path)
            self._file = file
        return self._library

    def _identity(self) -> tuple[int, int] | None:
        """Which file it is; a conversion that goes on in the same file is seen by SQLite itself."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _close(self) -> None:
        if self._library is not None:
            self._library.close()
        self._library = None


_PAGE = 1_000


def memory_of(library: Library) -> Memory:
    """What notes, snapshots and citations of the archive come to; the first MOST of them."""
    collector = Collector()
    for rows in _by_conversation(library).values():
        collector.add(_conversation(rows))
    return collector.memory()


def _by_conversation(library: Library) -> dict[str, list[Remembered]]:
    found: dict[str, list[Remembered]] = defaultdict(list)
    for offset in range(0, MOST, _PAGE):
        rows = library.memories(_PAGE, offset)
        for row in rows:
            found[row.conversation].append(row)
        if len(rows) < _PAGE:
            break
    return found


def _conversation(rows: list[Remembered]) -> Conversation:
    """A conversation as far as the collector looks at it: a message for each note."""
    messages: list[dict[str, Any]] = [
        {
            "id": str(number),
            "created": row.written,
            **_told(row),
        }
        for number, row in enumerate(rows)
    ]
    made = {
        "id": rows[0].conversation,
        "title": rows[0].title,
        "created": None,
        "source": {"nodes": "fat"},
        "messages": messages,
    }
    return cast(Conversation, made)


def _told(row: Remembered) -> dict[str, Any]:
    """Return the keys of a message that tell of a memory: parts, or the sources of an answer."""
    if row.cited:
        citation = {"conversation_context_type": "user_memory", "snippet": row.text}
        return {"parts": [], "extra": {"metadata": {KEY: [{"citation": citation}]}}}
    return {
        "parts": [{"type": "memory", "text": row.text, "snapshot": row.snapshot}],
        "extra": {},
    }
