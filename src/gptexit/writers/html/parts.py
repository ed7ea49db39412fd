"""Each part of a message as HTML: one small function a type, and one table of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from gptexit.files.media_types import ending_of
from gptexit.model import Asset, Cited, Part, Reasoning
from gptexit.text.dates import duration, reasoning_title
from gptexit.writers.html.code import code_block
from gptexit.writers.html.prose import Prose, abroad, cite, typed
from gptexit.writers.parts import PartStyle, blocks_of, document_key, file_of, with_marks


@dataclass(slots=True)
class Shown:
    """What the parts of a page share, and what is known of the message whose part is shown."""

    link: Callable[[str], tuple[str, str | None]]
    """Takes the id of an asset; returns its name and its address as seen from the page, both as
    HTML, or None for the address if there is no file."""
    coloured: bool = True
    """Whether code has colours."""
    last_versions: dict[str, int] = field(default_factory=dict)
    """The last version of each canvas document of the page, by the document's key."""
    anchor: str = ""
    """The `id` of the message's article."""
    answer: bool = True
    """Whether the message is Markdown, or was typed by the user."""
    tool: str = ""
    """The name of the tool that the message is for or from."""
    pictures: Collection[str] = ()
    """The ids of the assets that a browser draws and does not run, as it runs SVG by itself."""
    files: Sequence[str] = ()
    """The ids of the assets that the message shows."""
    level: int = 1
    """The level of the last heading of the message."""
    sources: dict[tuple[str | None, str | None], int] = field(default_factory=dict)
    """The sources of the message as title and address, with their numbers."""

    def prose(self, text: str, cited: Sequence[str] = ()) -> str:
        """Show Markdown."""
        if not text.strip():
            return ""
        prose = Prose(self._file, self.coloured, cited, self.level)
        html = prose.html(text)
        self.level = prose.level
        return f'<div class="prose" dir="auto">{html}</div>\n'

    def words(self, text: str) -> str:
        """Show the words of a message: as they were typed, or as Markdown."""
        return self.prose(text) if self.answer else _typed(text)

    def source(self, source: Cited) -> int:
        """Return the number of a source."""
        key = (source["title"], source["url"])
        return self.sources.setdefault(key, len(self.sources) + 1)

    def source_list(self) -> str:
        """Return the sources of the message as a list."""
        if not self.sources:
            return ""
        items = "".join(
            f'<li id="{self.anchor}-s{number}">{_source(title, url)}</li>\n'
            for (title, url), number in self.sources.items()
        )
        return f'<ol class="sources">\n{items}</ol>\n'

    def _file(self, path: str) -> str | None:
        """Find the file of a path of the code interpreter: in this message, else in the chat."""
        return file_of(path, self.files, self.link)


