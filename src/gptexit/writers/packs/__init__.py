"""Packs for other companies' assistants: conversations as knowledge files, within their limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gptexit.writers.base import (
    CommonOptions,
    Format,
    Group,
    SinkKind,
    Writer,
    WriterSetting,
    option,
)
from gptexit.writers.chatgpt import ZipOptions

if TYPE_CHECKING:
    from gptexit.writers.packs.topics import Topic


def _topics(values: tuple[str, ...]) -> tuple[Topic, ...]:
    """Return the topics that the command line names. Raises ValueError."""
    if not values:
        return ()
    from gptexit.writers.packs.topics import MOST, topic_of

    try:
        topics = tuple(map(topic_of, values))
    except ValueError as error:
        raise ValueError(f"{error}, such as tax=tax,IRS") from error
    if len({topic.name for topic in topics}) < len(topics) or len(topics) > MOST:
        raise ValueError(f"each topic has a name of its own, and there are at most {MOST}")
    return topics


def _tokens(value: int) -> int:
    """Return the number of tokens if a project can hold so few. Raises ValueError."""
    from gptexit.writers.packs.claude import limits

    limits(value)
    return value


@dataclass(frozen=True, slots=True)
class ClaudeOptions(CommonOptions):
    """The options of a pack for Claude."""

    topics: tuple[Topic, ...] = option(
        (),
        "A folder with the conversations that have one of these words or phrases, separated by "
        "commas, in title or text, such as tax=tax,IRS. May be given several times.",
        flag="--topic",
        metavar="NAME=WORDS",
        parse=_topics,
        many=True,
    )
    tokens: int | None = option(
        None,
        "How many tokens one project may hold; 150000 for a free plan. [default: 1800000]",
        metavar="NUMBER",
        parse=_tokens,
        number=True,
    )


def _claude(options: ClaudeOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.packs.claude import Claude

    return Claude(options, setting)


def _gemini(options: ZipOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.packs.gemini import Gemini

    return Gemini(options, setting)


CLAUDE = Format(
    "claude",
    "A pack for Claude: memory, files for projects.",
    Group.ASSISTANTS,
    _claude,
    ClaudeOptions,
    ignores=("include",),
    branches="current",
    for_others=True,
)
GEMINI = Format(
    "gemini",
    "A pack for Gemini: conversations, sources, memory.",
    Group.ASSISTANTS,
    _gemini,
    ZipOptions,
    SinkKind.ZIPS,
    ignores=("include",),
    branches="current",
    for_others=True,
)
