"""Which messages of a conversation a person saw, and what of them has to be in an archive.

The rule, which errs towards more: everything that carries words or a file was seen, unless the
export says that it was hidden (`is_visually_hidden_from_conversation`, in January 2024
`is_visually_hidden`), its role is the system's or a developer's, it is context, or it is addressed
to a tool. Its weight never counts: in real exports every image of GPT-4o has weight 0. Of what is
addressed to a tool a person sees canvas documents, code that was run and memories; of what tools
answer, pictures, the output of code, quoted passages and reasoning, and the words of a tool that is
not known; not what they say to the model.

What nobody knows the form of counts as seen: each string in it has to be there, and it is named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gptexit.verification.documents import (
    Documents,
    carried,
    matched,
    report_of,
    textdoc_of,
    words_of_report,
)
from gptexit.verification.raw import POINTER, Raw, leaves, object_of, objects, strings
from gptexit.verification.words import Words, holds_signs, literal, typed, written

_CONTEXT = ("user_editable_context", "model_editable_context", "app_pairing_content")
_SEARCH = ("web", "browser", "mtbrowser", "file_search", "myfiles_browser")
"""Tools that look something up for the model; of what they find a quoted passage is shown."""
_FOR_THE_MODEL = (
    *_SEARCH,
    *("bio", "canmore"),
    *("api_tool", "research_kickoff_tool", "n7jupd", "computer", "dalle", "t2uay3k", "image_gen"),
    *("imagegen", "python", "python_user_visible", "container", "a8km123"),
)
"""Tools whose words are not for a person, but for those of the content types below."""


@dataclass(slots=True)
class ShownMessage:
    """One message that the user saw."""

    id: str
    when: str | None
    by_user: bool
    words: Words
    pointers: list[str] = field(default_factory=list)
    """Files that it shows."""
    texts: list[str] = field(default_factory=list)
    """Its texts as they stand in the source."""
    spoken: bool = False
    """Whether all of it is what a person or the assistant said, and none of it reasoning."""
    plain: bool = False
    """Whether those are all that it shows, without markers."""


Say = Callable[[str], ShownMessage | None]


@dataclass(slots=True)
class ShownConversation:
    """What a person saw of a conversation."""

    current: list[ShownMessage]
    """On the branch that opens, in order."""
    others: list[ShownMessage]
    """On the other branches, where they are wanted."""
    anywhere: list[Words]
    """Documents and reports, which stand wherever a writer sets them."""


def seen(
    nodes: dict[str, Raw], path: list[str], say: Say, *, every_branch: bool
) -> ShownConversation:
    """Return what a person saw: on the branch `path`, and on the others where they are wanted.

    `say` gives for a node's key its message, where a person saw it.
    """
    others: list[ShownMessage] = []
    if every_branch:
        on_branch = set(path)
        others = [said for key in nodes if key not in on_branch and (said := say(key))]
    current = [said for key in path if (said := say(key))]
    return ShownConversation(current, others, list(_beside(nodes, path)))


def _beside(nodes: dict[str, Raw], path: list[str]) -> Iterator[Words]:
    documents = Documents()
    reports: dict[str, Raw] = {}
    for place, key in enumerate(path):
        message = object_of(nodes[key].get("message"))
        to = message.get("recipient")
        if isinstance(to, str) and to.startswith("canmore.") and _role(message) == "assistant":
            replies = [
                object_of(nodes[below].get("message")) for below in path[place + 1 : place + 2]
            ]
            told = [object_of(each.get("metadata")) for each in [*replies, message]]
            textdoc = next(filter(None, map(textdoc_of, told)), None)
            documents.call(to, "".join(_texts(object_of(message.get("content")))), textdoc)
        report = report_of(message)
        if report is not None:
            parts = object_of(report.get("content")).get("parts")
            reports[json.dumps(parts)] = report
    yield from documents.words()
    yield from map(words_of_report, reports.values())


def _role(message: Raw) -> Any:
    return object_of(message.get("author")).get("role")


def _recipient(message: Raw) -> str:
    """Return whom a message is addressed to; nobody where that is no text."""
    to = message.get("recipient")
    return to if isinstance(to, str) else ""


def is_hidden(message: Raw) -> bool:
    """Tell whether the export says that a person did not see a message."""
    metadata = object_of(message.get("metadata"))
    return (
        metadata.get("is_visually_hidden_from_conversation") is True
        or metadata.get("is_visually_hidden") is True
        or _role(message) in ("system", "developer")
        or object_of(message.get("content")).get("content_type") in _CONTEXT
    )


def is_in_sight(message: Raw) -> bool:
    """Tell whether a person may have seen a message: it is neither hidden nor for a tool."""
    return not (_is_call(message) or is_hidden(message))


def _is_call(message: Raw) -> bool:
    """Tell whether an assistant addresses a tool."""
    return _role(message) == "assistant" and _recipient(message) not in ("", "all", "assistant")


def is_wish(message: Raw) -> bool:
    """Tell whether a message is the user's, with which a turn begins."""
    return _role(message) == "user" and not is_hidden(message)


