"""The commands that describe: `gptexit formats`, `gptexit schema`, `gptexit validate`."""

from __future__ import annotations

from collections.abc import Iterator

import click
import orjson

from gptexit import schemas
from gptexit.errors import Exit
from gptexit.files.disk import special
from gptexit.schemas import validate_lines
from gptexit.text.terminal import count
from gptexit.writers.registry import FORMATS


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def formats(as_json: bool) -> None:
    """List the formats that gptexit writes."""
    if as_json:
        rows = [{"name": form.name, "what": form.what} for form in FORMATS.values()]
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    width = max(map(len, FORMATS))
    for form in FORMATS.values():
        click.echo(f"{form.name:{width}}  {form.what}")


@click.command()
@click.argument("name", type=click.Choice(schemas.NAMES), default="conversation")
def schema(name: str) -> None:
    """Print a published JSON Schema: of a jsonl line, a report, a verification, an inspection."""
    click.echo(schemas.text(name), nl=False)


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
    try:
        file = click.open_file(path, "rb")
    except OSError as error:
        raise click.FileError(path, error.strerror) from error
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
