"""Count the files that conversations mention, each once, by kind, and list the missing ones.

Memory follows the number of files, as an index of their ids. If the list of missing files is long,
it goes to a temporary file.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import NamedTuple

from gptexit.chatgpt.names import key_in_export
from gptexit.files.media_types import KINDS, kind
from gptexit.readers.chatgpt.asset_index import AssetInfo, Lookup
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.readers.chatgpt.normalize.mentions import Mention

SPILL = 1 << 20
"""Bytes of the list of missing files that are held in memory."""


class Missing(NamedTuple):
    """A file that is mentioned and that the export lacks, and where it was shown."""

    id: str
    name: str | None
    kind: str
    conversation: str | None
    title: str | None
    date: str | None
    """Of the message that shows it, else of its conversation; RFC 3339."""


@dataclass(slots=True)
class Sum:
    """The numbers of the files of one kind."""

    mentioned: int = 0
    found: int = 0
    bytes: int = 0
    """Of those that were found."""


class Attachments:
    """Collects mentions of files.

    The list of missing files can be read as long as this lives; then its temporary file is closed.
    """

    def __init__(self, lookup: Lookup = lambda file_id: AssetInfo()) -> None:
        """`lookup` is asked for the media type of a file if nothing else tells it."""
        self.lookup = lookup
        self.kinds = {kind: Sum() for kind in KINDS}
        self._seen: set[str] = set()
        self._members: set[str] = set()
        self._missing = SpooledTemporaryFile[bytes](SPILL)
        weakref.finalize(self, self._missing.close)

    def add(
        self, mention: Mention, conversation: str | None, title: str | None, date: str | None
    ) -> None:
        """Count a file, unless it was mentioned before."""
        asset = mention.asset
        key = key_in_export(asset["id"], conversation)
        if key in self._seen:
            return
        self._seen.add(key)
        form = kind(asset["name"], asset["media_type"], mention.shown_as)
        if form == "other" and asset["member"] is not None:
            form = kind(None, self.lookup(asset["id"]).media_type, None)
        counts = self.kinds[form]
        counts.mentioned += 1
        if asset["member"] is not None:
            self._members.add(asset["member"])
            counts.found += 1
            counts.bytes += asset["size"] or 0
            return
        row = (asset["id"], asset["name"], form, conversation, title, mention.created or date)
        self._missing.write(json.dumps(row).encode() + b"\n")

    @property
    def mentioned(self) -> int:
        """Files that are mentioned."""
        return sum(counts.mentioned for counts in self.kinds.values())

    @property
    def found(self) -> int:
        """Mentioned files that the export holds."""
        return sum(counts.found for counts in self.kinds.values())

    def missing(self) -> Iterator[Missing]:
        """Yield the mentioned files that the export lacks, in the order of reading."""
        self._missing.seek(0)
        for line in self._missing:
            yield Missing(*json.loads(line))

    def unmentioned(self, export: ExportSet) -> Iterator[tuple[str, int]]:
        """Yield the name and bytes of each file of the export that no conversation mentions."""
        for name in export.files.assets():
            if name not in self._members:
                yield name, export.size(name)
