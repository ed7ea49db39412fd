"""What no export of a kind holds; the words are in templates/inspect."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from gptexit.templates import render, table

GENERATIONS = {
    "classic": "classic, of 2023",
    "full": "full, of 2024 to early 2026",
    "sharded": "full and in several files, of early 2026",
    "dat": "full, with .dat files, of May and June 2026",
    "slim": "slim, since mid-2026",
    "unknown": "not to be told: no conversation has a message",
}
"""Every generation, and when exports had that form."""


class Absence(NamedTuple):
    """Something that an export does not hold."""

    what: str
    how: str | None = None
    """How to get it, if there is a way."""
    since: str | None = None
    """The generation that left it out, a key of `GENERATIONS`; None for every one."""
    until: str | None = None
    """The generation that was the last to leave it out."""


@lru_cache(maxsize=1)
def all_absences() -> tuple[Absence, ...]:
    """Return what any export lacks, in the order in which to look at it."""
    return tuple(Absence(**absence) for absence in table("inspect/absences.toml")["absences"])


def absences(generation: str) -> list[Absence]:
    """Return what an export of that generation does not hold."""
    return [
        absence
        for absence in all_absences()
        if absence.since in (None, generation) and absence.until in (None, generation)
    ]


def as_markdown(generation: str) -> str:
    """Return the absences of a generation as a list in Markdown."""
    page = render("inspect/absences.md.j2", absences=absences(generation))
    return page.removesuffix("\n")
