"""`gptexit push` into a place: an app that keeps its conversations in files on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gptexit.cli import options, streams
from gptexit.cli.progress import kind_of, opened, progress_bar
from gptexit.cli.summary import (
    complain,
    listed,
    not_selected,
    reported,
    unreadable,
    write_report,
)
from gptexit.codes import NotKept, sentences
from gptexit.errors import Exit
from gptexit.source import open_source
from gptexit.text.terminal import count, printable, size
from gptexit.writers.base import CommonOptions

if TYPE_CHECKING:
    from gptexit.push.places import Place
    from gptexit.push.tally import PushTally


def push(app: str, sources: tuple[str, ...], given: dict[str, Any]) -> int:
    """Write what is selected; return the exit code. Raises Unusable, InUse and OSError."""
    from gptexit.push.places import PLACES, Machine, PlacePush, Setting

    place = PLACES[app]
    selection = options.selection_of(given)
    common = CommonOptions.taken_from(options.writer_options(given))
    quiet, dry = given["quiet"], given["dry_run"]
    kind = kind_of(given, quiet=quiet)
    folder = place.folder(given["data_folder"], Machine.this())
    with (
        reported(given["report"], sources),
        opened(
            lambda: open_source(sources, streams.stdin(), allow_large=given["allow_large"]), kind
        ) as export,
        place.home(folder, Setting(common, export.open, dry)) as home,
        progress_bar(export, kind, what="Comparing" if dry else "Writing") as progress,
    ):
        run = PlacePush(export, home, selection, common, dry=dry)
        run.run(progress)
    tally = run.tally
    code = tally.exit_code
    if given["report"]:
        write_report(given["report"], tally.as_json())
    if tally.read and not quiet:
        click.echo(_summary(tally, place, str(folder)), err=given["report"] == "-")
    lines = listed(f"Could not be copied ({len(tally.refused):,}):", tally.refused)
    lines += unreadable(tally.unreadable)
    if code == Exit.NOTHING_SELECTED:
        lines.append(options.nothing_selected(given, tally.read, tally.span, "written"))
    complain(lines)
    return code


def _summary(tally: PushTally, place: Place, folder: str) -> str:
    done = tally.done
    lines = [f"Read {count(tally.read, 'conversation')}."]
    if wrote := done["new"] + done["changed"]:
        would = "Would write" if tally.dry else "Wrote"
        files = f"; {count(tally.files, 'file')} beside them" if tally.files else ""
        lines.append(
            f"{would} {count(wrote, 'conversation')} to {printable(folder)}: {done['new']:,} new, "
            f"{done['changed']:,} in place of an older version{files}; {size(tally.bytes)}."
        )
    else:
        lines.append("Nothing new to write.")
    if done["same"]:
        lines.append(f"There already: {count(done['same'], 'conversation')}.")
    lines += not_selected(tally.left_out)
    if tally.not_kept:
        what = (
            f"{said} ({number:,})" for said, number in sentences(NotKept, tally.not_kept.items())
        )
        lines.append(f"{place.name} does not get: {'; '.join(what)}.")
    lines += listed("You changed these in the app, so they are left as they are:", tally.continued)
    if wrote:
        lines.append(place.advice)
    return "\n".join(lines)
