"""Which conversations: the options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any, TypeVar

import click

from gptexit.selection import Exclusion, Selection
from gptexit.text.dates import BadDate, beginning, ending

F = TypeVar("F", bound=Callable[..., Any])
_EXCLUDED = ("title", "text", "project", "date", "id")


def _exclusions(
    ctx: click.Context, param: click.Parameter, value: Sequence[str]
) -> list[tuple[str, str]]:
    """The values of `--exclude`, for click. Raises BadParameter."""
    found = []
    for each in value:
        what, _, wanted = each.partition("=")
        if what not in _EXCLUDED or not wanted.strip():
            raise click.BadParameter(
                f"{each!r} is none of {', '.join(f'{name}=…' for name in _EXCLUDED)}."
            )
        found.append((what, wanted.strip()))
    return found


_WHAT = (
    "title=WORDS, text=WORDS, project=NAME or g-p-…, id=ID, date=2024-03 or "
    "date=2024-03-01..2024-05-31. May be given several times."
)


def exclude_option(of: str) -> Callable[[F], F]:
    """`--exclude`; `of`: what is left out of what, as the beginning of a sentence."""
    return click.option(
        "--exclude",
        metavar="WHAT=VALUE",
        multiple=True,
        callback=_exclusions,
        help=f"{of}: {_WHAT}",
    )


_OPTIONS = (
    click.option(
        "--since",
        metavar="DATE",
        help="Only conversations touched on DATE or later: 2025-03-14, 2025-03, 2025.",
    ),
    click.option("--until", metavar="DATE", help="Only conversations begun on DATE or earlier."),
    click.option("--title", metavar="TEXT", help="Only conversations with TEXT in their title."),
    click.option("--id", "ids", metavar="ID", multiple=True, help="Only this conversation."),
    click.option(
        "--project",
        metavar="NAME",
        help="Only conversations of this project: its name, if --names gives it one, or its id "
        "(g-p-…).",
    ),
    click.option("--model", metavar="NAME", help="Only conversations with this model."),
    exclude_option("Leave conversations out"),
    click.option(
        "--archived/--no-archived", default=None, help="Only archived ones, or none of them."
    ),
)


def selection_options(command: F) -> F:
    """Add them to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def selection_of(given: dict[str, Any], zone: tzinfo | None) -> Selection:
    """What they say. Raises BadParameter."""
    return Selection(
        since=_moment(beginning, given["since"], "--since", zone),
        until=_moment(ending, given["until"], "--until", zone),
        title=given["title"],
        ids=frozenset(given["ids"]),
        project=given["project"],
        model=given["model"],
        archived=given["archived"],
        exclude=exclusion(given["exclude"], zone),
    )


def exclusion(given: Sequence[tuple[str, str]], zone: tzinfo | None) -> Exclusion:
    """What `--exclude` says. Raises BadParameter."""

    def named(name: str) -> frozenset[str]:
        return frozenset(value for what, value in given if what == name)

    return Exclusion(
        titles=named("title"),
        texts=named("text"),
        projects=named("project"),
        dates=frozenset(_span(value, zone) for value in named("date")),
        ids=named("id"),
    )


def _span(value: str, zone: tzinfo | None) -> tuple[str, str]:
    """A day, month or year, or all from one to another, as bounds in UTC. Raises BadParameter."""
    first, dots, last = value.partition("..")
    bounds = (beginning, first), (ending, last if dots else first)
    begin, end = (_bound(bound, each, "--exclude date", zone) for bound, each in bounds)
    return begin, end


def _moment(
    bound: Callable[[str, tzinfo | None], str], value: str | None, name: str, zone: tzinfo | None
) -> str | None:
    """The value of `--since` or `--until` in RFC 3339. Raises BadParameter."""
    return None if value is None else _bound(bound, value, name, zone) + "Z"


def _bound(
    bound: Callable[[str, tzinfo | None], str], value: str, name: str, zone: tzinfo | None
) -> str:
    try:
        return bound(value, zone)
    except BadDate as error:
        raise click.BadParameter(str(error), param_hint=name) from error
