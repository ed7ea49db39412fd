"""The content of a message: one small function a content type, and a table of them.

Content types are those of `message.content.content_type` in ChatGPT's export. A function gets the
content object and what surrounds it, and gives neutral parts; `None` means "not of the shape that
this type has", and the content is then carried whole as `unknown`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from gptexit.chatgpt import take
from gptexit.model import Cited, Part, Raw, Reasoning
from gptexit.readers.chatgpt.normalize.asset_book import AssetBook
from gptexit.readers.chatgpt.normalize.links import cited
from gptexit.readers.chatgpt.normalize.parts import (
    app_pairing,
    media,
    pointer_of,
    read_part,
    text,
    unknown,
)


@dataclass(slots=True)
class Around:
    """What a content function may need beside the content."""

    metadata: Raw
    book: AssetBook


Parts = list[Part] | None


def _text(content: Raw, around: Around) -> Parts:
    parts = content.get("parts")
    if isinstance(parts, str):
        return [text(parts)]
    if not isinstance(parts, list):
        words = content.get("text")
        if isinstance(words, str):
            return [text(words)]
        return [] if parts is None and len(content) <= 2 else None
    return [found for part in parts for found in read_part(part, around.book)]


def _code(content: Raw, around: Around) -> Parts:
    words = content.get("text")
    if not isinstance(words, str):
        return None
    language = take.string(content.get("language"))
    return [
        {"type": "code", "language": None if language == "unknown" else language, "text": words}
    ]


def _execution_output(content: Raw, around: Around) -> Parts:
    words = content.get("text")
    if not isinstance(words, str):
        return None
    found: list[Part] = [{"type": "output", "text": words}] if words else []
    result = take.mapping(around.metadata.get("aggregate_result"))
    for message in take.objects(result.get("messages")):
        pointer = pointer_of(message.get("image_url"))
        if pointer and "://" in pointer and not pointer.startswith("data:"):
            size = {"width": message.get("width"), "height": message.get("height")}
            found.append(media("image", around.book.add(pointer), **size))
    for chart in take.objects(around.metadata.get("ada_visualizations")):
        pointer = take.string(chart.get("file_id"))
        if pointer:
            found.append(media("file", around.book.add(pointer, name=chart.get("title"))))
    return found


def _browsing(content: Raw, around: Around) -> Parts:
    texts = [take.string(content.get("result")), take.string(content.get("summary"))]
    words = "\n\n".join(filter(None, texts))
    listed = take.mapping(around.metadata.get("_cite_metadata"))
    results = [cited(item) for item in take.objects(listed.get("metadata_list"))]
    query = take.string(listed.get("original_query"))
    found: list[Part] = []
    if query or results:
        found.append({"type": "search", "queries": [query] if query else [], "results": results})
    if words:
        found.append({"type": "output", "text": words})
    return found


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
    told = take.mapping(around.metadata.get("user_context_message_data"))
    about = take.string(told.get("about_user_message"))
    response = take.string(told.get("about_model_message"))
    about = about or _unfenced(content.get("user_profile"))
    response = response or _unfenced(content.get("user_instructions"))
    return [{"type": "instructions", "about": about, "response": response}]


_FENCED = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)


def _unfenced(value: Any) -> str | None:
    """The user's own words inside the boilerplate that ChatGPT puts around them."""
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


_DURATION = re.compile(r"(\d+)\s*(h|m|s)\w*")
_SECONDS = {"h": 3600, "m": 60, "s": 1}


def seconds_of(words: str) -> float | None:
    """The duration in a recap such as "Thought for 1m 7s", in seconds."""
    found = _DURATION.findall(words)
    return sum(int(count[:9]) * _SECONDS[unit] for count, unit in found) if found else None


def _thoughts(content: Raw, around: Around) -> Parts:
    thoughts = content.get("thoughts")
    if isinstance(thoughts, str):  # one source saw the list as a JSON string
        try:
            thoughts = orjson.loads(thoughts)
        except orjson.JSONDecodeError:
            thoughts = [{"summary": "", "content": thoughts}]
    if not isinstance(thoughts, list):
        return None
    found: Reasoning = {"type": "reasoning", "summary": None, "thoughts": [], "seconds": None}
    worded = [{"content": step} if isinstance(step, str) else step for step in thoughts]
    for thought in take.objects(worded):
        words = take.string(thought.get("content"))
        chunks = thought.get("chunks")
        if words is None and isinstance(chunks, list):
            words = "\n".join(chunk for chunk in chunks if isinstance(chunk, str))
        summary = take.string(thought.get("summary")) or ""
        if summary.strip() or (words and words.strip()):
            found["thoughts"].append({"summary": summary, "content": words or ""})
    found["seconds"] = take.number(around.metadata.get("finished_duration_sec"))
    return [found] if found["thoughts"] else []


def _recap(content: Raw, around: Around) -> Parts:
    words = content.get("content")
    if not isinstance(words, str):
        return None
    seconds = take.number(around.metadata.get("finished_duration_sec"))
    if not words.strip() and not seconds:
        return []
    return [
        {
            "type": "reasoning",
            "summary": words.strip() or None,
            "thoughts": [],
            "seconds": seconds if seconds is not None else seconds_of(words),
        }
    ]


def _computer_output(content: Raw, around: Around) -> Parts:
    state = take.mapping(content.get("state"))
    found: list[Part] = []
    screenshot = take.mapping(content.get("screenshot"))
    pointer = pointer_of(screenshot)
    if pointer:
        size = {"width": screenshot.get("width"), "height": screenshot.get("height")}
        found.append(media("image", around.book.add(pointer), **size))
    words = take.string(state.get("dom")) or ""
    title, url = take.string(state.get("title")), cited(state)["url"]
    if words or title or url:
        found.append({"type": "quote", "text": words, "title": title, "url": url})
    return found or None


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


def _app_pairing(content: Raw, around: Around) -> Parts:
    return app_pairing(content, around.book)


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
    "app_pairing_content": _app_pairing,
}
"""Every content type that the reader knows."""


def read_content(content: Any, around: Around) -> list[Part]:
    """The neutral parts of a message's `content`, of whatever shape it is."""
    if content is None or content == {}:
        return []
    if not isinstance(content, dict):
        return [unknown(content, None)]
    name = content.get("content_type")
    if name is None and isinstance(content.get("parts"), list):
        name = "text"
    function = CONTENT.get(name) if isinstance(name, str) else None
    found = function(content, around) if function else None
    return [unknown(content, name)] if found is None else found
