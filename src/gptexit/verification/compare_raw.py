"""Compare a raw conversation with the raw conversation that was made of it.

Both are read in the same plain way: the order of the messages, their words, authors and times. A
writer may replace a value that programs for ChatGPT exports cannot read (a title too long for the
name of a file, a date that is no number), but not the words that a person wrote or read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from gptexit.chatgpt.names import file_id
from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.raw import (
    POINTER,
    Parents,
    Raw,
    answered,
    branch,
    has_message,
    inner_json,
    leaves,
    mended,
    message_of,
    nodes_of,
    object_of,
    parents,
    same_date,
    strings,
)
from gptexit.verification.redacted_text import stands_among

_TITLE = 190
"""Bytes that are left at least of a title that was cut."""
_UNTITLED = "New chat"
"""ChatGPT's title for a conversation without one, which a writer may use too."""
_DATES = {"date": "create_time", "date of the last change": "update_time"}


class RawComparer:
    """Compares conversations of one archive with those of the export."""

    def __init__(self, archive: CheckedArchive) -> None:
        self._current_only = archive.option("branches") == "current"
        self._redacted = archive.redacted
        self.redacted = 0
        """Messages in which a mark replaces words of the export."""

    def differences(self, raw: Raw, held: Raw) -> tuple[int, list[str]]:
        """Return how many messages were compared, and a sentence for each difference.

        `raw` is the conversation of the export, `held` that of the archive.
        """
        title, held_title = mended(str(raw.get("title"))), str(held.get("title"))
        titled = _titled(raw, held) or (self._redacted and stands_among(title, [held_title]))
        lacks = [] if titled else [f"has another title: “{held_title}”"]
        lacks += [
            f"has another {name}"
            for name, key in _DATES.items()
            if not same_date(raw.get(key), held.get(key))
        ]
        nodes, held_nodes = nodes_of(raw), nodes_of(held)
        above = parents(nodes)
        wanted = branch(raw, nodes, above) if self._current_only else list(nodes)
        wanted = [key for key in wanted if has_message(nodes[key])]
        answers = answered(nodes, above)
        # A repaired tree needs no `children`: its parents say it.
        bare_nodes = {key: node | {"children": None} for key, node in held_nodes.items()}
        held_answers = answered(bare_nodes, parents(bare_nodes))
        for key in wanted:
            if not has_message(held_nodes.get(key)):
                lacks.append(f"lacks message {key}")
                continue
            message, held_message = nodes[key]["message"], held_nodes[key]["message"]
            differing = [
                words for words, same in _ASPECTS.items() if not same(message, held_message)
            ]
            if (
                self._redacted
                and _WORDS in differing
                and _same_words(message, held_message, marks=True)
            ):
                differing.remove(_WORDS)
                self.redacted += 1
            lacks += [words.format(key) for words in differing]
            if answers[key] != held_answers[key]:
                lacks.append(f"has message {key} in another place")
        if not self._current_only:
            more = [key for key in held_answers if key not in answers]
            lacks += [f"has a message that the export does not have: {key}" for key in more]
        misled = sorted(_misled(held_nodes) - _misled(nodes))
        lacks += [f"lists other answers to message {key} than the export" for key in misled]
        opens_at = _opens_at(nodes, raw.get("current_node"), above, answers)
        if opens_at and held.get("current_node") not in opens_at:
            lacks.append("opens at another message than in ChatGPT")
        return len(wanted), lacks


def _titled(raw: Raw, held: Raw) -> bool:
    """Tell whether it has the title of the source, or as much of it as the name of a file takes."""
    title, held_title = raw.get("title"), held.get("title")
    if not isinstance(title, str):
        return held_title in (title, _UNTITLED)
    title = mended(title)
    if held_title == title or not isinstance(held_title, str):
        return held_title == title
    kept = held_title.removesuffix("…")
    plain = title.replace("\0", "\ufffd")
    cut = kept != held_title and len(kept.encode()) >= _TITLE and plain.startswith(kept)
    return held_title == plain or cut


