"""`gptexit exit`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gptexit.bagging import free_place, make_bag
from gptexit.cli import options, outputs
from gptexit.cli.bag import as_text as bag_words
from gptexit.cli.progress import kind_of, progress_bar
from gptexit.cli.summary import (
    complain,
    listed,
    named_report,
    planned,
    reported,
    summary,
    troubles,
    warn_of_small_disk,
    write_reports,
)
from gptexit.cli.usage import NamedChoice
from gptexit.cli.verify import findings
from gptexit.exit import ACCOUNT, FORMATS, HTML, REPORT, Finished, leave
from gptexit.exit_page import DESTINATIONS, PAGE, QUESTION
from gptexit.extras import need
from gptexit.selection import Selection
from gptexit.text.terminal import command_line, count
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
    type=NamedChoice(DESTINATIONS, "place", FORMATS),
    help=f"Also write what this takes: {', '.join(DESTINATIONS)}. May be given several times.",
)
@click.option(
    "--without",
    multiple=True,
    type=click.Choice([HTML]),
    help="Do not write the pages for the browser.",
)
@click.option(
    "--bag", is_flag=True, help="Also copy all of it into a BagIt bag beside it, for a library."
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
    """Save everything before you leave ChatGPT, in one command.

    Writes your conversations as pages for the browser, as notes for any editor (Markdown) and as
    data for programs (JSON), and your account's own files. Then compares it all with the export,
    and says whether you have everything and may cancel now. START-HERE.html says so too, and what
    to do next. Nothing leaves this machine.

    \b
    gptexit exit chatgpt-export.zip
    gptexit exit export-part-0001.zip export-part-0002.zip -o my-archive
    gptexit exit chatgpt-export.zip --for open-webui
    gptexit exit chatgpt-export.zip --for claude --exclude title=salary
    """
    _need_sense(sources, given)
    if given["bag"]:
        need("bag")
    quiet, out = given["quiet"] or given["as_json"], Path(given["out"])
    kind = kind_of(given, quiet=given["quiet"])

    @contextmanager
    def watch(export: ExportSet | None, what: str) -> Iterator[Progress | None]:
        if export and what == "Reading":
            warn_of_small_disk(export, out, FORMATS)
        with progress_bar(export, kind, what=what) as progress:
            yield progress

    with reported(given["report"], sources):
        report, finished = leave(
            sources,
            out,
            options.writer_options(given),
            watch,
            given["going_to"],
            Selection(exclude=options.exclusion_of(given)) if given["exclude"] else None,
            without=given["without"],
            allow_large=given["allow_large"],
            jobs=given["jobs"],
            dry=given["dry_run"],
        )
    place = free_place(out) if given["bag"] else None
    bagged = None
    if finished and place:
        with progress_bar(None, kind, what="Copying"):
            bagged = make_bag(out, place)
    if finished:
        code = finished.answer.exit_code
        report |= {"verification": finished.checked.as_json(), "exit_code": code}
    write_reports(given, report)
    err = given["report"] == "-"
    if not quiet:
        click.echo(summary(report, partial(_convert, sources)), err=err)
    complain(troubles(report, str(out / REPORT) if finished else named_report(given)))
    if finished is None:
        if not quiet:
            click.echo(_would_write(report, out), err=err)
            if place:
                click.echo(f"Would put a copy of all that into the bag {place}.", err=err)
    elif not quiet:
        copied = [bag_words(bagged), ""] if bagged else []
        told = ["", *copied, *_told(report, finished), "", QUESTION, str(finished.answer)]
        click.echo("\n".join(told), err=err)
    elif not finished.answer.is_yes:
        complain([str(finished.answer)])
    ctx.exit(report["exit_code"])


def _convert(sources: Sequence[str], words: list[str], out: str) -> str:
    """Return the command that writes one part of an exit with options that `exit` does not have."""
    return command_line(["gptexit", "convert", *sources, "-o", out, *words])


def _need_sense(sources: tuple[str, ...], given: dict[str, Any]) -> None:
    """Raise UsageError where an option would do nothing."""
    outputs.need_option("exit", sources)
    if "-" in sources:
        raise click.UsageError("exit reads the export twice: give the path of a file, not `-`.")
    if given["out"] == "-":
        raise click.UsageError("exit writes a folder: give one with -o.")
    places = {name: DESTINATIONS[name] for name in given["going_to"]}
    if given["exclude"] and not places:
        raise click.UsageError("--exclude is for what --for adds: give --for too.")
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


def _told(report: dict[str, Any], left: Finished) -> list[str]:
    """Say what was compared, what is of earlier runs, and where to go on."""
    lines = findings(left.checked)
    known = {loss["where"] for loss in report["read"]["unreadable"]}
    known |= {*report["source"]["missing_files"]}
    lines += listed(
        "Could not be read when it was compared:",
        [f"{where}: {why}" for where, why in left.checked.unread.items() if where not in known],
    )
    messages = {archive.format: archive.messages for archive in left.checked.archives}
    shown, every = messages.get("markdown", 0), messages.get("jsonl", 0)
    if shown < every:
        lines.append(
            f"Notes show the {count(shown, 'message')} that you can see in ChatGPT. jsonl also has "
            f"the other {every - shown:,}, such as steps of its tools and earlier answers."
        )
    if left.together:
        lines.append(f"The command that takes every part: {left.together}")
    for pack in left.stale:
        lines.append(
            f"{pack.name} is of an earlier export and has nothing that is new in this one. To "
            f"renew it: {pack.command}"
        )
    if left.beside:
        lines.append(f"You changed {PAGE}: it stays as it is. The new one is {left.beside}.")
    return [*lines, "", f"Now open {left.page}. It lists what to do before you cancel."]
