"""The messages of a conversation as the body of a note, and the style of their parts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any

from gptexit.codes import TOOLS, Hidden
from gptexit.model import Cited, Conversation, Message, Part, Reasoning
from gptexit.selection import current_branch
from gptexit.text.dates import duration, shown
from gptexit.text.markdown import in_html, line
from gptexit.writers.markdown import DETAILS, OBSIDIAN, PLAIN
from gptexit.writers.markdown.embed import fenced, in_angles, protect, quoted
from gptexit.writers.markdown.links import NOWHERE, Links, is_safe
from gptexit.writers.markdown.typed import typed
from gptexit.writers.parts import (
    MEDIA,
    Blocks,
    PartStyle,
    assets_of,
    blocks_of,
    document_key,
    file_of,
    is_wanted,
    takes_recap,
    with_marks,
    with_recap,
)

_OPENINGS = {
    "note": "[!note]",
    "folded": "[!note]-",
    "memory": "[!tip]",
    "document": "[!abstract]",
    "failure": "[!failure]",
    "unknown": "[!question]",
}
"""Kinds of boxes as callouts of Obsidian, which other readers show as block quotes."""


def _callout(kind: str, title: str, blocks: Blocks) -> str:
    return quoted("\n\n".join([f"{_OPENINGS[kind]} {title}", *blocks]))


def _details(kind: str, title: str, blocks: Blocks) -> str:
    """Make a block of HTML that folds. The blank lines are what makes its content Markdown."""
    opening = "<details>" if kind == "folded" else "<details open>"
    summary = f"{opening}\n<summary>{in_html(title)}</summary>"
    return "\n\n".join([summary, *blocks, "</details>"])


def _bold_quote(kind: str, title: str, blocks: Blocks) -> str:
    return quoted("\n\n".join([f"**{title}**", *blocks]))


_BOXES: dict[str, Callable[[str, str, Blocks], str]] = {
    OBSIDIAN: _callout,
    DETAILS: _details,
    PLAIN: _bold_quote,
}
"""Ways to set blocks apart under a title, by the value of the option `callouts`."""
_ODD = re.compile(r"[ ()<>\n\r\t\\]")
_ALL_IMAGES = Links(keep_images=True)


@dataclass(slots=True)
class Note(PartStyle):
    """The style of one note, and what its parts share."""

    plain = False
    standard = "document"
    asset_link: Callable[[str], tuple[str, str | None]]
    """Takes the id of an asset; returns its name and its path as seen from the note, or None if
    there is no file."""
    keep_images: bool = False
    """Whether pictures on other servers stay pictures."""
    callouts: str = OBSIDIAN
    """How boxes look: a key of `_BOXES`."""
    footnotes: dict[str, int] = field(default_factory=dict)
    """The cited sources as links, with their numbers, in the order of their first mention."""
    last_versions: dict[str, int] = field(default_factory=dict)
    """The last version of each canvas document that the note shows, by the document's key."""
    uncounted: list[Message] = field(default_factory=list)
    """The messages whose documents are not in `last_versions` yet: most notes have none."""
    answer: bool = True
    """Whether the part is of an answer, which is Markdown, or of the user, who typed it."""
    files: Sequence[str] = ()
    """The ids of the assets that the message shows."""

    def footnote_block(self) -> str:
        """Return the definitions of the footnotes."""
        return "\n".join(f"[^{number}]: {link}" for link, number in self.footnotes.items())

    @property
    def link_targets(self) -> Links:
        """The options for the links of an answer."""
        if not self.files:
            return _ALL_IMAGES if self.keep_images else NOWHERE
        return Links(self._file, self.keep_images)

    def _file(self, path: str) -> str | None:
        """Find the file of a path of the code interpreter: in this message, else in the chat."""
        return file_of(path, self.files, self.asset_link)

    def prose(self, text: str, *, headings: bool = False) -> str:
        """Show Markdown that cannot change the structure of the note."""
        return protect(text, headings=headings, links=self.link_targets if headings else NOWHERE)

    def typed(self, text: str) -> str:
        """Show words as they were typed."""
        return typed(text)

    def text(self, part: Any) -> Blocks:
        """Show a text part with footnotes.

        It comes without the blank lines around it, which a marker or a canvas block leaves.
        """
        text: str = part["text"]
        if not text or text.isspace():
            return []
        citations = part["citations"]
        if citations:
            text = text.replace("\ufdd4", "\ufffd").replace("\ufdd5", "\ufffd")
            text = with_marks(text, citations, self._mark)
        if self.answer:
            shown = protect(text, headings=True, links=self.link_targets).strip("\n")
        else:
            shown = typed(text)
        if citations:
            shown = shown.replace("\ufdd4", "[^").replace("\ufdd5", "]")
        return [shown]

    def _mark(self, source: Cited) -> str:
        number = self.footnotes.setdefault(self.link(source), len(self.footnotes) + 1)
        return f"\ufdd4{number}\ufdd5"

    def media(self, part: Any) -> Blocks:
        """Show a picture, or a link to another file."""
        kind, (name, path) = part["type"], self.asset_link(part["asset"])
        if kind == "image":
            if path is None:
                return [self.missing(kind, part["title"] or name, part["prompt"])]
            return [f"![{line(part['title'] or part['prompt'] or name)}]({path})"]
        if path is None:
            return [self.missing(kind, name, None)]
        length = f" ({duration(part['seconds'])})" if (part["seconds"] or 0) >= 1 else ""
        return [f"{kind.capitalize()}: [{line(name)}]({path}){length}"]

    def last_version(self, part: Any) -> int:
        """Return the last version of a canvas document that the note shows."""
        for message in self.uncounted:
            for other in message["parts"]:
                if other["type"] == "document":
                    key = document_key(other)
                    known = self.last_versions.get(key, 0)
                    self.last_versions[key] = max(known, other["version"])
        self.uncounted = []
        return self.last_versions.get(document_key(part), int(part["version"]))

    def document(self, title: str, part: Any, language: str | None) -> Blocks:
        """Show code as code, and a text in a box."""
        if part["version"] > 1:
            title += f", version {part['version']}"
        if language is not None and part["text"].strip():
            return [f"**{title}**", fenced(part["text"], language)]
        return self.box("document", title, [self.prose(part["text"], headings=True)])

    def instructions(self, part: Any) -> Blocks:
        """Show both halves of the custom instructions, each with a title."""
        halves = (("About the user", part["about"]), ("How to respond", part["response"]))
        return [block for title, text in halves if text for block in (f"**{title}**", typed(text))]

    def box(self, kind: str, title: str, blocks: Blocks) -> Blocks:
        """Make a box as `callouts` says; without blocks it is a line, and a memory is nothing."""
        blocks = [block.strip("\n") for block in blocks if block.strip()]
        if not blocks:
            return [] if kind == "memory" else [f"*{title}*"]
        return [_BOXES[self.callouts](kind, title, blocks)]

    def link(self, source: Cited) -> str:
        """Show a source as a link; only as words if the link could run something."""
        title = line(source["title"] or source["url"] or "source")
        url = source["url"]
        if url is None:
            return title
        if not is_safe(url):
            return f"{title} ({line(url)})" if source["title"] else title
        return f"[{title}]({in_angles(url)})" if _ODD.search(url) else f"[{title}]({url})"


