"""The files of an archive: which there are, and the lines of `.gptexit/manifest.jsonl` that say so.

The lines lie in the user's folder, which somebody else may have sent: a line that no run of ours
would have written is left out."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
from pathvalidate import sanitize_filename
from slugify import slugify, smart_truncate

from gptexit.files.disk import leads_out, open_plain, scratch_database
from gptexit.text.json import encodable

LONGEST = 80
"""Characters of the readable part of a file name."""
LONGEST_BYTES = 160
"""Bytes of it: file systems allow 255 for a whole name, and a mark and an ending are added."""

About = dict[str, str | None]
"""For a conversation: what an index says of it (`title`, `created` as RFC 3339, `project`), and
what the next run has to know of its note; see `note_contents`."""
INDEXED = ("title", "created", "project")
REMEMBERED = ("updated", "messages", "digest", "held", "form", "writer", "recorded")
"""The keys of the second, each in a column of its own. `recorded`, of any file: its own time as we
left it, in nanoseconds, by which a file that a power cut damaged is told from one that was changed.
"""


@dataclass(slots=True)
class Entry:
    """One file of an archive."""

    key: str
    path: str
    sha256: str = ""
    """Of the bytes that were written last."""
    size: int = 0
    about: About = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The entry as the manifest has it."""
        return {
            "key": self.key,
            "path": self.path,
            "sha256": self.sha256,
            "size": self.size,
            "about": self.about,
        }


_TABLES = """
CREATE TABLE entry (
    key TEXT PRIMARY KEY, path TEXT, folded TEXT UNIQUE, sha256 TEXT, size INTEGER,
    title TEXT, created TEXT, project TEXT,
    updated TEXT, messages TEXT, digest TEXT, held TEXT, form TEXT, writer TEXT,
    recorded TEXT
) WITHOUT ROWID;
CREATE INDEX by_path ON entry (path);
CREATE TABLE earlier (path TEXT, sha256 TEXT, PRIMARY KEY (path, sha256)) WITHOUT ROWID;
CREATE TRIGGER keep BEFORE UPDATE OF sha256 ON entry
    WHEN old.sha256 <> '' AND old.sha256 <> new.sha256
    BEGIN
        INSERT INTO earlier SELECT old.path, old.sha256 WHERE NOT EXISTS
            (SELECT 1 FROM earlier WHERE path = old.path AND sha256 = old.sha256);
    END;
"""
_ABOUT = (*INDEXED, *REMEMBERED)
_COLUMNS = ", ".join(("key, path, sha256, size", *_ABOUT))
_ALL = ", ".join("?" * (5 + len(_ABOUT)))
_PUT = (
    f"INSERT INTO entry VALUES ({_ALL}) ON CONFLICT (key) DO UPDATE SET "
    "sha256 = excluded.sha256, size = excluded.size, "
    + ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in _ABOUT)
)


_NAMELESS = "untitled"
"""The readable part of a path whose words have no letter or number."""


