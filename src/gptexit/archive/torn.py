"""Files that a power cut damaged, told from those that somebody changed.

What a run records is on the disk before it is recorded. But a disk may say so too early, and
earlier versions did not wait. A file that was not on the disk when the power went is empty then, or
shorter than it was, or all zeros, and its time is not later than when we wrote it; what a person or
another program changes has a later time.
"""

from __future__ import annotations

import io
import os
import stat
from contextlib import closing
from typing import BinaryIO

from gptexit.archive.catalog import Entry
from gptexit.archive.manifest import RECORDED
from gptexit.files.disk import CHUNK, is_zeros, open_plain


def recorded(path: str) -> dict[str, str | None]:
    """Return what is to be known of the time of a file that was written just now."""
    return {RECORDED: str(os.stat(path).st_mtime_ns)}


def is_torn(entry: Entry | None, target: str, new: bytes | str, manifest: int | None) -> bool:
    """Tell whether the file at `target` is damaged, and by nobody.

    `entry`: what is recorded of it; `new`: the bytes that it would get, or the file that has them;
    `manifest`: the time of the record as a whole. Where the record does not tell the file's own
    time, as in archives of earlier versions, a person may have cut the file before the record was
    written: then it counts as damaged only where it holds nothing that is not in `new`.
    """
    if entry is None or not entry.sha256 or not entry.size:
        return False
    found = os.lstat(target)
    if not stat.S_ISREG(found.st_mode):
        return False
    own = entry.about.get(RECORDED) or ""
    if own.isdecimal() and len(own) < 20:
        if found.st_mtime_ns > int(own):
            return False
        return found.st_size < entry.size or is_zeros(target)
    return manifest is not None and found.st_mtime_ns <= manifest and seems_torn(target, new)


def seems_torn(target: str, new: bytes | str) -> bool:
    """Tell whether a file has nothing, only zeros, or only the beginning of `new`."""
    found = os.lstat(target)
    if not stat.S_ISREG(found.st_mode):
        return False
    size = len(new) if isinstance(new, bytes) else os.stat(new).st_size
    if found.st_size == 0 or is_zeros(target):
        return size > 0
    if found.st_size >= size:
        return False
    source: BinaryIO = io.BytesIO(new) if isinstance(new, bytes) else open_plain(new)
    with open_plain(target) as there, closing(source):
        while chunk := there.read(CHUNK):
            if source.read(len(chunk)) != chunk:
                return False
    return True
