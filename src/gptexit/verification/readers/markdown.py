"""Read a Markdown archive back as text."""

from __future__ import annotations

import re
from binascii import crc32
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path

from gptexit.verification.archive_files import notes_in
from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.compare_text import essence
from gptexit.verification.conversation import SourceConversation
from gptexit.verification.expected import ShownConversation, ShownMessage
from gptexit.verification.export_files import Locator
from gptexit.verification.index import Groups, WordSet
from gptexit.verification.page import (
    NotePage,
    PageRegion,
    footnotes_in,
    id_in,
    paths_in,
    title_in,
    updated_in,
)
from gptexit.verification.raw import changed_since, id_of
from gptexit.verification.readers import Lack, Reader
from gptexit.verification.words import Words, holds_signs

_CLOCK = re.compile(r", (\d\d):(\d\d)[ \t]*\Z")
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|(?<!\\)%%.*?(?:%%|\Z)", re.DOTALL)
"""Comments of HTML and of Obsidian, with the text that they hide."""
_MARKER = re.compile('[\ue200-\ue2ff]|【\\{"image_fetch"')
_HEADING = re.compile(r"^## .*$", re.MULTILINE)
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
"""Ends of the names of files that a note shows, and does not only link to."""
SIGNATURES = re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP", re.DOTALL)
"""First bytes of those files. A recording may have a name like one of theirs."""


@dataclass(slots=True)
class _Turn:
    """Consecutive messages of one voice, and their place in a note."""

    messages: list[ShownMessage]
    nodes: list[str]
    """All nodes of the branch from the user's message on, up to the next one."""
    leads: bool = False
    """Whether a message without words, such as a picture, comes before the first with words."""
    place: int | None = None
    """The heading above its first words; None if no words of it are found."""


@dataclass(slots=True)
class _Note:
    """A note, and the conversation that it has to show."""

    path: Path
    page: NotePage
    source: SourceConversation
    seen: ShownConversation
    spoken: set[int | None] = field(default_factory=set)
    """Headings of speakers below which a message was found."""
    title: str | None = None
    """The title in its front matter, unless a person changed it."""
    kept: bool = False
    """Whether it may hold something of another export."""


