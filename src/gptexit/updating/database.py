"""Write a database into an archive: a file's bytes are the rows of one conversation.

A copy under another name is changed, and then takes the database's place: a killed run leaves the
old file, and a reader who has it open goes on reading it. If no conversation changed, the file is
not touched. The copy has the tables and views that a person has added.

The rows that come are joined with those that the database holds (see `united`). They hold texts and
no raw conversation. So the tree is merged as several exports are (see `readers.chatgpt.merge`), and
of two texts of one message the fuller counts; if each has words that the other lacks, the later one
counts, and the other is appended to the message's hidden text.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, cast

import orjson

from gptexit.archive.files import File, Outcome
from gptexit.archive.folder import ArchiveFolder, FolderSink, beside, beside_key, sha256_of
from gptexit.archive.manifest import Entry
from gptexit.chatgpt.tree import build
from gptexit.errors import OtherArchive
from gptexit.files.disk import CHUNK, digest_of, open_new, open_plain, sync
from gptexit.readers.chatgpt.merge.conversation import merge, moment
from gptexit.sqlite import (
    ASSET,
    CONVERSATION,
    INSTRUCTION,
    MEMORY,
    MESSAGE,
    NAME,
    PLACES,
    VERSION,
    Rows,
    need_full_text,
    version_of,
)
from gptexit.sqlite.database import DatabaseWriter, digest_in
from gptexit.text.json import dumps

_KEY = "database"
_HEADER = 100
"""Bytes of the header of a SQLite file."""
_SIDE_FILES = ("-wal", "-journal")
"""Endings of the files that SQLite keeps beside a database while it is written to."""
_NAMES = ("place", "parent", *MESSAGE.split(", "))
_ID, _PARENT = _NAMES.index("id"), _NAMES.index("parent")
_CURRENT = _NAMES.index("current")
_MAY_LACK = [_NAMES.index(name) for name in ("name", "recipient", "created", "model", "feedback")]
"""Columns that a slim export may leave empty."""
_TEXT, _HIDDEN = _NAMES.index("text"), _NAMES.index("hidden_text")
_OWN = CONVERSATION.split(", ")
_UPDATED, _SHOWN, _TITLE = _OWN.index("updated"), _OWN.index("messages"), _OWN.index("title")
_ASSET_ID, _MISSING = 1, -1
_LEAST, _GROWTH = 170_000, 1.5
"""The bytes of a database without conversations, and of one for each byte of rows, about."""
_ANY = "0" * 64
"""The SHA-256 of a database that is not written."""
_WORDS = re.compile(r"\w+")
_MARKER = re.compile("[\ue200-\ue2ff][^\ue201\n]*\ue201?")
"""A marker of ChatGPT's that an earlier gptexit may have left in a text; see docs/format.md."""


def stored(base: sqlite3.Connection, key: str) -> Rows | None:
    """Return the rows of a conversation, by its id, if the database has them."""
    query = f"SELECT number, {CONVERSATION} FROM conversations WHERE id = ?"
    row = base.execute(query, (key,)).fetchone()
    if row is None:
        return None
    number, *conversation = row
    first = number * PLACES
    messages = base.execute(
        f"SELECT number - ?, parent - ?, {MESSAGE} FROM messages "
        "WHERE number BETWEEN ? AND ? ORDER BY number",
        (first, first, first, first + PLACES - 1),
    )

    def of(table: str, columns: str) -> list[list[object]]:
        query = f"SELECT message - ?, {columns} FROM {table} WHERE conversation = ? ORDER BY rowid"
        return [list(row) for row in base.execute(query, (first, number))]

    def named(table: str, name: str | None) -> list[object] | None:
        row = base.execute(f"SELECT id, name FROM {table} WHERE id = ?", (name,)).fetchone()
        return list(row) if row else None

    models = base.execute(
        "SELECT model FROM conversation_models WHERE conversation = ? ORDER BY model", (number,)
    )
    return {
        "conversation": conversation,
        "project": named("projects", conversation[_OWN.index("project")]),
        "gpt": named("gpts", conversation[_OWN.index("gpt")]),
        "models": [model for (model,) in models],
        "messages": [list(row) for row in messages],
        "assets": of("assets", ASSET),
        "memories": of("memories", MEMORY),
        "instructions": of("instructions", INSTRUCTION),
    }


