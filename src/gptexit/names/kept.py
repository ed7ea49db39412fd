"""The names that an archive keeps in `.gptexit/names.json`, for runs that are given none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from gptexit.files.disk import open_plain, write_whole

FILE = ".gptexit/names.json"
VERSION = 1
_LARGEST = 1 << 26
"""Bytes of such a file at most."""


class Damaged(Exception):
    """The file is there and cannot be read; `str(error)` is a sentence for a person."""


def load(root: Path) -> dict[str, str]:
    """Return the names that the archive in `root` keeps, by id; none where it keeps none.

    Raises Damaged, so that a run does not overwrite with less what a person once filled in.
    """
    path = root / FILE
    try:
        with open_plain(path) as stream:
            data = stream.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except IsADirectoryError:
        data = b""
    try:
        found: Any = orjson.loads(data)
        names = found["names"]
        if all(isinstance(name, str) for name in names.values()):
            return dict(names)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise Damaged(
        f"{path}, which keeps the names of projects and custom GPTs, cannot be read: remove it, "
        "and give the names again with --names."
    )


def save(root: Path, names: Mapping[str, str]) -> None:
    """Keep `names` in the archive in `root`, whole or not at all. Raises OSError.

    A file that reads the same is not touched; without names there is none.
    """
    path = root / FILE
    if not names:
        path.unlink(missing_ok=True)
        return
    found = {"version": VERSION, "names": dict(sorted(names.items()))}
    data = orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
