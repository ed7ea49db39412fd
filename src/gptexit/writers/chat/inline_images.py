"""Images as data URLs: the only way to hand them over with a file that is imported."""

from __future__ import annotations

import base64
from contextlib import closing
from typing import Any

from gptexit.model import Asset
from gptexit.writers.base import Read

INLINE, INLINE_CHAT = 4 << 20, 16 << 20
"""Bytes of an image, and of all images of a chat, that go into the chat as data URLs. The app keeps
them in its database and sends them with the chat, so more would make it slow."""
SHOWN = frozenset(
    f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "svg+xml", "avif", "bmp")
)
"""Media types that a browser shows as an image."""


class Inline:
    """Images as data URLs, as many as a chat bears."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._left = INLINE_CHAT
        self._made: dict[str, str] = {}

    def entry(self, asset: Asset, role: str) -> dict[str, Any] | None:
        """What a message says of it; None where it stays outside."""
        url = self._url(asset) if asset["media_type"] in SHOWN else None
        return None if url is None else {"type": "image", "url": url}

    def _url(self, asset: Asset) -> str | None:
        member, size = asset["member"], asset["size"]
        if asset["id"] not in self._made:
            if member is None or size is None or size > min(INLINE, self._left):
                return None
            try:
                with closing(self._read(member)) as stream:
                    data = stream.read(INLINE + 1)
            except OSError:  # the copy tells of it
                return None
            if len(data) > INLINE:
                return None
            self._left -= len(data)
            coded = base64.b64encode(data).decode()
            self._made[asset["id"]] = f"data:{asset['media_type']};base64,{coded}"
        return self._made[asset["id"]]
