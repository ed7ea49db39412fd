"""The Markdown archive: a note for each conversation, its assets beside, an index."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gptexit.archive.manifest import Catalog
from gptexit.writers.base import (
    CommonOptions,
    Format,
    Group,
    SinkKind,
    Writer,
    WriterSetting,
    option,
)

YEAR, PROJECT, FLAT = LAYOUTS = ("year", "project", "flat")
OBSIDIAN, DETAILS, PLAIN = CALLOUTS = ("obsidian", "details", "plain")


@dataclass(frozen=True, slots=True)
class MarkdownOptions(CommonOptions):
    """The options of notes."""

    layout: str | None = option(
        None,
        "The folders of the notes, by year; by project, and the others by year; or flat, all in "
        "one. An archive keeps the one that it began with. [default: year]",
        choices=LAYOUTS,
        recorded=True,
    )
    web_images: str | None = option(
        None,
        "Pictures on web servers: as links; or as pictures, and then the server learns whenever "
        "you look at the note. [default: link]",
        choices=("link", "keep"),
        recorded=True,
    )
    callouts: str | None = option(
        None,
        "Boxes, such as reasoning: callouts of Obsidian; details, which fold on GitHub, in VS Code "
        "and on websites; or plain quotes, for any other reader. [default: obsidian]",
        choices=CALLOUTS,
        recorded=True,
    )


def _writer(options: MarkdownOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.markdown.writer import Markdown

    return Markdown(options, setting.catalog)


def _for_archive(options: MarkdownOptions, root: Path, catalog: Catalog) -> MarkdownOptions:
    from gptexit.writers.markdown.index import laid_out

    return laid_out(options, root, catalog)


FORMAT = Format(
    "markdown",
    "A folder of notes, one a conversation, with their files.",
    Group.NOTES,
    _writer,
    MarkdownOptions,
    SinkKind.NOTES,
    branches="current",
    for_archive=_for_archive,
)
