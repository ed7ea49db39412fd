"""When an export was made, from whatever tells: nothing in its conversations does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from gptexit.readers.chatgpt.assets.export_manifest import whole
from gptexit.readers.chatgpt.containers.base import Volume
from gptexit.readers.chatgpt.parsing.weight import heavy

_NAMED = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}-(\d{4}(?:-\d\d){5})(?!\d)", re.IGNORECASE)
"""`<64 hex>-2026-08-31-10-20-30-<32 hex>`: OpenAI's name of the ZIP, or of the folder in it."""
_ASKED = re.compile(r"(?:^|/)(?:sites/)?export_manifest\.json$")
_FIRST = datetime(2022, 12, 1, tzinfo=UTC)
"""ChatGPT opened on 30 November 2022; no export is older."""


@dataclass(frozen=True, slots=True, order=True)
class ExportDate:
    """When an export was made, and what tells so."""

    moment: datetime
    """In UTC."""
    by: str
    """`name`, `request` (the day that `export_manifest.json` gives), `zip` (the dates of its
    members) or `files` (those of unpacked files: when they were unpacked, at the latest)."""


def made(volume: Volume) -> ExportDate | None:
    """When the export in `volume` was made, by the most trustworthy sign; None without any."""
    for by, moments in _SIGNS:
        moment = max((each for each in moments(volume) if each >= _FIRST), default=None)
        if moment:
            return ExportDate(moment, by if by != "stamp" else "zip" if volume.zipped else "files")
    return None


def _names(volume: Volume) -> Iterator[datetime]:
    for name in {volume.label, *(member.path.split("/", 1)[0] for member in volume.members)}:
        for found in _NAMED.finditer(name):
            try:
                yield datetime.strptime(found[1], "%Y-%m-%d-%H-%M-%S").replace(tzinfo=UTC)
            except ValueError:  # hex digits that look like a date
                continue


def _requests(volume: Volume) -> Iterator[datetime]:
    """`requested_at`, seen in `sites/export_manifest.json` of 2026."""
    for member in volume.members:
        if not _ASKED.search(member.path):
            continue
        try:
            with closing(member.open()) as stream:
                data = whole(stream)
            manifest: Any = None if heavy(data) else orjson.loads(data)
            moment = datetime.fromisoformat(manifest["requested_at"])
            yield (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (OSError, ValueError, TypeError, KeyError, OverflowError):
            continue  # another file of that name; it is read, and its faults told, elsewhere


def _stamps(volume: Volume) -> Iterator[datetime]:
    return (member.stamp for member in volume.members if member.stamp)


_SIGNS = (("name", _names), ("request", _requests), ("stamp", _stamps))
SIGNS = ("name", "request", "zip", "files")
"""What `Made.by` may be, the most trustworthy first."""