def said_in(key: str, node: Raw, reasoning: bool) -> ShownMessage | None:
    """Return what a message shows; None where a person saw nothing of it."""
    message = object_of(node.get("message"))
    if not message or is_hidden(message):
        return None
    role = _role(message)
    metadata = object_of(message.get("metadata"))
    content = message.get("content")
    if isinstance(content, str):
        content = {"content_type": "text", "parts": [content]}
    content = object_of(content)
    said = ShownMessage(key, _when(message), role == "user", Words())
    if role == "tool":
        _replied(message, content, metadata, said, reasoning)
    elif _is_call(message):
        _called(_recipient(message), content, said)
    else:
        _spoken(content, metadata, said, reasoning)
        said.spoken = content.get("content_type") in (None, "text", "multimodal_text")
        parts = content.get("parts")
        whole = isinstance(parts, list) and all(isinstance(part, str) for part in parts)
        said.plain = (whole and content.get("content_type") == "text") and not (
            said.pointers
            or said.words.unknown
            or any(metadata.get(key) for key in _SHOWING)
            or any(holds_signs(text) or ":::" in text for text in said.texts)
        )
        said.pointers += _attached(metadata)
        if said.texts or not said.spoken:  # else there is no text that refers to anything
            said.words.add(carried(metadata))
        said.words.say(_passage(metadata))
    said.pointers = list(dict.fromkeys(said.pointers))
    words = said.words
    words.settle()
    if words.segments or words.phrases or words.addresses or words.unknown or said.pointers:
        return said
    return None


_SHOWING = ("content_references", "citations", "attachments", "targeted_reply")
"""Keys of metadata whose contents are shown beside the text."""


def _passage(metadata: Raw) -> Any:
    """Return the passage that the user replied to."""
    reply = metadata.get("targeted_reply")
    if isinstance(reply, dict):
        reply = next((reply[key] for key in ("text", "content") if key in reply), None)
    return reply


def _spoken(content: Raw, metadata: Raw, said: ShownMessage, reasoning: bool) -> None:
    """Add what a message of a person or of the assistant shows."""
    kind = content.get("content_type")
    if kind is None or kind in ("text", "multimodal_text"):
        _in_parts(content, metadata, said)
    elif not isinstance(kind, str) or kind not in _SHOWN:
        said.words.unknown.append(f"content type {str(kind)[:60]}")
        _every_string(content, kind, said)
    elif reasoning or kind not in _REASONING:
        _SHOWN[kind](content, metadata, said)


def _every_string(value: Any, kind: Any, said: ShownMessage) -> None:
    """Add each string of what has a form that nobody knows, in whatever order."""
    for leaf in leaves(value):
        if leaf != kind and leaf.strip() and "://" not in leaf:
            found = written(leaf)
            said.words.phrases += found.segments + found.phrases


