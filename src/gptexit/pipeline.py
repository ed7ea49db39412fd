"""Read an export and write it in one pass: reader, selection, writers, sinks, and the report.

A conversation that cannot be read or rendered is named in the report, and the run goes on. Only a
full disk, a broken pipe or the user ends a run.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from gptexit.archive.description import by_ids, record, unread
from gptexit.archive.files import Copy, File, Read, Rendered, Sink
from gptexit.archive.folder import ArchiveFolder
from gptexit.chatgpt.names import file_id
from gptexit.codes import NotKept, reason_of
from gptexit.files.background import collector_off
from gptexit.model import Asset, Conversation
from gptexit.names import Names, names_in
from gptexit.parallel.pool import jobs_for
from gptexit.parallel.preparing import Prepared, Task, TaskPart, prepare, prepared
from gptexit.readers.chatgpt.containers.base import Loss
from gptexit.readers.chatgpt.export_set import AnotherCopy
from gptexit.readers.chatgpt.normalize.conversation import ReadStats
from gptexit.readers.chatgpt.parsing.json_scanner import Take
from gptexit.readers.chatgpt.source import fault
from gptexit.report import RunReport, Written
from gptexit.selection import Selection
from gptexit.source import Source
from gptexit.writers.base import Drafting, Writer

if TYPE_CHECKING:
    from gptexit.redact.files import Outgoing

_log = logging.getLogger(__name__)
REDACTED = "redacted.csv"
"""The file of an archive that lists what was taken out of it."""


@dataclass(slots=True)
class Output:
    """One format of a pass over the export: a writer, the sink that it writes to, and counts."""

    writer: Writer
    sink: Sink
    written: Written
    folder: ArchiveFolder | None = None
    """The folder that the sink writes through; standard output has none."""
    asked: dict[str, Any] = field(default_factory=dict)
    """Format, options and selection, for the archive's record of itself."""
    selection: Selection | None = None
    """The part of the run's selection that goes into this format; None for all of it."""
    outgoing: Outgoing | None = None
    """Takes secrets out of all that goes into this format; one for all formats of a pass."""
    assets: set[str] = field(default_factory=set)
    """The keys of the assets that this pass has copied or found in place."""
    members: set[str] = field(default_factory=set)
    """The names of these assets in the export."""
    unwritten: list[Loss] = field(default_factory=list)
    """Assets of the export that could not be copied."""
    digests: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the assets in the archive, by their names in the export."""
    names: dict[str, str] = field(default_factory=dict)
    """Names of the projects and custom GPTs of the conversations that were written, by id."""
    drafting: Drafting | None = None
    """Settles the drafts that other processes make for the writer."""


Progress = Callable[[int, int], None]
"""Called now and then with the conversations and the bytes that have been read."""
MakeOutputs = Callable[[RunReport], list[Output]]
"""Makes the outputs of one pass, whose counts go to the report."""
Found = Generator[tuple[str, Prepared | Loss], None, None]
"""Each conversation, or why it could not be read, with its place in the source."""


def convert(
    export: Source,
    make_outputs: MakeOutputs,
    selection: Selection,
    *,
    progress: Progress | None = None,
    settle: bool = False,
    numbered: bool = False,
    names: Names | None = None,
    jobs: int | None = 1,
) -> RunReport:
    """Convert every selected conversation of `export` into each of the outputs.

    If a conversation turns out to have another copy, give the pass up, look for all copies, and
    make a second pass with new outputs.

    `settle`: look for copies before the first pass, for output that cannot be taken back.
    `numbered`: do so because conversations get numbers in the order of the first pass. `names`:
    of projects and custom GPTs; each conversation gets them as it is read, so that every format and
    every selection has them. `jobs`: how many processes read and draft; None for one for each core
    if the export is large enough. The result is the same for each number.
    If the selection matches no conversation, nothing is written, and an archive stays as it is.
    Raises OSError if a sink cannot write.
    """
    names = names or Names()
    current = _Pass(export, make_outputs, selection, names)
    if any(output.folder for output in current.outputs):
        export.hash_members()
    # In an archive that is there, part of a conversation may not even for a moment replace it all.
    several = settle and len(export.conversation_files) > 1
    if (numbered or several or current.begun) and export.settle():
        current.take_back()
    while True:
        export.keep = current.keep
        try:
            with collector_off(), closing(current.prepared(jobs, once=settle)) as prepared:
                current.write_all(prepared, progress)
            break
        except AnotherCopy:
            export.settle()
            for output in current.outputs:
                output.sink.discard()
            current = _Pass(export, make_outputs, selection, names)
            current.take_back()
    if current.report.selects_nothing():
        for output in current.outputs:
            if output.folder:
                output.sink.discard()
    else:
        current.finish()
    return current.report


@dataclass(slots=True)
class _Pass:
    """One pass over an export, with outputs and counts of its own."""

    export: Source
    make_outputs: MakeOutputs
    selection: Selection
    names: Names
    report: RunReport = field(default_factory=RunReport)
    outputs: list[Output] = field(init=False)
    _refused: set[str] = field(default_factory=set)
    """The assets that are in `report.unwritten`."""

    def __post_init__(self) -> None:
        """Make the outputs, whose counts go to this report."""
        self.outputs = self.make_outputs(self.report)

    @property
    def begun(self) -> bool:
        """True if an earlier run left something in one of the folders."""
        return any(output.folder and output.folder.archive.begun for output in self.outputs)

    def take_back(self) -> None:
        """Forget the names of files that a pass gave which did not know of all copies."""
        for output in self.outputs:
            if output.folder:
                output.folder.archive.take_back()

    def keep(self, path: str) -> Take:
        """Return a function that writes a too large conversation, as it is, to the archives.

        A part of the export, and an archive for somebody else, must not get what nobody looked at.
        """
        kept: list[tuple[Output, ArchiveFolder]] = []
        for output in self.outputs:
            if output.folder and not output.outgoing and self._is_whole(output):
                kept.append((output, output.folder))
            else:
                output.written.not_kept[NotKept.CONVERSATION_TOO_LARGE] += 1

        def take(piece: bytes) -> None:
            file = File(path, piece, f"raw/{path}", append=True, last=not piece)
            for output, folder in kept:
                outcome = folder.put(file)
                if file.last:
                    output.written.files[outcome] += 1

        return take

    def _is_whole(self, output: Output) -> bool:
        """Tell whether everything goes into an output."""
        return self.selection.is_everything and output.selection is None

    def prepared(self, jobs: int | None, *, once: bool) -> Found:
        """Read and select each conversation, here or in worker processes, which draft it too."""
        count = jobs_for(self.export, jobs)
        many = count > 1
        parts = (
            TaskPart(
                output.drafting.drafter if output.drafting and many else None,
                output.selection,
                output.outgoing is not None,
            )
            for output in self.outputs
        )
        task = Task(self.selection, tuple(parts), self.names)
        met = self.report.met
        if many:
            # A sink may need what the head of a conversation lacks.
            yield from prepared(self.export, task, met, count, once=once, wholes=self.begun)
            return
        for where, found in self.export.neutral(met, once=once):
            yield where, found if isinstance(found, Loss) else prepare(where, found, task)

    def write_all(self, conversations: Found, progress: Progress | None) -> None:
        """Count and write each conversation."""
        report = self.report
        for where, found in conversations:
            if isinstance(found, Loss):
                report.unreadable.append(found)
                continue
            report.read(found.head, found.messages)
            if progress:
                progress(report.conversations, self.export.bytes_read)
            if found.left_out:
                report.left_out[found.left_out] += 1
                _log.info("Left out by %s: %s", found.left_out, found.head["title"])
                continue
            report.select(found.head, found.messages)
            self._render(found, where)

    def _render(self, found: Prepared, where: str) -> None:
        redacted: Conversation | None = None
        for output, outcome in zip(self.outputs, found.outcomes, strict=True):
            if isinstance(outcome, str):
                output.written.left_out[outcome] += 1
                title = found.head["title"]
                _log.info("Not in %s, by %s: %s", output.written.format, outcome, title)
                continue
            if isinstance(outcome, Loss):
                self.report.unreadable.append(outcome)
                continue
            shown = found.head
            try:
                if outcome is not None and output.drafting:
                    if output.outgoing:
                        output.outgoing.pass_by(shown)
                    rendered = output.drafting.settle(shown, outcome, found.whole)
                elif output.outgoing:
                    shown = redacted = redacted or output.outgoing.conversation(found.whole())
                    rendered = output.writer.render(shown)
                else:
                    rendered = output.writer.render(found.whole())
            except Exception as error:
                self.report.unreadable.append(fault(where, shown["title"], error))
                continue
            output.written.conversations += 1
            output.names.update(names_in(shown))
            self._write(output, rendered)

    def _write(self, output: Output, rendered: Rendered) -> None:
        output.written.add(rendered)
        for file in chain(rendered.files, rendered.more):
            output.written.files[output.sink.put(file)] += 1
        for copy in rendered.copies:
            if copy.key not in output.assets:
                output.assets.add(copy.key)
                self._copy(output, copy)

    def _copy(self, output: Output, copy: Copy) -> None:
        outgoing = output.outgoing
        # A name that held a secret is another one in the export.
        member = outgoing.member(copy.member) if outgoing else copy.member
        output.members.add(member)
        # A text without its secrets has another size; -1 makes the sink compare the bytes.
        size = self.export.size(member) if outgoing is None else -1
        read, name = (
            (self.export.open, member) if outgoing is None else (outgoing.open, copy.member)
        )
        try:
            outcome = output.sink.copy(copy, size, lambda: guarded(read, name))
        except AssetUnreadable as error:
            output.unwritten.append(Loss(member, error.why))
            if member not in self._refused:  # by no format before
                self._refused.add(member)
                self.report.unwritten.append(output.unwritten[-1])
            return
        output.written.files[outcome] += 1
        entry = output.sink.catalog.get(copy.key)
        if entry and outcome != "edited" and outgoing is None:
            output.digests[member] = entry.sha256

    def finish(self) -> None:
        """Write what can only be written once every conversation has been seen."""
        for output in self.outputs:
            if self._is_whole(output):
                # A list that grows with the number of files, like the index of the assets.
                others = [_other(self.export, name) for name in self.export.others(output.members)]
                if output.outgoing:
                    others = [output.outgoing.asset(asset) for asset in others]
                self._write(output, output.writer.others(others))
            self._write(output, output.writer.finish())
        for output in self.outputs:
            if output.outgoing and output.folder:
                for piece in output.outgoing.findings.table():
                    output.folder.put(File(REDACTED, piece, REDACTED, append=True))
                end = File(REDACTED, b"", REDACTED, append=True, last=True)
                output.written.files[output.folder.put(end)] += 1
            output.written.bytes = output.sink.finish()
            if output.folder:
                output.written.files += output.folder.ended
                self._describe(output, output.folder)
        self.report.targets = [output.written for output in self.outputs]
        outgoing = (output.outgoing for output in self.outputs if output.outgoing)
        self.report.redacted = next((part.findings for part in outgoing), None)

    def _describe(self, output: Output, folder: ArchiveFolder) -> None:
        """Save the archive's record of itself, and count what earlier runs left in it."""
        asked = output.asked
        if "selection" in asked:
            asked = {**asked, "selection": by_ids(asked["selection"], self.names)}
        about = record(asked, self.export, output.digests, self._unread(output, folder))
        if output.outgoing:
            about = output.outgoing.names_in(about)
        folder.archive.describe(about, several=folder.holds_more)
        output.written.edited = sorted(set(folder.edited))
        output.written.earlier = folder.tally

    def _unread(self, output: Output, folder: ArchiveFolder) -> dict[str, Any]:
        """Return the part of the archive's record about what could not be read."""
        refused = ({"where": loss.where, "reason": loss.reason} for loss in output.unwritten)
        lost = [*self.report.lost(self.export), *refused]
        if output.outgoing:
            told = output.outgoing.quietly
            lost = [{key: told(words) for key, words in loss.items()} for loss in lost]
        if folder.strict:
            # What goes to somebody else is written whole each time, and tells no titles.
            return unread({**loss, "where": loss["where"].partition(" “")[0]} for loss in lost)
        earlier = folder.archive.recorded().get("unread")
        return unread(lost, earlier, whole=self._is_whole(output))


