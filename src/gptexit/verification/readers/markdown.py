"""A Markdown archive, read back as text."""

from __future__ import annotations

import re
from binascii import crc32
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path

from gptexit.verification.archive_files import CheckedArchive, Locator, notes_in
from gptexit.verification.compare_text import essence, missing
from gptexit.verification.expected import ShownConversation, ShownMessage
from gptexit.verification.foreign import foreign
from gptexit.verification.moments import changed_since
from gptexit.verification.page import NotePage, PageRegion, id_in, paths_in, title_in, updated_in
from gptexit.verification.parts import footnotes_in
from gptexit.verification.raw import id_of
from gptexit.verification.readers.base import Reader
from gptexit.verification.redacted_text import TextFinder
from gptexit.verification.told import Told
from gptexit.verification.words import Words

_CLOCK = re.compile(r", (\d\d):(\d\d)[ \t]*\Z")
_MARKER = re.compile('[\ue200-\ue2ff]|【\\{"image_fetch"')
_HEADING = re.compile(r"^## .*$", re.MULTILINE)


@dataclass(slots=True)
class _Turn:
    """Messages of one voice, one behind the other, and where they stand in a note."""

    messages: list[ShownMessage]
    nodes: list[str] = field(default_factory=list)
    """All nodes of the branch from the user's message on, up to the next one."""
    leads: bool = False
    """True where a message without words, such as a picture, comes before the first with words."""
    place: int | None = None
    """The heading above its first words; None where it has none that are found."""


