"""Keep the list of an archive's files, and read and write it as `.gptexit/manifest.jsonl`.

The lines lie in the user's folder, which somebody else may have sent: a line that no run of ours
would have written is left out."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
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
RECORDED = "recorded"
"""The key, for any file, of its own time as we left it, in nanoseconds: it tells a file that a
power cut damaged from one that was changed."""
ACCEPTED = "accepted"
"""The key of the SHA-256 of a file that the user changed and said to be theirs (`verify`)."""
REMEMBERED = (
    *("updated", "messages", "digest", "held", "form", "writer"),
    *("front", "body", "own", ACCEPTED, RECORDED),
    *("number", "listed"),
)
"""The keys of what the next run has to know, each in a column of its own."""

_NAMELESS = "untitled"
"""The readable part of a path whose words have no letter or number."""
_NAMED = ("conversation/", "asset/", "member/")
"""Kinds of keys whose files the catalog names, in a folder: files at the top have fixed names.
Only the user puts a note there."""
_LARGEST = 2**63 - 1
"""Bytes of a file at most, as SQLite takes the number."""
_LONGEST = 64 << 20
"""Bytes of a line at most: it tells of each message of a conversation in twenty."""
_SIMPLE = re.compile(r"[A-Za-z0-9 .:;!?()/-]*")
_ALPHANUMERIC = re.compile("[a-z0-9]+")


@dataclass(slots=True)
class Entry:
    """One file of an archive. The fields are the keys of a line in the manifest, in order."""

    key: str
    path: str
    sha256: str = ""
    """Of the bytes that were written last."""
    size: int = 0
    about: About = field(default_factory=dict)


_ABOUT = (*INDEXED, *REMEMBERED)
# Rows are long and keys come in no order: a table in the order of its keys would rewrite a page of
# long rows for each new file. In this one, what is new comes last, and only the indexes are mixed.
_TABLES = f"""
CREATE TABLE entry (
    key TEXT UNIQUE, path TEXT, folded TEXT UNIQUE, sha256 TEXT, size INTEGER,
    {" TEXT, ".join(_ABOUT)} TEXT
);
CREATE TABLE earlier (path TEXT, sha256 TEXT, PRIMARY KEY (path, sha256)) WITHOUT ROWID;
CREATE TABLE replaced AS SELECT * FROM entry;
CREATE TABLE taken_back (
    path TEXT, folded TEXT, sha256 TEXT, PRIMARY KEY (path, sha256)
) WITHOUT ROWID;
CREATE TABLE saved (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TRIGGER keep BEFORE UPDATE OF sha256 ON entry
    WHEN old.sha256 <> '' AND old.sha256 <> new.sha256
    BEGIN
        INSERT INTO earlier SELECT old.path, old.sha256 WHERE NOT EXISTS
            (SELECT 1 FROM earlier WHERE path = old.path AND sha256 = old.sha256);
    END;
"""
_SELECT = f"SELECT {', '.join(('key, path, sha256, size', *_ABOUT))} FROM entry WHERE"
_ALL = ", ".join("?" * (5 + len(_ABOUT)))
_PUT = (
    f"INSERT INTO entry VALUES ({_ALL}) ON CONFLICT (key) DO UPDATE SET "
    "sha256 = excluded.sha256, size = excluded.size, "
    + ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in _ABOUT)
)


class Catalog:
    """The entries of an archive."""

    @cached_property
    def _base(self) -> sqlite3.Connection:
        return scratch_database(_TABLES)

    def add(self, entry: Entry) -> None:
        """Take in an entry of an earlier run, in place of one of the same key.

        Where that has another path, the user moved the file, with bytes of ours. Where it has
        another text, a run was killed, and the file may still have the earlier one.
        """
        key = encodable(entry.key)
        self._base.execute(
            "INSERT INTO replaced SELECT * FROM entry WHERE key = ? AND sha256 NOT IN ('', ?)",
            (key, entry.sha256),
        )
        self._base.execute(
            "UPDATE OR IGNORE earlier SET path = ?1 WHERE path IN "
            "(SELECT path FROM entry WHERE key = ?2 AND path <> ?1)",
            (entry.path, key),
        )
        self._base.execute(
            "INSERT OR IGNORE INTO earlier VALUES (?, ?)", (entry.path, entry.sha256)
        )
        self._base.execute(f"INSERT OR REPLACE INTO entry VALUES ({_ALL})", _row(entry))

    def replaced(self, key: str) -> Iterator[Entry]:
        """Yield the earlier entries of a file that a run which was killed was about to replace."""
        query = _SELECT.replace("FROM entry", "FROM replaced")
        yield from map(_entry, self._base.execute(f"{query} key = ?", (encodable(key),)))

    def set_time(self, path: str, recorded: str) -> None:
        """Take in the time of a file of an earlier run."""
        self._base.execute(
            "UPDATE entry SET recorded = ? WHERE folded = ? AND path = ?",
            (recorded, _folded(path), path),
        )

    def name(self, key: str, folder: str, words: str, mark: str = "", ending: str = "") -> str:
        """Return the path of `key`: the one that it has, else a new and free one.

        `words` become the readable part; `mark` is added to it as it is. Two names are the same if
        a system without case, or with another Unicode normalization, takes them for the same.
        """
        path = new_path(folder, words, mark, ending)
        # Most names are new and free, so that is tried before `key` is looked for.
        if self._reserve(key, path):
            return path
        known = self._base.execute(
            "SELECT path FROM entry WHERE key = ?", (encodable(key),)
        ).fetchone()
        if known:
            return str(known[0])
        stem = _stem(words, mark)
        short = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
        for tail in ("-" + short[:8], "-" + short):
            path = f"{folder}/{portable(stem + tail)}{ending}"
            if self._reserve(key, path):
                break
        return path

    def _reserve(self, key: str, path: str) -> bool:
        cursor = self._base.execute(
            "INSERT OR IGNORE INTO entry (key, path, folded, sha256, size) VALUES (?, ?, ?, '', 0)",
            (encodable(key), path, _folded(path)),
        )
        return cursor.rowcount > 0

    def get(self, key: str) -> Entry | None:
        """Return the entry of `key`."""
        row = self._base.execute(f"{_SELECT} key = ?", (encodable(key),)).fetchone()
        return _entry(row) if row else None

    def files(self) -> Iterator[tuple[str, str, str, int, str | None]]:
        """Yield key, path, SHA-256, size and time of each file that was written, by path."""
        yield from self._base.execute(
            "SELECT key, path, sha256, size, recorded FROM entry WHERE sha256 <> '' ORDER BY path"
        )

    def times(self) -> Iterator[tuple[str, str]]:
        """Yield path and time of each file that was written and has a time, by path."""
        yield from self._base.execute(
            "SELECT path, recorded FROM entry WHERE sha256 <> '' AND recorded <> '' ORDER BY path"
        )

    def at(self, path: str) -> tuple[str, str] | None:
        """Return key and path of the file at a path, or at one that some systems take for it."""
        row = self._base.execute(
            "SELECT key, path FROM entry WHERE folded = ?", (_folded(path),)
        ).fetchone()
        return (str(row[0]), str(row[1])) if row else None

    def move(self, places: Mapping[str, str]) -> None:
        """Give keys other paths, such as the user gave their files. Two may change places.

        An entry at one of the paths whose own file is nowhere is taken out.
        """
        for aside in (True, False):
            for number, (key, path) in enumerate(places.items()):
                # No path of ours has a NUL, so those that are set aside are in nobody's way.
                to = f"{number}\0" if aside else path
                (was,) = self._base.execute(
                    "SELECT path FROM entry WHERE key = ?", (key,)
                ).fetchone()
                if not aside:
                    self._base.execute("DELETE FROM entry WHERE folded = ?", (_folded(path),))
                self._base.execute(
                    "UPDATE OR IGNORE earlier SET path = ? WHERE path = ?", (to, was)
                )
                self._base.execute(
                    "UPDATE entry SET path = ?, folded = ? WHERE key = ?", (to, _folded(to), key)
                )

    def put(self, entry: Entry) -> None:
        """Record what a file now holds. An entry without `about` keeps the one that it has."""
        self._base.execute(_PUT, _row(entry))

    def forget(self, key: str) -> None:
        """Take an entry out: its file is no longer part of the archive."""
        self._base.execute("DELETE FROM entry WHERE key = ?", (encodable(key),))

    def take_back(self, saved: Iterable[str], noted: Iterable[Entry]) -> None:
        """Take out every entry but those of the keys `saved`; their files stay known as ours.

        `noted`: entries of such files that the catalog may have no more.
        """
        keys = ((encodable(key),) for key in saved)
        self._base.executemany("INSERT OR IGNORE INTO saved VALUES (?)", keys)
        others = "FROM entry WHERE key NOT IN (SELECT key FROM saved)"
        files = f"INSERT OR IGNORE INTO taken_back SELECT path, folded, sha256 {others}"
        self._base.execute(f"{files} AND sha256 <> ''")
        self._base.execute(f"DELETE {others}")
        self._base.executemany(
            "INSERT OR IGNORE INTO taken_back SELECT ?2, ?3, ?4 "
            "WHERE ?1 NOT IN (SELECT key FROM saved)",
            (_row(entry)[:4] for entry in noted),
        )
        self._base.execute("INSERT OR IGNORE INTO earlier SELECT path, sha256 FROM taken_back")

    def left_over(self) -> Iterator[str]:
        """Yield the paths of the files that were taken back and that no entry has got since."""
        query = (
            "SELECT DISTINCT path FROM taken_back WHERE folded NOT IN (SELECT folded FROM entry)"
        )
        for (path,) in self._base.execute(query):
            yield path

    def is_ours(self, path: str, sha256: str) -> bool:
        """Tell whether a run of ours gave the file these bytes."""
        cursor = self._base.execute(
            "SELECT 1 FROM entry WHERE folded = ?3 AND path = ?1 AND sha256 = ?2 "
            "UNION ALL SELECT 1 FROM earlier WHERE path = ?1 AND sha256 = ?2",
            (path, sha256, _folded(path)),
        )
        return cursor.fetchone() is not None

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries whose files were written, by path."""
        return self._where("sha256 <> ''", "path")

    def _where(self, condition: str, order: str) -> Iterator[Entry]:
        yield from map(_entry, self._base.execute(f"{_SELECT} {condition} ORDER BY {order}"))

    def last_number(self) -> int:
        """Return the highest number of a conversation, 0 if none has one."""
        query = "SELECT max(CAST(number AS INTEGER)) FROM entry WHERE length(number) < 9"
        return int(self._base.execute(query).fetchone()[0] or 0)

    @property
    def is_empty(self) -> bool:
        """True if the catalog has no entry."""
        return self._base.execute("SELECT 1 FROM entry LIMIT 1").fetchone() is None

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return int(self._base.execute("SELECT coalesce(sum(size), 0) FROM entry").fetchone()[0])

    def has_note(self, beginning: str) -> bool:
        """Tell whether a note of a conversation has a path with that beginning."""
        cursor = self._base.execute(
            "SELECT 1 FROM entry WHERE key LIKE 'conversation/%' AND path LIKE '%.md' "
            "AND substr(path, 1, ?) = ? LIMIT 1",
            (len(beginning), beginning),
        )
        return cursor.fetchone() is not None

    def older(self) -> Iterator[Entry]:
        """Yield the notes beside others, with what only older exports hold, by path."""
        return self._where("key LIKE 'older%' AND sha256 <> ''", "path")

    def beginning(self, *keys: str) -> Iterator[Entry]:
        """Yield the files whose keys begin with one of `keys`, by path."""
        found = " OR ".join(f"key LIKE '{key}%'" for key in keys)
        return self._where(f"({found}) AND sha256 <> ''", "path")

    def others(self) -> Iterator[Entry]:
        """Yield the files that no conversation led to, by path."""
        return self._where("key LIKE 'member/%'", "path")

    def conversations(
        self, *, by_project: bool = False, called: Callable[[str], str] | None = None
    ) -> Iterator[Entry]:
        """Yield the notes of conversations, the newest first.

        `by_project`: only those of projects, project by project, in the order of the ids or of what
        `called` returns for an id.
        """
        order = "created IS NULL, created DESC, path DESC"
        where = "key LIKE 'conversation/%'"
        if by_project:
            where, order = f"{where} AND project IS NOT NULL", f"project, {order}"
            if called:
                self._base.create_function("called", 1, called, deterministic=True)
                order = f"called(project), {order}"
        return self._where(where, order)


def _row(entry: Entry) -> tuple[object, ...]:
    path = entry.path
    fixed = (encodable(entry.key), path, _folded(path), entry.sha256, entry.size)
    return *fixed, *map(entry.about.get, _ABOUT)


def _entry(row: tuple[Any, ...]) -> Entry:
    key, path, sha256, size, *values = row
    about = dict(zip(INDEXED, values, strict=False)) if values[0] else {}
    for name, value in zip(REMEMBERED, values[len(INDEXED) :], strict=True):
        if value is not None:
            about[name] = value
    return Entry(key, path, sha256, size, about)


def portable(name: str) -> str:
    """Change a name that `readable` made if it is a device of Windows; none of these has a `-`."""
    return name if "-" in name else str(sanitize_filename(name, platform="universal"))


def new_path(folder: str, words: str, mark: str = "", ending: str = "") -> str:
    """Return the path that `Catalog.name` gives a new key if nothing else has it."""
    return f"{folder}/{portable(_stem(words, mark))}{ending}"


def _stem(words: str, mark: str) -> str:
    return "-".join(filter(None, (readable(words), mark))) or _NAMELESS


def readable(words: str) -> str:
    """Make words a part of a file name: lower case, in their own script, without punctuation."""
    slug = _slug(words[:1000])
    if len(slug) > LONGEST:
        longest = max(map(len, slug.split("-")))
        # At the end of a word, unless that leaves out a word which is most of the title.
        by_words = longest <= LONGEST // 2
        slug = smart_truncate(slug, LONGEST, word_boundary=by_words, separator="-")
    while len(slug.encode()) > LONGEST_BYTES:
        slug = slug[:-1]
    return slug.strip("-_")


def _slug(words: str) -> str:
    """Return what `slugify` makes of `words`, with a shortcut for plain letters and signs."""
    if _SIMPLE.fullmatch(words):
        return "-".join(_ALPHANUMERIC.findall(words.lower()))
    slug: str = slugify(words, allow_unicode=True)
    return slug


def short_mark(key: str) -> str:
    """Return four hex digits that tell `key` from others of the same name."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:4]


def _folded(path: str) -> str:
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFKC", path).casefold()


def line_of(entry: Entry) -> bytes:
    """Return the line of an entry in the manifest, the same whenever the file was written."""
    about = {name: value for name, value in entry.about.items() if name != RECORDED}
    return journal_line(replace(entry, about=about))


def journal_line(entry: Entry) -> bytes:
    """Return the line of an entry in a journal, with its file's time."""
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)


