"""Read the content of a message: one small function for each content type and part type.

Content types are those of `message.content.content_type` in ChatGPT's export, part types those of
`content.parts[]`. A function gets the raw object and returns neutral parts, or None if the object
has not the shape of its type: then `unknown` carries the whole of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from gptexit.chatgpt import take
from gptexit.model import Cited, Part, Raw, Reasoning, Text, Unknown
from gptexit.readers.chatgpt.normalize.assets import AssetBook, audio_type, media, pointer_of
from gptexit.readers.chatgpt.normalize.links import cited

Parts = list[Part] | None
_FENCED = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_DURATION = re.compile(r"(\d+)\s*(h|m|s)\w*")
_SECONDS = {"h": 3600, "m": 60, "s": 1}


@dataclass(slots=True)
class Around:
    """What a content function may need beside the content."""

    metadata: Raw
    book: AssetBook


def text(words: str) -> Text:
    """Make a text part without citations."""
    return {"type": "text", "text": words, "citations": []}


def unknown(raw: Any, content_type: Any) -> Unknown:
    """Make a part that holds all of `raw`, and its strings for a person to read."""
    name = take.string(content_type)
    words = [word for word in take.strings(raw) if word != name]
    return {"type": "unknown", "content_type": name, "text": "\n\n".join(words), "raw": raw}


def _text_of(words: Any) -> Parts:
    return [text(words)] if isinstance(words, str) else None


def _image_part(part: Raw, book: AssetBook) -> Parts:
    pointer = pointer_of(part)
    if pointer is None:
        return None
    metadata = take.mapping(part.get("metadata"))
    asset = book.add(pointer, size=part.get("size_bytes"))
    dalle = take.mapping(metadata.get("dalle"))
    title = _title(metadata.get("generation")) or _title(dalle)
    return [media("image", asset, part, title=title, prompt=dalle.get("prompt"))]


def _title(generation: Any) -> str | None:
    """Return the title of a generated image; exports of 2024 and 2025 hold a fixed phrase."""
    title = take.string(take.mapping(generation).get("serialization_title"))
    return None if title in ("DALL-E generation metadata", "Image Generation metadata") else title


def _audio_part(part: Raw, book: AssetBook) -> Parts:
    pointer = pointer_of(part)
    if pointer is None:
        return None
    asset = book.add(
        pointer, size=part.get("size_bytes"), media_type=audio_type(part.get("format"))
    )
    metadata = take.mapping(part.get("metadata"))
    start, end = take.number(metadata.get("start")), take.number(metadata.get("end"))
    seconds = end - start if start is not None and end is not None else None
    return [media("audio", asset, seconds=seconds)]


def _video_part(part: Raw, book: AssetBook) -> Parts:
    pointer = pointer_of(part)
    return None if pointer is None else [media("video", book.add(pointer))]


def _real_time_part(part: Raw, book: AssetBook) -> Parts:
    """Read a live voice turn: its audio, and its video or frames if the camera was on."""
    parts: list[Part] = []
    audio = part.get("audio_asset_pointer")
    if isinstance(audio, str):
        audio = {"asset_pointer": audio}
    if isinstance(audio, dict):
        parts += _audio_part(audio, book) or []
    video = pointer_of(part.get("video_container_asset_pointer"))
    if video:
        parts.append(media("video", book.add(video)))
    frames = part.get("frames_asset_pointers")
    pointers = map(pointer_of, frames if isinstance(frames, list) else [])
    parts += [media("image", book.add(pointer)) for pointer in pointers if pointer]
    return parts or None


def _transcription_part(part: Raw, book: AssetBook) -> Parts:
    words = part.get("text")
    if not isinstance(words, str):
        return None
    return [{"type": "transcript", "text": words, "direction": take.string(part.get("direction"))}]


def _code_of(words: Any, language: Any) -> Parts:
    if not isinstance(words, str):
        return None
    return [{"type": "code", "language": take.string(language), "text": words}]


def _app_pairing(content: Raw, book: AssetBook) -> Parts:
    """Read what a desktop app showed ChatGPT of its windows; a content type and a part type."""
    titles = {
        take.string(item.get("id")): take.string(item.get("title"))
        for item in take.objects(content.get("workspaces"))
    }
    quotes: list[Part] = [
        {
            "type": "quote",
            "text": "\n\n".join(take.strings(item.get("text"))),
            "title": titles.get(take.string(item.get("workspace_id"))),
            "url": None,
        }
        for item in take.objects(content.get("context_parts"))
    ]
    return quotes or None


PARTS: dict[str, Callable[[Raw, AssetBook], Parts]] = {
    "text": lambda part, book: _text_of(part.get("text")),
    "image_asset_pointer": _image_part,
    "audio_asset_pointer": _audio_part,
    "audio_transcription": _transcription_part,
    "real_time_user_audio_video_asset_pointer": _real_time_part,
    "video_container_asset_pointer": _video_part,
    "video_asset_pointer": _video_part,
    "app_pairing_content": _app_pairing,
    "markdown": lambda part, book: _text_of(part.get("content")),
    "code": lambda part, book: _code_of(part.get("content"), part.get("language")),
}
"""Every part type that the reader knows."""


def read_part(part: Any, book: AssetBook) -> list[Part]:
    """Return the neutral parts of one item of `content.parts`; none if it is empty."""
    if isinstance(part, str):
        return [text(part)] if part else []
    if part is None:
        return []
    if not isinstance(part, dict):
        return [unknown(part, type(part).__name__)]
    name = part.get("content_type") or part.get("type")
    function = PARTS.get(name) if isinstance(name, str) else None
    parts = function(part, book) if function else None
    return [unknown(part, name)] if parts is None else parts


def _text(content: Raw, around: Around) -> Parts:
    parts = content.get("parts")
    if isinstance(parts, str):
        return [text(parts)]
    if isinstance(parts, list):
        return [neutral for part in parts for neutral in read_part(part, around.book)]
    words = content.get("text")
    if not isinstance(words, str) and parts is None and len(content) <= 2:
        return []
    return _text_of(words)


def _code(content: Raw, around: Around) -> Parts:
    language = content.get("language")
    return _code_of(content.get("text"), None if language == "unknown" else language)


def _execution_output(content: Raw, around: Around) -> Parts:
    words = content.get("text")
    if not isinstance(words, str):
        return None
    parts: list[Part] = [{"type": "output", "text": words}] if words else []
    result = take.mapping(around.metadata.get("aggregate_result"))
    for message in take.objects(result.get("messages")):
        pointer = pointer_of(message.get("image_url"))
        if pointer and "://" in pointer and not pointer.startswith("data:"):
            parts.append(media("image", around.book.add(pointer), message))
    for chart in take.objects(around.metadata.get("ada_visualizations")):
        pointer = take.string(chart.get("file_id"))
        if pointer:
            parts.append(media("file", around.book.add(pointer, name=chart.get("title"))))
    return parts


def _browsing(content: Raw, around: Around) -> Parts:
    texts = [take.string(content.get("result")), take.string(content.get("summary"))]
    words = "\n\n".join(filter(None, texts))
    listed = take.mapping(around.metadata.get("_cite_metadata"))
    results = [cited(item) for item in take.objects(listed.get("metadata_list"))]
    query = take.string(listed.get("original_query"))
    parts: list[Part] = []
    if query or results:
        parts.append({"type": "search", "queries": [query] if query else [], "results": results})
    if words:
        parts.append({"type": "output", "text": words})
    return parts


def _quote(content: Raw, around: Around) -> Parts:
    words = take.string(content.get("text")) or take.string(content.get("snippet"))
    title = take.string(content.get("title")) or take.string(content.get("domain"))
    url = take.string(content.get("url"))
    if url and url.startswith(("file-id://", "file-service://", "sediment://")):
        around.book.add(url, name=content.get("domain"))
    return [{"type": "quote", "text": words or "", "title": title, "url": cited(content)["url"]}]


def _system_error(content: Raw, around: Around) -> Parts:
    name, words = take.string(content.get("name")), take.string(content.get("text"))
    return [{"type": "error", "name": name, "text": words or ""}]


def _instructions(content: Raw, around: Around) -> Parts:
    plain = take.mapping(around.metadata.get("user_context_message_data"))
    about, response = plain.get("about_user_message"), plain.get("about_model_message")
    return [
        {
            "type": "instructions",
            "about": take.string(about) or _unfenced(content.get("user_profile")),
            "response": take.string(response) or _unfenced(content.get("user_instructions")),
        }
    ]


def _unfenced(value: Any) -> str | None:
    """Return the user's own words from the boilerplate that ChatGPT puts around them."""
    words = take.string(value)
    if words is None:
        return None
    words = words.removeprefix("User profile:\n")
    match = _FENCED.search(words)
    return match[1] if match else words


