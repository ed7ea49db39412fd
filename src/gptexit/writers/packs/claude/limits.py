"""What Claude takes, as looked up on 25 November 2026, and what a pack makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from gptexit.writers.packs.pack_limits import PackLimits

LOOKED_UP = "25 November 2026"
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


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the table that people read."""

    what: str
    limit: str
    source: str


FACTS = (
    Fact("import of chats", "none", "no help page offers one"),
    Fact(
        "import of memory",
        "all plans, on the web and in the desktop app; up to 24 hours; experimental, leans to what "
        "concerns work",
        "help page “Import and export your memory from Claude”",
    ),
    Fact("projects", "all plans; 5 of them on the free one", "reported"),
    Fact("size of a file in a project", "30 MB", "reported"),
    Fact("number of files in a project", "no limit", "reported"),
    Fact("text in a project that is read whole", "the context window, 200,000 tokens", "reported"),
    Fact(
        "text in a project beyond that",
        "up to ten times as much, of which passages are looked up; paid plans only",
        "help page “RAG for projects”",
    ),
    Fact(
        "files from which on passages are looked up in any case",
        "about 13",
        "reported by a user (anthropics/claude-code, issue 25759)",
    ),
)
"""“Help page” is one at support.claude.com; “reported”: said by others, not by Anthropic itself."""