class MarkdownReader(Reader):
    """The notes of an archive by the conversation that they are of."""

    def __init__(self, archive: CheckedArchive, locate: Locator) -> None:
        super().__init__()
        self._archive = archive
        self._look = TextFinder(archive.redacted)
        self._locate = locate
        self._every_branch = archive.option("branches") == "all"
        include = archive.option("include")
        self._reasoning = "reasoning" in include if isinstance(include, list) else True
        self._by_id: dict[str, list[Path]] = {}
        self._by_digest: dict[str, list[str]] = {}
        for path in notes_in(archive.root):
            key = id_in(path)
            if key is not None:
                self._by_id.setdefault(key, []).append(path)

    def ids(self) -> Set[str]:
        """The conversations that there are notes of."""
        return self._by_id.keys()

    def expects(self, told: Told) -> ShownConversation:
        """What of a conversation has to be in its note."""
        return told.seen(every_branch=self._every_branch, reasoning=self._reasoning)

    def check(self, key: str, told: Told) -> list[tuple[str, str]] | None:
        """File and sentence for each thing of the conversation that its note lacks.

        None where there is no note. Of several with one id (the user's own and the new text
        beside it) the best counts.
        """
        seen = self.expects(told)
        verdicts = [
            [(self._shown(path), sentence) for sentence in self._check(path, told, seen)]
            for path in self._by_id.get(key, ())
        ]
        if not verdicts:
            return None
        self.messages += len(seen.current) + len(seen.others)
        best = min(verdicts, key=len)
        if best and len(verdicts) > 1:  # what one note lacks may be in the one beside it
            lacked_by_all = set.intersection(*({what for _, what in lacks} for lacks in verdicts))
            best = [(name, what) for name, what in best if what in lacked_by_all]
        return best + self._moved(key)

    def _moved(self, key: str) -> list[tuple[str, str]]:
        """Where a note no longer has the name that it was given."""
        path = self._archive.keys.get(f"conversation/{key}")
        if path is None or path in self._archive.found:
            return []
        now = ", ".join(self._shown(each) for each in self._by_id[key])
        return [(path, f"is gone; the conversation is now in {now}")]

    def _shown(self, path: Path) -> str:
        return path.relative_to(self._archive.root).as_posix()

    def _check(self, path: Path, told: Told, seen: ShownConversation) -> list[str]:
        page = NotePage(path.read_text(encoding="utf-8", errors="replace"), self._look)
        return list(self._lacks(path, page, told, seen))

    def _lacks(
        self, path: Path, page: NotePage, told: Told, seen: ShownConversation
    ) -> Iterator[str]:
        title = essence(told.title or "")
        later = changed_since(updated_in(page.text), told.raw)
        above = self._look.essence(title_in(page.text[: page.begin]))
        if title and not later and self._look.find(title, page.words, 0) < 0:
            yield "the title is not in the note"
        elif title and not later and page.begin and self._look.find(title, above, 0) < 0:
            yield "the title is another above the note"
        files: dict[str, str | None] = dict(told.generated())
        turns = _turns(told, seen.current, files)
        spoken: set[int | None] = set()
        # What a person added is their own; that nothing else was changed, the lines tell.
        ours = not self._archive.is_changed(self._shown(path))
        if page.hides and ours:
            yield f"a sign hides text from who reads the note: {page.hides}"
        yield from self._in_order(page, told, turns, spoken)
        for group, region in _regions(page, turns):
            yield from self._in_region(path, page, told, group, region, seen)
        whole = page.region(0, page.turns)
        if ours and not (later or self._archive.record.get("several") or self._keeps_more(told)):
            yield from self._added(page, told, seen, spoken)
        for said in seen.others:
            gone, _ = self._missing(said, said.words.segments, page, 0)
            gone = gone or self._beside(said.words, page, whole)
            if gone is not None:
                yield _sentence(said, gone, elsewhere=False)
            yield from self._unlinked(said.pointers, path, whole, page)
        for words in seen.anywhere:
            gone, _ = missing(words.segments, page.words, 0, self._look.find)
            gone = gone or self._beside(words, page, whole)
            if gone is not None:
                yield f"a document or report is not there in full: “{_short(gone)}”"
        unplaced = [pointer for pointer, key in files.items() if key is None]
        yield from self._unlinked(unplaced, path, whole, page)

    def _in_order(
        self, page: NotePage, told: Told, turns: list[_Turn], spoken: set[int | None]
    ) -> Iterator[str]:
        """Look for the words of each turn behind those of the one before.

        Notes in each turn where it stands, and in `spoken` the headings of speakers below which a
        message was found.
        """
        at = page.first
        for turn in turns:
            for number, said in enumerate(turn.messages):
                gone, start, at = self._found(said, page, at, new=number == 0)
                if gone is not None:
                    yield _sentence(said, gone, elsewhere=gone in page.words)
                elif start is not None:
                    place = page.turn_at(start)
                    if turn.place is None:
                        turn.place, turn.leads = place, number > 0
                    above = page.speaker(place)
                    spoken.add(above)
                    if above is not None and number == 0:
                        yield from self._timed(page.heading(above), told)
                    if above is not None and not _agrees(told, said, page.is_users(above)):
                        when = said.when or "an unknown date"
                        yield f"the message of {when} (UTC) stands below another name than its own"

    def _timed(self, heading: str, told: Told) -> Iterator[str]:
        """Hold the time in a heading against those of the conversation's messages.

        A merged conversation may show a message under the heading of one that only it has, so the
        time of any message will do. Which zone it is in is known where the archive says so; else a
        quarter of an hour counts.
        """
        shown = _CLOCK.search(heading)
        if not shown:
            return
        name = self._archive.option("timezone")
        minutes = told.minutes(name if isinstance(name, str) else None)
        there = int(shown[1]) * 60 + int(shown[2])
        if minutes and (there if name else there % 15) not in minutes:
            yield f"a heading tells a time that no message has: {heading}"

    def _keeps_more(self, told: Told) -> bool:
        """Tell whether the manifest says that a note shows messages of an earlier export."""
        key = id_of(told.raw)
        shown = self._archive.shows.get(f"conversation/{key}", "")
        marks = {mark.partition(".")[0] for mark in shown.split() if not mark.endswith(".0")}
        own = {f"{crc32(name.encode('utf-8', 'replace')):x}" for name in told.nodes}
        return not marks <= own

    def _added(
        self, page: NotePage, told: Told, seen: ShownConversation, spoken: set[int | None]
    ) -> Iterator[str]:
        """What stands in a note that the export does not have: turns, and words."""
        for label in sorted(footnotes_in(page.text, page.begin) - page.definitions.keys()):
            yield f"names a footnote that is not there: {label}"
        for number in page.speakers():
            yield from self._timed(page.heading(number), told)
        include = self._archive.option("include") or ()
        if not ("hidden" in include or "tools" in include):
            # What has no place in the order: documents, and what is told in forms of its own.
            wordless = [said.words for said in seen.current if not said.words.segments]
            beside = [words.segments[0] for words in seen.anywhere if words.segments]
            beside += [phrase for words in wordless for phrase in words.phrases]
            # A message of a form that nobody knows may have a turn of its own.
            unknown = sum(bool(words.unknown) for words in wordless)
            for number in page.speakers():
                if number in spoken or not page.says(number):
                    continue
                region = page.region(number, page.after(number))
                if any(each in region.words for each in beside):
                    continue
                unknown -= 1
                if unknown < 0:
                    yield f"holds a turn that the export does not have: {page.heading(number)}"
        text = title_in(page.text[: page.begin]) + "\n" + page.text[page.begin :]
        if self._archive.redacted:
            return
        own = [*self._archive.names, *self._archive.keys.values()]
        for word in islice(foreign(text, told.raw, told.rows, own), 1):
            yield f"holds a word that the export does not have: {word}"

    def _found(
        self, said: ShownMessage, page: NotePage, at: int, *, new: bool
    ) -> tuple[str | None, int | None, int]:
        """Look for a message's words: the first that is not there, where they begin and end.

        Another voice begins below a heading of its own.
        """
        segments = said.words.segments
        if not segments:
            return None, None, at
        for start in [page.next_turn(at), at] if new else [at]:
            if start is None:
                continue
            gone, end = self._missing(said, segments, page, start)
            if gone is None:
                begun = self._look.find(segments[0], page.words, start) - len(segments[0])
                return None, max(begun, start), end
        return gone, None, at

    def _missing(
        self, said: ShownMessage, segments: list[str], page: NotePage, at: int
    ) -> tuple[str | None, int]:
        before = self._look.marks
        found = missing(segments, page.words, at, self._look.find)
        self.redacted += self._look.marks > before
        return found

    def _in_region(
        self,
        path: Path,
        page: NotePage,
        told: Told,
        turns: list[_Turn],
        region: PageRegion,
        seen: ShownConversation,
    ) -> Iterator[str]:
        """Hold turns against the region of the note that they stand in."""
        messages = [said for turn in turns for said in turn.messages]
        for said in messages:
            gone = self._beside(said.words, page, region)
            if gone is not None:
                yield _sentence(said, gone, elsewhere=False)
            yield from self._unlinked(said.pointers, path, region, page)
        if not region.text.isascii() and not any(said.by_user for said in messages):
            left = _MARKER.search(_HEADING.sub("", region.text))
            if left:
                shown = ascii(left[0])[1:-1]
                yield f"a sign of ChatGPT's stands where something was shown: {shown}"
        if "[redacted: " in region.text:
            return
        nodes = [node for turn in turns for node in turn.nodes]
        nodes += [said.id for said in seen.others]
        for key, address in page.sources(region.text):
            if key.startswith(("httpschatgptcom", "httpchatgptcom")):
                continue
            if not any(told.given(node).has(key) for node in nodes):
                when = next((said.when for said in messages[::-1] if said.when), "an unknown date")
                yield (
                    f"the answer of {when} (UTC) leads to an address that its sources do not "
                    f"give: {address}"
                )

    def _beside(self, words: Words, page: NotePage, region: PageRegion) -> str | None:
        """The first of what has to stand in a region, in whatever order, and does not."""
        for phrase in words.phrases:
            if self._look.find(phrase, region.words, 0) < 0 and not _is_footnote(
                phrase, page, region
            ):
                return phrase
        if not words.addresses or "[redacted: " in region.text:
            return None
        there = page.addresses(region.text)
        for keys in words.addresses:
            if there.isdisjoint(keys) and not any(_within(key, there) for key in keys):
                return f"the source {keys[0]}"
        return None

    def _unlinked(
        self, pointers: list[str], path: Path, region: PageRegion, page: NotePage
    ) -> Iterator[str]:
        """A sentence for each file that no link of a region leads to."""
        wanted = {pointer: digest for pointer in pointers if (digest := self._locate(pointer))}
        if not wanted:
            return
        there = self._digests(path, region.text)
        for pointer, digest in wanted.items():
            if digest in there:
                embeds = self._digests(path, "\n".join(page.embeds(region.text)))
                if digest not in embeds and self._is_picture(digest):
                    yield f"the picture {pointer} is not shown, only linked to"
                continue
            if digest in self._digests(path, page.text):
                yield f"the file {pointer} is shown in another place than where it was seen"
            else:
                yield f"no link leads to {pointer} as the export holds it"

    def _paths_of(self, digest: str) -> list[str]:
        """The files of the archive that have a SHA-256."""
        if not self._by_digest:
            for path, known in self._archive.found.items():
                self._by_digest.setdefault(known, []).append(path)
        return self._by_digest.get(digest, [])

    def _is_picture(self, digest: str) -> bool:
        """Tell whether a file of the archive is a picture, by all its names and its first bytes."""
        paths = self._paths_of(digest)
        if not paths or not all(path.lower().endswith(_PICTURES) for path in paths):
            return False
        with (self._archive.root / paths[0]).open("rb") as stream:
            return bool(_SIGNATURES.match(stream.read(12)))

    def _digests(self, path: Path, text: str) -> set[str]:
        """The SHA-256 of the files that a text links to."""
        digests = set()
        for target in paths_in(text):
            relative = _below(self._archive.root, path.parent / target)
            if relative in self._archive.found:
                digests.add(self._archive.found[relative])
                digests |= {self._archive.unmarked.get(relative, "")}
        return digests


