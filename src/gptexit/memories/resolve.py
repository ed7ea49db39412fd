"""Puts notes together in the order of time: repeats are joined, what is revoked ends.

What is certain is applied. A note ends an earlier memory where it names it: where one of the texts
that it may mean (see `phrases.asked`) reads, but for case, white space, punctuation and `that` or
`the` in front, like an earlier memory that still counts, and none of them reads like another one.
Else both stay, and the one that it is most like is marked. What ended and stands in a later
snapshot, or in ChatGPT's own list, or is cited by an answer in a later chat, counts again: ChatGPT
still had it. A memory that answers cite by one id in other words each time counts in the last ones.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal

from rapidfuzz import fuzz, process

from gptexit.memories.extract import Asked, asked, listed, named, same
from gptexit.memories.model import Mark, Memory, MemoryEntry, Origin, Relation

_SPACE = uuid.UUID("8f2c1d5e-3f0b-5c1e-9a55-0d6f3f1a7c42")
"""Of the ids of entries."""

_DOUBTS: dict[str, tuple[Relation, Relation, Relation | None]] = {
    "forget": ("may forget", "may be forgotten by", "asks to forget"),
    "correct": ("may replace", "may be replaced by", "corrects something"),
    "deny": ("may replace", "may be replaced by", None),
}
"""How a note and the memory that it may mean are marked, and the note where there is none."""


class Settler:
    """One pass over all that is known, the oldest first."""

    def __init__(
        self,
        notes: Sequence[Origin],
        seen: Sequence[Origin],
        latest: Origin | None,
        own_list: Sequence[Origin],
        cited: Sequence[Origin] = (),
    ) -> None:
        """`seen`: each entry of a snapshot, with when it was seen first and last (`until`).
        `cited`: each memory that an answer cites."""
        self._notes = notes
        self._seen = seen
        self._latest = latest
        self._own_list = own_list
        self._cited = cited
        self._all: list[MemoryEntry] = []
        self._live: dict[str, MemoryEntry] = {}
        """What counts, by what `same` gives."""
        self._named: dict[str, dict[str, MemoryEntry]] = defaultdict(dict)
        """What counts, by what `named` gives, and then by id."""
        self._last: dict[str, MemoryEntry] = {}
        """What counts or did, by what `same` gives; the last of each."""
        self._lives: Counter[str] = Counter()
        self._words: dict[str, str] = {}
        """The words of each entry as `alike` compares them, by its id."""
        self._places: dict[str, int] = {}
        """Where entries stand in ChatGPT's own list, by their id."""
        self._placed: set[tuple[str, int]] = set()
        self._cited_as: dict[str, MemoryEntry] = {}
        """What a memory said when it was cited last, by ChatGPT's own id of it."""
        self._citing: dict[str, set[str]] = defaultdict(set)
        """ChatGPT's own ids of the memories that an entry stands for, by the entry's id."""

    def memory(self) -> Memory:
        """The memory. To be asked for once."""
        for time, origin in self._in_time():
            if origin.how == "written":
                self._note(origin)
            elif origin.how == "cited":
                self._cite(origin)
            else:
                self._see(origin, time)
        for place, origin in enumerate(self._own_list):
            self._see(origin, None)
            self._places.setdefault(self._last[same(origin.text)].id, place)
        self._hold_against_latest()
        self._mark_deleted()
        return Memory(
            entries=self._side_by_side(),
            ended=sorted((each for each in self._all if each.ended), key=self._by_date),
            snapshot=self._latest,
            listed=len(self._own_list),
        )

    def _in_time(self) -> Iterator[tuple[str | None, Origin]]:
        """Notes, citations, and the entries of snapshots as they were seen first and last.

        A snapshot stands where a conversation begins, so before a note of the same time; a citation
        stands at an answer, so after it.
        """
        events = [
            (_sortable(each.time), 1, place, each.time, each)
            for place, each in enumerate(self._notes)
        ]
        for place, each in enumerate(sorted(self._seen, key=_fixed)):
            for time in dict.fromkeys((each.time, each.until)):
                events.append((_sortable(time), 0, place, time, each))
        for place, each in enumerate(self._cited):
            events.append((_sortable(each.time), 2, place, each.time, each))
        for *_, time, each in sorted(events, key=lambda event: event[:3]):
            yield time, each

    def _note(self, origin: Origin) -> None:
        """Take in what ChatGPT wrote: do what it asks where that is certain, else keep it."""
        wish = asked(origin.text)
        found = self._meant(wish) if wish else []
        if wish and len({named(entry.text) for entry, _ in found}) == 1:
            self._apply(found, origin)
        elif wish and wish.what in _DOUBTS:
            self._doubt(wish, origin)
        else:
            self._keep(origin, origin.text)

    def _meant(self, wish: Asked) -> list[tuple[MemoryEntry, str]]:
        """The memories that count and are named, each with the words that take its place."""
        found: dict[str, tuple[MemoryEntry, str]] = {}
        for old, new in wish.pairs:
            for entry in self._named.get(named(old), {}).values():
                found.setdefault(entry.id, (entry, new))
        return list(found.values())

    def _apply(self, found: list[tuple[MemoryEntry, str]], origin: Origin) -> None:
        new = found[0][1]
        for entry, _ in found:
            self._end(entry, "replaced" if new else "forgotten", origin)
        if new:
            heir = self._keep(origin, new)
            for entry, _ in found:
                entry.by_entry = heir.id

    def _doubt(self, wish: Asked, origin: Origin) -> None:
        """Both stay, and are marked; where no memory is like it, the note alone."""
        other = self._most_like(wish.about)
        entry = self._keep(origin, origin.text)
        if other is entry:
            return
        forward, back, alone = _DOUBTS[wish.what]
        if other is not None:
            entry.marks.append(Mark(forward, other.id))
            other.marks.append(Mark(back, entry.id))
        elif alone:
            entry.marks.append(Mark(alone))

    def _most_like(self, text: str) -> MemoryEntry | None:
        """Among the newest that count: so many that a note is not held against all there are."""
        live = list(islice(reversed(self._live.values()), NEIGHBOURS))
        words = sorted_words(same(text))
        at = related(words, [self._words[each.id] for each in live])
        return None if at is None else live[at]

    def _keep(self, origin: Origin, text: str) -> MemoryEntry:
        """The entry that says `text`: one that is there, with one origin more, or a new one."""
        key = same(text)
        entry = self._live.get(key)
        if entry is None:
            self._lives[key] += 1
            entry = MemoryEntry(str(uuid.uuid5(_SPACE, f"{key}\n{self._lives[key]}")), text, [])
            self._words[entry.id] = sorted_words(key)
            self._all.append(entry)
            self._revive(entry)
        if (entry.id, id(origin)) not in self._placed:
            self._placed.add((entry.id, id(origin)))
            entry.origins.append(origin)
        return entry

    def _revive(self, entry: MemoryEntry) -> None:
        if entry.by is not None:
            entry.overruled.append(entry.by)
        entry.ended = entry.by = entry.by_entry = None
        self._live[same(entry.text)] = self._last[same(entry.text)] = entry
        self._named[named(entry.text)][entry.id] = entry

    def _end(self, entry: MemoryEntry, how: Literal["forgotten", "replaced"], by: Origin) -> None:
        entry.ended, entry.by = how, by
        del self._live[same(entry.text)]
        del self._named[named(entry.text)][entry.id]

    def _see(self, origin: Origin, time: str | None) -> None:
        """Take in an entry of a snapshot at a time, or of ChatGPT's own list."""
        ended = self._last.get(same(origin.text))
        if ended is not None and ended.ended:
            self._revive(ended)
            ended.marks.append(Mark("was still in memory on", time=time))
        self._keep(origin, origin.text)

    def _cite(self, origin: Origin) -> None:
        """Take in a memory that an answer cites.

        An answer may cite what was forgotten in the same chat, to say that it is: this is one more
        origin of what ended. The same id with other words is a memory that was rewritten.
        """
        ended = self._last.get(same(origin.text))
        if ended is not None and ended.by and ended.by.conversation == origin.conversation:
            ended.origins.append(origin)
            return
        self._see(origin, origin.time)
        if origin.memory_id is None:
            return
        entry = self._live[same(origin.text)]
        before = self._cited_as.get(origin.memory_id)
        self._cited_as[origin.memory_id] = entry
        self._citing[entry.id].add(origin.memory_id)
        if before is None or before is entry:
            return
        self._citing[before.id].discard(origin.memory_id)
        if not self._citing[before.id] and not before.ended:
            self._end(before, "replaced", origin)
            before.by_entry = entry.id

    def _mark_deleted(self) -> None:
        """Mark the memories whose last citation the export marks as deleted.

        What that means for the memory is not known, so it is not taken out.
        """
        for entry in self._live.values():
            cited = [origin for origin in entry.origins if origin.how == "cited"]
            if cited and cited[-1].deleted:
                entry.marks.append(Mark("is marked as deleted"))

    def _hold_against_latest(self) -> None:
        """Mark what was known before the latest snapshot and is not in it."""
        if self._latest is None:
            return
        there = {same(text) for _, text in listed(self._latest.text)}
        there.update(same(each.text) for each in self._own_list)
        until = _sortable(self._latest.time)
        for key, entry in self._live.items():
            first = min((_sortable(each.time) for each in entry.origins if each.time), default="")
            cited = [_sortable(each.time) for each in entry.origins if each.how == "cited"]
            if key not in there and first and first < until and max(cited, default="") < until:
                entry.marks.append(Mark("was not in memory on", time=self._latest.time))

    def _by_date(self, entry: MemoryEntry) -> tuple[str, str, int, str]:
        place = self._places.get(entry.id, -1)
        return (_sortable(entry.dated), _sortable(entry.known_by), place, entry.id)

    def _side_by_side(self) -> list[MemoryEntry]:
        """What counts by date, but a near-repeat after the first that it is like."""
        entries = sorted(self._live.values(), key=self._by_date)
        first = list(range(len(entries)))
        for a, b in pairs([self._words[each.id] for each in entries]):
            first[max(a, b)] = min(first[max(a, b)], a, b)
        groups: dict[int, list[MemoryEntry]] = {}
        heads: list[int] = []
        for place, entry in enumerate(entries):
            head = place if first[place] == place else heads[first[place]]
            heads.append(head)
            groups.setdefault(head, []).append(entry)
            other = entries[first[place]]
            if other is not entry and not any(mark.other == other.id for mark in entry.marks):
                entry.marks.append(Mark("may repeat", other.id))
        return [entry for group in groups.values() for entry in group]


