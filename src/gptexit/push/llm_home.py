"""The database of the command llm on this machine, as a place.

Each conversation is one transaction: a run that is stopped leaves it whole or not at all. Rows are
added, and those of an earlier run brought up to date; nothing that llm or a person stored is
changed. A dry run works on a copy.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import orjson

from gptexit.archive.files import Copy
from gptexit.archive.lock import owning_file
from gptexit.errors import Unusable
from gptexit.model import Conversation
from gptexit.pipeline import AssetUnreadable, guarded
from gptexit.push.places import Planned, Setting
from gptexit.text.terminal import printable
from gptexit.updating.llm_logs import LlmLogs, is_llm_database
from gptexit.writers.llm_logs import LARGEST_IMAGE, NAME, Llm, LlmConversation, images_of

_PATIENCE = 30
"""Seconds to wait while llm itself writes."""


class LlmHome:
    """The database during one run."""

    def __init__(self, logs: LlmLogs, setting: Setting) -> None:
        self._logs = logs
        self._setting = setting
        self._writer = Llm(setting.options)
        self._known: set[str] = set()
        """The keys of the images that this run has seen."""

    def plan(self, conversation: Conversation) -> Planned:
        """Store the conversation in a transaction, which `put` commits and the next plan undoes."""
        self._undo()
        done = self._writer.render(conversation)
        rows: LlmConversation = orjson.loads(done.files[0].data)
        # At once for writing: a transaction that has read and then waits for llm would hold llm up.
        self._logs.base.conn.execute("BEGIN IMMEDIATE")
        is_new = not self._logs.has(rows["id"])
        read = [copy for copy in done.copies if copy.key not in self._known]
        refused = self._take(read, images_of(rows))
        changed = self._logs.add(rows)
        if not changed:
            self._undo()
            return Planned("same", list)
        if self._setting.dry:
            self._logs.base.commit()
        return Planned(
            "new" if is_new else "changed",
            lambda: self._put(read, refused),
            done.messages,
            len(read) - len(refused),
            len(done.files[0].data) + sum(self._logs.size_of(copy.key) for copy in read),
            done.not_kept,
        )

    def _take(self, copies: list[Copy], types: dict[str, str]) -> list[str]:
        refused = []
        for copy in copies:
            try:
                with guarded(self._setting.read, copy.member) as source:
                    data = source.read(LARGEST_IMAGE + 1)
            except AssetUnreadable as error:
                refused.append(f"{copy.member}: cannot be read ({error})")
                continue
            if 0 < len(data) <= LARGEST_IMAGE:
                self._logs.add_image(copy.key, types[copy.key], data)
        return refused

    def _put(self, read: list[Copy], refused: list[str]) -> list[str]:
        self._logs.base.commit()
        self._known |= {copy.key for copy in read}
        return refused

    def _undo(self) -> None:
        if self._logs.base.conn.in_transaction:
            self._logs.base.rollback()


@contextmanager
def open_llm(folder: Path, setting: Setting) -> Iterator[LlmHome]:
    """Open the database in llm's folder for one run. Raises InUse, Unusable and OSError."""
    path = folder / NAME
    with nullcontext() if setting.dry else owning_file(path):
        try:
            with _opened(path, dry=setting.dry) as base:
                yield LlmHome(LlmLogs(base), setting)
        except sqlite3.OperationalError as error:
            raise OSError(0, f"llm's database cannot be written ({error})", str(path)) from error


@contextmanager
def _opened(path: Path, *, dry: bool) -> Iterator[sqlite3.Connection]:
    """Open the database, for a dry run a copy of it. Raises Unusable if llm did not make it."""
    address = f"{path.absolute().as_uri()}?mode={'ro' if dry else 'rw'}"
    with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE)) as base:
        try:
            ours = is_llm_database(base)
        except sqlite3.DatabaseError:
            ours = False
        if not ours:
            raise Unusable(
                f"{printable(str(path))} is not a database that llm made.",
                "Run a prompt with llm, so that it makes one, or name its folder with "
                "--data-folder.",
            )
        if not dry:
            yield base
            return
        with (
            tempfile.TemporaryDirectory(prefix="gptexit-") as scratch,
            closing(sqlite3.connect(Path(scratch) / NAME)) as copy,
        ):
            base.backup(copy)
            yield copy
