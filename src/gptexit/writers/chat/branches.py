"""A conversation as chats of one branch each, for apps whose chats have no tree.

The branch that the user saw last is the first chat. Another version of an answer that nothing
follows is a version of that answer. What else there is becomes a chat of its own, which repeats the
turns above it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from gptexit.writers.chat.turns import ASSISTANT, Turns


@dataclass(slots=True)
class Branch:
    """One chat."""

    start: str | None
    """The id of its first turn that no chat before it has; None for the first chat."""
    path: list[str]
    """The ids of its turns."""
    versions: dict[str, list[str]] = field(default_factory=dict)
    """For a turn of the path: all versions of it, in the order of the source, itself among them."""


def branches_of(turns: Turns, costs: Mapping[str, int], most: int) -> list[Branch]:
    """Return a conversation's chats. A turn that no chat has found no room.

    `costs`: the size of each turn. The turns that are repeated may have `most` in all, so that a
    conversation with thousands of branches does not grow without end.
    """
    if not turns.by_id:
        return []
    children = _children(turns)
    above: dict[str, int] = {}
    for turn in turns.by_id.values():
        parent = turn.parent
        above[turn.id] = 0 if parent is None else above[parent] + costs[parent]
    current = turns.current or next(iter(turns.by_id))
    waiting: deque[str | None] = deque([None])
    found: list[Branch] = []
    while waiting:
        start = waiting.popleft()
        if start is not None:
            if above[start] > most:
                continue
            most -= above[start]
        branch = Branch(start, _path(turns, children, start or current))
        at = branch.path.index(start) if start is not None else 0
        for key in branch.path[at if start is None else at + 1 :]:
            waiting += _others(turns, children, key, branch)
        found.append(branch)
    return found


def _children(turns: Turns) -> dict[str | None, list[str]]:
    children: dict[str | None, list[str]] = {None: []}
    for turn in turns.by_id.values():
        children[turn.id] = []
        children[turn.parent].append(turn.id)
    return children


def _path(turns: Turns, children: Mapping[str | None, list[str]], through: str) -> list[str]:
    """Return the turns from the first one to `through`, and on to the newest below it."""
    path = []
    at: str | None = through
    while at is not None:
        path.append(at)
        at = turns.by_id[at].parent
    path.reverse()
    while below := children[path[-1]]:
        path.append(below[-1])
    return path


def _others(
    turns: Turns, children: Mapping[str | None, list[str]], key: str, branch: Branch
) -> list[str]:
    """Note the versions of a turn of the branch. Return those that need a chat of their own."""
    turn = turns.by_id[key]
    siblings = children[turn.parent]
    alone = {
        sibling
        for sibling in siblings
        if turn.role == ASSISTANT == turns.by_id[sibling].role and not children[sibling]
    }
    versions = [sibling for sibling in siblings if sibling == key or sibling in alone]
    if len(versions) > 1:
        branch.versions[key] = versions
    return [sibling for sibling in siblings if sibling != key and sibling not in alone]
