"""A conversation without its secrets, and the account of what they were.

All strings of a conversation are searched but those that hold its parts together: the ids that
refer to each other, the words that say what a thing is, times and digests. Changing one would break
the tree, a link to a file, or an import.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gptexit.errors import RedactionFailed
from gptexit.model import Asset, Conversation, Message
from gptexit.redact.detect import prepare, secrets, suspects
from gptexit.redact.false_positives import SHORTEST
from gptexit.redact.occurrences import (
    Finding,
    Findings,
    Known,
    Secret,
    for_file_names,
    mark,
    marked,
    united,
)

_ROUNDS = 20
"""Times that a conversation is searched again once it has changed."""
_PLACES = {"title": "title", "assistant": "details", "project": "details", "extra": "details"}
"""Searched fields of a conversation beside messages and files, and their names in the account."""
_STRUCTURE = frozenset(
    (
        *("id", "parent", "current", "role", "type", "status", "hidden", "created", "updated"),
        *("provider", "nodes", "direction", "media_type", "sha256", "member", "asset"),
        # And in raw objects, below `extra`, which use the names of the export:
        *("children", "current_node", "conversation_id", "message_id", "parent_id", "file_id"),
        *("asset_pointer", "gizmo_id", "conversation_template_id", "content_type", "mime_type"),
        *("create_time", "update_time", "model_slug", "default_model_slug", "request_id"),
        *("turn_exchange_id", "async_task_id", "working_id", "memory_id"),
    )
)
"""Keys whose values are never changed."""
_KEYED_BY_ID = frozenset({"mapping", "odd_nodes"})
"""Keys of objects whose own keys are ids."""


class Redactor:
    """Replaces secrets by marks. One for a run; it knows those of the conversation at hand."""

    def __init__(self) -> None:
        """Load the libraries. Raise CannotRedact if they are not installed."""
        prepare()
        self.findings = Findings()
        self._at_hand = _Search(None)
        self._members: dict[str, str] = {}
        """Names of files in the export by their names in a redacted conversation."""

    def conversation(self, conversation: Conversation) -> Conversation:
        """Return it with a mark for each secret, itself if it has none. Raise RedactionFailed."""
        search = _Search(conversation)
        with _without_words():
            search.run()
        self._at_hand = search
        self._members |= search.members
        assert search.result is not None
        self.findings.take(search.rows.values(), search.result["title"])
        return search.result

    def has_secrets(self, conversation: Conversation) -> bool:
        """Tell whether `conversation` would change something. Raise RedactionFailed."""
        with _without_words():
            return _Search(conversation).look()

    def pass_by(self, conversation: Conversation) -> None:
        """Take a conversation for the one at hand, which is known to have no secrets."""
        self._at_hand = _Search(conversation)

    def text(
        self, text: str, place: str, language: str | None = None, *, counted: bool = False
    ) -> str:
        """Return a text that belongs to the conversation at hand, with a mark for each secret.

        `counted`: its secrets are in the account already. Raise RedactionFailed.
        """
        search = self._at_hand
        title = search.result["title"] if search.result else None
        with _without_words():
            for _ in range(_ROUNDS):
                spans = united([*secrets(text, language), *search.known.within(text)])
                if not spans:
                    break
                search.known.add(text, spans)
                text = marked(text, spans)
                if not counted:
                    kinds = dict.fromkeys(span.kind for span in spans)
                    rows = [search.finding(kind, None, place) for kind in kinds]
                    self.findings.take(rows, title)
        return text

    def asset(self, asset: Asset) -> Asset:
        """Return the description of a file that no conversation mentions, its names redacted."""
        search = _Search(None)
        for name in filter(None, (asset["name"], asset["member"])):
            search.known.add(name, secrets(name))
        changed = search.asset(asset)
        self._members |= search.members
        self.findings.take(search.rows.values(), None)
        return changed

    def member(self, name: str) -> str:
        """Return the export's own name of a file, by its name in a redacted conversation."""
        return self._members.get(name, name)


@contextmanager
def _without_words() -> Iterator[None]:
    """Turn any error into RedactionFailed, without its words: these may quote a secret."""
    try:
        yield
    except Exception as error:
        raise RedactionFailed(
            f"gptexit could not look for secrets in it ({type(error).__name__}), so it is left out"
        ) from None


