"""From a pointer to the SHA-256 of the file that the export holds for it."""

from __future__ import annotations

import hashlib
import re
from contextlib import closing
from typing import BinaryIO
from urllib.parse import unquote

from gptexit.readers.chatgpt.assets.index import file_id
from gptexit.readers.chatgpt.export_set import Export
from gptexit.verify.raw import Raw, mentioned, shown
from gptexit.verify.redacted_text import same_bytes

LONGEST = 1 << 26
"""Bytes of a text that is looked through for marks."""


class Locator:
    """Asks the export; reads each member once."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._known: dict[str, str | None] = {}
        self.missing: set[str] = set()
        """The ids of files that the export mentions and does not hold."""
        self.unreadable: dict[str, str] = {}
        """Files of the export whose bytes it cannot give: where, and why."""

    def look_for(self, conversation: str | None, raw: Raw) -> None:
        """Note which of the files that a conversation mentions the export does not hold."""
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
        """Pointers to the files that a conversation shows: its own, and what the library says."""
        rows = [row.get("file_id") for row in self._export.library(conversation)]
        found = [*shown(raw), *(each for each in rows if isinstance(each, str) and each)]
        return list(dict.fromkeys(found))

    def __call__(self, pointer: str) -> str | None:
        """The digest; None where the export has no such file, or cannot give its bytes."""
        member = self.member_of(pointer)
        return None if member is None else self.member(member)

    def member_of(self, pointer: str) -> str | None:
        """The name of the file in the export."""
        return self._export.lookup(file_id(pointer)).member

    def through_marks(self, member: str, written: bytes) -> str | None:
        """The digest of a file of the export, where `written` is it with marks for secrets."""
        try:
            with closing(self._export.open(member)) as stream:
                text = stream.read(LONGEST + 1)
        except OSError:
            return None
        if len(text) > LONGEST or not same_bytes(text, written):
            return None
        return hashlib.sha256(text).hexdigest()

    def member(self, member: str) -> str | None:
        """The digest of a file by its name in the export."""
        if member not in self._known:
            try:
                self._known[member] = _digest(self._export.open(member))
            except Exception as error:  # any codec's own error
                self.unreadable[member] = str(error) or type(error).__name__
                self._known[member] = None
        return self._known[member]

    def side_file(self, name: str) -> str | None:
        """The digest of a side file; None where the export has none of that name."""
        stream = self._export.files.side_file(name)
        try:
            return _digest(stream) if stream else None
        except Exception as error:  # any codec's own error
            self.unreadable[name] = str(error) or type(error).__name__
            return None


def _leads_to(written: str, name: str) -> bool:
    """Tell whether an address, with whatever stands behind it, begins with the path of a file."""
    at = written.find("/" + name)
    return at >= 0 and ")" not in written[:at]


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    with closing(stream):
        while data := stream.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()
