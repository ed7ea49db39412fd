"""The parts of a turn as the Markdown that chat apps show: one small function a type.

Unlike a note of the archive, a turn stands by itself: what it says cannot break anything else, and
is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gptexit.model import Asset, Cited, Part
from gptexit.text.dates import reasoning_title
from gptexit.text.markdown import line
from gptexit.writers.chat.turns import document_key, last_versions
from gptexit.writers.markdown.embed import fenced, in_angles, quoted
from gptexit.writers.markdown.parts import placed, searched

Blocks = list[str]


@dataclass(slots=True)
class PartContext:
    """What the parts of one turn share."""

    assets: dict[str, Asset]
    place: Callable[[Asset], str | None]
    """Where an asset is to be found, for a person; None where it is shown by other means."""
    cite: Callable[[Cited], str] | None = None
    """A source as a mark in the text; None where the text keeps its links."""
    superseded: dict[str, int] = field(default_factory=dict)
    """Canvas documents of which a later turn has a version, with the last of these."""


def words_of(parts: list[Part], scene: PartContext) -> str:
    """The text of a turn; reasoning is the target's own affair."""
    last = last_versions(parts)
    blocks: Blocks = []
    for part in parts:
        if part["type"] == "document" and part["version"] < last[document_key(part)]:
            continue
        blocks += PARTS[part["type"]](part, scene)
    return "\n\n".join(blocks)


def _text(part: Any, scene: PartContext) -> Blocks:
    words: str = part["text"]
    if scene.cite and part["citations"]:
        out, at = [], 0
        for citation in part["citations"]:
            out.append(words[at : citation["start"]].rstrip(" "))
            out += [f" {scene.cite(source)}" for source in citation["sources"]]
            at = citation["end"]
        words = "".join([*out, words[at:]])
    return [words.strip("\n")] if words.strip() else []


def _code(part: Any, scene: PartContext) -> Blocks:
    return [fenced(part["text"], part["language"])] if part["text"].strip() else []


def _output(part: Any, scene: PartContext) -> Blocks:
    return ["Output:", fenced(part["text"], "text")] if part["text"].strip() else []


def _asset(part: Any, scene: PartContext) -> Blocks:
    asset = scene.assets.get(part["asset"])
    name = line(part["title"] or (asset["name"] if asset else None) or part["asset"])
    if asset is None or asset["missing"]:
        prompt = f"\n\n{quoted(part['prompt'])}" if part["prompt"] else ""
        return [*placed(part), f"*Not in the export: {part['type']} “{name}”*{prompt}"]
    where = scene.place(asset)
    if where is not None:
        return [*placed(part), f"*{part['type'].capitalize()} “{name}”: {where}*"]
    return [*placed(part), *([f"*{line(part['title'])}*"] if part["title"] else [])]


def _transcript(part: Any, scene: PartContext) -> Blocks:
    return [part["text"]] if part["text"].strip() else []


def _none(part: Any, scene: PartContext) -> Blocks:
    return []


def reasoning(part: Any) -> tuple[str, str]:
    """A title such as “Thought for 7 seconds”, and the thoughts as Markdown."""
    title = line(reasoning_title(part["summary"], part["seconds"]) or "Thoughts")
    blocks = []
    for thought in part["thoughts"]:
        summary, content = thought["summary"].strip(), thought["content"].strip()
        blocks += [f"**{line(summary)}**"] if summary else []
        blocks += [content] if content else []
    return title, "\n\n".join(blocks)


def _document(part: Any, scene: PartContext) -> Blocks:
    kind = part["kind"]
    name = f"“{line(part['title'])}”" if part["title"] else line(kind.replace("_", " "))
    if part["version"] < scene.superseded.get(document_key(part), 0):
        return [f"*Canvas {name}, version {part['version']}; its last version stands below.*"]
    language = kind.removeprefix("code/") if kind.startswith("code/") else "markdown"
    return [f"**Canvas {name}**", fenced(part["text"], language)]


def _quote(part: Any, scene: PartContext) -> Blocks:
    source: Cited = {"title": part["title"], "url": part["url"]}
    blocks = [part["text"]] if part["text"].strip() else []
    if part["title"] or part["url"]:
        blocks.append(f"— {linked(source)}")
    return [quoted("\n\n".join(blocks))] if blocks else []


def linked(source: Cited) -> str:
    """A source as a Markdown link."""
    title = line(source["title"] or source["url"] or "source")
    url = source["url"]
    return title if url is None else f"[{title}]({in_angles(url)})"


def _memory(part: Any, scene: PartContext) -> Blocks:
    title = "What ChatGPT remembered" if part["snapshot"] else "Memory updated"
    return [quoted(f"**{title}**\n\n{part['text']}")]


def _instructions(part: Any, scene: PartContext) -> Blocks:
    return [quoted(f"**Custom instructions**\n\n{instructions(part)}")]


def instructions(part: Any) -> str:
    """Custom instructions as plain text, for a system prompt too."""
    return "\n\n".join(filter(None, (part["about"], part["response"])))


def _search(part: Any, scene: PartContext) -> Blocks:
    return searched(part, linked)


def _sources(part: Any, scene: PartContext) -> Blocks:
    if scene.cite:
        return ["Sources: " + " ".join(map(scene.cite, part["sources"]))]
    return ["Sources:\n\n" + "\n".join(f"- {linked(source)}" for source in part["sources"])]


def _error(part: Any, scene: PartContext) -> Blocks:
    words = f"\n\n{part['text']}" if part["text"].strip() else ""
    return [quoted(f"**{line(part['name'] or 'Error')}**{words}")]


def _unknown(part: Any, scene: PartContext) -> Blocks:
    return [part["text"]] if part["text"].strip() else []


PARTS: dict[str, Callable[[Any, PartContext], Blocks]] = {
    "text": _text,
    "code": _code,
    "output": _output,
    "image": _asset,
    "audio": _asset,
    "video": _asset,
    "file": _asset,
    "transcript": _transcript,
    "reasoning": _none,
    "document": _document,
    "quote": _quote,
    "memory": _memory,
    "instructions": _instructions,
    "search": _search,
    "sources": _sources,
    "error": _error,
    "unknown": _unknown,
}
"""Every part type of the model."""
