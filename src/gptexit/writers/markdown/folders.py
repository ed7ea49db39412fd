"""The folders of the notes: by year, by project, or one for all.

    year      2025/2025-03-01-….md                      assets/2025/
    project   projects/bakery/2025-03-01-….md           assets/projects/bakery/
              2025/… for what is in no project          assets/2025/
    flat      notes/2025-03-01-….md                     assets/

A note that is there stays where it is, whatever its project is called by then, and new ones of a
project go where its others are.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from gptexit.archive.catalog import Catalog, folder_name, readable
from gptexit.model import Conversation, Named

YEAR, PROJECT, FLAT = LAYOUTS = ("year", "project", "flat")
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
