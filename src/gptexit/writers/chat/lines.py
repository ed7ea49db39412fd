"""The lines through a tree of turns, for an app whose chats have no tree.

Such an app has one line of turns a chat, and may keep several versions of an answer in place. So a
conversation becomes the line that ends where the user was last, and a further line for every other
version that goes on, or that the user wrote. Answers that nothing follows are versions of the
answer beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gptexit.writers.chat.turns import ASSISTANT, Turn, Turns


@dataclass(slots=True)
class Line:
    """A way through the tree, without the turns that an earlier line has too."""

    own: list[Turn]
    """From the first turn that no earlier line has to the end."""
    versions: dict[str, list[Turn]] = field(default_factory=dict)
    """For a turn, by its id: all answers to its question, itself among them, in the order of the
    source. Each answer that nothing follows is in one such list, once."""


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


def above(turn: Turn, turns: Turns) -> Iterator[Turn]:
    """Yield the turns above one, the nearest first."""
    while turn.parent is not None:
        turn = turns.by_id[turn.parent]
        yield turn


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
    ends = [other for other in others if other.role == ASSISTANT and not other.children]
    apart = [other for other in others if other is not turn and other not in ends]
    answered = any(other.role == ASSISTANT for other in (turn, *apart))
    return [*apart, *(ends[-1:] if not answered else [])]
