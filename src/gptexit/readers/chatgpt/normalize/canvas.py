"""Replay canvas calls: documents that the assistant wrote and changed beside the conversation.

Until mid-2026 the tool `canmore.create_textdoc` makes a document and `canmore.update_textdoc`
changes it by Python regular expressions. The export holds the calls and not the result, so they are
replayed. Since then the text is in the answer itself, between `:::writing{…}` and `:::`.

The patterns come from the export and are not to be trusted: `may_compile` limits their memory, each
gets a limited time, and no document may grow beyond a limit. An update that cannot be replayed
leaves the document as it was. A call that the user stopped may end at any character: a new document
then holds the text written so far.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson

from gptexit.chatgpt import take
from gptexit.model import Citation, Document, Part, Quote, Raw, Text

# A string's opening quote; brackets and signs; any other word.
_TOKEN = re.compile(r'["{}\[\],:]|[^\s"{}\[\],:]+')
# A string up to its end, or up to an incomplete escape. In steps of 500, since the engine keeps
# memory for each repeat of a group until the match is over.
_STRING = re.compile(r'[^"\\]*(?:\\(?:u[0-9a-fA-F]{4}|[^u])[^"\\]*){0,500}("?)', re.DOTALL)
_CLOSERS = {"{": "}", "[": "]"}
_HALF = re.compile(r"(?<!\\)(\\*)\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
"""The first half of a pair of surrogates at the end of a text, as an escape."""
_SPLIT = re.compile("[\ud800-\udfff]")
SECONDS = 0.5
"""Time for one pattern."""
LARGEST = 8_000_000
"""Characters that an update may add to a document."""
_OPEN = re.compile(r"^:::writing[ \t]*\{([^}\n]{0,2000})\}[ \t]*$", re.MULTILINE)
_CLOSE = re.compile(r"^:::[ \t]*$", re.MULTILINE)
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


class Read(NamedTuple):
    """A JSON object, as far as it could be read."""

    value: Raw
    whole: bool
    """False if the text ends inside a value or key. Closing brackets may be missing if True."""


def read_object(text: str) -> Read | None:
    """Read the JSON object that `text` begins with, as far as it goes; ignore words behind it.

    Returns None if `text` begins with no object, or is damaged in another way than a missing end.
    Takes time in proportion to the text.
    """
    value = _whole(text)
    if value is not None:
        return Read(value, True) if isinstance(value, dict) else None
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
    """Load a JSON text that may hold raw line ends in its strings, and lone surrogates."""
    value = _whole(text)
    if value is not None:
        return value
    try:
        value = json.loads(text, strict=False)
        return _whole(_SPLIT.sub("\ufffd", json.dumps(value, ensure_ascii=False)))
    except (ValueError, RecursionError):
        return None


def _closed(text: str) -> tuple[str, bool]:
    """Close the open strings and brackets of `text`; tell also whether nothing was missing.

    An incomplete value at the end is left out, unless it is a string.
    """
    stack: list[str] = []
    keep = 0
    """Up to here the text holds whole values only."""
    key = False
    """True if the next string is a key."""
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
    """Yield the start and end of each token, and False for a string that is not closed."""
    at = 0
    while token := _TOKEN.search(text, at):
        start, at = token.span()
        closed = True
        if token[0] == '"':
            at, closed = _string_end(text, at)
        yield start, at, closed


def _string_end(text: str, at: int) -> tuple[int, bool]:
    """Return the end of the string that contains `at`, and whether a quote closes it."""
    while piece := _STRING.match(text, at):
        if piece[1] or piece.end() == at:
            return piece.end(), bool(piece[1])
        at = piece.end()
    return at, False


def _without_half(match: re.Match[str]) -> str:
    """Drop the half of a pair, unless its backslash is itself escaped."""
    return match[0] if len(match[1]) % 2 else match[1]


def payload(words: str) -> Raw | None:
    """Return the arguments of a call: a JSON object, as far as it goes; None if it is none."""
    read = read_object(words)
    return read.value if read else None


LONGEST_PATTERN = 50_000
"""Characters."""
DEEPEST_GROUPS = 100
MOST_STEPS = 100_000
"""Steps of a pattern once its counted repeats are written out: about 30 MB."""
_PATTERN_TOKEN = re.compile(
    r"\\.|\(\?#[^)]*\)|\[\^?\]?(?:[^\]\\[]|\\.|\[(?![:.=])){0,200}\]|[()]"
    r"|\{\s*(\d{0,20})\s*,?\s*\d{0,20}\s*\}|.",
    re.DOTALL,
)
_OTHER_RULES = re.compile(r"\(\?[A-Za-z0-9-]*[xV]")
"""Flags under which a pattern reads otherwise: spaces and comments, sets inside sets."""


def may_compile(pattern: str) -> bool:
    """Tell whether compiling an untrusted `pattern` takes limited memory; if in doubt, no.

    `regex` writes counted repeats out in memory, about 270 bytes for each step, so
    `(((a{1000}){1000}){1000})` takes gigabytes before any time limit counts. This counts the steps
    from the text of the pattern alone.
    """
    if len(pattern) > LONGEST_PATTERN or _OTHER_RULES.search(pattern):
        return False
    groups = [0]
    """Steps in each open group, the outermost first."""
    last = total = 0
    for token in _PATTERN_TOKEN.finditer(pattern):
        sign = token[0]
        if sign == "(":
            groups.append(0)
            last = 0
        elif sign == ")":
            last = groups.pop() + 1 if len(groups) > 1 else 1
            groups[-1] += last
        elif token[1] is not None:
            times = max(1, int(token[1] or 0))
            groups[-1] += last * (times - 1)
            last *= times
        elif sign == "[":  # a set that does not end, is very long, or holds named ones
            return False
        elif sign not in "*+?" and not sign.startswith("(?#"):
            last = 1
            groups[-1] += 1
        total = max(total, groups[-1], last)
        if total > MOST_STEPS or len(groups) > DEEPEST_GROUPS:
            return False
    return sum(groups) <= MOST_STEPS


@dataclass(frozen=True, slots=True)
class Canvas:
    """One version of a document."""

    id: str | None
    title: str | None
    kind: str
    text: str
    version: int

    def part(self) -> Document:
        """Return the document as a part."""
        return {
            "type": "document",
            "id": self.id,
            "title": self.title,
            "kind": self.kind,
            "text": self.text,
            "version": self.version,
        }


def create(arguments: Raw, textdoc_id: str | None) -> Canvas | None:
    """Return the document that `create_textdoc` makes; None if the call has neither text nor name.

    A call that was stopped before the text began has a name alone.
    """
    content, name = arguments.get("content"), take.string(arguments.get("name"))
    if content is None and name is not None:
        content = ""
    if not isinstance(content, str):
        return None
    kind = take.string(arguments.get("type")) or "document"
    return Canvas(textdoc_id, name, kind, content, 1)


def update(before: Canvas, arguments: Raw) -> Canvas | None:
    """Apply the updates of `update_textdoc`; return None if one of them cannot be replayed."""
    updates = take.objects(arguments.get("updates"))
    text: str | None = before.text
    for change in updates:
        pattern, replacement = change.get("pattern"), change.get("replacement")
        if text is None or not isinstance(pattern, str) or not isinstance(replacement, str):
            return None
        text = _replaced(text, pattern, replacement, bool(change.get("multiple")))
    if text is None or not updates:
        return None
    return replace(before, text=text, version=before.version + 1)


def _replaced(text: str, pattern: str, replacement: str, multiple: bool) -> str | None:
    """Replace the matches of a pattern; return None if that fails or takes too long."""
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
    return "".join([*pieces, text[at:]]) if pieces else None


def _expanded(match: Any, replacement: str) -> str:
    """Fill in the group references of a replacement; return it as it is if they are malformed."""
    if "\\" not in replacement:
        return replacement
    try:
        return str(match.expand(replacement))
    except Exception:  # the library raises several kinds for malformed templates
        return replacement


def replacements(before: Canvas | None, arguments: Raw) -> list[Part]:
    """Make parts of the words that an `update_textdoc` puts into a document.

    For an update that cannot be replayed on `before`: the document stays as it was, and the user
    saw these words being written.
    """
    updates = take.objects(arguments.get("updates"))
    changes = [take.string(update.get("replacement")) for update in updates]
    words = [change for change in changes if change and change.strip()]
    if before is not None and before.kind.startswith("code/"):
        language = before.kind.removeprefix("code/")
        return [{"type": "code", "language": language, "text": text} for text in words]
    title = "Change to the document"
    if before is not None and before.title:
        title = f"Change to the document “{before.title}”"
    return [_quote(text, title) for text in words]


def comments(arguments: Raw) -> list[Part]:
    """Return the comments of `comment_textdoc`, each as a quote."""
    words = [take.string(note.get("comment")) for note in take.objects(arguments.get("comments"))]
    return [_quote(comment, "Comment on the document") for comment in words if comment]


def _quote(words: str, title: str) -> Quote:
    return {"type": "quote", "text": words, "title": title, "url": None}


def writing_blocks(part: Text) -> list[Part]:
    """Split a text part at its `:::writing` blocks; return it unchanged if it has none."""
    words = part["text"]
    if ":::writing" not in words:
        return [part]
    parts: list[Part] = []
    at = 0
    for opening in _OPEN.finditer(words):
        if opening.start() < at:
            continue
        closing = _CLOSE.search(words, opening.end())
        end = closing.start() if closing else len(words)
        attributes = dict(ATTRIBUTE.findall(opening[1]))
        title = attributes.get("subject") or attributes.get("title")
        kind = attributes.get("variant", "document")
        text = words[opening.end() : end].strip("\n")
        parts += _span(part, at, opening.start())
        parts.append(Canvas(attributes.get("id"), title, kind, text, 1).part())
        at = closing.end() if closing else end
    return [*parts, *_span(part, at, len(words))] if parts else [part]


def _span(part: Text, start: int, end: int) -> list[Text]:
    """Return a span of `part` as a text part with its citations, in a list; none if it is blank."""
    words = part["text"][start:end]
    if not words.strip():
        return []
    citations: list[Citation] = [
        {
            "start": citation["start"] - start,
            "end": citation["end"] - start,
            "sources": citation["sources"],
        }
        for citation in part["citations"]
        if start <= citation["start"] and citation["end"] <= end
    ]
    return [{"type": "text", "text": words, "citations": citations}]
