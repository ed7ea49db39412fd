"""Decide which messages of a conversation a person saw, and what of them an archive must hold.

The rule, which errs towards more: everything with words or a file was seen, unless the export says
that it was hidden (`is_visually_hidden_from_conversation`, in January 2024 `is_visually_hidden`),
its role is the system's or a developer's, it is context, or it is addressed to a tool. Its weight
never counts: in real exports every image of GPT-4o has weight 0. A person sees of calls canvas
documents, code that was run and memories; of the answers of tools pictures, the output of code,
quoted passages, reasoning, and the words of an unknown tool; but no words for the model.

A message in an unknown form counts as seen: each string in it has to be there, and it is named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gptexit.verification.contents import WORDED, objects_in, pointers_in, texts_of
from gptexit.verification.documents import (
    Documents,
    carried,
    matched,
    report_of,
    textdoc_of,
    words_of_report,
)
from gptexit.verification.raw import (
    Raw,
    attached,
    inner_json,
    leaves,
    message_of,
    names,
    object_of,
    objects,
    strings,
)
from gptexit.verification.words import Words, holds_signs, literal, typed, written

_CONTEXT = ("user_editable_context", "model_editable_context", "app_pairing_content")
_SEARCH = names("web browser mtbrowser file_search myfiles_browser")
"""Tools that look something up for the model; only quoted passages are shown."""
_FOR_THE_MODEL = _SEARCH | names(
    "bio canmore api_tool research_kickoff_tool n7jupd computer dalle t2uay3k image_gen imagegen "
    "python python_user_visible container a8km123"
)
"""Tools whose words are for the model, but for content types in SHOWN."""
_SHOWING = ("content_references", "citations", "attachments", "targeted_reply")
"""Keys of metadata whose contents are shown beside the text."""
_BESIDE = (
    *_SHOWING,
    "dictation_asset_pointer",
    "is_visually_hidden_from_conversation",
    "is_visually_hidden",
)
"""Keys of metadata by which a message shows more than its texts, or nothing."""
_PEOPLE = ("user", "assistant")
_TO_ALL = (None, "", "all", "assistant")
"""Recipients of a message that is no call of a tool."""
_REASONING = ("thoughts", "reasoning_recap")


@dataclass(slots=True)
class ShownMessage:
    """A message that the user saw."""

    id: str
    time: float | None
    """When it was made, in seconds since 1970."""
    by_user: bool
    known: Words | None
    """Its words; None for a plain message as long as nobody asked for them."""
    pointers: list[str] = field(default_factory=list)
    """Files that it shows."""
    texts: list[str] = field(default_factory=list)
    """Its texts as the source has them."""
    spoken: bool = False
    """Whether all of it are words of a person or of the assistant, and none of it is reasoning."""
    plain: bool = False
    """Whether it shows nothing but its texts, and they have no markers."""

    @property
    def words(self) -> Words:
        """The words and addresses by which it has to be found."""
        if self.known is None:
            self.known = Words()
            for text in self.texts:
                self.known.add(typed(text))  # without markers it is read like one of the assistant
        return self.known

    @property
    def unknown(self) -> list[str]:
        """Forms in it that nobody knows; a plain message has none."""
        return self.known.unknown if self.known else []

    @property
    def when(self) -> str | None:
        """The date and minute at which it was made, in UTC."""
        return None if self.time is None else f"{datetime.fromtimestamp(self.time, UTC):%F %H:%M}"


@dataclass(slots=True)
class ShownConversation:
    """All that a person saw of a conversation."""

    current: list[ShownMessage]
    """On the branch that opens, in order."""
    others: list[ShownMessage]
    """On the other branches, if they are wanted."""
    anywhere: list[Words]
    """Documents and reports, which a writer may put anywhere."""

    def ids(self) -> list[str]:
        """Return the ids of its messages."""
        return [shown.id for shown in [*self.current, *self.others]]


def beside(nodes: dict[str, Raw], path: list[str]) -> Iterator[Words]:
    """Yield the words of each document and report on the branch `path`."""
    documents = Documents()
    reports: dict[str, Raw] = {}
    messages = [message_of(nodes[key]) for key in path]
    for number, message in enumerate(messages):
        to = _recipient(message)
        if to.startswith("canmore.") and _role(message) == "assistant":
            replies = messages[number + 1 : number + 2]
            metadata = [object_of(reply.get("metadata")) for reply in [*replies, message]]
            textdoc = next(filter(None, map(textdoc_of, metadata)), None)
            documents.call(to, "".join(texts_of(object_of(message.get("content")))), textdoc)
        report = report_of(message)
        if report is not None:
            parts = object_of(report.get("content")).get("parts")
            reports[json.dumps(parts)] = report
    yield from documents.words()
    yield from map(words_of_report, reports.values())


def _role(message: Raw) -> Any:
    return object_of(message.get("author")).get("role")


def _recipient(message: Raw) -> str:
    """Return the recipient of a message; an empty string if it names none."""
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
    """Return what the message of a node shows; None if a person saw nothing of it."""
    message = message_of(node)
    texts = _texts_alone(message)
    if texts:
        user = message["author"]["role"] == "user"
        return ShownMessage(key, _time(message), user, None, [], texts, spoken=True, plain=True)
    if not message or is_hidden(message):
        return None
    role = _role(message)
    metadata = object_of(message.get("metadata"))
    content = message.get("content")
    if isinstance(content, str):
        content = {"content_type": "text", "parts": [content]}
    content = object_of(content)
    shown = ShownMessage(key, _time(message), role == "user", Words())
    if role == "tool":
        _replied(message, content, metadata, shown, reasoning)
    elif _is_call(message):
        _called(_recipient(message), content, shown)
    else:
        _spoken(content, metadata, shown, reasoning)
        shown.spoken = content.get("content_type") in (None, "text", "multimodal_text")
        parts = content.get("parts")
        whole = isinstance(parts, list) and all(isinstance(part, str) for part in parts)
        shown.plain = (whole and content.get("content_type") == "text") and not (
            shown.pointers
            or shown.words.unknown
            or any(map(metadata.get, _SHOWING))
            or any(holds_signs(text) or ":::" in text for text in shown.texts)
        )
        shown.pointers += attached(message) + pointers_in(metadata.get("dictation_asset_pointer"))
        if shown.texts or not shown.spoken:  # else no text refers to anything
            shown.words.add(carried(metadata))
        shown.words.say(_passage(metadata))
    shown.pointers = list(dict.fromkeys(shown.pointers))
    words = shown.words
    words.settle()
    if words.segments or words.phrases or words.addresses or words.unknown or shown.pointers:
        return shown
    return None


def _texts_alone(message: Raw) -> list[str] | None:
    """Return the texts of a message that surely shows them, and nothing else.

    Nearly all that a person saw are such: a few looks tell that no other rule is about them.
    """
    content, author = message.get("content"), message.get("author")
    if type(content) is not dict or type(author) is not dict:
        return None
    texts, metadata = content.get("parts"), message.get("metadata")
    if type(texts) is not list or content.get("content_type") != "text":
        return None
    if author.get("role") not in _PEOPLE or message.get("recipient") not in _TO_ALL:
        return None
    if type(metadata) is dict and any(map(metadata.get, _BESIDE)):
        return None
    return texts if all(map(_has_plain_words, texts)) else None


def _has_plain_words(text: Any) -> bool:
    """Tell whether a part is a text with words, surely, and without markers."""
    # What begins with a letter or digit has words, but for the address of a file.
    return (
        type(text) is str
        and text[:1].isalnum()
        and not (text.startswith("sandbox:") or ":::" in text or holds_signs(text))
    )


def _passage(metadata: Raw) -> Any:
    """Return the passage that the user replied to."""
    reply = metadata.get("targeted_reply")
    if isinstance(reply, dict):
        reply = next((reply[key] for key in ("text", "content") if key in reply), None)
    return reply


def _spoken(content: Raw, metadata: Raw, shown: ShownMessage, reasoning: bool) -> None:
    """Add the content of a message of a person or of the assistant."""
    kind = content.get("content_type")
    if kind is None or kind in ("text", "multimodal_text"):
        _in_parts(content, metadata, shown)
    elif not isinstance(kind, str) or not (kind in _SHOWN or kind in _UNSEEN):
        shown.words.unknown.append(f"content type {str(kind)[:60]}")
        _every_string(content, kind, shown)
    elif kind in _SHOWN and (reasoning or kind not in _REASONING):
        _SHOWN[kind](content, metadata, shown)


def _every_string(value: Any, kind: Any, shown: ShownMessage) -> None:
    """Add each string of a value in an unknown form, in whatever order."""
    for leaf in leaves(value):
        if leaf != kind and leaf.strip() and "://" not in leaf:
            found = written(leaf)
            shown.words.phrases += found.segments + found.phrases


def _in_parts(content: Raw, metadata: Raw, shown: ShownMessage) -> None:
    replaced = matched(metadata)
    for text in texts_of(content):
        shown.texts.append(text)
        shown.words.add(typed(text) if shown.by_user else written(text, replaced))
    for part in objects_in(content):
        kind = part.get("content_type") or part.get("type")
        if isinstance(kind, str) and kind.endswith("asset_pointer"):
            shown.pointers += pointers_in(part)
        elif kind == "app_pairing_content":
            continue
        elif kind is not None and not (isinstance(kind, str) and kind in WORDED):
            shown.words.unknown.append(f"part {str(kind)[:60]}")
            _every_string(part, kind, shown)


def _quoted(content: Raw, metadata: Raw, shown: ShownMessage) -> None:
    _quotation(content, shown)
    _named(content, shown)


def _quotation(content: Raw, shown: ShownMessage) -> None:
    for text in strings(content.get("text")) or strings(content.get("snippet")):
        shown.words.add(written(text))


def _named(page: Raw, shown: ShownMessage) -> None:
    """Add title and address of a page of the web."""
    shown.words.lead_to(page.get("url"))
    shown.words.say(page.get("title"))


def _error(content: Raw, metadata: Raw, shown: ShownMessage) -> None:
    _quotation(content, shown)
    shown.words.say(content.get("name"))


def _thoughts(content: Raw, metadata: Raw, shown: ShownMessage) -> None:
    listed = content.get("thoughts")
    if isinstance(listed, str):  # one source saw the list as JSON in a string
        try:
            listed = json.loads(listed)
        except (ValueError, RecursionError):
            listed = [{"content": listed}]
    for thought in objects(listed):
        summary, texts = strings(thought.get("summary")), strings(thought.get("content"))
        chunks = thought.get("chunks")
        if not any(map(str.strip, texts)) and isinstance(chunks, list):
            texts = ["\n".join(strings(*chunks))]
        for text in summary + texts:
            shown.words.add(written(text))


def _recap(content: Raw, metadata: Raw, shown: ShownMessage) -> None:
    """Add a recap, unless a writer may show a duration instead, as for "Thought for 7s"."""
    words = content.get("content")
    timed = metadata.get("finished_duration_sec") is not None
    if isinstance(words, str) and not timed and not any(map(str.isdigit, words)):
        shown.words.say(words)


def _linked(content: Raw, metadata: Raw, shown: ShownMessage) -> None:
    widgets = content.get("widgets")
    for widget in objects(widgets) or [object_of(widgets)]:
        for link in objects(widget.get("navlinks")):
            _named(link, shown)


def _literal(content: Raw, metadata: Raw, shown: ShownMessage) -> None:
    for text in strings(content.get("text")):
        shown.words.add(literal(text))


def _output(content: Raw, metadata: Raw, shown: ShownMessage) -> None:
    """Add the output of code, and the pictures and tables that it made."""
    for text in strings(content.get("text"), content.get("output_str")):
        shown.words.add(literal(text))
    result = object_of(metadata.get("aggregate_result"))
    for message in objects(result.get("messages")):
        shown.pointers += pointers_in(message.get("image_url"))


def _screenshot(content: Raw, metadata: Raw, shown: ShownMessage) -> None:
    """Add the picture of a page that an agent looked at, and which page it is."""
    shown.pointers += pointers_in(content.get("screenshot"))
    _named(object_of(content.get("state")), shown)


_SHOWN: dict[str, Callable[[Raw, Raw, ShownMessage], None]] = {
    "code": _literal,
    "execution_output": _output,
    "citable_code_output": _output,
    "tether_quote": _quoted,
    "sonic_webpage": _quoted,
    "system_error": _error,
    "thoughts": _thoughts,
    "reasoning_recap": _recap,
    "super_widget": _linked,
    "computer_output": _screenshot,
}
_UNSEEN = names(
    "tether_browsing_display tether_browsing_code computer_initialize_state system_content "
    "developer_content system_message"
)
"""Content types that were seen in exports, beside those of texts: shown to a person, and not."""


def _replied(
    message: Raw, content: Raw, metadata: Raw, shown: ShownMessage, reasoning: bool
) -> None:
    """Add the content of a tool's answer that a person sees."""
    tool = "".join(strings(object_of(message.get("author")).get("name")))
    kind = content.get("content_type")
    if _recipient(message) not in ("", "all"):
        return
    house = tool.partition(".")[0]
    if kind in ("text", "multimodal_text") and house not in _SEARCH:
        for part in objects_in(content):
            shown.pointers += pointers_in(part)
    if tool.startswith("a8km123"):
        if reasoning:
            for text in texts_of(content):
                shown.words.add(written(text))
            shown.words.say(_until_a_number(metadata.get("finished_text")))
    elif kind in ("execution_output", "tether_quote", "citable_code_output", "computer_output"):
        _SHOWN[str(kind)](content, metadata, shown)
    elif kind == "text" and house not in _FOR_THE_MODEL and not shown.pointers:
        texts = texts_of(content)
        machine = "".join(texts).lstrip()[:1] in ("", "{", "[", "<")
        if tool and report_of(message) is None and not machine:
            for text in texts:
                shown.words.add(written(text))


def _until_a_number(text: Any) -> Any:
    """Return the words of "Reasoned about causes for 34s" before their duration."""
    if not isinstance(text, str):
        return None
    end = next((place for place, sign in enumerate(text) if sign.isdigit()), len(text))
    return text[:end].rstrip().removesuffix(" for") if end < len(text) else text


def _called(to: str, content: Raw, shown: ShownMessage) -> None:
    """Add the words of a call that a person sees: code that was run, a memory."""
    texts = texts_of(content) or strings(content.get("text"))
    if to == "bio" or to.startswith("python"):
        for text in texts:
            shown.words.add(literal(text))
    elif to == "container.exec":
        command = object_of(inner_json("".join(texts))).get("cmd")
        if isinstance(command, list) and strings(*command) == command:
            shown.words.say(*command[-1:])


def _time(message: Raw) -> float | None:
    value = message.get("create_time")
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 4e9:
        return None
    return value
