"""The memory of an export as a Portable AI Memory store in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gptexit.archive.account import need_same_account
from gptexit.archive.description import choices
from gptexit.archive.folder import ArchiveFolder
from gptexit.archive.lock import owning
from gptexit.memory.model import Memory, Origin
from gptexit.pipeline import Output, Progress, convert
from gptexit.report import Written
from gptexit.selection import Selection
from gptexit.source import Source
from gptexit.writers.base import Options
from gptexit.writers.pam.writer import Pam


def write_store(
    export: Source,
    out: Path,
    own_list: Sequence[Origin] = (),
    progress: Progress | None = None,
    *,
    all_of: bool = False,
) -> Memory:
    """Write the store to the folder `out`; `all_of`: with the conversations. The memory in it.

    What cannot be read or written is named in `export.losses`. Raises OSError, and
    Unusable where another run writes there, or the folder has the store of another account.
    """
    with owning(out):
        need_same_account(export, [out])
        sink = ArchiveFolder(out)
        target = Pam(Options(), sink.catalog, own_list=own_list, conversations=all_of)
        asked = choices("pam", Options(), Selection())
        way = Output(target, sink, Written("pam", str(out)), asked)
        ledger = convert(export, [way], Selection(), progress=progress)
    for loss in (*ledger.unreadable, *ledger.unwritten):
        export.lose(loss["where"], loss["reason"])
    return target.memory