def time_line(path: str, recorded: str) -> bytes:
    """Return the line of a file in the list of times."""
    return orjson.dumps([path, recorded], option=orjson.OPT_APPEND_NEWLINE)


def times(path: Path) -> Iterator[tuple[str, str]]:
    """Yield path and time of each line of a list of times; skip a line that is not ours."""
    for line in _lines(path):
        try:
            name, time = orjson.loads(line)
        except (ValueError, TypeError):
            continue
        if isinstance(name, str) and isinstance(time, str):
            yield name, time


def entries(path: Path) -> Iterator[Entry]:
    """Yield the entries of a manifest or journal; skip a line that was cut or is not ours."""
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


def _is_sound(entry: Entry) -> bool:
    return (
        all(isinstance(word, str) for word in (entry.key, entry.path, entry.sha256))
        and isinstance(entry.size, int)
        and 0 <= entry.size <= _LARGEST
        and isinstance(entry.about, dict)
        and all(value is None or isinstance(value, str) for value in entry.about.values())
        and not leads_out(entry.path)
        and ("/" in entry.path or not entry.key.startswith(_NAMED) or _is_note(entry))
    )


def _is_note(entry: Entry) -> bool:
    path = entry.path.casefold()
    return entry.key.startswith(_NAMED[0]) and path.endswith(".md") and path != "index.md"
