"""Compare archives with their manifests, and with the export that they were written from."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Collection
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from gptexit.codes import Lost
from gptexit.errors import NoArchive
from gptexit.files.background import collector_off
from gptexit.parallel.pool import jobs_for
from gptexit.readers.chatgpt.export_set import AnotherCopy, ExportSet
from gptexit.readers.chatgpt.merge.exports import shown
from gptexit.readers.chatgpt.parsing.json_scanner import Take
from gptexit.text.terminal import count
from gptexit.verification.archive_files import (
    ALWAYS,
    HOUSE,
    archive_of,
    find_archives,
    lacking_parts,
    read_archive,
)
from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.compare_raw import MergedCopies
from gptexit.verification.comparison import READERS, Bench, Comparison
from gptexit.verification.export_files import Locator
from gptexit.verification.index import Index, Table
from gptexit.verification.raw import Raw, id_of, names, title_of
from gptexit.verification.readers import Lack, Reader
from gptexit.verification.result import Checked, Moved, Problem, Result
from gptexit.verification.workers import compared_by_workers

Progress = Callable[[int, int], None]
"""Called now and then with the conversations and the bytes that have been read."""
KNOWN = READERS.keys() | names(
    """
    account
    chatgpt-text
    claude
    claude-api
    enex
    exit
    gemini-api
    jan
    librechat
    llama-cpp
    llm
    lm-studio
    messages
    open-webui
    pam
    sharegpt
    sillytavern
    """
)
"""Formats of which it is known whether they can be read back."""


def verify(
    root: Path,
    export: ExportSet | None = None,
    progress: Progress | None = None,
    *,
    parts: Collection[str] | None = None,
    jobs: int | None = 1,
) -> Result:
    """Compare the archives at and below `root` with their manifests, and with `export`.

    `root` may also be a single ZIP in ChatGPT's layout. `parts`: the folders of an exit that is not
    finished; None for all. `jobs`: how many processes compare; None for one for each core if the
    export is large enough. The result is the same for each number. Raises NoArchive, and OSError if
    a file cannot be read.
    """
    if not root.exists():
        raise NoArchive(f"{root} does not exist: check the spelling of the path.")
    benches = _benches(root, parts)
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
    if parts is None:
        by_folder = {bench.prefix: bench.archive for bench in benches if not bench.archive.only}
        result.problems += [Problem(*lack) for lack in lacking_parts(root, by_folder)]
    if export is not None:
        given = {made for edition in export.editions if (made := shown(edition))}
        for archive in archives:
            several = bool(archive.record.get("several"))
            archive.others = several and not archive.is_made_from(given)
        try:
            _Run(export, benches, result, jobs_for(export, jobs)).run(progress)
        except AnotherCopy:  # rare enough to begin again, once all copies are known
            export.settle()
            return verify(root, export, progress, parts=parts, jobs=jobs)
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


def _settle(bench: Bench, file: str, result: Result) -> None:
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


def _benches(root: Path, parts: Collection[str] | None) -> list[Bench]:
    index = Index()
    if root.is_file():
        archives = {"": archive_of(root, index)} if zipfile.is_zipfile(root) else {}
    else:
        folders = {path.relative_to(root).as_posix(): path for path in find_archives(root, parts)}
        archives = {
            "" if name == "." else f"{name}/": read_archive(path, index=index)
            for name, path in folders.items()
        }
    is_exit = parts is not None or any(archive.format == "exit" for archive in archives.values())
    main = archives.get("markdown/") if is_exit else None
    benches = []
    for prefix, archive in archives.items():
        path = archive.only or prefix.rstrip("/") or "."
        checked = Checked(path, archive.format, len(archive.asked))
        if main and archive.format not in (*ALWAYS, "exit"):
            checked.of_earlier = archive.is_of_other_files(main)
        benches.append(Bench(prefix, archive, checked))
    return benches


@dataclass(slots=True)
class _Run:
    """A run over the export that compares each conversation and file with every archive."""

    export: ExportSet
    benches: list[Bench]
    result: Result
    jobs: int
    """How many processes compare conversations."""
    compared: Table[bool] = field(default_factory=lambda: Table(Index()))
    """The names of the conversations that were compared."""
    locate: Locator = field(init=False)
    comparison: Comparison = field(init=False)
    merged: MergedCopies | None = None
    """The merged conversation of the last copy; its other copies follow."""

    def __post_init__(self) -> None:
        """Make what compares conversations."""
        self.locate = Locator(self.export)
        self.comparison = Comparison(self.export, self.locate, self.benches)

    def run(self, progress: Progress | None) -> None:
        """Compare everything, and add to the result what is not right."""
        try:
            for bench in self.benches:
                if bench.archive.redacted:
                    self._look_through_marks(bench.archive)
                with collector_off():
                    bench.open(self.locate)
            self._conversations(progress)
            for bench in self.benches:
                if not bench.checked.of_earlier:
                    self._files(bench)
                if bench.holds_every_file:
                    self._other_files(bench)
                if bench.reader:
                    self._sum_up(bench, bench.reader)
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

    def _conversations(self, progress: Progress | None) -> None:
        """Compare every conversation, here or in worker processes."""
        export, comparison = self.export, self.comparison
        export.witness = self._merging
        export.keep = self._too_large
        unread = self.jobs > 1
        conversations = (raw for _, raw in export.conversations(unread=unread))
        compared = (
            closing(compared_by_workers(comparison, conversations, self.jobs))
            if unread
            else nullcontext(map(comparison.conversation, conversations))
        )
        with compared as numbered, collector_off():
            for number, _ in enumerate(numbered, 1):
                names = comparison.found.names
                while names:
                    self.compared[names.pop()] = True
                if progress:
                    progress(number, export.bytes_read)
        found, result = comparison.found, self.result
        result.problems += found.problems
        result.less += found.less
        result.unknown += found.unknown
        result.unknown_messages += found.unknown_messages

    def _merging(self, copy: Raw, merged: Raw) -> None:
        """Add what a copy of a conversation lost when it was merged with others."""
        if self.merged is None or self.merged.raw is not merged:
            self.merged = MergedCopies(merged)
        for sentence in self.merged.lost(copy):
            self.comparison.add(sentence, id_of(merged), title_of(merged))

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
                if digest.hexdigest() not in archive.held:
                    what = "is missing, or differs from the conversation in the export"
                    self.result.problems.append(bench.problem(path, what))

        return take

    def _files(self, bench: Bench) -> None:
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

    def _other_files(self, bench: Bench) -> None:
        """Look for the bytes of each file of the export, under whatever name."""
        held, reader = bench.archive.held, bench.reader
        unmarked = set(bench.archive.unmarked.values())
        for name in self.export.others(frozenset()):
            digest = self.locate.member(name)
            if not digest or digest in held or digest in unmarked:
                continue
            if reader is None or not reader.holds(digest):
                what = f"the file {name} of the export is missing"
                self.result.problems.append(Problem(None, what))

    def _sum_up(self, bench: Bench, reader: Reader) -> None:
        checked = bench.checked
        passed: list[Lack] = []
        for key in reader.ids():
            if key not in self.compared:
                checked.older += 1
                passed += reader.passed_over(key)
        checked.messages = reader.messages
        checked.redacted = reader.redacted
        checked.assets += reader.assets
        lacks = [*reader.unreadable, *passed, *reader.at_end()]
        self.result.problems += [bench.problem(*lack) for lack in lacks]

    def _lacking(self, losses: int) -> list[str]:
        """Return a phrase for each thing that the export itself lacks."""
        numbers = (
            (len(self.export.missing), "file", "that its own list names"),
            (losses, "part", "of it that cannot be read"),
            (len(self.locate.missing), "attachment", "that it mentions"),
        )
        return [f"{count(number, thing)} {which}" for number, thing, which in numbers if number]
