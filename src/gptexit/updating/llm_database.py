"""Write the database of the command `llm` into an archive: a file's bytes are one conversation.

As with the format sqlite, a copy under another name is changed, and then takes the database's
place. So a conversation that a person went on with in it stays, and a killed run leaves the old
file. A run that takes secrets out begins with an empty database.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, ClassVar

import orjson

from gptexit.archive.files import Copy, File, Outcome
from gptexit.archive.folder import ArchiveFolder
from gptexit.archive.manifest import Entry
from gptexit.updating.database import ANY, DatabaseSink, PartWriter, open_database
from gptexit.updating.llm_logs import LlmLogs, is_llm_database
from gptexit.writers.llm_logs import KEY, LARGEST_IMAGE, NAME, LlmConversation, images_of


class LlmWriter(PartWriter):
    """Writes the copy. An image comes behind the conversation that has it, which waits for it."""

    def __init__(
        self,
        part: Path,
        there: sqlite3.Connection | None,
        *,
        older: bool = False,
        keeps: bool = False,
    ) -> None:
        """`there`: the database that is copied first; `older`, `keeps`: see `LlmLogs`."""
        self.path = part
        part.unlink(missing_ok=True)
        base = sqlite3.connect(part)
        # The file is thrown away if the run ends before it is complete.
        base.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        if there is not None:
            there.backup(base)
        self._logs = LlmLogs(base, new=there is None, older=older, keeps=keeps)
        self._waiting: LlmConversation | None = None
        self._types: dict[str, str] = {}
        self._stored = there is None

    def put(self, conversation: LlmConversation) -> None:
        """Take a conversation, and store the one before it."""
        self._store()
        self._waiting = conversation
        self._types = images_of(conversation)

    def image(self, key: str, data: bytes) -> None:
        """Store an image of the conversation that was put last."""
        if data and len(data) <= LARGEST_IMAGE:
            self._logs.add_image(key, self._types[key], data)

    def _store(self) -> None:
        if self._waiting is not None and self._logs.add(self._waiting):
            self._stored = True
        self._waiting = None

    def settle(self) -> bool:
        """Store what waits. Return whether the copy differs from the database."""
        self._store()
        return self._stored

    def finish(self) -> None:
        """Remove what an earlier run stored and nothing leads to now, and close."""
        self._store()
        if self._logs.replaced:
            self._logs.remove_loose()
        self._logs.close()

    def discard(self) -> None:
        """Close and remove the file."""
        self._logs.close()
        self.path.unlink(missing_ok=True)


class LlmSink(DatabaseSink):
    """The sink for a database of llm."""

    name: ClassVar[str] = NAME
    key: ClassVar[str] = KEY
    _writer: LlmWriter | None

    def __init__(self, folder: ArchiveFolder, *, older: bool = False, keeps: bool = False) -> None:
        """`older`, `keeps`: see `LlmLogs`."""
        super().__init__(folder, older=older)
        self._keeps = keeps

    def put(self, file: File) -> Outcome:
        """Take a conversation; a file without bytes ends the run."""
        if file.path != self.name:
            return self.folder.put(file)
        place = self._where or self._find(file.path)
        if not file.data:
            return self._ended(place, file)
        self._writing().put(orjson.loads(file.data))
        return "part"

    def copy(self, copy: Copy, size: int, open_asset: Callable[[], BinaryIO]) -> Outcome:
        """Store an image. Raises what reading it raises."""
        with open_asset() as source:
            data = source.read(LARGEST_IMAGE + 1)
        self._writing().image(copy.key, data)
        return "part"

    def _ended(self, place: Path, file: File) -> Outcome:
        if not self._writing().settle() and self._writer:
            self._writer.discard()
            self._writer = None
        return self._end(place, file)

    def _opened(self, place: Path) -> sqlite3.Connection | None:
        return open_database(place, is_llm_database)

    def _writing(self) -> LlmWriter:
        if self._writer is None:
            self._part = self._new_part()
            there = None if self.folder.redacts else self._there
            self._writer = LlmWriter(Path(self._part), there, older=self._older, keeps=self._keeps)
        return self._writer

    def _new_part(self) -> str:
        return self.folder.places.new_part()


class DryLlmSink(LlmSink):
    """The sink of a dry run: makes the copy in a temporary folder, and throws it away."""

    def __init__(self, folder: ArchiveFolder, *, older: bool = False, keeps: bool = False) -> None:
        super().__init__(folder, older=older, keeps=keeps)
        self._scratch = tempfile.TemporaryDirectory(prefix="gptexit-")

    def _new_part(self) -> str:
        return str(Path(self._scratch.name) / self.name)

    def _end(self, place: Path, file: File) -> Outcome:
        changed = self._writer is not None
        size = 0
        if self._writer:
            self._writer.finish()
            size = self._writer.path.stat().st_size
            self._writer = None
        if self._there:
            self._there.close()
            self._there = None
        self._scratch.cleanup()
        self.folder.keep(place.name, file.key)
        if not changed:
            return "unchanged"
        self.folder.place_now(os.devnull, str(place), Entry(file.key, place.name, ANY, size))
        return "written"

    def discard(self) -> None:
        """Give up what was written."""
        super().discard()
        self._scratch.cleanup()
