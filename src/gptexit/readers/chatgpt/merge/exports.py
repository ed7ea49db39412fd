"""Group volumes into exports, and find out which export was made before which.

Several ZIPs may be parts of one export, and one folder may hold several exports. Everything that is
given as one argument, or named as a part of the same whole, is one export; the order of the
arguments does not matter.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from gptexit.readers.chatgpt.asset_index import whole
from gptexit.readers.chatgpt.containers.base import Member, Volume, part_number
from gptexit.readers.chatgpt.containers.layout import SINGLE, Layout
from gptexit.readers.chatgpt.parsing.conversation_files import Feed
from gptexit.readers.chatgpt.parsing.json_scanner import heavy

_NAMED = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}-(\d{4}(?:-\d\d){5})(?!\d)", re.IGNORECASE)
"""`<64 hex>-2026-08-31-10-20-30-<32 hex>`: OpenAI's name of the ZIP, or of the folder in it."""
_ASKED = re.compile(r"(?:^|/)(?:sites/)?export_manifest\.json$")
_FIRST = datetime(2022, 12, 1, tzinfo=UTC)
"""ChatGPT opened on 30 November 2022; no export is older."""
_VIEWER = "chat.html"


@dataclass(frozen=True, slots=True, order=True)
class ExportDate:
    """When an export was made, and the sign that says so."""

    moment: datetime
    """In UTC."""
    by: str
    """`name`, `request` (the day that `export_manifest.json` gives), `zip` (the dates of its
    members) or `files` (those of unpacked files: when they were unpacked, at the latest)."""


def made(volume: Volume) -> ExportDate | None:
    """Return when the export in `volume` was made, by the most trustworthy sign, if it has any."""
    for by, moments in _SIGNS.items():
        moment = max((moment for moment in moments(volume) if moment >= _FIRST), default=None)
        if moment:
            return ExportDate(moment, by)
    return None


def _names(volume: Volume) -> Iterator[datetime]:
    for name in {volume.label, *(member.path.split("/", 1)[0] for member in volume.members)}:
        for date in _NAMED.finditer(name):
            try:
                yield datetime.strptime(date[1], "%Y-%m-%d-%H-%M-%S").replace(tzinfo=UTC)
            except ValueError:  # hex digits that look like a date
                continue


def _requests(volume: Volume) -> Iterator[datetime]:
    """Yield `requested_at`, seen in `sites/export_manifest.json` of 2026."""
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
            continue  # another file of that name; it is read elsewhere


def _stamps(volume: Volume) -> list[datetime]:
    return [member.stamp for member in volume.members if member.stamp]


_SIGNS: dict[str, Callable[[Volume], Iterable[datetime]]] = {
    "name": _names,
    "request": _requests,
    "zip": lambda volume: _stamps(volume) if volume.zipped else [],
    "files": lambda volume: [] if volume.zipped else _stamps(volume),
}
"""The values of `ExportDate.by`, the most trustworthy first."""
_RANKS = list(_SIGNS)


@dataclass(slots=True, eq=False)
class Edition:
    """One of the exports of an account."""

    label: str
    made: ExportDate | None
    layouts: list[Layout]
    members: list[Member]
    feeds: list[Feed] = field(default_factory=list)
    """Its files with conversations, in order."""
    several: bool = False
    """Whether the same conversation may well be in it twice."""
    pieces: bool = False
    """Whether it is given as shards of which nobody knows whether they are all."""
    broken: bool = False
    """Whether some of its conversations cannot be read."""

    def certain(self) -> datetime | None:
        """Return when it was made, in UTC, if that is not the date of unpacked files."""
        return self.made.moment if self.made and self.made.by != "files" else None

    def moment(self, latest: float) -> float:
        """Return what orders exports, in Unix seconds; `latest`: that of its last conversation."""
        certain = self.certain()
        return max(certain.timestamp(), latest) if certain else latest


@dataclass(slots=True)
class _Root:
    """A folder of a volume that an export begins in."""

    layout: Layout
    path: str
    members: list[Member]

    def feed(self, member: Member, *, viewer: bool = False) -> Feed:
        volume = self.layout.volume
        name = member.name if member.name == volume.label else volume.where(member)
        return Feed(name, member, viewer=viewer)


