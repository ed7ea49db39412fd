"""`gptexit push` into a server: Open WebUI."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from gptexit.archive.lock import owning_name
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
from gptexit.errors import Exit, ServerError
from gptexit.extras import need
from gptexit.source import open_source
from gptexit.text.terminal import count, size
from gptexit.writers.base import CommonOptions

if TYPE_CHECKING:
    from gptexit.push.tally import PushTally

APP = "open-webui"
KEY = "OPEN_WEBUI_API_KEY"


def push(app: str, sources: tuple[str, ...], given: dict[str, Any]) -> int:
    """Send what is selected; return the exit code."""
    need("push")
    from gptexit.push.client import EmptyApp, Server
    from gptexit.push.run import Push

    url = given["url"]
    selection = options.selection_of(given)
    common = CommonOptions.taken_from(options.writer_options(given))
    quiet, dry = given["quiet"], given["dry_run"]
    kind = kind_of(given, quiet=quiet)
    say = partial(click.echo, err=True)
    tally = None
    code = Exit.SERVER
    try:
        with (
            reported(given["report"], sources),
            owning_name(url, f"push {url.rstrip('/').casefold()}"),
            opened(
                lambda: open_source(sources, streams.stdin(), allow_large=given["allow_large"]),
                kind,
            ) as export,
            (
                EmptyApp(url)
                if dry and not os.environ.get(KEY, "").strip()
                else Server(url, _key(), given["timeout"], given["patience"], say)
            ) as server,
            progress_bar(export, kind, what="Comparing" if dry else "Sending") as progress,
        ):
            run = Push(export, server, selection, common, dry=dry, memories=given["memories"])
            tally = run.tally
            run.run(progress)
        code = tally.exit_code
    except ServerError as error:
        say(f"Error: {error}")
    if tally and given["report"]:
        write_report(given["report"], tally.as_json())
    if tally and tally.read:
        if not quiet:
            click.echo(_summary(tally, url), err=given["report"] == "-")
        lines = _troubles(tally)
        if code == Exit.NOTHING_SELECTED:
            lines.append(options.nothing_selected(given, tally.read, tally.span, "sent"))
        complain(lines)
    return code


def _key() -> str:
    """Read the API key from the environment, or ask for it without showing it."""
    if key := os.environ.get(KEY, "").strip():
        return key
    if not sys.stdin.isatty():
        raise click.UsageError(f"no API key: set the environment variable {KEY}.")
    return str(click.prompt("API key", hide_input=True, err=True)).strip()


def _summary(tally: PushTally, url: str) -> str:
    done = tally.done
    lines = [f"Read {count(tally.read, 'conversation')}."]
    if sent := done["new"] + done["changed"]:
        would = "Would send" if tally.dry else "Sent"
        lines.append(
            f"{would} {count(sent, 'conversation')} to {url}: "
            f"{done['new']:,} new, {done['changed']:,} in place of an older version; "
            f"{count(tally.files, 'file')}, {count(len(tally.folders), 'new folder')}"
            + (f"; about {size(tally.bytes)}." if tally.dry else ".")
        )
        if not tally.compared:
            lines.append(
                "gptexit did not ask the server what it has already: that needs a key, in the "
                f"environment variable {KEY}."
            )
    elif not tally.stopped:
        lines.append("Nothing new to send.")
    if done["same"]:
        lines.append(f"There already: {count(done['same'], 'conversation')}.")
    if tally.renamed:
        would = "Would rename" if tally.dry else "Renamed"
        lines += listed(f"{would} {count(len(tally.renamed), 'folder')}:", tally.renamed)
    lines += not_selected(tally.left_out)
    if any(tally.tidied.values()):
        twice = count(tally.tidied["chats"], "conversation")
        files = count(tally.tidied["files"], "file")
        lines.append(f"Were there twice, now once: {twice}, {files}.")
    if tally.memories:
        added, known = tally.memories["added"], tally.memories["known"]
        word = "Would add" if tally.dry else "Added"
        lines.append(f"{word} {added:,} to the app's memory; {known:,} there already.")
    lines += listed(
        "You went on with these in the app, so they are left as they are:", tally.continued
    )
    return "\n".join(lines)


def _troubles(tally: PushTally) -> list[str]:
    """Return the lines about faults, which `--quiet` prints too."""
    lines = []
    if tally.memories_refused:
        lines.append(f"The server does not take memories: {tally.memories_refused}")
    lines += listed(f"The server refused these ({len(tally.refused):,}):", tally.refused)
    lines += unreadable(tally.unreadable)
    if tally.stopped:
        lines.append("Stopped before the end. Run the same command again to go on.")
    return lines
