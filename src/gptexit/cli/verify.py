"""`gptexit verify`."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from gptexit.cli import streams
from gptexit.cli.exit_codes import Exit
from gptexit.cli.options import allow_large_option, no_progress_option
from gptexit.cli.summary import progress_bar
from gptexit.cli.verdict import EXITS, verdict
from gptexit.readers.chatgpt.export_set import NotAnExport, open_export
from gptexit.verify.result import Result
from gptexit.verify.run import NoArchive
from gptexit.verify.run import verify as verify_archive


@click.command()
@click.argument("paths", metavar="[SOURCE...] ARCHIVE", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
@click.option("--quiet", is_flag=True, help="Nothing but the exit code.")
@allow_large_option
@no_progress_option
@click.pass_context
def verify(
    ctx: click.Context,
    paths: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    allow_large: bool,
    no_progress: bool,
) -> None:
    """Prove that an archive holds what an export holds.

    Reads the export again and the archive as files, and compares: each conversation, each
    message's text, each file byte for byte. With ARCHIVE alone, says whether a byte of it has
    changed since it was written. ARCHIVE may also be one ZIP that `--to chatgpt` wrote.

    \b
    gptexit verify chatgpt-export.zip chatgpt-archive
    gptexit verify chatgpt-archive
    """
    *sources, archive = paths
    if quiet:
        streams.hush()
    try:
        result = _result(
            sources, Path(archive), allow_large=allow_large, hush=quiet or no_progress or as_json
        )
    except NotAnExport as error:
        click.echo(f"Error: {error}", err=True)
        ctx.exit(Exit.NOT_AN_EXPORT)
    except NoArchive as error:
        click.echo(f"Error: {error}", err=True)
        ctx.exit(Exit.USAGE)
    if as_json:
        click.echo(orjson.dumps(result.as_json(), option=orjson.OPT_INDENT_2))
    elif not quiet:
        click.echo(verdict(result))
    ctx.exit(EXITS[result.verdict])


def _result(sources: list[str], archive: Path, *, allow_large: bool, hush: bool) -> Result:
    if not sources:
        return verify_archive(archive)
    with (
        open_export(sources, careful=True, allow_large=allow_large) as export,
        progress_bar(export, off=hush) as progress,
    ):
        return verify_archive(archive, export, progress)