class DatabaseSink(FolderSink):
    """The sink for one database. Raises NoFullText if SQLite cannot write it."""

    def __init__(
        self,
        folder: ArchiveFolder,
        without_secrets: Callable[[str], str] | None = None,
        *,
        older: bool = False,
    ) -> None:
        """`without_secrets` takes secrets out of a text; None if the database holds none.

        `older`: True if the database has a newer export than the one that is converted.
        """
        need_full_text()
        super().__init__(folder)
        self._without_secrets = without_secrets
        self._older = older
        self._writer: DatabaseWriter | None = None
        self._there: sqlite3.Connection | None = None
        self._where: Path | None = None
        self._part = ""

    def put(self, file: File) -> Outcome:
        """Write a conversation unless the database has it; a file without bytes ends the run."""
        if file.path != NAME:
            return self.folder.put(file)
        place = self._where or self._find(file.path)
        if not file.data:
            return self._end(place, file)
        key = file.key.partition("/")[2]
        known = digest_in(self._there, key) if self._there else None
        self._take(key, file.data, known, sha256_of(file.data))
        return "part"

    def _take(self, key: str, data: bytes, known: str | None, digest: str) -> None:
        """Write the rows of a conversation; `known`: the digest of those in the database."""
        if self._there and known not in (None, digest):
            data = self._united(self._there, key, data)
            digest = sha256_of(data)
        if known != digest:
            self._open().put(data, digest)

    def _united(self, there: sqlite3.Connection, key: str, data: bytes) -> bytes:
        """Return the rows that come, with what only the database holds of the conversation."""
        earlier = stored(there, key)
        if earlier is None:
            return data
        if self._without_secrets:
            earlier = without(earlier, self._without_secrets)
        incoming = cast(Rows, orjson.loads(data))
        rows = united(earlier, incoming, redacts=self.folder.redacts, older=self._older)
        if rows is incoming:
            return data
        self.folder.tally.merged += 1
        return dumps(rows)

    def discard(self) -> None:
        """Give up what was written."""
        if self._writer:
            self._writer.discard()
        if self._there:
            self._there.close()
        super().discard()

    def _find(self, path: str) -> Path:
        """Return the place of the database: beside a file of its name if that is not ours."""
        for number in count():
            name = beside(path, number) if number else path
            key = beside_key(_KEY, number) if number else _KEY
            place = Path(self.folder.places.inside(name))
            if not os.path.lexists(place) or self.folder.heals(key, name, _is_cut):
                break
            self._there = _opened(place)
            if self._there:
                break
        self._where = place
        return place

    def _open(self) -> DatabaseWriter:
        if self._writer is None:
            self._part = self.folder.places.new_part()
            self._writer = DatabaseWriter(Path(self._part), self._there)
        return self._writer

    def _end(self, place: Path, file: File) -> Outcome:
        changed = self._writer is not None or self._there is None
        if changed:
            self._open().finish()
            self._writer = None
        if self._there:
            self._there.close()
            self._there = None
        if changed:
            _quiet(place)
            self._keep_theirs(place)
        path, key = place.name, file.key
        if path != file.path:
            self.folder.edited.append(file.path)
            self.folder.tally.new_texts[file.path] = path
            number = next(tail for tail in count(1) if beside(file.path, tail) == path)
            key = beside_key(file.key, number)
        self.folder.keep(path, key)
        known = self.folder.catalog.get(key)
        if not changed and known and known.sha256:
            return "unchanged"
        written = Path(self._part) if changed else place
        entry = Entry(key, path, digest_of(written), written.stat().st_size)
        if not changed:
            self.catalog.put(entry)
            return "unchanged"
        sync(written)
        self.folder.place_now(self._part, str(place), entry)
        return "written"

    def _keep_theirs(self, place: Path) -> None:
        """Keep a database that a person has changed, beside the one that takes its place."""
        if not place.is_file() or self.folder.is_ours(place.name, digest_of(place)):
            return
        if place.name in self.folder.tally.healed:
            return
        for number in count(1):
            yours = place.with_name(beside(place.name, number, "yours"))
            with suppress(FileExistsError), open_new(yours) as out, open_plain(place) as source:
                shutil.copyfileobj(source, out, CHUNK)
                os.fsync(out.fileno())
                break
        self.folder.edited.append(place.name)


