"""The names of projects and custom GPTs: options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gptexit.names.names import Names
from gptexit.names.table import BadTable, load

_SHORTEST = len("g-") + 4
"""Characters of an id, or of its beginning."""
F = TypeVar("F", bound=Callable[..., Any])


def _table(ctx: click.Context, param: click.Parameter, value: str | None) -> dict[str, str]:
    """Return the names in the file `value`, by id. Raises BadParameter."""
    if value is None:
        return {}
    try:
        return load(Path(value)).names()
    except BadTable as error:
        raise click.BadParameter(str(error)) from error
    except OSError as error:
        raise click.BadParameter(f"{value}: {error.strerror or error}.") from error


def _pairs(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Return ids, or beginnings of them, with their names. Raises BadParameter."""
    pairs = [value.partition("=") for value in values]
    for value, (own, _, name) in zip(values, pairs, strict=True):
        if len(own.strip()) < _SHORTEST or not own.startswith("g-") or not name.strip():
            raise click.BadParameter(f"{value!r} is no ID=NAME, such as g-p-67a1b2c3=Taxes.")
    return tuple((own.strip(), name.strip()) for own, _, name in pairs)


_OPTIONS = (
    click.option(
        "--names",
        "names_table",
        metavar="FILE.csv",
        callback=_table,
        help="The names of your projects and custom GPTs, which exports lack: a table that "
        "`gptexit inspect --write-names` makes, and that you fill in.",
    ),
    click.option("--project-name", "project_names", multiple=True, callback=_pairs, hidden=True),
)


def names_options(command: F) -> F:
    """Add them to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def names_of(given: dict[str, Any]) -> Names:
    """Return the names that they give."""
    return Names(given["names_table"], given["project_names"])
