"""Bring files that were written under other names onto the disk and into their places, in batches.

A file has to be on the disk before it is recorded: after a power cut a file that is recorded and
not there would be taken for one that the user changed. To wait for the disk at each file takes
longer than all the rest. So files are collected; then several threads wait for the disk, which
serves them together; then the files are recorded, and the record is waited for; then each gets its
name. All that is done in the background.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO

from gptexit.archive.manifest import RECORDED, Entry
from gptexit.files.disk import CHUNK, open_plain, sync

FILES = 128
"""Files of a batch at most; a run that is killed loses up to two batches."""
BYTES = 16 << 20
"""Bytes that end a batch."""
_AT_ONCE = 4


def recorded(path: str) -> dict[str, str | None]:
    """Return the time of a file that was written just now, for its entry."""
    return {RECORDED: str(os.stat(path).st_mtime_ns)}


Torn = Callable[[str], bool]
"""Tells whether a power cut left only a part of a text in the file at a path."""


def is_torn(
    entry: Entry | None, target: str, new: bytes | str | Torn, manifest: int | None
) -> bool:
    """Tell whether the file at `target` is damaged, as by a power cut, and not by a person.

    `entry`: what is recorded of it; `new`: the bytes that it would get, or the file that has them,
    or what tells it from a whole one; `manifest`: the time of the whole record, for an entry of an
    earlier version that has no time of its own. The time alone tells nothing: who copies a note
    back from a second copy may keep the time of that.
    """
    if entry is None or not entry.sha256 or not entry.size:
        return False
    time = entry.about.get(RECORDED) or ""
    last = int(time) if time.isdecimal() and len(time) < 20 else manifest
    if last is None or os.lstat(target).st_mtime_ns > last:
        return False
    return new(target) if callable(new) else seems_torn(target, new)


def seems_torn(target: str, new: bytes | str) -> bool:
    """Tell whether a file has nothing but a beginning of `new`, and zeros behind that."""
    status = os.lstat(target)
    if not stat.S_ISREG(status.st_mode):
        return False
    size = len(new) if isinstance(new, bytes) else os.stat(new).st_size
    source: BinaryIO = io.BytesIO(new) if isinstance(new, bytes) else open_plain(new)
    with open_plain(target) as existing, closing(source):
        while chunk := existing.read(CHUNK):
            same = source.read(len(chunk))
            if chunk != same:
                zeros = same.startswith(chunk.rstrip(b"\0"))
                rest = iter(lambda: existing.read(CHUNK), b"")
                return zeros and not any(chunk.strip(b"\0") for chunk in rest)
    return status.st_size < size


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that is written and not in its place yet."""

    part: str
    """The path at which the file was written."""
    target: str
    """The path that it gets at the end, after its entry is in the journal."""
    entry: Entry


class Batch:
    """The files that wait. Each method raises the OSError of an earlier batch."""

    def __init__(self, record: Callable[[Sequence[Entry]], None]) -> None:
        """`record` writes entries, and returns when they are on the disk."""
        self._record = record
        self._files: list[WaitingFile] = []
        self._targets: set[str] = set()
        self._size = 0
        self._under_way: Future[None] | None = None
        self._targets_under_way: set[str] = set()
        self._worker: ThreadPoolExecutor | None = None
        self._syncing: ThreadPoolExecutor | None = None

    def add(self, file: WaitingFile, size: int) -> None:
        """Take in a file of `size` bytes."""
        self._files.append(file)
        self._targets.add(file.target)
        self._size += size
        if len(self._files) >= FILES or self._size >= BYTES:
            self._hand_over()

    def has(self, target: str) -> bool:
        """Tell whether a file for `target` waits."""
        return target in self._targets or target in self._targets_under_way

    def settle(self) -> None:
        """Wait until every file is in its place, and recorded."""
        if self._files:
            self._hand_over()
        self._wait()

    def close(self) -> None:
        """Settle, and let the threads end."""
        try:
            self.settle()
        finally:
            for pool in (self._worker, self._syncing):
                if pool is not None:
                    pool.shutdown()
            self._worker = self._syncing = None

    def _hand_over(self) -> None:
        self._wait()
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1)
            self._syncing = ThreadPoolExecutor(_AT_ONCE)
        files, self._files, self._size = self._files, [], 0
        self._targets_under_way, self._targets = self._targets, set()
        self._under_way = self._worker.submit(self._finish, files)

    def _wait(self) -> None:
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            under_way.result()
            self._targets_under_way = set()

    def _finish(self, files: list[WaitingFile]) -> None:
        assert self._syncing is not None
        parts = [file.part for file in files]
        shares = [parts[start::_AT_ONCE] for start in range(_AT_ONCE)]
        for _ in self._syncing.map(_sync_all, shares):
            pass
        self._record([file.entry for file in files])
        for file in files:
            os.replace(file.part, file.target)


def _sync_all(parts: list[str]) -> None:
    for part in parts:
        sync(part)
