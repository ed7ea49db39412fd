"""`gptexit exit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gptexit.cli.options import (
    FormatsCommand,
    allow_large_option,
    exclude_option,
    exclusion,
    format_options,
    jobs_option,
    names_of,
    names_options,
    no_progress_option,
    own_given,
    quiet_option,
    redact_option,
    timezone_option,
)
from gptexit.cli.summary import complain, progress_bar, summary, troubles
from gptexit.cli.verify import EXITS, verdict
from gptexit.errors import Exit
from gptexit.exit import DESTINATIONS, FORMATS, PAGE, REPORT, leave
from gptexit.selection import Selection

WRITTEN = (*FORMATS, *(destination.format for destination in DESTINATIONS.values()))
"""The formats that an exit may write."""


@click.command(cls=FormatsCommand)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "-o", "out", default="chatgpt-exit", show_default=True, help="The folder to write to."
)
@timezone_option("the times in notes")
@names_options
@click.option(
    "--for",
    "going_to",
    metavar="PLACE",
    multiple=True,
    type=click.Choice(list(DESTINATIONS)),
    help=f"Also write what this takes: {', '.join(DESTINATIONS)}. May be given several times.",
)
@exclude_option("Leave conversations out of what --for adds; your own archive keeps them")
@redact_option
@quiet_option
@jobs_option
@allow_large_option
@no_progress_option
@format_options(*WRITTEN)
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
    quiet, out, zone = given["quiet"], Path(given["out"]), given["zone"]
    off = quiet or given["no_progress"]
    options = {
        "timezone": zone,
        "redact": given["redact"],
        "names": names_of(given),
        **own_given(given),
    }
    chosen = Selection(exclude=exclusion(given["exclude"], zone)) if given["exclude"] else None
    report, checked = leave(
        sources,
        out,
        options,
        lambda export, what: progress_bar(export, off=off, what=what),
        given["going_to"],
        chosen,
        allow_large=given["allow_large"],
        jobs=given["jobs"],
    )
    if not quiet:
        click.echo(summary(report))
    complain(troubles(report, str(out / REPORT)))
    if not quiet:
        click.echo(f"\n{verdict(checked)}\n\nNow open {out / PAGE}.")
    ctx.exit(Exit.INCOMPLETE if checked.problems else report["exit_code"] or EXITS[checked.verdict])
