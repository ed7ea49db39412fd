"""Compare conversations in worker processes.

A worker opens the export again, for the tables beside the conversations, and the archives by a copy
on the disk of the lists that the first process has made. It returns what it found, and writes no
file.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import cast

from gptexit.codes import Lost
from gptexit.parallel.pool import Here, Pool, batches_of
from gptexit.parallel.worker import Answer
from gptexit.parallel.worker import Raw as Handed
from gptexit.readers.chatgpt.containers.base import Loss
from gptexit.readers.chatgpt.export_set import Again, open_export
from gptexit.readers.chatgpt.parsing.unread import handed, kept, received
from gptexit.verification.comparison import Bench, Comparison, Findings
from gptexit.verification.export_files import Locator
from gptexit.verification.raw import Raw, id_of, title_of


@dataclass(frozen=True, slots=True)
class Setup:
    """The export and the archives that a worker opens; it can be pickled."""

    again: Again
    benches: list[Bench]
    """The archives, not opened."""

    def start(self) -> Answer:
        """Open export and archives, and return the function that compares batches.

        Raises OSError.
        """
        self.again.need_same()
        export = open_export(self.again.paths, careful=True, allow_large=self.again.allow_large)
        locate = Locator(export)
        comparison = Comparison(export, locate, self.benches)
        for bench in self.benches:
            bench.open(locate)
        comparison.take()  # what is wrong with an archive as a whole, the first process finds too
        told = 0

        def answer(batch: list[Handed]) -> bytes:
            nonlocal told
            try:
                for _, data, _ in batch:
                    raw = received(data)
                    if raw is None:  # it needs repair, which the first process counts
                        comparison.take()
                        return b""
                    comparison.conversation(raw)
            except OSError:  # the first process will meet it too, and end with it
                comparison.take()
                return b""
            losses, told = export.losses[told:], len(export.losses)
            return pickle.dumps((comparison.take(), losses))

        return answer

    def orphaned(self) -> None:
        """Delete the copy of the lists of the archives, which nobody else can any more."""
        self.benches[0].archive.index.remove_copy()


def compared_by_workers(
    comparison: Comparison, conversations: Iterator[Raw], jobs: int
) -> Generator[None, None, None]:
    """Compare conversations in `jobs` processes; yield once for each. Raises OSError.

    The result is that of comparing one after the other in this process.
    """
    again = comparison.export.again
    assert again is not None  # `jobs_for` made sure
    setup = Setup(again, [replace(bench, reader=None) for bench in comparison.benches])
    # The name of one without an id depends on those before it.
    batches = batches_of(
        ("", handed(raw) if id_of(raw) else Here(raw), None) for raw in conversations
    )
    index = comparison.benches[0].archive.index
    with index.copied(), Pool(jobs, pickle.dumps(setup)) as pool:
        for batch, answers in pool.answers(batches):
            for raws, data in answers or [(batch, b"")]:
                if data is None:
                    _add_deadly(comparison, raws)
                    continue
                if not data:  # no worker could do it, so this process does
                    for _, raw, _ in raws:
                        comparison.conversation(kept(raw, comparison.export.repairs))
                    continue
                found, losses = cast(tuple[Findings, list[Loss]], pickle.loads(data))
                comparison.absorb(found)
                for loss in losses:
                    comparison.export.lose(loss.where, loss.why)
            yield from (None for _ in batch)


def _add_deadly(comparison: Comparison, raws: list[Handed]) -> None:
    """Add a problem for each conversation that ended the processes which compared it."""
    for _, data, _ in raws:
        raw = kept(data, Counter())
        key = id_of(raw)
        assert key is not None  # any other is compared here
        comparison.found.names.add(key)
        what = f"could not be compared: {Lost.ENDED_PROCESSES.sentence}"
        comparison.add(what, key, title_of(raw))
