"""Find the files of an export that a conversation shows, and their SHA-256."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import closing
from typing import BinaryIO
from urllib.parse import unquote

from gptexit.chatgpt.names import file_id
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.verification.index import Index, Table
from gptexit.verification.raw import Raw, mentioned, shown, strings
from gptexit.verification.redacted_text import same_bytes

LONGEST = 1 << 26
"""Bytes of a text that is searched for marks."""


class Locator:
    """Finds the files of the export and their SHA-256; reads each member once."""

    def __init__(self, export: ExportSet) -> None:
        self._export = export
        index = Index()
        self._known = Table[str | None](index)
        self.missing = Table[bool](index)
        """The ids of files that the export mentions and does not hold."""
        self._new: tuple[set[str], dict[str, str | None]] | None = None
        """Of both, what was found since it was taken; None if nobody takes it."""
        self.unreadable: dict[str, str] = {}
        """Files of the export that cannot be read, and why."""

    def take(self) -> tuple[set[str], dict[str, str], dict[str, str | None]]:
        """Return what was found since the last time: `missing`, `unreadable` and digests."""
        missing, known = self._new or (set(), {})
        found = missing, self.unreadable, known
        self._new, self.unreadable = (set(), {}), {}
        return found

    def absorb(
        self, missing: set[str], unreadable: dict[str, str], known: dict[str, str | None]
    ) -> None:
        """Add what `take` returned in another process."""
        for file in missing:
            self._add_missing(file)
        self.unreadable |= unreadable
        for member, digest in known.items():
            self._known[member] = digest

    def _add_missing(self, file: str) -> None:
        self.missing[file] = True
        if self._new is not None:
            self._new[0].add(file)

    def look_for(self, conversation: str | None, raw: Raw, *, in_words: bool) -> None:
        """Add the files that a conversation mentions and the export does not hold to `missing`.

        `in_words`: as in `mentioned`.
        """
        pointers, paths = mentioned(raw, in_words=in_words)
        for pointer in pointers:
            key = file_id(pointer)
            if self._export.lookup(key).member is None:
                self._add_missing(key)
        if not paths:
            return
        rows = self._export.library(conversation or "")
        names = {str(row.get("file_name")) for row in rows if row.get("file_name")}
        for path in paths:
            written = unquote(path)
            if not any(_leads_to(written, name) for name in names):
                # Paths of the code interpreter are each conversation's own.
                end = re.search(r"\)(?![.\w])" if ")" in written else r"\s", written)
                self._add_missing(f"{conversation}: {written[: end.start() if end else None]}")

    def shown_by(self, conversation: str, raw: Raw) -> list[str]:
        """Return pointers to the files that a conversation shows by itself or by the library."""
        rows = strings(*(row.get("file_id") for row in self._export.library(conversation)))
        return list(dict.fromkeys([*shown(raw), *filter(None, rows)]))

    def __call__(self, pointer: str) -> str | None:
        """Return the digest of a file; None if the export has none, or it cannot be read."""
        member = self.member_of(pointer)
        return None if member is None else self.member(member)

    def member_of(self, pointer: str) -> str | None:
        """Return the name of a file in the export."""
        return self._export.lookup(file_id(pointer)).member

    def through_marks(self, member: str, written: bytes) -> str | None:
        """Return the digest of a file of the export if `written` is it with marks for secrets."""
        try:
            with closing(self._export.open(member)) as stream:
                text = stream.read(LONGEST + 1)
        except OSError:
            return None
        if len(text) > LONGEST or not same_bytes(text, written):
            return None
        return hashlib.sha256(text).hexdigest()

    def member(self, member: str) -> str | None:
        """Return the digest of a file by its name; None also if only an older export has it."""
        if member not in self._known:
            try:
                self._export.size(member)
            except FileNotFoundError:
                return None
            digest = self._digest(member, lambda: self._export.open(member))
            self._known[member] = digest
            if self._new is not None:
                self._new[1][member] = digest
        return self._known[member]

    def side_file(self, name: str) -> str | None:
        """Return the digest of a side file, if the export has it."""
        stream = self._export.files.side_file(name)
        return self._digest(name, lambda: stream) if stream else None

    def _digest(self, name: str, open_file: Callable[[], BinaryIO]) -> str | None:
        digest = hashlib.sha256()
        try:
            with closing(open_file()) as stream:
                while data := stream.read(1 << 20):
                    digest.update(data)
        except Exception as error:  # any codec's own error
            self.unreadable[name] = str(error) or type(error).__name__
            return None
        return digest.hexdigest()


def _leads_to(written: str, name: str) -> bool:
    """Tell whether an address, with the text behind it, begins with the path of a file."""
    at = written.find("/" + name)
    return at >= 0 and ")" not in written[:at]