_PICTURES = frozenset((".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".bmp", ".heic", ".tiff"))


def is_picture(asset: Asset) -> bool:
    """Tell whether an asset is a picture of points."""
    return ending_of(asset["name"] or "", asset["media_type"]).lower() in _PICTURES


def fold(kind: str, summary: str, inner: str) -> str:
    """Return HTML that opens below a line of words. Without HTML it is the line alone."""
    if not inner:
        return f'<p class="line {kind}">{summary}</p>\n'
    return f'<details class="fold {kind}"><summary>{summary}</summary>\n{inner}</details>\n'


def box(kind: str, title: str, inner: str, more: str = "") -> str:
    """Return HTML that is set apart below a title."""
    head = f'<p class="title">{title}</p>\n'
    return f'<section class="box {kind}"{more}>{head}{inner}</section>\n'


def line(words: str | None) -> str:
    """Return words on one line as HTML."""
    return escape(" ".join((words or "").split()), quote=False)


def _typed(text: str) -> str:
    return f'<div class="typed" dir="auto">{typed(text)}</div>\n' if text.strip() else ""


def _source(title: str | None, url: str | None) -> str:
    """Return a source as a link with its title and its host."""
    words = f'<span class="title">{line(title or url or "source")}</span>'
    if url is None:
        return words
    host = line(url.partition("://")[2].partition("/")[0].removeprefix("www."))
    return abroad(url, f'{words} <span class="host">{host}</span>' if host else words)


def _link(source: Cited) -> str:
    words = line(source["title"] or source["url"] or "source")
    return words if source["url"] is None else abroad(source["url"], words)


def _links(sources: Sequence[Cited]) -> str:
    items = "".join(f"<li>{_link(source)}</li>\n" for source in sources)
    return f'<ul class="links">\n{items}</ul>\n' if items else ""


def _text(part: Any, shown: Shown) -> str:
    text: str = part["text"]
    if not shown.answer or not part["citations"]:
        return shown.words(text.strip("\n"))
    text = text.replace("\ufdd4", "\ufffd").replace("\ufdd5", "\ufffd")
    numbers: list[int] = []

    def mark(source: Cited) -> str:
        numbers.append(shown.source(source))
        return cite(len(numbers) - 1)

    text = with_marks(text, part["citations"], mark).strip("\n")
    cited = [
        f'<sup class="cite"><a href="#{shown.anchor}-s{number}">{number}</a></sup>'
        for number in numbers
    ]
    return shown.prose(text, cited)


def _code(part: Any, shown: Shown) -> str:
    text: str = part["text"]
    if not text.strip():
        return ""
    return code_block(part["language"], text.strip("\n") + "\n", coloured=shown.coloured)


def _output(part: Any, shown: Shown) -> str:
    text: str = part["text"]
    return code_block(None, text.strip("\n") + "\n") if text.strip() else ""


_PLACED = {
    "time": "Placed by the time at which it was made:",
    "chat": "Made in this chat; the export does not say where:",
}
"""The line above a file whose message the export does not name."""


def _media(part: Any, shown: Shown) -> str:
    kind: str = part["type"]
    name, path = shown.link(part["asset"])
    placed = f'<p class="placed">{_PLACED[part["placed"]]}</p>\n' if part["placed"] else ""
    caption = " — ".join(line(words) for words in (part["title"], part["prompt"]) if words)
    if path is None:
        shown_name = line(part["title"]) if kind == "image" and part["title"] else name
        what = "picture" if kind == "image" else kind
        words = f'<p class="missing">Not in the export: the {what} “{shown_name}”.</p>\n'
        prompt = f'<p class="prompt">{line(part["prompt"])}</p>\n' if part["prompt"] else ""
        return placed + words + prompt
    length = duration(part["seconds"]) if (part["seconds"] or 0) >= 1 else ""
    if kind == "file":
        size = f' <span class="size">{length}</span>' if length else ""
        return f'{placed}<p class="file"><a href="{path}">{name}</a>{size}</p>\n'
    if kind == "image":
        alt = escape(" ".join((part["title"] or part["prompt"] or "").split())) or name
        sides = "".join(
            f' {side}="{part[side]:d}"'
            for side in ("width", "height")
            if isinstance(part[side], int) and 0 < part[side] < 100_000
        )
        img = f'<img src="{path}" alt="{alt}" loading="lazy" decoding="async"{sides}>'
        if part["asset"] in shown.pictures:
            img = f'<a href="{path}">{img}</a>'
        below = f"<figcaption>{caption}</figcaption>" if caption else ""
        return f'{placed}<figure class="picture">{img}{below}</figure>\n'
    below = " · ".join(filter(None, (caption or name, length)))
    player = f'<{kind} controls preload="none" src="{path}"></{kind}>'
    return (
        f'{placed}<figure class="player">{player}'
        f'<figcaption><a href="{path}">{below}</a></figcaption></figure>\n'
    )


def _transcript(part: Any, shown: Shown) -> str:
    return _typed(part["text"])


def _reasoning(part: Reasoning, shown: Shown) -> str:
    title = line(reasoning_title(part["summary"], part["seconds"]))
    pieces: list[str] = []
    for thought in part["thoughts"]:
        summary = line(thought["summary"])
        pieces.append(f"<p><strong>{summary}</strong></p>\n" if summary else "")
        pieces.append(shown.prose(thought["content"].strip()))
    inner = "".join(pieces)
    return fold("reasoning", title or "Thoughts", inner) if inner or title else ""


def _document(part: Any, shown: Shown) -> str:
    kind, version = part["kind"], part["version"]
    language = kind.removeprefix("code/") if kind.startswith("code/") else None
    kind = "document" if kind == "standard" else kind.replace("_", " ")
    name = f"“{line(part['title'])}”" if part["title"] else line(kind)
    key = document_key(part)
    inner = (
        shown.prose(part["text"])
        if language is None
        else _code({**part, "language": language}, shown)
    )
    last = shown.last_versions.get(key, version)
    if version < last:
        inner = fold("earlier", f"Version {version}", inner)
    title = f"Canvas {name}" + (f", version {version}" if last > 1 else "")
    marks = f' data-document="{escape(key)}" data-number="{version}"'
    return box("canvas", title, inner, marks)


def _quote(part: Any, shown: Shown) -> str:
    source: Cited = {"title": part["title"], "url": part["url"]}
    below = f"<p>— {_link(source)}</p>\n" if part["title"] or part["url"] else ""
    inner = shown.prose(part["text"]) + below
    return f'<blockquote class="passage">{inner}</blockquote>\n' if inner else ""


def _memory(part: Any, shown: Shown) -> str:
    title = "What ChatGPT remembered" if part["snapshot"] else "Memory updated"
    inner = shown.prose(part["text"])
    return box("memory", title, inner) if inner else ""


def _instructions(part: Any, shown: Shown) -> str:
    halves = (("About the user", part["about"]), ("How to respond", part["response"]))
    inner = "".join(
        f"<p><strong>{title}</strong></p>\n{_typed(text)}" for title, text in halves if text
    )
    return box("note", "Custom instructions", inner) if inner else ""


def _search(part: Any, shown: Shown) -> str:
    queries = ", ".join(f"“{line(query)}”" for query in part["queries"])
    links = _links(part["results"])
    if not queries:
        return fold("search", "Found", links) if links else ""
    return fold("search", f"Searched for: {queries}", links)


def _sources(part: Any, shown: Shown) -> str:
    for source in part["sources"]:
        shown.source(source)
    return ""


def _error(part: Any, shown: Shown) -> str:
    return box("failure", line(part["name"]) or "Error", shown.prose(part["text"]))


def _unknown(part: Any, shown: Shown) -> str:
    kind = line(part["content_type"]) or "none"
    title = f"Content of a type that gptexit does not know: {kind}"
    return fold("unknown", title, shown.prose(part["text"]))


PARTS: dict[str, Callable[[Any, Shown], str]] = {
    "text": _text,
    "code": _code,
    "output": _output,
    "image": _media,
    "audio": _media,
    "video": _media,
    "file": _media,
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
"""Every type of part of the model."""


def html_of(part: Part, shown: Shown) -> str:
    """Show a part; return nothing if there is nothing to show."""
    return PARTS[part["type"]](part, shown)


_PLAIN = PartStyle()


def source_of(part: Part) -> str:
    """Return the words of a part as Markdown, to be searched."""
    return "\n\n".join(filter(None, blocks_of(part, _PLAIN)))
