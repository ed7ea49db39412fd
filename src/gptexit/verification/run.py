"""The run: an archive held against its manifest, and against the export that it came from."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from gptexit.codes import Lost
from gptexit.errors import NoArchive
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.readers.chatgpt.merge.conversation import made_up
from gptexit.readers.chatgpt.parsing.json_scanner import Take
from gptexit.text.terminal import count
from gptexit.verification.archive_files import (
    HOUSE,
    CheckedArchive,
    Locator,
    archive_of,
    find_archives,
    read_archive,
)
from gptexit.verification.compare_raw import MergedCopies
from gptexit.verification.parts import lacking_parts
from gptexit.verification.raw import Raw, id_of, object_of
from gptexit.verification.readers.base import Reader
from gptexit.verification.readers.chatgpt_zip import Zips
from gptexit.verification.readers.jsonl import JsonlReader
from gptexit.verification.readers.markdown import MarkdownReader
from gptexit.verification.readers.sqlite import SqliteReader
from gptexit.verification.result import LISTED, Checked, Elsewhere, Problem, Result, UnknownForm
from gptexit.verification.selection import leaves_out
from gptexit.verification.told import Told

Progress = Callable[[int, int], None]


AddedTo = Callable[[CheckedArchive, str, Raw, ExportSet], bool]
"""Tells whether a person only added to a file of an archive: what was written is all there yet."""
READERS: dict[str, Callable[[CheckedArchive, Locator], Reader]] = {
    "markdown": MarkdownReader,
    "jsonl": JsonlReader,
    "chatgpt": Zips,
    "gemini": Zips,
    "sqlite": SqliteReader,
}
"""Formats that can be read back. Of any other, only the bytes are checked."""
BYTES_ALONE = (
    *("account", "claude", "claude-api", "exit", "gemini-api", "librechat", "open-webui", "pam"),
)
"""Formats that are not read back."""
KNOWN = frozenset((*READERS, *BYTES_ALONE))
"""Formats of which it is known what can be compared."""
WITH_FILES = frozenset({"markdown", "chatgpt"})
"""Formats that hold every file of the export."""


def verify(
    root: Path,
    export: ExportSet | None = None,
    progress: Progress | None = None,
    *,
    finished: bool = True,
    added_to: AddedTo | None = None,
) -> Result:
    """Hold the archives at and below `root` against their manifests, and against `export`.

    `root` may also be a single ZIP in ChatGPT's layout. `finished`: whether it has to be whole, as
    an exit that is about to be written is not. `added_to` tells whether a person only added to a
    note; without it, a changed note is a problem. Raises NoArchive, and OSError where a file cannot
    be read.
    """
    found = _benches(root, added_to)
    benches = [bench for bench in found if finished or bench.archive.format != "exit"]
    archives = [bench.archive for bench in benches]
    # A ZIP by itself has no list that its bytes could be held against.
    told = (each.promised or each.record or (each.only and export) for each in archives)
    if not any(told):
        raise NoArchive(
            f"{root} holds no archive that gptexit wrote: give the folder that `gptexit convert` "
            "or `gptexit exit` wrote to."
        )
    result = Result(export.label if export else None, [each.checked for each in benches])
    for bench in benches:
        archive = bench.archive
        for file, sentence in archive.damage:
            result.problems.append(Problem(bench.shown(file), sentence))
        if archive.format and archive.format not in KNOWN:
            what = f"says that it is of a format that gptexit does not know: {archive.format[:40]}"
            result.problems.append(Problem(bench.shown(f"{HOUSE}/archive.json"), what))
        result.unread |= archive.unread
    if finished:
        by_folder = {each.prefix: each.archive for each in benches if not each.archive.only}
        for file, sentence in lacking_parts(root, by_folder):
            result.problems.append(Problem(file, sentence))
    if export is not None:
        _against(export, benches, result, progress)
    for bench in benches:
        _bytes(bench, result, alone=export is None)
    result.problems = sorted(set(result.problems), key=lambda each: (each.file or "", each.what))
    return result


def _benches(root: Path, added_to: AddedTo | None) -> list[_Bench]:
    if root.is_file():
        return [_Bench.of("", archive_of(root), added_to)] if zipfile.is_zipfile(root) else []
    found = []
    for folder in find_archives(root):
        prefix = folder.relative_to(root).as_posix()
        found.append(
            _Bench.of("" if prefix == "." else f"{prefix}/", read_archive(folder), added_to)
        )
    return found


@dataclass(slots=True)
class _Bench:
    """One archive under examination."""

    prefix: str
    archive: CheckedArchive
    checked: Checked
    added_to: AddedTo | None
    reader: Reader | None = None
    excused: set[str] | None = None
    """Changed files that were found to hold everything."""

    @classmethod
    def of(cls, prefix: str, archive: CheckedArchive, added_to: AddedTo | None) -> _Bench:
        """Begin with an archive; `prefix` is its folder as seen from the one that was given."""
        path = archive.only or prefix.rstrip("/") or "."
        return cls(prefix, archive, Checked(path, archive.format, len(archive.asked)), added_to)

    @property
    def holds_every_file(self) -> bool:
        """Whether it has to hold also those files that no conversation mentions."""
        archive = self.archive
        alone = archive.only is not None and archive.zips != [archive.only]
        return archive.format in WITH_FILES and not archive.record.get("selection") and not alone

    def shown(self, file: str) -> str:
        """A file of the archive as seen from the folder that was given."""
        return self.prefix + file


def _bytes(bench: _Bench, result: Result, *, alone: bool) -> None:
    """Every file against its SHA-256. Where the source was read, more may be known of a change."""
    archive = bench.archive
    for file in archive.absent:
        result.problems.append(Problem(bench.shown(file), "is gone"))
    for file in archive.changed:
        if not alone and bench.excused and file in bench.excused:
            result.edited.append(bench.shown(file))
        else:
            result.problems.append(Problem(bench.shown(file), "is not as it was written"))


def _against(
    export: ExportSet, benches: list[_Bench], result: Result, progress: Progress | None
) -> None:
    locate = Locator(export)
    for bench in benches:
        make = READERS.get(bench.archive.format) if bench.archive.option("form") != "api" else None
        if bench.archive.redacted:
            _look_through_marks(bench.archive, locate)
        if make:
            bench.reader = make(bench.archive, locate)
            bench.checked.read_back = True
            bench.excused = set()
    seen: set[str] = set()
    nameless: set[str] = set()
    export.settle()
    export.witness = partial(_merging, result, list[MergedCopies]())
    export.keep = partial(_kept, benches, result)
    for number, (_, raw) in enumerate(export.conversations(), 1):
        try:
            key = _every_archive(raw, benches, nameless, locate, result, export)
        except OSError:
            raise
        except Exception as error:  # a fault of ours is a problem of this one, and of no other
            key = id_of(raw) or made_up(raw)
            result.problems.append(_not_compared(raw, key, error))
        seen.add(key)
        if progress:
            progress(number, export.bytes_read)
    for bench in benches:
        _assets(bench, locate, result)
        if bench.holds_every_file:
            _others(bench, export, locate, result)
        if bench.reader:
            bench.checked.older = len(bench.reader.ids() - seen)
            bench.checked.messages = bench.reader.messages
            bench.checked.redacted = bench.reader.redacted
            bench.checked.assets += bench.reader.assets
            for file, sentence in bench.reader.unreadable:
                result.problems.append(Problem(bench.shown(file), sentence))
    result.lacking += _lacking(export, locate)
    result.unread |= {each.where: each.reason for each in export.losses}
    result.unread |= locate.unreadable
    for name in export.missing:  # told as what the export itself lacks
        result.unread.pop(name, None)


def _kept(benches: list[_Bench], result: Result, path: str) -> Take:
    """Return what holds a conversation that is too large against the file that keeps it."""
    digest = hashlib.sha256()

    def take(piece: bytes) -> None:
        digest.update(piece)
        if piece:
            return
        result.lacking.append(f"a conversation that is too large to be converted ({path})")
        for bench in benches:
            archive = bench.archive
            whole = bench.reader and not (archive.record.get("selection") or archive.redacted)
            if whole and archive.only is None and digest.hexdigest() not in archive.found.values():
                what = "is missing, or is not the conversation of the export"
                result.problems.append(Problem(bench.shown(path), what))

    return take


def _merging(result: Result, last: list[MergedCopies], copy: Raw, merged: Raw) -> None:
    """Note what a copy of a conversation lost when it was merged with others.

    `last`: the merged conversation that was asked about last, whose other copies follow.
    """
    title = merged.get("title")
    if not last or last[0].raw is not merged:
        last[:] = [MergedCopies(merged)]
    for sentence in last[0].lost(copy):
        named = title if isinstance(title, str) else None
        result.problems.append(Problem(None, sentence, id_of(merged), named))


def _look_through_marks(archive: CheckedArchive, locate: Locator) -> None:
    """For each file with marks, note the SHA-256 of the one of the export that it stands for."""
    for key, path in archive.keys.items():
        kind, _, name = key.partition("/")
        member = name if kind == "member" else locate.member_of(name) if kind == "asset" else None
        if member is None or archive.found.get(path) in (None, locate.member(member)):
            continue
        digest = locate.through_marks(member, (archive.root / path).read_bytes())
        if digest:
            archive.unmarked[path] = digest


def _assets(bench: _Bench, locate: Locator, result: Result) -> None:
    """Every asset and account file byte for byte, by what the export holds under its name."""
    finders: dict[str, Callable[[str], str | None]] = {
        "asset": locate,
        "account": locate.side_file,
        "member": locate.member,
    }
    for key, path in bench.archive.keys.items():
        kind, _, name = key.partition("/")
        find = finders.get(kind)
        if find is None or path not in bench.archive.found:
            continue
        digest = find(name)
        if digest is None:  # only an earlier export had it
            continue
        bench.checked.assets += 1
        if digest not in (bench.archive.found[path], bench.archive.unmarked.get(path)):
            result.problems.append(Problem(bench.shown(path), "is not the file of the export"))


def _others(bench: _Bench, export: ExportSet, locate: Locator, result: Result) -> None:
    """Whether the bytes of each file of the export are there, wherever."""
    there = set(bench.archive.found.values()) | set(bench.archive.unmarked.values())
    there |= bench.reader.digests() if bench.reader else set()
    for name in export.others(frozenset()):
        digest = locate.member(name)
        if digest and digest not in there:
            result.problems.append(Problem(None, f"the file {name} of the export is missing"))


def _every_archive(
    raw: Raw,
    benches: list[_Bench],
    nameless: set[str],
    locate: Locator,
    result: Result,
    export: ExportSet,
) -> str:
    """Hold one conversation against every archive, and return the name that they have for it."""
    told = Told(raw, export.library(id_of(raw) or ""))
    key = id_of(raw) or _found(told, benches, nameless)
    locate.look_for(key, raw)
    for bench in benches:
        if bench.reader:
            _conversation(bench, key, told, result, export)
    _note_unknown(key, told, benches, result)
    return key


def _not_compared(raw: Raw, key: str, error: Exception) -> Problem:
    """Return what to say of a conversation that one of our own functions cannot handle."""
    reason = f"gptexit could not handle it ({type(error).__name__}: {error})"[:500]
    title = raw.get("title")
    what = f"could not be compared: {reason}"
    return Problem(None, what, key, title if isinstance(title, str) else None)


def _conversation(bench: _Bench, key: str, told: Told, result: Result, export: ExportSet) -> None:
    assert bench.reader is not None
    raw, named = told.raw, told.title
    lacks = bench.reader.check(key, told)
    unasked = leaves_out(raw, object_of(bench.archive.record.get("selection")))
    if lacks is None:
        other = bench.reader.elsewhere(key)
        if unasked:
            bench.checked.left_out += 1
        elif other:
            bench.checked.elsewhere.append(Elsewhere(bench.shown(other), key, named))
        else:
            what = f"is missing from the {bench.archive.format} archive"
            result.problems.append(Problem(None, what, key, named))
        return
    bench.checked.conversations += 1
    if unasked and bench.reader.exact:
        what = f"is in the {bench.archive.format} archive, though its options leave it out"
        result.problems.append(Problem(None, what, key, named))
    for file, sentence in lacks:
        result.problems.append(Problem(bench.shown(file), sentence, key, named))
    path = bench.archive.keys.get(f"conversation/{key}")
    if (
        not lacks
        and path is not None
        and bench.archive.is_changed(path)
        and bench.added_to
        and bench.added_to(bench.archive, path, raw, export)
    ):
        assert bench.excused is not None
        bench.excused.add(path)


_TRIED = 20
"""Notes without an id at most that a conversation without one is looked for in."""


def _found(told: Told, benches: list[_Bench], taken: set[str]) -> str:
    """Return the name that the archive gave to a conversation without an id.

    It is made from the content, alike in every run; where a damaged source was read another way,
    the archive's that holds all of it.
    """
    key = made_up(told.raw)
    readers = [bench.reader for bench in benches if bench.reader]
    taken.add(key)
    if any(key in reader.ids() for reader in readers):
        return key
    for reader in readers:
        others = (each for each in reader.ids() if each.startswith("no-id-") and each not in taken)
        for other in sorted(islice(others, _TRIED)):
            if reader.check(other, told) == []:
                taken.add(other)
                return other
    return key


def _note_unknown(key: str, told: Told, benches: list[_Bench], result: Result) -> None:
    """List the messages of a conversation in a form that nobody knows, each once."""
    found: dict[tuple[str | None, str], None] = {}
    for bench in benches:
        seen = bench.reader.expects(told) if bench.reader and key in bench.reader.ids() else None
        if seen is None:
            continue
        for said in [*seen.current, *seen.others]:
            found |= dict.fromkeys((said.id, what) for what in said.words.unknown)
        for words in seen.anywhere:
            found |= dict.fromkeys((None, what) for what in words.unknown)
    result.unknown_messages += len({message for message, _ in found})
    for message, what in found:
        if len(result.unknown) < LISTED:
            result.unknown.append(UnknownForm(key, told.title, message, what))


def _lacking(export: ExportSet, locate: Locator) -> list[str]:
    """What the export itself lacks, a phrase each."""
    found = []
    if export.missing:
        found.append(count(len(export.missing), "file") + " that its own list names")
    losses = [loss for loss in export.losses if loss.why.code is not Lost.TOO_LARGE]
    if losses:
        found.append(count(len(losses), "part") + " of it that cannot be read")
    if locate.missing:
        found.append(count(len(locate.missing), "attachment") + " that it mentions")
    return found
