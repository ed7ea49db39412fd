"""The folders of an archive's notes, and its `index.md`: all notes by project and by year."""

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

from gptexit.archive.manifest import Catalog, Entry, portable, readable
from gptexit.errors import OtherArchive
from gptexit.model import Conversation, Named
from gptexit.names import folded
from gptexit.text.dates import day
from gptexit.text.markdown import line
from gptexit.text.note_links import target_of
from gptexit.writers.markdown import FLAT, LAYOUTS, PROJECT, YEAR, MarkdownOptions

PROJECTS, NOTES, ASSETS = "projects", "notes", "assets"
_SHORT = 8
"""Characters of an id in the name of a folder."""


class Folders:
    """Chooses the folders of notes and their files. It keeps a name for each project in memory."""

    def __init__(self, layout: str, catalog: Catalog) -> None:
        self._layout = layout
        self._catalog = catalog

    def of(self, conversation: Conversation, year: str) -> str:
        """Return the folder of a new note. `year`: the one in which the conversation began."""
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
        """The folder of each project by its id: the one with most of its notes."""
        notes: Counter[tuple[str, str]] = Counter()
        for entry in self._catalog.conversations(by_project=True):
            top, _, rest = entry.path.partition("/")
            if top == PROJECTS and "/" in rest:
                notes[entry.about["project"] or "", rest.partition("/")[0]] += 1
        known: dict[str, str] = {}
        for (own_id, folder), _ in notes.most_common():
            if own_id not in known and folder not in known.values():
                known[own_id] = folder
        return known

    def _new(self, project: Named) -> str:
        """Choose the folder of a new project: by its name, else by its id."""
        own_id = project["id"]
        short = readable(own_id.removeprefix("g-p-"))[:_SHORT].strip("-_")
        taken = {folder.casefold() for folder in self._known.values()}
        words = readable(project["name"] or "") or short or "untitled"
        numbered = (f"{words}-{number}" for number in range(2, len(taken) + 3))
        names = map(portable, (words, f"{words}-{short}", *numbered))
        self._known[own_id] = next(name for name in names if name.casefold() not in taken)
        return self._known[own_id]


def index(catalog: Catalog, names: Mapping[str, str]) -> str:
    """Return the page. `names`: of projects, by their ids; one without is shown by its id."""
    blocks = ["# ChatGPT archive", ""]
    often = Counter(map(folded, names.values()))

    def called(project: str) -> str:
        name = names.get(project, project)
        # Two projects of one name are told apart by their ids.
        return f"{name} ({project})" if often[folded(name)] > 1 else name

    notes = catalog.conversations(by_project=True, called=lambda project: folded(called(project)))
    for project, members in groupby(notes, lambda entry: entry.about["project"]):
        blocks += [f"## Project {line(called(project or ''))}", "\n".join(map(_item, members))]
    count, newest, oldest = 0, None, None
    for year, members in groupby(catalog.conversations(), _year):
        items = []
        for entry in members:
            items.append(_item(entry))
            newest = newest or _created(entry)
            oldest = _created(entry) or oldest
        count += len(items)
        blocks += [f"## {year}", "\n".join(items)]
    others = [f"- [{line(entry.path)}]({target_of(entry.path)})" for entry in catalog.others()]
    if others:
        blocks += ["## Files that no note shows", "\n".join(others)]
    older = [*map(_item, catalog.older())]
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
    return f"- {when}[{title}]({target_of(entry.path)})"


_FORMAT = "markdown"


def laid_out(options: MarkdownOptions, root: Path, catalog: Catalog) -> MarkdownOptions:
    """Return `options` with the layout of the archive in `root`, whose files are in `catalog`.

    A new archive gets the layout of `options`, else `year`. Raise OtherArchive if the archive has
    another one: its notes keep their places, and both layouts would be mixed.
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
    """Return the layout in the archive's description, None if it has none."""
    try:
        description: Any = orjson.loads((root / ".gptexit/archive.json").read_bytes())
        ours = description["format"] == _FORMAT
        layout = description["options"]["layout"] if ours else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return layout if layout in LAYOUTS else None


def _seen(catalog: Catalog) -> str | None:
    """Return the layout by the paths of the notes, None if there is no note.

    For archives of old versions, which recorded no layout and had only `year`; for one whose first
    run was killed; and for one whose description is that of another format in the same folder.
    """
    if catalog.has_note(f"{PROJECTS}/"):
        return PROJECT
    if catalog.has_note(f"{NOTES}/"):
        return FLAT
    return YEAR if catalog.has_note("") else None
