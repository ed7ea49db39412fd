"""What is put into a pack, and under which names: options for Claude's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_SHORTEST = len("g-") + 4
"""Characters of an id, or of its beginning."""
F = TypeVar("F", bound=Callable[..., Any])


def _topics(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[Any, ...]:
    if not values:
        return ()
    from gptexit.targets.pack.topics import MOST, topic_of

    try:
        topics = tuple(map(topic_of, values))
    except ValueError as error:
        raise click.BadParameter(f"{error}, such as tax=tax,IRS.") from error
    if len({each.name for each in topics}) < len(topics) or len(topics) > MOST:
        raise click.BadParameter(f"each topic has a name of its own, and there are at most {MOST}.")
    return topics


def _names(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    pairs = [value.partition("=") for value in values]
    for value, (own, _, name) in zip(values, pairs, strict=True):
        if len(own.strip()) < _SHORTEST or not own.startswith("g-") or not name.strip():
            raise click.BadParameter(
                f"{value!r} is no ID=NAME, such as g-p-67a1b2c3=Taxes; ids are in contents.csv."
            )
    return tuple((own.strip(), name.strip()) for own, _, name in pairs)


def _tokens(ctx: click.Context, param: click.Parameter, value: int | None) -> int | None:
    if value is not None:
        from gptexit.targets.claude.limits import limits

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
        "--project-name",
        "project_names",
        metavar="ID=NAME",
        multiple=True,
        callback=_names,
        help="For claude: the name of a project or custom GPT, which exports lack, by its id or "
        "the beginning of it.",
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