_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
"""Ends of the names of files that a note shows, and does not only link to."""
_SIGNATURES = re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP", re.DOTALL)
"""First bytes of those files. A recording may have a name like one of theirs."""


def _agrees(told: Told, said: ShownMessage, users: bool) -> bool:
    """Tell whether a message may stand below the user's name, or below another one."""
    return told.role(said.id) not in ("user", "assistant") or said.by_user == users


def _within(key: str, there: set[str]) -> bool:
    """Tell whether an address goes on in the text without a break: "https://x.org，and"."""
    return any(each.startswith(key) for each in there)


def _is_footnote(phrase: str, page: NotePage, region: PageRegion) -> bool:
    return any(phrase in essence(each) for each in page.named(region.text))


def _turns(told: Told, current: list[ShownMessage], files: dict[str, str | None]) -> list[_Turn]:
    """The messages of the branch by voice, with the files that the library says they show."""
    by_id = {said.id: said for said in current}
    begun: dict[str, int] = {}
    number = 0
    for key in told.path:
        number += key in by_id and by_id[key].by_user
        begun[key] = number
    by_turn: dict[int, list[str]] = {}
    for key, place in begun.items():
        by_turn.setdefault(place, []).append(key)
    shown: dict[str, list[str]] = {}
    for pointer, shower in files.items():
        if shower in begun:
            shown.setdefault(str(shower), []).append(pointer)
    listed = [
        by_id.get(key) or ShownMessage(key, None, False, Words())
        for key in told.path
        if key in by_id or key in shown
    ]
    for said in listed:
        said.pointers = list(dict.fromkeys([*said.pointers, *shown.get(said.id, ())]))
    turns = []
    for _, group in groupby(listed, key=lambda said: said.by_user):
        messages = list(group)
        numbers = dict.fromkeys(begun[said.id] for said in messages)
        turns.append(_Turn(messages, [key for place in numbers for key in by_turn[place]]))
    return turns


def _regions(page: NotePage, turns: list[_Turn]) -> Iterator[tuple[list[_Turn], PageRegion]]:
    """Yield turns with the part of the note that they stand in.

    A turn without words, such as a picture, stands between the one before it and the one behind.
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


def _below(root: Path, path: Path) -> str:
    """`path` as seen from `root`, its `..` worked out."""
    parts: list[str] = []
    for part in path.relative_to(root).parts:
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return "/".join(parts)


def _sentence(said: ShownMessage, gone: str, *, elsewhere: bool) -> str:
    when = f"the message of {said.when} (UTC)" if said.when else f"message {said.id}"
    what = "stands in another place" if elsewhere else "is not there in full"
    return f"{when} {what}: “{_short(gone)}”"


def _short(words: str) -> str:
    return words if len(words) <= 40 else words[:40] + "…"
