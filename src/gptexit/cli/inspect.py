"""`gptexit inspect`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import orjson

from gptexit.cli.exits import Exit
from gptexit.cli.progress import progress_bar
from gptexit.cli.shared import no_progress_option
from gptexit.export.container import NotAnExport, open_export
from gptexit.inspect.inspection import Inspection
from gptexit.inspect.inspection import inspect as inspect_export
from gptexit.inspect.listing import FORMATS
from gptexit.inspect.report import drift_report
from gptexit.inspect.table import table


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.option(
    "--attachments",
    type=click.Choice(["missing"]),
    help="List each file that the export mentions and does not hold, with its conversation and "
    "date, instead of the overview.",
)
@click.option(
    "--format",
    "listing",
    type=click.Choice(list(FORMATS)),
    help="How to list the attachments. [default: text]",
)
@click.option(
    "--drift-report",
    metavar="FILE",
    help="Write what gptexit does not know of this export, for a bug report; nothing that you or "
    "ChatGPT wrote is in it. `-` for standard output, instead of the overview.",
)
@no_progress_option
@click.pass_context
def inspect(
    ctx: click.Context,
    sources: tuple[str, ...],
    as_json: bool,
    attachments: str | None,
    listing: str | None,
    drift_report: str | None,
    no_progress: bool,
) -> None:
    """Say what an export holds, what it lacks, and what no export holds.

    SOURCE is the ZIP that OpenAI sent, several ZIPs, the folder that it was unpacked to, a
    conversations.json, or `-` for JSON on standard input. Nothing is written.

    \b
    gptexit inspect chatgpt-export.zip
    gptexit inspect chatgpt-export.zip --attachments missing --format csv > missing.csv
    """
    if listing and not attachments:
        raise click.UsageError("--format goes with --attachments missing.")
    if as_json and attachments:
        raise click.UsageError("--json and --attachments missing are two different outputs.")
    try:
        with (
            open_export(sources, sys.stdin.buffer) as export,
            progress_bar(export, off=no_progress) as progress,
        ):
            found = inspect_export(export, progress)
    except NotAnExport as error:
        click.echo(f"Error: {error}", err=True)
        ctx.exit(Exit.NOT_AN_EXPORT)
    if drift_report:
        _write_drift(drift_report, found)
    if attachments:
        for line in FORMATS[listing or "text"](found.survey.attachments.missing()):
            click.echo(line, nl=False)
    elif as_json:
        click.echo(orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2))
    elif drift_report != "-":
        click.echo(table(found.as_json()))
    ctx.exit(Exit.COMPLETE if found.complete else Exit.INCOMPLETE)


def _write_drift(path: str, found: Inspection) -> None:
    words = drift_report(found)
    if path == "-":
        click.echo(words, nl=False)
    else:
        Path(path).write_text(words, encoding="utf-8")