class MarkdownReader(Reader):
    """Reads notes; keeps the paths of those of each conversation."""

    def __init__(self, archive: CheckedArchive, locate: Locator) -> None:
        super().__init__(archive, locate)
        self.every_branch = archive.option("branches") == "all"
        include = archive.option("include")
        self.reasoning = "reasoning" in include if isinstance(include, list) else True
        zone = archive.option("timezone")
        self._zone = zone if isinstance(zone, str) else None
        self._own_words = self.listed("words", WordSet, self.words_of_names)
        self.places = self.listed("places", Groups[str], self._list)

    def _list(self, places: Groups[str]) -> None:
        """Note the paths of the notes of each conversation."""
        for path in notes_in(self.archive.root):
            key = id_in(path)
            if key is not None:
                places.add(key, str(path))

    def compare(self, key: str, place: list[str], source: SourceConversation) -> list[Lack]:
        """Return what the notes at some paths lack.

        Of several (the user's own and the new text beside it) the best counts.
        """
        seen = source.seen(every_branch=self.every_branch, reasoning=self.reasoning)
        verdicts = []
        for path in map(Path, place):
            text = path.read_text(encoding="utf-8-sig", errors="replace")
            page = NotePage(text, self.look)
            if page.hides and self.archive.is_changed(self._promised(path)):
                # A person may hide remarks of their own, but not what was said.
                page = NotePage(_HIDDEN.sub("", text), self.look)
            lacks = self._lacks(_Note(path, page, source, seen))
            verdicts.append([(self._relative(path), sentence) for sentence in lacks])
        self.messages += len(seen.current) + len(seen.others)
        best = min(verdicts, key=len)
        if best and len(verdicts) > 1:  # one note may lack what the one beside it has
            lacked_by_all = set.intersection(*({what for _, what in lacks} for lacks in verdicts))
            best = [(name, what) for name, what in best if what in lacked_by_all]
        return best + self._moved(key, [Path(path) for path in place])

    def _moved(self, key: str, notes: list[Path]) -> list[Lack]:
        """Return a sentence if a note no longer has the name that it was given."""
        path = self.archive.keys.get(f"conversation/{key}")
        if path is None or path in self.archive.found:
            return []
        now = ", ".join(map(self._relative, notes))
        return [(path, f"is gone; the conversation is now in {now}")]

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.archive.root).as_posix()

    def _promised(self, path: Path) -> str:
        """Return the path at which a file was written."""
        now = self._relative(path)
        return self.archive.origin.get(now, now)

    def _lacks(self, note: _Note) -> Iterator[str]:
        page, source, seen = note.page, note.source, note.seen
        title = essence(source.title or "")
        path = self._promised(note.path)
        # A person's additions are their own, and so are the properties that they changed.
        ours = not self.archive.is_changed(path)
        own = self.archive.told(path, "own").split("\n")
        updated = updated_in(page.text)
        if "updated" in own or not ours:
            known = self.archive.told(path, "updated")
            updated = f"{known}Z" if known else updated
        later = changed_since(updated, source.raw)
        note.title = title_in(page.text[: page.begin]) if ours and "title" not in own else None
        above = title if note.title is None else self.look.essence(note.title)
        if title and not later and self.look.find(title, page.words) < 0:
            yield "the title is not in the note"
        elif title and not later and page.begin and self.look.find(title, above) < 0:
            yield "the heading of the note has another title"
        files: dict[str, str | None] = dict(source.generated())
        turns = _turns(source, seen.current, files)
        if page.hides and ours:
            yield f"part of the text does not show when you read the note: {page.hides}"
        if page.broken and ours:
            yield "a folded block is broken, so it may hide what follows"
        note.kept = later or self.several or self._keeps_more(source)
        yield from self._in_order(note, turns)
        for group, region in _regions(page, turns):
            yield from self._in_region(note, group, region)
        whole = page.region(0, page.turns)
        if ours and not note.kept:
            yield from self._added(note)
        for shown in seen.others:
            gone, _ = self._missing(shown.words.segments, page, 0)
            gone = gone or self._beside(shown.words, page, whole)
            if gone is not None:
                yield _sentence(shown, gone)
            yield from self._unlinked(shown.pointers, note, whole)
        for words in seen.anywhere:
            gone, _ = self.look.missing(words.segments, page.words)
            gone = gone or self._beside(words, page, whole)
            if gone is not None:
                yield f"a document or report is incomplete: “{_short(gone)}”"
        unplaced = [pointer for pointer, key in files.items() if key is None]
        yield from self._unlinked(unplaced, note, whole)

    def _in_order(self, note: _Note, turns: list[_Turn]) -> Iterator[str]:
        """Look for the words of each turn behind those of the one before, and note its place."""
        page = note.page
        at = page.first
        for turn in turns:
            for number, shown in enumerate(turn.messages):
                gone, start, at = self._found(shown, page, at, new=number == 0)
                if gone is not None:
                    yield _sentence(shown, gone, elsewhere=gone in page.words)
                elif start is not None:
                    place = page.turn_at(start)
                    if turn.place is None:
                        turn.place, turn.leads = place, number > 0
                    above = page.speaker(place)
                    note.spoken.add(above)
                    if above is None:
                        continue
                    if number == 0:
                        yield from self._timed(page.heading(above), note.source)
                    if not any(_agrees(note.source, shown, user) for user in page.voices(place)):
                        when = _when(shown)
                        yield f"the message of {when} is below the wrong name"

    def _timed(self, heading: str, source: SourceConversation) -> Iterator[str]:
        """Compare the time in a heading with those of the messages of the conversation.

        A merged conversation may show a message under the heading of one that only it has, so the
        time of any message will do. If the archive does not tell its time zone, a quarter of an
        hour counts.
        """
        clock = _CLOCK.search(heading)
        if not clock:
            return
        minutes = source.minutes(self._zone)
        minute = int(clock[1]) * 60 + int(clock[2])
        if minutes and (minute if self._zone else minute % 15) not in minutes:
            yield f"a heading has a time that no message has: {heading}"

    def _keeps_more(self, source: SourceConversation) -> bool:
        """Tell whether the manifest says that a note shows messages of an earlier export."""
        key = id_of(source.raw)
        shown = self.archive.shows.get(f"conversation/{key}", "")
        marks = {mark.partition(".")[0] for mark in shown.split() if not mark.endswith(".0")}
        return not marks <= set(map(mark_of, source.nodes))

    def _added(self, note: _Note) -> Iterator[str]:
        """Find footnotes, times, turns and words in a note that the export does not have."""
        page, source = note.page, note.source
        for label in sorted(footnotes_in(page.text, page.begin) - page.definitions.keys()):
            yield f"refers to a footnote that is missing: {label}"
        for number in page.speakers:
            yield from self._timed(page.heading(number), source)
        include = self.archive.option("include") or ()
        if not ("hidden" in include or "tools" in include):
            yield from self._added_turns(note)
        if self.archive.redacted:
            return
        text = (note.title or "") + "\n" + page.text[page.begin :]
        near = source.texts(note.seen.ids())
        for word in islice(source.vocabulary.lacks(text, near, self._own_words), 1):
            yield f"holds a word that the export does not have: {word}"

    def _added_turns(self, note: _Note) -> Iterator[str]:
        page, seen = note.page, note.seen
        # Documents, and messages without text of their own, have no place in the order.
        wordless = [shown.words for shown in seen.current if not shown.words.segments]
        beside = [words.segments[0] for words in seen.anywhere if words.segments]
        beside += [phrase for words in wordless for phrase in words.phrases]
        # A message of an unknown form may have a turn of its own.
        unknown = sum(bool(words.unknown) for words in wordless)
        for number in page.speakers:
            if number in note.spoken:
                continue
            turn = page.turn_of(number)
            if not page.says(turn) or any(words in turn.words for words in beside):
                continue
            unknown -= 1
            if unknown < 0:
                yield f"holds a message that the export does not have: {page.heading(number)}"

    def _found(
        self, shown: ShownMessage, page: NotePage, at: int, *, new: bool
    ) -> tuple[str | None, int | None, int]:
        """Look for the words of a message: return the first lost ones, and their begin and end.

        `new`: whether another voice begins, below a heading of its own.
        """
        segments = shown.words.segments
        if not segments:
            return None, None, at
        for start in [page.next_turn(at), at] if new else [at]:
            if start is None:
                continue
            gone, end = self._missing(segments, page, start)
            if gone is None:
                begin = self.look.find(segments[0], page.words, start) - len(segments[0])
                return None, max(begin, start), end
        return gone, None, at

    def _missing(self, segments: list[str], page: NotePage, at: int) -> tuple[str | None, int]:
        before = self.look.marks
        found = self.look.missing(segments, page.words, at)
        self.redacted += self.look.marks > before
        return found

    def _in_region(self, note: _Note, turns: list[_Turn], region: PageRegion) -> Iterator[str]:
        """Compare turns with the region of the note that they are in."""
        messages = [shown for turn in turns for shown in turn.messages]
        for shown in messages:
            gone = self._beside(shown.words, note.page, region)
            if gone is not None:
                yield _sentence(shown, gone)
            yield from self._unlinked(shown.pointers, note, region)
        if holds_signs(region.text) and not any(shown.by_user for shown in messages):
            left = _MARKER.search(region.text) and _MARKER.search(_HEADING.sub("", region.text))
            if left:
                sign = ascii(left[0])[1:-1]
                yield f"a code of ChatGPT is left where something was shown: {sign}"
        if "[redacted: " in region.text:
            return
        nodes = [node for turn in turns for node in turn.nodes]
        nodes += [shown.id for shown in note.seen.others]
        for key, address in note.page.sources(region.text):
            if key.startswith(("httpschatgptcom", "httpchatgptcom")):
                continue
            if note.kept and not note.source.leads(key):
                continue
            if not any(note.source.given(node).has(key) for node in nodes):
                dated = next((shown for shown in messages[::-1] if shown.when), None)
                yield (
                    f"the answer of {_when(dated)} links to an address that its sources do not "
                    f"have: {address}"
                )

    def _beside(self, words: Words, page: NotePage, region: PageRegion) -> str | None:
        """Return the first phrase or source of a text that a region lacks, if there is one."""
        for phrase in words.phrases:
            if self.look.find(phrase, region.words) < 0 and not any(
                phrase in essence(note) for note in page.named(region.text)
            ):
                return phrase
        if not words.addresses or "[redacted: " in region.text:
            return None
        held = page.addresses(region.text)
        for keys in words.addresses:
            # An address may go on in the text without a break: "https://x.org，and".
            if held.isdisjoint(keys) and not any(address.startswith(keys) for address in held):
                return f"the source {keys[0]}"
        return None

    def _unlinked(self, pointers: list[str], note: _Note, region: PageRegion) -> Iterator[str]:
        """Yield a sentence for each file that no link of a region leads to."""
        wanted = {pointer: digest for pointer in pointers if (digest := self.locate(pointer))}
        if not wanted:
            return
        linked = self._digests(note.path, region.text)
        for pointer, digest in wanted.items():
            name = self._name_of(pointer, digest)
            if digest in linked:
                embedded = self._digests(note.path, note.page.embeds(region.text))
                if digest not in embedded and self._is_picture(digest):
                    yield f"the picture {name} is not shown, only linked to"
            elif digest in self._digests(note.path, note.page.text):
                yield f"the file {name} is shown in another place than in ChatGPT"
            else:
                yield f"no link leads to the file {name}"

    def _is_picture(self, digest: str) -> bool:
        """Tell whether a file of the archive is a picture, by all its names and its first bytes."""
        paths = self.archive.held.get(digest) or []
        if not paths or not all(path.lower().endswith(_PICTURES) for path in paths):
            return False
        with self.archive.place(paths[0]).open("rb") as stream:
            return bool(SIGNATURES.match(stream.read(12)))

    def _digests(self, path: Path, text: str) -> set[str]:
        """Return the SHA-256 of the files that a text in the note at `path` links to."""
        archive, note, digests = self.archive, self._promised(path), set[str]()
        for target in paths_in(text):
            if file := archive.linked(note, target):
                digests |= {archive.found[file], archive.unmarked.get(file, "")}
        return digests

    def _name_of(self, pointer: str, digest: str) -> str:
        """Return where the archive has a file of the export; else its pointer."""
        path = self.archive.held.first(digest)
        return pointer if path is None else self.archive.moved.get(path, path)


