"""An archive as a run finds and leaves it: its manifest, its journals, its record of itself."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from gptexit.archive.description import EXPORTS, LISTED, RECORD, record_of, sealed
from gptexit.archive.description import KEY as ACCOUNT
from gptexit.archive.manifest import Catalog, entries, line_of, time_line, times
from gptexit.archive.places import MANIFEST, TIMES, ArchivePlaces, DryPlaces
from gptexit.files.disk import digest_at, read_bytes
from gptexit.files.numbers import NumberMap


class Archive:
    """The archive in a folder: its files by the manifest, and its record of itself.

    One for each run; each pass of the run has its own `ArchiveFolder`. Raises OSError, and Unusable
    if a link is in the way.
    """

    def __init__(self, root: Path, *, dry: bool = False) -> None:
        """`dry`: find out what would be written, and write nothing."""
        self.root = root
        self.catalog = Catalog()
        self.places = DryPlaces(root) if dry else ArchivePlaces(root)
        self.new = NumberMap()
        """The hashes of the paths that this run has written; the paths themselves are too many."""
        self.moved: dict[str, tuple[str, str]] = {}
        """By key, the earlier and the present path of each file that the user moved."""
        self._manifest = ""
        self.unsure: set[int] = set()
        """The hashes of the paths that a killed run recorded; it may not have written them."""
        self._load()
        self.begun = not self.catalog.is_empty
        """True if an earlier run left something here."""

    def recorded(self) -> dict[str, Any]:
        """Return the archive's record of itself; empty if there is none that can be read."""
        return record_of(self.root)

    def planned(self) -> dict[str, int]:
        """Return what a dry run has found: files that are new, changed and removed, and bytes."""
        written = [entry for entry in self.catalog if hash(entry.path) in self.new]
        changed = sum(os.path.lexists(f"{self.places.top}/{entry.path}") for entry in written)
        return {
            "new": len(written) - changed,
            "changed": changed,
            "removed": self.places.removed,
            "bytes": sum(entry.size for entry in written),
        }

    def describe(self, record: dict[str, Any], *, several: bool = False) -> None:
        """Save the archive's record of itself; call it after `save`.

        `several`: True if the archive holds what no single export has.
        """
        before = self.recorded()
        account = before.get(ACCOUNT)
        if isinstance(account, str) and ACCOUNT not in record:
            record = {ACCOUNT: account, **record}  # also where this run's source does not tell
        if several or before.get("several"):
            record = {**record, "several": True}
        if EXPORTS in record:
            known, new = before.get(EXPORTS), record[EXPORTS]
            known = known if isinstance(known, list) else []
            earlier = [export for export in known if export not in new]
            record = {**record, EXPORTS: [*earlier, *new][-LISTED:]}
        data = sealed({**record, "manifest": self._manifest})
        if read_bytes(f"{self.places.path}/{RECORD}") != data:
            self.places.write(RECORD, [data])

    def save(self) -> None:
        """Write the manifest if it differs, and remove temporary files."""
        self.places.sync_names()
        self._renew(TIMES, lambda: (time_line(*file) for file in self.catalog.times()))
        self._manifest = self._renew(MANIFEST, lambda: map(line_of, self.catalog))
        self.places.tidy()

    def _renew(self, name: str, lines: Callable[[], Iterable[bytes]]) -> str:
        """Write a list of all files, unless it is there as it would be. Return its SHA-256."""
        present = digest_at(f"{self.places.path}/{name}")
        if present is not None:
            digest = hashlib.sha256()
            for line in lines():
                digest.update(line)
            if digest.hexdigest() == present:
                return present
        return self.places.write(name, lines())

    def take_back(self) -> None:
        """Forget the names that this run gave, and those that runs which were killed gave.

        Their files stay, as ours; `ArchiveFolder.finish` removes those that get no name again. For
        a pass that begins anew: names depend on the order in which conversations come, and on what
        is known of them.
        """
        self.places.settle()
        saved = (entry.key for entry in entries(Path(self.places.manifest)))
        journals = map(Path, self.places.journals())
        self.catalog.take_back(saved, chain.from_iterable(map(entries, journals)))

    def _load(self) -> None:
        for entry in entries(Path(self.places.manifest)):
            self.catalog.add(entry)
        for path, time in times(Path(self.places.path) / TIMES):
            self.catalog.set_time(path, time)
        for journal in self.places.journals():
            for entry in entries(Path(journal)):
                before = self.catalog.get(entry.key)
                if before and before.path != entry.path:  # a run that was killed had found it
                    self.moved[entry.key] = (before.path, entry.path)
                self.catalog.add(entry)
                self.unsure.add(hash(entry.path))
