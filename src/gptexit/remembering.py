"""Collect the memory of an export, or write it as a Portable AI Memory store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gptexit.archive.archive import Archive
from gptexit.archive.description import need_same_account
from gptexit.archive.folder import ArchiveFolder
from gptexit.archive.lock import owning
from gptexit.conversion import choices, spec_of
from gptexit.files.background import collector_off
from gptexit.memories.collect import Collector
from gptexit.memories.model import Memory, Origin
from gptexit.pipeline import Output, Progress, conversations, convert
from gptexit.readers.chatgpt.source import fault
from gptexit.report import RunReport, Written
from gptexit.selection import Selection
from gptexit.source import Source
from gptexit.writers.pam.writer import Pam


def write_store(
    export: Source,
    out: Path,
    own_list: Sequence[Origin] = (),
    progress: Progress | None = None,
    *,
    all_of: bool = False,
) -> Memory:
    """Write the store to the folder `out`, with the conversations if `all_of`. Return the memory.

    Losses are in `export.losses`. Raise OSError, and Unusable if another run writes to the folder,
    or if it has the store of another account.
    """
    with owning(out):
        need_same_account(export, [out], out)
        archive = Archive(out)
        spec = spec_of("pam", {})
        writers: list[Pam] = []

        def outputs(report: RunReport) -> list[Output]:
            folder = ArchiveFolder(archive)
            writers.append(
                Pam(spec.options, folder.catalog, own_list=own_list, conversations=all_of)
            )
            written = Written("pam", str(out))
            return [Output(writers[-1], folder, written, folder, choices(spec, Selection()))]

        report = convert(export, outputs, Selection(), progress=progress)
    for loss in (*report.unreadable, *report.unwritten):
        export.lose(loss.where, loss.why)
    return writers[-1].memory


def gather(
    export: Source, own_list: Sequence[Origin] = (), progress: Progress | None = None
) -> Memory:
    """Collect the memory of `export` and ChatGPT's `own_list`. Losses are in `export.losses`.

    Raise OtherAccount if it is of several accounts.
    """
    need_same_account(export, [], None)
    collector = Collector()
    with collector_off():
        for number, conversation in enumerate(conversations(export), 1):
            try:
                collector.add(conversation)
            except Exception as error:
                loss = fault(conversation["id"], conversation["title"], error)
                export.lose(loss.where, loss.why)
            if progress:
                progress(number, export.bytes_read)
    return collector.memory(own_list)
