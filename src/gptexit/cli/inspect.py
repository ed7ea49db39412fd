"""`gptexit inspect`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from gptexit.cli import options, outputs, streams
from gptexit.cli.progress import kind_of, opened, progress_bar
from gptexit.cli.summary import complain, lost, unreadable, write_output, write_report
from gptexit.cli.usage import NamedChoice
from gptexit.errors import BadNames, Exit
from gptexit.inspection import output
from gptexit.inspection.run import Inspection
from gptexit.inspection.run import inspect as inspect_export
from gptexit.inspection.survey import MOST
from gptexit.names import Table, load_table
from gptexit.readers.chatgpt.export_set import open_export
from gptexit.text.terminal import command_line, count, export_words


@click.command()
@options.sources
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.option(
    "--attachments",
    type=NamedChoice(["missing"]),
    help="List each file that the export mentions and does not hold, with its conversation and "
    "date, instead of the overview.",
)
@click.option(
    "--format",
    "listing",
    type=NamedChoice(output.FORMATS),
    help="How to list the attachments. [default: text]",
)
@outputs.out_file(
    "--drift-report",
    help="Write what gptexit does not know of this export, for a bug report; nothing that you or "
    "ChatGPT wrote is in it. `-` for standard output, instead of the overview.",
    ours=re.compile(rb"## Drift\n\n- gptexit "),
)
@outputs.out_file(
    "--write-names",
    "names_file",
    metavar="FILE.csv",
    help="Write a table of your projects and custom GPTs, for you to fill in their names, which "
    "no export has; `convert --names FILE.csv` takes it. Written again, it keeps what you filled "
    "in. `-` for standard output.",
)
@options.reading
@click.pass_context
def inspect(ctx: click.Context, /, sources: tuple[str, ...], **given: Any) -> None:
    """Say what an export holds, what it lacks, and what no export holds.

    SOURCE is the ZIP that OpenAI sent, several ZIPs, the folder that it was unpacked to, a
    conversations.json, or `-` for JSON on standard input. Nothing is written but what you ask for.

    \b
    gptexit inspect chatgpt-export.zip
    gptexit inspect chatgpt-export.zip --attachments missing --format csv > missing.csv
    gptexit inspect chatgpt-export.zip --write-names names.csv
    """
    as_json, listing, attachments = given["as_json"], given["listing"], given["attachments"]
    drift_report, names_file = given["drift_report"], given["names_file"]
    if listing and not attachments:
        raise click.UsageError("--format goes with --attachments missing.")
    if as_json and attachments:
        raise click.UsageError("--json and --attachments missing are two different outputs.")
    if "-" == names_file == drift_report or (names_file == "-" and (as_json or attachments)):
        raise click.UsageError("only one thing goes to standard output.")
    names = _earlier_names(names_file)
    with (
        opened(
            lambda: open_export(sources, streams.stdin(), allow_large=given["allow_large"]),
            kind_of(given),
        ) as export,
        progress_bar(export, kind_of(given)) as progress,
    ):
        inspection = inspect_export(export, progress)
    about = inspection.as_json()
    if drift_report:
        write_output(drift_report, output.drift_report(inspection))
    if names_file:
        command = _converting(sources, names_file)
        _write_names(names_file, inspection, names, command, err=bool(as_json or attachments))
    if attachments:
        for line in output.FORMATS[listing or "text"](inspection.survey.attachments.missing()):
            click.echo(line, nl=False)
    elif as_json:
        write_report("-", about)
    elif drift_report != "-" and not names_file:
        click.echo(output.table(about, export_words(() if "-" in sources else sources)))
    complain(unreadable(map(lost, about["unreadable"])))
    ctx.exit(Exit.COMPLETE if inspection.complete else Exit.INCOMPLETE)


def _earlier_names(path: str | None) -> Table:
    """Read the names that the user filled in before, if any. Raises UsageError."""
    if path is None or path == "-":
        return Table()
    try:
        return load_table(Path(path)) if Path(path).stat().st_size else Table()
    except FileNotFoundError:
        return Table()
    except BadNames as error:
        raise click.UsageError(f"{error} Nothing was written.") from error


def _converting(sources: Sequence[str], names: str) -> str:
    """Return the command that converts the export with a table of names."""
    export = ["EXPORT"] if "-" in sources else sources
    return command_line(["gptexit", "convert", *export, "--names", names])


def _write_names(
    path: str, inspection: Inspection, earlier: Table, command: str, *, err: bool
) -> None:
    """Write the table of names, with `earlier` names in it, and say what the user has to do.

    `command`: what to run once the names are filled in.
    """
    groups = inspection.survey.groups
    names = earlier.renewed(groups.rows())
    write_output(path, names.text())
    if path == "-":
        return
    ids, filled = groups.by_id, len(names.names())
    projects = sum(own.startswith("g-p-") for own in ids)
    counted = f"{count(projects, 'project')}, {count(len(ids) - projects, 'custom GPT')}"
    lines = [f"{path}: {counted}; {count(filled, 'name')} filled in."]
    if gone := len(names.rows) - len(ids):
        lines.append(f"Kept at its end: {count(gone, 'row')} that this export lacks.")
    if groups.others:
        number = count(groups.others, "conversation")
        lines.append(f"Left out: those of {number}, because there are more than {MOST:,}.")
    if filled < len(names.rows):
        lines.append(f"Fill in the column “name” in any spreadsheet or editor, then: {command}")
    click.echo("\n".join(lines), err=err)
