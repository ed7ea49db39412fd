"""The commands that describe: `gptexit formats`, `gptexit schema`, `gptexit validate`."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import click
import orjson

from gptexit import schemas
from gptexit.archive.files import JSONL
from gptexit.cli import streams
from gptexit.cli.usage import NamedChoice
from gptexit.errors import Exit, NotJsonLines
from gptexit.files.disk import special
from gptexit.schemas import need_lines, validate_lines
from gptexit.text.terminal import command_line, count, printable
from gptexit.writers.base import Format, Group, OptionSpec
from gptexit.writers.registry import FORMATS


@click.command()
@click.argument("name", type=NamedChoice(FORMATS, "format"), required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def formats(name: str | None, as_json: bool) -> None:
    """List the formats that gptexit writes, or the options that the format NAME has."""
    listed = [FORMATS[name]] if name else list(FORMATS.values())
    if as_json:
        rows: list[dict[str, Any]] = [
            {"name": format.name, "what": format.what, "group": format.group.value}
            for format in listed
        ]
        if name:
            rows[0] |= {"options": [_option(*pair) for pair in listed[0].options.own().items()]}
        click.echo(orjson.dumps(rows[0] if name else rows, option=orjson.OPT_INDENT_2))
        return
    if name:
        click.echo(f"{name}  {listed[0].what}")
        _list_options(listed[0])
        return
    click.echo(_by_group(listed))


def _by_group(listed: Sequence[Format]) -> str:
    """Return a line for each format, below what it is for."""
    width = max(len(format.name) for format in listed)
    blocks = []
    for group in Group:
        lines = [
            f"  {format.name:{width}}  {format.what}" for format in listed if format.group is group
        ]
        blocks.append("\n".join([f"For {group.value}:", *lines]))
    return "\n\n".join(blocks)


def _option(field: str, spec: OptionSpec) -> dict[str, Any]:
    values = {"values": list(spec.choices)} if spec.choices else {}
    return {"name": spec.flag_of(field), "what": spec.help, **values}


def _list_options(format: Format) -> None:
    """Print the options that not every format has, and where the others are."""
    formatter = click.HelpFormatter(width=min(100, click.HelpFormatter().width + 20))
    rows = [
        (f"{spec.flag_of(field)} {_value(spec)}", spec.help)
        for field, spec in format.options.own().items()
    ]
    if rows:
        with formatter.section("Options of this format"):
            formatter.write_dl(rows)
    formatter.write_paragraph()
    formatter.write("`gptexit convert --help` lists the options that every format has.\n")
    click.echo(formatter.getvalue().rstrip())


def _value(spec: OptionSpec) -> str:
    return f"[{'|'.join(spec.choices)}]" if spec.choices else spec.metavar or "TEXT"


@click.command()
@click.argument("name", type=NamedChoice(schemas.NAMES, "schema"), default="conversation")
def schema(name: str) -> None:
    """Print a published JSON Schema: of a jsonl line, a report, a verification, an inspection."""
    click.echo(schemas.text(name), nl=False)


_HEAD = 1 << 16
"""Bytes by which a file is recognized."""


def _opened(path: str) -> io.BufferedReader:
    """Open a file, or standard input for `-`. Raises NotJsonLines, with what to do, and OSError."""
    if path == "-":
        stdin = streams.stdin()
        if stdin is None:
            raise NotJsonLines("there is no standard input to read: give a file instead.")
        return cast(io.BufferedReader, stdin)
    place, name = Path(path), printable(path)
    if place.is_dir():
        inner = [file for file in (place / JSONL, place / "jsonl" / JSONL) if file.is_file()]
        give = command_line(["gptexit", "validate", *map(str, inner[:1])])
        raise NotJsonLines(f"{name} is a folder: {give if inner else 'give a file of jsonl'}")
    try:
        return io.BufferedReader(io.FileIO(path), _HEAD)
    except FileNotFoundError as error:
        raise NotJsonLines(f"{name} does not exist: check the spelling of the path.") from error


def _no_device(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return the path, for click. A device may have no end, and no line. Raises BadParameter."""
    if special(value) == "a device":
        raise click.BadParameter(f"{value} is a device: give a file, or - for standard input.")
    return value


@click.command()
@click.argument("path", metavar="FILE", callback=_no_device)
@click.pass_context
def validate(ctx: click.Context, path: str) -> None:
    """Check each line of a jsonl FILE against the conversation schema."""
    file = _opened(path)
    need_lines("standard input" if path == "-" else path, file.peek(_HEAD)[:_HEAD])
    lines = 0

    def counted() -> Iterator[bytes]:
        nonlocal lines
        for line in file:
            lines += 1
            yield line

    problems = 0
    for number, sentence in validate_lines(counted()):
        problems += 1
        click.echo(f"line {number}: {sentence}")
    if problems:
        click.echo(f"{count(problems, 'problem')} in {count(lines, 'line')}.")
        ctx.exit(Exit.INCOMPLETE)
    click.echo(f"Valid: {count(lines, 'conversation')}.")