class Catalog:
    """The entries of an archive."""

    @cached_property
    def _base(self) -> sqlite3.Connection:
        return scratch_database(_TABLES)

    def add(self, entry: Entry) -> None:
        """Take in an entry of an earlier run, in place of one of the same key."""
        self._base.execute(
            "INSERT OR IGNORE INTO earlier VALUES (?, ?)", (entry.path, entry.sha256)
        )
        about = entry.about if isinstance(entry.about, dict) else {}
        self._base.execute(
            f"INSERT OR REPLACE INTO entry VALUES ({_ALL})",
            (
                *(entry.key, entry.path, _folded(entry.path), entry.sha256, entry.size),
                *map(about.get, _ABOUT),
            ),
        )

    def set_time(self, path: str, recorded: str) -> None:
        """Take in the time of a file of an earlier run."""
        self._base.execute("UPDATE entry SET recorded = ? WHERE path = ?", (recorded, path))

    def name(self, key: str, folder: str, words: str, mark: str = "", ending: str = "") -> str:
        """The path of what `key` stands for: the one it has, else a new and free one.

        `words` become the readable part; `mark` is added to it, as is, where it is not empty.
        Two names count as the same where a system without case or with another Unicode
        normalization would take them for the same.
        """
        stem = "-".join(filter(None, (readable(words), mark))) or _NAMELESS
        path = f"{folder}/{_allowed(stem)}{ending}"
        # Most names are new and free, so that is tried before `key` is looked for.
        if self._reserve(key, path):
            return path
        known = self._base.execute(
            "SELECT path FROM entry WHERE key = ?", (encodable(key),)
        ).fetchone()
        if known:
            return str(known[0])
        short = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
        for tail in ("-" + short[:8], "-" + short):
            path = f"{folder}/{_allowed(stem + tail)}{ending}"
            if self._reserve(key, path):
                break
        return path

    def _reserve(self, key: str, path: str) -> bool:
        done = self._base.execute(
            "INSERT OR IGNORE INTO entry (key, path, folded, sha256, size) VALUES (?, ?, ?, '', 0)",
            (encodable(key), path, _folded(path)),
        )
        return done.rowcount > 0

    def get(self, key: str) -> Entry | None:
        """The entry of `key`."""
        row = self._base.execute(
            f"SELECT {_COLUMNS} FROM entry WHERE key = ?", (encodable(key),)
        ).fetchone()
        return _entry(row) if row else None

    def put(self, entry: Entry) -> None:
        """Note what a file now holds. An entry without `about` keeps the one that it has."""
        about = entry.about
        self._base.execute(
            _PUT,
            (
                *(encodable(entry.key), entry.path, _folded(entry.path), entry.sha256, entry.size),
                *map(about.get, _ABOUT),
            ),
        )

    def forget(self, key: str) -> None:
        """Take an entry out: its file is no longer part of the archive."""
        self._base.execute("DELETE FROM entry WHERE key = ?", (encodable(key),))

    def is_ours(self, path: str, sha256: str) -> bool:
        """Whether a run of ours gave the file these bytes."""
        found = self._base.execute(
            "SELECT 1 FROM entry WHERE path = ?1 AND sha256 = ?2 "
            "UNION ALL SELECT 1 FROM earlier WHERE path = ?1 AND sha256 = ?2",
            (path, sha256),
        )
        return found.fetchone() is not None

    def __iter__(self) -> Iterator[Entry]:
        """The entries whose files were written, by path."""
        query = f"SELECT {_COLUMNS} FROM entry WHERE sha256 <> '' ORDER BY path"
        yield from map(_entry, self._base.execute(query))

    @property
    def is_empty(self) -> bool:
        """Whether there is no entry."""
        return self._base.execute("SELECT 1 FROM entry LIMIT 1").fetchone() is None

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return int(self._base.execute("SELECT coalesce(sum(size), 0) FROM entry").fetchone()[0])

    def has_note(self, beginning: str) -> bool:
        """Tell whether a note of a conversation has a path with that beginning."""
        found = self._base.execute(
            "SELECT 1 FROM entry WHERE key LIKE 'conversation/%' AND path LIKE '%.md' "
            "AND substr(path, 1, ?) = ? LIMIT 1",
            (len(beginning), beginning),
        )
        return found.fetchone() is not None

    def older(self) -> Iterator[Entry]:
        """The notes that stand beside others, with what only older exports hold, by path."""
        where = "key LIKE 'older%' AND sha256 <> ''"
        query = f"SELECT {_COLUMNS} FROM entry WHERE {where} ORDER BY path"
        yield from map(_entry, self._base.execute(query))

    def others(self) -> Iterator[Entry]:
        """The files that no conversation led to, by path."""
        query = f"SELECT {_COLUMNS} FROM entry WHERE key LIKE 'member/%' ORDER BY path"
        yield from map(_entry, self._base.execute(query))

    def conversations(
        self, *, by_project: bool = False, called: Callable[[str], str] | None = None
    ) -> Iterator[Entry]:
        """The notes of conversations, the newest first; `by_project`: those of projects alone.

        `called`: what projects are in the order of, by their ids; else they are in that of ids.
        """
        order = "created IS NULL, created DESC, path DESC"
        where = "key LIKE 'conversation/%'"
        if by_project:
            where, order = f"{where} AND project IS NOT NULL", f"project, {order}"
            if called:
                self._base.create_function("called", 1, called, deterministic=True)
                order = f"called(project), {order}"
        query = f"SELECT {_COLUMNS} FROM entry WHERE {where} ORDER BY {order}"
        yield from map(_entry, self._base.execute(query))


