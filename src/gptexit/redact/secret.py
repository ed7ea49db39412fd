"""A secret in a text, and how several that overlap become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Secret:
    """A span of a text, in code points. It does not hold the secret itself."""

    start: int
    end: int
    rank: int
    """How well `kind` is known: 0 for a token by its form, 4 by a name before it."""
    kind: str

    def within(self, text: str) -> str:
        """The secret itself."""
        return text[self.start : self.end]


def united(found: Iterable[Secret]) -> list[Secret]:
    """The spans in order, those that overlap as one of the best known kind."""
    result: list[Secret] = []
    for each in sorted(set(found)):
        if result and each.start < result[-1].end:
            last = result[-1]
            rank, kind = min((last.rank, last.kind), (each.rank, each.kind))
            result[-1] = Secret(last.start, max(last.end, each.end), rank, kind)
        else:
            result.append(each)
    return result
