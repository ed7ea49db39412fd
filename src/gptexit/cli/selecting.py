"""Which conversations: the options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypeVar

import click

from gptexit.select import Exclusion, Selection

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
    "title=WORDS, text=WORDS, project=g-p-…, id=ID, date=2024-03 or date=2024-03-01..2024-05-31. "
    "May be given several times."
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
    click.option("--since", metavar="DATE", help="Only conversations touched on DATE or later."),
    click.option("--until", metavar="DATE", help="Only conversations begun on DATE or earlier."),
    click.option("--title", metavar="TEXT", help="Only conversations with TEXT in their title."),
    click.option("--id", "ids", metavar="ID", multiple=True, help="Only this conversation."),
    click.option("--project", metavar="ID", help="Only conversations of this project (g-p-…)."),
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
        since=_date(given["since"], "--since", zone),
        until=_date(given["until"], "--until", zone, end=True),
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
    from gptexit.library.dates import beginning, ending
    from gptexit.library.query import BadQuery

    first, dots, last = value.partition("..")
    try:
        return beginning(first, zone), ending(last if dots else first, zone)
    except BadQuery as error:
        raise click.BadParameter(str(error), param_hint="--exclude date") from error


def _date(value: str | None, name: str, zone: tzinfo | None, *, end: bool = False) -> str | None:
    """A date or time of the command line as UTC; a whole day as `until` includes that day."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        if end and len(value) <= 10:
            moment += timedelta(days=1)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone) if zone else moment.astimezone()
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{value!r} is no date; give one such as 2025-03-01.", param_hint=name
        ) from error
    return moment.replace(tzinfo=None).isoformat() + "Z"
