"""Read a Markdown archive back as text."""

from __future__ import annotations

import re
from binascii import crc32
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

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
from gptexit.verification.turns import Questions, Turn, are_in_place, regions_of, turns_of
from gptexit.verification.words import Words, holds_signs

_CLOCK = re.compile(r", (\d\d):(\d\d)[ \t]*\Z")
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|(?<!\\)%%.*?(?:%%|\Z)", re.DOTALL)
"""Comments of HTML and of Obsidian, with the text that they hide."""
_MARKER = re.compile('[\ue200-\ue2ff]|【\\{"image_fetch"')
_MARKS = b"\xee"
"""The first byte, in UTF-8, of each sign of ChatGPT's markers, those from U+E200 to U+E2FF."""
_HEADING = re.compile(r"^## .*$", re.MULTILINE)
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
"""Ends of the names of files that a note shows, and does not only link to."""
SIGNATURES = re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP", re.DOTALL)
"""First bytes of those files. A recording may have a name like one of theirs."""


@dataclass
class _Note:
    """A note, and the conversation that it has to show."""

    name: str
    """Its path in the archive."""
    page: NotePage
    source: SourceConversation
    seen: ShownConversation
    turns: list[Turn] = field(default_factory=list)
    spoken: dict[int, bool] = field(default_factory=dict)
    """Headings of speakers below which a message was found; True: one of another voice than the
    message before it."""
    in_place: bool = False
    """Whether each turn is below a heading of its own, and nothing else is."""
    title: str | None = None
    """The title in its front matter, unless a person changed it."""
    ours: bool = False
    """Whether no person changed it."""
    kept: bool = False
    """Whether it may hold something of another export."""

    @cached_property
    def questions(self) -> Questions:
        """The nodes of the branch that it shows."""
        return Questions(self.source, self.seen.current)


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
                places.add(key, path.relative_to(self.archive.root).as_posix())

    def compare(self, key: str, place: list[str], source: SourceConversation) -> list[Lack]:
        """Return what the notes at some paths lack.

        Of several (the user's own and the new text beside it) the best counts.
        """
        seen = source.seen(every_branch=self.every_branch, reasoning=self.reasoning)
        verdicts = []
        foreign: list[Lack] = []
        for name in place:
            data = (self.archive.root / name).read_bytes()
            text, marked = text_of(data), _MARKS in data
            page = NotePage(text, self.look, marked=marked)
            if page.hides and self.archive.is_changed(self._promised(name)):
                # A person may hide remarks of their own, but not what was said.
                page = NotePage(_HIDDEN.sub("", text), self.look, marked=marked)
            note = _Note(name, page, source, seen)
            verdicts.append([(name, sentence) for sentence in self._lacks(note)])
            foreign += [(name, sentence) for sentence in self._foreign(note)]
        self.messages += len(seen.current) + len(seen.others)
        best = min(verdicts, key=len)
        if best and len(verdicts) > 1:  # one note may lack what the one beside it has
            lacked_by_all = set.intersection(*({what for _, what in lacks} for lacks in verdicts))
            best = [(name, what) for name, what in best if what in lacked_by_all]
        return best + foreign + self._moved(key, place)

    def _moved(self, key: str, notes: list[str]) -> list[Lack]:
        """Return a sentence if a note no longer has the name that it was given."""
        path = self.archive.keys.get(f"conversation/{key}")
        if path is None or path in notes or path in self.archive.found:
            return []
        return [(path, f"is gone; the conversation is now in {', '.join(notes)}")]

    def _promised(self, name: str) -> str:
        """Return the path at which a file was written."""
        return self.archive.origin.get(name, name)

    def _lacks(self, note: _Note) -> Iterator[str]:
        page, source, seen = note.page, note.source, note.seen
        path = self._promised(note.name)
        # A person's additions are their own, and so are the properties that they changed.
        ours = note.ours = not self.archive.is_changed(path)
        told = self.archive.about.get(path, {})
        own = told.get("own", "").split("\n")
        updated = updated_in(page.text)
        if "updated" in own or not ours:
            known = told.get("updated")
            updated = f"{known}Z" if known else updated
        later = changed_since(updated, source.raw)
        note.title = title_in(page.text[: page.begin]) if ours and "title" not in own else None
        if not later and (fault := self._untitled(note)):
            yield fault
        files: dict[str, str | None] = dict(source.generated())
        turns = note.turns = turns_of(source, seen.current, files)
        if page.hides and ours:
            yield f"part of the text does not show when you read the note: {page.hides}"
        if page.broken and ours:
            yield "a folded block is broken, so it may hide what follows"
        note.kept = later or self.others or self._keeps_more(source)
        complete = ours and not note.kept
        note.in_place = are_in_place(page, turns)
        if note.in_place:
            note.spoken = {number: not turn.leads for number, turn in enumerate(turns, 1)}
        else:
            yield from self._in_order(note, turns)
        yield from self._mistimed(note, every=complete)
        if page.may_refer or any(_refers(shown) for turn in turns for shown in turn.asked):
            for group, region in regions_of(page, turns):
                if not group[0].is_verbatim:
                    yield from self._in_region(note, group, region)
        if complete:
            yield from self._added(note)
        yield from self._aside(note, [pointer for pointer, key in files.items() if key is None])

    def _untitled(self, note: _Note) -> str | None:
        """Return a sentence if the title of a conversation is not that of its note."""
        title = essence(note.source.title or "")
        page = note.page
        opening = self.look.essence(page.written(0, 1))
        if title not in opening and self.look.find(title, page.words) < 0:
            return "the title is not in the note"
        above = title if note.title is None else self.look.essence(note.title)
        if title and page.begin and self.look.find(title, above) < 0:
            return "the heading of the note has another title"
        return None

    def _aside(self, note: _Note, unplaced: list[str]) -> Iterator[str]:
        """Look for what has no place in the order: other branches, documents and files."""
        page, seen = note.page, note.seen
        if not (seen.others or seen.anywhere or unplaced):
            return
        whole = page.region(0, page.turns)
        for shown in seen.others:
            gone, _, _ = self._missing(shown.words.segments, page, 0)
            gone = gone or self._beside(shown.words, page, whole)
            if gone is not None:
                yield _sentence(shown, gone)
            yield from self._unlinked(shown.pointers, note, whole)
        for words in seen.anywhere:
            gone, _, _ = self.look.missing(words.segments, page.words)
            gone = gone or self._beside(words, page, whole)
            if gone is not None:
                yield f"a document or report is incomplete: “{_short(gone)}”"
        yield from self._unlinked(unplaced, note, whole)

    def _in_order(self, note: _Note, turns: list[Turn]) -> Iterator[str]:
        """Look for the words of each turn behind those of the one before, and note its place."""
        page = note.page
        at = page.first
        for turn in turns:
            for number, shown in enumerate(turn.messages):
                if not shown.words.segments:
                    continue
                gone, start, at = self._found(shown, page, at, new=number == 0)
                if gone is not None:
                    yield _sentence(shown, gone, elsewhere=gone in page.words)
                    continue
                place = page.turn_at(start)
                if turn.place is None:
                    turn.place, turn.leads = place, number > 0
                above = page.above[place]
                if above is None:
                    continue
                note.spoken[above] = note.spoken.get(above, False) or number == 0
                if shown.by_user not in page.voices[place] and _has_voice(note.source, shown):
                    yield f"the message of {_when(shown)} is below the wrong name"

    def _mistimed(self, note: _Note, *, every: bool) -> Iterator[str]:
        """Compare the times in headings with those of the messages of the conversation.

        A merged conversation may show a message under the heading of one that only it has, so the
        time of any message will do. If the archive does not tell its time zone, a quarter of an
        hour counts. `every`: also of headings below which no message of the export is.
        """
        minutes = note.source.minutes(self._zone)
        if not minutes:
            return
        heard = note.page.speakers if every else [at for at, new in note.spoken.items() if new]
        for heading in map(note.page.heading, heard):
            clock = _CLOCK.search(heading)
            minute = int(clock[1]) * 60 + int(clock[2]) if clock else None
            if minute is not None and (minute if self._zone else minute % 15) not in minutes:
                yield f"a heading has a time that no message has: {heading}"

    def _keeps_more(self, source: SourceConversation) -> bool:
        """Tell whether the manifest says that a note shows messages of an earlier export."""
        key = id_of(source.raw)
        shown = self.archive.shows.get(f"conversation/{key}", "")
        marks = {mark.partition(".")[0] for mark in shown.split() if not mark.endswith(".0")}
        return not marks <= set(map(mark_of, source.nodes))

    def _added(self, note: _Note) -> Iterator[str]:
        """Find footnotes and turns in a note that the export does not have."""
        page = note.page
        if page.may_refer:
            for label in sorted(footnotes_in(page.text, page.begin) - page.definitions.keys()):
                yield f"refers to a footnote that is missing: {label}"
        include = self.archive.option("include") or ()
        if not ("hidden" in include or "tools" in include):
            yield from self._added_turns(note)

    def _foreign(self, note: _Note) -> Iterator[str]:
        """Find a word in a note that the export does not have: no note beside it excuses that.

        A note of an older export may have names and a title that the newest has otherwise.
        """
        older = self.archive.told(self._promised(note.name), "key").startswith("older")
        if older or not note.ours or note.kept or self.archive.redacted:
            return
        page, source = note.page, note.source
        written = [note.title or "", page.written(0, 1 if note.in_place else page.turns)]
        near, asked = list[str](), list(note.seen.others)
        for number, turn in enumerate(note.turns, 1):
            asked += turn.asked
            if turn.left is not None:
                near.append(turn.left[0])
                written += [page.heading(number), turn.left[1]]
            elif note.in_place:
                written.append(page.written(number, number + 1))
        near += source.texts(shown.id for shown in asked)
        text = "\n".join(written)
        for word in islice(source.vocabulary.lacks(text, near, self._own_words), 1):
            yield f"holds a word that the export does not have: {word}"

    def _added_turns(self, note: _Note) -> Iterator[str]:
        page, seen = note.page, note.seen
        silent = [number for number in page.speakers if number not in note.spoken]
        if not silent:
            return
        # Documents, and messages without text of their own, have no place in the order.
        wordless = [shown.words for shown in seen.current if not shown.words.segments]
        beside = [words.segments[0] for words in seen.anywhere if words.segments]
        beside += [phrase for words in wordless for phrase in words.phrases]
        # A message of an unknown form may have a turn of its own.
        unknown = sum(bool(words.unknown) for words in wordless)
        for number in silent:
            turn = page.turn_of(number)
            if not page.says(turn) or any(words in turn.words for words in beside):
                continue
            unknown -= 1
            if unknown < 0:
                yield f"holds a message that the export does not have: {page.heading(number)}"

    def _found(
        self, shown: ShownMessage, page: NotePage, at: int, *, new: bool
    ) -> tuple[str | None, int, int]:
        """Look for the words of a message: return the first lost ones, and their begin and end.

        `new`: whether another voice begins, below a heading of its own.
        """
        gone = None
        for start in [page.next_turn(at), at] if new else [at]:
            if start is None:
                continue
            gone, begin, end = self._missing(shown.words.segments, page, start)
            if gone is None:
                return None, max(begin, start), end
        return gone, at, at

    def _missing(self, segments: list[str], page: NotePage, at: int) -> tuple[str | None, int, int]:
        before = self.look.marks
        found = self.look.missing(segments, page.words, at)
        self.redacted += self.look.marks > before
        return found

    def _in_region(self, note: _Note, turns: list[Turn], region: PageRegion) -> Iterator[str]:
        """Compare turns with the region of the note that they are in."""
        messages = [shown for turn in turns for shown in turn.messages]
        for shown in (shown for turn in turns for shown in turn.asked):
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
        sources = region.sources
        # Nearly all addresses are given by the messages of the region themselves.
        nodes = [shown.id for shown in messages] if sources else []
        nodes += note.questions.around(messages) if sources else []
        nodes += [shown.id for shown in note.seen.others]
        for key, address in sources:
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
        held = region.addresses
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
        linked = self._digests(note.name, region.text)
        for pointer, digest in wanted.items():
            name = self._name_of(pointer, digest)
            if digest in linked:
                embedded = self._digests(note.name, note.page.embeds(region.text))
                if digest not in embedded and self._is_picture(digest):
                    yield f"the picture {name} is not shown, only linked to"
            elif digest in self._digests(note.name, note.page.text):
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

    def _digests(self, name: str, text: str) -> set[str]:
        """Return the SHA-256 of the files that a text in the note at a path links to."""
        archive, note, digests = self.archive, self._promised(name), set[str]()
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


def text_of(data: bytes) -> str:
    """Return the text of a note, with line ends of one kind."""
    text = data.removeprefix(BOM_UTF8).decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _has_voice(source: SourceConversation, shown: ShownMessage) -> bool:
    """Tell whether a message is the user's or the assistant's, and has to be below that name."""
    return source.role(shown.id) in ("user", "assistant")


def _refers(shown: ShownMessage) -> bool:
    """Tell whether a message shows anything beside the words of its texts."""
    return bool(shown.pointers or shown.words.phrases or shown.words.addresses)


def _sentence(shown: ShownMessage, gone: str, *, elsewhere: bool = False) -> str:
    name = f"the message of {_when(shown)}" if shown.when else f"message {shown.id}"
    what = "is in another place" if elsewhere else "is incomplete"
    return f"{name} {what}: “{_short(gone)}”"


def _when(shown: ShownMessage | None) -> str:
    return f"{shown.when if shown and shown.when else 'an unknown date'} (UTC)"


def _short(words: str) -> str:
    return words if len(words) <= 40 else words[:40] + "…"
