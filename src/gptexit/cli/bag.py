"""`gptexit bag`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gptexit.bagging import Bagged, free_place, make_bag
from gptexit.cli import options, outputs
from gptexit.cli.progress import kind_of, progress_bar
from gptexit.cli.summary import listed, write_reports
from gptexit.errors import Exit
from gptexit.text.terminal import command_line, count, harmless, size


def as_text(bagged: Bagged, *, dry: bool = False) -> str:
    """Return what was put into a bag, in plain words."""
    held = f"{count(bagged.files, 'file')}, {size(bagged.size)}"
    if bagged.conversations is not None:
        held += f", with {count(bagged.conversations, 'conversation')}"
    verb = "Would write" if dry else "Wrote"
    lines = [f"{verb} the bag {bagged.path}: {held}. The archive itself stays as it is."]
    lines += listed("Left out, because a bag holds files alone:", bagged.left_out)
    lines += listed(
        "Renamed in the bag, because not every program reads the name in the same way:",
        [f"{before} is {after}" for before, after in bagged.renamed],
    )
    if not dry:
        check = command_line(["bagit.py", "--validate", str(bagged.path)])
        lines.append(
            f"To check it without gptexit: {check}; or `sha256sum -c manifest-sha256.txt` in it."
        )
    return harmless("\n".join(lines))


@click.command()
@click.argument("archive", metavar="ARCHIVE")
@click.option(
    "-o",
    "--output",
    "out",
    metavar="FOLDER",
    type=outputs.PATH,
    help="The new folder to write to.  [default: ARCHIVE-bag, beside the archive]",
)
@outputs.dry_run
@outputs.report
@outputs.as_json
@options.quiet
@options.progress
@click.pass_context
def bag(ctx: click.Context, /, archive: str, out: str | None, **given: Any) -> None:
    """Copy an archive into a BagIt bag, for a library or another keeper.

    A bag lists each file with its SHA-256 and SHA-512, so that anybody can check it without
    gptexit; ro-crate-metadata.json in it says what it is. The archive goes on as it was.

    \b
    gptexit bag chatgpt-exit
    gptexit bag my-archive -o my-archive-2026
    """
    if out is not None:
        outputs.need_folder(out, "-o")
    place = Path(out) if out is not None else free_place(Path(archive))
    dry, printed = given["dry_run"], given["as_json"] or given["report"] == "-"
    with progress_bar(None, kind_of(given, quiet=given["quiet"]), what="Copying"):
        bagged = make_bag(Path(archive), place, dry=dry)
    write_reports(given, {"dry_run": dry, **bagged.as_json()})
    if not (given["quiet"] or printed):
        click.echo(as_text(bagged, dry=dry))
    if bagged.left_out:
        ctx.exit(Exit.INCOMPLETE)
