"""What an archive holds: each file's name, by what it is of, so that names are stable.

A conversation keeps the name that it was given first, in every later run, whatever its title is by
then. The catalog is saved with the archive (see `sink`).
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field

from pathvalidate import sanitize_filename
from slugify import slugify

LONGEST = 80
"""Characters of the readable part of a file name."""
LONGEST_BYTES = 160
"""Bytes of it: file systems allow 255 for a whole name, and a mark and an ending are added."""


@dataclass(slots=True)
class Entry:
    """One file of an archive."""

    key: str
    path: str
    sha256: str = ""
    """Of the bytes that were written last."""
    size: int = 0
    about: dict[str, str | None] = field(default_factory=dict)
    """For a conversation: its title, date, project and more, for the index."""

    def as_json(self) -> dict[str, object]:
        """The entry as the manifest has it."""
        return {
            "key": self.key,
            "path": self.path,
            "sha256": self.sha256,
            "size": self.size,
            "about": self.about,
        }


@dataclass(slots=True)
class Catalog:
    """The entries of an archive by key. Its size follows the number of files."""

    entries: dict[str, Entry] = field(default_factory=dict)
    _taken: dict[str, str] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Take in an entry of an earlier run."""
        self.entries[entry.key] = entry
        self._taken[_folded(entry.path)] = entry.key

    def name(self, key: str, folder: str, words: str, mark: str = "", ending: str = "") -> str:
        """The path of what `key` stands for: the one it has, else a new and free one.

        `words` become the readable part; `mark` is added to it, as is, where it is not empty.
        Two names count as the same where a system without case or with another Unicode
        normalization would take them for the same.
        """
        entry = self.entries.get(key)
        if entry is not None:
            return entry.path
        stem = "-".join(filter(None, (readable(words), mark)))
        short = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
        for tail in ("", "-" + short[:8], "-" + short):
            path = f"{folder}/{_allowed(stem + tail)}{ending}"
            if self._taken.setdefault(_folded(path), key) == key:
                break
        self.entries[key] = Entry(key, path)
        return path


def _allowed(stem: str) -> str:
    """`stem`, changed where it is a device of Windows; none of these has a hyphen in its name."""
    return stem if "-" in stem else str(sanitize_filename(stem, platform="universal"))


def readable(words: str) -> str:
    """`words` as a part of a file name: lower case, in their own script, without punctuation."""
    slug: str = slugify(words[:1000], allow_unicode=True, max_length=LONGEST, word_boundary=True)
    while len(slug.encode()) > LONGEST_BYTES:
        slug = slug[:-1]
    return slug.strip("-_")


def short_mark(key: str) -> str:
    """Four hex digits that tell `key` from others of the same name."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:4]


def _folded(path: str) -> str:
    return unicodedata.normalize("NFKC", path).casefold()
