"""Canvas: documents that the assistant wrote and changed beside the conversation.

Until mid-2026 a document is made by a call of `canmore.create_textdoc` and changed by
`canmore.update_textdoc`, whose updates are Python regular expressions; the export holds the calls
and not the result, so they are replayed. Since then the text stands in the answer itself, between
`:::writing{…}` and `:::`.

The patterns come from the export and are not to be trusted: each is compiled within bounds
(`patterns`), gets a bounded time and may not blow a document up. An update that cannot be replayed
leaves the document as it was. A call that the user stopped is cut at any character: of a new
document there is what was written of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson

from gptexit.chatgpt import take
from gptexit.model import Document, Part, Raw, Text
from gptexit.readers.chatgpt.normalize.patterns import may_compile

# A string's opening quote; brackets and signs; any other word.
_TOKEN = re.compile(r'["{}\[\],:]|[^\s"{}\[\],:]+')
# Of a string up to its end, or up to the escape that is not whole. In steps: for each turn of a
# group the engine keeps a note until the match is over.
_STRING = re.compile(r'[^"\\]*(?:\\(?:u[0-9a-fA-F]{4}|[^u])[^"\\]*){0,500}("?)', re.DOTALL)
_CLOSERS = {"{": "}", "[": "]"}
_HALF = re.compile(r"(?<!\\)(\\*)\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
"""The first half of a pair of surrogates at a text's end, behind an even run of backslashes."""
_SPLIT = re.compile("[\ud800-\udfff]")


class Read(NamedTuple):
    """What could be read of an object."""

    value: Raw
    whole: bool
    """False where the text ends inside a value, a key or a name: something is missing. Closing
    brackets alone may be missing."""


def read_object(text: str) -> Read | None:
    """Read the JSON object that `text` begins with, as far as it goes.

    Words behind the object are passed over. Returns None where `text` begins with no object, or is
    no JSON for another reason than a missing end. Takes time in proportion to the text.
    """
    found = _whole(text)
    if found is not None:
        return Read(found, True) if isinstance(found, dict) else None
    if not text.lstrip().startswith("{"):
        return None
    mended, whole = _closed(text)
    value = _loaded(mended)
    return Read(value, whole) if isinstance(value, dict) else None


def _whole(text: str) -> Any:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        return None


def _loaded(text: str) -> Any:
    """The value of a JSON text that may hold raw line ends in its strings, and lone surrogates."""
    found = _whole(text)
    if found is not None:
        return found
    try:
        found = json.loads(text, strict=False)
        return _whole(_SPLIT.sub("\ufffd", json.dumps(found, ensure_ascii=False)))
    except (ValueError, RecursionError):
        return None


def _closed(text: str) -> tuple[str, bool]:
    """`text` with its open strings and brackets closed; whether all that it began is there.

    What is not whole at the end is left out, but for a string that is a value.
    """
    stack: list[str] = []
    keep = 0
    """Up to here the text holds whole values only."""
    key = False
    """Whether the next string of the object is a key."""
    at = 0
    for start, end, closed in _tokens(text):
        at = end
        sign = text[start]
        if sign in "{[":
            stack.append(_CLOSERS[sign])
            keep, key = at, sign == "{"
        elif sign in "}]":
            if not stack or stack.pop() != sign:
                break
            keep, key = at, False
            if not stack:
                return text[:at], True
        elif sign == ",":
            key = bool(stack) and stack[-1] == "}"
        elif sign == ":":
            key = False
        elif sign == '"' and not closed:
            if key:
                break
            words = _HALF.sub(_without_half, text[start:at])
            return text[:start] + words + '"' + "".join(reversed(stack)), False
        elif not key and (sign == '"' or at < len(text)):
            keep = at
    whole = not text[keep:].strip()
    return text[:keep] + "".join(reversed(stack)), whole


