"""The lines of `.gptexit/manifest.jsonl` and of a journal: one for each file of an archive.

They lie in the user's folder, which somebody else may have sent: a line that no run of ours would
have written is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from gptexit.archive.catalog import Entry
from gptexit.files.disk import leads_out, open_plain

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