class DryDatabaseSink(DatabaseSink):
    """The sink of a dry run: finds out whether the database would change, and about its size."""

    _rows = 0
    """Bytes of the rows that would be written."""

    def _take(self, key: str, data: bytes, known: str | None, digest: str) -> None:
        """Count the rows of a conversation that the database does not have so."""
        self._rows += 0 if known == digest else len(data)

    def _end(self, place: Path, file: File) -> Outcome:
        changed = bool(self._rows) or self._there is None
        size = place.stat().st_size if self._there else 0
        if self._there:
            self._there.close()
            self._there = None
        self.folder.keep(place.name, file.key)
        if not changed:
            return "unchanged"
        size += _LEAST + int(self._rows * _GROWTH)
        self.folder.place_now(os.devnull, str(place), Entry(file.key, place.name, _ANY, size))
        return "written"


def _is_cut(path: str) -> bool:
    """Tell whether a file is shorter than its header, as that of SQLite, says, or has none."""
    place = Path(path)
    if not place.is_file():
        return False
    with open_plain(path) as stream:
        header = stream.read(_HEADER)
    if not header.strip(b"\0"):
        return True
    page = int.from_bytes(header[16:18]) or 1
    pages = int.from_bytes(header[28:32])
    whole = (65536 if page == 1 else page) * pages
    return header.startswith(b"SQLite format 3\0") and place.stat().st_size < max(whole, _HEADER)


def _opened(path: Path) -> sqlite3.Connection | None:
    """Open the database of ours at `path` for reading, if there is one."""
    if path.is_symlink() or not path.is_file():
        return None
    base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        version = version_of(base)
        if version == VERSION:
            return base
        if version is not None:
            base.close()
            raise OtherArchive(
                f"{path} was written by another version of gptexit (schema {version}; this one "
                f"writes {VERSION}): write into a new folder, or use the gptexit that wrote it."
            )
    except sqlite3.DatabaseError:
        pass
    base.close()
    return None


def _quiet(path: Path) -> None:
    """Make SQLite remove its side files, which must not meet another database.

    Raises OSError if another program has the database open.
    """
    side_files = [Path(f"{path}{ending}") for ending in _SIDE_FILES]
    if not path.is_file() or not any(file.exists() for file in side_files):
        return
    try:
        base = sqlite3.connect(path, timeout=1)
        base.execute("PRAGMA journal_mode = DELETE")
        base.close()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise OSError(0, "another program is writing to the database; close it", path) from error
    if any(file.exists() for file in side_files):
        raise OSError(0, "another program is writing to the database; close it", str(path))


def united(earlier: Rows, incoming: Rows, *, redacts: bool = False, older: bool = False) -> Rows:
    """Return rows with all of both; `incoming` itself if it holds everything.

    `redacts`: True if secrets were taken out of `incoming` that `earlier` holds: a text that both
    have then comes from `incoming`. `older`: True if `earlier` goes before where both were changed
    at the same time.
    """
    before = {row[_ID]: row for row in earlier["messages"]}
    now = {row[_ID]: row for row in incoming["messages"]}
    both = {key: _row(before.get(key), row, redacts=redacts) for key, row in now.items()}
    now_at, then = (moment(rows["conversation"][_UPDATED]) for rows in (incoming, earlier))
    later = (now_at, not older) >= (then, True)
    covered = before.keys() <= now.keys() and both == now
    if later and covered and not _lacks_more(earlier, incoming):
        return incoming
    pair = (earlier, incoming) if later else (incoming, earlier)
    raw = merge(enumerate(map(_as_raw, pair))).raw
    tree = build(raw["mapping"], Counter())
    branch = _branch(raw.get("current_node"), tree.parent)
    places = {key: place for place, key in enumerate(tree.order, 1)}
    messages = []
    for key, place in places.items():
        row = list(both.get(key) or before[key])
        row[0], row[_PARENT] = place, places.get(tree.parent[key] or "")
        row[_CURRENT] = int(key in branch)
        messages.append(row)
    first, last = pair
    own = [
        value if value is not None else other
        for value, other in zip(last["conversation"], first["conversation"], strict=True)
    ]
    own[-1] = last["conversation"][-1]
    own[_SHOWN] = sum(bool(row[_CURRENT] and row[_TEXT].strip()) for row in messages)
    return {
        "conversation": own,
        "project": last["project"] or first["project"],
        "gpt": last["gpt"] or first["gpt"],
        "models": sorted({*earlier["models"], *incoming["models"]}),
        "messages": messages,
        "assets": _assets(earlier, incoming, places),
        "memories": _beside(earlier, incoming, "memories", places),
        "instructions": _beside(earlier, incoming, "instructions", places),
    }


