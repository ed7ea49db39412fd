"""`gptexit exit`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gptexit.cli import options, outputs
from gptexit.cli.progress import progress_bar
from gptexit.cli.summary import (
    complain,
    planned,
    reported,
    summary,
    troubles,
    warn_of_small_disk,
    write_reports,
)
from gptexit.cli.usage import Choice
from gptexit.cli.verify import EXITS, verdict
from gptexit.errors import Exit
from gptexit.exit import ACCOUNT, DESTINATIONS, FORMATS, PAGE, REPORT, leave
from gptexit.selection import Selection
from gptexit.writers.base import SECRETS

if TYPE_CHECKING:
    from gptexit.pipeline import Progress
    from gptexit.readers.chatgpt.export_set import ExportSet

WRITTEN = (*FORMATS, *(destination.format for destination in DESTINATIONS.values()))
"""The formats that an exit may write."""


@click.command(cls=options.FormatsCommand)
@options.sources
@outputs.out("chatgpt-exit", "The folder to write to.")
@options.timezone("the times in notes")
@options.names
@click.option(
    "--for",
    "going_to",
    metavar="PLACE",
    multiple=True,
    type=Choice(DESTINATIONS, "place", FORMATS),
    help=f"Also write what this takes: {', '.join(DESTINATIONS)}. May be given several times.",
)
@options.exclude("Leave conversations out of what --for adds; your own archive keeps them")
@options.redact
@outputs.dry_run
@outputs.report
@outputs.as_json
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
    _need_sense(sources, given)
    quiet, out = given["quiet"] or given["as_json"], Path(given["out"])
    off = given["quiet"] or given["no_progress"]

    @contextmanager
    def watch(export: ExportSet | None, what: str) -> Iterator[Progress | None]:
        if export and what == "Reading":
            warn_of_small_disk(export, out, FORMATS)
        with progress_bar(export, off=off, what=what) as progress:
            yield progress

    with reported(given["report"], sources):
        report, checked = leave(
            sources,
            out,
            options.writer_options(given),
            watch,
            given["going_to"],
            Selection(exclude=options.exclusion_of(given)) if given["exclude"] else None,
            allow_large=given["allow_large"],
            jobs=given["jobs"],
            dry=given["dry_run"],
        )
    code = report["exit_code"]
    if checked:
        code = Exit.INCOMPLETE if checked.problems else code or EXITS[checked.verdict]
        report |= {"verification": checked.as_json(), "exit_code": code}
    write_reports(given, report)
    err = given["report"] == "-"
    if not quiet:
        click.echo(summary(report), err=err)
    complain(troubles(report, str(out / REPORT) if checked else "--report FILE"))
    if not quiet:
        end = _would_write(report, out) if checked is None else f"\n{verdict(checked)}\n"
        click.echo(end if checked is None else f"{end}\nNow open {out / PAGE}.", err=err)
    ctx.exit(code)


def _need_sense(sources: tuple[str, ...], given: dict[str, Any]) -> None:
    """Raise UsageError where an option would do nothing."""
    outputs.need_option("exit", sources)
    if "-" in sources:
        raise click.UsageError("exit reads its source twice, so it takes paths and no pipe.")
    if given["out"] == "-":
        raise click.UsageError("exit writes a folder: give one with -o.")
    places = {name: DESTINATIONS[name] for name in given["going_to"]}
    if given["exclude"] and not places:
        raise click.UsageError("--exclude leaves out of what --for adds: give --for too.")
    if given["redact"] == SECRETS and not places:
        raise click.UsageError(
            "--redact secrets changes what --for adds, and never your own archive: give --for too."
        )
    formats = {name: destination.format for name, destination in DESTINATIONS.items()}
    options.need_takers(given, [*FORMATS, *(place.format for place in places.values())], formats)
    for place, destination in places.items():
        for name, value in destination.options.items():
            if given[name] not in (None, value):
                raise click.UsageError(f"--for {place} needs --{name} {value}: leave --{name} out.")


def _would_write(report: dict[str, Any], out: Path) -> str:
    """Say what a dry run would have written beside the conversations."""
    account = planned("your account's own files", str(out / ACCOUNT), None, report["account"])
    return (
        f"{account}\nWould write {out / PAGE} and {REPORT} too, after comparing all of it with the "
        "export."
    )
