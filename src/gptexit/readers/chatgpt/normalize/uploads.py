"""What a message tells beside its content: uploads, dictated audio, the passage it replies to.

An uploaded image stands in the export twice, as a part and as an attachment: it is one file.
"""

from __future__ import annotations

from gptexit.model import Part, Quote, Raw
from gptexit.readers.chatgpt.normalize import take
from gptexit.readers.chatgpt.normalize.conversation_assets import AssetBook
from gptexit.readers.chatgpt.normalize.parts import Kind, media, pointer_of

_KINDS: dict[str, Kind] = {"image": "image", "audio": "audio", "video": "video"}


def kind_of(name: str | None, media_type: str | None) -> Kind:
    """How to show a file. A TypeScript source is uploaded as `video/mp2t`, after its `.ts`."""
    if name and name.lower().endswith((".ts", ".mts", ".cts", ".svg")):
        return "file"
    return _KINDS.get((media_type or "").split("/", 1)[0], "file")


def attach(parts: list[Part], attachments: list[Raw], book: AssetBook) -> list[Part]:
    """`parts` with each attachment that is not among them yet at their end."""
    shown = {part["asset"] for part in parts if "asset" in part}  # type: ignore[typeddict-item]
    added: list[Part] = []
    for attachment in attachments:
        asset = book.attach(attachment)
        if asset is None or asset in shown:
            continue
        shown.add(asset)
        facts = book.assets[asset]
        kind = kind_of(facts["name"], facts["media_type"])
        size = {"width": attachment.get("width"), "height": attachment.get("height")}
        added.append(media(kind, asset, **size))
    return [*parts, *added]


def answered(metadata: Raw) -> Quote | None:
    """Return the passage that the user marked in an answer and replies to; None without one.

    `metadata.targeted_reply` holds it, as a string or as an object with a text; the label, where it
    stands alone, has the same words.
    """
    for key in ("targeted_reply", "targeted_reply_label"):
        value = metadata.get(key)
        if isinstance(value, dict):
            value = next((value[name] for name in _PASSAGE if take.string(value.get(name))), None)
        passage = take.string(value)
        if passage and passage.strip():
            return {"type": "quote", "text": passage, "title": None, "url": None}
    return None


_PASSAGE = ("text", "content", "passage", "quote", "label")


def dictation(parts: list[Part], metadata: Raw, book: AssetBook) -> list[Part]:
    """`parts` with the recording of a turn that was spoken instead of typed."""
    pointer = pointer_of(metadata.get("dictation_asset_pointer"))
    if pointer is None:
        return parts
    form = take.string(metadata.get("dictation_asset_format"))
    asset = book.add(pointer, media_type=f"audio/{form}" if form else None)
    return [*parts, media("audio", asset)]
