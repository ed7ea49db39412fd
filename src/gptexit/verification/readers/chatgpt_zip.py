"""Read ZIPs in ChatGPT's layout back: each conversation, and the files that it shows.

Items are found by counting brackets and parsed by the standard library; members are distinguished
by their names alone. A temporary file holds the conversations, so that each can be read by its id.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO

from gptexit.chatgpt.names import file_id
from gptexit.readers.chatgpt.parsing.json_scanner import Window, careful_end
from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.compare_raw import RawComparer
from gptexit.verification.conversation import SourceConversation
from gptexit.verification.export_files import LONGEST, Locator
from gptexit.verification.index import Groups, Index, Table
from gptexit.verification.raw import Raw, id_of, parsed
from gptexit.verification.readers import Lack, Reader

_CONVERSATIONS = re.compile(r"conversations(-\d+)?\.json")
_CHUNK = 1 << 20
_LARGEST = 1 << 26
"""Bytes of one conversation, at most."""


class ZipReader(Reader):
    """Reads all ZIPs of an archive, or the one that is verified."""

    strict = True

    def __init__(self, archive: CheckedArchive, locate: Locator) -> None:
        super().__init__(archive, locate)
        self._comparer = RawComparer(archive)
        index = Index()  # each process has a temporary file of its own with the conversations
        self._others = Table[str](index)
        self._digests = Table[bool](index)
        """The SHA-256 of the files of the ZIPs, alone and behind the name of their ZIP."""
        self._by_id = Groups[str](index)
        """The SHA-256 of those of each ZIP by the id in their name."""
        # `places` has the ZIP of a conversation, and its position and size in a temporary file.
        self.places = self._places = Table[tuple[str, int, int]](index)
        self._held = self.open_files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        for name in archive.zips:
            if archive.only in (None, name):
                self._read(name)
            else:
                self._list(name)

    def expects(self, source: SourceConversation) -> None:
        """Return None: a ZIP has to hold all of a conversation."""

    def elsewhere(self, key: str) -> str | None:
        """Return the ZIP that has a conversation, if that ZIP is not verified."""
        return self._others.get(key)

    def holds(self, digest: str) -> bool:
        """Tell whether a file in the ZIPs has a SHA-256."""
        return digest in self._digests

    def compare(
        self, key: str, place: tuple[str, int, int], source: SourceConversation
    ) -> list[Lack]:
        """Return what a conversation of a ZIP lacks."""
        name, start, size = place
        self._held.seek(start)
        held = parsed(self._held.read(size))
        redacted = self._comparer.redacted
        count, lacks = self._comparer.differences(source.raw, held)
        self.messages += count
        self.redacted += self._comparer.redacted - redacted
        lacks += self._lost_files(key, source.raw, name)
        return [(name, sentence) for sentence in lacks]

    def _lost_files(self, key: str, raw: Raw, name: str) -> Iterator[str]:
        """Yield a sentence for each file of the conversation that the export has, not the ZIP."""
        for pointer in self.locate.shown_by(key, raw):
            digest = self.locate(pointer)
            if digest is None:
                continue
            self.assets += 1
            named = self._by_id.get(f"{name}/{file_id(pointer)}") or []
            if f"{name}/{digest}" not in self._digests:
                yield f"lacks the file {pointer} of the export"
            elif digest not in named and named:
                yield f"has another file under the name of {pointer}"

    def _read(self, name: str) -> None:
        for member, stream in self._members(name):
            if not _CONVERSATIONS.fullmatch(member):
                self._hash(name, member, stream)
                continue
            for item in self._items(name, member, stream):
                self._keep(name, item)

    def _keep(self, name: str, item: bytes) -> None:
        key = id_of(parsed(item))
        if key is None:
            self.unreadable.append((name, "has a conversation that cannot be read"))
        elif key in self.places:
            words = f"has a conversation that {self._places[key][0]} has too: {key}"
            self.unreadable.append((name, words))
        else:
            start = self._held.seek(0, 2)
            self._held.write(item)
            self._places[key] = (name, start, len(item))

    def _list(self, name: str) -> None:
        """Note which conversations a ZIP has; nothing of it is compared."""
        for member, stream in self._members(name):
            if _CONVERSATIONS.fullmatch(member):
                for item in self._items(name, member, stream):
                    key = id_of(parsed(item))
                    if key is not None:
                        self._others[key] = name

    def _members(self, name: str) -> Iterator[tuple[str, IO[bytes]]]:
        try:
            with zipfile.ZipFile(self.archive.root / name) as archive:
                for info in archive.infolist():
                    with archive.open(info) as stream:
                        yield info.filename, stream
        except FileNotFoundError:
            return  # the manifest reports it as gone
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            self.unreadable.append((name, f"cannot be read as a ZIP ({error})"))

    def _hash(self, name: str, member: str, stream: IO[bytes]) -> None:
        digest = hashlib.sha256()
        text: bytes | None = b"" if self.archive.redacted else None
        try:
            while data := stream.read(_CHUNK):
                digest.update(data)
                # A text with marks is compared as a whole.
                text = text + data if text is not None and len(text) < LONGEST else None
        except Exception as error:  # any codec's own error
            self.unreadable.append((name, f"has a file that cannot be read: {member} ({error})"))
            return
        base = member.rpartition("/")[2]
        held = {digest.hexdigest()}
        own = self.locate.member_of(base)
        if own and text and b"[redacted: " in text:
            held |= {self.locate.through_marks(own, text) or digest.hexdigest()}
        if own and not self.archive.redacted and self.locate.member(own) not in held:
            self.unreadable.append((name, f"has other bytes than the export: {member}"))
        for own_digest in held:
            self._digests[own_digest] = self._digests[f"{name}/{own_digest}"] = True
            self._by_id.add(f"{name}/{file_id(base)}", own_digest)

    def _items(self, name: str, member: str, stream: IO[bytes]) -> Iterator[bytes]:
        try:
            yield from _objects(Window(stream, _CHUNK, _LARGEST))
        except ValueError as error:
            self.unreadable.append((name, f"has a {member} that is damaged ({error})"))


def _objects(window: Window) -> Iterator[bytes]:
    """Yield the objects in a JSON array. Raises ValueError if it is none, or is cut."""
    if _next(window) != b"[":
        raise ValueError(_failure(window) or "it is not a list")
    window.drop(1)
    while (mark := _next(window)) == b"{":
        end = careful_end(window, 0)
        if end < 0:
            break
        yield window.data[:end]
        window.drop(end)
    if mark != b"]":
        raise ValueError(_failure(window) or "it holds something that is not a conversation")
    while window.more():  # up to its end, where the checksum is
        window.drop(len(window.data))
    if words := _failure(window):
        raise ValueError(words)


def _failure(window: Window) -> str | None:
    """Return why the stream could not be read to its end, if it could not."""
    return window.failure.sentence if window.failure else None


def _next(window: Window) -> bytes:
    """Return the next byte that is no white space or comma; none at the end."""
    while True:
        window.drop(len(window.data) - len(window.data.lstrip(b" \t\r\n,")))
        if window.data or not window.more():
            return window.data[:1]
