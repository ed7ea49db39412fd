"""The archive's `index.md`: every note, by project and by year, the newest first."""

from __future__ import annotations

from datetime import datetime

from gptexit.catalog import Catalog, Entry
from gptexit.targets.markdown.moments import day
from gptexit.targets.markdown.protect import line


def index(catalog: Catalog) -> str:
    """The page as text."""
    notes = [each for each in catalog.entries.values() if each.key.startswith("conversation/")]
    notes.sort(key=lambda each: (_created(each) or "", each.path), reverse=True)
    projects: dict[str, list[Entry]] = {}
    years: dict[str, list[Entry]] = {}
    for each in notes:
        created, project = _created(each), each.about.get("project")
        years.setdefault(created[:4] if created else "Undated", []).append(each)
        if project:
            projects.setdefault(project, []).append(each)
    blocks = ["# ChatGPT archive", _summary(notes)]
    for project, members in sorted(projects.items()):
        blocks += [f"## Project {line(project)}", "\n".join(map(_item, members))]
    for year, members in years.items():
        blocks += [f"## {year}", "\n".join(map(_item, members))]
    return "\n\n".join(blocks) + "\n"


def _summary(notes: list[Entry]) -> str:
    counted = f"{len(notes):,} conversation{'' if len(notes) == 1 else 's'}"
    dates = [created for each in notes if (created := _created(each))]
    if not dates:
        return f"{counted}."
    first, last = (day(datetime.fromisoformat(date)) for date in (min(dates), max(dates)))
    return f"{counted}, from {first} to {last}."


def _created(entry: Entry) -> str | None:
    return entry.about.get("created")


def _item(entry: Entry) -> str:
    created = _created(entry)
    title = line(entry.about.get("title") or entry.path)
    when = f"{created[:10]} " if created else ""
    return f"- {when}[{title}]({entry.path})"
