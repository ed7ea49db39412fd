"""Extracts notes, snapshots, citations and custom instructions from one conversation.

All branches count: ChatGPT keeps a memory also if the user left the branch on which it was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import orjson

from gptexit.memories.model import How, Origin
from gptexit.model import Conversation, Message

LONGEST = 2_000
"""Characters of a note that may be a request; a longer one is a memory."""

_EDGES = ".,;:!?…'\"`()[]{}<>«»‹›“”„‘’‚–—-_*~¡¿"
"""Punctuation around a word. Inside of one it counts: `1.5` is not `15`, `C#` is not `C`."""
_ANYWHERE = str.maketrans("", "", "、。「」『』・")
"""Punctuation of writing without spaces between words."""
_QUOTES = str.maketrans("’‘“”„«»", '\'\'"""""')


def same(text: str) -> str:
    """Reduce `text` to a key: without case, white space and punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_ANYWHERE).translate(_QUOTES)
    words = [_bare(word) for word in folded.split()]
    return " ".join(word for word in words if word) or " ".join(folded.split())


def _bare(word: str) -> str:
    """Remove the punctuation around a word, but not the sign of a number."""
    bare = word.strip(_EDGES)
    return f"-{bare}" if bare[:1].isdigit() and word[:1] in "-–" else bare


_LEADS = re.compile(r"(?:(?:that|the|about)\s)+")


def named(text: str) -> str:
    """Reduce a text that a note names to a key: as `same`, and without `that`, `the` in front."""
    words = same(text)
    lead = _LEADS.match(words)
    return words[lead.end() :] if lead else words


@dataclass(frozen=True, slots=True)
class Asked:
    """The request of a note about an earlier memory."""

    what: str
    """`forget`; `correct`; `deny`, a sentence that says of an earlier one that it ended; `aside`,
    one that may be a correction: it is a memory like others if it names none."""
    pairs: list[tuple[str, str]] = field(default_factory=list)
    """Texts that it may name, each with the words that replace it, or an empty string."""
    about: str = ""
    """The rest of the note, to look for a memory like it."""


_FLAGS = re.IGNORECASE | re.DOTALL
_THING = (
    r"(?:(?:my|the|this|earlier|previous|old|saved|stored)\s+)*(?:memory|memories|entry|note|fact)"
)
_FORGET = (
    re.compile(rf"(?:please\s+)?forget\b(?:\s+{_THING}\b)?\s*[:–—-]?\s*(?P<old>.+)", _FLAGS),
    re.compile(
        rf"(?:please\s+)?(?:remove|delete|erase)\s*(?:{_THING}\b\s*[:–—-]?|:)\s*(?P<old>.+)", _FLAGS
    ),
    re.compile(r"(?:stop remembering|(?:do not|don't) remember)\b\s*:?\s*(?P<old>.+)", _FLAGS),
)
_CORRECTION = re.compile(
    rf"(?:correction|corrected|correct|updated?|changed?|edit)(?:\s+{_THING})?\s*[:–—-]\s*(?P<new>.+)",
    _FLAGS,
)
_REPLACE = re.compile(rf"(?:replace|change|update|correct)\s+(?:{_THING}\s+)?(?P<both>.+)", _FLAGS)
_WITH = re.compile(r"\s(?:with|by|to)\b:?\s", _FLAGS)
_SHOULD_BE = re.compile(r"\s(?:should be|is now|becomes)\b:?\s", _FLAGS)
_NEW_FIRST = re.compile(
    r"(?:[,;(]\s?not|\s(?:instead of|rather than)"
    r"|[.;,(]\s?(?:previously|formerly|replaces|replacing|was))\b:?\s",
    _FLAGS,
)
_NO_LONGER = re.compile(r"\bno longer\s+", re.IGNORECASE)
_MOST_CUTS = 20
"""Places at which a sentence is cut."""


def asked(note: str) -> Asked | None:
    """Return the request of `note` about an earlier memory; None if the note is a memory itself."""
    words = note.strip()
    if len(words) > LONGEST:
        return None
    for pattern in _FORGET:
        if match := pattern.fullmatch(words):
            return Asked("forget", [(match["old"], "")], match["old"])
    if match := _CORRECTION.fullmatch(words):
        new = match["new"].strip()
        return Asked("correct", [*_replaced(new), *_set_right(new)], new)
    if len(_NO_LONGER.findall(words)) == 1:
        return Asked("deny", [(_NO_LONGER.sub("", words), words)], words)
    pairs = [*_replaced(words), *_set_right(words)]
    return Asked("aside", pairs, words) if pairs else None


def _replaced(words: str) -> Iterator[tuple[str, str]]:
    """Cut `Replace A with B` at each place where A may end: only one A will name a memory."""
    match = _REPLACE.fullmatch(words)
    text, ends = (match["both"], _WITH) if match else (words, _SHOULD_BE)
    for cut in islice(ends.finditer(text), _MOST_CUTS):
        old, new = _unquoted(text[: cut.start()]), _unquoted(text[cut.end() :])
        if old and new:
            yield old, new


def _set_right(words: str) -> Iterator[tuple[str, str]]:
    """Cut `A, not B`: B may be a whole memory, or an alternative to the last words of A."""
    for cut in islice(_NEW_FIRST.finditer(words), _MOST_CUTS):
        before, old = words[: cut.start()].split(), words[cut.end() :].rstrip(" )].")
        if before and old:
            yield _unquoted(old), words
            for count in range(1, min(len(before), _MOST_CUTS)):
                yield f"{' '.join(before[:-count])} {old}", words


def _unquoted(text: str) -> str:
    """Remove quotation marks around all of `text`."""
    bare = text.strip()
    inner = bare.rstrip(".")
    quoted = len(inner) > 2 and inner[0] in "\"'“„«‘`" and inner[-1] in "\"'”“»’`"
    return inner[1:-1].strip() if quoted else bare


_KEYS = ("content", "memory", "text", "fact", "bio", "value")


def _parts(conversation: Conversation, kind: str) -> Iterator[tuple[Message, Any]]:
    """Yield each part of a type, with its message."""
    for message in conversation["messages"]:
        for part in message["parts"]:
            if part["type"] == kind:
                yield message, part


def noted(conversation: Conversation) -> Iterator[Origin]:
    """Yield each memory that ChatGPT wrote in a conversation, in its own words.

    One message is one memory, of however many lines; those that are JSON hold one or several.
    Plain sentences are usual. `{"content": "…"}` was seen in readers of exports (looked up on
    2026-11-25).
    """
    for message, part in _parts(conversation, "memory"):
        for text in unwrapped(part["text"]) if not part["snapshot"] else ():
            yield _origin(conversation, message, "written", text)


def snapshots(conversation: Conversation) -> Iterator[Origin]:
    """Yield each list of its memory that ChatGPT was given, whole."""
    for message, part in _parts(conversation, "memory"):
        if part["snapshot"] and part["text"].strip():
            yield _origin(conversation, message, "snapshot", part["text"])


def instructions(conversation: Conversation) -> Iterator[tuple[str | None, str | None, Origin]]:
    """Yield custom instructions: about the user, on responses, and their source."""
    for message, part in _parts(conversation, "instructions"):
        about, response = _string(part["about"]), _string(part["response"])
        if about or response:
            yield about, response, _origin(conversation, message, "written", "")


def citations(conversation: Conversation) -> Iterator[Origin]:
    """Yield each memory that answers cite, at the first one; of a mere id, `text` is empty."""
    seen: set[tuple[str | None, str]] = set()
    for message in conversation["messages"]:
        for memory in cited_memories(message):
            if (memory.id, memory.text) not in seen and (memory.id or memory.text):
                seen.add((memory.id, memory.text))
                origin = _origin(conversation, message, "cited", memory.text)
                yield replace(origin, memory_id=memory.id, deleted=memory.deleted)


def _origin(conversation: Conversation, message: Message, how: How, text: str) -> Origin:
    time = message["created"] or conversation["created"]
    return Origin(time, conversation["id"], conversation["title"], message["id"], how, text)


def unwrapped(text: str) -> list[str]:
    """Return the memories of a note, without JSON around them; none if it is blank."""
    words = text.strip()
    if words[:1] in ("{", "["):
        try:
            found = list(_strings(orjson.loads(words)))
        except orjson.JSONDecodeError:
            found = []
        stripped = [memory.strip() for memory in found]
        if stripped and all(stripped):
            return stripped
    return [words] if words else []


def _strings(value: Any) -> Iterator[str]:
    """Yield a string, the value of an object's one known key, or those of a list; else blanks."""
    if isinstance(value, list):
        for item in value:
            yield from _strings(item) if not isinstance(item, list) else [""]
    elif isinstance(value, dict) and len(value) == 1:
        ((key, inner),) = value.items()
        known = key.casefold() in _KEYS
        yield inner if known and isinstance(inner, str) else ""
    else:
        yield value if isinstance(value, str) else ""


