"""An asset's id to the member that holds it, its name and its media type.

Exports have named their assets in six ways since 2023 (`file-<id>-<name>`, `<id>.dat`, folders by
user, conversation or generator, page renditions with `#`); what they share is the id in the base
name. Many ids have no member at all: a missing asset is normal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import closing

from gptexit.files.media_types import MEDIA_TYPES
from gptexit.readers.chatgpt.assets.info import TELLS_NOTHING, AssetInfo, file_id
from gptexit.readers.chatgpt.assets.magic import HEAD, media_type, text_type
from gptexit.readers.chatgpt.assets.tables import Tables, sha256, size, text
from gptexit.readers.chatgpt.containers.base import Member

_OWN_NAME = re.compile(r"(?:^|#)file[-_][A-Za-z0-9]+-(.+)$")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_LESS_THAN_AN_ENDING = ("application/zip", "application/x-ole-storage", "text/plain", "text/xml")
"""What the first bytes tell of many kinds of files."""
_TYPESCRIPT = (".ts", ".mts", ".cts")


class AssetIndex:
    """The asset members of an export, found by id. Memory follows their number."""

    def __init__(
        self,
        members: Iterable[Member],
        tables: Callable[[], Tables],
        viewer: Callable[[], dict[str, str]],
    ) -> None:
        """`tables` and `viewer` (pointer to path, of `chat.html`) are called when first needed."""
        self.members: dict[str, Member] = {}
        """Each asset by a name of its own: that of the member, numbered where it comes again."""
        self._names: dict[Member, str] = {}
        self._by_id: dict[str, list[Member]] = {}
        self._odd: dict[str, list[Member]] = {}
        """Members without an id, by path and by base name."""
        self._types: dict[Member, str | None] = {}
        self._tables = tables
        self._viewer = viewer
        for member in members:
            self._add(member)
        for key, found in self._by_id.items():
            found.sort(key=lambda each: _rank(each, key))

    def _add(self, member: Member) -> None:
        name = unique_name(member.name, member, self.members)
        if name is None:
            return
        self.members[name] = member
        self._names[member] = name
        key = file_id(member.base)
        if key.startswith(("file-", "file_")):
            self._by_id.setdefault(key.split("#", 1)[0], []).append(member)
            return
        for each in {member.path, member.base}:
            self._odd.setdefault(each, []).append(member)

    def lookup(self, asset: str, *, sniff: bool = True) -> AssetInfo:
        """What the export knows of the asset with that id (as `file_id` gives it).

        `sniff`: read its first bytes where nothing else tells the media type.
        """
        tables = self._tables()
        bare = asset.split("#", 1)[0]
        row = tables.rows.get(bare) or tables.rows.get(_swapped(bare)) or {}
        listed = tables.names.get(bare) or tables.names.get(_swapped(bare))
        member = self._member(asset, bare, text(row, "file_name"), listed)
        name = _base(text(row, "file_name")) or _base(listed) or _own_name(member)
        return AssetInfo(
            member=self._names[member] if member else None,
            name=name,
            media_type=self._media_type(text(row, "mime_type"), member, name, sniff),
            size=member.size if member else size(row),
            sha256=sha256(row),
        )

    def _member(self, asset: str, bare: str, name: str | None, listed: str | None) -> Member | None:
        """The member of an asset, by the surest way that leads to one."""
        found = self._page(asset, bare)
        if found or not self._odd:
            return found or self._page(asset, _swapped(bare))
        for path in (self._viewer().get(bare), listed, name, asset):
            at = self._odd.get(path or "") or self._odd.get(_base(path) or "") or []
            if len(at) == 1:  # two of one name are no answer
                return at[0]
        return self._page(asset, _swapped(bare))

    def _page(self, asset: str, bare: str) -> Member | None:
        """The member with that id: the page that `asset` names, else the first."""
        found = self._by_id.get(bare, [])
        page = asset.partition("#")[2]
        if page:
            for member in found:
                if file_id(member.base).partition("#")[2] == page:
                    return member
        return found[0] if found else None

    def _media_type(
        self, told: str | None, member: Member | None, name: str | None, sniff: bool
    ) -> str | None:
        told = (told or "").split(";")[0].strip().lower()
        ending = _ending(name) or _ending(member.base if member else None)
        # A TypeScript source is uploaded as `video/mp2t`, after its ending.
        if told not in TELLS_NOTHING and not (told == "video/mp2t" and ending in _TYPESCRIPT):
            return told
        sniffed = self._sniffed(member) if member and sniff else None
        by_ending = MEDIA_TYPES.get(ending)
        if sniffed in _LESS_THAN_AN_ENDING:
            return by_ending or sniffed
        return sniffed or by_ending

    def _sniffed(self, member: Member) -> str | None:
        if member not in self._types:
            try:
                with closing(member.open()) as stream:
                    head = stream.read(HEAD)
                    self._types[member] = media_type(head) or text_type(head)
            except OSError:  # the damage is told when the asset is copied
                self._types[member] = None
        return self._types[member]


def unique_name(wanted: str, member: Member, taken: dict[str, Member]) -> str | None:
    """A name that no other member has; None where `taken` holds a copy of the same bytes."""
    name, number = wanted, 1
    while name in taken:
        other = taken[name]
        if member.crc is not None and (member.crc, member.size) == (other.crc, other.size):
            return None
        number += 1
        name = f"{wanted} ({number})"
    return name


def _rank(member: Member, key: str) -> tuple[bool, bool, bool, int]:
    """What to prefer of members with one id: bytes, `<id>.dat`, no single page, the shallowest."""
    depth = member.path.count("/")
    return not member.size, member.base != f"{key}.dat", "#p_" in member.base, depth


def _swapped(key: str) -> str:
    """`file_x` for `file-x` and back: some exports spell pointers and members differently."""
    swap = {"file-": "file_", "file_": "file-"}.get(key[:5])
    return swap + key[5:] if swap else key


def _base(path: str | None) -> str | None:
    """The last part of a path that is not to be trusted."""
    base = (path or "").replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].replace("\0", "")
    return base if base.strip(". ") else None


def _own_name(member: Member | None) -> str | None:
    """The user's own name for an upload, where the member carries it behind its id."""
    found = _OWN_NAME.search(member.base) if member else None
    return found[1] if found and not _UUID.match(found[1]) else None


def _ending(name: str | None) -> str:
    stem, dot, tail = (name or "").rpartition(".")
    return f".{tail.lower()}" if stem and dot and tail.lower() != "dat" else ""
