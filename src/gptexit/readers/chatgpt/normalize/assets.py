"""Collect the files of one conversation, and make the parts that show them.

An uploaded image is in the export twice, as a part and as an attachment: both are one file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from gptexit.chatgpt import take
from gptexit.chatgpt.names import file_id
from gptexit.model import Asset, Media, Part, Raw
from gptexit.readers.chatgpt.asset_index import TELLS_NOTHING, Lookup

Kind = Literal["image", "audio", "video", "file"]
_POINTERS = ("asset_pointer", "audio_asset_pointer", "video_asset_pointer", "image_asset_pointer")
_KINDS: dict[str, Kind] = {"image": "image", "audio": "audio", "video": "video"}


@dataclass(slots=True)
class AssetBook:
    """Collects a conversation's assets; `lookup` asks the export."""

    lookup: Lookup
    assets: dict[str, Asset] = field(default_factory=dict)

    def add(
        self, pointer: str, *, name: Any = None, media_type: Any = None, size: Any = None
    ) -> str:
        """Return the asset id of `pointer`; the other arguments fill in what the export lacks."""
        key = file_id(pointer)
        asset = self.assets.get(key)
        if asset is None:
            info = self.lookup(key)
            asset = self.assets[key] = {
                "id": key,
                "name": info.name,
                "media_type": info.media_type,
                "size": info.size,
                "sha256": info.sha256,
                "member": info.member,
                "missing": info.member is None,
            }
        # The user's own name for an upload is the best one; the file's id is no name.
        own_name = take.string(name)
        if own_name and not (asset["name"] and file_id(own_name) == key):
            asset["name"] = own_name
        own_type = take.string(media_type)
        tells_nothing = own_type is not None and own_type.split(";")[0].lower() in TELLS_NOTHING
        if own_type and not (asset["media_type"] and tells_nothing):
            asset["media_type"] = own_type
        if asset["size"] is None:
            asset["size"] = take.whole(size)
        return key


def media(kind: Kind, asset: str, frame: Raw | None = None, **known: Any) -> Media:
    """Make a media part.

    `frame` is the raw object with `width` and `height`; `known` holds title, prompt, seconds and
    `placed`.
    """
    frame = frame or {}
    return {
        "type": kind,
        "asset": asset,
        "title": take.string(known.get("title")),
        "prompt": take.string(known.get("prompt")),
        "width": take.whole(frame.get("width")),
        "height": take.whole(frame.get("height")),
        "seconds": take.number(known.get("seconds")),
        "placed": known.get("placed"),
    }


def pointer_of(value: Any) -> str | None:
    """Return the asset pointer in a string, or in an object that nests one some levels deep."""
    for _ in range(4):
        if isinstance(value, str):
            return value or None
        if not isinstance(value, dict):
            return None
        value = next((value[key] for key in _POINTERS if value.get(key)), None)
    return None


def kind_of(name: str | None, media_type: str | None) -> Kind:
    """Return how to show a file. A TypeScript source is uploaded as `video/mp2t`, after `.ts`."""
    if name and name.lower().endswith((".ts", ".mts", ".cts", ".svg")):
        return "file"
    return _KINDS.get((media_type or "").split("/", 1)[0], "file")


def attach(parts: list[Part], attachments: list[Raw], book: AssetBook) -> list[Part]:
    """Return `parts`, then each item of `metadata.attachments` whose file they do not show yet."""
    shown = {part["asset"] for part in parts if "asset" in part}  # type: ignore[typeddict-item]
    added: list[Part] = []
    for attachment in attachments:
        pointer = take.string(attachment.get("id")) or take.string(attachment.get("file_id"))
        if pointer is None:
            continue
        asset = book.add(
            pointer,
            name=attachment.get("name"),
            media_type=attachment.get("mime_type") or attachment.get("mimeType"),
            size=attachment.get("size"),
        )
        if asset not in shown:
            shown.add(asset)
            info = book.assets[asset]
            added.append(media(kind_of(info["name"], info["media_type"]), asset, attachment))
    return [*parts, *added]


def dictation(parts: list[Part], metadata: Raw, book: AssetBook) -> list[Part]:
    """Return `parts`, then the recording of a turn that the user dictated."""
    pointer = pointer_of(metadata.get("dictation_asset_pointer"))
    if pointer is None:
        return parts
    asset = book.add(pointer, media_type=audio_type(metadata.get("dictation_asset_format")))
    return [*parts, media("audio", asset)]


def audio_type(form: Any) -> str | None:
    """Return the media type of a recording from its format, such as `wav`."""
    return f"audio/{form}" if take.string(form) else None


def points(words: str) -> bool:
    """Tell whether a text links to a file of the export, or of the code interpreter."""
    # A single character is found fastest, and most texts lack it.
    return (
        "/" in words
        and ":/" in words
        and ("sandbox:/" in words or "sediment://" in words or "file-service://" in words)
    )
