"""The assets of one conversation: each once, however often and by whatever spelling it is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gptexit.chatgpt import take
from gptexit.model import Asset, Raw

# `file-` with about 22 letters and digits, or `file_` with up to 32 hex digits; the id ends at a
# `-` or `.`. In `sediment://<hex>#file_…#p_0.jpg` it follows a `#`.
_ID = re.compile(r"(?:^|[#/])(file[-_][A-Za-z0-9]+(?:_[A-Za-z0-9]+)*)")
_PAGE = re.compile(r"#(p_\d+)")


def file_id(pointer: str) -> str:
    """The file id in an asset pointer, attachment id or member's base name; else its tail.

    A rendition of one page of a document keeps its page: `file_…#p_0`.
    """
    tail = pointer.split("://", 1)[-1]
    match = _ID.search(tail)
    if not match:
        return tail
    page = _PAGE.search(tail, match.end())
    return f"{match[1]}#{page[1]}" if page else match[1]


@dataclass(slots=True)
class Facts:
    """What the export knows of an asset: its member, and what the name tables say."""

    member: str | None = None
    name: str | None = None
    media_type: str | None = None
    size: int | None = None
    sha256: str | None = None


Lookup = Callable[[str], Facts]
"""From a file id (as `file_id` gives it) to what the export knows."""


@dataclass(slots=True)
class AssetBook:
    """Collects a conversation's assets; `lookup` asks the export."""

    lookup: Lookup
    assets: dict[str, Asset] = field(default_factory=dict)

    def add(
        self,
        pointer: str,
        *,
        name: Any = None,
        media_type: Any = None,
        size: Any = None,
    ) -> str:
        """The asset id of `pointer`; what is told here fills what is not known yet."""
        key = file_id(pointer)
        asset = self.assets.get(key)
        if asset is None:
            facts = self.lookup(key)
            asset = self.assets[key] = {
                "id": key,
                "name": facts.name,
                "media_type": facts.media_type,
                "size": facts.size,
                "sha256": facts.sha256,
                "member": facts.member,
                "missing": facts.member is None,
            }
        # The user's own name for an upload is the best there is.
        asset["name"] = take.string(name) or asset["name"]
        asset["media_type"] = take.string(media_type) or asset["media_type"]
        if asset["size"] is None:
            asset["size"] = take.whole(size)
        return key

    def attach(self, attachment: Raw) -> str | None:
        """The asset id of an item of `metadata.attachments`; None where it names no file."""
        pointer = take.string(attachment.get("id")) or take.string(attachment.get("file_id"))
        if pointer is None:
            return None
        return self.add(
            pointer,
            name=attachment.get("name"),
            media_type=attachment.get("mime_type") or attachment.get("mimeType"),
            size=attachment.get("size"),
        )
