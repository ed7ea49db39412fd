"""`gptexit convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from gptexit.cli import streams
from gptexit.cli.options import (
    FormatsCommand,
    allow_large_option,
    format_options,
    jobs_option,
    names_of,
    names_options,
    need_takers,
    no_progress_option,
    own_given,
    quiet_option,
    redact_option,
    selection_of,
    selection_options,
    timezone_option,
)
from gptexit.cli.summary import complain, progress_bar, summary, troubles
from gptexit.conversion import convert_export, specs_of
from gptexit.files.disk import write_whole
from gptexit.source import open_source
from gptexit.writers.base import CommonOptions
from gptexit.writers.registry import FORMATS

API = "api"
"""The form that became formats of its own: `claude` with it is `claude-api`."""
FORM_API = ["--form", API]
_INCLUDE = ("hidden", "reasoning", "tools", "instructions", "none")


def included(ctx: click.Context, param: click.Parameter, value: str | None) -> frozenset[str]:
    """The value of `--include`, for click. Raises BadParameter."""
    words = [word.strip() for word in (value or "").split(",") if word.strip()]
    for word in words:
        if word not in _INCLUDE:
            raise click.BadParameter(f"{word!r} is none of {', '.join(_INCLUDE)}.")
    return frozenset(words) - {"none"} if words else CommonOptions().include


class ConvertCommand(FormatsCommand):
    """Take `--form api`, which older versions had, for the formats that it has become."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Replace `--form api` by an option that help does not list."""
        joined = f"--form={API}"
        pairs = [
            number for number, word in enumerate(args[:-1]) if [word, args[number + 1]] == FORM_API
        ]
        for number in reversed(pairs):
            args[number : number + 2] = [joined]
        return super().parse_args(ctx, ["--api" if word == joined else word for word in args])


def _with_own_names(names: list[str]) -> list[str]:
    """Return the formats that `--form api` means, and say their names. Raises UsageError."""
    meant = [f"{name}-{API}" if f"{name}-{API}" in FORMATS else name for name in names]
    new = [name for name in meant if name not in names]
    if not new:
        raise click.UsageError(
            "--form api is now a format: give --to claude-api or --to gemini-api."
        )
    click.echo(f"--form api is now a format of its own: --to {' --to '.join(new)}.", err=True)
    return meant


@click.command(cls=ConvertCommand)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "--to",
    "names",
    metavar="FORMAT",
    multiple=True,
    type=click.Choice(list(FORMATS)),
    help="A format to write (see `gptexit formats`); may be given several times. "
    "[default: markdown]",
)
@click.option(
    "-o",
    "out",
    default="chatgpt-archive",
    show_default=True,
    help="The folder to write to; with several formats, each gets a folder in it. "
    "`-` writes jsonl to standard output.",
)
@selection_options
@click.option(
    "--branches",
    type=click.Choice(["current", "all"]),
    default=None,
    help="The branch seen last, or also edited and regenerated versions. "
    "[default: current for markdown, all for jsonl]",
)
@click.option(
    "--include",
    "include",
    metavar="LIST",
    callback=included,
    help="What notes show beside the conversation: hidden, reasoning, tools, or none. "
    "[default: reasoning]",
)
@timezone_option("the times in notes")
@names_options
@redact_option
@click.option(
    "--check",
    is_flag=True,
    help="Compare the files of the archive with those of the export by their bytes, and not by "
    "their size alone: finds what a failing disk changed. Takes longer.",
)
@click.option("--api", is_flag=True, hidden=True)
@click.option("--report", metavar="FILE.json", help="Write a report of the run as JSON.")
@quiet_option
@jobs_option
@allow_large_option
@no_progress_option
@format_options()
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
    names = list(dict.fromkeys(given["names"])) or ["markdown"]
    zone = given["zone"]
    to_stdout = given["out"] == "-"
    if given["api"]:
        names = _with_own_names(names)
    need_takers(given, names)
    selection = selection_of(given, zone)
    options = {
        "branches": given["branches"],
        "include": given["include"],
        "timezone": zone,
        "redact": given["redact"],
        "names": names_of(given),
        **{name: value for name, value in own_given(given).items() if value not in (None, ())},
    }
    if to_stdout and (len(names) > 1 or not FORMATS[names[0]].one_file):
        raise click.UsageError(
            "-o - writes one format that is a single file: use --to jsonl, for one."
        )
    with (
        open_source(sources, streams.stdin(), allow_large=given["allow_large"]) as export,
        progress_bar(export, off=given["no_progress"] or given["quiet"]) as progress,
    ):
        report = convert_export(
            export,
            given["out"],
            specs_of(names, options),
            selection,
            progress=progress,
            stdout=streams.stdout(),
            check=given["check"],
            jobs=given["jobs"],
        )
    if given["report"]:
        write_report(given["report"], report)
    if not given["quiet"]:
        click.echo(summary(report), err=to_stdout)
    complain(troubles(report))
    ctx.exit(report["exit_code"])


def write_report(path: str, report: dict[str, Any]) -> None:
    """Write a report as JSON, whole or not at all; `-` is standard output."""
    data = orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if path == "-":
        click.echo(data, nl=False)
        return
    write_whole(Path(path), data)
