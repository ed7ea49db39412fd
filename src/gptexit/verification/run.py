"""Compare archives with their manifests, and with the export that they were written from."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count as count_from
from itertools import islice
from pathlib import Path

from gptexit.codes import Lost
from gptexit.errors import NoArchive
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.readers.chatgpt.merge.conversation import made_up
from gptexit.readers.chatgpt.merge.exports import shown
from gptexit.readers.chatgpt.parsing.json_scanner import Take
from gptexit.text.terminal import count
from gptexit.verification.archive_files import (
    HOUSE,
    CheckedArchive,
    archive_of,
    find_archives,
    lacking_parts,
    read_archive,
)
from gptexit.verification.compare_raw import MergedCopies
from gptexit.verification.conversation import SourceConversation
from gptexit.verification.export_files import Locator
from gptexit.verification.raw import Raw, id_of, names, object_of, title_of
from gptexit.verification.readers import Reader
from gptexit.verification.readers.chatgpt_zip import ZipReader
from gptexit.verification.readers.jsonl_lines import JsonlReader
from gptexit.verification.readers.markdown import MarkdownReader, mark_of
from gptexit.verification.readers.sqlite import SqliteReader
from gptexit.verification.result import (
    LISTED,
    Checked,
    Elsewhere,
    Moved,
    Problem,
    Result,
    UnknownForm,
)
from gptexit.verification.selection import leaves_out

Progress = Callable[[int, int], None]
"""Called now and then with the conversations and the bytes that have been read."""
READERS: dict[str, Callable[[CheckedArchive, Locator], Reader]] = {
    "markdown": MarkdownReader,
    "jsonl": JsonlReader,
    "chatgpt": ZipReader,
    "gemini": ZipReader,
    "sqlite": SqliteReader,
}
"""Formats that can be read back. Of any other, only the bytes are checked."""
KNOWN = READERS.keys() | names("account claude claude-api exit gemini-api librechat open-webui pam")
"""Formats of which it is known whether they can be read back."""
WITH_FILES = frozenset({"markdown", "chatgpt"})
"""Formats that hold every file of the export."""
_TRIED = 20
"""Notes without an id that are searched, at most, for a conversation without one."""


def verify(
    root: Path,
    export: ExportSet | None = None,
    progress: Progress | None = None,
    *,
    finished: bool = True,
) -> Result:
    """Compare the archives at and below `root` with their manifests, and with `export`.

    `root` may also be a single ZIP in ChatGPT's layout. `finished`: whether an exit at `root` is
    already written. Raises NoArchive, and OSError if a file cannot be read.
    """
    if not root.exists():
        raise NoArchive(f"{root} does not exist: check the spelling of the path.")
    benches = [bench for bench in _benches(root) if finished or bench.archive.format != "exit"]
    archives = [bench.archive for bench in benches]
    # A ZIP by itself has no list to compare its bytes with.
    if not any(it.promised or it.record or (it.only and export) for it in archives):
        raise NoArchive(
            f"{root} holds no archive that gptexit wrote: give the folder that `gptexit convert` "
            "or `gptexit exit` wrote to."
        )
    result = Result(export.label if export else None, [bench.checked for bench in benches])
    for bench in benches:
        archive = bench.archive
        result.problems += [bench.problem(*damage) for damage in archive.damage]
        if archive.format and archive.format not in KNOWN:
            what = f"says that it has a format that gptexit does not know: {archive.format[:40]}"
            result.problems.append(bench.problem(f"{HOUSE}/archive.json", what))
        result.unread |= archive.unread
    if finished:
        by_folder = {bench.prefix: bench.archive for bench in benches if not bench.archive.only}
        result.problems += [Problem(*lack) for lack in lacking_parts(root, by_folder)]
    if export is not None:
        _Comparison(export, Locator(export), benches, result).run(progress)
    for bench in benches:
        for file in bench.archive.asked:
            _settle(bench, file, result)
    if export is not None and result.problems:
        result.not_given = _not_given(export, archives)
    unique = dict.fromkeys(result.problems)
    result.problems = sorted(unique, key=lambda problem: (problem.file or "", problem.what))
    return result


def _not_given(export: ExportSet, archives: list[CheckedArchive]) -> list[str]:
    """Return the names of exports that archives were made from, other than those of `export`."""
    given = {edition.label for edition in export.editions}
    given |= {shown(edition) or edition.label for edition in export.editions}
    known = dict.fromkeys(made for archive in archives for made in archive.made_from())
    return [name for name, made in known if (made or name) not in given]


def _settle(bench: _Bench, file: str, result: Result) -> None:
    """Add to the result what became of a promised file."""
    archive = bench.archive
    if file not in archive.found:
        if archive.is_resolved(file, bench.whole):
            return
        result.problems.append(bench.problem(file, "is gone"))
        return
    if file in archive.moved:
        result.moved.append(Moved(bench.shown(file), bench.shown(archive.moved[file])))
    if not archive.is_changed(file):
        return
    if not archive.is_persons(file):
        result.problems.append(bench.problem(file, "is not as it was written"))
    elif file in bench.lacking:  # its problems, or what it may hold less, are in the result
        return
    elif file in bench.whole:
        result.edited.append(bench.shown(file))
    elif archive.is_accepted(file):
        result.accepted.append(bench.shown(file))
    elif archive.lost_nothing(file):
        result.edited.append(bench.shown(file))
    elif result.source is not None and bench.reader is None:
        result.problems.append(bench.problem(file, "was changed since it was written"))
    else:
        result.changed.append(bench.shown(file))


@dataclass(slots=True)
class _Bench:
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

    @property
    def holds_every_file(self) -> bool:
        """Whether it has to hold also those files that no conversation mentions."""
        archive = self.archive
        alone = archive.only is not None and archive.zips != [archive.only]
        return archive.format in WITH_FILES and not archive.record.get("selection") and not alone

    def shown(self, file: str) -> str:
        """Return the path of a file relative to the folder that was given."""
        return self.prefix + file

    def problem(
        self, file: str, what: str, key: str | None = None, title: str | None = None
    ) -> Problem:
        """Return a problem of one of its files."""
        return Problem(self.shown(file), what, key, title)


def _benches(root: Path) -> list[_Bench]:
    if root.is_file():
        archives = {"": archive_of(root)} if zipfile.is_zipfile(root) else {}
    else:
        folders = {path.relative_to(root).as_posix(): path for path in find_archives(root)}
        archives = {
            "" if name == "." else f"{name}/": read_archive(path) for name, path in folders.items()
        }
    return [
        _Bench(
            prefix,
            archive,
            Checked(archive.only or prefix.rstrip("/") or ".", archive.format, len(archive.asked)),
        )
        for prefix, archive in archives.items()
    ]


def _texts_of(archive: CheckedArchive, key: str) -> Iterator[str]:
    """Yield the paths of the note of a conversation, and of the new texts beside it."""
    for number in count_from(0):
        name = f"beside{number if number > 1 else ''}/" if number else ""
        path = archive.keys.get(f"{name}conversation/{key}")
        if path is not None:
            yield path
        elif number:
            return


@dataclass(slots=True)
class _Comparison:
    """A run over the export that compares each conversation and file with every archive."""

    export: ExportSet
    locate: Locator
    benches: list[_Bench]
    result: Result
    nameless: set[str] = field(default_factory=set)
    """Names of archives for conversations without an id that were found."""
    merged: MergedCopies | None = None
    """The merged conversation of the last copy; its other copies follow."""

    def run(self, progress: Progress | None) -> None:
        """Compare everything, and add to the result what is not right."""
        try:
            for bench in self.benches:
                self._open(bench)
            seen = self._conversations(progress)
            for bench in self.benches:
                self._files(bench)
                if bench.holds_every_file:
                    self._other_files(bench)
                if bench.reader:
                    self._sum_up(bench, bench.reader, seen)
        finally:
            for bench in self.benches:
                if bench.reader:
                    bench.reader.open_files.close()
        losses = [loss for loss in self.export.losses if loss.why.code is not Lost.TOO_LARGE]
        missing, unreadable = self.export.missing, self.locate.unreadable
        self.result.one_file = self.export.is_one_file
        self.result.whole_export = not (losses or missing or unreadable)
        self.result.lacking += self._lacking(len(losses))
        unread = self.result.unread
        unread |= {loss.where: loss.reason for loss in self.export.losses}
        unread |= self.locate.unreadable
        for name in self.export.missing:  # already in `lacking`
            unread.pop(name, None)

    def _open(self, bench: _Bench) -> None:
        """Open an archive, if its format can be read back."""
        archive = bench.archive
        reader = READERS.get(archive.format) if archive.option("form") != "api" else None
        if archive.redacted:
            self._look_through_marks(archive)
        if reader:
            bench.reader = reader(archive, self.locate)
            bench.checked.read_back = True

    def _look_through_marks(self, archive: CheckedArchive) -> None:
        """Note for each file with marks the SHA-256 of that file in the export."""
        for key, path in archive.keys.items():
            kind, _, name = key.partition("/")
            member = name if kind == "member" else None
            member = self.locate.member_of(name) if kind == "asset" else member
            if member is None or archive.found.get(path) in (None, self.locate.member(member)):
                continue
            digest = self.locate.through_marks(member, archive.place(path).read_bytes())
            if digest:
                archive.unmarked[path] = digest

    def _conversations(self, progress: Progress | None) -> set[str]:
        """Compare every conversation, and return their names in the archives."""
        export = self.export
        seen: set[str] = set()
        export.settle()
        export.witness = self._merging
        export.keep = self._too_large
        for number, (_, raw) in enumerate(export.conversations(), 1):
            try:
                key = self._conversation(raw)
            except OSError:
                raise
            except Exception as error:  # a fault of ours is a problem of this one, and of no other
                key = id_of(raw) or made_up(raw)
                what = f"{type(error).__name__}: {error}"[:450]
                reason = f"gptexit failed on it, please report this ({what})"
                self._add(f"could not be compared: {reason}", key, title_of(raw))
            seen.add(key)
            if progress:
                progress(number, export.bytes_read)
        return seen

    def _add(self, what: str, key: str | None, title: str | None) -> None:
        """Add a problem of a conversation that no file has."""
        self.result.problems.append(Problem(None, what, key, title))

    def _merging(self, copy: Raw, merged: Raw) -> None:
        """Add what a copy of a conversation lost when it was merged with others."""
        if self.merged is None or self.merged.raw is not merged:
            self.merged = MergedCopies(merged)
        for sentence in self.merged.lost(copy):
            self._add(sentence, id_of(merged), title_of(merged))

    def _too_large(self, path: str) -> Take:
        """Return what compares a conversation that is too large with the file that keeps it."""
        digest = hashlib.sha256()

        def take(piece: bytes) -> None:
            digest.update(piece)
            if piece:
                return
            what = f"a conversation that is too large to convert ({path})"
            self.result.lacking.append(what)
            for bench in self.benches:
                archive = bench.archive
                selected = archive.record.get("selection") or archive.only is not None
                if not bench.reader or selected or archive.redacted:
                    continue
                if digest.hexdigest() not in archive.found.values():
                    what = "is missing, or differs from the conversation in the export"
                    self.result.problems.append(bench.problem(path, what))

        return take

    def _conversation(self, raw: Raw) -> str:
        """Compare a conversation with every archive, and return its name in them."""
        source = SourceConversation(raw, self.export.library(id_of(raw) or ""))
        key = id_of(raw) or self._made_up_name(source)
        self.locate.look_for(key, raw)
        for bench in self.benches:
            if bench.reader:
                self._compare(bench, bench.reader, key, source)
        self._note_unknown(key, source)
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

    def _compare(self, bench: _Bench, reader: Reader, key: str, source: SourceConversation) -> None:
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
                self._add(f"is missing from the {archive.format} archive", key, title)
            return
        checked.conversations += 1
        if unasked and reader.strict:
            what = f"is in the {archive.format} archive, though its options leave it out"
            self._add(what, key, title)
        problems = [bench.problem(*lack, key, title) for lack in lacks]
        changed = list(filter(archive.is_changed, _texts_of(archive, key)))
        (bench.lacking if lacks else bench.whole).update(changed)
        accepted = changed and archive.is_accepted(changed[0])
        if accepted and self._is_known(archive, reader, key, source):
            self.result.less += problems
        else:
            self.result.problems += problems

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

    def _note_unknown(self, key: str, source: SourceConversation) -> None:
        """List the messages of a conversation in an unknown form, each once."""
        forms: dict[tuple[str | None, str], None] = {}
        for bench in self.benches:
            if not bench.reader or key not in bench.reader.ids():
                continue
            if seen := bench.reader.expects(source):
                for shown in [*seen.current, *seen.others]:
                    forms |= dict.fromkeys((shown.id, form) for form in shown.words.unknown)
                for words in seen.anywhere:
                    forms |= dict.fromkeys((None, form) for form in words.unknown)
        result = self.result
        result.unknown_messages += len({message for message, _ in forms})
        room = max(0, LISTED - len(result.unknown))
        result.unknown += [
            UnknownForm(key, source.title, message, form) for message, form in islice(forms, room)
        ]

    def _files(self, bench: _Bench) -> None:
        """Compare every asset and account file with the file of that name in the export."""
        finders: dict[str, Callable[[str], str | None]] = {
            "asset": self.locate,
            "account": self.locate.side_file,
            "member": self.locate.member,
        }
        archive = bench.archive
        for key, path in archive.keys.items():
            kind, _, name = key.partition("/")
            find = finders.get(kind)
            if find is None or path not in archive.found:
                continue
            digest = find(name)
            if digest is None:  # only an earlier export had it
                continue
            bench.checked.assets += 1
            if digest not in (archive.found[path], archive.unmarked.get(path)):
                self.result.problems.append(bench.problem(path, "differs from the export"))

    def _other_files(self, bench: _Bench) -> None:
        """Look for the bytes of each file of the export, under whatever name."""
        held = {*bench.archive.found.values(), *bench.archive.unmarked.values()}
        held |= bench.reader.digests() if bench.reader else set()
        for name in self.export.others(frozenset()):
            digest = self.locate.member(name)
            if digest and digest not in held:
                self._add(f"the file {name} of the export is missing", None, None)

    def _sum_up(self, bench: _Bench, reader: Reader, seen: set[str]) -> None:
        checked = bench.checked
        checked.older = len(reader.ids() - seen)
        checked.messages = reader.messages
        checked.redacted = reader.redacted
        checked.assets += reader.assets
        self.result.problems += [bench.problem(*lack) for lack in reader.unreadable]

    def _lacking(self, losses: int) -> list[str]:
        """Return a phrase for each thing that the export itself lacks."""
        numbers = (
            (len(self.export.missing), "file", "that its own list names"),
            (losses, "part", "of it that cannot be read"),
            (len(self.locate.missing), "attachment", "that it mentions"),
        )
        return [f"{count(number, thing)} {which}" for number, thing, which in numbers if number]
