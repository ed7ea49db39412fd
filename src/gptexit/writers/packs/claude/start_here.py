"""The limits of a pack, and the facts of its START-HERE.md; the words are in templates/claude."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gptexit.codes import Hidden, NotKept, sentences
from gptexit.templates import render
from gptexit.text.markdown import line
from gptexit.writers.base import SECRETS
from gptexit.writers.packs.claude.projects import ProjectFolder
from gptexit.writers.packs.conversation import PackLimits
from gptexit.writers.packs.placement import Made

WINDOW = 150_000
"""Tokens of files that Claude can be expected to read whole: three quarters of its window, so that
instructions, questions and answers have room."""
WINDOW_FILES = 12
"""Files of which a project reads all; from 13 on it was seen to look passages up instead."""
FILE_TOKENS = 37_500
"""Four such files fill `WINDOW`, so that there is something to choose from."""
FILE_BYTES = 30 * 10**6
FILES = 400
TOKENS = 1_800_000
"""Of a project on a paid plan: ten times a window of 200,000, less a tenth, since a pack can only
estimate tokens. The first files are made to be enough where less is allowed."""
FEWEST_TOKENS = 20_000


def limits(tokens: int | None) -> PackLimits:
    """The limits of one project of at most so many tokens. Raises ValueError below the fewest."""
    most = TOKENS if tokens is None else tokens
    if most < FEWEST_TOKENS:
        raise ValueError(f"a project has at least {FEWEST_TOKENS:,} tokens")
    return PackLimits(FILE_BYTES, min(FILE_TOKENS, most // 4), FILES, most)


PAGE = "START-HERE.md"
LISTED = 200
"""Folders that the page lists."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A folder and what is in it."""

    folder: ProjectFolder
    files: Sequence[Made]
    inside: int
    """Conversations that are in it, whole or in part."""
    outside: int

    @property
    def tokens(self) -> int:
        """Of its knowledge files."""
        return sum(each.tokens for each in self.files)

    @property
    def first(self) -> int:
        """How many of its files, from the first on, Claude can be expected to read whole."""
        tokens = number = 0
        for each in self.files[:WINDOW_FILES]:
            tokens += each.tokens
            if tokens > WINDOW:
                break
            number += 1
        return number


@dataclass(slots=True)
class ClaudePack:
    """What there is to say something about."""

    conversations: int
    redact: str
    why: str
    """What chose the conversations."""
    unknown: list[str] = field(default_factory=list)
    """Ids that the user named and no conversation has."""
    folders: list[Filled] = field(default_factory=list)
    asks: bool = False
    """Whether `memory.md` has a question to ask ChatGPT."""
    hidden: Counter[Hidden] = field(default_factory=Counter)
    not_kept: Counter[NotKept] = field(default_factory=Counter)


def start_here(pack: ClaudePack) -> str:
    """The page."""
    return render(
        "claude/START-HERE.md.j2",
        conversations=pack.conversations,
        why=line(pack.why),
        redacted=pack.redact == SECRETS,
        asks=pack.asks,
        folders=[_row(filled) for filled in pack.folders[:LISTED]],
        more_folders=max(0, len(pack.folders) - LISTED),
        window=WINDOW,
        unknown=[line(name) for name in pack.unknown],
        not_kept=_absences(NotKept, pack.not_kept),
        hidden=_absences(Hidden, pack.hidden),
    )


def _row(filled: Filled) -> dict[str, Any]:
    """Return a row of the table of folders. `last`: None where all of its files are first ones."""
    numbers = [file.name.partition("-")[0] for file in filled.files[: filled.first]]
    all_of_them = filled.first == len(filled.files)
    return {
        "path": filled.folder.path,
        "name": line(filled.folder.name),
        "inside": filled.inside,
        "outside": filled.outside,
        "files": len(filled.files),
        "tokens": filled.tokens,
        "first": None if all_of_them else numbers[0],
        "last": None if all_of_them else numbers[-1],
    }


def _absences(kind: type[NotKept | Hidden], counts: Mapping[Any, int]) -> list[dict[str, Any]]:
    """Return how many things are not in the pack for each reason, in the order of the sentences."""
    return [
        {"number": number, "reason": line(sentence)}
        for sentence, number in sentences(kind, counts.items())
        if number
    ]
