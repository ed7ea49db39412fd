"""What is put into a pack, and under which names: options for Claude's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def _topics(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[Any, ...]:
    if not values:
        return ()
    from gptexit.writers.packs.topics import MOST, topic_of

    try:
        topics = tuple(map(topic_of, values))
    except ValueError as error:
        raise click.BadParameter(f"{error}, such as tax=tax,IRS.") from error
    if len({each.name for each in topics}) < len(topics) or len(topics) > MOST:
        raise click.BadParameter(f"each topic has a name of its own, and there are at most {MOST}.")
    return topics


def _tokens(ctx: click.Context, param: click.Parameter, value: int | None) -> int | None:
    if value is not None:
        from gptexit.writers.packs.claude.limits import limits

        try:
            limits(value)
        except ValueError as error:
            raise click.BadParameter(f"{error}.") from error
    return value


_OPTIONS = (
    click.option(
        "--topic",
        "topics",
        metavar="NAME=WORDS",
        multiple=True,
        callback=_topics,
        help="For claude: a folder with the conversations that have one of these words or phrases, "
        "separated by commas, in title or text, such as tax=tax,IRS. May be given several times.",
    ),
    click.option(
        "--tokens",
        type=int,
        metavar="NUMBER",
        callback=_tokens,
        help="For claude: what one project may hold, estimated; 150000 for a free plan. "
        "[default: 1800000]",
    ),
)


def pack_options(command: F) -> F:
    """Add them to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
