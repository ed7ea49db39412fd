"""Resolves notes in the order of time: repeats are joined, memories that were revoked end.

Only what is certain is applied. A note ends an earlier memory if it names exactly one: if one of
the texts that it may mean (see `extract.asked`) is, but for case, white space, punctuation and
`that` or `the` in front, equal to a memory that still counts, and none is equal to another one.
Else both stay, and the memory that is most like the note is marked. A memory that ended counts
again if a later snapshot, ChatGPT's own list or an answer in a later chat has it: ChatGPT still had
it. Of a memory that answers cite by one id in several wordings, the last wording counts.
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
"""The namespace of the ids of entries."""

_DOUBTS: dict[str, tuple[Relation, Relation, Relation | None]] = {
    "forget": ("may forget", "may be forgotten by", "asks to forget"),
    "correct": ("may replace", "may be replaced by", "corrects something"),
    "deny": ("may replace", "may be replaced by", None),
}
"""Marks for a note, for the memory that it may mean, and for a note without such a memory."""
ALIKE = 88
"""Of 100: the likeness of texts that may repeat each other."""
RELATED = 70
"""Of 100: the likeness of a note and the memory that it may mean."""
NEIGHBOURS = 1_000
"""Texts that one is compared with: those next in length, or the newest."""
COMPARED = 1_000
"""Characters of a text that are compared."""


class MemoryResolver:
    """Makes one `Memory` of notes, snapshots, citations and ChatGPT's own list. Use it once."""

    def __init__(self) -> None:
        self._all: list[MemoryEntry] = []
        self._live: dict[str, MemoryEntry] = {}
        """Entries that count, by `same(text)`."""
        self._named: dict[str, dict[str, MemoryEntry]] = defaultdict(dict)
        """Entries that count, by `named(text)`, and then by id."""
        self._last: dict[str, MemoryEntry] = {}
        """The last entry of each text that counts or did, by `same(text)`."""
        self._lives: Counter[str] = Counter()
        """Entries that each text has had, by `same(text)`."""
        self._words: dict[str, str] = {}
        """The `sorted_words` of each entry, by its id."""
        self._places: dict[str, int] = {}
        """Positions of entries in ChatGPT's own list, by their id."""
        self._placed: set[tuple[str, int]] = set()
        """Ids of entries, each with the `id` of an origin that it has."""
        self._cited_as: dict[str, MemoryEntry] = {}
        """The last wording of a memory that answers cite, by ChatGPT's own id of it."""
        self._citing: dict[str, set[str]] = defaultdict(set)
        """ChatGPT's own ids of the memories with the wording of an entry, by the entry's id."""

    def memory(
        self,
        notes: Sequence[Origin],
        seen: Sequence[Origin],
        latest: Origin | None,
        own_list: Sequence[Origin],
        cited: Sequence[Origin],
    ) -> Memory:
        """Resolve all sources of a memory. Call this once.

        `seen`: entries of snapshots, each with the time of its first and its last (`until`).
        `latest`: the latest snapshot. `cited`: memories that answers cite.
        """
        times = [
            (time, origin)
            for origin in sorted(seen, key=_fixed)
            for time in dict.fromkeys((origin.time, origin.until))
        ]
        times += [(origin.time, origin) for origin in (*notes, *cited)]
        # At one time, a snapshot is before a note, since a conversation begins with it, and a
        # citation behind it, since an answer has it. Sorting keeps this order.
        for time, origin in sorted(times, key=lambda event: sortable(event[0])):
            if origin.how == "written":
                self._note(origin)
            elif origin.how == "cited":
                self._cite(origin)
            else:
                self._see(origin, time)
        for place, origin in enumerate(own_list):
            self._see(origin, None)
            self._places.setdefault(self._last[same(origin.text)].id, place)
        self._mark_missing(latest, own_list)
        return Memory(
            entries=self._side_by_side(),
            ended=sorted((entry for entry in self._all if entry.ended), key=self._by_date),
            snapshot=latest,
            listed=len(own_list),
        )

    def _note(self, origin: Origin) -> None:
        """Do what a note asks, if that is certain; else keep the note."""
        wish = asked(origin.text)
        found = self._meant(wish) if wish else []
        if wish and len({named(entry.text) for entry, _ in found}) == 1:
            new = found[0][1]
            for entry, _ in found:
                self._end(entry, "replaced" if new else "forgotten", origin)
            heir = self._keep(origin, new) if new else None
            for entry, _ in found:
                entry.by_entry = heir.id if heir else None
        elif wish and wish.what in _DOUBTS:
            self._doubt(wish, origin)
        else:
            self._keep(origin, origin.text)

    def _meant(self, wish: Asked) -> list[tuple[MemoryEntry, str]]:
        """Find the memories that count and are named, each with the words that replace it."""
        found: dict[str, tuple[MemoryEntry, str]] = {}
        for old, new in wish.pairs:
            for entry in self._named.get(named(old), {}).values():
                found.setdefault(entry.id, (entry, new))
        return list(found.values())

    def _doubt(self, wish: Asked, origin: Origin) -> None:
        """Keep a note, and mark it and the memory that is most like it."""
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
        """Return the memory most like `text`, among a bounded number of the newest that count."""
        live = list(islice(reversed(self._live.values()), NEIGHBOURS))
        words = [self._words[entry.id] for entry in live]
        found = process.extractOne(
            _sorted_words(same(text)), words, scorer=fuzz.ratio, score_cutoff=RELATED
        )
        return None if found is None else live[found[2]]

    def _keep(self, origin: Origin, text: str) -> MemoryEntry:
        """Return the entry with this text, with one origin more; a new one if there is none."""
        key = same(text)
        entry = self._live.get(key)
        if entry is None:
            self._lives[key] += 1
            entry = MemoryEntry(str(uuid.uuid5(_SPACE, f"{key}\n{self._lives[key]}")), text, [])
            self._words[entry.id] = _sorted_words(key)
            self._all.append(entry)
            self._revive(entry)
        if (entry.id, id(origin)) not in self._placed:
            self._placed.add((entry.id, id(origin)))
            entry.origins.append(origin)
        return entry

    def _revive(self, entry: MemoryEntry) -> None:
        """Let an entry count, for the first time or again."""
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
        """Keep an entry of a snapshot of a time, or of ChatGPT's own list; it counts again."""
        ended = self._last.get(same(origin.text))
        if ended is not None and ended.ended:
            self._revive(ended)
            ended.marks.append(Mark("was still in memory on", time=time))
        self._keep(origin, origin.text)

    def _cite(self, origin: Origin) -> None:
        """Keep a memory that an answer cites.

        An answer may cite a memory to say that it was forgotten in the same chat: it stays ended,
        with one origin more. The same id with other words is a memory that was rewritten.
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

    def _mark_missing(self, latest: Origin | None, own_list: Sequence[Origin]) -> None:
        """Mark memories that are older than the latest snapshot and not in it; and those whose last
        citation is marked as deleted. The meaning of that is not known, so they stay."""
        present = {same(text) for _, text in listed(latest.text)} if latest else set()
        present.update(same(origin.text) for origin in own_list)
        until = sortable(latest.time) if latest else ""
        for key, entry in self._live.items():
            times = [sortable(origin.time) for origin in entry.origins if origin.time]
            first = min(times, default="")
            cited = [origin for origin in entry.origins if origin.how == "cited"]
            last = max((sortable(origin.time) for origin in cited), default="")
            if latest and key not in present and first and max(first, last) < until:
                entry.marks.append(Mark("was not in memory on", time=latest.time))
            if cited and cited[-1].deleted:
                entry.marks.append(Mark("is marked as deleted"))

    def _by_date(self, entry: MemoryEntry) -> tuple[str, str, int, str]:
        place = self._places.get(entry.id, -1)
        return (sortable(entry.dated), sortable(entry.known_by), place, entry.id)

    def _side_by_side(self) -> list[MemoryEntry]:
        """Sort what counts by date, but a near-repeat behind the first that it is like."""
        entries = sorted(self._live.values(), key=self._by_date)
        first = list(range(len(entries)))
        for a, b in _alike([self._words[entry.id] for entry in entries]):
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


def sortable(time: str | None) -> str:
    """Return a time without its `Z`, so that half a second more sorts later."""
    return (time or "").removesuffix("Z")


def _fixed(origin: Origin) -> tuple[str, ...]:
    """Return a key for an order that does not depend on the order of conversations."""
    return (sortable(origin.time), origin.conversation or "", origin.saved or "", origin.text)


def _sorted_words(text: str) -> str:
    """Sort the words of a text that `same` returned, since likeness ignores their order."""
    return " ".join(sorted(text[:COMPARED].split()))


def _alike(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the positions of every two texts that are alike, after `_sorted_words`."""
    order = sorted(range(len(texts)), key=lambda place: (len(texts[place]), place))
    ranked = [texts[place] for place in order]
    for rank, text in enumerate(ranked):
        near = ranked[rank + 1 : rank + 1 + NEIGHBOURS]
        found = process.extract(text, near, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=None)
        for _, _, at in found:
            yield order[rank], order[rank + 1 + at]
