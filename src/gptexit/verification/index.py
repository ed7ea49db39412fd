"""Keep what is known of an archive in a file, so that memory does not grow with the archive.

An `Index` is a database in a temporary file without a name, which ends with this process, however
that ends. Its tables look like dictionaries. Workers read a copy of it: a file in a folder that
nobody but this user can open. It is deleted as soon as they are done, or by them if this process is
killed.
"""

from __future__ import annotations

import errno
import marshal
import os
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast, overload

from gptexit.files.disk import scratch_database

CACHE = 1_000
"""KiB of the file that are in memory, at most."""
_KNOWN_WORDS = 4_096
"""Words of which a process remembers whether an index has them."""
V = TypeVar("V")
D = TypeVar("D")


class Keys(Protocol):
    """Ids that can be asked for and listed, such as those of a table."""

    def __contains__(self, key: str, /) -> bool:
        """Tell whether an id is one of them."""

    def __iter__(self) -> Iterator[str]:
        """Yield each."""


class Index:
    """Tables in a temporary file. Raises OSError wherever that cannot be read or written."""

    def __init__(self) -> None:
        self._base = scratch_database("", CACHE)
        self._tables = 0
        self._copy: Path | None = None
        self._end = weakref.finalize(self, self._base.close)

    def close(self) -> None:
        """Close the file, and thereby delete it."""
        self._end()

    def new(self, *, unique: bool) -> str:
        """Make a table; return its name. `unique`: whether each key has one value alone."""
        self._tables += 1
        name = f"t{self._tables}"
        self.ask(f"CREATE TABLE {name} (number INTEGER PRIMARY KEY, key BLOB, value BLOB)")
        self.ask(f"CREATE {'UNIQUE' if unique else ''} INDEX {name}_key ON {name} (key)")
        return name

    def ask(self, sql: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Run a statement."""
        try:
            return self._base.execute(sql, values)
        except sqlite3.Error as error:
            raise _as_os_error(error) from error

    @contextmanager
    def copied(self) -> Iterator[None]:
        """Keep a copy in a file, as long as other processes may read it: those that unpickle it."""
        folder = Path(tempfile.mkdtemp(prefix="gptexit-"))
        self._copy = folder / "index"
        try:
            os.close(os.open(self._copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            try:
                self._base.execute("COMMIT")
                with closing(sqlite3.connect(self._copy)) as copy:
                    copy.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
                    self._base.backup(copy)
                self._base.execute("BEGIN")
            except sqlite3.Error as error:
                raise _as_os_error(error) from error
            yield
        finally:
            self._copy = None
            shutil.rmtree(folder, ignore_errors=True)

    def __reduce__(self) -> tuple[Callable[[Path], Index], tuple[Path | None]]:
        """Open the copy where this is unpickled."""
        return _opened, (self._copy,)

    def remove_copy(self) -> None:
        """Delete the copy, in a process that outlived the one which made it."""
        if self._copy is not None:
            self.close()  # where open files cannot be deleted
            shutil.rmtree(self._copy.parent, ignore_errors=True)


def _opened(copy: Path) -> Index:
    """Return the index in a copy, to be read alone."""
    index = Index.__new__(Index)
    index._copy = copy
    where = f"{copy.as_uri()}?mode=ro&immutable=1"
    index._base = sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False)
    index._base.execute(f"PRAGMA cache_size = -{CACHE}")
    index._end = weakref.finalize(index, index._base.close)
    return index


def _as_os_error(error: sqlite3.Error) -> OSError:
    full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return OSError(errno.ENOSPC if full else errno.EIO, str(error), tempfile.gettempdir())


def _key(text: str) -> bytes:
    """Return a text as a table has it: one that SQLite cannot hold otherwise is a key as well."""
    return text.encode("utf-8", "surrogatepass")


def _text(key: bytes) -> str:
    return key.decode("utf-8", "surrogatepass")


class Table(Generic[V]):
    """A dictionary from texts to what `marshal` writes, in the order in which keys were added."""

    def __init__(self, index: Index) -> None:
        self._open(index, index.new(unique=True), filled=False)

    def _open(self, index: Index, name: str, *, filled: bool) -> None:
        self._index, self._name = index, name
        self._filled = filled
        """Whether it may have a key: most tables never have any, and need not be asked."""
        self._get = f"SELECT value FROM {name} WHERE key = ?"
        self._put = (
            f"INSERT INTO {name} (key, value) VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        )

    def __getstate__(self) -> tuple[Index, str, bool]:
        """Return what another process needs to read it."""
        return self._index, self._name, self._filled

    def __setstate__(self, state: tuple[Index, str, bool]) -> None:
        """Open it in another process."""
        index, name, filled = state
        self._open(index, name, filled=filled)

    @overload
    def get(self, key: str, /) -> V | None: ...

    @overload
    def get(self, key: str, default: D, /) -> V | D: ...

    def get(self, key: str, default: Any = None, /) -> Any:
        """Return the value of a key, or `default`."""
        value = self._value(key)
        return default if value is None else marshal.loads(value)

    def _value(self, key: str) -> bytes | None:
        """Return what `marshal` wrote of the value of a key, if it has one."""
        if not self._filled:
            return None
        row = self._index.ask(self._get, (_key(key),)).fetchone()
        return None if row is None else cast(bytes, row[0])

    def __getitem__(self, key: str) -> V:
        """Return the value of a key. Raises KeyError."""
        value = self._value(key)
        if value is None:
            raise KeyError(key)
        return cast(V, marshal.loads(value))

    def __setitem__(self, key: str, value: V) -> None:
        """Set the value of a key."""
        self._index.ask(self._put, (_key(key), marshal.dumps(cast(Any, value))))
        self._filled = True

    def __delitem__(self, key: str) -> None:
        """Remove a key."""
        self._index.ask(f"DELETE FROM {self._name} WHERE key = ?", (_key(key),))

    def __contains__(self, key: str, /) -> bool:
        """Tell whether it has a key."""
        return self._value(key) is not None

    def __len__(self) -> int:
        """Return the number of keys."""
        return int(self._index.ask(f"SELECT count(*) FROM {self._name}").fetchone()[0])

    def __bool__(self) -> bool:
        """Tell whether it has a key."""
        return self._filled and len(self) > 0

    def __iter__(self) -> Iterator[str]:
        """Yield each key."""
        yield from (key for key, _ in self.items())

    def values(self) -> Iterator[V]:
        """Yield each value."""
        yield from (value for _, value in self.items())

    def items(self) -> Iterator[tuple[str, V]]:
        """Yield each key with its value."""
        rows = self._index.ask(f"SELECT key, value FROM {self._name} ORDER BY number")
        yield from ((_text(key), marshal.loads(value)) for key, value in rows)


class Groups(Generic[V]):
    """Lists of what `marshal` writes, each under a text."""

    def __init__(self, index: Index) -> None:
        self._open(index, index.new(unique=False), filled=False)

    def _open(self, index: Index, name: str, *, filled: bool) -> None:
        self._index, self._name, self._filled = index, name, filled
        self._get = f"SELECT value FROM {name} WHERE key = ? ORDER BY number"
        self._put = f"INSERT INTO {name} (key, value) VALUES (?, ?)"

    def __getstate__(self) -> tuple[Index, str, bool]:
        """Return what another process needs to read it."""
        return self._index, self._name, self._filled

    def __setstate__(self, state: tuple[Index, str, bool]) -> None:
        """Open it in another process."""
        index, name, filled = state
        self._open(index, name, filled=filled)

    def add(self, key: str, value: V) -> None:
        """Add a value to the list of a key."""
        self._index.ask(self._put, (_key(key), marshal.dumps(cast(Any, value))))
        self._filled = True

    def get(self, key: str) -> list[V] | None:
        """Return the list of a key; None if it has none."""
        if not self._filled:
            return None
        return [
            marshal.loads(value) for (value,) in self._index.ask(self._get, (_key(key),))
        ] or None

    def first(self, key: str) -> V | None:
        """Return the first value in the list of a key; None if it has none."""
        row = self._index.ask(self._get, (_key(key),)).fetchone() if self._filled else None
        return None if row is None else cast(V, marshal.loads(row[0]))

    def __contains__(self, key: str, /) -> bool:
        """Tell whether it has a key."""
        return self.first(key) is not None

    def __iter__(self) -> Iterator[str]:
        """Yield each key once, in the order in which they were added."""
        name = self._name
        rows = self._index.ask(
            f"SELECT key FROM {name} AS one WHERE number = (SELECT number FROM {name} "
            "WHERE key = one.key ORDER BY number LIMIT 1) ORDER BY number"
        )
        yield from (_text(key) for (key,) in rows)

    def values(self) -> Iterator[V]:
        """Yield each value of each list."""
        rows = self._index.ask(f"SELECT value FROM {self._name} ORDER BY number")
        yield from (marshal.loads(value) for (value,) in rows)


class WordSet:
    """Words that may be many; each process remembers some of those that it asked for."""

    def __init__(self, index: Index) -> None:
        self._table = Table[bool](index)
        self._remember()

    def _remember(self) -> None:
        self._known = lru_cache(_KNOWN_WORDS)(self._table.__contains__)

    def __getstate__(self) -> Table[bool]:
        """Return what another process needs to read it."""
        return self._table

    def __setstate__(self, table: Table[bool]) -> None:
        """Open it in another process."""
        self._table = table
        self._remember()

    def add(self, words: Iterable[str]) -> None:
        """Add words, before any is asked for."""
        for word in words:
            self._table[word] = True

    def __contains__(self, word: object, /) -> bool:
        """Tell whether it has a word."""
        return isinstance(word, str) and self._known(word)