def _in_parts(content: Raw, metadata: Raw, said: ShownMessage) -> None:
    replaced = matched(metadata)
    for text in _texts(content):
        said.texts.append(text)
        said.words.add(typed(text) if said.by_user else written(text, replaced))
    for part in _inner(content.get("parts")):
        kind = part.get("content_type") or part.get("type")
        if isinstance(kind, str) and kind.endswith("asset_pointer"):
            said.pointers += _pointed(part)
        elif kind == "app_pairing_content":
            continue
        elif kind is not None and not (isinstance(kind, str) and kind in _WORDED):
            said.words.unknown.append(f"part {str(kind)[:60]}")
            _every_string(part, kind, said)


_WORDED = {"text": "text", "audio_transcription": "text", "markdown": "content", "code": "content"}
"""Part types with words in them, and the key under which those stand."""


def _texts(content: Raw) -> list[str]:
    """Return the texts of a content: its parts, or what stands in their stead."""
    parts = content.get("parts")
    if isinstance(parts, str):
        return [parts]
    if not isinstance(parts, list):
        return strings(content.get("text"))
    found = []
    for part in _flat(parts):
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, dict):
            kind = part.get("content_type") or part.get("type")
            key = _WORDED.get(kind) if isinstance(kind, str) else "text" if kind is None else None
            found += strings(part.get(key)) if key else []
    return found


def _inner(parts: Any) -> list[Raw]:
    return [part for part in _flat(parts) if isinstance(part, dict)]


def _flat(parts: Any) -> Iterator[Any]:
    """Yield the items of a list that may hold lists, in order."""
    stack = [parts] if isinstance(parts, list) else []
    while stack:
        part = stack.pop()
        if isinstance(part, list):
            stack += reversed(part)
        else:
            yield part


_POINTING = frozenset(
    (
        *("asset_pointer", "audio_asset_pointer", "video_asset_pointer", "image_asset_pointer"),
        *("video_container_asset_pointer", "frames_asset_pointers"),
    )
)
"""Keys of a part under which the pointer to its file stands, some levels deep."""


def _pointed(value: Any) -> list[str]:
    """Return the pointers in a part, or the one that `value` is."""
    found = []
    stack: list[tuple[bool, Any]] = [(isinstance(value, str), value)]
    while stack:
        points, node = stack.pop()
        if isinstance(node, str):
            found += [node] if points and POINTER.fullmatch(node) else []
        elif isinstance(node, dict):
            stack += [(key in _POINTING, inner) for key, inner in node.items()]
        elif isinstance(node, list):
            stack += [(points, inner) for inner in node]
    return found[::-1]


def _attached(metadata: Raw) -> list[str]:
    found = [
        key for each in objects(metadata.get("attachments")) for key in strings(each.get("id"))
    ]
    return found + _pointed(metadata.get("dictation_asset_pointer"))


def _literal(content: Raw, metadata: Raw, said: ShownMessage) -> None:
    for text in strings(content.get("text")):
        said.words.add(literal(text))


def _quoted(content: Raw, metadata: Raw, said: ShownMessage) -> None:
    for text in strings(content.get("text")) or strings(content.get("snippet")):
        said.words.add(written(text))


def _error(content: Raw, metadata: Raw, said: ShownMessage) -> None:
    _quoted(content, metadata, said)
    said.words.say(content.get("name"))


def _thoughts(content: Raw, metadata: Raw, said: ShownMessage) -> None:
    listed = content.get("thoughts")
    if isinstance(listed, str):  # one source saw the list as JSON in a string
        try:
            listed = json.loads(listed)
        except (ValueError, RecursionError):
            listed = [{"content": listed}]
    for thought in objects(listed):
        told = strings(thought.get("summary"))
        chunks = thought.get("chunks")
        inner = strings(thought.get("content"))
        if not any(each.strip() for each in inner) and isinstance(chunks, list):
            inner = ["\n".join(strings(*chunks))]
        for text in told + inner:
            said.words.add(written(text))


def _recap(content: Raw, metadata: Raw, said: ShownMessage) -> None:
    """A recap such as "Thought for 7s" may become the duration that it tells."""
    words = content.get("content")
    told = metadata.get("finished_duration_sec") is not None
    if isinstance(words, str) and not told and not any(map(str.isdigit, words)):
        said.words.say(words)


