"""Each part of a message as blocks of Markdown: one small function a type, and a table of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gptexit.chatgpt.sandbox import names
from gptexit.model import Cited, Part
from gptexit.text.dates import duration, reasoning_title
from gptexit.text.markdown import line
from gptexit.writers.markdown.embed import fenced, in_angles, protect, quoted
from gptexit.writers.markdown.links import NOWHERE, Links, is_safe
from gptexit.writers.markdown.typed import typed

Blocks = list[str]


@dataclass(slots=True)
class Footnotes:
    """The cited sources of a note, each once, in the order of their first mention."""

    numbers: dict[str, int] = field(default_factory=dict)

    def mark(self, source: Cited) -> int:
        """The number of a source."""
        return self.numbers.setdefault(_linked(source), len(self.numbers) + 1)

    def block(self) -> str:
        """The definitions."""
        return "\n".join(f"[^{number}]: {shown}" for shown, number in self.numbers.items())


@dataclass(slots=True)
class Note:
    """What the parts of one note share."""

    link: Callable[[str], tuple[str, str | None]]
    """From an asset id to its name and its path as seen from the note; None where it is missing."""
    footnotes: Footnotes = field(default_factory=Footnotes)
    last_versions: dict[str, int] = field(default_factory=dict)
    """For each canvas document, by its key, the last version that the note shows."""
    absent: str = "Not in the export"
    """What is said of a file without a path."""
    answer: bool = True
    """Whether the part is of an answer, which is Markdown, or of the user, who typed it."""
    keep_images: bool = False
    """Whether pictures on other servers stay pictures."""
    files: list[str] = field(default_factory=list)
    """The ids of the assets that the message shows."""

    @property
    def links(self) -> Links:
        """What the links of an answer may lead to."""
        if not self.files:
            return _KEPT if self.keep_images else NOWHERE
        return Links(self._file, self.keep_images)

    def _file(self, path: str) -> str | None:
        """Find the file of a path of the code interpreter: of this message, else of the chat."""
        spellings = names(path)
        shown = [link for name, link in map(self.link, self.files) if name in spellings]
        if shown:
            return next(filter(None, shown), None)
        return next(filter(None, (self.link(f"sandbox:{name}")[1] for name in spellings)), None)


_KEPT = Links(keep_images=True)


def _linked(source: Cited) -> str:
    title = line(source["title"] or source["url"] or "source")
    url = source["url"]
    if url is None:
        return title
    if not is_safe(url):
        return f"{title} ({line(url)})" if source["title"] else title
    return f"[{title}]({in_angles(url)})" if set(url) & _ODD else f"[{title}]({url})"


_ODD = set(" ()<>\n\r\t\\")
_MARK = re.compile("\ufdd4(\\d+)\ufdd5")


def _text(part: Any, note: Note) -> Blocks:
    words: str = part["text"]
    if not words.strip():
        return []
    if not part["citations"]:
        return [_shown(words, note)]
    out: list[str] = []
    at = 0
    for citation in part["citations"]:
        out.append(_unmarked(words[at : citation["start"]]).rstrip(" "))
        out += [f"\ufdd4{note.footnotes.mark(source)}\ufdd5" for source in citation["sources"]]
        at = citation["end"]
    out.append(_unmarked(words[at:]))
    return [_MARK.sub(r"[^\1]", _shown("".join(out), note))]


def _shown(words: str, note: Note) -> str:
    """Words without the blank lines around them, which a marker or a canvas block may leave."""
    if not note.answer:
        return typed(words)
    return protect(words, headings=True, links=note.links).strip("\n")


def _unmarked(words: str) -> str:
    return words.replace("\ufdd4", "\ufffd").replace("\ufdd5", "\ufffd")


def _code(part: Any, note: Note) -> Blocks:
    return [fenced(part["text"], part["language"])] if part["text"].strip() else []


def _output(part: Any, note: Note) -> Blocks:
    return ["Output:", fenced(part["text"], "text")] if part["text"].strip() else []


def _image(part: Any, note: Note) -> Blocks:
    name, path = note.link(part["asset"])
    if path is None:
        return [*placed(part), _missing("image", part["title"] or name, part["prompt"], note)]
    return [*placed(part), f"![{line(part['title'] or part['prompt'] or name)}]({path})"]


def placed(part: Any) -> Blocks:
    """The line above a file that stands where the export does not say that it was shown."""
    return [_PLACED[part["placed"]]] if part["placed"] else []


_PLACED = {
    "time": "*Placed by the time at which it was made:*",
    "chat": "*Made in this chat; the export does not say where:*",
}


def _file(part: Any, note: Note) -> Blocks:
    name, path = note.link(part["asset"])
    kind = part["type"].capitalize()
    if path is None:
        return [*placed(part), _missing(part["type"], name, None, note)]
    length = f" ({duration(part['seconds'])})" if (part["seconds"] or 0) >= 1 else ""
    return [*placed(part), f"{kind}: [{line(name)}]({path}){length}"]


def _missing(kind: str, name: str, prompt: str | None, note: Note) -> str:
    shown = f"*{note.absent}: {kind} “{line(name)}”*"
    return f"{shown}\n\n{quoted(typed(prompt))}" if prompt else shown


def _transcript(part: Any, note: Note) -> Blocks:
    return [typed(part["text"])] if part["text"].strip() else []


def _callout(kind: str, title: str, blocks: Blocks) -> str:
    """An Obsidian callout, which other readers show as a block quote; a line without blocks."""
    blocks = [block.strip("\n") for block in blocks if block.strip()]
    if not blocks:
        return f"*{title}*"
    return quoted("\n\n".join([f"{_OPENINGS[kind]} {title}", *blocks]))


_OPENINGS = {
    "note": "[!note]",
    "folded": "[!note]-",
    "memory": "[!tip]",
    "document": "[!abstract]",
    "failure": "[!failure]",
    "unknown": "[!question]",
}


def _reasoning(part: Any, note: Note) -> Blocks:
    title = line(reasoning_title(part["summary"], part["seconds"]) or "")
    blocks: Blocks = []
    for thought in part["thoughts"]:
        summary, content = thought["summary"].strip(), thought["content"].strip()
        if summary:
            blocks.append(f"**{line(summary)}**")
        if content:
            blocks.append(protect(content, headings=True, links=note.links))
    if not blocks:
        return [f"*{title}*"] if title else []
    return [_callout("folded", title or "Thoughts", blocks)]


def _document(part: Any, note: Note) -> Blocks:
    kind = part["kind"]
    key = part["id"] or part["title"] or ""
    last = note.last_versions.get(key, part["version"])
    version = f", version {part['version']}" if last > 1 else ""
    name = f"“{line(part['title'])}”" if part["title"] else _nameless(kind)
    title = f"Canvas {name}{version}"
    if part["version"] < last:
        return [f"*{title}; its last version stands below.*"]
    if kind.startswith("code/") and part["text"].strip():
        return [f"**{title}**", fenced(part["text"], kind.removeprefix("code/"))]
    words = protect(part["text"], headings=True, links=note.links)
    return [_callout("document", title, [words] if words.strip() else [])]


def _nameless(kind: str) -> str:
    return "document" if kind == "standard" else line(kind.replace("_", " "))


def _quote(part: Any, note: Note) -> Blocks:
    source: Cited = {"title": part["title"], "url": part["url"]}
    named = bool(source["title"] or source["url"])
    blocks = [protect(part["text"], headings=False)] if part["text"].strip() else []
    if named:
        blocks.append(f"— {_linked(source)}")
    return [quoted("\n\n".join(blocks))] if blocks else []


def _memory(part: Any, note: Note) -> Blocks:
    if not part["text"].strip():
        return []
    title = "What ChatGPT remembered" if part["snapshot"] else "Memory updated"
    return [_callout("memory", title, [protect(part["text"], headings=False)])]


def _instructions(part: Any, note: Note) -> Blocks:
    blocks = []
    for title, words in (
        ("About the user", part["about"]),
        ("How to respond", part["response"]),
    ):
        if words:
            blocks += [f"**{title}**", typed(words)]
    return [_callout("note", "Custom instructions", blocks)]


def _search(part: Any, note: Note) -> Blocks:
    return searched(part, _linked)


def searched(part: Any, linked: Callable[[Cited], str]) -> Blocks:
    """What was searched for and what was found; `linked` shows a source."""
    blocks = []
    if part["queries"]:
        blocks.append("Searched for: " + ", ".join(f"“{line(query)}”" for query in part["queries"]))
    results = [f"- {linked(result)}" for result in part["results"]]
    return [*blocks, "\n".join(results)] if results else blocks


def _sources(part: Any, note: Note) -> Blocks:
    return ["Sources:\n\n" + "\n".join(f"- {_linked(source)}" for source in part["sources"])]


def _error(part: Any, note: Note) -> Blocks:
    words = protect(part["text"], headings=False)
    return [_callout("failure", line(part["name"] or "Error"), [words] if words.strip() else [])]


def _unknown(part: Any, note: Note) -> Blocks:
    kind = line(part["content_type"] or "none")
    words = protect(part["text"], headings=False)
    title = f"Content of a type that gptexit does not know: {kind}"
    return [_callout("unknown", title, [words] if words.strip() else [])]


PARTS: dict[str, Callable[[Any, Note], Blocks]] = {
    "text": _text,
    "code": _code,
    "output": _output,
    "image": _image,
    "audio": _file,
    "video": _file,
    "file": _file,
    "transcript": _transcript,
    "reasoning": _reasoning,
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


MEDIA = frozenset({"image", "audio", "video", "file"})
"""The part types that show a file."""


def blocks_of(part: Part, note: Note) -> Blocks:
    """The part as blocks, to be set apart by blank lines."""
    return PARTS[part["type"]](part, note)
