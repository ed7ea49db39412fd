"""What a message tells beside its content: uploads, dictated audio, the passage it replies to.

An uploaded image stands in the export twice, as a part and as an attachment: it is one file.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from gptexit.chatgpt import take
from gptexit.chatgpt.sandbox import HINT, addresses, names
from gptexit.codes import Oddity
from gptexit.model import Asset, Message, Part, Quote, Raw
from gptexit.readers.chatgpt.normalize.asset_book import AssetBook
from gptexit.readers.chatgpt.normalize.image_places import ImagePlaces
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


_EXTENSION = re.compile(r"\.\w{1,8}\Z")
_FENCE = re.compile(r"^[ \t>]{0,20}(?:```|~~~)", re.MULTILINE)


def add_generated(
    messages: list[Message],
    rows: list[Raw],
    book: AssetBook,
    current: str | None,
    oddities: Counter[Oddity],
) -> None:
    """Add each library file of this conversation that no message shows yet, where it was shown.

    `current` is the id of the last message of the current branch: files of which nothing tells the
    place stand there.
    """
    new: list[tuple[Raw, str]] = []
    for row in rows:
        pointer = take.string(row.get("file_id"))
        if pointer is None or "#thumbnail" in pointer:
            continue
        known = len(book.assets)
        asset = book.add(
            pointer,
            name=row.get("file_name"),
            media_type=row.get("mime_type"),
            size=row.get("file_size_bytes"),
        )
        if len(book.assets) > known:
            new.append((row, asset))
    if not new:
        return
    places = ImagePlaces(messages, current)
    # Who names a message goes first, so that no guess takes its answer; who has no time goes last.
    new.sort(key=lambda found: (not places.names(_origin(found[0])), made(found[0]) or "\uffff"))
    for row, asset in new:
        place = places.find(_origin(row), made(row))
        if place.placed is not None:
            oddities[_ODDITIES[place.placed]] += 1
        if place.message is not None:
            name = take.string(row.get("file_name"))
            title = name if name and not _EXTENSION.search(name) else None
            kind = _kind(row, book.assets[asset])
            part = media(kind, asset, title=title, placed=place.placed)
            place.message["parts"].insert(place.at(), part)


_ODDITIES = {
    "time": Oddity.PLACED_BY_TIME,
    "chat": Oddity.PLACE_UNKNOWN,
}


def _origin(row: Raw) -> str | None:
    return take.string(row.get("origination_message_id"))


def made(row: Raw) -> str | None:
    """Return when a library file was made, RFC 3339; None where its row does not tell."""
    keys = ("created_at", "record_creation_time", "version_created_at", "file_upload_time")
    return next((time for key in keys if (time := take.as_time(row.get(key)))), None)


def _kind(row: Raw, facts: Asset) -> Kind:
    """How to show a library file: an image is one by its row, whatever its media type."""
    kind = kind_of(facts["name"], facts["media_type"])
    if kind == "file" and row.get("image_gen_generation_id"):
        return "image"
    return kind


def add_sandbox_files(
    messages: list[Message], rows: list[Raw], book: AssetBook, oddities: Counter[Oddity]
) -> None:
    """Name each file of the code interpreter that an answer links to.

    Found in the library by message and name, else by name. Any other stays behind with OpenAI, and
    is listed as missing. What the user typed is text, and so is what stands in code.
    """
    for message in messages:
        if message["role"] == "user":
            continue
        for part in list(message["parts"]):
            if part["type"] != "text" or HINT not in part["text"]:
                continue
            for path in dict.fromkeys(_mentioned(part["text"])):
                row = _row(rows, message, names(path))
                name = take.string(row.get("file_name")) if row else None
                pointer = take.string(row.get("file_id")) if row else None
                if pointer is None:
                    oddities[Oddity.FILE_STAYED] += 1
                name = name or names(path)[-1]
                asset = book.add(pointer or f"sandbox:{path}", name=name)
                shown = [each for each in message["parts"] if each.get("asset") == asset]
                if not shown:
                    facts = book.assets[asset]
                    kind = kind_of(name, facts["media_type"])
                    message["parts"].append(media(kind, asset))


def _mentioned(text: str) -> Iterator[str]:
    """List the paths of the code interpreter that `text` links to, or names outside of code."""
    at, fences = 0, 0
    for address in addresses(text):
        fences += sum(1 for _ in _FENCE.finditer(text, at, address.start))
        at = address.start
        line = text[max(0, at - 1_000) : at].rpartition("\n")[2]
        if address.linked or (fences % 2 == 0 and line.count("`") % 2 == 0):
            yield address.path


def _row(rows: list[Raw], message: Message, names: list[str]) -> Raw | None:
    """Find the library's row of a file: of several with its name, the one of the message.

    Where none is of the message: the last that was made before it, else the first.
    """
    for name in names:
        named = _named(rows, name)
        exact = [row for row in named if row.get("origination_message_id") == message["id"]]
        if exact:
            return exact[-1]
        made = [(take.as_time(row.get("created_at")) or "", row) for row in named]
        before = [row for time, row in made if time <= (message["created"] or "")]
        if named:
            return before[-1] if before else named[0]
    return None


def _named(rows: list[Raw], name: str) -> list[Raw]:
    """Find the rows with a file name, in whichever Unicode form it is written."""
    same = [row for row in rows if row.get("file_name") == name]
    if same or name.isascii():
        return same
    form = unicodedata.normalize("NFC", name)
    return [
        row
        for row in rows
        if unicodedata.normalize("NFC", take.string(row.get("file_name")) or "") == form
    ]
