"""Which of the volumes are one export, and which export was made before which.

Several ZIPs may be parts of one export, and one folder may hold several exports. What is given as
one argument, or named as a part of the same whole, is one export; the order of the arguments says
nothing.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from gptexit.readers.chatgpt.asset_index import whole
from gptexit.readers.chatgpt.containers.base import Member, Volume, part_number
from gptexit.readers.chatgpt.containers.layout import Layout
from gptexit.readers.chatgpt.parsing.conversation_files import Feed
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


_VIEWER = "chat.html"
_BY_THE_EXPORT = ("name", "request", "zip")
"""Signs of when an export was made; the date of an unpacked file may be that of its unpacking."""


@dataclass(slots=True, eq=False)
class Edition:
    """One of the exports of an account."""

    label: str
    made: ExportDate | None
    volumes: list[Volume]
    members: list[Member]
    feeds: list[Feed] = field(default_factory=list)
    """Its files with conversations, in order."""
    several: bool = False
    """Whether the same conversation may well stand in it twice."""
    pieces: bool = False
    """Whether it is given as shards of which nobody knows whether they are all."""
    broken: bool = False
    """Whether some of its conversations cannot be read."""

    def moment(self, latest: float) -> float:
        """What orders exports, in Unix seconds; `latest`: the time of its latest conversation."""
        if self.made and self.made.by in _BY_THE_EXPORT:
            return max(self.made.moment.timestamp(), latest)
        return latest


@dataclass(slots=True)
class _Root:
    """A folder of a volume that an export begins in."""

    volume: Volume
    layout: Layout
    path: str
    members: list[Member]


def editions(volumes: list[Volume], layouts: list[Layout]) -> list[Edition]:
    """The exports in `volumes`, in an order that the files alone decide: the oldest first.

    One without conversations holds files for the others.
    """
    groups: dict[tuple[object, ...], list[_Root]] = {}
    outer: dict[str, Volume] = {}
    for volume in volumes:
        outer.setdefault(volume.given, volume)
    bundles = {each.given for each in volumes if outer[each.given] is not each}
    twice = _twice(outer.values())
    for volume, layout in zip(volumes, layouts, strict=True):
        first = outer[volume.given]
        whole = first.part_of or ""
        key: tuple[object, ...] = (whole or volume.given, bool(whole))
        key += (first.folder,) if whole in twice else ()
        together = bool(whole) or volume.given in bundles
        for root in layout.roots:
            members = volume.members
            if len(layout.roots) > 1:
                members = [each for each in members if each.path.startswith(root)]
            found = _Root(volume, layout, root, members)
            groups.setdefault((*key, "" if together else root), []).append(found)
    made_of = [_edition(roots) for roots in groups.values()]
    if len(made_of) > 1:
        made_of.sort(key=lambda each: (_stamp(each), _print(each), each.label))
    return made_of


def _twice(volumes: Iterable[Volume]) -> set[str]:
    """The names of wholes that more than one export has parts of: a number comes again."""
    seen: set[tuple[str, int]] = set()
    found = set()
    for volume in volumes:
        if volume.part_of and not volume.bare:
            key = volume.part_of, part_number(volume.label)
            if key in seen:
                found.add(volume.part_of)
            seen.add(key)
    return found


def _stamp(edition: Edition) -> float:
    return edition.made.moment.timestamp() if edition.made else -math.inf


def _print(edition: Edition) -> str:
    """A fingerprint of what the tables of contents say."""
    lines = sorted(f"{each.path}\0{each.size}\0{each.crc}" for each in edition.members)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def _edition(roots: list[_Root]) -> Edition:
    roots.sort(key=lambda each: (part_number(each.volume.label), each.volume.label, each.path))
    edition = Edition(
        _label(roots),
        _made(roots),
        [each.volume for each in roots],
        [member for each in roots for member in each.members],
    )
    numbered = [
        (number, Feed(_where(root.volume, member), member))
        for root in roots
        for path, number, member in root.layout.conversations
        if path == root.path
    ]
    numbered.sort(key=lambda each: each[0])
    numbers = [number for number, _ in numbered]
    edition.feeds = [feed for _, feed in numbered]
    edition.several = len(set(numbers)) < len(numbers) or (-1 in numbers and len(numbers) > 1)
    edition.broken = any(each.volume.cut for each in roots)
    edition.pieces = all(each.volume.bare for each in roots) and -1 not in numbers
    if not edition.feeds:
        edition.feeds = [
            Feed(_where(root.volume, member), member, viewer=True)
            for root in roots
            for name, member in root.layout.sides
            if name == _VIEWER and member in root.members
        ]
        edition.several = len(edition.feeds) > 1
    more = [
        Feed(_where(root.volume, member), member)
        for root in roots
        for path, member in root.layout.more
        if path == root.path
    ]
    edition.feeds += more
    # The same conversation may well stand in one of these too.
    edition.several |= any("sectioned" in feed.label for feed in more) and len(edition.feeds) > 1
    return edition


def _label(roots: list[_Root]) -> str:
    """The name of the first volume, and how many follow."""
    volumes = list(dict.fromkeys(each.volume.label for each in roots))
    first = roots[0]
    label = first.volume.label
    if len(volumes) > 1:
        return f"{label} and {len(volumes) - 1} more"
    if len(first.layout.roots) > 1 and len(roots) == 1:
        return f"{label}: {first.path.rstrip('/')}"
    return label


def _made(roots: list[_Root]) -> ExportDate | None:
    """When they were made, by the sign that can be trusted most; of several the latest."""
    found = []
    for each in roots:
        part = each.volume
        if len(each.layout.roots) > 1:
            part = replace(part, label=each.path.rstrip("/"), members=each.members)
        found.append(made(part))
    dates = [each for each in found if each]
    best = min((SIGNS.index(each.by) for each in dates), default=0)
    return max((each for each in dates if SIGNS.index(each.by) == best), default=None)


def _where(volume: Volume, member: Member) -> str:
    """`export.zip: conversations.json`; only the one where both are the same."""
    return member.name if member.name == volume.label else f"{volume.label}: {member.name}"


def in_order(found: list[Edition], latest: list[float]) -> list[int]:
    """The numbers of the exports in the order of their making.

    `latest`: for each the time of its latest conversation, in Unix seconds.
    """
    return sorted(range(len(found)), key=lambda at: (found[at].moment(latest[at]), latest[at], at))


def shown(edition: Edition) -> str | None:
    """When an export was made, as RFC 3339; None where it does not tell."""
    if edition.made is None or edition.made.by not in _BY_THE_EXPORT:
        return None
    moment: datetime = edition.made.moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