def _entry(row: tuple[Any, ...]) -> Entry:
    key, path, sha256, size, *values = row
    about = dict(zip(INDEXED, values, strict=False)) if values[0] else {}
    for name, value in zip(REMEMBERED, values[len(INDEXED) :], strict=True):
        if value is not None:
            about[name] = value
    return Entry(key, path, sha256, size, about)


def _allowed(stem: str) -> str:
    """`stem`, changed where it is a device of Windows; none of these has a hyphen in its name."""
    return stem if "-" in stem else str(sanitize_filename(stem, platform="universal"))


def folder_name(words: str) -> str:
    """Return `words`, which `readable` made, as the name of a folder that every system takes."""
    return _allowed(words)


def readable(words: str) -> str:
    """`words` as a part of a file name: lower case, in their own script, without punctuation."""
    slug = _slug(words[:1000])
    if len(slug) > LONGEST:
        longest = max(map(len, slug.split("-")))
        # At the end of a word, unless that leaves out a word which is most of the title.
        by_words = longest <= LONGEST // 2
        slug = smart_truncate(slug, LONGEST, word_boundary=by_words, separator="-")
    while len(slug.encode()) > LONGEST_BYTES:
        slug = slug[:-1]
    return slug.strip("-_")


_SIMPLE = re.compile(r"[A-Za-z0-9 .:;!?()/-]*")
_ALPHANUMERIC = re.compile("[a-z0-9]+")


def _slug(words: str) -> str:
    """Return what `slugify` makes of `words`; of letters and signs that need no more, at once."""
    if _SIMPLE.fullmatch(words):
        return "-".join(_ALPHANUMERIC.findall(words.lower()))
    slug: str = slugify(words, allow_unicode=True)
    return slug


def short_mark(key: str) -> str:
    """Four hex digits that tell `key` from others of the same name."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:4]


def _folded(path: str) -> str:
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFKC", path).casefold()


RECORDED = "recorded"
"""The key, in what is known of a file, of its time as we left it, in nanoseconds."""
_LARGEST = 2**63 - 1
"""Bytes of a file at most, as SQLite takes the number."""
_LONGEST = 64 << 20
"""Bytes of a line at most: it tells of each message of a conversation in twenty."""


def line_of(entry: Entry) -> bytes:
    """The line of an entry in the manifest, the same whenever the file was written."""
    about = {name: value for name, value in entry.about.items() if name != RECORDED}
    return orjson.dumps({**entry.as_json(), "about": about}, option=orjson.OPT_APPEND_NEWLINE)


def journal_line(entry: Entry) -> bytes:
    """The line of an entry in a journal, with its file's time."""
    return orjson.dumps(entry.as_json(), option=orjson.OPT_APPEND_NEWLINE)


def time_line(entry: Entry) -> bytes:
    """The line of an entry in the list of times; empty where its time is not known."""
    own = entry.about.get(RECORDED)
    return orjson.dumps([entry.path, own], option=orjson.OPT_APPEND_NEWLINE) if own else b""


def times(path: Path) -> Iterator[tuple[str, str]]:
    """Yield path and time of each line of a list of times; what is none of ours is left out."""
    for line in _lines(path):
        try:
            name, own = orjson.loads(line)
        except (ValueError, TypeError):
            continue
        if isinstance(name, str) and isinstance(own, str):
            yield name, own


def entries(path: Path) -> Iterator[Entry]:
    """The entries of a manifest or journal; a line that was cut or is not ours is left out."""
    for line in _lines(path):
        try:
            entry = Entry(**orjson.loads(line))
        except (orjson.JSONDecodeError, TypeError):
            continue
        if _is_sound(entry):
            yield entry


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, none if there is no file. Raises OSError.

    A line that is longer than any of ours comes in pieces.
    """
    try:
        stream = open_plain(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    with stream:
        while line := stream.readline(_LONGEST):
            yield line


_NAMED = ("conversation/", "asset/", "member/")
"""Kinds of keys whose files have names that the catalog gave them: in a folder, never at the top,
where the files stand that have one name always."""


def _is_sound(entry: Entry) -> bool:
    words = (entry.key, entry.path, entry.sha256)
    return (
        all(isinstance(word, str) for word in words)
        and isinstance(entry.size, int)
        and 0 <= entry.size <= _LARGEST
        and isinstance(entry.about, dict)
        and all(value is None or isinstance(value, str) for value in entry.about.values())
        and not leads_out(entry.path)
        and ("/" in entry.path or not entry.key.startswith(_NAMED))
    )
