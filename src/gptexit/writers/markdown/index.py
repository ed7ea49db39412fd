"""The archive's `index.md`: every note, by project and by year, the newest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import groupby

from gptexit.archive.catalog import Catalog, Entry
from gptexit.names.names import folded
from gptexit.writers.markdown.embed import line
from gptexit.writers.markdown.shown_dates import day


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
