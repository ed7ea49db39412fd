"""Collects memories from the conversations of an export, in any order.

They wait in a temporary SQLite file, so that memory does not grow with the export. Resolved in the
end are the newest notes and snapshots, up to bounds that are hundreds of times what ChatGPT keeps,
and the last versions of custom instructions. The number of older ones is counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from gptexit.files.disk import scratch_database
from gptexit.memories.extract import citations, instructions, listed, noted, snapshots
from gptexit.memories.model import Memory, Origin, Version
from gptexit.memories.resolve import MemoryResolver, sortable
from gptexit.model import Conversation
from gptexit.text.json import encodable

MOST = 50_000
"""Notes that are resolved; also entries of snapshots, and citations."""
MOST_CHARACTERS = 64_000_000
"""Characters of their text, for each of the three."""
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
_INSERT = {
    "note": "INSERT OR REPLACE INTO note VALUES (?, ?, ?, ?, ?)",
    "cited": "INSERT OR REPLACE INTO cited VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "snapshot": f"INSERT INTO snapshot VALUES (?, ?, ?, ?) {_WIDER}",
    "version": f"INSERT INTO version VALUES (?, ?, ?, ?, ?) {_WIDER}",
}


Remembered = tuple[int, list[tuple[str, list[Any]]]]
"""The memories of one conversation: 1 if it is slim, and rows, each with the name of its table."""


def remembered(conversation: Conversation) -> Remembered:
    """Return what a conversation, which is not changed, remembers."""
    # One without messages has the form of no export.
    slim = conversation["messages"] and conversation["source"]["nodes"] == "slim"
    rows: list[tuple[str, list[Any]]] = []

    def keep(table: str, *row: Any) -> None:
        rows.append((table, _safe(*row)))

    for number, note in enumerate(noted(conversation)):
        keep("note", _place(note, number), note.title, note.message, note.time, note.text)
    for number, cited in enumerate(citations(conversation)):
        place, key = _place(cited, number), _safe(cited.memory_id, cited.text)
        row = (cited.title, cited.message, cited.time, cited.text, cited.memory_id)
        keep("cited", place, *row, cited.deleted, _digest(*key))
    for number, shot in enumerate(snapshots(conversation)):
        place = _place(shot, number, shot.title, shot.message, shot.time)
        keep("snapshot", _digest(shot.text), place, place, shot.text)
    for number, (about, response, origin) in enumerate(instructions(conversation)):
        place = _place(origin, number, origin.title, origin.message, origin.time)
        keep("version", _digest(about, response), place, place, about, response)
    return bool(slim), rows


class Collector:
    """Takes conversations, and returns the memory that is in them."""

    def __init__(self) -> None:
        self._base = scratch_database(_TABLES)
        self._conversations = 0
        self._slim = 0

    def add(self, conversation: Conversation) -> None:
        """Collect from one conversation, which is not changed."""
        self.take(remembered(conversation))

    def take(self, found: Remembered) -> None:
        """Collect what `remembered` returned for a conversation."""
        slim, rows = found
        self._conversations += 1
        self._slim += slim
        for table, row in rows:
            self._base.execute(_INSERT[table], row)

    def memory(self, own_list: Sequence[Origin] = ()) -> Memory:
        """Resolve what was collected so far, and ChatGPT's `own_list`."""
        notes, left_out = self._notes()
        seen, latest, more = self._seen()
        cited, repeats = self._cited()
        memory = MemoryResolver().memory(notes, seen, latest, own_list, cited)
        memory.versions, older = self._versions()
        memory.conversations, memory.slim = self._conversations, self._slim
        memory.left_out = left_out + more + older + repeats
        # Memories that all answers cite by their ids alone.
        ((memory.without_words,),) = self._base.execute(
            "SELECT count(*) FROM (SELECT memory_id FROM cited WHERE memory_id IS NOT NULL "
            "GROUP BY memory_id HAVING max(text) = '')"
        )
        return memory

    def _notes(self) -> tuple[list[Origin], int]:
        """Return the newest notes, the oldest of them first, and the number of older ones."""
        rows = self._base.execute("SELECT * FROM note ORDER BY place DESC")
        notes: list[Origin] = []
        left_out = size = 0
        for place, title, message, time, text in rows:
            size += len(text)
            if left_out or len(notes) == MOST or size > MOST_CHARACTERS:
                left_out += 1
                continue
            notes.append(Origin(time, orjson.loads(place)[1], title, message, "written", text))
        notes.reverse()
        return notes, left_out

    def _cited(self) -> tuple[list[Origin], int]:
        """Return the citations, the oldest first, and how many are left out."""
        # Of too many, the later citations of each memory are left out.
        rows = self._base.execute(
            "SELECT place, title, message, time, text, memory_id, deleted, "
            "row_number() OVER (PARTITION BY digest ORDER BY place) AS nth "
            "FROM cited WHERE text <> '' ORDER BY nth, place"
        )
        texts: dict[str, str] = {}
        """Each text once: a memory may be cited in thousands of chats."""
        found: dict[str, Origin] = {}
        left_out = size = 0
        for place, title, message, time, text, memory_id, deleted, _ in rows:
            size += 0 if text in texts else len(text)
            if left_out or len(found) == MOST or size > MOST_CHARACTERS:
                left_out += 1
                continue
            words = texts.setdefault(text, text)
            origin = Origin(time, orjson.loads(place)[1], title, message, "cited", words)
            found[place] = replace(origin, memory_id=memory_id, deleted=bool(deleted))
        return [found[place] for place in sorted(found)], left_out

    def _seen(self) -> tuple[list[Origin], Origin | None, int]:
        """Return the entries of snapshots, the latest snapshot, and how many are left out."""
        latest: Origin | None = None
        seen: dict[tuple[str | None, str], tuple[str, str]] = {}
        left_out = size = 0
        for first, last, text in self._base.execute(
            "SELECT first, last, text FROM snapshot ORDER BY last DESC, first DESC, digest"
        ):
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

    def _versions(self) -> tuple[list[Version], int]:
        """Return the newest custom instructions, the last first, and the number of older ones."""
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
    """Return the place of a text, the `number`-th of a conversation, as JSON that sorts by time."""
    place = _safe(sortable(origin.time), origin.conversation, f"{number:09}", *rest)
    return orjson.dumps(place).decode()


def _at(place: str, text: str, how: Any = "snapshot", **rest: Any) -> Origin:
    """Return the origin of a text that is at a place with title, message and time."""
    _, conversation, _, title, message, time = orjson.loads(place)
    return Origin(time, conversation, title, message, how, text, **rest)


def _digest(*texts: str | None) -> bytes:
    return hashlib.sha256(repr(texts).encode("utf-8", "replace")).digest()


def _safe(*values: Any) -> list[Any]:
    """Replace lone surrogates in strings: SQLite cannot keep them."""
    return [encodable(value) if isinstance(value, str) else value for value in values]
