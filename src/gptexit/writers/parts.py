"""Each part of a message as Markdown: one small function a type, and one table of them.

Every writer that shows text uses this table. Where two writers show a part in different ways, the
difference is in their `PartStyle`. A new type of part needs a function and a line in `PARTS` here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar

from gptexit.chatgpt.sandbox import names
from gptexit.codes import TOOLS, Hidden
from gptexit.model import Citation, Cited, Message, Part, Reasoning
from gptexit.text.dates import reasoning_title
from gptexit.text.markdown import line
from gptexit.writers.markdown.embed import fenced, in_angles, quoted

Blocks = list[str]
"""Paragraphs, lists, code blocks and so on. Blank lines go between them."""


class PartStyle:
    """The differences between writers. This style is plain: it shows words and names of files."""

    __slots__ = ()
    plain: ClassVar[bool] = True
    """Whether labels, titles and quotation marks are left out: for what a program reads."""
    standard: ClassVar[str] = "standard"
    """The name of a canvas document without a title whose kind is `standard`."""
    absent: ClassVar[str] = "Not in the export"
    """The words for a file that cannot be shown."""

    def prose(self, text: str, *, headings: bool = False) -> str:
        """Show Markdown. `headings`: it may have headings of its own."""
        return text.strip("\n")

    def typed(self, text: str) -> str:
        """Show words that a person typed or spoke."""
        return text.strip("\n")

    def text(self, part: Any) -> Blocks:
        """Show a text part, with its citations where the style has marks for them."""
        return [self.prose(part["text"])]

    def media(self, part: Any) -> Blocks:
        """Show a file."""
        return [*filter(None, (part["title"], part["prompt"]))]

    def missing(self, kind: str, name: str, prompt: str | None) -> str:
        """Name a file that cannot be shown, with the prompt that it was made from."""
        words = f"*{self.absent}: {kind} “{line(name)}”*"
        return f"{words}\n\n{quoted(self.typed(prompt))}" if prompt else words

    def last_version(self, part: Any) -> int:
        """Return the last version of a canvas document that is shown, this one or a later one."""
        return int(part["version"])

    def document(self, title: str, part: Any, language: str | None) -> Blocks:
        """Show a canvas document. `language`: the one of its code, None for prose."""
        raise NotImplementedError

    def instructions(self, part: Any) -> Blocks:
        """Show both halves of the custom instructions."""
        return [instructions_in(part)]

    def box(self, kind: str, title: str, blocks: Blocks) -> Blocks:
        """Set blocks apart under a title. `kind`: a key of `OPENINGS` in `markdown/body.py`."""
        return blocks

    def link(self, source: Cited) -> str:
        """Show a source as a Markdown link."""
        title = line(source["title"] or source["url"] or "source")
        url = source["url"]
        return title if url is None else f"[{title}]({in_angles(url)})"

    def links(self, sources: Sequence[Cited]) -> list[str]:
        """Show sources, each on a line."""
        return [self.link(source) for source in sources]

    def sources(self, sources: Sequence[Cited]) -> str:
        """Show the sources of an answer that no place in its text cites."""
        return "Sources:\n\n" + "\n".join(f"- {link}" for link in self.links(sources))


def with_marks(text: str, citations: list[Citation], mark: Callable[[Cited], str]) -> str:
    """Replace each cited span of a text by the marks of its sources."""
    pieces: list[str] = []
    at = 0
    for citation in citations:
        pieces.append(text[at : citation["start"]].rstrip(" "))
        pieces += map(mark, citation["sources"])
        at = citation["end"]
    return "".join([*pieces, text[at:]])


def instructions_in(part: Any) -> str:
    """Return custom instructions as plain text, for a system prompt too."""
    return "\n\n".join(filter(None, (part["about"], part["response"])))


def thoughts_in(part: Reasoning, prose: Callable[[str], str]) -> Blocks:
    """Return the steps of reasoning, each with its summary in bold. `prose` shows Markdown."""
    blocks: Blocks = []
    for thought in part["thoughts"]:
        summary, content = thought["summary"].strip(), thought["content"].strip()
        blocks += [f"**{line(summary)}**"] if summary else []
        blocks += [prose(content)] if content else []
    return blocks


def document_key(part: Any) -> str:
    """Return the value that the versions of one canvas document have in common."""
    return part["id"] or part["title"] or ""


def takes_recap(part: Reasoning) -> bool:
    """Tell whether a recap behind these thoughts sums them up: they have no line of their own."""
    return bool(part["thoughts"]) and part["summary"] is None


def with_recap(part: Reasoning, recap: Reasoning) -> Reasoning:
    """Return thoughts with the closing line, and the duration, of the recap that sums them up."""
    seconds = part["seconds"] if part["seconds"] is not None else recap["seconds"]
    return {**part, "seconds": seconds, "summary": recap["summary"]}


def _text(part: Any, style: PartStyle) -> Blocks:
    return style.text(part)


def _code(part: Any, style: PartStyle) -> Blocks:
    return [fenced(part["text"], part["language"])] if part["text"].strip() else []


def _output(part: Any, style: PartStyle) -> Blocks:
    if not part["text"].strip():
        return []
    return [*([] if style.plain else ["Output:"]), fenced(part["text"], "text")]


_PLACED = {
    "time": "*Placed by the time at which it was made:*",
    "chat": "*Made in this chat; the export does not say where:*",
}
"""The line above a file whose message the export does not name."""


def _media(part: Any, style: PartStyle) -> Blocks:
    placed = [] if style.plain or not part["placed"] else [_PLACED[part["placed"]]]
    return [*placed, *style.media(part)]


def _transcript(part: Any, style: PartStyle) -> Blocks:
    return [style.typed(part["text"])] if part["text"].strip() else []


def _reasoning(part: Any, style: PartStyle) -> Blocks:
    if style.plain:
        steps = [thought[key] for thought in part["thoughts"] for key in ("summary", "content")]
        return [*filter(None, (*steps, part["summary"]))]
    title = line(reasoning_title(part["summary"], part["seconds"]) or "")
    blocks = thoughts_in(part, lambda text: style.prose(text, headings=True))
    if not blocks:
        return [f"*{title}*"] if title else []
    return style.box("folded", title or "Thoughts", blocks)


def _document(part: Any, style: PartStyle) -> Blocks:
    kind, version = part["kind"], part["version"]
    language = kind.removeprefix("code/") if kind.startswith("code/") else None
    if style.plain:
        return [
            part["title"] or "",
            part["text"] if language is None else fenced(part["text"], language),
        ]
    kind = style.standard if kind == "standard" else kind
    name = f"“{line(part['title'])}”" if part["title"] else line(kind.replace("_", " "))
    if version < style.last_version(part):
        return [f"*Canvas {name}, version {version}; its last version stands below.*"]
    return style.document(f"Canvas {name}", part, language)


def _quote(part: Any, style: PartStyle) -> Blocks:
    source: Cited = {"title": part["title"], "url": part["url"]}
    links = style.links([source]) if part["title"] or part["url"] else []
    if style.plain:
        return [part["text"], *links]
    blocks = [style.prose(part["text"])] if part["text"].strip() else []
    blocks += [f"— {link}" for link in links]
    return [quoted("\n\n".join(blocks))] if blocks else []


def _memory(part: Any, style: PartStyle) -> Blocks:
    title = "What ChatGPT remembered" if part["snapshot"] else "Memory updated"
    return style.box("memory", title, [style.prose(part["text"])])


def _instructions(part: Any, style: PartStyle) -> Blocks:
    return style.box("note", "Custom instructions", style.instructions(part))


def _search(part: Any, style: PartStyle) -> Blocks:
    links = style.links(part["results"])
    if style.plain:
        return ["\n".join([*part["queries"], *links])]
    queries = ", ".join(f"“{line(query)}”" for query in part["queries"])
    blocks = [f"Searched for: {queries}"] if queries else []
    return [*blocks, "\n".join(f"- {link}" for link in links)] if links else blocks


def _sources(part: Any, style: PartStyle) -> Blocks:
    if style.plain:
        return ["\n".join(style.links(part["sources"]))]
    return [style.sources(part["sources"])]


def _error(part: Any, style: PartStyle) -> Blocks:
    if style.plain:
        return [part["name"] or "", part["text"]]
    blocks = [style.prose(part["text"])] if part["text"].strip() else []
    return style.box("failure", line(part["name"] or "Error"), blocks)


def _unknown(part: Any, style: PartStyle) -> Blocks:
    kind = line(part["content_type"] or "none")
    title = f"Content of a type that gptexit does not know: {kind}"
    return style.box("unknown", title, [style.prose(part["text"])])


PARTS: dict[str, Callable[[Any, PartStyle], Blocks]] = {
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
MEDIA = frozenset({"image", "audio", "video", "file"})
"""The types of parts that show a file."""


def blocks_of(part: Part, style: PartStyle) -> Blocks:
    """Show a part as blocks of Markdown."""
    return PARTS[part["type"]](part, style)


def file_of(
    path: str, files: Sequence[str], link: Callable[[str], tuple[str, str | None]]
) -> str | None:
    """Find the file of a path of the code interpreter: in the message, else in the chat.

    `files`: the ids of the assets that the message shows. `link` takes the id of an asset and
    returns its name and its address, or None if there is no file.
    """
    spellings = names(path)
    shown = [address for name, address in map(link, files) if name in spellings]
    if shown:
        return next(filter(None, shown), None)
    addresses = (link(f"sandbox:{name}")[1] for name in spellings)
    return next(filter(None, addresses), None)


def assets_of(message: Message) -> list[str]:
    """List the ids of the files that a message shows."""
    return [part["asset"] for part in message["parts"] if part["type"] in MEDIA]  # type: ignore[typeddict-item]


def is_wanted(message: Message, include: Collection[str], hidden: Counter[Hidden]) -> bool:
    """Tell whether to show a message. Count it in `hidden` if not, unless it is empty.

    `include`: the kinds of hidden content that the user wants.
    """
    reason = message["hidden"]
    if reason is None or ("tools" if reason in TOOLS else "hidden") in include:
        return True
    if message["parts"]:
        hidden[Hidden.of(reason)] += 1
    return False
