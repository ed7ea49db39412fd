"""Write ZIPs into an archive: `chats/1.zip/user.json` is the file `user.json` in `chats/1.zip`.

`ArchiveFolder` writes all other files. It also gets the bytes of a ZIP, like those of any file that
grows, so that the ZIP comes into its place whole, and stays untouched if it is the same. Every
member has the same date, so that a second run gives the same bytes.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, BinaryIO, cast

from gptexit.archive.files import Copy, File, Outcome
from gptexit.archive.folder import ArchiveFolder, FolderSink
from gptexit.files.disk import CHUNK

_DATE = (1980, 1, 1, 0, 0, 0)
"""ZIP's own zero."""
_LARGE = 1 << 30
"""Bytes from which on a member's sizes are written in ZIP64's longer fields."""
_PACKED = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".mp3", ".mp4", ".m4a", ".zip", ".dat")
"""Endings of files that hardly shrink; they are stored as they are."""
_ZIP = ".zip/"


def split(path: str) -> tuple[str, str]:
    """Return the ZIP of a path and the name in it; the name is empty if it is in no ZIP."""
    archive, ending, name = path.partition(_ZIP)
    return (archive + ending[:-1], name) if ending else (path, "")


class ZipSink(FolderSink):
    """The sink for ZIPs. Files that grow wait in temporary files until they are complete."""

    def __init__(self, folder: ArchiveFolder) -> None:
        super().__init__(folder)
        self._zips: dict[str, zipfile.ZipFile] = {}
        self._waiting: dict[str, BinaryIO] = {}
        self._held = ExitStack()

    def put(self, file: File) -> Outcome:
        """Write a file, into its ZIP if it has one; a file with a ZIP's own name ends that ZIP."""
        archive, name = split(file.path)
        if not name:
            if archive not in self._zips:
                return self.folder.put(file)
            self._zips.pop(archive).close()
            place = file.place or archive
            return self.folder.put(
                File(archive, b"", f"zip/{place}", append=True, last=True, place=place)
            )
        waiting = self._waiting.get(file.path)
        if waiting is None:
            waiting = cast(BinaryIO, tempfile.SpooledTemporaryFile(CHUNK))
            self._held.callback(waiting.close)
            self._waiting[file.path] = waiting
        waiting.write(file.data)
        if file.last or not file.append:
            del self._waiting[file.path]
            size = waiting.tell()
            waiting.seek(0)
            with waiting:
                self._add(archive, name, size, waiting)
        return "part"

    def copy(self, copy: Copy, size: int, open_asset: Callable[[], BinaryIO]) -> Outcome:
        """Write an asset, into its ZIP if it has one. Raises what reading it raises."""
        archive, name = split(copy.path)
        if not name:
            return self.folder.copy(copy, size, open_asset)
        # Read whole before the ZIP is touched: a fault in the middle must not be left in it.
        with tempfile.TemporaryFile() as whole:
            with open_asset() as source:
                shutil.copyfileobj(source, whole, CHUNK)
            size = whole.tell()
            whole.seek(0)
            self._add(archive, name, size, whole)
        return "part"

    def _add(self, archive: str, name: str, size: int, source: BinaryIO) -> None:
        zipped = self._zips.get(archive)
        if zipped is None:
            out = cast(Any, _Out(self.folder, archive))
            zipped = self._zips[archive] = zipfile.ZipFile(out, "w")
        info = zipfile.ZipInfo(name, _DATE)
        stored = name.lower().endswith(_PACKED)
        info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        info.file_size = size
        with zipped.open(info, "w", force_zip64=size > _LARGE) as member:
            shutil.copyfileobj(source, member, CHUNK)

    def discard(self) -> None:
        """Give up the ZIPs that are open."""
        self._zips.clear()
        self._waiting.clear()
        self._held.close()
        super().discard()


class _Out:
    """The stream of a ZIP. It cannot seek, so that `zipfile` writes sizes behind each member."""

    def __init__(self, folder: ArchiveFolder, archive: str) -> None:
        self._folder = folder
        self._archive = archive

    def write(self, data: bytes) -> int:
        self._folder.put(File(self._archive, bytes(data), f"zip/{self._archive}", append=True))
        return len(data)

    def flush(self) -> None:
        """Do nothing: no bytes wait."""
