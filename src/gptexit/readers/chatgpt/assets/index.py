"""An asset's id to the member that holds it, its name and its media type.

Exports have named their assets in six ways since 2023 (`file-<id>-<name>`, `<id>.dat`, folders by
user, conversation or generator, page renditions with `#`); what they share is the id in the base
name. Many ids have no member at all: a missing asset is normal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import orjson

from gptexit.chatgpt.names import file_id
from gptexit.codes import Lost, Reason
from gptexit.files.media_types import HEAD, MEDIA_TYPES, media_type, text_type
from gptexit.readers.chatgpt.containers.base import Member
from gptexit.readers.chatgpt.parsing import json_stream as rows
from gptexit.readers.chatgpt.parsing.json_scanner import heavy

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")

Complain = Callable[[Member, Reason], None]
"""Told of a member that could not be read, and why."""


@dataclass(slots=True)
class Tables:
    """The rows of both files. Memory follows their number."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Library rows by file id; the first of an id counts."""
    threads: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Library rows by the conversation that they come from."""
    names: dict[str, str] = field(default_factory=dict)
    """File id to the original name, or to the path that the asset had in older exports."""

    def read_library(self, member: Member, complain: Complain) -> None:
        """Add the rows of a `library_files.json`; of several exports, that of the newest first."""
        earlier = set(self.rows)
        for row in _streamed(member, rows.items, complain):
            if not isinstance(row, dict):
                continue
            key = row.get("file_id")
            if isinstance(key, str):
                self.rows.setdefault(file_id(key), row)
            thread = row.get("origination_thread_id")
            known = isinstance(key, str) and file_id(key) in earlier
            if isinstance(thread, str) and not known:
                self.threads.setdefault(thread, []).append(row)

    def read_names(self, member: Member, complain: Complain) -> None:
        """Add the entries of a `conversation_asset_file_names.json`; keys may lack `.dat`."""
        for key, value in _streamed(member, rows.pairs, complain):
            if isinstance(value, str) and value:
                self.names.setdefault(file_id(key.removesuffix(".dat")), value)


def _streamed(
    member: Member, way: Callable[[BinaryIO], Iterator[Any]], complain: Complain
) -> Iterator[Any]:
    """What stands in `member`, as far as it can be read."""
    try:
        with closing(member.open()) as stream:
            yield from way(stream)
    except rows.ERRORS as error:
        complain(member, Lost.NAMES_CUT.say(error=rows.reason(error)))


def text(row: dict[str, Any], key: str) -> str | None:
    """A value that is a string with something in it, else None."""
    value = row.get(key)
    return value if isinstance(value, str) and value else None


def size(row: dict[str, Any]) -> int | None:
    """The bytes that a library row tells."""
    value = row.get("file_size_bytes")
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def sha256(row: dict[str, Any]) -> str | None:
    """The digest that a library row tells, as 64 hex digits."""
    value = text(row, "sha256_digest")
    return value.lower() if value and _SHA256.fullmatch(value) else None


LARGEST = 32 << 20
"""Bytes of a manifest at most."""


def listed(member: Member) -> list[str]:
    """The paths that a manifest names, each once. Raises OSError or ValueError.

    Seen: `export_files: [{path}]` and `logical_files: {name: {files: [path]}}`, either of them
    empty or missing at times. The first part's manifest lists the files of all parts.
    """
    with closing(member.open()) as stream:
        data = whole(stream)
    if heavy(data) or len(data) > LARGEST:
        raise ValueError("too large")
    manifest = orjson.loads(data)
    return list(dict.fromkeys(_paths(manifest)))


def whole(stream: Any) -> bytes:
    """The bytes of a manifest, up to LARGEST of them. Raises OSError."""
    parts, count = [], 0
    while (part := stream.read(1 << 20)) and count <= LARGEST:
        parts.append(part)
        count += len(part)
    return b"".join(parts)


def _paths(manifest: Any) -> Iterator[str]:
    if not isinstance(manifest, dict):
        return
    files = manifest.get("export_files")
    for each in files if isinstance(files, list) else []:
        path = each.get("path") if isinstance(each, dict) else each
        if isinstance(path, str) and path:
            yield path
    logical = manifest.get("logical_files")
    for each in logical.values() if isinstance(logical, dict) else []:
        inner = each.get("files") if isinstance(each, dict) else None
        for path in inner if isinstance(inner, list) else []:
            if isinstance(path, str) and path:
                yield path


def files_not_there(wanted: Iterable[str], members: Iterable[Member]) -> list[str]:
    """The paths of a manifest that no member has, below whatever folder."""
    bases = {member.base for member in members}
    return [path for path in wanted if path.replace("\\", "/").rsplit("/", 1)[-1] not in bases]


TELLS_NOTHING = frozenset(
    ("application/octet-stream", "binary/octet-stream", "application/x-unknown", "")
)
"""Media types that say of a file that nobody knows what it is."""


@dataclass(slots=True)
class AssetInfo:
    """What the export knows of an asset: its member, and what the name tables say."""

    member: str | None = None
    name: str | None = None
    media_type: str | None = None
    size: int | None = None
    """In bytes: the member's own, else what `library_files.json` says."""
    sha256: str | None = None
    """64 hex digits, from `library_files.json`; not recomputed."""


Lookup = Callable[[str], AssetInfo]
"""From a file id (as `file_id` gives it) to what the export knows."""


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
