"""A raw conversation held against the raw conversation that was made of it.

Both are read in the same plain way: which message stands above which, what it says, who says it and
when. What a program that reads ChatGPT exports trips over may have been replaced (a title too long
for a file's name, a date that is no number); what a person wrote or read may not.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from gptexit.chatgpt.names import file_id
from gptexit.verification.archive_files import CheckedArchive
from gptexit.verification.moments import same_date
from gptexit.verification.raw import (
    POINTER,
    Raw,
    answered,
    branch,
    leaves,
    nodes_of,
    object_of,
    parents,
)
from gptexit.verification.redacted_text import stands_among
from gptexit.verification.words import mended

_TITLE = 190
"""Bytes that are left at least of a title that was cut."""


_UNTITLED = "New chat"
"""What ChatGPT shows for a conversation without a title, and what may stand for one."""


class Twins:
    """Compares conversations of one archive with those of the export."""

    def __init__(self, archive: CheckedArchive) -> None:
        self._current_only = archive.option("branches") == "current"
        self._redacted = archive.redacted
        self.redacted = 0
        """Messages in which a mark stands for what the export has."""

    def differences(self, raw: Raw, held: Raw) -> tuple[int, list[str]]:
        """How many messages were compared, and a sentence for each difference."""
        titled = _titled(raw, held) or (self._redacted and _titled_with_marks(raw, held))
        lacks = [] if titled else [f"has another title: “{held.get('title')}”"]
        lacks += [
            f"has another {name}"
            for name, key in _DATES.items()
            if not same_date(raw.get(key), held.get(key))
        ]
        nodes, there = nodes_of(raw), nodes_of(held)
        wanted = branch(raw) if self._current_only else list(nodes)
        wanted = [key for key in wanted if isinstance(nodes[key].get("message"), dict)]
        above, above_there = answered(nodes), answered(_by_parents_alone(there))
        for key in wanted:
            if not isinstance(object_of(there.get(key)).get("message"), dict):
                lacks.append(f"lacks message {key}")
                continue
            message, now = nodes[key]["message"], there[key]["message"]
            differing = [words for words, same in _ASPECTS.items() if not same(message, now)]
            if self._redacted and _WORDS in differing and _same_with_marks(message, now):
                differing.remove(_WORDS)
                self.redacted += 1
            lacks += [words.format(key) for words in differing]
            if above[key] != above_there[key]:
                lacks.append(f"has message {key} below another one")
        if not self._current_only:
            more = [key for key in above_there if key not in above]
            lacks += [f"has a message that the export does not have: {key}" for key in more]
        misled = sorted(_misled(there) - _misled(nodes))
        lacks += [f"names other answers to {key} than there are" for key in misled]
        if not _opens_alike(nodes, raw.get("current_node"), there, held.get("current_node")):
            lacks.append("opens on another branch")
        return len(wanted), lacks


def _titled(raw: Raw, held: Raw) -> bool:
    """Whether it has the title of the source, or as much of it as a file's name takes."""
    title, now = raw.get("title"), held.get("title")
    if not isinstance(title, str):
        return now in (title, _UNTITLED)
    title = mended(title)
    if now == title or not isinstance(now, str):
        return now == title
    kept = now.removesuffix("…")
    plain = title.replace("\0", "\ufffd")
    cut = kept != now and len(kept.encode()) >= _TITLE and plain.startswith(kept)
    return now == plain or cut


_DATES = {"date": "create_time", "date of the last change": "update_time"}


def _by_parents_alone(nodes: dict[str, Raw]) -> dict[str, Raw]:
    """The nodes without `children`: what was repaired needs no second way to say its tree."""
    return {
        key: {name: value for name, value in node.items() if name != "children"}
        for key, node in nodes.items()
    }


def _misled(nodes: dict[str, Raw]) -> set[str]:
    """The nodes whose `children` are not those that name them as their parent."""
    below: dict[str, set[str]] = {}
    for key, node in nodes.items():
        if isinstance(node.get("parent"), str):
            below.setdefault(node["parent"], set()).add(key)
    return {
        key
        for key, node in nodes.items()
        if isinstance(node.get("children"), list)
        and {each for each in node["children"] if isinstance(each, str)} != below.get(key, set())
    }