def mark_of(message: str) -> str:
    """Return the checksum of a message's id, as the manifest has it."""
    return f"{crc32(message.encode('utf-8', 'replace')):x}"


def _agrees(source: SourceConversation, shown: ShownMessage, users: bool | None) -> bool:
    """Tell whether a message may be below the user's name, or below another one."""
    return source.role(shown.id) not in ("user", "assistant") or shown.by_user == users


def _turns(
    source: SourceConversation, current: list[ShownMessage], files: dict[str, str | None]
) -> list[_Turn]:
    """Return the messages of the branch by voice, with the files that the library says they show.

    `files`: the message of each file, if it is known.
    """
    by_id = {shown.id: shown for shown in current}
    begun: dict[str, int] = {}
    by_number: dict[int, list[str]] = {}
    number = 0
    for key in source.path:
        number += key in by_id and by_id[key].by_user
        begun[key] = number
        by_number.setdefault(number, []).append(key)
    pointers: dict[str, list[str]] = {}
    for pointer, shower in files.items():
        if shower in begun:
            pointers.setdefault(str(shower), []).append(pointer)
    listed = [
        by_id.get(key) or ShownMessage(key, None, False, Words())
        for key in source.path
        if key in by_id or key in pointers
    ]
    for shown in listed:
        shown.pointers = list(dict.fromkeys([*shown.pointers, *pointers.get(shown.id, ())]))
    turns = []
    for _, group in groupby(listed, key=lambda shown: shown.by_user):
        messages = list(group)
        numbers = dict.fromkeys(begun[shown.id] for shown in messages)
        turns.append(_Turn(messages, [key for number in numbers for key in by_number[number]]))
    return turns