_SPEAKERS = {"user": "You", "assistant": "ChatGPT", "tool": "ChatGPT", "system": "System"}
_KNOWN = set(_SPEAKERS.values())
# A pattern that begins with a plain character is found several times as fast.
_GOES_ON = re.compile(r"[ \t]|[-*+](?:[ \t\n]|\Z)|\d{1,9}[.)](?:[ \t\n]|\Z)")
_MAY_GO_ON = " \t-*+0123456789"
"""The first characters of the matches of `_GOES_ON`."""
# It is searched in a text with a line end in front, for the same reason.
_LIST = re.compile(r"\n[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t\n]|\Z)")


@dataclass(slots=True)
class Body:
    """The body as `blocks`, and its counts."""

    blocks: list[str] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """The number of blocks at the end of each message."""
    shown: list[Message] = field(default_factory=list)
    """The messages with at least one block."""
    messages: int = 0
    models: list[str] = field(default_factory=list)
    """The models that answered, in the order of their first answer."""
    hidden: Counter[Hidden] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Style:
    """The user's options for a note."""

    include: frozenset[str]
    every_branch: bool
    zone: tzinfo | None
    models: bool = False
    """Whether headings name the model: if the conversation used several."""


@dataclass(slots=True)
class _Voice:
    """The last speaker and day, so that a heading repeats neither."""

    speaker: str | None = None
    model: str | None = None
    day: str | None = None


def body(conversation: Conversation, note: Note, style: Style) -> Body:
    """Make the body of a note: the current branch, then the others if the user wants them."""
    result = Body(models=models_of(conversation))
    if len(result.models) > 1:
        style = replace(style, models=True)
    branch = current_branch(conversation)
    _write(_shown(branch, style, result), note, result, style, level=2)
    if len(branch) == len(conversation["messages"]):
        return result
    others = _others(conversation, branch)
    by_parent = {message["parent"]: message for message in reversed(branch)}
    for number, segment in enumerate(others, 1):
        if not style.every_branch:
            result.hidden[Hidden.OTHER_BRANCH] += len(segment)
            continue
        visible = _shown(segment, style, result)
        if visible:
            instead = _instead_of(segment[0]["parent"], by_parent, style.zone)
            result.blocks.append(f"## Other version {number}, {instead}")
            _write(visible, note, result, style, level=3)
    return result


def models_of(conversation: Conversation) -> list[str]:
    """List the models that answered, in the order of their first answer."""
    answers = [
        message["model"]
        for message in conversation["messages"]
        if message["model"] and message["role"] == "assistant" and message["hidden"] is None
    ]
    return list(dict.fromkeys(answers))


def _shown(messages: list[Message], style: Style, result: Body) -> list[Message]:
    """Return the messages that the user wants; count the others by the reason."""
    return [
        message
        for message in messages
        if message["hidden"] is None or is_wanted(message, style.include, result.hidden)
    ]