def _misled(nodes: dict[str, Raw]) -> set[str]:
    """Return the nodes whose `children` are not those that name them as their parent."""
    below: dict[str, set[str]] = {}
    for key, node in nodes.items():
        if isinstance(node.get("parent"), str):
            below.setdefault(node["parent"], set()).add(key)
    return {
        key
        for key, node in nodes.items()
        if isinstance(node.get("children"), list)
        and {child for child in node["children"] if isinstance(child, str)} != below.get(key, set())
    }


def _same_words(message: Raw, held: Raw, *, marks: bool = False) -> bool:
    """Tell whether the archive has every string of the message's content, with or without marks."""
    wanted, texts = _words(message), _words(held)
    # A value that importers do not look for was joined, or taken out of JSON in a string.
    joined = [text for text in texts if marks or text not in wanted]
    return all(
        not text.strip() or _is_in(text, joined, texts) or (marks and stands_among(text, texts))
        for text in wanted - texts
    )


def _words(message: Raw) -> Counter[str]:
    """Return the strings of a message's content but its type; pointers by the id of their file."""
    content = message.get("content")
    if isinstance(content, dict):
        content = [value for key, value in content.items() if key != "content_type"]
    texts = leaves([content, message.get("older_content")])
    return Counter(file_id(text) if POINTER.fullmatch(text) else mended(text) for text in texts)


def _is_in(text: str, joined: list[str], texts: Counter[str]) -> bool:
    if any(text in longer for longer in joined):
        return True
    inner = [leaf for leaf in leaves(inner_json(text)) if leaf.strip()]
    return bool(inner) and all(leaf in texts for leaf in inner)


def _same_voice(message: Raw, held: Raw) -> bool:
    role = object_of(message.get("author")).get("role")
    author = object_of(held.get("author"))
    kept = object_of(author.get("metadata")).get("real_role")
    return not isinstance(role, str) or role in (author.get("role"), kept)


_WORDS = "lacks part of message {}"
_ASPECTS: dict[str, Callable[[Raw, Raw], bool]] = {
    _WORDS: _same_words,
    "names another author of message {}": _same_voice,
    "has another date for message {}": lambda message, held: same_date(
        message.get("create_time"), held.get("create_time")
    ),
}
"""The sentence for a difference, and the function that compares two messages for it."""


def _opens_at(
    nodes: dict[str, Raw], current: Any, above: Parents, answers: Parents
) -> tuple[Any, ...]:
    """Return the nodes that an archive may open at: the message that the user saw last.

    Return none if the source does not tell.
    """
    if isinstance(current, str) and has_message(nodes.get(current)):
        return (current,)
    # The source names a node without a message: the user saw the message above it last.
    last = current if isinstance(current, str) and current in nodes else None
    while last is not None and not has_message(nodes[last]):
        last = above[last]
    # Else it does not tell; of one branch the last message is the only answer.
    ends = set(answers) - set(answers.values())
    return (*strings(last), ends.pop()) if len(ends) == 1 else ()


class MergedCopies:
    """The conversation that several copies became; its strings are collected once for all."""

    def __init__(self, merged: Raw) -> None:
        self.raw = merged
        self._nodes = nodes_of(merged)
        self._strings: dict[str, set[str]] = {}

    def lost(self, copy: Raw) -> list[str]:
        """Return a sentence for each message of `copy` that is not held in full.

        A text may go on in the merged conversation: an answer that was exported half-written.
        """
        sentences = []
        for key, node in nodes_of(copy).items():
            texts = self._strings_of(key)
            for text in leaves(message_of(node).get("content")):
                if text not in texts and not any(longer.startswith(text) for longer in texts):
                    sentences.append(f"lost part of message {key} when exports were merged")
                    break
        return sentences

    def _strings_of(self, key: str) -> set[str]:
        if key not in self._strings:
            message = message_of(self._nodes.get(key))
            texts = leaves([message.get("content"), message.get("older_content")])
            self._strings[key] = set(texts)
        return self._strings[key]
