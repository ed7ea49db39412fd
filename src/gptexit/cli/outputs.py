"""Options that name what is written. What cannot work is refused before the work begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from gptexit.text.terminal import command_line

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Adds one option or several to the function of a command."""

_FILES = (
    *(".md", ".txt", ".html", ".htm", ".pdf"),
    *(".json", ".jsonl", ".csv", ".db", ".sqlite", ".zip"),
)
"""Endings of files, which nobody gives to a folder."""
_ONE_FILE = " For a single file: convert … --to jsonl -o - > FILE.jsonl"


class _PathType(click.Path):
    """A path as it was typed, which a shell completes. Nothing is checked here."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(value)


PATH = _PathType()


def need_file(value: str, option: str) -> None:
    """Raise BadParameter if a file that is written at the end cannot be; `-` is no file."""
    path = Path(value)
    if not value.strip():
        why = "the name of the file is missing."
    elif value != "-" and path.is_dir():
        why = f"{value} is a folder; give the name of a file in it."
    elif not path.parent.is_dir():
        why = f"there is no folder {path.parent}; make it, or name another one."
    else:
        return
    raise click.BadParameter(why, param_hint=option)


def need_folder(value: str, option: str) -> None:
    """Raise BadParameter if the folder to write to is a file, or looks like one."""
    path = Path(value)
    folder = path.with_suffix("") if path.name else path
    if not value.strip():
        why = "the name of the folder is missing."
    elif path.is_file():
        other = folder if not folder.is_file() else folder.with_name(f"{folder.name}-archive")
        why = f"{value} is a file; give a folder, such as {other}."
    elif path.suffix.casefold() in _FILES and not path.exists():
        why = f"{value} looks like a file, and gptexit writes a folder; give one, such as {folder}."
        why += _ONE_FILE if path.suffix in (".json", ".jsonl") else ""
    else:
        return
    raise click.BadParameter(why, param_hint=option)


def need_option(command: str, sources: Sequence[str]) -> None:
    """Raise UsageError if the last of the sources seems to be the folder to write to."""
    *exports, last = sources
    if last == "-" or Path(last).suffix or Path(last).exists() or not exports:
        return
    if all(Path(export).exists() for export in exports):
        words = command_line(["gptexit", command, *exports, "-o", last])
        raise click.UsageError(
            f"there is no file or folder {last}. To write to a folder of that name: {words}"
        )


def _to(need: Callable[[str, str], None]) -> Callable[..., str | None]:
    """Make the callback of an option from a check of its value."""

    def callback(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
        if value is not None:
            need(value, max(param.opts, key=len))
        return value

    return callback


def out(default: str, help: str) -> Decorator:
    """`--output`, a folder."""
    return click.option(
        "-o",
        "--output",
        "out",
        metavar="FOLDER",
        default=default,
        show_default=True,
        type=PATH,
        callback=_to(need_folder),
        help=help,
    )


def out_file(*names: str, help: str, metavar: str = "FILE") -> Decorator:
    """Make an option that names a file which is written at the end."""
    return click.option(*names, metavar=metavar, type=PATH, callback=_to(need_file), help=help)


dry_run = click.option(
    "--dry-run",
    is_flag=True,
    help="Write nothing; say what would be written, where, and how large it would be.",
)
report = out_file(
    "--report", metavar="FILE.json", help="Write a report of the run as JSON; `-` prints it."
)
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print the report as JSON, without a summary."
)