def without(rows: Rows, redact: Callable[[str], str]) -> Rows:
    """Send the texts of rows through `redact`; ids, times and types stay."""

    def some(row: list[Any], *columns: int) -> list[Any]:
        places = {column % len(row) for column in columns}
        return [
            redact(value) if place in places and isinstance(value, str) else value
            for place, value in enumerate(row)
        ]

    return {
        **rows,
        "conversation": some(rows["conversation"], _TITLE),
        "messages": [some(row, _TEXT, _HIDDEN) for row in rows["messages"]],
        "assets": [some(row, _ASSET_ID + 1) for row in rows["assets"]],
        "memories": [some(row, -1) for row in rows["memories"]],
        "instructions": [some(row, -1, -2) for row in rows["instructions"]],
    }


def _as_raw(rows: Rows) -> dict[str, Any]:
    """Return the tree of a conversation as `merge` takes it."""
    ids = {row[0]: row[_ID] for row in rows["messages"]}
    mapping = {
        row[_ID]: {"id": row[_ID], "parent": ids.get(row[_PARENT]), "message": {"id": row[_ID]}}
        for row in rows["messages"]
    }
    current = [row[_ID] for row in rows["messages"] if row[_CURRENT]]
    return {"mapping": mapping, **({"current_node": current[-1]} if current else {})}


def _branch(key: Any, parents: dict[str, str | None]) -> set[str]:
    branch: set[str] = set()
    while isinstance(key, str) and key in parents and key not in branch:
        branch.add(key)
        key = parents[key]
    return branch


def _row(before: list[Any] | None, now: list[Any], *, redacts: bool) -> list[Any]:
    """Join two rows of a message: the one that comes, and what only the other says."""
    if before is None:
        return now
    row = list(now)
    for column in _MAY_LACK:
        row[column] = now[column] if now[column] is not None else before[column]
    text, hidden = now[_TEXT], now[_HIDDEN]
    if redacts:
        return row
    if text in before[_TEXT] and hidden in before[_HIDDEN]:
        row[_TEXT], row[_HIDDEN] = before[_TEXT], before[_HIDDEN]
        return row
    words = _counted(text + "\n" + hidden)
    left = [text for text in (before[_TEXT], before[_HIDDEN]) if _counted(text) - words]
    row[_HIDDEN] = "\n\n".join(filter(None, [hidden, *left]))
    return row


def _counted(text: str) -> Counter[str]:
    return Counter(_WORDS.findall(_MARKER.sub(" ", text)))


def _lacks_more(earlier: Rows, incoming: Rows) -> bool:
    """Tell whether something beside the messages is only in the database."""
    known = {row[_ASSET_ID] for row in incoming["assets"] if not row[_MISSING]}
    return (
        any(row[_ASSET_ID] not in known for row in earlier["assets"] if not row[_MISSING])
        or bool(_texts_in(earlier["memories"]) - _texts_in(incoming["memories"]))
        or bool(_texts_in(earlier["instructions"]) - _texts_in(incoming["instructions"]))
    )


def _texts_in(table: list[list[Any]]) -> set[tuple[Any, ...]]:
    """Return the rows of a table without the places of the messages."""
    return {tuple(row[1:]) for row in table}


def _moved(rows: Rows, row: list[Any], places: dict[str, int]) -> list[Any]:
    """Return a row with the new place of its message."""
    ids = {message[0]: message[_ID] for message in rows["messages"]} if row[0] is not None else {}
    return [places.get(ids.get(row[0], "")), *row[1:]]


def _assets(earlier: Rows, incoming: Rows, places: dict[str, int]) -> list[list[Any]]:
    assets: dict[Any, list[Any]] = {}
    for rows in (incoming, earlier):
        for row in rows["assets"]:
            known = assets.get(row[_ASSET_ID])
            if known is None or (known[_MISSING] and not row[_MISSING]):
                assets[row[_ASSET_ID]] = _moved(rows, row, places)
    return list(assets.values())


def _beside(earlier: Rows, incoming: Rows, table: str, places: dict[str, int]) -> list[list[Any]]:
    texts: dict[tuple[Any, ...], list[Any]] = {}
    for rows in (incoming, earlier):
        for row in rows[table]:  # type: ignore[literal-required]
            texts.setdefault(tuple(row[1:]), _moved(rows, row, places))
    return sorted(texts.values(), key=lambda row: row[0] or 0)