def _others(conversation: Conversation, branch: list[Message]) -> list[list[Message]]:
    """Return the messages that are not on the current branch, in runs from parent to child."""
    on_branch = {message["id"] for message in branch}
    runs: list[list[Message]] = []
    for message in conversation["messages"]:
        if message["id"] in on_branch:
            continue
        if runs and runs[-1][-1]["id"] == message["parent"]:
            runs[-1].append(message)
        else:
            runs.append([message])
    return runs


def _instead_of(
    parent: str | None, by_parent: dict[str | None, Message], zone: tzinfo | None
) -> str:
    """Say which message of the current branch follows the same `parent`."""
    message = by_parent.get(parent)
    if message is None:
        return "from another branch" if parent else "from its own beginning"
    speaker = _speaker(message)
    when = shown(message["created"], zone)
    return f"instead of {speaker}" + (f", {when[0]}, {when[1]}" if when else "")


def _speaker(message: Message) -> str:
    if message["hidden"] in TOOLS:
        name = message["to"] if message["role"] == "assistant" else message["name"]
        return f"Tool {name}" if name else "Tool"
    return _SPEAKERS.get(message["role"]) or message["role"].capitalize()


def _write(messages: list[Message], note: Note, result: Body, style: Style, level: int) -> None:
    voice = _Voice()
    signs = "#" * level
    note.uncounted += messages
    models = _models(messages) if style.models else [None] * len(messages)
    for number, message in enumerate(messages):
        parts = message["parts"]
        note.answer = message["role"] != "user"
        if len(parts) == 1 and parts[0]["type"] not in _NOT_ALONE:  # most messages
            note.files = ()
            blocks = blocks_of(parts[0], note)
        else:
            note.files = assets_of(message)
            blocks = []
            for part in _to_show(messages, number, style, result):
                _add(blocks, blocks_of(part, note))
        if blocks:
            result.messages += 1
            result.shown.append(message)
            heading = _heading(message, models[number], voice, style.zone)
            if heading:
                result.blocks.append(f"{signs} {heading}")
                result.blocks += blocks
            else:
                _add(result.blocks, blocks)
            result.ends.append(len(result.blocks))


_NOT_ALONE = {*MEDIA, "document", "reasoning"}
"""Types of parts that need more than the part itself."""


def _add(blocks: list[str], more: list[str]) -> None:
    """Add blocks. A paragraph of one no-break space ends a list, or code by indentation."""
    if (
        blocks
        and more
        and more[0][:1] in _MAY_GO_ON
        and _GOES_ON.match(more[0])
        and _LIST.search("\n" + blocks[-1])
    ):
        blocks.append("\xa0")
    blocks += more


def _models(messages: list[Message]) -> list[str | None]:
    """Return the model of each message; if it has none, that of the speaker's next message."""
    models: list[str | None] = []
    speaker, model = None, None
    for message in reversed(messages):
        own = _speaker(message)
        if own != speaker:
            speaker, model = own, None
        if message["role"] == "assistant" and message["hidden"] is None:
            model = message["model"] or model
        models.append(model)
    return models[::-1]


def _heading(message: Message, model: str | None, voice: _Voice, zone: tzinfo | None) -> str | None:
    """Return the speaker and the time; None if the last speaker goes on, with the same model."""
    speaker = _speaker(message)
    if speaker == voice.speaker and (model is None or model == voice.model):
        return None
    voice.speaker, voice.model = speaker, model
    words = speaker if speaker in _KNOWN else line(speaker)
    if model and speaker == _SPEAKERS["assistant"]:
        words = f"{words} ({line(model)})"
    when = shown(message["created"], zone)
    if when is None:
        return words
    day, clock = when
    if day == voice.day:
        return f"{words}, {clock}"
    voice.day = day
    return f"{words}, {day}, {clock}"


def _to_show(messages: list[Message], number: int, style: Style, result: Body) -> list[Part]:
    """Return the parts of a message to show; a recap joins the thoughts that it sums up."""
    parts: list[Part] = []
    for part in messages[number]["parts"]:
        if part["type"] != "reasoning":
            parts.append(part)
        elif "reasoning" not in style.include:
            result.hidden[Hidden.REASONING] += 1
        elif part["thoughts"] or not _thoughts_before(messages, number):
            parts.append(_with_recap(part, messages, number))
    return parts


def _thoughts_before(messages: list[Message], number: int) -> bool:
    """Tell whether the message before has the thoughts that this message's recap sums up."""
    before = messages[number - 1]["parts"] if number else []
    return any(part["type"] == "reasoning" and takes_recap(part) for part in before)


def _with_recap(part: Reasoning, messages: list[Message], number: int) -> Reasoning:
    """Add the duration and the closing line of the recap in the next message."""
    after = messages[number + 1]["parts"] if number + 1 < len(messages) else []
    for recap in after:
        if recap["type"] == "reasoning" and not recap["thoughts"] and takes_recap(part):
            return with_recap(part, recap)
    return part
