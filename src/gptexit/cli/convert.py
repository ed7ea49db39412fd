"""`gptexit convert`."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from gptexit.cli import options, outputs, streams
from gptexit.cli.progress import kind_of, opened, progress_bar
from gptexit.cli.summary import (
    complain,
    named_report,
    reported,
    summary,
    troubles,
    warn_of_small_disk,
    write_reports,
)
from gptexit.cli.usage import NamedChoice
from gptexit.conversion import convert_export, roots_of, specs_of
from gptexit.errors import Exit
from gptexit.source import need_outside, open_source
from gptexit.writers.registry import FORMATS

API = "api"
"""The form that became formats of its own: `claude` with it is `claude-api`."""


class ConvertCommand(options.FormatsCommand):
    """Take `--form api`, which older versions had, for the formats that it has become."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Replace `--form api` by an option that help does not list."""
        words: list[str] = []
        for word in args:
            if word == API and words[-1:] == ["--form"]:
                words[-1] = "--api"
            else:
                words.append("--api" if word == f"--form={API}" else word)
        return super().parse_args(ctx, words)


def _with_own_names(names: list[str]) -> list[str]:
    """Return the formats that `--form api` means, and print their names. Raises UsageError."""
    meant = [f"{name}-{API}" if f"{name}-{API}" in FORMATS else name for name in names]
    new = [name for name in meant if name not in names]
    if not new:
        raise click.UsageError(
            "--form api is now a format: give --to claude-api or --to gemini-api."
        )
    click.echo(f"--form api is now a format of its own: --to {' --to '.join(new)}.", err=True)
    return meant


@click.command(cls=ConvertCommand)
@options.sources
@click.option(
    "--to",
    "names",
    metavar="FORMAT",
    multiple=True,
    type=NamedChoice(FORMATS, "format"),
    help="A format to write (see `gptexit formats`); may be given several times. "
    "[default: markdown]",
)
@outputs.out(
    "chatgpt-archive",
    "The folder to write to; with several formats, each gets a folder in it. "
    "`-` writes jsonl to standard output.",
)
@options.selection
@options.content(
    "notes and pages",
    "hidden, reasoning, tools",
    branches="current for markdown, all for html and jsonl",
    included="reasoning; for html all of them",
)
@options.timezone("the times in notes")
@options.names
@options.redact
@click.option(
    "--check",
    is_flag=True,
    help="Compare the files of the archive with those of the export by their bytes, and not by "
    "their size alone: finds what a failing disk changed. Takes longer.",
)
@click.option("--api", is_flag=True, hidden=True)
@outputs.dry_run
@outputs.report
@outputs.as_json
@options.quiet
@options.jobs
@options.reading
@options.of_formats()
@click.pass_context
def convert(ctx: click.Context, /, sources: tuple[str, ...], **given: Any) -> None:
    """Convert a ChatGPT export into an archive.

    SOURCE is the ZIP that OpenAI sent, several ZIPs of one export, the folder that it was unpacked
    to, a conversations.json, or `-` for JSON on standard input. Several exports of one account, of
    whatever dates and in whatever order, become one.

    \b
    gptexit convert chatgpt-export.zip
    gptexit convert older-export.zip newer-export.zip
    gptexit convert export.zip --to jsonl -o - | jq .title
    """
    outputs.need_option("convert", sources)
    names = list(dict.fromkeys(given["names"])) or ["markdown"]
    to_stdout = given["out"] == "-"
    if given["api"]:
        names = _with_own_names(names)
    options.need_takers(given, names)
    selection = options.selection_of(given)
    if to_stdout:
        _need_single_file(names, given)
    else:
        need_outside(sources, roots_of(given["out"], names))
    kind = kind_of(given, quiet=given["quiet"])
    specs = specs_of(names, options.writer_options(given))
    with (
        reported(given["report"], sources),
        opened(
            lambda: open_source(sources, streams.stdin(), allow_large=given["allow_large"]), kind
        ) as export,
        progress_bar(export, kind) as progress,
    ):
        if selection.is_everything:
            warn_of_small_disk(export, given["out"], names)
        report = convert_export(
            export,
            given["out"],
            specs,
            selection,
            progress=progress,
            stdout=streams.stdout(),
            check=given["check"],
            jobs=given["jobs"],
            dry=given["dry_run"],
        )
    write_reports(given, report)
    if not (given["quiet"] or given["as_json"]):
        told = summary(report, partial(options.repeated, given))
        click.echo(told, err=to_stdout or given["report"] == "-")
    lines = troubles(report, named_report(given))
    if report["exit_code"] == Exit.NOTHING_SELECTED:
        span = report["selected"]["nothing_from"]
        read = report["read"]["conversations"]
        lines.append(options.nothing_selected(given, read, span, "written"))
    complain(lines)
    ctx.exit(report["exit_code"])


def _need_single_file(names: list[str], given: dict[str, Any]) -> None:
    """Raise UsageError where something else than one file goes to standard output."""
    if len(names) > 1 or not FORMATS[names[0]].one_file:
        single = ", ".join(name for name, format in FORMATS.items() if format.one_file)
        raise click.UsageError(
            f"-o - prints one format that is a single file: give one of {single} with --to, such "
            "as --to jsonl; or name a folder with -o."
        )
    if given["dry_run"]:
        raise click.UsageError("--dry-run says what a folder would get: leave out -o -.")
    if given["check"]:
        raise click.UsageError("--check compares the files of a folder: leave it out, or -o -.")
    if given["as_json"] or given["report"] == "-":
        raise click.UsageError(
            "only one thing goes to standard output: give --report a file, or -o a folder."
        )