def _tokens(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield where each token begins and ends; and False for a string that is not closed."""
    at = 0
    while found := _TOKEN.search(text, at):
        start, at = found.span()
        closed = True
        if found[0] == '"':
            at, closed = _string_end(text, at)
        yield start, at, closed


def _string_end(text: str, at: int) -> tuple[int, bool]:
    """Find where the string ends that `at` stands in, and whether a quote closes it."""
    while found := _STRING.match(text, at):
        if found[1] or found.end() == at:
            return found.end(), bool(found[1])
        at = found.end()
    return at, False


def _without_half(found: re.Match[str]) -> str:
    """Drop the half of a pair, unless its backslash is itself escaped."""
    return found[0] if len(found[1]) % 2 else found[1]


SECONDS = 0.5
"""Time for one pattern."""
LARGEST = 8_000_000
"""Characters that a document may grow to by an update."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """One document after some number of versions."""

    id: str | None
    title: str | None
    kind: str
    text: str
    version: int

    def part(self) -> Document:
        """The document as a part."""
        return {
            "type": "document",
            "id": self.id,
            "title": self.title,
            "kind": self.kind,
            "text": self.text,
            "version": self.version,
        }


def payload(words: str) -> Raw | None:
    """The arguments of a call: a JSON object, mended where its end was cut off; None if neither."""
    read = read_object(words)
    return read.value if read else None


def create(arguments: Raw, textdoc_id: str | None) -> Canvas | None:
    """The document that `create_textdoc` makes; None where the call holds no text and no name."""
    content, name = arguments.get("content"), take.string(arguments.get("name"))
    if not isinstance(content, str):
        if content is not None or name is None:
            return None
        content = ""  # the call was stopped before the text began
    kind = take.string(arguments.get("type")) or "document"
    return Canvas(textdoc_id, name, kind, content, 1)


def update(before: Canvas, arguments: Raw) -> Canvas | None:
    """`before` after the updates of `update_textdoc`; None where one of them cannot be replayed."""
    updates = take.objects(arguments.get("updates"))
    text = before.text
    for each in updates:
        pattern, replacement = each.get("pattern"), each.get("replacement")
        if not isinstance(pattern, str) or not isinstance(replacement, str):
            return None
        changed = _replaced(text, pattern, replacement, bool(each.get("multiple")))
        if changed is None:
            return None
        text = changed
    return replace(before, text=text, version=before.version + 1) if updates else None


def _replaced(text: str, pattern: str, replacement: str, multiple: bool) -> str | None:
    """`text` with the pattern's matches replaced; None where that fails or takes too long."""
    if pattern in (".*", "(?s).*", "^.*$"):  # ChatGPT's way to rewrite the whole document
        return replacement
    if not may_compile(pattern):
        return None
    import regex  # with a time limit, which the standard library's `re` lacks

    pieces: list[str] = []
    at = grown = 0
    try:
        compiled = regex.compile(pattern, regex.MULTILINE)
        for match in compiled.finditer(text, timeout=SECONDS):
            pieces += (text[at : match.start()], _expanded(match, replacement))
            at = match.end()
            grown += len(pieces[-1])
            if grown > LARGEST:
                return None
            if not multiple:
                break
    except (regex.error, TimeoutError, RecursionError, MemoryError, OverflowError, ValueError):
        return None
    if not pieces:
        return None
    return "".join([*pieces, text[at:]])


def _expanded(match: Any, replacement: str) -> str:
    """The replacement with its group references filled in; literally where they are malformed."""
    if "\\" not in replacement:
        return replacement
    try:
        return str(match.expand(replacement))
    except Exception:  # the library raises several kinds for malformed templates
        return replacement


def replacements(before: Canvas | None, arguments: Raw) -> list[Part]:
    """Make parts of the words that `update_textdoc` puts into a document, without replaying it.

    For an update that cannot be replayed on `before`: the document stays as it was, and what the
    user saw being written is shown beside it.
    """
    words = [
        replacement
        for change in take.objects(arguments.get("updates"))
        if (replacement := take.string(change.get("replacement"))) and replacement.strip()
    ]
    if before is not None and before.kind.startswith("code/"):
        language = before.kind.removeprefix("code/")
        return [{"type": "code", "language": language, "text": text} for text in words]
    title = "Change to the document"
    if before is not None and before.title:
        title = f"Change to the document “{before.title}”"
    return [{"type": "quote", "text": text, "title": title, "url": None} for text in words]


def comments(arguments: Raw) -> list[Part]:
    """The comments of `comment_textdoc`, each as a quote."""
    return [
        {"type": "quote", "text": words, "title": "Comment on the document", "url": None}
        for each in take.objects(arguments.get("comments"))
        if (words := take.string(each.get("comment")))
    ]


_OPEN = re.compile(r"^:::writing[ \t]*\{([^}\n]{0,2000})\}[ \t]*$", re.MULTILINE)
_CLOSE = re.compile(r"^:::[ \t]*$", re.MULTILINE)
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


def writing_blocks(part: Text) -> list[Part]:
    """A text part taken apart at its `:::writing` blocks; unchanged where it has none."""
    words = part["text"]
    if ":::writing" not in words:
        return [part]
    found: list[Part] = []
    at = 0
    for opening in _OPEN.finditer(words):
        if opening.start() < at:
            continue
        closing = _CLOSE.search(words, opening.end())
        end = closing.start() if closing else len(words)
        attributes = dict(_ATTRIBUTE.findall(opening[1]))
        _add_text(found, part, at, opening.start())
        found.append(
            {
                "type": "document",
                "id": attributes.get("id"),
                "title": attributes.get("subject") or attributes.get("title"),
                "kind": attributes.get("variant", "document"),
                "text": words[opening.end() : end].strip("\n"),
                "version": 1,
            }
        )
        at = closing.end() if closing else end
    if not found:
        return [part]
    _add_text(found, part, at, len(words))
    return found


def _add_text(found: list[Part], part: Text, start: int, end: int) -> None:
    """Append the span of `part` as a text part of its own, its citations moved along."""
    if not part["text"][start:end].strip():
        return
    moved = [
        {**each, "start": each["start"] - start, "end": each["end"] - start}
        for each in part["citations"]
        if start <= each["start"] and each["end"] <= end
    ]
    found.append({"type": "text", "text": part["text"][start:end], "citations": moved})  # type: ignore[typeddict-item]
