"""Which conversations, and which branches of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from gptexit.model import Conversation, Message

_ANY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Selection:
    """What a person asked for; every condition that is set must hold."""

    since: str | None = None
    """RFC 3339 in UTC: conversations that were touched at or after this time."""
    until: str | None = None
    """RFC 3339 in UTC: conversations that were begun before this time."""
    title: str | None = None
    """A part of the title, in any case."""
    ids: frozenset[str] = _ANY
    project: str | None = None
    model: str | None = None
    archived: bool | None = None

    @property
    def is_everything(self) -> bool:
        """Whether no condition is set."""
        return not self.as_json()

    def as_json(self) -> dict[str, Any]:
        """The conditions that are set."""
        set_ones = {
            name: value for name, value in asdict(self).items() if value not in (None, _ANY)
        }
        return {
            name: sorted(value) if isinstance(value, frozenset) else value
            for name, value in set_ones.items()
        }

    def leaves_out(self, conversation: Conversation) -> str | None:
        """The option that leaves `conversation` out, as its name; None where it is selected."""
        each = conversation
        project = each["project"]["id"] if each["project"] else None
        checks = (
            ("--id", not self.ids or each["id"] in self.ids),
            ("--since", self.since is None or (each["updated"] or "") >= self.since),
            ("--until", self.until is None or (each["created"] or "9999") < self.until),
            ("--title", self.title is None or self.title.casefold() in _title(each)),
            ("--project", self.project is None or project == self.project),
            ("--model", self.model is None or self.model in _models(each)),
            (
                "--archived" if self.archived else "--no-archived",
                self.archived is None or bool(each["archived"]) == self.archived,
            ),
        )
        return next((name for name, holds in checks if not holds), None)


def _title(conversation: Conversation) -> str:
    return (conversation["title"] or "").casefold()


def _models(conversation: Conversation) -> set[str | None]:
    return {conversation["model"], *(message["model"] for message in conversation["messages"])}


def current_branch(conversation: Conversation) -> list[Message]:
    """The messages from the root to the one that the user saw last."""
    by_id = {message["id"]: message for message in conversation["messages"]}
    branch = []
    at = conversation["current"]
    while at is not None:
        message = by_id[at]
        branch.append(message)
        at = message["parent"]
    return branch[::-1]


def without_other_branches(conversation: Conversation) -> Conversation:
    """The conversation with nothing but its current branch."""
    return {**conversation, "messages": current_branch(conversation)}
