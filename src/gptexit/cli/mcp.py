"""`gptexit mcp`."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import click

from gptexit.cli import streams
from gptexit.cli.outputs import PATH
from gptexit.cli.usage import NamedChoice
from gptexit.errors import NotInstalled
from gptexit.extras import need
from gptexit.library import open_library
from gptexit.mcp.clients import CLIENTS, Client, entry, machine
from gptexit.mcp.config_file import Installed, alone, install
from gptexit.text.terminal import command_line

NAME = "chatgpt-archive"
_WAITING = (
    "The archive can be read. This is a server: it now waits for an assistant that talks to it "
    "through this window, so end it with Ctrl+C, and see gptexit mcp --install."
)
_NO_STREAMS = (
    "this is a server that talks on standard input and output, and one of them is closed: let a "
    "client start it, see gptexit mcp --install."
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


def _name(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if not _NAME.fullmatch(value):
        raise click.BadParameter(
            f"{value!r} is not a name for a server: use up to 64 letters, digits and hyphens."
        )
    return value


@click.command()
@click.argument("archive", type=PATH)
@click.option(
    "--install",
    "client",
    type=NamedChoice(CLIENTS, "client"),
    help="Print the entry for this client's configuration, and where it goes.",
)
@click.option("--write", is_flag=True, help="With --install: add it to the file.")
@click.option(
    "--name",
    default=NAME,
    show_default=True,
    callback=_name,
    help="With --install: the name of the server in the client.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="With --install: another file of this client's, such as a project's .mcp.json.",
)
@click.pass_context
def mcp(ctx: click.Context, /, archive: str, client: str | None, **given: Any) -> None:
    """Let an assistant search and read what `gptexit convert --to sqlite` wrote.

    ARCHIVE is the database or the folder that holds it. Without --install, this is the server
    itself: it speaks the Model Context Protocol on standard input and output, and a client starts
    it. It only reads, and it opens no connection; what the assistant asks for goes to whoever runs
    the assistant.

    \b
    gptexit mcp --install claude-desktop chatgpt-archive
    gptexit mcp --install claude-code --write chatgpt-archive
    """
    if not client and (given["write"] or given["config"] or given["name"] != NAME):
        raise click.UsageError("--write, --config and --name go with --install: add it.")
    need("mcp")
    with open_library(archive) as library:
        path = library.path.absolute()
    if client:
        _install(CLIENTS[client], client, path, given)
        return
    if not streams.both_open():
        raise click.UsageError(_NO_STREAMS)
    from gptexit.mcp.server import serve

    if sys.stdin.isatty():
        click.echo(_WAITING, err=True)
    serve(path)


def _install(client: Client, key: str, archive: Path, given: dict[str, Any]) -> None:
    """Print or write the entry. Raises NotInstalled, SeveralPlaces."""
    try:
        str(archive).encode()
    except UnicodeEncodeError as error:
        raise NotInstalled(
            "The name of the archive's folder cannot be written as JSON: give it another name."
        ) from error
    name, config = given["name"], given["config"] or client.place(machine(os.environ))
    server = entry(client, sys.executable, archive)
    if given["write"]:
        click.echo(_written(client, name, install(config, name, server)))
    else:
        click.echo(_printed(client, key, config, name, server))


def _printed(client: Client, key: str, config: Path, name: str, server: dict[str, Any]) -> str:
    places = "".join(f"  {system:8} {place}\n" for system, place in client.places.items())
    own = [key, "--write", *(["--name", name] if name != NAME else [])]
    command = command_line(["gptexit", "mcp", "--install", *own, server["args"][-1]])
    return (
        f"{client.title} starts the server when this is in its configuration:\n\n"
        f"{alone(name, server)}\n"
        f"On this machine that is {config}. In general:\n\n"
        f"{places}\n"
        "Where the file has servers already, add the inner entry to them. To let gptexit do that, "
        f"with a backup:\n\n  {command}"
    )


def _written(client: Client, name: str, installed: Installed) -> str:
    path, backup, content = installed.path, installed.backup, installed.content
    lines = [f"{path} has this server already, as “{name}”; nothing was changed."]
    if content.changed:
        before = f"What was there before: {backup}" if backup else "The file is new."
        lines = [f"Added the server “{name}” to {path}.", before, client.then]
    if content.comments and not client.comments:
        lines.append(
            f"The file has comments. gptexit kept them, but {client.title} reads plain JSON only."
        )
    if content.mark and not client.mark:
        lines.append(
            f"The file begins with a byte order mark. gptexit kept it, but {client.title} does not "
            "read such a file: save it as UTF-8 without one."
        )
    return "\n".join(lines)
