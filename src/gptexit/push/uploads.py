"""Files of an export as files of the app: each sent once, however often it is shown."""

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
from gptexit.push.client import Server
from gptexit.push.inventory import MARK, uploaded
from gptexit.writers.chat.turns import SHOWN, USER

Raw = dict[str, Any]
_NAMELESS = {"audio": "recording", "video": "video", "image": "image"}
LARGEST = 1 << 30
"""Bytes of a file; the app holds it in memory whole, several times."""
IN_MEMORY = 8 << 20
"""Bytes of a file that are held in memory here; a larger one waits in a temporary file."""


class Uploads:
    """What of the export's files is in the app."""

    def __init__(self, server: Server, read: Read) -> None:
        self._server = server
        self._read = read
        self._known: dict[str, list[str]] | None = None
        self.sent: list[str] = []
        """Ids of what this run has sent."""
        self.refused: dict[str, str] = {}
        """The file's name and the reason, by the asset's key."""

    def send(self, asset: Asset) -> None:
        """See that the app has it, or know why not. Raises ServerError."""
        key = key_of(asset)
        if key in self.refused or self.id_of(asset):
            return
        member, size = asset["member"], asset["size"] or 0
        if member is None or size > LARGEST:
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
                self.refused[key] = f"{name_of(asset)}: not readable in the export ({why})"
                return
            answer = self._send(asset, held)
        if answer is None:
            return
        self._index().setdefault(key, []).append(answer["id"])
        self.sent.append(answer["id"])

    def _send(self, asset: Asset, held: Any) -> Raw | None:
        """The app's answer; None where it refuses the file."""
        kind = asset["media_type"] or "application/octet-stream"
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
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise ServerError("the server answers an upload, but not as Open WebUI does.")
        return answer

    def id_of(self, asset: Asset) -> str | None:
        """The app's id of an asset that it has. Raises ServerError."""
        found = self._index().get(key_of(asset))
        return found[0] if found else None

    def entry(self, asset: Asset, role: str) -> Raw | None:
        """What a message of that role says of it; None where the app does not have it.

        The two roles differ: for a user's message the app makes the address of the id, for an
        answer it takes the address as it is.
        """
        key = self.id_of(asset)
        if key is None or key_of(asset) in self.refused:
            return None
        kind, name = asset["media_type"] or "application/octet-stream", name_of(asset)
        shown = kind in SHOWN
        if not shown and kind.startswith("image/"):
            kind = "application/octet-stream"  # or else the app tries to show it
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
        """Whether a file of ours is there twice."""
        return any(len(found) > 1 for found in (self._known or {}).values())

    def tidy(self, shown: set[str]) -> int:
        """Take away what a run that was cut sent twice and no chat shows; how many."""
        surplus = []
        for found in uploaded(self._server).values():
            if len(found) > 1:
                kept = [key for key in found if key in shown] or found[:1]
                surplus += [key for key in found if key not in kept]
        for key in surplus:
            self._server.delete(f"/api/v1/files/{key}")
        return len(surplus)

    def _index(self) -> dict[str, list[str]]:
        if self._known is None:
            self._known = uploaded(self._server)
        return self._known


def placeholder(asset: Asset, role: str) -> Raw:
    """The same for a file that is not sent yet: what a digest is made of."""
    return {"type": "image" if asset["media_type"] in SHOWN else "file", "id": key_of(asset)}


def key_of(asset: Asset) -> str:
    """What stays the same in every run and export."""
    return f"{asset['id']}:{asset['size']}"


def name_of(asset: Asset) -> str:
    """Its own name, or one that says what it is."""
    name = (asset["name"] or "").replace("\\", "/").rpartition("/")[2]
    ending = ending_of(name, asset["media_type"])
    stem = name.removesuffix(ending) if name.lower().endswith(ending) else name
    clean = "".join(char if char.isprintable() and char != '"' else "_" for char in stem)
    kind = (asset["media_type"] or "").partition("/")[0]
    return (clean[:100] or _NAMELESS.get(kind, "file")) + ending
