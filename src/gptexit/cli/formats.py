"""`gptexit formats`."""

from __future__ import annotations

import click
import orjson

from gptexit.writers.registry import FORMATS


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def formats(as_json: bool) -> None:
    """List the formats that gptexit writes."""
    if as_json:
        rows = [{"name": each.name, "what": each.what} for each in FORMATS.values()]
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    width = max(map(len, FORMATS))
    for each in FORMATS.values():
        click.echo(f"{each.name:{width}}  {each.what}")