def editions(layouts: list[Layout]) -> list[Edition]:
    """Group volumes into exports, the oldest first, in an order that the files alone decide.

    An export without conversations holds files for the others.
    """
    groups: dict[tuple[object, ...], list[_Root]] = {}
    outer: dict[str, Volume] = {}
    bundles = set()
    for layout in layouts:
        if outer.setdefault(layout.volume.given, layout.volume) is not layout.volume:
            bundles.add(layout.volume.given)
    twice = _twice(outer.values())
    for layout in layouts:
        volume = layout.volume
        first = outer[volume.given]
        part_of = first.part_of or ""
        key: tuple[object, ...] = (part_of or volume.given, bool(part_of))
        key += (str(Path(first.given).parent),) if part_of in twice else ()
        together = bool(part_of) or volume.given in bundles
        for path in layout.roots:
            members = volume.members
            if len(layout.roots) > 1:
                members = [member for member in members if member.path.startswith(path)]
            root = _Root(layout, path, members)
            groups.setdefault((*key, "" if together else path), []).append(root)
    grouped = [_edition(roots) for roots in groups.values()]
    if len(grouped) > 1:
        grouped.sort(key=_age)
    return grouped


def _twice(volumes: Iterable[Volume]) -> set[str]:
    """Return the wholes that more than one export has parts of: a part's number comes again."""
    parts = Counter(
        (volume.part_of, part_number(volume.label))
        for volume in volumes
        if volume.part_of and not volume.bare
    )
    return {part_of for (part_of, _), count in parts.items() if part_of and count > 1}


def _age(edition: Edition) -> tuple[float, str, str]:
    """Return what orders exports: their date, else a fingerprint of what the tables list."""
    lines = sorted(f"{member.path}\0{member.size}\0{member.crc}" for member in edition.members)
    fingerprint = hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
    moment = edition.made.moment.timestamp() if edition.made else -math.inf
    return moment, fingerprint, edition.label


def _edition(roots: list[_Root]) -> Edition:
    roots.sort(
        key=lambda root: (
            part_number(root.layout.volume.label),
            root.layout.volume.label,
            root.path,
        )
    )
    edition = Edition(
        _label(roots),
        _made(roots),
        [root.layout for root in roots],
        [member for root in roots for member in root.members],
    )
    numbered = [
        (number, root.feed(member))
        for root in roots
        for path, number, member in root.layout.conversations
        if path == root.path
    ]
    numbers = [number for number, _ in numbered]
    edition.feeds = [feed for _, feed in sorted(numbered, key=lambda entry: entry[0])]
    edition.several = len(set(numbers)) < len(numbers) or (SINGLE in numbers and len(numbers) > 1)
    edition.broken = any(root.layout.volume.cut for root in roots)
    edition.pieces = all(root.layout.volume.bare for root in roots) and SINGLE not in numbers
    if not edition.feeds:
        edition.feeds = [
            root.feed(member, viewer=True)
            for root in roots
            for name, member in root.layout.sides
            if name == _VIEWER and member in root.members
        ]
        edition.several = len(edition.feeds) > 1
    more = [
        root.feed(member)
        for root in roots
        for path, member in root.layout.more
        if path == root.path
    ]
    edition.feeds += more
    # The same conversation may well be in one of these too.
    edition.several |= any("sectioned" in feed.label for feed in more) and len(edition.feeds) > 1
    return edition


def _label(roots: list[_Root]) -> str:
    """Return the name of the first volume, and how many follow."""
    first = roots[0]
    label = first.layout.volume.label
    volumes = {root.layout.volume.label for root in roots}
    if len(volumes) > 1:
        return f"{label} and {len(volumes) - 1} more"
    if len(first.layout.roots) > 1 and len(roots) == 1:
        return f"{label}: {first.path.rstrip('/')}"
    return label


def _made(roots: list[_Root]) -> ExportDate | None:
    """Return when they were made, by the most trustworthy sign of all; of several the latest."""
    dates = []
    for root in roots:
        part = root.layout.volume
        if len(root.layout.roots) > 1:
            part = replace(part, label=root.path.rstrip("/"), members=root.members)
        if date := made(part):
            dates.append(date)
    return max(dates, key=lambda date: (-_RANKS.index(date.by), date.moment), default=None)


def in_order(exports: list[Edition], latest: list[float]) -> list[int]:
    """Return the exports' numbers by age; `latest`: Unix times of their latest conversations."""
    moments = [export.moment(last) for export, last in zip(exports, latest, strict=True)]
    return sorted(range(len(exports)), key=lambda at: (moments[at], latest[at], at))


def shown(edition: Edition) -> str | None:
    """Return when an export was made, as RFC 3339, if it says so."""
    moment = edition.certain()
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
