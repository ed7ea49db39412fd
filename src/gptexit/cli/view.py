"""`gptexit view`."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from gptexit.errors import NoArchive

_FIRST = ("index.html", "html/index.html")
"""The first page of an archive in pages, by its own folder and by that of an exit."""


@click.command()
@click.argument("archive", type=click.Path(path_type=Path), default="chatgpt-exit")
def view(archive: Path) -> None:
    """Open an archive in the browser.

    ARCHIVE is the folder that `gptexit exit` or `gptexit convert --to html` wrote; without it,
    chatgpt-exit. A double click on its index.html does the same. No network is needed.

    \b
    gptexit view chatgpt-exit
    """
    page = next((found for name in _FIRST if (found := archive / name).is_file()), None)
    if page is None:
        raise NoArchive(
            f"{archive} has no pages for the browser. To write them: gptexit exit EXPORT -o "
            f"{archive}"
        )
    if webbrowser.open(page.resolve().as_uri()):
        click.echo(f"Opened {page} in the browser.")
    else:
        click.echo(f"No browser was found on this machine. Open this file in one: {page}")
