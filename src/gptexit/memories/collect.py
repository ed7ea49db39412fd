"""Collects what the conversations of an export tell of the memory, in whatever order they come.

What waits lies in a temporary SQLite file, so memory does not grow with the export. What is put
together in the end is bounded: the newest notes and snapshots, as far as the numbers here go,
which are hundreds of times what ChatGPT keeps, and the last versions of custom instructions; how
many more there were is counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson

from gptexit.files.scratch import scratch_database
from gptexit.memories.extract import citations, instructions, listed, noted, snapshots
from gptexit.memories.model import Memory, Origin, Version
from gptexit.memories.resolve import Settler
from gptexit.model import Conversation
from gptexit.text.json import encodable

MOST = 50_000
"""Notes that are put together, and entries of snapshots."""
MOST_CHARACTERS = 64_000_000
"""Characters of their text, for each of the two."""
MOST_VERSIONS = 1_000
"""Versions of custom instructions: more than one for each day of two years."""

_TABLES = """
CREATE TABLE note (place TEXT PRIMARY KEY, title TEXT, message TEXT, time TEXT, text TEXT)
    WITHOUT ROWID;
CREATE TABLE cited (
    place TEXT PRIMARY KEY, title TEXT, message TEXT, time TEXT, text TEXT, memory_id TEXT,
    deleted INTEGER, digest BLOB
) WITHOUT ROWID;
CREATE TABLE snapshot (digest BLOB PRIMARY KEY, first TEXT, last TEXT, text TEXT) WITHOUT ROWID;
CREATE TABLE version (digest BLOB PRIMARY KEY, first TEXT, last TEXT, about TEXT, response TEXT)
    WITHOUT ROWID;
