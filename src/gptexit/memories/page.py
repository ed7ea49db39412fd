"""A page that knows whether a person has changed it: its last line is the checksum of the rest."""

from __future__ import annotations

import hashlib
import re
from itertools import count
from pathlib import Path

from gptexit.archive.lock import owning_file
from gptexit.files.disk import read_bytes, special, write_whole

_SEAL = re.compile(r"\n<!-- gptexit wrote this page; checksum ([0-9a-f]{64}) -->\n\Z")


def sealed(page: str) -> str:
    """The page with its checksum."""
    return f"{page}\n<!-- gptexit wrote this page; checksum {_checksum(page)} -->\n"


def is_unchanged(page: str) -> bool:
    """Whether `page` is as `sealed` gave it."""
    seal = _SEAL.search(page)
    return seal is not None and seal[1] == _checksum(page[: seal.start() + 1])


def _checksum(page: str) -> str:
    return hashlib.sha256(page.rstrip("\n").encode("utf-8", "replace")).hexdigest()


def write_page(path: Path, page: str) -> Path:
    """Write a page, whole or not at all; where it is.

    What stands at `path` and is no page of ours, or one that a person has changed, stays: the page
    goes beside it, as `memory.new.md`, or `memory.new2.md` where that is not ours either. Raises
    InUse where another run writes the page, and OSError.
    """
    words = sealed(page)
    if kind := special(path):
        raise FileExistsError(0, f"this is {kind}, and no file", str(path))
    with owning_file(path):
        for number in count():
            name = _beside(path, number) if number else path
            there = _read(name)
            if there == words:
                return name
            if there is None or is_unchanged(there):
                write_whole(name, words.encode("utf-8", "replace"))
                return name
    raise AssertionError("there is always a next name")


def _beside(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}.new{'' if number == 1 else number}{path.suffix}")


def _read(path: Path) -> str | None:
    """Return the text of a page, None where nothing is there; "" for what is no plain file."""
    if path.is_symlink():
        return ""
    try:
        data = read_bytes(path)
    except IsADirectoryError:
        return ""
    return None if data is None else data.decode("utf-8", "replace").replace("\r\n", "\n")
