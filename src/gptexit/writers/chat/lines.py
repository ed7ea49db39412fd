"""The lines through a tree of turns, for an app whose chats have no tree.

Such an app has one line of turns a chat, and may keep several versions of an answer in place. So a
conversation becomes the line that ends where the user was last, and a further line for every other
version that goes on, or that the user wrote. Answers that nothing follows are versions of the
answer beside them. A chat of a further line begins with the turns above it, as far as there is
room: a conversation with thousands of versions must not grow without end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gptexit.archive.files import File
from gptexit.archive.manifest import Catalog
from gptexit.writers.chat.turns import ASSISTANT, Turn, Turns

CUT = "What was said before this is in another chat."
"""What a chat says in the place of turns for which there is no room."""


@dataclass(slots=True)
class Line:
    """A way through the tree, without the turns that an earlier line has too."""

    own: list[Turn]
    """From the first turn that no earlier line has to the end."""
    versions: dict[str, list[Turn]] = field(default_factory=dict)
    """For a turn, by its id: all answers to its question, itself among them, in the order of the
    source. Each answer that nothing follows is in one such list, once."""


@dataclass(slots=True)
class Repeated:
    """The turns above a line that its chat begins with."""

    turns: list[Turn]
    """The nearest ones for which there is room, the uppermost first."""
    is_cut: bool
    """Whether there are more above them."""


def lines_of(turns: Turns) -> list[Line]:
    """Return the lines of a conversation: first the one the user saw last, then in tree order."""
    if not turns.by_id:
        return [Line([])]
    beside = _siblings(turns)
    main = _down(turns, _way_to(turns, turns.current))
    lines: list[Line] = []
    told: set[str | None] = set()
    """The turns whose answers stand as versions in some line."""
    waiting = [main]
    while waiting:
        line = Line(waiting.pop())
        lines.append(line)
        for turn in line.own:
            others = beside[turn.parent]
            if turn.role == ASSISTANT and turn.parent not in told:
                told.add(turn.parent)
                answers = [other for other in others if other.role == ASSISTANT]
                if len(answers) > 1:
                    line.versions[turn.id] = answers
            if turn is line.own[0] and len(lines) > 1:
                continue  # the line that its fork was found on has found the others too
            waiting += (_down(turns, [other]) for other in _further(turn, others))
    place = {key: at for at, key in enumerate(turns.by_id)}
    return [lines[0], *sorted(lines[1:], key=lambda line: place[line.own[0].id])]


def repeated(
    lines: Sequence[Line], turns: Turns, costs: Mapping[str, int], room: int
) -> Iterator[Repeated]:
    """Yield, for each line, the turns above it that its chat repeats.

    `costs`: the size of each turn, by its id. All chats together repeat as much as `room`.
    """
    for line in lines:
        found: list[Turn] = []
        is_cut = False
        for turn in above(line.own[0], turns) if line.own else ():
            is_cut = costs[turn.id] > room
            if is_cut:
                break
            room -= costs[turn.id]
            found.append(turn)
        yield Repeated(found[::-1], is_cut)


def above(turn: Turn, turns: Turns) -> Iterator[Turn]:
    """Yield the turns above one, the nearest first."""
    while turn.parent is not None:
        turn = turns.by_id[turn.parent]
        yield turn


def no_chats(lines: Sequence[Line], turns: Turns, key_of: Callable[[Turn], str]) -> list[str]:
    """Return the keys of chats that an earlier run may have made of turns now in another chat.

    `key_of`: returns the key of the chat of the further line that begins with a turn.
    """
    begun = {line.own[0].id for line in lines[1:]}
    first = sum(turn.parent is None for turn in turns.by_id.values())
    return [
        key_of(turn)
        for turn in turns.by_id.values()
        if turn.id not in begun
        and (first if turn.parent is None else len(turns.by_id[turn.parent].children)) > 1
    ]


def taken_away(keys: Sequence[str], catalog: Catalog) -> list[File]:
    """Return what takes away the chats with these keys, as far as they are there."""
    entries = filter(None, map(catalog.get, keys))
    return [File(entry.path, b"", entry.key, gone=True) for entry in entries]


def _siblings(turns: Turns) -> dict[str | None, list[Turn]]:
    beside: dict[str | None, list[Turn]] = {}
    for turn in turns.by_id.values():
        beside.setdefault(turn.parent, []).append(turn)
    return beside


def _way_to(turns: Turns, last: str | None) -> list[Turn]:
    turn = turns.by_id[last or next(reversed(turns.by_id))]
    return [turn, *above(turn, turns)][::-1]


def _down(turns: Turns, way: list[Turn]) -> list[Turn]:
    """Lengthen a way to an end of the tree, by the newest version that goes on."""
    while way[-1].children:
        below = [turns.by_id[key] for key in way[-1].children]
        way.append(next((turn for turn in reversed(below) if turn.children), below[-1]))
    return way


def _further(turn: Turn, others: list[Turn]) -> list[Turn]:
    """Return those beside a turn with which a line of their own begins."""
    ends: list[Turn] = []
    apart: list[Turn] = []
    for other in others:
        if other.role == ASSISTANT and not other.children:
            ends.append(other)
        elif other is not turn:
            apart.append(other)
    answered = any(other.role == ASSISTANT for other in (turn, *apart))
    return [*apart, *(ends[-1:] if not answered else [])]