"""
_WIDER = (
    "ON CONFLICT (digest) DO UPDATE SET "
    "first = min(first, excluded.first), last = max(last, excluded.last)"
)


class Collector:
    """Takes conversations, and gives the memory that is in them."""

    def __init__(self) -> None:
        self._base = scratch_database(_TABLES)
        self._conversations = 0
        self._slim = 0

    def add(self, conversation: Conversation) -> None:
        """Take in what one conversation tells; it is not changed."""
        self._conversations += 1
        # One without messages has the form of none.
        slim = conversation["messages"] and conversation["source"]["nodes"] == "slim"
        self._slim += bool(slim)
        for place, note in enumerate(noted(conversation)):
            self._base.execute(
                "INSERT OR REPLACE INTO note VALUES (?, ?, ?, ?, ?)",
                _safe(_place(note, place), note.title, note.message, note.time, note.text),
            )
        for place, citation in enumerate(citations(conversation)):
            memory_id, text = _safe(citation.memory_id, citation.text)
            self._base.execute(
                "INSERT OR REPLACE INTO cited VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    _place(citation, place),
                    *_safe(citation.title, citation.message, citation.time),
                    *(text, memory_id, citation.deleted, _digest(memory_id, text)),
                ),
            )
        for place, snapshot in enumerate(snapshots(conversation)):
            where = _place(snapshot, place, snapshot.title, snapshot.message, snapshot.time)
            self._base.execute(
                f"INSERT INTO snapshot VALUES (?, ?, ?, ?) {_WIDER}",
                (_digest(snapshot.text), where, where, *_safe(snapshot.text)),
            )
        for place, (about, response, origin) in enumerate(instructions(conversation)):
            where = _place(origin, place, origin.title, origin.message, origin.time)
            self._base.execute(
                f"INSERT INTO version VALUES (?, ?, ?, ?, ?) {_WIDER}",
                (_digest(about, response), where, where, *_safe(about, response)),
            )

    def memory(self, own_list: Sequence[Origin] = ()) -> Memory:
        """What has come so far, put together with ChatGPT's `own_list` where there is one."""
        notes, left_out = self._notes()
        seen, latest, more = self._seen()
        cited, repeats = self._cited()
        memory = Settler(notes, seen, latest, own_list, cited).memory()
        memory.versions, older = self._versions()
        memory.conversations, memory.slim = self._conversations, self._slim
        memory.left_out = left_out + more + older + repeats
        memory.without_words = self._without_words()
        return memory

    def _notes(self) -> tuple[list[Origin], int]:
        """The newest, the oldest of them first, and how many older ones there are."""
        rows = self._base.execute("SELECT * FROM note ORDER BY place DESC")
        notes: list[Origin] = []
        left_out = size = 0
        for place, title, message, time, text in rows:
            size += len(text)
            if left_out or len(notes) == MOST or size > MOST_CHARACTERS:
                left_out += 1
                continue
            conversation = orjson.loads(place)[1]
            notes.append(Origin(time, conversation, title, message, "written", text))
        notes.reverse()
        return notes, left_out

    def _cited(self) -> tuple[list[Origin], int]:
        """Return the memories that answers cite, the oldest citation first, and how many are left
        out. Where there are too many, the later citations of each memory go first."""
        rows = self._base.execute(
            "SELECT place, title, message, time, text, memory_id, deleted, "
            "row_number() OVER (PARTITION BY digest ORDER BY place) AS nth "
            "FROM cited WHERE text <> '' ORDER BY nth, place"
        )
        texts: dict[str, str] = {}
        """Each text once: a memory may be cited in thousands of chats."""
        found: list[tuple[str, Origin]] = []
        left_out = size = 0
        for place, title, message, time, text, memory_id, deleted, _ in rows:
            size += 0 if text in texts else len(text)
            if left_out or len(found) == MOST or size > MOST_CHARACTERS:
                left_out += 1
                continue
            words = texts.setdefault(text, text)
            conversation = orjson.loads(place)[1]
            origin = Origin(time, conversation, title, message, "cited", words)
            found.append((place, replace(origin, memory_id=memory_id, deleted=bool(deleted))))
        found.sort(key=lambda item: item[0])
        return [origin for _, origin in found], left_out

    def _without_words(self) -> int:
        """Return how many memories are cited by their ids alone, in every answer that does."""
        (number,) = self._base.execute(
            "SELECT count(*) FROM (SELECT memory_id FROM cited WHERE memory_id IS NOT NULL "
            "GROUP BY memory_id HAVING max(text) = '')"
        ).fetchone()
        return int(number)

    def _seen(self) -> tuple[list[Origin], Origin | None, int]:
        """Each entry of a snapshot, from its first to its last; the latest snapshot; and how many
        entries of older ones are left out."""
        latest: Origin | None = None
        seen: dict[tuple[str | None, str], tuple[str, str]] = {}
        left_out = size = 0
        for first, last, text in self._snapshots():
            latest = latest or _at(last, text)
            for entry in listed(text):
                if entry in seen:
                    seen[entry] = min(first, seen[entry][0]), max(last, seen[entry][1])
                elif len(seen) == MOST or size + len(entry[1]) > MOST_CHARACTERS:
                    left_out += 1
                else:
                    size += len(entry[1])
                    seen[entry] = first, last
        found = [
            _at(first, text, saved=saved, until=_at(last, "").time)
            for (saved, text), (first, last) in seen.items()
        ]
        return found, latest, left_out

    def _snapshots(self) -> Iterator[tuple[str, str, str]]:
        """Distinct ones, the latest first."""
        yield from self._base.execute(
            "SELECT first, last, text FROM snapshot ORDER BY last DESC, first DESC, digest"
        )

    def _versions(self) -> tuple[list[Version], int]:
        """The last of them, the very last first, and how many older ones there are."""
        rows = self._base.execute(
            "SELECT about, response, first, last FROM version "
            f"ORDER BY last DESC, first DESC, digest LIMIT {MOST_VERSIONS}"
        )
        versions = [
            Version(about, response, _at(first, "", how="written"), _at(last, "", how="written"))
            for about, response, first, last in rows
        ]
        (number,) = self._base.execute("SELECT count(*) FROM version").fetchone()
        return versions, number - len(versions)


def _place(origin: Origin, number: int, *rest: str | None) -> str:
    """Where words stand, as text that sorts by time, whatever order the conversations come in.

    A time loses its `Z`, so that half a second more sorts later.
    """
    time = (origin.time or "").removesuffix("Z")
    return orjson.dumps(_safe(time, origin.conversation, f"{number:09}", *rest)).decode()


def _at(place: str, text: str, how: Any = "snapshot", **rest: Any) -> Origin:
    _, conversation, _, title, message, time = orjson.loads(place)
    return Origin(time, conversation, title, message, how, text, **rest)


def _digest(*texts: str | None) -> bytes:
    return hashlib.sha256(repr(texts).encode("utf-8", "replace")).digest()


def _safe(*texts: str | None) -> list[str | None]:
    """Half of a surrogate pair has no bytes that SQLite could keep."""
    return [text and encodable(text) for text in texts]
