"""One pass: export, reader, selection, targets, sinks, with the ledger beside.

A conversation that cannot be read or rendered costs only itself: it is named in the ledger and the
run goes on. What ends a run is a full disk, a broken pipe, or the user.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from gptexit.archive.description import by_ids, record, unread
from gptexit.archive.files import Copy, File, Read, Rendered
from gptexit.archive.folder import ArchiveFolder, Sink
from gptexit.chatgpt.names import file_id
from gptexit.codes import NotKept, reason_of
from gptexit.files.background import collector_off
from gptexit.model import Asset, Conversation
from gptexit.names import Names, names_in
from gptexit.parallel.pool import jobs_for
from gptexit.parallel.worker import Prepared, Task, TaskPart, prepare
from gptexit.readers.chatgpt.containers.base import Loss
from gptexit.readers.chatgpt.export_set import AnotherCopy
from gptexit.readers.chatgpt.merge.exports import Edition, shown
from gptexit.readers.chatgpt.normalize.conversation import ReadStats
from gptexit.readers.chatgpt.parsing.json_scanner import Take
from gptexit.readers.chatgpt.source import fault
from gptexit.report import RunReport, Written
from gptexit.selection import Selection
from gptexit.source import Source
from gptexit.updating.jsonl_folder import JsonlFolder, Moment, seconds
from gptexit.writers.base import Draft, Drafter, Drafting, Target

if TYPE_CHECKING:
    from gptexit.redact.files import Outgoing

REDACTED = "redacted.csv"
"""The file of an archive that lists what was taken out of it."""


@dataclass(slots=True)
class Output:
    """A target, the sink that it writes to, and what it wrote."""

    target: Target
    sink: Sink
    written: Written
    asked: dict[str, Any] = field(default_factory=dict)
    """Format, options and selection, for the archive's record of itself."""
    assets: set[str] = field(default_factory=set)
    """The keys of the assets that this run has copied or found in place."""
    members: set[str] = field(default_factory=set)
    """Their members in the export."""
    unwritten: list[Loss] = field(default_factory=list)
    """Assets of the export that could not be copied this way."""
    digests: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the assets in the archive, by their member."""
    selection: Selection | None = None
    """What goes this way of what the run selects; None for all of it."""
    outgoing: Outgoing | None = None
    """What takes secrets out of all that goes this way; one for all ways of a run."""
    names: dict[str, str] = field(default_factory=dict)
    """Names of the projects and custom GPTs of what went this way, by id."""

    drafting: Drafting | None = field(init=False)
    """The target, where its drafts may be made by other processes."""

    def __post_init__(self) -> None:
        """Look once whether the target drafts: it is asked for each conversation."""
        drafts = isinstance(self.target, Drafting) and not self.outgoing
        self.drafting = cast(Drafting, self.target) if drafts else None

    @property
    def drafter(self) -> Drafter | None:
        """What makes those drafts."""
        return self.drafting.drafter if self.drafting else None


Progress = Callable[[int, int], None]
"""Called now and then with the conversations and the bytes that have been read."""


def convert(
    export: Source,
    ways: list[Output],
    selection: Selection,
    *,
    progress: Progress | None = None,
    settle: bool = False,
    names: Names | None = None,
    jobs: int | None = 1,
) -> RunReport:
    """Convert every selected conversation of `export` along each of `ways`.

    `settle`: find out first of which conversations there are several copies, where output cannot be
    taken back. `names`: of projects and custom GPTs, given to each conversation as it is read, so
    that every format and every selection has them. `jobs`: how many processes read and draft; None
    for one for each core where the export is large enough. The result is the same for each number.
    Raises OSError where a sink cannot write.
    """
    names = names or Names()
    # In an archive that is there, part of a conversation may not even for a moment replace it all.
    begun = _begun(ways)
    if any(isinstance(way.sink, ArchiveFolder) for way in ways):
        export.hash_members()
    if (settle or begun) and len(export.conversation_files) > 1:
        export.settle()
    while True:
        ledger = RunReport()
        for way in ways:
            if isinstance(way.sink, JsonlFolder):
                whole = selection.is_everything and way.selection is None
                way.sink.moment = partial(_moment, export, ledger, whole=whole)
        export.keep = partial(_kept, ways, whole=selection.is_everything)
        try:
            with collector_off():
                found = _prepared(ledger, export, ways, selection, names, jobs, once=settle)
                with closing(found):
                    _pass(ledger, export, ways, found, progress)
            break
        except AnotherCopy:
            export.settle()
            for way in ways:
                if way.outgoing:
                    way.outgoing.restart()
                way.sink.restart()
                way.target.restart()
                way.written = Written(way.written.format, way.written.out, way.written.redact)
                way.assets.clear()
                way.members.clear()
                way.unwritten.clear()
                way.names.clear()
    _finish(ledger, export, ways, selection, names)
    return ledger


def _begun(ways: list[Output]) -> bool:
    """Tell whether an earlier run left something in one of the folders."""
    return any(isinstance(way.sink, ArchiveFolder) and way.sink.begun for way in ways)


def _finish(
    ledger: RunReport, export: Source, ways: list[Output], selection: Selection, names: Names
) -> None:
    """What can only be written once every conversation has been seen."""
    for way in ways:
        if selection.is_everything and way.selection is None:
            # A list that grows with the number of files, like the index of the assets.
            others = [_other(export, member) for member in export.others(way.members)]
            if way.outgoing:
                others = [way.outgoing.asset(each) for each in others]
            _write(way, way.target.others(others), export, ledger)
        _write(way, way.target.finish(), export, ledger)
    for way in ways:
        if way.outgoing and isinstance(way.sink, ArchiveFolder):
            for piece in way.outgoing.findings.table():
                ArchiveFolder.put(way.sink, File(REDACTED, piece, REDACTED, append=True))
            end = File(REDACTED, b"", REDACTED, append=True, last=True)
            way.written.files[ArchiveFolder.put(way.sink, end)] += 1
        way.written.bytes = way.sink.finish()
        if isinstance(way.sink, ArchiveFolder):
            asked = way.asked
            if "selection" in asked:
                asked = {**asked, "selection": by_ids(asked["selection"], names)}
            about = record(asked, export, way.digests, _unread(way, export, ledger, selection))
            way.sink.describe(way.outgoing.names_in(about) if way.outgoing else about)
            way.written.edited = sorted(set(way.sink.edited))
            way.written.earlier = way.sink.tally
    ledger.targets = [way.written for way in ways]
    ledger.redacted = next((way.outgoing.findings for way in ways if way.outgoing), None)


def _unread(way: Output, export: Source, ledger: RunReport, selection: Selection) -> dict[str, Any]:
    """Return what the archive has to say of what could not be read, for every later verdict."""
    assert isinstance(way.sink, ArchiveFolder)
    refused = ({"where": each.where, "reason": each.reason} for each in way.unwritten)
    lost = [*ledger.lost(export), *refused]
    if way.outgoing:
        told = way.outgoing.quietly
        lost = [{key: told(words) for key, words in each.items()} for each in lost]
    if way.sink.exact:
        # What goes to somebody else is written whole each time, and tells no titles.
        return unread({**each, "where": each["where"].partition(" “")[0]} for each in lost)
    whole = selection.is_everything and way.selection is None
    return unread(lost, way.sink.recorded().get("unread"), whole=whole)


def _kept(ways: list[Output], path: str, *, whole: bool) -> Take:
    """Return what writes a conversation that is too large, as it is, to each archive of its own.

    A part of the export, and what goes to somebody else, is not to have what nobody looked at.
    """
    kept: list[tuple[Output, ArchiveFolder]] = []
    for way in ways:
        if whole and isinstance(way.sink, ArchiveFolder) and not (way.outgoing or way.selection):
            kept.append((way, way.sink))
        else:
            way.written.not_kept[NotKept.CONVERSATION_TOO_LARGE] += 1

    def take(piece: bytes) -> None:
        file = File(path, piece, f"raw/{path}", append=True, last=not piece)
        for way, sink in kept:
            outcome = ArchiveFolder.put(sink, file)
            if file.last:
                way.written.files[outcome] += 1

    return take


def _moment(export: Source, ledger: RunReport, *, whole: bool) -> Moment:
    """When the newest of what is converted was made, as far as is known by now."""
    newest: Edition | None = export.editions[-1] if export.editions else None
    latest = seconds(ledger.latest)
    if newest is None:
        return Moment(latest, None, tells=False)
    lost = export.losses or export.missing or ledger.unreadable
    tells = whole and not (lost or newest.pieces or newest.broken)
    return Moment(newest.moment(latest), shown(newest), tells)


def conversations(export: Source, names: Names | None = None) -> Iterator[Conversation]:
    """Every conversation of `export` in the neutral model, one at a time.

    `names`: of projects and custom GPTs. A conversation that cannot be read is named in
    `export.losses`.
    """
    names = names or Names()
    export.settle()
    for _, conversation in export.neutral(ReadStats()):
        if isinstance(conversation, Loss):
            export.lose(conversation.where, conversation.why)
        else:
            yield names.applied(conversation)


def _other(export: Source, member: str) -> Asset:
    """A file that no conversation mentions, with what the tables of names say of it."""
    base = member.rpartition("/")[2]
    key = file_id(base)
    facts = export.lookup(key)
    return {
        "id": key,
        # Until mid-2026 a member's name ends with the file's own.
        "name": facts.name or base.removeprefix(key).lstrip("-").removesuffix(".dat") or None,
        "media_type": facts.media_type,
        "size": export.size(member),
        "sha256": facts.sha256,
        "member": member,
        "missing": False,
    }


Found = Generator[tuple[str, Prepared | Loss], None, None]
"""Each conversation, or why it could not be read, with where it stands."""


def _prepared(
    ledger: RunReport,
    export: Source,
    ways: list[Output],
    selection: Selection,
    names: Names,
    jobs: int | None,
    *,
    once: bool,
) -> Found:
    """Read, select and draft each conversation, here or in worker processes."""
    task = Task(selection, tuple(TaskPart(way.drafter, way.selection) for way in ways), names)
    count = jobs_for(export, jobs)
    if count > 1:
        from gptexit.parallel.pool import prepared

        # Only where a sink or a target asks for what the head of a conversation lacks.
        wholes = _begun(ways) or not all(way.drafting for way in ways)
        yield from prepared(export, task, ledger.met, count, once=once, wholes=wholes)
        return
    for where, found in export.neutral(ledger.met, once=once):
        yield where, found if isinstance(found, Loss) else prepare(where, found, task)


def _pass(
    ledger: RunReport,
    export: Source,
    ways: list[Output],
    conversations: Found,
    progress: Progress | None,
) -> None:
    for where, found in conversations:
        if isinstance(found, Loss):
            ledger.unreadable.append(found)
            continue
        ledger.read(found.head, found.messages)
        if progress:
            progress(ledger.conversations, export.bytes_read)
        if found.left_out:
            ledger.left_out[found.left_out] += 1
            continue
        ledger.select(found.head, found.messages)
        _render(found, where, ways, export, ledger)


def _render(
    found: Prepared, where: str, ways: list[Output], export: Source, ledger: RunReport
) -> None:
    redacted: Conversation | None = None
    for way, outcome in zip(ways, found.outcomes, strict=True):
        if isinstance(outcome, str):
            way.written.left_out[outcome] += 1
            continue
        if isinstance(outcome, Loss):
            ledger.unreadable.append(outcome)
            continue
        shown = found.head
        try:
            if way.outgoing:
                redacted = redacted or way.outgoing.conversation(found.whole())
                shown = redacted
            rendered = _rendered(way, shown, outcome, found)
        except Exception as error:
            ledger.unreadable.append(fault(where, shown["title"], error))
            continue
        way.written.conversations += 1
        way.names.update(names_in(shown))
        _write(way, rendered, export, ledger)


def _rendered(way: Output, shown: Conversation, draft: Draft | None, found: Prepared) -> Rendered:
    if draft is not None and way.drafting:
        return way.drafting.settle(shown, draft, found.whole)
    return way.target.render(shown if way.outgoing else found.whole())


def _write(way: Output, rendered: Rendered, export: Source, ledger: RunReport) -> None:
    way.written.add(rendered)
    for file in chain(rendered.files, rendered.more):
        way.written.files[way.sink.put(file)] += 1
    for copy in rendered.copies:
        if copy.key not in way.assets:
            way.assets.add(copy.key)
            way.members.add(_member(way, copy))
            _copy(way, copy, export, ledger)


def _copy(way: Output, copy: Copy, export: Source, ledger: RunReport) -> None:
    member = _member(way, copy)
    outgoing = way.outgoing
    # A text without its secrets has another size; so that it is compared, none is given.
    size = export.size(member) if outgoing is None else -1
    read, name = (export.open, member) if outgoing is None else (outgoing.open, copy.member)
    try:
        outcome = way.sink.copy(copy, size, lambda: _guarded(read, name))
    except AssetUnreadable as error:
        way.unwritten.append(Loss(member, error.why))
        ledger.unwritten.append(way.unwritten[-1])
        return
    way.written.files[outcome] += 1
    entry = way.sink.catalog.get(copy.key)
    if entry and outcome != "edited" and outgoing is None:
        way.digests[member] = entry.sha256


def _member(way: Output, copy: Copy) -> str:
    """The export's own name of a file: one that held a secret has another outside."""
    return way.outgoing.member(copy.member) if way.outgoing else copy.member


class AssetUnreadable(Exception):
    """The export holds the asset, and its bytes cannot be read."""

    def __init__(self, error: Exception) -> None:
        self.why = reason_of(error)
        super().__init__(self.why.sentence)


class _Guarded(io.RawIOBase):
    """An asset's bytes; a fault of the source is told apart from one of the sink's disk."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes. Raises AssetUnreadable."""
        try:
            return self._stream.read(size)
        except Exception as error:  # any codec's own error: zlib, CRC, a vanished disk
            raise AssetUnreadable(error) from error

    def close(self) -> None:
        """Close the source's stream too."""
        self._stream.close()
        super().close()


def _guarded(read: Read, name: str) -> BinaryIO:
    try:
        return cast(BinaryIO, _Guarded(read(name)))
    except Exception as error:
        raise AssetUnreadable(error) from error