_DATED = re.compile(r"^[ \t]*(\d{1,6})\.[ \t]*\[(\d{4}-\d\d-\d\d)\]\.?[ \t]*", re.MULTILINE)


def listed(snapshot: str) -> list[tuple[str | None, str]]:
    """Return the entries of a snapshot: the day on which each was saved, and its words.

    A snapshot reads `1. [2024-04-26]. User loves dogs.`, entries apart by an empty line (seen in
    several published exports of 2024 and 2025, looked up on 2026-11-25). A number that does not
    follow the one before belongs to an entry's own words. One of another form is a single entry.
    """
    heads: list[re.Match[str]] = []
    for match in _DATED.finditer(snapshot):
        if not heads or int(match[1]) == int(heads[-1][1]) + 1:
            heads.append(match)
    if not heads:
        return [(None, snapshot.strip())]
    ends = [*(head.start() for head in heads[1:]), len(snapshot)]
    entries: list[tuple[str | None, str]] = [(None, snapshot[: heads[0].start()].strip())]
    for head, end in zip(heads, ends, strict=True):
        entries.append((head[2], snapshot[head.end() : end].strip()))
    return [(day, words) for day, words in entries if words]


KEY = "conversation_context_citation_metadata"
"""The key of the list in a message's metadata."""
_MEMORY = "user_memory"


