"""Select conversations and their branches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from gptexit.chatgpt.take import strings
from gptexit.model import Conversation, Message
from gptexit.names import is_called

_ANY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """The conversations to leave out: those for which one of the conditions holds."""

    titles: frozenset[str] = _ANY
    """Parts of titles, in any case."""
    texts: frozenset[str] = _ANY
    """Words that a message of any branch has in it, in any case."""
    projects: frozenset[str] = _ANY
    """Ids or names."""
    dates: frozenset[tuple[str, str]] = frozenset()
    """Spans of time, as their first moment and the first one after: RFC 3339 in UTC, without a
    `Z`. A conversation is left out if it was begun or touched, or anything said in it, in one."""
    ids: frozenset[str] = _ANY

    def holds(self, conversation: Conversation) -> str | None:
        """Return the condition that leaves `conversation` out, if one does: `title`, `text`, …"""
        project, messages = conversation["project"], conversation["messages"]
        texts = (text for message in messages for text in strings(message["parts"]))
        checks = (
            ("id", conversation["id"] in self.ids),
            ("project", any(is_called(project, wanted) for wanted in self.projects)),
            ("title", _has(_title(conversation), self.titles)),
            ("date", bool(self.dates) and any(map(self._within, _moments(conversation)))),
            ("text", bool(self.texts) and any(_has(text, self.texts) for text in texts)),
        )
        return next((name for name, holds in checks if holds), None)

    def _within(self, moment: str) -> bool:
        return any(first <= moment < after for first, after in self.dates)


@dataclass(frozen=True, slots=True)
class Selection:
    """The conversations to take: those for which every condition that is set holds."""

    since: str | None = None
    """RFC 3339 in UTC: conversations that were touched at or after this time."""
    until: str | None = None
    """RFC 3339 in UTC: conversations that were begun before this time."""
    title: str | None = None
    """A part of the title, in any case."""
    ids: frozenset[str] = _ANY
    project: str | None = None
    """An id or a name."""
    model: str | None = None
    archived: bool | None = None
    exclude: Exclusion = Exclusion()

    @property
    def is_everything(self) -> bool:
        """Whether no condition is set."""
        return not self.as_json()

    def as_json(self) -> dict[str, Any]:
        """Return the conditions that are set."""
        return _set_ones(asdict(self))

    @property
    def words(self) -> str:
        """Describe the selection: `since 2025-03-01T00:00:00Z, title tax`."""
        asked = [
            f"{name} {', '.join(value) if isinstance(value, list) else value}"
            for name, value in self.as_json().items()
            if name != "exclude"
        ]
        return ", ".join(asked) or ("not excluded" if self.exclude != Exclusion() else "all chosen")

    def leaves_out(self, conversation: Conversation) -> str | None:
        """Return the name of the option that leaves `conversation` out, if one does."""
        if self == _EVERYTHING:
            return None
        checks = (
            ("--id", not self.ids or conversation["id"] in self.ids),
            ("--since", self.since is None or (conversation["updated"] or "") >= _bare(self.since)),
            (
                "--until",
                self.until is None or (conversation["created"] or "9999") < _bare(self.until),
            ),
            ("--title", self.title is None or self.title.casefold() in _title(conversation)),
            ("--project", self.project is None or is_called(conversation["project"], self.project)),
            ("--model", self.model is None or self.model in _models(conversation)),
            (
                "--archived" if self.archived else "--no-archived",
                self.archived is None or bool(conversation["archived"]) == self.archived,
            ),
        )
        missed = next((name for name, holds in checks if not holds), None)
        if missed:
            return missed
        excluded = self.exclude.holds(conversation)
        return f"--exclude {excluded}" if excluded else None


_EVERYTHING = Selection()


def options_of(selection: Any) -> list[str]:
    """Return the options `--exclude` that a recorded selection (see `as_json`) was made of."""
    excluded = selection.get("exclude") if isinstance(selection, dict) else None
    options = []
    for key, values in excluded.items() if isinstance(excluded, dict) else ():
        for value in values if isinstance(values, list) else ():
            span = "..".join(f"{moment}Z" for moment in value) if isinstance(value, list) else value
            options += ["--exclude", f"{key.removesuffix('s')}={span}"]
    return options


def _bare(moment: str) -> str:
    """Remove the `Z` of a bound, so that it sorts before the fractions of the same second."""
    return moment.removesuffix("Z")


def _set_ones(conditions: dict[str, Any]) -> dict[str, Any]:
    """Return those of `conditions` that are set, as JSON."""
    plain = {name: _plain(value) for name, value in conditions.items()}
    return {name: value for name, value in plain.items() if value not in (None, [], {})}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return _set_ones(value)
    return sorted(value) if isinstance(value, frozenset) else value


def _has(text: str, parts: frozenset[str]) -> bool:
    folded = text.casefold()
    return any(part.casefold() in folded for part in parts)


def _moments(conversation: Conversation) -> Iterator[str]:
    """Yield when a conversation was begun and touched, and when each message was written."""
    written = (message["created"] for message in conversation["messages"])
    yield from filter(None, (conversation["created"], conversation["updated"], *written))


def _title(conversation: Conversation) -> str:
    return (conversation["title"] or "").casefold()


def _models(conversation: Conversation) -> set[str | None]:
    return {conversation["model"], *(message["model"] for message in conversation["messages"])}


def current_branch(conversation: Conversation) -> list[Message]:
    """Return the messages from the root to the one that the user saw last."""
    by_id = {message["id"]: message for message in conversation["messages"]}
    branch = []
    at = conversation["current"]
    while at is not None:
        message = by_id[at]
        branch.append(message)
        at = message["parent"]
    return branch[::-1]


def without_other_branches(conversation: Conversation) -> Conversation:
    """Return the conversation with its current branch only."""
    return {**conversation, "messages": current_branch(conversation)}
