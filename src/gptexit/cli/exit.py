"""`gptexit exit`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gptexit.cli import options
from gptexit.cli.progress import progress_bar
from gptexit.cli.summary import complain, summary, troubles, warn_of_small_disk
from gptexit.cli.verify import EXITS, verdict
from gptexit.errors import Exit
from gptexit.exit import DESTINATIONS, FORMATS, PAGE, REPORT, leave
from gptexit.selection import Selection

if TYPE_CHECKING:
    from gptexit.pipeline import Progress
    from gptexit.readers.chatgpt.export_set import ExportSet

WRITTEN = (*FORMATS, *(destination.format for destination in DESTINATIONS.values()))
"""The formats that an exit may write."""


@click.command(cls=options.FormatsCommand)
@options.sources
@click.option(
    "-o", "out", default="chatgpt-exit", show_default=True, help="The folder to write to."
)
@options.timezone("the times in notes")
@options.names
@click.option(
    "--for",
    "going_to",
    metavar="PLACE",
    multiple=True,
    type=click.Choice(list(DESTINATIONS)),
    help=f"Also write what this takes: {', '.join(DESTINATIONS)}. May be given several times.",
)
@options.exclude("Leave conversations out of what --for adds; your own archive keeps them")
@options.redact
@options.quiet
@options.jobs
@options.reading
@options.of_formats(*WRITTEN)
@click.pass_context
def exit(ctx: click.Context, /, sources: tuple[str, ...], **given: Any) -> None:
    """Do everything that leaving ChatGPT takes, in one go.

    Writes a Markdown archive, the same conversations as neutral JSON, and your account's own files;
    reads it all back and compares it with the export; and says in START-HERE.md what is where, what
    is missing and why, and what to do before and after you cancel. Nothing leaves this machine.

    \b
    gptexit exit chatgpt-export.zip
    gptexit exit export-part-0001.zip export-part-0002.zip -o my-archive
    gptexit exit chatgpt-export.zip --for open-webui
    gptexit exit chatgpt-export.zip --for claude --exclude title=salary
    """
    if "-" in sources:
        raise click.UsageError("exit reads its source twice, so it takes paths and no pipe.")
    if given["exclude"] and not given["going_to"]:
        raise click.UsageError("--exclude leaves out of what --for adds: give --for too.")
    quiet, out = given["quiet"], Path(given["out"])
    off = quiet or given["no_progress"]

    @contextmanager
    def watch(export: ExportSet | None, what: str) -> Iterator[Progress | None]:
        if export and what == "Reading":
            warn_of_small_disk(export, out, FORMATS)
        with progress_bar(export, off=off, what=what) as progress:
            yield progress

    report, checked = leave(
        sources,
        out,
        options.writer_options(given),
        watch,
        given["going_to"],
        Selection(exclude=options.exclusion_of(given)) if given["exclude"] else None,
        allow_large=given["allow_large"],
        jobs=given["jobs"],
    )
    if not quiet:
        click.echo(summary(report))
    complain(troubles(report, str(out / REPORT)))
    if not quiet:
        click.echo(f"\n{verdict(checked)}\n\nNow open {out / PAGE}.")
    ctx.exit(Exit.INCOMPLETE if checked.problems else report["exit_code"] or EXITS[checked.verdict])