def _linked(content: Raw, metadata: Raw, said: ShownMessage) -> None:
    widgets = content.get("widgets")
    for widget in objects(widgets) or [object_of(widgets)]:
        for link in objects(widget.get("navlinks")):
            said.words.lead_to(link.get("url"))
            said.words.say(link.get("title"))


def _output(content: Raw, metadata: Raw, said: ShownMessage) -> None:
    """What code printed, and the pictures and tables that it made."""
    for key in ("text", "output_str"):
        for text in strings(content.get(key)):
            said.words.add(literal(text))
    result = object_of(metadata.get("aggregate_result"))
    for message in objects(result.get("messages")):
        said.pointers += _pointed(message.get("image_url"))


def _screenshot(content: Raw, metadata: Raw, said: ShownMessage) -> None:
    """Add the picture of a page that an agent looked at."""
    said.pointers += _pointed(content.get("screenshot"))


def _nothing(content: Raw, metadata: Raw, said: ShownMessage) -> None:
    """Content that a person does not see as such."""


_Show = Callable[[Raw, Raw, ShownMessage], None]
_REASONING = ("thoughts", "reasoning_recap")
_SHOWN: dict[str, _Show] = {
    "code": _literal,
    "execution_output": _output,
    "citable_code_output": _output,
    "tether_quote": _quoted,
    "sonic_webpage": _quoted,
    "system_error": _error,
    "thoughts": _thoughts,
    "reasoning_recap": _recap,
    "super_widget": _linked,
    "tether_browsing_display": _nothing,
    "tether_browsing_code": _nothing,
    "computer_output": _screenshot,
    "computer_initialize_state": _nothing,
    "system_content": _nothing,
    "developer_content": _nothing,
    "system_message": _nothing,
}
"""Content types that were seen in exports, but those of texts."""


def _replied(
    message: Raw, content: Raw, metadata: Raw, said: ShownMessage, reasoning: bool
) -> None:
    """Add what a tool's answer shows to a person."""
    name = object_of(message.get("author")).get("name")
    tool = name if isinstance(name, str) else ""
    kind = content.get("content_type")
    if _recipient(message) not in ("", "all"):
        return
    house = tool.partition(".")[0]
    if kind in ("text", "multimodal_text") and house not in _SEARCH:
        for part in _inner(content.get("parts")):
            said.pointers += _pointed(part)
    if tool.startswith("a8km123"):
        if reasoning:
            for text in _texts(content):
                said.words.add(written(text))
            said.words.say(_until_a_number(metadata.get("finished_text")))
    elif kind in ("execution_output", "tether_quote", "citable_code_output", "computer_output"):
        _SHOWN[str(kind)](content, metadata, said)
    elif kind == "text" and house not in _FOR_THE_MODEL and not said.pointers:
        told = _texts(content)
        if tool and report_of(message) is None and not _is_machine("".join(told)):
            for text in told:
                said.words.add(written(text))


def _is_machine(text: str) -> bool:
    return text.lstrip()[:1] in ("", "{", "[", "<")


def _until_a_number(text: Any) -> Any:
    """Return the words of "Reasoned about causes for 34s" before their duration."""
    if not isinstance(text, str):
        return None
    end = next((place for place, sign in enumerate(text) if sign.isdigit()), len(text))
    return text[:end].rstrip().removesuffix(" for") if end < len(text) else text


def _called(to: str, content: Raw, said: ShownMessage) -> None:
    """Add what a call of a tool shows: code that was run, a memory."""
    texts = _texts(content) or strings(content.get("text"))
    if to == "bio" or to.startswith("python"):
        for text in texts:
            said.words.add(literal(text))
    elif to == "container.exec":
        try:
            command = object_of(json.loads("".join(texts))).get("cmd")
        except (ValueError, RecursionError):
            return
        if isinstance(command, list) and strings(*command) == command:
            said.words.say(*command[-1:])


def _when(message: Raw) -> str | None:
    value = message.get("create_time")
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 4e9:
        return None
    return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M}"
