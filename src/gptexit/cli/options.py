"""Options that several commands have, each in its one place."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from click.core import ParameterSource

from gptexit.cli.outputs import PATH, Decorator
from gptexit.cli.progress import KINDS
from gptexit.cli.usage import NamedChoice, unknown
from gptexit.errors import BadDate, BadNames
from gptexit.names import Names, load_table
from gptexit.readers.chatgpt.containers.base import plain
from gptexit.selection import Exclusion, Selection
from gptexit.text.dates import beginning, ending
from gptexit.text.terminal import command_line, count, printable
from gptexit.writers.base import NOTHING, SECRETS, OptionSpec
from gptexit.writers.registry import FORMATS, own_options

if TYPE_CHECKING:
    from datetime import tzinfo


# Callbacks return the value of an option, and raise BadParameter.


def _zone(ctx: click.Context, param: click.Parameter, value: str | None) -> tzinfo | None:
    if value is None:
        return None
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise click.BadParameter(
            f"{value!r} is not a time zone; give one such as Europe/Berlin or UTC."
        ) from error


def _together(*options: Decorator) -> Decorator:
    """Join options; help lists them in this order."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def timezone(of: str) -> Decorator:
    """`--timezone`; `of`: what it is the time zone of."""
    return click.option(
        "--timezone",
        "zone",
        metavar="TZ",
        callback=_zone,
        help=f"Time zone of {of}, such as Europe/Berlin. [default: this machine's]",
    )


def _verbose(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Print what the log says, a line each, to standard error."""
    if not value or ctx.resilient_parsing:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine())
    log = logging.getLogger("gptexit")
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    ctx.call_on_close(lambda: log.removeHandler(handler))
    ctx.call_on_close(lambda: log.setLevel(logging.NOTSET))


class _OneLine(logging.Formatter):
    """Writes a line for each record, without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


sources = click.argument(
    "sources", metavar="SOURCE...", nargs=-1, required=True, type=PATH, is_eager=True
)
quiet = click.option("-q", "--quiet", is_flag=True, help="No summary; errors only.")
verbose = click.option(
    "-v",
    "--verbose",
    is_flag=True,
    expose_value=False,
    callback=_verbose,
    help="Say which file is read, and what is left out and why.",
)
progress = _together(
    click.option(
        "--progress",
        type=NamedChoice(KINDS, "kind of progress"),
        default="auto",
        show_default=True,
        help="How to show that long work goes on: a bar on a terminal, a line every ten seconds "
        "(plain), an event a line for programs (json). On standard error.",
    ),
    click.option("--no-progress", is_flag=True, help="The same as --progress none."),
)
reading = _together(
    click.option(
        "--allow-large",
        is_flag=True,
        help="Also read files of a ZIP that are far larger, unpacked, than files of an export.",
    ),
    progress,
    verbose,
)
jobs = click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 256),
    help="How many processes work at the same time; the result is the same. [default: "
    "one for each core, for a large export]",
)

_INCLUDE = ("hidden", "reasoning", "tools", "instructions", "none")


