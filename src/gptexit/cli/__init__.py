"""The front door: one file a command. The only place that prints or exits."""

from __future__ import annotations

import importlib
import os
import sqlite3
import sys

import click

from gptexit import __version__
from gptexit.cli.exits import Exit
from gptexit.closed import Closed

_COMMANDS = {
    "exit": "Do everything that leaving ChatGPT takes, in one go.",
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


_REFUSALS = (
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY),
)
"""What SQLite says where the disk has no room, fails, or may not be written to; without details."""


class _Lazy(click.Group):
    """A group that imports a command when it is used: `--help` must not wait for all of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"gptexit.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

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
    try:
        code = main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.ClickException as error:
        error.show()
        code = Exit.USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted. Run the same command again to complete it.", err=True)
        code = Exit.INTERRUPTED
    except Closed:
        # The reader has what it wanted. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.COMPLETE
    except _unusable() as error:
        click.echo(f"Error: {error}", err=True)
        code = Exit.IN_USE if _is_in_use(error) else Exit.USAGE
    except OSError as error:
        click.echo(f"Error: {_sentence(error)}", err=True)
        code = Exit.INCOMPLETE
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _REFUSALS:
            raise
        click.echo(f"Error: {_sentence(OSError(0, str(error)))}", err=True)
        code = Exit.INCOMPLETE
    sys.exit(code or 0)


def _unusable() -> type[Exception]:
    """Return the class. Asked only when there is an error, so that `--help` waits for no sink."""
    from gptexit.disk import Unusable

    return Unusable


def _is_in_use(error: Exception) -> bool:
    """Tell whether another run is writing to the place."""
    from gptexit.owning import InUse

    return isinstance(error, InUse)


def _sentence(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    return (
        f"the system refused: {error.strerror or error}{where}. What is written is whole; "
        "run the same command again to complete it."
    )
