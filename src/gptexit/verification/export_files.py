"""Find the files of an export that a conversation shows, and their SHA-256."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from typing import BinaryIO
from urllib.parse import unquote

from gptexit.chatgpt.names import file_id
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.verification.raw import Raw, mentioned, shown, strings
from gptexit.verification.redacted_text import same_bytes

LONGEST = 1 << 26
"""Bytes of a text that is searched for marks."""


class Locator:
    """Finds the files of the export and their SHA-256; reads each member once."""

    def __init__(self, export: ExportSet) -> None:
        self._export = export
        self._known: dict[str, str | None] = {}
        self._taken = 0
        self.missing: set[str] = set()
        """The ids of files that the export mentions and does not hold."""
        self.unreadable: dict[str, str] = {}
        """Files of the export that cannot be read, and why."""

    def take(self) -> tuple[set[str], dict[str, str], dict[str, str | None]]:
        """Return what was found since the last time: `missing`, `unreadable` and digests."""
        known = dict(islice(self._known.items(), self._taken, None))
        found = self.missing, self.unreadable, known
        self.missing, self.unreadable, self._taken = set(), {}, len(self._known)
        return found

    def absorb(
        self, missing: set[str], unreadable: dict[str, str], known: dict[str, str | None]
    ) -> None:
        """Add what `take` returned in another process."""
        self.missing |= missing
        self.unreadable |= unreadable
        self._known |= known

    def look_for(self, conversation: str | None, raw: Raw) -> None:
        """Add the files that a conversation mentions and the export does not hold to `missing`."""
        pointers, paths = mentioned(raw)
        for pointer in pointers:
            key = file_id(pointer)
            if self._export.lookup(key).member is None:
                self.missing.add(key)
        if not paths:
            return
        rows = self._export.library(conversation or "")
        names = {str(row.get("file_name")) for row in rows if row.get("file_name")}
        for path in paths:
            written = unquote(path)
            if not any(_leads_to(written, name) for name in names):
                # Paths of the code interpreter are each conversation's own.
                end = re.search(r"\)(?![.\w])" if ")" in written else r"\s", written)
                self.missing.add(f"{conversation}: {written[: end.start() if end else None]}")

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
            self._known[member] = self._digest(member, lambda: self._export.open(member))
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
