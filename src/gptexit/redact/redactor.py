"""A conversation without its secrets, and the account of what they were."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from gptexit.errors import RedactionFailed
from gptexit.model import Asset, Citation, Conversation, Message
from gptexit.redact.detect import prepare, secrets, suspects
from gptexit.redact.fields import body, copied, head, names, strings
from gptexit.redact.occurrences import (
    Finding,
    Findings,
    Known,
    Secret,
    for_file_names,
    mark,
    united,
)

SHORTEST = 6
"""Characters of a string in which there can be a secret."""
_ROUNDS = 20
"""Times that a conversation is searched again once it has changed."""


class Redactor:
    """Replaces secrets by marks. One for a run; it knows those of the conversation at hand."""

    def __init__(self) -> None:
        """Load the libraries. Raises CannotRedact where they are not installed."""
        prepare()
        self.findings = Findings()
        self._at_hand = _Search(None)
        self._members: dict[str, str] = {}
        """Names of files in the export by what a redacted conversation calls them."""

    def conversation(self, conversation: Conversation) -> Conversation:
        """The conversation with a mark for each secret; the same object where there is none.

        Raises RedactionFailed.
        """
        try:
            search = _Search(conversation)
            search.run()
        except Exception as error:
            # Its words may quote what it stumbled on.
            raise RedactionFailed(
                f"looking for secrets failed ({type(error).__name__}), so it is left out"
            ) from None
        self._at_hand = search
        self._members |= search.members
        assert search.result is not None
        self.findings.take(search.rows.values(), search.result["title"])
        return search.result

    def text(
        self, text: str, place: str, language: str | None = None, *, told: bool = False
    ) -> str:
        """A text that belongs to the conversation at hand, with a mark for each secret.

        `told`: what is found there is in the account already. Raises RedactionFailed.
        """
        try:
            return self._text(text, place, language, told=told)
        except Exception as error:
            raise RedactionFailed(
                f"looking for secrets failed ({type(error).__name__}), so it is left out"
            ) from None

    def _text(self, text: str, place: str, language: str | None, *, told: bool) -> str:
        search = self._at_hand
        for _ in range(_ROUNDS):
            spans = united([*secrets(text, language), *search.known.within(text)])
            if not spans:
                break
            search.known.add(text, spans)
            text = marked(text, spans)
            if told:
                continue
            kinds = dict.fromkeys(each.kind for each in spans)
            result = search.result
            self.findings.take(
                [search.finding(kind, None, place) for kind in kinds],
                result["title"] if result else None,
            )
        return text

    def asset(self, asset: Asset) -> Asset:
        """The description of a file that no conversation mentions, without secrets in its names."""
        search = _Search(None)
        for each in names(asset).values():
            if each:
                search.known.add(each, secrets(each))
        changed = search.asset(asset)
        self._members |= search.members
        self.findings.take(search.rows.values(), None)
        return changed

    def member(self, name: str) -> str:
        """The export's own name of the file that a redacted conversation calls `name`."""
        return self._members.get(name, name)


class _Search:
    """One conversation, gone through until nothing more is found in it."""

    def __init__(self, conversation: Conversation | None) -> None:
        self.result = conversation
        self.known = Known()
        self.rows: dict[tuple[str, str | None], Finding] = {}
        self.members: dict[str, str] = {}
        self._found: dict[str, list[Secret]] = {}
        self._message: Message | None = None

    def run(self) -> None:
        """Replace what is found, and search again what has changed with it."""
        for _ in range(_ROUNDS):
            assert self.result is not None
            languages: dict[str, str | None] = {}
            for text, language in _texts(self.result):
                if len(text) >= SHORTEST and (language or text not in languages):
                    languages[text] = language
            self._found = {
                each: found
                for each in suspects(languages)
                if (found := secrets(each, languages[each]))
            }
            if not self._found:
                break
            for text, found in self._found.items():
                self.known.add(text, found)
            self.result = self._replaced(self.result)

    def finding(self, kind: str, message: Message | None, place: str) -> Finding:
        """What is said of a secret of this conversation; the title is filled in at the end."""
        return Finding(
            kind,
            self.result["id"] if self.result else None,
            None,
            message["id"] if message else None,
            message["created"] if message else None,
            place,
        )

    def asset(self, asset: Asset) -> Asset:
        """A file's description, its names without secrets."""
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
        changed: Any = {
            **conversation,
            "title": self._change(conversation["title"], "title"),
            **{
                key: self._below(value, "details")
                for key, value in head(conversation).items()
                if key != "title"
            },
        }
        changed["messages"] = [self._in_message(each) for each in conversation["messages"]]
        changed["assets"] = [self.asset(each) for each in conversation["assets"]]
        result: Conversation = changed
        return result

    def _in_message(self, message: Message) -> Message:
        self._message = message
        parts = [self._in_part(part) for part in message["parts"]]
        rest = {
            key: self._below(value, "details")
            for key, value in body(message).items()
            if key != "parts"
        }
        changed: Any = {**message, **rest, "parts": parts}
        result: Message = changed
        return result

    def _in_part(self, part: Any) -> Any:
        changed = self._below(part, "text")
        if part.get("citations") and changed["text"] != part["text"]:
            spans = self._spans(part["text"])
            cited = zip(changed["citations"], part["citations"], strict=True)
            changed["citations"] = [moved(new, old, spans) for new, old in cited]
        return changed

    def _below(self, value: Any, place: str) -> Any:
        return copied(value, lambda text: self._change(text, place))

    def _change(self, text: Any, place: str) -> Any:
        spans = self._spans(text) if isinstance(text, str) else []
        for each in spans:
            key = (each.kind, self._message["id"] if self._message else None)
            self.rows.setdefault(key, self.finding(each.kind, self._message, place))
        return marked(text, spans) if spans else text

    def _spans(self, text: str) -> list[Secret]:
        if len(text) < SHORTEST:
            return []
        return united([*self._found.get(text, ()), *self.known.within(text)])


def marked(text: str, spans: list[Secret]) -> str:
    """`text` with a mark in place of each of `spans`, which are in order and do not overlap."""
    pieces = []
    at = 0
    for each in spans:
        pieces += [text[at : each.start], mark(each.kind)]
        at = each.end
    return "".join([*pieces, text[at:]])


def moved(new: Citation, old: Citation, spans: list[Secret]) -> Citation:
    """A citation of a text in which marks were put in place of `spans`."""
    return {**new, "start": _moved(old["start"], spans), "end": _moved(old["end"], spans, end=True)}


def _moved(position: int, spans: list[Secret], *, end: bool = False) -> int:
    """Where a position is then; one within a span goes to the outer side of its mark."""
    shift = 0
    for each in spans[: bisect_right(spans, position, key=lambda span: span.start)]:
        length = len(mark(each.kind))
        if each.start < position < each.end:
            return each.start + shift + (length if end else 0)
        if each.end <= position:
            shift += length - (each.end - each.start)
    return position + shift


def _texts(conversation: Conversation) -> Iterator[tuple[str, str | None]]:
    """Every string that is searched, with the language of those that are code."""
    for text in strings(head(conversation)):
        yield text, None
    for message in conversation["messages"]:
        for part in message["parts"]:
            language = part["language"] if part["type"] == "code" else None
            for text in strings(part):
                yield text, language
        for text in strings({key: value for key, value in body(message).items() if key != "parts"}):
            yield text, None
    for asset in conversation["assets"]:
        for text in strings(names(asset)):
            yield text, None
