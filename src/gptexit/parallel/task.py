"""What is done with each conversation on its own, in whatever process.

A raw conversation is read into the neutral model, gets its names, is selected or left out, and is
drafted for each format that can. Nothing here has a memory from one conversation to the next but
counts, which are summed up later, so the result does not depend on the number of processes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gptexit.model import Conversation
from gptexit.names.names import Names
from gptexit.readers.chatgpt.containers.base import Loss
from gptexit.readers.chatgpt.source import fault
from gptexit.selection import Selection
from gptexit.writers.base import Draft, Drafter


@dataclass(frozen=True, slots=True)
class TaskPart:
    """One format of a task."""

    drafter: Drafter | None
    """None where the format can only be rendered in order."""
    selection: Selection | None = None
    """What of the run's selection goes into the format; None for all of it."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a run does with each conversation; it can be pickled."""

    selection: Selection
    parts: tuple[TaskPart, ...]
    names: Names = field(default_factory=Names)


Outcome = Draft | Loss | str | None
"""What became of a conversation in one format: a draft, why it could not be drafted, the option
that leaves it out, or None where it has to be rendered in order."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A conversation, ready for the formats of a run."""

    head: Conversation
    """The conversation; where it comes from another process, without `messages` and `extra`."""
    messages: int
    """How many messages it has."""
    left_out: str | None
    """The option of the run that leaves it out; None where it is selected."""
    outcomes: list[Outcome]
    """One for each part of the task; none where the run leaves the conversation out."""
    whole: Callable[[], Conversation]
    """Return the conversation with all that it holds."""


def prepare(where: str, conversation: Conversation, task: Task) -> Prepared:
    """Select and draft one conversation; `where` tells a person where it stands in the source."""
    named = task.names.applied(conversation)
    left_out = task.selection.leaves_out(named)
    outcomes = [] if left_out else [_outcome(where, named, part) for part in task.parts]
    return Prepared(named, len(named["messages"]), left_out, outcomes, lambda: named)


def _outcome(where: str, conversation: Conversation, part: TaskPart) -> Outcome:
    reason = part.selection.leaves_out(conversation) if part.selection else None
    if reason or part.drafter is None:
        return reason
    try:
        return part.drafter(conversation)
    except Exception as error:  # a fault of ours must not cost the user the rest
        return fault(where, conversation["title"], error)


def plain(outcome: Outcome) -> Any:
    """Return an outcome as values that `marshal` writes."""
    return [outcome.where, outcome.reason] if isinstance(outcome, Loss) else outcome


def from_plain(value: Any) -> Outcome:
    """Return the outcome of which `plain` made `value`."""
    return Loss(*value) if isinstance(value, list) else value
