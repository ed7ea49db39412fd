"""Send files of an export to the app, each once, however often it is shown."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from typing import Any

import orjson

from gptexit.archive.files import Read
from gptexit.errors import Refusal, ServerError
from gptexit.files.media_types import ending_of
from gptexit.model import Asset
from gptexit.push.client import Server, text_at
from gptexit.push.inventory import MARK
from gptexit.writers.chat.turns import SHOWN, USER

Raw = dict[str, Any]
_NAMELESS = {"audio": "recording", "video": "video", "image": "image"}
LARGEST = 1 << 30
"""Bytes of a file; the app holds all of it in memory, several times."""
IN_MEMORY = 8 << 20
"""Bytes of a file that are held in memory here; a larger one is put in a temporary file."""
_PAGE = 500
"""Files in one answer."""
_UNKNOWN = "application/octet-stream"


class Uploads:
    """The files of the export that are in the app."""

    def __init__(self, server: Server, read: Read) -> None:
        self._server = server
        self._read = read
        self._known: dict[str, list[str]] | None = None
        """Ids of files by the asset's key, the oldest first."""
        self.sent = 0
        self.refused: dict[str, str] = {}
        """The file's name and the reason, by the asset's key."""

    def send(self, asset: Asset) -> None:
        """Send a file that the app lacks, or note in `refused` why not. Raises ServerError."""
        key = key_of(asset)
        if key in self.refused or self.id_of(asset):
            return
        member = asset["member"]
        if member is None or (asset["size"] or 0) > LARGEST:
            why = "not in the export" if member is None else "larger than 1 GB"
            self.refused[key] = f"{name_of(asset)}: {why}"
            return
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as held:
            try:
                # To its end first: a damaged file must not look like a fault of the network.
                with closing(self._read(member)) as stream:
                    shutil.copyfileobj(stream, held)
            except Exception as error:  # any codec's own
                why = str(error) or type(error).__name__
                self.refused[key] = f"{name_of(asset)}: cannot be read in the export ({why})"
                return
            file = self._send(asset, held)
        if file is not None:
            self._index().setdefault(key, []).append(file)
            self.sent += 1

    def _send(self, asset: Asset, held: Any) -> str | None:
        """Return the app's id of the file, or None if the app refuses it."""
        kind = asset["media_type"] or _UNKNOWN
        mark = {"metadata": orjson.dumps({MARK: {"asset": key_of(asset)}}).decode()}

        def part() -> tuple[str, Any, str]:
            held.seek(0)
            return name_of(asset), held, kind

        try:
            answer = self._server.upload("/api/v1/files/?process=false", part, mark)
        except Refusal as refusal:
            if refusal.status in (401, 403):
                raise
            self.refused[key_of(asset)] = f"{name_of(asset)}: {refusal}"
            return None
        file = text_at(answer, "id")
        if file is None:
            raise ServerError("the server answers an upload, but not as Open WebUI does.")
        return file

    def id_of(self, asset: Asset) -> str | None:
        """Return the app's id of an asset, or None if the app lacks it. Raises ServerError."""
        files = self._index().get(key_of(asset))
        return files[0] if files else None

    def entry(self, asset: Asset, role: str) -> Raw | None:
        """Return the entry for a message of that role, or None if the app lacks the file.

        The roles differ: for a user's message the app makes the address from the id, for an answer
        it takes the address as it is.
        """
        key = self.id_of(asset)
        if key is None or key_of(asset) in self.refused:
            return None
        kind, name = asset["media_type"] or _UNKNOWN, name_of(asset)
        shown = kind in SHOWN
        if not shown and kind.startswith("image/"):
            kind = _UNKNOWN  # or else the app tries to show it
        meta = {"name": name, "content_type": kind, "size": asset["size"]}
        return {
            "type": "image" if shown else "file",
            "id": key,
            "url": key if role == USER else f"/api/v1/files/{key}/content",
            "file": {"id": key, "filename": name, "meta": meta},
            "status": "uploaded",
            **meta,
        }

    @property
    def doubled(self) -> bool:
        """Whether the app has a file of gptexit's twice."""
        return any(len(files) > 1 for files in (self._known or {}).values())

    def tidy(self, shown: set[str]) -> int:
        """Delete second copies that an interrupted run left and no chat shows; count them."""
        surplus = []
        for files in _uploaded(self._server).values():
            if len(files) > 1:
                kept = [file for file in files if file in shown] or files[:1]
                surplus += [file for file in files if file not in kept]
        for file in surplus:
            self._server.delete(f"/api/v1/files/{file}")
        return len(surplus)

    def _index(self) -> dict[str, list[str]]:
        if self._known is None:
            self._known = _uploaded(self._server)
        return self._known


def _uploaded(server: Server) -> dict[str, list[str]]:
    """List the ids of gptexit's files by the asset's key, the oldest first. Raises ServerError."""
    found: dict[str, list[str]] = {}
    skip = 0
    while True:
        page = server.get(f"/api/v1/files/user/search?content=false&limit={_PAGE}&skip={skip}")
        if not isinstance(page, list) or not page:
            return found
        for file in page:
            key = text_at(file, "meta", "data", MARK, "asset")
            if key is not None and text_at(file, "id") is not None:
                found.setdefault(key, []).insert(0, file["id"])
        skip += len(page)


def placeholder(asset: Asset, role: str) -> Raw:
    """Return an entry for a file that is not sent yet, from which a digest can be made."""
    return {"type": "image" if asset["media_type"] in SHOWN else "file", "id": key_of(asset)}


def key_of(asset: Asset) -> str:
    """Return a key of the asset that is the same in every run and export."""
    return f"{asset['id']}:{asset['size']}"


def name_of(asset: Asset) -> str:
    """Return a file name for the asset: its own, or one made from its kind."""
    name = (asset["name"] or "").replace("\\", "/").rpartition("/")[2]
    ending = ending_of(name, asset["media_type"])
    stem = name.removesuffix(ending) if name.lower().endswith(ending) else name
    clean = "".join(char if char.isprintable() and char != '"' else "_" for char in stem)
    kind = (asset["media_type"] or "").partition("/")[0]
    return (clean[:100] or _NAMELESS.get(kind, "file")) + ending
