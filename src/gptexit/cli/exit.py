"""`gptexit exit`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path

import click

from gptexit.cli.exits import Exit
from gptexit.cli.progress import progress_bar
from gptexit.cli.shared import no_progress_option, quiet_option, timezone_option
from gptexit.cli.summary import summary
from gptexit.cli.verdict import verdict
from gptexit.exit.destinations import DESTINATIONS
from gptexit.exit.run import PAGE, leave
from gptexit.export.container import Export, NotAnExport
from gptexit.pipeline import Progress
from gptexit.redact import CannotRedact
from gptexit.targets.base import Options


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "-o", "out", default="chatgpt-exit", show_default=True, help="The folder to write to."
)
@timezone_option("the times in notes")
@click.option(
    "--for",
    "going_to",
    metavar="PLACE",
    multiple=True,
    type=click.Choice(list(DESTINATIONS)),
    help=f"Also write what this takes: {', '.join(DESTINATIONS)}. May be given several times.",
)
@quiet_option
@no_progress_option
@click.pass_context
def exit(
    ctx: click.Context,
    sources: tuple[str, ...],
    out: str,
    zone: tzinfo | None,
    going_to: tuple[str, ...],
    quiet: bool,
    no_progress: bool,
) -> None:
    """Do everything that leaving ChatGPT takes, in one go.

    Writes a Markdown archive, the same conversations as neutral JSON, and your account's own files;
    reads it all back and compares it with the export; and says in START-HERE.md what is where, what
    is missing and why, and what to do before and after you cancel. Nothing leaves this machine.

    \b
    gptexit exit chatgpt-export.zip
    gptexit exit export-part-0001.zip export-part-0002.zip -o my-archive
    gptexit exit chatgpt-export.zip --for open-webui
    """

    @contextmanager
    def watch(export: Export, what: str) -> Iterator[Progress | None]:
        with progress_bar(export, off=quiet or no_progress, what=what) as progress:
            yield progress

    if "-" in sources:
        raise click.UsageError("exit reads its source twice, so it takes paths and no pipe.")
    try:
        report, checked = leave(sources, Path(out), Options(timezone=zone), watch, going_to)
    except CannotRedact as error:
        raise click.UsageError(f"{error}.") from None
    except NotAnExport as error:
        click.echo(f"Error: {error}", err=True)
        ctx.exit(Exit.NOT_AN_EXPORT)
    if not quiet:
        click.echo(summary(report))
        click.echo()
        click.echo(verdict(checked))
        click.echo()
        click.echo(f"Now open {Path(out) / PAGE}.")
    ctx.exit(Exit.INCOMPLETE if checked.problems else report["exit_code"])
