"""Options that several commands have, each in its one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click

from gptexit.errors import BadDate, BadNames
from gptexit.names.names import Names
from gptexit.names.table import load
from gptexit.selection import Exclusion, Selection
from gptexit.text.dates import beginning, ending
from gptexit.text.terminal import count
from gptexit.writers.base import NOTHING, SECRETS
from gptexit.writers.markdown.index import LAYOUTS

if TYPE_CHECKING:
    from datetime import tzinfo


def time_zone(ctx: click.Context, param: click.Parameter, value: str | None) -> tzinfo | None:
    """The value of `--timezone`, for click. Raises BadParameter."""
    if value is None:
        return None
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise click.BadParameter(
            f"{value!r} is no time zone; give one such as Europe/Berlin or UTC."
        ) from error


F = TypeVar("F", bound=Callable[..., Any])


def timezone_option(of: str) -> Callable[[F], F]:
    """`--timezone`; `of`: what it is the time zone of."""
    return click.option(
        "--timezone",
        "zone",
        metavar="TZ",
        callback=time_zone,
        help=f"Time zone of {of}, such as Europe/Berlin. [default: this machine's]",
    )


layout_option = click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    help="For markdown: the folders of the notes, by year; by project, and the others by year; or "
    "flat, all in one. An archive keeps the one that it began with. [default: year]",
)
web_images_option = click.option(
    "--web-images",
    "web_images",
    type=click.Choice(["link", "keep"]),
    help="Pictures on other servers, in notes: as links, or as pictures, which tell their server "
    "whenever they are shown. [default: link]",
)
quiet_option = click.option("--quiet", is_flag=True, help="No summary; errors only.")
allow_large_option = click.option(
    "--allow-large",
    is_flag=True,
    help="Take also the members of a ZIP that unpack to far more than an export's do.",
)
no_progress_option = click.option("--no-progress", is_flag=True, help="No progress bar.")
jobs_option = click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 256),
    help="How many processes read and render; the files are the same with any number. [default: "
    "one for each core, for a large export]",
)


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


_SELECTION_OPTIONS = (
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
    for option in reversed(_SELECTION_OPTIONS):
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


_SHORTEST = len("g-") + 4
"""Characters of an id, or of its beginning."""


def _table(ctx: click.Context, param: click.Parameter, value: str | None) -> dict[str, str]:
    """Return the names in the file `value`, by id. Raises BadParameter."""
    if value is None:
        return {}
    try:
        return load(Path(value)).names()
    except BadNames as error:
        raise click.BadParameter(str(error)) from error
    except OSError as error:
        raise click.BadParameter(f"{value}: {error.strerror or error}.") from error


def _pairs(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Return ids, or beginnings of them, with their names. Raises BadParameter."""
    pairs = [value.partition("=") for value in values]
    for value, (own, _, name) in zip(values, pairs, strict=True):
        if len(own.strip()) < _SHORTEST or not own.startswith("g-") or not name.strip():
            raise click.BadParameter(f"{value!r} is no ID=NAME, such as g-p-67a1b2c3=Taxes.")
    return tuple((own.strip(), name.strip()) for own, _, name in pairs)


_NAME_OPTIONS = (
    click.option(
        "--names",
        "names_table",
        metavar="FILE.csv",
        callback=_table,
        help="The names of your projects and custom GPTs, which exports lack: a table that "
        "`gptexit inspect --write-names` makes, and that you fill in.",
    ),
    click.option("--project-name", "project_names", multiple=True, callback=_pairs, hidden=True),
)


def names_options(command: F) -> F:
    """Add them to a command."""
    for option in reversed(_NAME_OPTIONS):
        command = option(command)
    return command


def names_of(given: dict[str, Any]) -> Names:
    """Return the names that they give."""
    return Names(given["names_table"], given["project_names"])


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
        from gptexit.writers.packs.claude import limits

        try:
            limits(value)
        except ValueError as error:
            raise click.BadParameter(f"{error}.") from error
    return value


_PACK_OPTIONS = (
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
    for option in reversed(_PACK_OPTIONS):
        command = option(command)
    return command


redact_option = click.option(
    "--redact",
    type=click.Choice([SECRETS, NOTHING]),
    help="Replace API keys, tokens, private keys and passwords by marks, and list them in "
    "redacted.csv. [default: secrets for packs, which go to another company; nothing for archives]",
)
_KINDS = 5
"""Kinds that the summary names."""


def redacted(report: dict[str, Any]) -> list[str]:
    """What was taken out, and where nothing could be looked for."""
    without = [each for each in report["targets"] if each["redact"] == SECRETS]
    lines = [_taken_out(report["redacted"], without)] if without else []
    if report["redacted"] and report["redacted"]["unsearched"]:
        lines.append(
            f"Not searched for secrets: {count(report['redacted']['unsearched'], 'file')}, such as "
            "pictures, PDFs, Office files and ZIPs."
        )
    return lines


def _taken_out(found: dict[str, Any], without: list[dict[str, Any]]) -> str:
    formats = ", ".join(each["format"] for each in without)
    if not found["secrets"]:
        return f"Searched for secrets in {formats}: none found."
    kinds = sorted(found["kinds"].items(), key=lambda each: (-each[1], each[0]))
    named = ", ".join(f"{number:,} × {kind}" for kind, number in kinds[:_KINDS])
    rest = f", and {len(kinds) - _KINDS:,} more kinds" if len(kinds) > _KINDS else ""
    where = next((each["out"] for each in without if each["out"] != "-"), None)
    listed = f"; {where}/redacted.csv lists them" if where else ""
    places = count(found["conversations"], "conversation or file", "conversations or files")
    return (
        f"Redacted in {formats}: {count(found['secrets'], 'secret')} ({named}{rest}) in "
        f"{places}{listed}."
    )