def conversations(export: Source, names: Names | None = None) -> Iterator[Conversation]:
    """Yield every conversation of `export` in the neutral model.

    `names`: of projects and custom GPTs. Losses are in `export.losses`.
    """
    names = names or Names()
    export.settle()
    for _, conversation in export.neutral(ReadStats()):
        if isinstance(conversation, Loss):
            export.lose(conversation.where, conversation.why)
        else:
            yield names.applied(conversation)


def _other(export: Source, member: str) -> Asset:
    """Describe a file that no conversation mentions by the tables of names."""
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


class AssetUnreadable(Exception):
    """The bytes of an asset that the export holds cannot be read."""

    def __init__(self, error: Exception) -> None:
        self.why = reason_of(error)
        super().__init__(self.why.sentence)


class _Guarded(io.RawIOBase):
    """An asset's bytes. Tells a fault of the source from one of the sink's disk."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        """Read at most `size` bytes. Raises AssetUnreadable."""
        try:
            return self._stream.read(size)
        except Exception as error:  # any codec's own error: zlib, CRC, a vanished disk
            raise AssetUnreadable(error) from error

    def close(self) -> None:
        """Close the source's stream too."""
        self._stream.close()
        super().close()


def guarded(read: Read, name: str) -> BinaryIO:
    """Open a file of the source. Opening and reading it raise AssetUnreadable for any fault."""
    try:
        return cast(BinaryIO, _Guarded(read(name)))
    except Exception as error:
        raise AssetUnreadable(error) from error