def _regions(page: NotePage, turns: list[_Turn]) -> Iterator[tuple[list[_Turn], PageRegion]]:
    """Yield turns with the part of the note that they are in.

    A turn without words, such as a picture, is between the one before it and the one behind.
    """
    groups: list[list[_Turn]] = []
    for turn in turns:
        if groups and turn.place in (None, groups[-1][0].place):
            groups[-1].append(turn)
        else:
            groups.append([turn])
    for number, group in enumerate(groups):
        first = group[0].place or 0
        if group[0].leads:  # what comes before its words may have a heading of its own
            first = (groups[number - 1][0].place or 0) + 1 if number else 0
        behind = groups[number + 1][0].place if number + 1 < len(groups) else None
        yield group, page.region(first, page.turns if behind is None else behind)


def _sentence(shown: ShownMessage, gone: str, *, elsewhere: bool = False) -> str:
    name = f"the message of {_when(shown)}" if shown.when else f"message {shown.id}"
    what = "is in another place" if elsewhere else "is incomplete"
    return f"{name} {what}: “{_short(gone)}”"


def _when(shown: ShownMessage | None) -> str:
    return f"{shown.when if shown and shown.when else 'an unknown date'} (UTC)"


def _short(words: str) -> str:
    return words if len(words) <= 40 else words[:40] + "…"
