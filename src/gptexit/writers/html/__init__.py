"""The format `html`: pages that open in a browser, with search and a look back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from gptexit.archive.description import record_of
from gptexit.archive.manifest import Catalog
from gptexit.chatgpt.take import mapping
from gptexit.writers.base import (
    CommonOptions,
    Format,
    Group,
    SinkKind,
    Writer,
    WriterSetting,
    option,
)

TITLE = "ChatGPT archive"


@dataclass(frozen=True, slots=True)
class HtmlOptions(CommonOptions):
    """The options of pages."""

    include: frozenset[str] = frozenset({"hidden", "reasoning", "tools"})
    highlight: str | None = option(
        None,
        "Colours for code in the languages that are known. [default: yes]",
        choices=("yes", "no"),
        recorded=True,
    )
    archive_title: str | None = option(
        None,
        "The name of the archive, on its pages. An archive keeps it until another one is given. "
        "[default: ChatGPT archive]",
        metavar="NAME",
        recorded=True,
    )
    root: Path | None = None
    """The folder of the archive, from which what earlier runs wrote is read."""
    start: str | None = None
    """The address of the page that says what to do before canceling, as the archive sees it."""


def _writer(options: HtmlOptions, setting: WriterSetting) -> Writer:
    from gptexit.writers.html.writer import Html

    return Html(options, setting.catalog)


def _for_archive(options: HtmlOptions, root: Path, catalog: Catalog) -> HtmlOptions:
    before = mapping(record_of(root).get("options")).get("archive_title")
    title = options.archive_title or (before if isinstance(before, str) else None)
    return replace(options, root=root, archive_title=title)


FORMAT = Format(
    "html",
    "A folder of pages to open in a browser, with search and a look back.",
    Group.ARCHIVES,
    _writer,
    HtmlOptions,
    SinkKind.PAGES,
    for_archive=_for_archive,
)
