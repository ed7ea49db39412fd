"""The parts of a message's content: one small function a part type, and a table of them.

Part types are those of `content.parts[]` in ChatGPT's export. `None` from a function means "not of
the shape that this type has": the part is then carried as `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from gptexit.chatgpt import take
from gptexit.model import Media, Part, Raw, Text, Unknown
from gptexit.readers.chatgpt.normalize.asset_book import AssetBook

Kind = Literal["image", "audio", "video", "file"]


def text(words: str) -> Text:
    """A text part without citations."""
    return {"type": "text", "text": words, "citations": []}


def unknown(raw: Any, content_type: Any) -> Unknown:
    """Anything, whole, with its strings for a person to read."""
    name = take.string(content_type)
    words = [word for word in take.strings(raw) if word != name]
    return {"type": "unknown", "content_type": name, "text": "\n\n".join(words), "raw": raw}


def media(kind: Kind, asset: str, **known: Any) -> Media:
    """Make a media part; `known` holds its title, prompt, width, height, seconds and `placed`."""
    return {
        "type": kind,
        "asset": asset,
        "title": take.string(known.get("title")),
        "prompt": take.string(known.get("prompt")),
        "width": take.whole(known.get("width")),
        "height": take.whole(known.get("height")),
        "seconds": take.number(known.get("seconds")),
        "placed": known.get("placed"),
    }


def pointer_of(value: Any) -> str | None:
    """The asset pointer in a string, or in an object that nests one some levels deep."""
    for _ in range(4):
        if isinstance(value, str):
            return value or None
        if not isinstance(value, dict):
            return None
        keys = (
            "asset_pointer",
            "audio_asset_pointer",
            "video_asset_pointer",
            "image_asset_pointer",
        )
        value = next((value[key] for key in keys if value.get(key)), None)
    return None


def _image(part: Raw, book: AssetBook) -> list[Part] | None:
    pointer = pointer_of(part)
    if pointer is None:
        return None
    metadata = take.mapping(part.get("metadata"))
    asset = book.add(pointer, size=part.get("size_bytes"))
    dalle = take.mapping(metadata.get("dalle"))
    size = {"width": part.get("width"), "height": part.get("height")}
    title = _title(take.mapping(metadata.get("generation"))) or _title(dalle)
    return [media("image", asset, title=title, prompt=dalle.get("prompt"), **size)]


def _title(made: Raw) -> str | None:
    """The title of a generated image; in exports of 2024 and 2025 a fixed phrase stands there."""
    title = take.string(made.get("serialization_title"))
    return None if title in ("DALL-E generation metadata", "Image Generation metadata") else title


def _audio(part: Raw, book: AssetBook) -> list[Part] | None:
    pointer = pointer_of(part)
    if pointer is None:
        return None
    form = take.string(part.get("format"))
    asset = book.add(
        pointer, size=part.get("size_bytes"), media_type=f"audio/{form}" if form else None
    )
    metadata = take.mapping(part.get("metadata"))
    start, end = take.number(metadata.get("start")), take.number(metadata.get("end"))
    seconds = end - start if start is not None and end is not None else None
    return [media("audio", asset, seconds=seconds)]


def _video(part: Raw, book: AssetBook) -> list[Part] | None:
    pointer = pointer_of(part)
    return None if pointer is None else [media("video", book.add(pointer))]


def _real_time(part: Raw, book: AssetBook) -> list[Part] | None:
    """A live voice turn: its audio, and video or frames where the camera was on."""
    found: list[Part] = []
    audio = part.get("audio_asset_pointer")
    if isinstance(audio, str):
        audio = {"asset_pointer": audio}
    if isinstance(audio, dict):
        found += _audio(audio, book) or []
    video = pointer_of(part.get("video_container_asset_pointer"))
    if video:
        found.append(media("video", book.add(video)))
    frames = part.get("frames_asset_pointers")
    for frame in frames if isinstance(frames, list) else []:
        pointer = pointer_of(frame)
        if pointer:
            found.append(media("image", book.add(pointer)))
    return found or None


def _transcription(part: Raw, book: AssetBook) -> list[Part] | None:
    words = part.get("text")
    if not isinstance(words, str):
        return None
    return [{"type": "transcript", "text": words, "direction": take.string(part.get("direction"))}]


def _text(part: Raw, book: AssetBook) -> list[Part] | None:
    words = part.get("text")
    return [text(words)] if isinstance(words, str) else None


def _markdown(part: Raw, book: AssetBook) -> list[Part] | None:
    words = part.get("content")
    return [text(words)] if isinstance(words, str) else None


def _code(part: Raw, book: AssetBook) -> list[Part] | None:
    words = part.get("content")
    language = take.string(part.get("language"))
    return (
        [{"type": "code", "language": language, "text": words}] if isinstance(words, str) else None
    )


def app_pairing(content: Raw, book: AssetBook) -> list[Part] | None:
    """What a desktop app showed ChatGPT of its windows; a content type and a part type."""
    titles = {
        take.string(item.get("id")): take.string(item.get("title"))
        for item in take.objects(content.get("workspaces"))
    }
    found: list[Part] = []
    for item in take.objects(content.get("context_parts")):
        words = "\n\n".join(take.strings(item.get("text")))
        title = titles.get(take.string(item.get("workspace_id")))
        found.append({"type": "quote", "text": words, "title": title, "url": None})
    return found or None


PARTS: dict[str, Callable[[Raw, AssetBook], list[Part] | None]] = {
    "text": _text,
    "image_asset_pointer": _image,
    "audio_asset_pointer": _audio,
    "audio_transcription": _transcription,
    "real_time_user_audio_video_asset_pointer": _real_time,
    "video_container_asset_pointer": _video,
    "video_asset_pointer": _video,
    "app_pairing_content": app_pairing,
    "markdown": _markdown,
    "code": _code,
}
"""Every part type that the reader knows."""


def read_part(part: Any, book: AssetBook) -> list[Part]:
    """The neutral parts of one item of `content.parts`: none for an empty one."""
    if isinstance(part, str):
        return [text(part)] if part else []
    if part is None:
        return []
    if not isinstance(part, dict):
        return [unknown(part, type(part).__name__)]
    name = part.get("content_type") or part.get("type")
    function = PARTS.get(name) if isinstance(name, str) else None
    found = function(part, book) if function else None
    return [unknown(part, name)] if found is None else found
