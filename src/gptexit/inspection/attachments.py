"""The files that conversations mention, each once: by kind, how many are there, what is missing.

Memory follows the number of files, as an index of their ids. The list of those that are missing
goes to a temporary file where it is long.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import NamedTuple

from gptexit.chatgpt.names import key_in_export
from gptexit.files.media_types import KINDS, kind
from gptexit.readers.chatgpt.asset_index import AssetInfo, Lookup
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.readers.chatgpt.normalize.mentions import Mention

SPILL = 1 << 20
"""Bytes of the list of missing files that are held in memory."""


def _spool() -> SpooledTemporaryFile[bytes]:
    return SpooledTemporaryFile(SPILL)


class Missing(NamedTuple):
    """A file that is mentioned and not there, and where it was shown."""

    id: str
    name: str | None
    kind: str
    conversation: str | None
    title: str | None
    date: str | None
    """Of the message that shows it, else of its conversation; RFC 3339."""


@dataclass(slots=True)
class Sum:
    """What is known of the files of one kind."""

    mentioned: int = 0
    found: int = 0
    bytes: int = 0
    """Of those that were found."""


@dataclass(slots=True)
class Attachments:
    """Collects mentions."""

    lookup: Lookup = lambda file_id: AssetInfo()
    """Asked for the media type of a file of which nothing else tells it."""
    kinds: dict[str, Sum] = field(default_factory=lambda: {each: Sum() for each in KINDS})
    _seen: set[str] = field(default_factory=set)
    _members: set[str] = field(default_factory=set)
    _missing: SpooledTemporaryFile[bytes] = field(default_factory=_spool)

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
        found = self.kinds[form]
        found.mentioned += 1
        if asset["member"] is not None:
            self._members.add(asset["member"])
            found.found += 1
            found.bytes += asset["size"] or 0
            return
        about = (conversation, title, mention.created or date)
        row = (asset["id"], asset["name"], form, *about)
        self._missing.write(json.dumps(row).encode() + b"\n")

    @property
    def mentioned(self) -> int:
        """Files that are mentioned."""
        return sum(each.mentioned for each in self.kinds.values())

    @property
    def found(self) -> int:
        """Files of these that the export holds."""
        return sum(each.found for each in self.kinds.values())

    def missing(self) -> Iterator[Missing]:
        """Those that it does not hold, in the order in which they were met."""
        self._missing.seek(0)
        for line in self._missing:
            yield Missing(*json.loads(line))

    def unmentioned(self, export: ExportSet) -> Iterator[tuple[str, int]]:
        """Files of the export that no conversation mentions: name and bytes."""
        for name in export.files.assets():
            if name not in self._members:
                yield name, export.size(name)
