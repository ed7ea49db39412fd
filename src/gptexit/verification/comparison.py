"""Compare conversations of an export with every archive, here or in a worker process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count as count_from
from itertools import islice
from typing import NamedTuple

from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.readers.chatgpt.merge.conversation import made_up
from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.conversation import SourceConversation
from gptexit.verification.export_files import Locator
from gptexit.verification.raw import SCHEMES, Raw, id_of, object_of, title_of
from gptexit.verification.readers import Lack, Reader
from gptexit.verification.readers.chatgpt_zip import ZipReader
from gptexit.verification.readers.html_pages import HtmlReader
from gptexit.verification.readers.jsonl_lines import JsonlReader
from gptexit.verification.readers.markdown import MarkdownReader, mark_of
from gptexit.verification.readers.sqlite import SqliteReader
from gptexit.verification.result import LISTED, Checked, Elsewhere, Problem, UnknownForm
from gptexit.verification.selection import leaves_out

READERS: dict[str, Callable[[CheckedArchive, Locator], Reader]] = {
    "markdown": MarkdownReader,
    "html": HtmlReader,
    "jsonl": JsonlReader,
    "chatgpt": ZipReader,
    "gemini": ZipReader,
    "sqlite": SqliteReader,
}
"""Formats that can be read back. Of any other, only the bytes are checked."""
WITH_FILES = frozenset({"markdown", "html", "chatgpt"})
"""Formats that hold every file of the export."""
_TRIED = 20
"""Notes without an id that are searched, at most, for a conversation without one."""


@dataclass(slots=True)
class Bench:
    """An archive that is verified."""

    prefix: str
    """Its folder relative to the one that was given: `""`, `"markdown/"`."""
    archive: CheckedArchive
    checked: Checked
    reader: Reader | None = None
    whole: set[str] = field(default_factory=set)
    """Changed files of conversations of which the archive holds everything."""
    lacking: set[str] = field(default_factory=set)
    """Changed files of conversations of which the archive lacks something."""

    def open(self, locate: Locator) -> None:
        """Open the archive, if its format can be read back."""
        reader = READERS.get(self.archive.format) if self.archive.option("form") != "api" else None
        if reader and not self.checked.of_earlier:
            self.reader = reader(self.archive, locate)
            self.checked.read_back = True

    @property
    def holds_every_file(self) -> bool:
        """Whether it has to hold also those files that no conversation mentions."""
        archive = self.archive
        alone = archive.only is not None and archive.zips != [archive.only]
        if alone or self.checked.of_earlier or archive.record.get("selection"):
            return False
        return archive.format in WITH_FILES

    def shown(self, file: str) -> str:
        """Return the path of a file relative to the folder that was given."""
        return self.prefix + file

    def problem(
        self, file: str, what: str, key: str | None = None, title: str | None = None
    ) -> Problem:
        """Return a problem of one of its files."""
        return Problem(self.shown(file), what, key, title)


def _texts_of(archive: CheckedArchive, key: str) -> Iterator[str]:
    """Yield the paths of the note of a conversation, and of the new texts beside it."""
    for number in count_from(0):
        name = f"beside{number if number > 1 else ''}/" if number else ""
        path = archive.keys.get(f"{name}conversation/{key}")
        if path is not None:
            yield path
        elif number:
            return


class ArchiveFindings(NamedTuple):
    """The findings of one archive, for some conversations."""

    conversations: int
    left_out: int
    messages: int
    redacted: int
    assets: int
    elsewhere: list[Elsewhere]
    whole: set[str]
    lacking: set[str]
    searched: dict[int, int]
    unreadable: list[Lack]


@dataclass(slots=True)
class Findings:
    """The findings of a comparison of conversations; `Result` explains the fields of its own."""

    names: set[str] = field(default_factory=set)
    """Of the conversations in the archives."""
    problems: list[Problem] = field(default_factory=list)
    less: list[Problem] = field(default_factory=list)
    unknown: list[UnknownForm] = field(default_factory=list)
    unknown_messages: int = 0
    archives: list[ArchiveFindings] = field(default_factory=list)
    """One for each archive; only of what comes from another process."""
    missing: set[str] = field(default_factory=set)
    """As in `Locator`, like the next two; only of what comes from another process."""
    unreadable: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str | None] = field(default_factory=dict)


@dataclass(slots=True)
class Comparison:
    """Compares conversations with every archive, and keeps what it finds."""

    export: ExportSet
    locate: Locator
    benches: list[Bench]
    found: Findings = field(default_factory=Findings)
    nameless: set[str] = field(default_factory=set)
    """Names of archives for conversations without an id that were found."""

    def conversation(self, raw: Raw) -> None:
        """Compare a conversation with every archive. Raises OSError."""
        try:
            key = self._conversation(raw)
        except OSError:
            raise
        except Exception as error:  # a fault of ours is a problem of this one, and of no other
            key = id_of(raw) or made_up(raw)
            what = f"{type(error).__name__}: {error}"[:450]
            reason = f"gptexit failed on it, please report this ({what})"
            self.add(f"could not be compared: {reason}", key, title_of(raw))
        self.found.names.add(key)

    def add(self, what: str, key: str | None, title: str | None) -> None:
        """Add a problem of a conversation that no file has."""
        self.found.problems.append(Problem(None, what, key, title))

    def take(self) -> Findings:
        """Return what was found since the last time, for another process."""
        found, self.found = self.found, Findings()
        for bench in self.benches:
            checked, reader = bench.checked, bench.reader
            bench.checked = replace(checked, conversations=0, left_out=0, elsewhere=[])
            counts = (reader.messages, reader.redacted, reader.assets) if reader else (0, 0, 0)
            found.archives.append(
                ArchiveFindings(
                    checked.conversations,
                    checked.left_out,
                    *counts,
                    checked.elsewhere,
                    bench.whole,
                    bench.lacking,
                    dict(reader.searched) if reader else {},
                    reader.unreadable if reader else [],
                )
            )
            bench.whole, bench.lacking = set(), set()
            if reader:
                reader.messages = reader.redacted = reader.assets = 0
                reader.unreadable = []
                reader.searched.clear()
        found.missing, found.unreadable, found.digests = self.locate.take()
        return found

    def absorb(self, found: Findings) -> None:
        """Add what another process found."""
        mine = self.found
        mine.names |= found.names
        mine.problems += found.problems
        mine.less += found.less
        mine.unknown += found.unknown[: max(0, LISTED - len(mine.unknown))]
        mine.unknown_messages += found.unknown_messages
        for bench, part in zip(self.benches, found.archives, strict=True):
            bench.checked.conversations += part.conversations
            bench.checked.left_out += part.left_out
            bench.checked.elsewhere += part.elsewhere
            bench.whole |= part.whole
            bench.lacking |= part.lacking
            if bench.reader:
                bench.reader.messages += part.messages
                bench.reader.redacted += part.redacted
                bench.reader.assets += part.assets
                bench.reader.unreadable += part.unreadable
                bench.reader.searched |= part.searched
        self.locate.absorb(found.missing, found.unreadable, found.digests)

    def _conversation(self, raw: Raw) -> str:
        """Compare a conversation with every archive, and return its name in them."""
        source = SourceConversation(raw, self.export.library(id_of(raw) or ""))
        key = id_of(raw) or self._made_up_name(source)
        self.locate.look_for(key, raw, in_words=source.vocabulary.spells(*SCHEMES))
        readers = [
            bench.reader
            for bench in self.benches
            if bench.reader and self._compare(bench, bench.reader, key, source)
        ]
        self._note_unknown(key, source, readers)
        return key

    def _made_up_name(self, source: SourceConversation) -> str:
        """Return the name that the archive gave to a conversation without an id.

        It is made from the content, alike in every run. If a damaged source was read in another
        way, it is the name of one in the archive that holds all of it.
        """
        key = made_up(source.raw)
        readers = [bench.reader for bench in self.benches if bench.reader]
        self.nameless.add(key)
        if any(key in reader.ids() for reader in readers):
            return key
        for reader in readers:
            others = (
                name
                for name in reader.ids()
                if name.startswith("no-id-") and name not in self.nameless
            )
            for name in sorted(islice(others, _TRIED)):
                if reader.check(name, source) == []:
                    self.nameless.add(name)
                    return name
        return key

    def _compare(self, bench: Bench, reader: Reader, key: str, source: SourceConversation) -> bool:
        """Compare a conversation with an archive, and return whether that has it."""
        archive, checked, title = bench.archive, bench.checked, source.title
        lacks = reader.check(key, source)
        unasked = leaves_out(source.raw, object_of(archive.record.get("selection")))
        if lacks is None:
            other = reader.elsewhere(key)
            if unasked:
                checked.left_out += 1
            elif other:
                checked.elsewhere.append(Elsewhere(bench.shown(other), key, title))
            else:
                self.add(f"is missing from the {archive.format} archive", key, title)
            return False
        checked.conversations += 1
        if unasked and reader.strict:
            what = f"is in the {archive.format} archive, though its options leave it out"
            self.add(what, key, title)
        problems = [bench.problem(*lack, key, title) for lack in lacks]
        texts = _texts_of(archive, key) if archive.changed else ()  # nearly always none is
        changed = list(filter(archive.is_changed, texts))
        (bench.lacking if lacks else bench.whole).update(changed)
        accepted = changed and archive.is_accepted(changed[0])
        if accepted and self._is_known(archive, reader, key, source):
            self.found.less += problems
        else:
            self.found.problems += problems
        return True

    @staticmethod
    def _is_known(
        archive: CheckedArchive, reader: Reader, key: str, source: SourceConversation
    ) -> bool:
        """Tell whether a conversation had all its messages when its note was written.

        A person who accepts a note says nothing of what comes later.
        """
        known = archive.shows.get(f"conversation/{key}", "").split()
        seen = reader.expects(source)
        said = [shown.id for shown in seen.current if shown.words.segments] if seen else []
        marks = {mark.partition(".")[0] for mark in known}
        return seen is not None and all(mark_of(message) in marks for message in said)

    def _note_unknown(self, key: str, source: SourceConversation, readers: list[Reader]) -> None:
        """List the messages of a conversation in an unknown form, each once.

        `readers`: those of the archives that have it.
        """
        forms: dict[tuple[str | None, str], None] = {}
        for reader in readers:
            if seen := reader.expects(source):
                for shown in [*seen.current, *seen.others]:
                    if shown.unknown:
                        forms |= dict.fromkeys((shown.id, form) for form in shown.unknown)
                for words in seen.anywhere:
                    forms |= dict.fromkeys((None, form) for form in words.unknown)
        found = self.found
        found.unknown_messages += len({message for message, _ in forms})
        room = max(0, LISTED - len(found.unknown))
        found.unknown += [
            UnknownForm(key, source.title, message, form) for message, form in islice(forms, room)
        ]
