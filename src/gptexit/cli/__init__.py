"""Run the command line: one file a command. Only this package prints or exits."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from typing import Any

import click

from gptexit import __version__
from gptexit.cli import streams
from gptexit.errors import Closed, Exit, GptexitError

_COMMANDS = {
    "exit": "Save everything before you leave ChatGPT, in one command.",
    "inspect": "Say what an export holds and what it lacks.",
    "convert": "Convert an export into an archive.",
    "search": "Find something in an SQLite archive.",
    "memory": "Write down what ChatGPT remembered of you, for your next assistant.",
    "mcp": "Let an assistant search and read an SQLite archive.",
    "push": "Put the conversations into a running app.",
    "verify": "Prove that an archive holds what an export holds.",
    "formats": "List the formats that gptexit writes.",
    "schema": "Print a published JSON Schema.",
    "validate": "Check a jsonl file against the schema.",
}
_MODULES = {"schema": "formats", "validate": "formats"}
"""The modules of commands whose module has another name."""


class _Lazy(click.Group):
    """A group that imports a command when it is used: `--help` must not wait for all of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"gptexit.cli.{_MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GptexitError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(error.exit_code)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gptexit")
def main() -> None:
    """Turn a ChatGPT data export into files that are yours.

    Nothing leaves this machine, except by `push`, which sends it where you say.

    \b
    gptexit convert chatgpt-export.zip
    """


def run() -> None:
    """Run the command line and exit with a documented code (see docs/exit-codes.md)."""
    streams.prepare()
    try:
        code = main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = Exit.USAGE
    except (KeyboardInterrupt, click.Abort):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C changes nothing
        click.echo("Interrupted. Run the same command again to complete it.", err=True)
        code = Exit.INTERRUPTED
    except Closed:  # the reader has what it wanted
        code = Exit.COMPLETE
    except Exception as error:
        code = _ended(error)
    sys.exit(code or 0)


def _ended(error: Exception) -> int:
    """Print the sentence for an error that ended the run; return the exit code."""
    from gptexit.cli import endings  # its imports are slow, and `--help` must not wait for them

    sentence, code = endings.ending(error)
    if code == Exit.FAULT and os.environ.get(endings.TRACEBACK):
        traceback.print_exception(error)
    click.echo(f"Error: {sentence}", err=True)
    return code
