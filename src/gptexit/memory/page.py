"""A page that knows whether a person has changed it: its last line is the checksum of the rest."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

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
    goes beside it, as `memory.new.md`. Raises OSError.
    """
    words = sealed(page)
    try:
        there = path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    except FileNotFoundError:
        there = None
    if there is not None and there != words and not is_unchanged(there):
        path = path.with_name(f"{path.stem}.new{path.suffix}")
    if there != words:
        write_whole(path, words.encode("utf-8", "replace"))
    return path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under another name, and then under its own. Raises OSError."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)
