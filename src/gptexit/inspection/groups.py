"""The projects and custom GPTs of an export, with what a person recognizes them by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gptexit.names import NameRow
from gptexit.text.terminal import printable

MOST = 10_000
"""Projects and custom GPTs that are told apart."""
TITLES = 5
"""Titles of a group that are kept: those of the conversations that were touched last."""
LONGEST = 60
"""Columns of a title."""
_KINDS = {True: "project", False: "GPT"}


@dataclass(slots=True)
class Group:
    """A project or a custom GPT."""

    conversations: int = 0
    first: str | None = None
    last: str | None = None
    """When the first was begun and the last touched, RFC 3339."""
    titles: list[tuple[str, str]] = field(default_factory=list)
    """When a conversation was touched, and its title; the latest first."""

    def add(self, title: str | None, created: str | None, updated: str | None) -> None:
        """Count a conversation."""
        self.conversations += 1
        updated = updated or created
        if created and (self.first is None or created < self.first):
            self.first = created
        if updated and (self.last is None or updated > self.last):
            self.last = updated
        shown = printable(title or "", LONGEST)
        if shown and all(shown != known for _, known in self.titles):
            self.titles.append((updated or "", shown))
            self.titles.sort(reverse=True)
            del self.titles[TITLES:]


@dataclass(slots=True)
class Groups:
    """The groups by id. Memory follows their number, up to `MOST`."""

    by_id: dict[str, Group] = field(default_factory=dict)
    others: int = 0
    """Conversations of projects and custom GPTs beyond `MOST`."""

    def add(self, own: str, title: str | None, created: str | None, updated: str | None) -> None:
        """Count a conversation of the project or custom GPT with the id `own`."""
        group = self.by_id.get(own)
        if group is None:
            if len(self.by_id) >= MOST:
                self.others += 1
                return
            group = self.by_id[own] = Group()
        group.add(title, created, updated)

    def rows(self) -> Iterator[NameRow]:
        """Yield a row of the table of names for each: projects first, the largest first."""
        ordered = sorted(
            self.by_id.items(), key=lambda pair: (not _is_project(pair[0]), -pair[1].conversations)
        )
        for own, group in ordered:
            yield NameRow(
                [
                    *(own, _KINDS[_is_project(own)], ""),
                    *(str(group.conversations), (group.first or "")[:10], (group.last or "")[:10]),
                    " | ".join(title for _, title in group.titles),
                ]
            )


def _is_project(own: str) -> bool:
    return own.startswith("g-p-")
