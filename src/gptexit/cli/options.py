"""Options that several commands have, each in its one place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from gptexit.writers.markdown.folders import LAYOUTS


def time_zone(ctx: click.Context, param: click.Parameter, value: str | None) -> tzinfo | None:
    """The value of `--timezone`, for click. Raises BadParameter."""
    if value is None:
        return None
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise click.BadParameter(
            f"{value!r} is no time zone; give one such as Europe/Berlin or UTC."
        ) from error


F = TypeVar("F", bound=Callable[..., Any])


def timezone_option(of: str) -> Callable[[F], F]:
    """`--timezone`; `of`: what it is the time zone of."""
    return click.option(
        "--timezone",
        "zone",
        metavar="TZ",
        callback=time_zone,
        help=f"Time zone of {of}, such as Europe/Berlin. [default: this machine's]",
    )


layout_option = click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    help="For markdown: the folders of the notes, by year; by project, and the others by year; or "
    "flat, all in one. An archive keeps the one that it began with. [default: year]",
)
web_images_option = click.option(
    "--web-images",
    "web_images",
    type=click.Choice(["link", "keep"]),
    help="Pictures on other servers, in notes: as links, or as pictures, which tell their server "
    "whenever they are shown. [default: link]",
)
quiet_option = click.option("--quiet", is_flag=True, help="No summary; errors only.")
allow_large_option = click.option(
    "--allow-large",
    is_flag=True,
    help="Take also the members of a ZIP that unpack to far more than an export's do.",
)
no_progress_option = click.option("--no-progress", is_flag=True, help="No progress bar.")
jobs_option = click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 256),
    help="How many processes read and render; the files are the same with any number. [default: "
    "one for each core, for a large export]",
)
