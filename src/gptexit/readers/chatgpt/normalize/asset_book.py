"""The files of one conversation, collected while its messages are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gptexit.chatgpt import take
from gptexit.chatgpt.names import file_id
from gptexit.model import Asset, Raw
from gptexit.readers.chatgpt.assets.index import TELLS_NOTHING, Lookup


def key_in_export(asset: str, conversation: str | None) -> str:
    """What tells a file from all others of an export, where its id may not.

    The code interpreter's paths are each conversation's own: many have a `/mnt/data/chart.png`.
    """
    return f"{conversation}: {asset}" if asset.startswith("sandbox:") else asset


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
        given = take.string(name)
        if given and not (asset["name"] and file_id(given) == key):  # its id is no name
            asset["name"] = given
        told = take.string(media_type)
        if told and not (asset["media_type"] and told.split(";")[0].lower() in TELLS_NOTHING):
            asset["media_type"] = told
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
