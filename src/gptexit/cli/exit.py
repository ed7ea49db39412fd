"""`gptexit exit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gptexit.cli import options
from gptexit.cli.summary import complain, listed, progress_bar, summary, troubles
from gptexit.cli.verify import findings
from gptexit.exit import FORMATS, REPORT, Left, leave
from gptexit.exit_page import DESTINATIONS, PAGE, QUESTION
from gptexit.selection import Selection
from gptexit.text.terminal import count

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
    """Save everything before you leave ChatGPT, in one command.

    Writes your conversations as notes to read (Markdown) and as data for programs (JSON), and your
    account's own files. Then compares it all with the export, and says whether you have everything
    and may cancel now. START-HERE.md says so too, and what to do next. Nothing leaves this machine.

    \b
    gptexit exit chatgpt-export.zip
    gptexit exit export-part-0001.zip export-part-0002.zip -o my-archive
    gptexit exit chatgpt-export.zip --for open-webui
    gptexit exit chatgpt-export.zip --for claude --exclude title=salary
    """
    if "-" in sources:
        raise click.UsageError("exit reads the export twice: give the path of a file, not `-`.")
    if given["exclude"] and not given["going_to"]:
        raise click.UsageError("--exclude is for what --for adds: give --for too.")
    quiet, out = given["quiet"], Path(given["out"])
    off = quiet or given["no_progress"]
    left = leave(
        sources,
        out,
        options.writer_options(given),
        lambda export, what: progress_bar(export, off=off, what=what),
        given["going_to"],
        Selection(exclude=options.exclusion_of(given)) if given["exclude"] else None,
        allow_large=given["allow_large"],
        jobs=given["jobs"],
    )
    if not quiet:
        click.echo(summary(left.report))
    complain(troubles(left.report, str(out / REPORT)))
    if not quiet:
        click.echo("\n".join(["", *_told(left), "", QUESTION, str(left.answer)]))
    elif not left.answer.is_yes:
        complain([str(left.answer)])
    ctx.exit(left.answer.exit_code)


def _told(left: Left) -> list[str]:
    """Say what was compared, what is of earlier runs, and where to go on."""
    lines = findings(left.checked)
    known = {loss["where"] for loss in left.report["read"]["unreadable"]}
    known |= {*left.report["source"]["missing_files"]}
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
    for pack in left.stale:
        lines.append(
            f"{pack.name} is of an earlier export, and has nothing that is new in this one. To "
            f"renew it: {pack.command}"
        )
    if left.page.name != PAGE:
        lines.append(f"You changed {PAGE}: it stays as it is, and the new page is beside it.")
    return [*lines, "", f"Now open {left.page}. It lists what to do before you cancel."]