class _Search:
    """The search of one conversation, repeated until it finds nothing more."""

    def __init__(self, conversation: Conversation | None) -> None:
        self.result = conversation
        self.known = Known()
        self.rows: dict[tuple[str, str | None], Finding] = {}
        """The first finding of each kind in each message."""
        self.members: dict[str, str] = {}
        self._found: dict[str, list[Secret]] = {}
        self._message: Message | None = None
        """The message that is being changed."""

    def run(self) -> None:
        """Replace what is found, and search again what has changed with it."""
        for _ in range(_ROUNDS):
            if not self.look():
                break
            for text, found in self._found.items():
                self.known.add(text, found)
            assert self.result is not None
            self.result = self._replaced(self.result)

    def look(self) -> bool:
        """Search the conversation as it is now. Return whether a secret was found."""
        assert self.result is not None
        languages: dict[str, str | None] = {}
        for text, language in _texts(self.result):
            if len(text) >= SHORTEST and (language or text not in languages):
                languages[text] = language
        self._found = {
            text: found for text in suspects(languages) if (found := secrets(text, languages[text]))
        }
        return bool(self._found)

    def finding(self, kind: str, message: Message | None, place: str) -> Finding:
        """Describe a secret of this conversation; the title is filled in at the end."""
        conversation = self.result["id"] if self.result else None
        key, date = (message["id"], message["created"]) if message else (None, None)
        return Finding(kind, conversation, None, key, date, place)

    def asset(self, asset: Asset) -> Asset:
        """Return a file's description, its names without secrets."""
        self._message = None
        name = self._change(asset["name"], "file name")
        member = self._change(asset["member"], "file name")
        if (name, member) == (asset["name"], asset["member"]):
            return asset
        name, member = for_file_names(name or "") or None, for_file_names(member or "") or None
        if member and asset["member"]:
            self.members[member] = self.members.get(asset["member"], asset["member"])
        return {**asset, "name": name, "member": member}

    def _replaced(self, conversation: Conversation) -> Conversation:
        self._message = None
        changed: Any = dict(conversation)
        for key, place in _PLACES.items():
            changed[key] = self._below(changed[key], place)
        changed["messages"] = list(map(self._in_message, conversation["messages"]))
        changed["assets"] = list(map(self.asset, conversation["assets"]))
        result: Conversation = changed
        return result

    def _in_message(self, message: Message) -> Message:
        self._message = message
        parts = list(map(self._in_part, message["parts"]))
        extra, name = (self._below(message[key], "details") for key in ("extra", "name"))
        return {**message, "parts": parts, "extra": extra, "name": name}

    def _in_part(self, part: Any) -> Any:
        changed = self._below(part, "text")
        if part.get("citations") and changed["text"] != part["text"]:
            spans = self._spans(part["text"])
            for new, old in zip(changed["citations"], part["citations"], strict=True):
                new["start"] = _moved(old["start"], spans)
                new["end"] = _moved(old["end"], spans, end=True)
        return changed

    def _below(self, value: Any, place: str) -> Any:
        return copied(value, lambda text: self._change(text, place))

    def _change(self, text: Any, place: str) -> Any:
        spans = self._spans(text) if isinstance(text, str) else []
        for span in spans:
            key = (span.kind, self._message["id"] if self._message else None)
            self.rows.setdefault(key, self.finding(span.kind, self._message, place))
        return marked(text, spans) if spans else text

    def _spans(self, text: str) -> list[Secret]:
        if len(text) < SHORTEST:
            return []
        return united([*self._found.get(text, ()), *self.known.within(text)])


def _texts(conversation: Conversation) -> Iterator[tuple[str, str | None]]:
    """Yield every string that is searched, with the language of those that are code."""
    fields: Any = conversation
    for text in strings([fields[key] for key in _PLACES]):
        yield text, None
    for message in conversation["messages"]:
        for part in message["parts"]:
            language = part["language"] if part["type"] == "code" else None
            for text in strings(part):
                yield text, language
        for text in strings([message["extra"], message["name"]]):
            yield text, None
    for text in strings([[asset["name"], asset["member"]] for asset in conversation["assets"]]):
        yield text, None


def strings(value: Any) -> Iterator[str]:
    """Yield every string below `value` that is searched, and every key that is data."""
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            for key, inner in node.items():
                yield key
                if key not in _STRUCTURE:
                    stack.append(inner)
        elif isinstance(node, list):
            stack.extend(node)


def copied(value: Any, change: Callable[[str], str]) -> Any:
    """Copy `value`, of any depth, with `change(text)` in place of each string that is searched."""
    root: list[Any] = [None]
    stack: list[tuple[Any, Any, Any, Any]] = [(root, 0, value, None)]
    while stack:
        into, at, node, key = stack.pop()
        if isinstance(node, str):
            into[at] = change(node)
        elif isinstance(node, list):
            into[at] = row = [None] * len(node)
            stack += [(row, number, inner, key) for number, inner in enumerate(node)]
        elif isinstance(node, dict):
            copy: dict[str, Any] = {}
            into[at] = copy
            for name, inner in node.items():
                shown = name if key in _KEYED_BY_ID else _free(copy, change(name))
                copy[shown] = inner if name in _STRUCTURE else None
                if name not in _STRUCTURE:
                    stack.append((copy, shown, inner, name))
        else:
            into[at] = node
    return root[0]


def _free(copy: dict[str, Any], name: str) -> str:
    """Return `name`, with a number if two keys have become the same."""
    number, free = 1, name
    while free in copy:
        number += 1
        free = f"{name} {number}"
    return free


def _moved(position: int, spans: list[Secret], *, end: bool = False) -> int:
    """Move a position of a text in which marks were put in place of `spans`.

    A position within a span goes to the start of its mark, or to its `end`.
    """
    shift = 0
    for span in spans[: bisect_right(spans, position, key=lambda span: span.start)]:
        length = len(mark(span.kind))
        if span.start < position < span.end:
            return span.start + shift + (length if end else 0)
        if span.end <= position:
            shift += length - (span.end - span.start)
    return position + shift