def _same_words(message: Raw, now: Raw) -> bool:
    """Whether every string of the message's content is there, whole."""
    asked, there = _words(message), _words(now)
    gone = asked - there
    if not gone:
        return True
    # What was no text where importers look for one was joined, or taken out of JSON in a string.
    joined = [each for each in there if each not in asked]
    return all(not each.strip() or _is_in(each, joined, there) for each in gone)


def _same_with_marks(message: Raw, now: Raw) -> bool:
    asked, there = _words(message), _words(now)
    return all(
        not each.strip() or _is_in(each, list(there), there) or stands_among(each, there)
        for each in asked - there
    )


def _titled_with_marks(raw: Raw, held: Raw) -> bool:
    return stands_among(mended(str(raw.get("title"))), [str(held.get("title"))])


def _words(message: Raw) -> Counter[str]:
    """The strings of a message's content but its type; a pointer by the file that it leads to."""
    content = message.get("content")
    if isinstance(content, dict):
        content = [value for key, value in content.items() if key != "content_type"]
    found = leaves([content, message.get("older_content")])
    return Counter(file_id(each) if POINTER.fullmatch(each) else mended(each) for each in found)


def _is_in(text: str, joined: list[str], there: Counter[str]) -> bool:
    if any(text in each for each in joined):
        return True
    try:
        inner = [each for each in leaves(json.loads(text)) if each.strip()]
    except (ValueError, RecursionError):
        return False
    return bool(inner) and all(each in there for each in inner)


def _same_voice(message: Raw, now: Raw) -> bool:
    role = object_of(message.get("author")).get("role")
    author = object_of(now.get("author"))
    kept = object_of(author.get("metadata")).get("real_role")
    return not isinstance(role, str) or role in (author.get("role"), kept)


_WORDS = "does not have all of message {}"
_ASPECTS: dict[str, Callable[[Raw, Raw], bool]] = {
    _WORDS: _same_words,
    "says that somebody else wrote message {}": _same_voice,
    "has another date for message {}": lambda raw, held: same_date(
        raw.get("create_time"), held.get("create_time")
    ),
}
"""By the sentence for where they differ: in what two messages are held against each other."""


def _opens_alike(
    nodes: dict[str, Raw], current: Any, there: dict[str, Raw], current_there: Any
) -> bool:
    """Whether it opens at the message that the user saw last, where the source says which."""
    if not isinstance(current, str) or not isinstance(
        object_of(nodes.get(current)).get("message"), dict
    ):
        # The source names a place without a message: the message above it was the last there.
        last = _above_with_message(nodes, current)
        if last is not None and last == current_there:
            return True
        # Else it does not say; of one branch the last message is the only answer.
        above = answered(nodes)
        ends = set(above) - set(above.values())
        if len(ends) != 1:
            return True
        current = ends.pop()
    return bool(current == current_there)


def _above_with_message(nodes: dict[str, Raw], key: Any) -> str | None:
    """Return the nearest node above `key` that has a message; None if there is none."""
    above = parents(nodes)
    at = key if isinstance(key, str) and key in nodes else None
    while at is not None and not isinstance(nodes[at].get("message"), dict):
        at = above[at]
    return at


class MergedCopies:
    """What copies of a conversation became. Its strings are gathered once for all of them."""

    def __init__(self, merged: Raw) -> None:
        self.raw = merged
        self._nodes = nodes_of(merged)
        self._strings: dict[str, set[str]] = {}

    def lost(self, copy: Raw) -> list[str]:
        """Return a sentence for each message of `copy` that is not held in full.

        A text may go on in the merged conversation: an answer that was exported half-written.
        """
        found = []
        for key, node in nodes_of(copy).items():
            if not isinstance(node.get("message"), dict):
                continue
            there = self._strings_of(key)
            for text in leaves(node["message"].get("content")):
                if text not in there and not any(each.startswith(text) for each in there):
                    found.append(f"has lost part of message {key} in merging")
                    break
        return found

    def _strings_of(self, key: str) -> set[str]:
        if key not in self._strings:
            message = object_of(object_of(self._nodes.get(key)).get("message"))
            told = leaves([message.get("content"), message.get("older_content")])
            self._strings[key] = set(told)
        return self._strings[key]