def _memory_snapshot(content: Raw, around: Around) -> Parts:
    words = content.get("model_set_context")
    if not isinstance(words, str):
        return None
    return [{"type": "memory", "text": words, "snapshot": True}] if words else []


def seconds_of(words: str) -> float | None:
    """Return the duration in a recap such as "Thought for 1m 7s", in seconds."""
    counts = _DURATION.findall(words)
    return sum(int(count[:9]) * _SECONDS[unit] for count, unit in counts) if counts else None


def _thoughts(content: Raw, around: Around) -> Parts:
    thoughts = content.get("thoughts")
    if isinstance(thoughts, str):  # one source saw the list as a JSON string
        try:
            thoughts = orjson.loads(thoughts)
        except orjson.JSONDecodeError:
            thoughts = [{"summary": "", "content": thoughts}]
    if not isinstance(thoughts, list):
        return None
    seconds = take.number(around.metadata.get("finished_duration_sec"))
    part: Reasoning = {"type": "reasoning", "summary": None, "thoughts": [], "seconds": seconds}
    worded = [{"content": step} if isinstance(step, str) else step for step in thoughts]
    for thought in take.objects(worded):
        words = take.string(thought.get("content"))
        chunks = thought.get("chunks")
        if words is None and isinstance(chunks, list):
            words = "\n".join(chunk for chunk in chunks if isinstance(chunk, str))
        summary = take.string(thought.get("summary")) or ""
        if summary.strip() or (words and words.strip()):
            part["thoughts"].append({"summary": summary, "content": words or ""})
    return [part] if part["thoughts"] else []