@dataclass(frozen=True, slots=True)
class CitedMemory:
    """One memory, as one answer cites it."""

    id: str | None
    """ChatGPT's own id of the memory, if the citation has it."""
    text: str
    """The memory's words; empty if the citation has none."""
    deleted: bool
    """True if the export marks the citation as deleted."""


def cited_memories(message: Mapping[str, Any]) -> Iterator[CitedMemory]:
    """Yield each memory that a message of the neutral model cites, in the order of the export.

    The list is in the message's `extra`. An item of another shape is passed over, and stays there.
    Never raise.
    """
    extra = message.get("extra")
    metadata = extra.get("metadata") if isinstance(extra, dict) else None
    if not isinstance(metadata, dict) or KEY not in metadata:
        return
    for item in _objects(metadata[KEY]):
        for citation in _objects(item.get("citation", item)):
            memory_id = _string(citation.get("memory_id"))
            kind = citation.get("conversation_context_type")
            # A citation without a type is one of a memory if it has a memory's id.
            if kind == _MEMORY or (kind is None and memory_id):
                deleted = item.get("deleted") is True or citation.get("deleted") is True
                snippet = citation.get("snippet")
                pieces = map(_string, snippet if isinstance(snippet, list) else [snippet])
                yield CitedMemory(memory_id, "\n".join(filter(None, pieces)), deleted)


def _objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; a single object is a list of one."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def _string(value: Any) -> str | None:
    """Return a string that is not blank, without white space around it; else None."""
    return (value.strip() or None) if isinstance(value, str) else None
