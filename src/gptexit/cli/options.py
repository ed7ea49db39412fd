"""Options that several commands have, each in its one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click

from gptexit.errors import BadDate, BadNames
from gptexit.names import Names, load_table
from gptexit.selection import Exclusion, Selection
from gptexit.text.dates import beginning, ending
from gptexit.text.terminal import count
from gptexit.writers.base import NOTHING, SECRETS, Format, OptionSpec
from gptexit.writers.registry import own_options

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
    for pair in value:
        what, _, wanted = pair.partition("=")
        if what not in _EXCLUDED or not wanted.strip():
            raise click.BadParameter(
                f"{pair!r} is none of {', '.join(f'{name}=…' for name in _EXCLUDED)}."
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
        return load_table(Path(value)).names()
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


class FormatOption(click.Option):
    """An option that one format has, or a few; `--help` lists it under a heading of its own."""

    def __init__(self, *args: Any, formats: Sequence[Format] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.formats = formats


class FormatsCommand(click.Command):
    """A command that writes formats. Its help lists the options of each format together."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options that every format has, then those of single formats."""
        groups: dict[str, list[tuple[str, str]]] = {"Options": []}
        for param in self.get_params(ctx):
            row = param.get_help_record(ctx)
            if row:
                names = [format.name for format in getattr(param, "formats", ())]
                heading = f"Options of {' and '.join(names)}" if names else "Options"
                groups.setdefault(heading, []).append(row)
        for heading, rows in groups.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def format_options(*names: str) -> Callable[[F], F]:
    """Add the options that the formats `names` declare for themselves; without names, all."""

    def add(command: F) -> F:
        for field, (spec, formats) in reversed(own_options().items()):
            if not names or any(format.name in names for format in formats):
                command = _format_option(field, spec, formats)(command)
        return command

    return add


def _format_option(field: str, spec: OptionSpec, formats: Sequence[Format]) -> Callable[[F], F]:
    def parsed(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        if value is None or spec.parse is None:
            return value
        try:
            return spec.parse(value)
        except ValueError as error:
            raise click.BadParameter(f"{error}.") from error

    return click.option(
        spec.flag_of(field),
        field,
        cls=FormatOption,
        formats=formats,
        help=spec.help,
        metavar=spec.metavar,
        multiple=spec.many,
        type=click.Choice(spec.choices) if spec.choices else int if spec.number else None,
        callback=parsed,
    )


def need_takers(given: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise UsageError where an option is given that none of the formats `names` has."""
    for field, (spec, formats) in own_options().items():
        takers = [format.name for format in formats]
        if given.get(field) in (None, ()) or set(takers) & set(names):
            continue
        of = f"the format {takers[0]}" if len(takers) == 1 else f"the formats {', '.join(takers)}"
        add = " or ".join(f"--to {name}" for name in takers)
        raise click.UsageError(f"{spec.flag_of(field)} is of {of}: add {add}.")


def own_given(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of a command's values that are options of single formats."""
    return {field: given[field] for field in own_options() if field in given}


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
    without = [target for target in report["targets"] if target["redact"] == SECRETS]
    lines = [_taken_out(report["redacted"], without)] if without else []
    if report["redacted"] and report["redacted"]["unsearched"]:
        lines.append(
            f"Not searched for secrets: {count(report['redacted']['unsearched'], 'file')}, such as "
            "pictures, PDFs, Office files and ZIPs."
        )
    return lines


def _taken_out(found: dict[str, Any], without: list[dict[str, Any]]) -> str:
    formats = ", ".join(target["format"] for target in without)
    if not found["secrets"]:
        return f"Searched for secrets in {formats}: none found."
    kinds = sorted(found["kinds"].items(), key=lambda each: (-each[1], each[0]))
    named = ", ".join(f"{number:,} × {kind}" for kind, number in kinds[:_KINDS])
    rest = f", and {len(kinds) - _KINDS:,} more kinds" if len(kinds) > _KINDS else ""
    where = next((target["out"] for target in without if target["out"] != "-"), None)
    listed = f"; {where}/redacted.csv lists them" if where else ""
    places = count(found["conversations"], "conversation or file", "conversations or files")
    return (
        f"Redacted in {formats}: {count(found['secrets'], 'secret')} ({named}{rest}) in "
        f"{places}{listed}."
    )