def _recap(content: Raw, around: Around) -> Parts:
    words = content.get("content")
    if not isinstance(words, str):
        return None
    seconds = take.number(around.metadata.get("finished_duration_sec"))
    if not words.strip() and not seconds:
        return []
    summary = words.strip() or None
    seconds = seconds if seconds is not None else seconds_of(words)
    return [{"type": "reasoning", "summary": summary, "thoughts": [], "seconds": seconds}]


def _computer_output(content: Raw, around: Around) -> Parts:
    state = take.mapping(content.get("state"))
    parts: list[Part] = []
    screenshot = take.mapping(content.get("screenshot"))
    pointer = pointer_of(screenshot)
    if pointer:
        parts.append(media("image", around.book.add(pointer), screenshot))
    words = take.string(state.get("dom")) or ""
    title, url = take.string(state.get("title")), cited(state)["url"]
    if words or title or url:
        parts.append({"type": "quote", "text": words, "title": title, "url": url})
    return parts or None


def _citable_output(content: Raw, around: Around) -> Parts:
    words = take.string(content.get("output_str")) or take.string(content.get("unprocessed_output"))
    return [{"type": "output", "text": words}] if words else None


def _super_widget(content: Raw, around: Around) -> Parts:
    widgets = content.get("widgets")
    groups = take.objects(widgets) if isinstance(widgets, list) else [take.mapping(widgets)]
    links: list[Cited] = [
        cited(item) for group in groups for item in take.objects(group.get("navlinks"))
    ]
    return [{"type": "search", "queries": [], "results": links}] if links else None


CONTENT: dict[str, Callable[[Raw, Around], Parts]] = {
    "text": _text,
    "multimodal_text": _text,
    "code": _code,
    "execution_output": _execution_output,
    "tether_browsing_display": _browsing,
    "tether_browsing_code": _code,
    "tether_quote": _quote,
    "system_error": _system_error,
    "user_editable_context": _instructions,
    "model_editable_context": _memory_snapshot,
    "thoughts": _thoughts,
    "reasoning_recap": _recap,
    "sonic_webpage": _quote,
    "computer_output": _computer_output,
    "citable_code_output": _citable_output,
    "super_widget": _super_widget,
    "app_pairing_content": lambda content, around: _app_pairing(content, around.book),
}
"""Every content type that the reader knows."""


def read_content(content: Any, around: Around) -> list[Part]:
    """Return the neutral parts of a message's `content`, of whatever shape it is."""
    if content is None or content == {}:
        return []
    if not isinstance(content, dict):
        return [unknown(content, None)]
    name = content.get("content_type")
    if name is None and isinstance(content.get("parts"), list):
        name = "text"
    function = CONTENT.get(name) if isinstance(name, str) else None
    parts = function(content, around) if function else None
    return [unknown(content, name)] if parts is None else parts
