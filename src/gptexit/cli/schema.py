"""`gptexit schema`."""

from __future__ import annotations

import click

from gptexit import schemas


@click.command()
@click.argument("name", type=click.Choice(schemas.NAMES), default="conversation")
def schema(name: str) -> None:
    """Print a published JSON Schema: of a jsonl line, a report, a verification, an inspection."""
    click.echo(schemas.text(name), nl=False)