def _sortable(time: str | None) -> str:
    return (time or "").removesuffix("Z")


def _fixed(origin: Origin) -> tuple[str, ...]:
    """An order that does not depend on the one in which conversations come."""
    return (_sortable(origin.time), origin.conversation or "", origin.saved or "", origin.text)


ALIKE = 88
"""Of 100."""
RELATED = 70
"""Of 100: enough to say that a correction may be of that text."""
NEIGHBOURS = 1_000
COMPARED = 1_000


def sorted_words(text: str) -> str:
    """The words of a text that `wording.same` gave, in order, as they are compared."""
    return " ".join(sorted(text[:COMPARED].split()))


def pairs(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The places of every two that are alike; `texts` as `sorted_words` gives them."""
    order = sorted(range(len(texts)), key=lambda place: (len(texts[place]), place))
    ranked = [texts[place] for place in order]
    for rank, text in enumerate(ranked):
        near = ranked[rank + 1 : rank + 1 + NEIGHBOURS]
        found = process.extract(text, near, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=None)
        for _, _, at in found:
            yield order[rank], order[rank + 1 + at]


def related(text: str, others: Sequence[str]) -> int | None:
    """The place of the text that is most like `text`, the first of several; None for none."""
    found = process.extractOne(text, others, scorer=fuzz.ratio, score_cutoff=RELATED)
    return None if found is None else int(found[2])
