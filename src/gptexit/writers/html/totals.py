"""The totals of an archive: the figures of its conversations, added up.

They are counts by day, hour and month, some names, and short lists of what is longest. So memory
does not grow with the number of conversations, and their order does not matter.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from gptexit.writers.html.figures import Figures, checked

_LONGEST, _LACKING = 10, 100
"""How many conversations are kept: the longest ones, and those with missing files."""
_NAMES = 500
"""How many models, custom GPTs, projects and languages are told apart."""
_LENGTH = 200
"""Characters that are kept of a title or a name."""
_OPENED, _END = "2022-11-29", "2100"
"""The first day on which it was already the first day of ChatGPT somewhere; and a false year."""


class Names:
    """Counts by name. If there are too many names, the last ones in the alphabet are one."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self.others: Counter[str] = Counter()
        self._sorted: list[str] = []

    def add(self, name: str, counts: Mapping[str, int]) -> None:
        """Add counts under a name."""
        name = name[:_LENGTH]
        if name not in self.counts:
            insort(self._sorted, name)
            self.counts[name] = Counter()
        self.counts[name].update(counts)
        if len(self._sorted) > _NAMES:
            self.others.update(self.counts.pop(self._sorted.pop()))

    def ranked(self, key: str | None = None) -> list[tuple[str, Counter[str]]]:
        """Return names and counts, those with the most first. `key`: the count that decides."""
        return sorted(
            self.counts.items(),
            key=lambda item: (-(item[1][key] if key else item[1].total()), item[0]),
        )


class Chat(NamedTuple):
    """A conversation in a list. Of two with the same number, the older one stands first."""

    number: int
    """Of messages, or of missing files."""
    created: str
    path: str
    title: str


class Totals:
    """Adds up the figures of conversations."""

    def __init__(self) -> None:
        self.conversations = self.undated = 0
        self.days: dict[str, list[int]] = {}
        self.lost = [0, 0, 0, 0]
        """The same counts for messages without a date."""
        self.week = [[0] * 24 for _ in range(7)]
        self.files: Counter[str] = Counter()
        self.models, self.code, self.gpts, self.projects = (Names() for _ in range(4))
        self.longest: list[Chat] = []
        self.lacking: list[Chat] = []
        self.lacking_count = 0
        self.first: Chat | None = None

    def add(self, figures: Figures, about: Mapping[str, str | None]) -> None:
        """Add a conversation. `about`: what the manifest says of it.

        Raise ValueError if `figures` are damaged.
        """
        figures = checked(figures)
        totals = [0, 0, 0, 0]
        for hour, counts in figures["hours"].items():
            add(totals, counts)
            add(self.days.setdefault(hour[:10], [0] * 4) if hour else self.lost, counts)
            if hour:
                weekday = date.fromisoformat(hour[:10]).weekday()
                self.week[weekday][int(hour[11:])] += counts[0] + counts[1]
        messages = totals[0] + totals[1]
        for model, months in figures["models"].items():
            self.models.add(model, months)
        for language, number in figures["code"].items():
            self.code.add(language, {"": number})
        for names, key in ((self.gpts, "gpt"), (self.projects, "project")):
            if about.get(key):
                names.add(str(about[key]), {"conversations": 1, "messages": messages})
        self.files.update({key: figures[key] for key in ("pictures", "files", "missing")})
        self.conversations += 1
        created = _true_date(about.get("created"))
        self.undated += not created
        chat = Chat(messages, created, str(about["path"]), str(about.get("title") or "")[:_LENGTH])
        self.longest = _most([*self.longest, chat], _LONGEST) if messages else self.longest
        if figures["missing"]:
            self.lacking_count += 1
            lacking = chat._replace(number=figures["missing"])
            self.lacking = _most([*self.lacking, lacking], _LACKING)
        if created and (self.first is None or chat[1:] < self.first[1:]):
            self.first = chat


def add(totals: list[int], counts: Sequence[int]) -> None:
    """Add each count to its total."""
    for place, number in enumerate(counts):
        totals[place] += number


def _most(chats: list[Chat], number: int) -> list[Chat]:
    """Return those with the most, the oldest first among equals."""
    return sorted(chats, key=lambda chat: (-chat.number, *chat[1:]))[:number]


def _true_date(created: str | None) -> str:
    """Return a date, or nothing if it is none or ChatGPT was not there then."""
    try:
        date.fromisoformat((created or "")[:10])
    except ValueError:
        return ""
    return created if created and _OPENED <= created < _END else ""


def longest_streak(days: Sequence[date]) -> tuple[date, int]:
    """Return the first day and the length of the longest run of days; of two, the earlier."""
    best = (days[0], 0)
    for start, length in _streaks(days):
        if length > best[1]:
            best = (start, length)
    return best


def _streaks(days: Sequence[date]) -> Iterator[tuple[date, int]]:
    start = previous = days[0]
    for day in days[1:]:
        if (day - previous).days != 1:
            yield start, (previous - start).days + 1
            start = day
        previous = day
    yield start, (previous - start).days + 1