def _included(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> frozenset[str] | None:
    words = [word.strip() for word in (value or "").split(",") if word.strip()]
    for word in words:
        if word not in _INCLUDE:
            raise click.BadParameter(unknown(word, _INCLUDE, "part"))
    return frozenset(words) - {"none"} if words else None


def content(what: str, shown: str, branches: str, included: str = "reasoning") -> Decorator:
    """`--branches` and `--include`, with the words of their help that differ.

    `what`: the files that show it; `shown`: what else these can show; `branches` and `included`:
    the defaults.
    """
    return _together(
        click.option(
            "--branches",
            type=NamedChoice(["current", "all"]),
            help="The messages that you saw last, or also edited and repeated ones. "
            f"[default: {branches}]",
        ),
        click.option(
            "--include",
            metavar="LIST",
            callback=_included,
            help=f"What {what} show beside the conversation: {shown}, or none. "
            f"[default: {included}]",
        ),
    )


_EXCLUDED = ("title", "text", "project", "date", "id")


def _exclusions(
    ctx: click.Context, param: click.Parameter, value: Sequence[str]
) -> list[tuple[str, str]]:
    exclusions = []
    for pair in value:
        what, sign, wanted = pair.partition("=")
        if not sign or not wanted.strip():
            raise click.BadParameter(
                f"{pair!r} is not WHAT=VALUE; give one of "
                f"{', '.join(f'{name}=…' for name in _EXCLUDED)}."
            )
        if what not in _EXCLUDED:
            raise click.BadParameter(unknown(what, _EXCLUDED, "condition"))
        exclusions.append((what, wanted.strip()))
    return exclusions


def exclude(of: str) -> Decorator:
    """`--exclude`; `of`: what is left out of what, as the beginning of a sentence."""
    return click.option(
        "--exclude",
        metavar="WHAT=VALUE",
        multiple=True,
        callback=_exclusions,
        help=f"{of}: title=WORDS, text=WORDS, project=NAME or g-p-…, id=ID, date=2024-03 or "
        "date=2024-03-01..2024-05-31. May be given several times.",
    )


selection = _together(
    click.option(
        "--since",
        metavar="DATE",
        help="Only conversations changed on DATE or later: 2025-03-14, 2025-03, 2025.",
    ),
    click.option(
        "--until", metavar="DATE", help="Only conversations that began on DATE or earlier."
    ),
    click.option("--title", metavar="TEXT", help="Only conversations with TEXT in their title."),
    click.option(
        "--id",
        "ids",
        metavar="ID",
        multiple=True,
        help="Only the conversation with this id. May be given several times.",
    ),
    click.option(
        "--project",
        metavar="NAME",
        help="Only conversations of this project: its name, if --names gives it one, or its id "
        "(g-p-…).",
    ),
    click.option("--model", metavar="NAME", help="Only conversations with this model."),
    exclude("Leave conversations out"),
    click.option(
        "--archived/--no-archived",
        default=None,
        help="Only archived conversations, or only the others.",
    ),
)


def selection_of(given: Mapping[str, Any]) -> Selection:
    """Make the selection of the values of a command's options. Raises BadParameter."""
    zone, since, until = given["zone"], given["since"], given["until"]
    return Selection(
        since=_bound(beginning, since, "--since", zone) + "Z" if since is not None else None,
        until=_bound(ending, until, "--until", zone) + "Z" if until is not None else None,
        title=given["title"],
        ids=frozenset(given["ids"]),
        project=given["project"],
        model=given["model"],
        archived=given["archived"],
        exclude=exclusion_of(given),
    )


def exclusion_of(given: Mapping[str, Any]) -> Exclusion:
    """Make the exclusion of the values of `--exclude`. Raises BadParameter."""

    def named(name: str) -> frozenset[str]:
        return frozenset(plain(value) for what, value in given["exclude"] if what == name)

    return Exclusion(
        titles=named("title"),
        texts=named("text"),
        projects=named("project"),
        dates=frozenset(_span(value, given["zone"]) for value in named("date")),
        ids=named("id"),
    )


def _span(value: str, zone: tzinfo | None) -> tuple[str, str]:
    """Return a day, month or year, or all from one to another, as bounds in UTC."""
    first, dots, last = value.partition("..")
    begin = _bound(beginning, first, "--exclude date", zone)
    return begin, _bound(ending, last if dots else first, "--exclude date", zone)


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
    pairs = []
    for value in values:
        own, _, name = value.partition("=")
        if len(own.strip()) < _SHORTEST or not own.startswith("g-") or not name.strip():
            raise click.BadParameter(f"{value!r} is not ID=NAME, such as g-p-67a1b2c3=Taxes.")
        pairs.append((own.strip(), name.strip()))
    return tuple(pairs)


names = _together(
    click.option(
        "--names",
        "names_table",
        metavar="FILE.csv",
        type=PATH,
        callback=_table,
        help="The names of your projects and custom GPTs, which exports lack: a table that "
        "`gptexit inspect --write-names` makes, and that you fill in.",
    ),
    click.option("--project-name", "project_names", multiple=True, callback=_pairs, hidden=True),
)


_WORDS = "gptexit.words"


def repeated(given: Mapping[str, Any], words: Sequence[str], out: str) -> str:
    """Return the command of this run with the options `words`, as a line to copy.

    Parts that `--include` has now stay, if the user gave it.
    """
    ctx = click.get_current_context()
    typed, more = ctx.meta[_WORDS], list(words)
    if "--include" in more and ctx.get_parameter_source("include") is _TYPED:
        more[-1] = ",".join(sorted({*more[-1].split(","), *given["include"]}))
    at = typed.index("--") if "--" in typed else len(typed)
    return command_line(["gptexit", *typed[:at], *more, *typed[at:]])


class FormatsCommand(click.Command):
    """A command that writes formats. Its help lists the options of each format together."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words for `repeated`."""
        ctx.meta[_WORDS] = [self.name or "", *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options that every format has, then those of single formats."""
        groups: dict[str, list[tuple[str, str]]] = {"Options": []}
        own = own_options()
        for param in self.get_params(ctx):
            if row := param.get_help_record(ctx):
                formats = own[param.name][1] if param.name in own else []
                names = " and ".join(format.name for format in formats)
                groups.setdefault(f"Options of {names}" if names else "Options", []).append(row)
        for heading, rows in groups.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def of_formats(*names: str) -> Decorator:
    """Add the options that the formats `names` declare for themselves; without names, all."""
    return _together(
        *(
            _format_option(field, spec)
            for field, (spec, formats) in own_options().items()
            if not names or any(format.name in names for format in formats)
        )
    )


def _format_option(field: str, spec: OptionSpec) -> Decorator:
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
        help=spec.help,
        metavar=spec.metavar,
        multiple=spec.many,
        type=NamedChoice(spec.choices) if spec.choices else int if spec.number else None,
        callback=parsed,
    )


def _own_given(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that were given for options that only some formats have."""
    return {name: given[name] for name in own_options() if given.get(name) not in (None, ())}


def writer_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a command's options by the names that they have in formats."""
    same = {name: given[name] for name in ("branches", "include", "redact") if name in given}
    names = Names(given["names_table"], given["project_names"])
    return {**same, "timezone": given["zone"], "names": names, **_own_given(given)}


def nothing_selected(
    given: Mapping[str, Any], conversations: int, span: Mapping[str, Any], done: str
) -> str:
    """Say that no conversation is as asked for, and what the export has.

    `span`: when its first conversation was begun (`first`), and the last one changed (`last`).
    `done`: what is not done, such as `written`.
    """
    asked = [f"{_FLAGS[name]} {given[name]}" for name in _FLAGS if given.get(name) is not None]
    asked += [f"--id {key}" for key in given["ids"]]
    asked += [f"--exclude {what}={value}" for what, value in given["exclude"]]
    if given["archived"] is not None:
        asked.append("--archived" if given["archived"] else "--no-archived")
    dates = [moment[:10] for moment in (span["first"], span["last"]) if moment]
    when = f", from {dates[0]} to {dates[-1]}" if dates else ""
    return (
        f"No conversation matches {' '.join(asked)}. The export has "
        f"{count(conversations, 'conversation')}{when}. Nothing was {done}."
    )


_TYPED = ParameterSource.COMMANDLINE


def is_typed(ctx: click.Context, name: str) -> bool:
    """Tell whether an option is on the command line."""
    return ctx.get_parameter_source(name) is _TYPED


_FLAGS = {name: f"--{name}" for name in ("since", "until", "title", "project", "model")}


def need_takers(
    given: Mapping[str, Any], names: Sequence[str], places: Mapping[str, str] | None = None
) -> None:
    """Raise UsageError where an option is given that none of the formats `names` has.

    `places`: for `exit`, the values of `--for`, each with its format.
    """
    for name in ("include", "branches"):
        typed = click.get_current_context().get_parameter_source(name) is _TYPED
        if typed and all(name in FORMATS[format].ignores for format in names):
            takers = [format.name for format in FORMATS.values() if name not in format.ignores]
            raise click.UsageError(
                f"--{name} changes nothing in {', '.join(names)}: leave it out. It is for "
                f"{', '.join(takers)}."
            )
    for field in _own_given(given):
        spec, formats = own_options()[field]
        takers = [format.name for format in formats]
        if not set(takers) & set(names):
            of = f"the format{'s' if takers[1:] else ''} {', '.join(takers)}"
            add = " or ".join(
                [f"--for {place}" for place, name in places.items() if name in takers]
                if places
                else [f"--to {name}" for name in takers]
            )
            raise click.UsageError(f"{spec.flag_of(field)} belongs to {of}: add {add}.")


redact = click.option(
    "--redact",
    type=NamedChoice([SECRETS, NOTHING]),
    help="Replace API keys, tokens, private keys and passwords by marks, and list them in "
    "redacted.csv. [default: secrets for packs, which go to another company; nothing for archives]",
)
