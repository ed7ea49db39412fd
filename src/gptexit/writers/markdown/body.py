"""The messages of a conversation as the body of a note."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from gptexit.codes import TOOLS, Hidden
from gptexit.model import Conversation, Message, Part, Reasoning
from gptexit.selection import current_branch
from gptexit.text.dates import shown
from gptexit.text.markdown import line
from gptexit.writers.chat.turns import takes_recap
from gptexit.writers.markdown.parts import MEDIA, Note, blocks_of

Value = str | int | bool | list[str] | None

_PLAIN = re.compile(
    r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*\Z"
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"
)
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
# YAML 1.2, section 5.1: what may stand in a stream unescaped, less the quote and the backslash.
_UNPRINTABLE = re.compile(
    r"[^\x20\x21\x23-\x5b\x5d-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufdcf\ufdf0-\ufefe"
    r"\uff00-\ufffd\U00010000-\U0010fffd]"
)
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def front_matter(properties: dict[str, Value]) -> str:
    """The block with its two `---` lines; a property without a value is left out."""
    lines = ["---"]
    for key, value in properties.items():
        if value is not None:
            lines.append(f"{key}: {_front_matter_value(value)}")
    lines.append("---")
    return "\n".join(lines)


def _front_matter_value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_front_matter_value, value)) + "]"
    if isinstance(value, str) and _is_time(value):
        return value
    return scalar(value or "")


def _is_time(value: str) -> bool:
    try:
        return value.endswith("Z") and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def scalar(text: str) -> str:
    """A string: bare where every YAML reader takes it for one, else in double quotes."""
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    return '"' + _UNPRINTABLE.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_SPEAKERS = {"user": "You", "assistant": "ChatGPT", "tool": "ChatGPT", "system": "System"}
_KNOWN = set(_SPEAKERS.values())
# A pattern that begins with a plain character is found several times as fast.
_GOES_ON = re.compile(r"[ \t]|[-*+](?:[ \t\n]|\Z)|\d{1,9}[.)](?:[ \t\n]|\Z)")
_MAY_GO_ON = " \t-*+0123456789"
"""The first characters of what `_GOES_ON` matches."""
# It is searched in a text with a line end in front, for the same reason.
_LIST = re.compile(r"\n[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t\n]|\Z)")


@dataclass(slots=True)
class Body:
    """What the body became: `blocks`, and what it counts."""

    blocks: list[str] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """How many blocks there are once each message is written."""
    shown: list[Message] = field(default_factory=list)
    """The messages of which something is shown."""
    messages: int = 0
    models: list[str] = field(default_factory=list)
    """The models that answered, in the order of their first answer."""
    hidden: Counter[Hidden] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Style:
    """What the options say about a note."""

    include: frozenset[str]
    every_branch: bool
    zone: tzinfo | None
    models: bool = False
    """Whether headings name the model: where the conversation used several."""


@dataclass(slots=True)
class _Voice:
    """Who spoke last and on which day, so that a heading says no more than is new."""

    speaker: str | None = None
    model: str | None = None
    day: str | None = None


def body(conversation: Conversation, note: Note, style: Style) -> Body:
    """The body of the note: the current branch, then the others where they are wanted."""
    made = Body(models=models_of(conversation))
    if len(made.models) > 1:
        style = replace(style, models=True)
    branch = current_branch(conversation)
    _write(_shown(branch, style, made), note, made, style, level=2)
    others = _others(conversation, branch)
    for number, segment in enumerate(others, 1):
        if not style.every_branch:
            made.hidden[Hidden.OTHER_BRANCH] += len(segment)
            continue
        visible = _shown(segment, style, made)
        if visible:
            made.blocks.append(
                f"## Other version {number}, {_instead_of(segment, branch, style.zone)}"
            )
            _write(visible, note, made, style, level=3)
    return made


def models_of(conversation: Conversation) -> list[str]:
    """List the models that answered, in the order of their first answer."""
    answers = [
        message["model"]
        for message in conversation["messages"]
        if message["model"] and message["role"] == "assistant" and message["hidden"] is None
    ]
    return list(dict.fromkeys(answers))


def _shown(messages: list[Message], style: Style, made: Body) -> list[Message]:
    """The messages that the options show; the others are counted by why they are not."""
    shown = []
    for message in messages:
        why = message["hidden"]
        if why is None or ("tools" if why in TOOLS else "hidden") in style.include:
            shown.append(message)
        elif message["parts"]:
            made.hidden[Hidden.of(why)] += 1
    return shown


def _others(conversation: Conversation, branch: list[Message]) -> list[list[Message]]:
    """The messages that are not on the current branch, in runs from parent to child."""
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


def _instead_of(segment: list[Message], branch: list[Message], zone: tzinfo | None) -> str:
    parent = segment[0]["parent"]
    for message in branch:
        if message["parent"] == parent:
            speaker = _speaker(message)
            when = shown(message["created"], zone)
            return f"instead of {speaker}" + (f", {when[0]}, {when[1]}" if when else "")
    return "from another branch" if parent else "from its own beginning"


def _speaker(message: Message) -> str:
    if message["hidden"] in TOOLS:
        name = message["to"] if message["role"] == "assistant" else message["name"]
        return f"Tool {name}" if name else "Tool"
    return _SPEAKERS.get(message["role"], message["role"].capitalize())


def _write(
    messages: list[Message],
    note: Note,
    made: Body,
    style: Style,
    level: int,
) -> None:
    voice = _Voice()
    _note_versions(messages, note)
    models = _models(messages) if style.models else [None] * len(messages)
    for number, message in enumerate(messages):
        parts = message["parts"]
        note.answer = message["role"] != "user"
        if _is_simple(parts):
            note.files = []
            blocks = blocks_of(parts[0], note)
        else:
            note.files = assets_of(message)
            blocks = []
            for part in _to_show(messages, number, style, made):
                _add(blocks, blocks_of(part, note))
        if blocks:
            made.messages += 1
            made.shown.append(message)
            heading = _heading(message, models[number], voice, style.zone)
            if heading:
                made.blocks.append("#" * level + " " + heading)
            _add(made.blocks, blocks)
            made.ends.append(len(made.blocks))


def _is_simple(parts: list[Part]) -> bool:
    """Tell whether there is but one part, whose blocks tell all of it: most messages are so."""
    return len(parts) == 1 and parts[0]["type"] not in _NOT_ALONE


_NOT_ALONE = {*MEDIA, "document", "reasoning"}
"""Part types of which more is to be known than the part itself says."""


def assets_of(message: Message) -> list[str]:
    """List the ids of the files that a message shows."""
    return [part["asset"] for part in message["parts"] if part["type"] in MEDIA]  # type: ignore[typeddict-item]


def _add(blocks: list[str], more: list[str]) -> None:
    """Add blocks; a list, or code by indentation, does not go on in what follows it.

    A line of nothing but a no-break space is a paragraph, which ends them.
    """
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
    """Name the model of each message; where it has none, that of the next one of its speaker."""
    models: list[str | None] = []
    speaker, model = None, None
    for message in reversed(messages):
        if _speaker(message) != speaker:
            speaker, model = _speaker(message), None
        if message["role"] == "assistant" and message["hidden"] is None:
            model = message["model"] or model
        models.append(model)
    return models[::-1]


def _heading(message: Message, model: str | None, voice: _Voice, zone: tzinfo | None) -> str | None:
    """Who speaks, and when; None where the one who spoke goes on, with the same model."""
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


def _note_versions(messages: list[Message], note: Note) -> None:
    """Note which version of each canvas document is the last that is shown."""
    for message in messages:
        for part in message["parts"]:
            if part["type"] == "document":
                key = part["id"] or part["title"] or ""
                note.last_versions[key] = max(note.last_versions.get(key, 0), part["version"])


def _to_show(messages: list[Message], number: int, style: Style, made: Body) -> list[Part]:
    """Return the parts of a message to show; a recap joins the thoughts that it sums up."""
    parts: list[Part] = []
    for part in messages[number]["parts"]:
        if part["type"] != "reasoning":
            parts.append(part)
        elif "reasoning" not in style.include:
            made.hidden[Hidden.REASONING] += 1
        elif part["thoughts"] or not _thoughts_before(messages, number):
            parts.append(_with_recap(part, messages, number))
    return parts


def _thoughts_before(messages: list[Message], number: int) -> bool:
    """Whether the message before holds the thoughts that this message's recap sums up."""
    before = messages[number - 1]["parts"] if number else []
    return any(part["type"] == "reasoning" and takes_recap(part) for part in before)


def _with_recap(part: Reasoning, messages: list[Message], number: int) -> Reasoning:
    """The reasoning with the duration or the closing line of the recap in the next message."""
    after = messages[number + 1]["parts"] if number + 1 < len(messages) else []
    for recap in after:
        if recap["type"] == "reasoning" and not recap["thoughts"] and takes_recap(part):
            seconds = part["seconds"] if part["seconds"] is not None else recap["seconds"]
            return {**part, "seconds": seconds, "summary": recap["summary"]}
    return part
