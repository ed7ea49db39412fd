"""`gptexit push`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gptexit.cli import options, outputs, push_place, push_server
from gptexit.cli.usage import unknown
from gptexit.push.places import PLACES
from gptexit.text.terminal import command_line

_SERVERS = (push_server.APP,)
_APPS = (*_SERVERS, *PLACES)
_EXPORT = dict.fromkeys(PLACES, "chatgpt-export.zip") | {
    push_server.APP: "chatgpt-export.zip --url http://127.0.0.1:8080"
}
_OF_SERVERS = ("url", "memories", "timeout", "patience")
"""Options that do nothing for a place on this machine."""
_OF_PLACES = ("data_folder",)
"""Options that do nothing for a server."""


@click.command()
@click.argument("app", metavar="APP")
@click.argument("sources", metavar="SOURCE...", nargs=-1, type=outputs.PATH, is_eager=True)
@click.option("--url", help="open-webui: the server, as http://127.0.0.1:8080.")
@click.option(
    "--data-folder",
    metavar="FOLDER",
    type=outputs.PATH,
    help="jan, llm, lm-studio: the app's folder. [default: where the app has it]",
)
@options.selection
@options.content(
    "chats",
    "hidden, reasoning, tools, instructions (as the system prompt)",
    branches="all",
)
@click.option("--memories", is_flag=True, help="open-webui: also add what ChatGPT noted about you.")
@options.timezone("--since and --until")
@options.names
@click.option(
    "--timeout",
    type=click.FloatRange(1, 3600),
    default=60,
    show_default=True,
    help="open-webui: seconds to wait for an answer of the server.",
)
@click.option(
    "--patience",
    type=click.FloatRange(1, 86_400),
    default=300,
    show_default=True,
    help="open-webui: seconds that the whole run may wait while the server fails; 20 at most for "
    "one that has not answered as it should yet.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only say what would be sent or written. Without a key in OPEN_WEBUI_API_KEY a server is "
    "not asked, so all counts as new.",
)
@outputs.report
@options.quiet
@options.reading
@click.pass_context
def push(ctx: click.Context, /, app: str, sources: tuple[str, ...], **given: Any) -> None:
    """Put the conversations of an export into an app: open-webui, jan, llm, lm-studio.

    Open WebUI is a server: --url says where it runs. The API key is asked for, or read from the
    environment variable OPEN_WEBUI_API_KEY. Nothing is sent anywhere but there.

    Jan and LM Studio keep their conversations in a folder on this machine, which gptexit finds, or
    which --data-folder names. Quit the app first.
    The command llm keeps its own in a database there.

    Can be stopped and run again: what is there is not sent twice, what has changed is replaced, and
    a conversation that you went on with in the app is left alone.

    \b
    gptexit push open-webui chatgpt-export.zip --url http://127.0.0.1:8080 --dry-run
    gptexit push open-webui chatgpt-export.zip --url http://127.0.0.1:8080
    gptexit push jan chatgpt-export.zip
    gptexit push llm chatgpt-export.zip
    """
    app, sources = _sources(app, sources)
    _need_options_of(ctx, app)
    run = push_server.push if app in _SERVERS else push_place.push
    ctx.exit(run(app, sources, given))


def _sources(app: str, sources: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return app and sources, also if the app comes after them, or if it is not named and there is
    a server's --url. Raises UsageError."""
    words = [app, *sources]
    named = next((word for word in words if word in _APPS), None)
    if named:
        words.remove(named)
    elif not Path(app).exists():
        raise click.UsageError(unknown(app, list(_APPS), "app"))
    found = named or push_server.APP
    if not words:
        raise click.UsageError(
            f"the export is missing, as in: gptexit push {found} {_EXPORT[found]}"
        )
    if app != found:
        command = command_line(["gptexit", "push", found, *words])
        click.echo(f"The app comes first, so gptexit runs: {command} …", err=True)
    return found, tuple(words)


def _need_options_of(ctx: click.Context, app: str) -> None:
    """Raise UsageError for an option that does nothing for this app, and for a missing --url."""
    without = _OF_PLACES if app in _SERVERS else _OF_SERVERS
    for param in ctx.command.params:
        if param.name in without and options.is_typed(ctx, param.name):
            raise click.UsageError(f"{param.opts[0]} does nothing for {app}: leave it out.")
    if app in _SERVERS and not ctx.params["url"]:
        raise click.MissingParameter(
            ctx=ctx, param=next(param for param in ctx.command.params if param.name == "url")
        )
