"""Run the command line: one file a command. Only this package prints or exits."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any

import click
from click.shell_completion import CompletionItem

from gptexit import __version__
from gptexit.cli import streams
from gptexit.cli.usage import is_path, no_command, sentence, with_options
from gptexit.errors import Closed, Exit, GptexitError
from gptexit.parallel import forking
from gptexit.text.terminal import command_line

_COMMANDS = {
    "exit": "Save everything before you leave ChatGPT, in one command.",
    "inspect": "Say what an export holds and what it lacks.",
    "convert": "Convert an export into an archive.",
    "view": "Open an archive in the browser.",
    "search": "Find something in an SQLite archive.",
    "memory": "Write down what ChatGPT remembered of you, for your next assistant.",
    "mcp": "Let an assistant search and read an SQLite archive.",
    "push": "Put the conversations into an app.",
    "verify": "Prove that an archive holds what an export holds.",
    "bag": "Copy an archive into a BagIt bag, for a library or another keeper.",
    "status": "Say what an archive is, and what to do with it next.",
    "formats": "List the formats that gptexit writes.",
    "schema": "Print a published JSON Schema.",
    "validate": "Check a jsonl file against the schema.",
}
_MODULES = {"schema": "formats", "validate": "formats"}
"""The modules of commands whose module has another name."""
_WITHOUT_FILES = ("search", "formats", "schema", "help")
"""Commands whose words need not be files or options."""


class _Lazy(click.Group):
    """A group that imports a command when it is used: `--help` must not wait for all of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS, "help"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "help":
            return help_
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"gptexit.cli.{_MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a file or folder in its place, as one that is dropped, means `exit`."""
        word = args[0]
        known = word in self.list_commands(ctx)
        if not known and not ctx.resilient_parsing and not word.startswith("-"):
            from pathlib import Path  # slow to import, and `--help` must not wait for it

            if not is_path(word) and not Path(word).exists():
                raise click.UsageError(no_command(word, _COMMANDS), ctx)
            line = command_line(["gptexit", "exit", *args])
            click.echo(f"You gave no command, so gptexit runs: {line}", err=True)
            args = ["exit", *args]
        name, command, rest = super().resolve_command(ctx, args)
        if command and name not in _WITHOUT_FILES and not ctx.resilient_parsing:
            rest = with_options(ctx, command, rest)
        return name, command, rest

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Say where an option of a command goes, if it stands before the command."""
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            at = next((at for at, word in enumerate(words) if word in _COMMANDS), 0)
            command = self.get_command(ctx, words[at]) if at else None
            if command and any(error.option_name in param.opts for param in command.params):
                line = command_line(["gptexit", *words[at:], *words[:at]])
                why = f"{error.option_name} goes after the command: {line}"
                raise click.UsageError(why, ctx) from error
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.BadOptionUsage as error:
            name = ctx.invoked_subcommand
            if name and error.ctx is None and (command := self.get_command(ctx, name)):
                error.ctx = click.Context(command, parent=ctx, info_name=name)
            raise
        except GptexitError as error:
            from gptexit.cli.choices import choices_of

            click.echo("\n".join([f"Error: {error}", *choices_of(error, sys.argv[1:])]), err=True)
            ctx.exit(error.exit_code)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*_COMMANDS.items(), ("help", "Say more about a command.")])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands and options, without importing the commands for it."""
        words = _completed(ctx, self.params[0], incomplete)
        return words + click.Command.shell_complete(self, ctx, incomplete)


@click.group(
    cls=_Lazy,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", prog_name="gptexit")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Turn a ChatGPT data export into files that are yours.

    Nothing leaves this machine, except by `push`, which sends it where you say.

    \b
    gptexit exit chatgpt-export.zip
    gptexit convert chatgpt-export.zip
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _completed(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the commands that begin with the letters that are typed."""
    return [
        CompletionItem(name, help=what)
        for name, what in _COMMANDS.items()
        if name.startswith(begun)
    ]


@click.command("help")
@click.argument("command", required=False, shell_complete=_completed)
@click.pass_context
def help_(ctx: click.Context, command: str | None) -> None:
    """Say what gptexit does, or what COMMAND does."""
    group = ctx.parent
    assert group is not None
    found = main.get_command(group, command) if command else main
    if found is None:
        raise click.UsageError(no_command(str(command), _COMMANDS))
    with click.Context(
        found, parent=group if command else None, info_name=command or "gptexit"
    ) as of:
        click.echo(found.get_help(of))


def run() -> None:
    """Run the command line and exit with a documented code (see docs/exit-codes.md)."""
    streams.prepare()
    forking.allow()
    try:
        code = main(prog_name="gptexit", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        click.echo(f"Error: {sentence(error)}", err=True)
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
    # Their imports are slow, and `--help` must not wait for them.
    import traceback

    from gptexit.cli import endings

    sentence, code = endings.ending(error)
    if code == Exit.FAULT and os.environ.get(endings.TRACEBACK):
        traceback.print_exception(error)
    click.echo(f"Error: {sentence}", err=True)
    return code
