"""The lines of `.gptexit/manifest.jsonl` and of a journal: one for each file of an archive.

They lie in the user's folder, which somebody else may have sent: a line that no run of ours would
have written is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from gptexit.catalog import Entry

_LARGEST = 2**63 - 1
"""Bytes of a file at most, as SQLite takes the number."""


def line_of(entry: Entry) -> bytes:
    """The line of an entry."""
    return orjson.dumps(entry.as_json(), option=orjson.OPT_APPEND_NEWLINE)


def entries(path: Path) -> Iterator[Entry]:
    """The entries of a manifest or journal; a line that was cut or is not ours is left out."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                entry = Entry(**orjson.loads(line))
            except (orjson.JSONDecodeError, TypeError):
                continue
            if _is_sound(entry):
                yield entry


def leads_out(path: str) -> bool:
    """Whether a path, relative to an archive, may lead out of it, or can be that of no file."""
    return (
        path.startswith("/")
        or ".." in path.split("/")
        or any(each in path for each in ("\\", ":", "\0"))
    )


def _is_sound(entry: Entry) -> bool:
    words = (entry.key, entry.path, entry.sha256)
    return (
        all(isinstance(each, str) for each in words)
        and isinstance(entry.size, int)
        and 0 <= entry.size <= _LARGEST
        and isinstance(entry.about, dict)
        and all(each is None or isinstance(each, str) for each in entry.about.values())
        and not leads_out(entry.path)
    )
