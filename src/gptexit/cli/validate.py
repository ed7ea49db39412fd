"""`gptexit validate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import click

from gptexit.cli.exits import Exit
from gptexit.schema import validate_lines


@click.command()
@click.argument("file", type=click.File("rb"))
@click.pass_context
def validate(ctx: click.Context, file: BinaryIO) -> None:
    """Check each line of a jsonl FILE against the conversation schema."""
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
        click.echo(f"{problems:,} problems in {lines:,} lines.", err=True)
        ctx.exit(Exit.INCOMPLETE)
    click.echo(f"Valid: {lines:,} conversation{'' if lines == 1 else 's'}.", err=True)
