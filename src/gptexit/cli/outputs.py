"""Options that name what is written. What cannot work is refused before the work begins."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from gptexit.files.disk import HOUSE
from gptexit.text.terminal import command_line

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Adds one option or several to the function of a command."""

_FILES = (
    *(".md", ".txt", ".html", ".htm", ".pdf"),
    *(".json", ".jsonl", ".csv", ".db", ".sqlite", ".zip"),
)
"""Endings of files, which nobody gives to a folder."""
REPORT = re.compile(
    rb'\{\n  "(?:version": \d+,\n  "tool": \{\n    "name": "gptexit"|dry_run": (?:true|false),\n)'
)
"""The beginning of each report of a run."""
_LOOKED_AT = 1000
_ONE_FILE = " For a single file: convert … --to jsonl -o - > FILE.jsonl"


class _PathType(click.Path):
    """A path as it was typed, which a shell completes. Nothing is checked here."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(value)


PATH = _PathType()


def is_stream(path: Path) -> bool:
    """Tell whether a path is written to as it is: a pipe, a device, or `/dev/stdout`."""
    with suppress(OSError, ValueError):
        mode = path.stat().st_mode
        there = path.parent.resolve().as_posix() + "/"
        return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or there.startswith(("/dev/", "/proc/"))
    return False


def need_file(
    value: str, option: str, sources: Sequence[str] = (), ours: re.Pattern[bytes] | None = None
) -> None:
    """Raise BadParameter if a file that is written at the end cannot be; `-` is no file.

    `sources`: what the run reads. `ours`: what is in each file of that kind that gptexit wrote; a
    file without it is of somebody else and stays.
    """
    path = Path(value)
    if value == "-" or (value.strip() and is_stream(path)):
        return
    if not value.strip():
        why = "the name of the file is missing."
    elif path.is_dir():
        why = f"{value} is a folder; give the name of a file in it."
    elif not path.parent.is_dir():
        why = f"there is no folder {path.parent}; make it, or name another one."
    elif around := _read_around(path, sources):
        why = f"{value} is in {around}, and gptexit adds no file there. Name a file elsewhere."
    elif ours and path.exists() and not _holds(path, ours):
        why = f"{value} exists already, and gptexit did not write it. Name another file."
    elif not os.access(path.parent, os.W_OK):
        why = f"you may not write to the folder {path.parent.absolute()}. Name another one."
    else:
        return
    raise click.BadParameter(why, param_hint=option)


def _read_around(path: Path, sources: Sequence[str]) -> str | None:
    """Name the export or the archive that a path is in; None for neither."""
    above = path.resolve().parents
    for source in sources:
        if Path(source).is_dir() and Path(source).resolve() in above:
            return f"the export {source}"
    return next((f"the archive {here}" for here in above if (here / HOUSE).is_dir()), None)


def _holds(path: Path, ours: re.Pattern[bytes]) -> bool:
    """Tell whether a file is empty, or its beginning and its end are like those of ours."""
    try:
        with path.open("rb") as file:
            beginning = file.read(_LOOKED_AT)
            file.seek(max(0, path.stat().st_size - _LOOKED_AT))
            return not beginning or bool(ours.match(beginning + b"\n" + file.read(_LOOKED_AT)))
    except OSError:
        return False


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


def _need_folder(ctx: click.Context, param: click.Parameter, value: str) -> str:
    need_folder(value, max(param.opts, key=len))
    return value


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
        callback=_need_folder,
        help=help,
    )


def out_file(
    *names: str, help: str, metavar: str = "FILE", ours: re.Pattern[bytes] | None = None
) -> Decorator:
    """Make an option that names a file which is written at the end; `ours`: see `need_file`.

    The argument with the sources has to be eager, so that they are known here.
    """

    def callback(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
        if value is not None:
            # The last path that `verify` is given is an archive, or a folder of archives.
            sources = ctx.params.get("sources") or ctx.params.get("paths", ())[:-1]
            need_file(value, max(param.opts, key=len), sources, ours)
        return value

    return click.option(*names, metavar=metavar, type=PATH, callback=callback, help=help)


dry_run = click.option(
    "--dry-run",
    is_flag=True,
    help="Write nothing; say what would be written, where, and how large it would be.",
)
report = out_file(
    "--report",
    metavar="FILE.json",
    help="Write a report of the run as JSON; `-` prints it.",
    ours=REPORT,
)
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print the report as JSON, without a summary."
)
