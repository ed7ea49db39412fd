"""The archive's `index.md`: every note, by project and by year, the newest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from gptexit.archive.manifest import Catalog, Entry, folder_name, readable
from gptexit.errors import OtherArchive
from gptexit.model import Conversation, Named
from gptexit.names import folded
from gptexit.text.dates import day
from gptexit.text.markdown import line
from gptexit.writers.markdown import FLAT, LAYOUTS, PROJECT, YEAR, MarkdownOptions

PROJECTS, NOTES, ASSETS = "projects", "notes", "assets"
_SHORT = 8
"""Characters of an id in the name of a folder."""


class Folders:
    """The folders of an archive. Memory follows the number of projects."""

    def __init__(self, layout: str, catalog: Catalog) -> None:
        self._layout = layout
        self._catalog = catalog

    def of(self, conversation: Conversation, year: str) -> str:
        """Return the folder of a new note; `year`: the one in which it was begun."""
        if self._layout == FLAT:
            return NOTES
        project = conversation["project"]
        if self._layout != PROJECT or project is None:
            return year
        known = self._known.get(project["id"])
        return f"{PROJECTS}/{known or self._new(project)}"

    def assets(self, folder: str) -> str:
        """Return the folder of the files of new notes in `folder`."""
        return ASSETS if folder == NOTES else f"{ASSETS}/{folder}"

    @cached_property
    def _known(self) -> dict[str, str]:
        """The folder of each project by its id: the one in which most of its notes are."""
        found: Counter[tuple[str, str]] = Counter()
        for entry in self._catalog.conversations(by_project=True):
            top, _, rest = entry.path.partition("/")
            if top == PROJECTS and "/" in rest:
                found[entry.about["project"] or "", rest.partition("/")[0]] += 1
        known: dict[str, str] = {}
        for (own, folder), _ in found.most_common():
            if own not in known and folder not in known.values():
                known[own] = folder
        return known

    def _new(self, project: Named) -> str:
        """Choose and note the folder of a project that has none: its name, else of its id."""
        own = project["id"]
        short = readable(own.removeprefix("g-p-"))[:_SHORT].strip("-_")
        taken = {folder.casefold() for folder in self._known.values()}
        words = readable(project["name"] or "") or short or "untitled"
        numbered = (f"{words}-{number}" for number in range(2, len(taken) + 3))
        free = (folder_name(each) for each in (words, f"{words}-{short}", *numbered))
        self._known[own] = next(each for each in free if each.casefold() not in taken)
        return self._known[own]


def index(catalog: Catalog, names: Mapping[str, str]) -> str:
    """The page as text. `names`: of projects, by their ids; one without is shown by its id."""
    blocks = ["# ChatGPT archive", ""]
    often = Counter(map(folded, names.values()))

    def called(project: str) -> str:
        name = names.get(project, project)
        # Two projects of one name are told apart by their ids.
        return f"{name} ({project})" if often[folded(name)] > 1 else name

    notes = catalog.conversations(by_project=True, called=lambda each: folded(called(each)))
    for project, members in groupby(notes, lambda each: each.about["project"]):
        blocks += [f"## Project {line(called(project or ''))}", "\n".join(map(_item, members))]
    count, newest, oldest = 0, None, None
    for year, members in groupby(catalog.conversations(), _year):
        items = []
        for each in members:
            items.append(_item(each))
            newest = newest or _created(each)
            oldest = _created(each) or oldest
        count += len(items)
        blocks += [f"## {year}", "\n".join(items)]
    others = [f"- [{line(each.path)}]({each.path})" for each in catalog.others()]
    if others:
        blocks += ["## Files that no note shows", "\n".join(others)]
    older = [_item(each) for each in catalog.older()]
    if older:
        blocks += ["## What only older exports hold", "\n".join(older)]
    blocks[1] = _summary(count, newest, oldest)
    return "\n\n".join(blocks) + "\n"


def _year(entry: Entry) -> str:
    created = _created(entry)
    return created[:4] if created else "Undated"


def _summary(count: int, newest: str | None, oldest: str | None) -> str:
    counted = f"{count:,} conversation{'' if count == 1 else 's'}"
    if not newest or not oldest:
        return f"{counted}."
    first, last = (day(datetime.fromisoformat(date)) for date in (oldest, newest))
    return f"{counted}, from {first} to {last}."


def _created(entry: Entry) -> str | None:
    return entry.about.get("created")


def _item(entry: Entry) -> str:
    created = _created(entry)
    title = line(entry.about.get("title") or entry.path)
    when = f"{created[:10]} " if created else ""
    return f"- {when}[{title}]({entry.path})"


_FORMAT = "markdown"


def laid_out(options: MarkdownOptions, root: Path, catalog: Catalog) -> MarkdownOptions:
    """Return `options` with the layout of the archive in `root`, whose files are in `catalog`.

    A new archive has the one that is asked for, else `year`. Raises OtherArchive where the archive
    has another one than is asked for: its notes stay where they are, and would then be mixed.
    """
    there = _recorded(root)
    if there is None and (options.layout is None or (root / ".gptexit/archive.json").exists()):
        there = _seen(catalog)
    if there and options.layout and there != options.layout:
        raise OtherArchive(
            f"{root} has the layout {there}, which an archive keeps from its first run on: leave "
            f"--layout {options.layout} out, or name another folder with -o."
        )
    return replace(options, layout=there or options.layout or YEAR)


def _recorded(root: Path) -> str | None:
    """Return the layout in the archive's record of itself, None where it tells none."""
    try:
        found: Any = orjson.loads((root / ".gptexit/archive.json").read_bytes())
        layout = found["options"]["layout"] if found["format"] == _FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return layout if layout in LAYOUTS else None


def _seen(catalog: Catalog) -> str | None:
    """Return the layout that the paths of the notes have, None where there is no note.

    For archives of versions that wrote no layout down, which had `year` alone; for one whose first
    run was killed; and for one whose record is that of another format in the same folder.
    """
    if catalog.has_note(f"{PROJECTS}/"):
        return PROJECT
    if catalog.has_note(f"{NOTES}/"):
        return FLAT
    return YEAR if catalog.has_note("") else None
