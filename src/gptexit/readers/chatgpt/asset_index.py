"""Find the member, name and media type of an asset by its id.

Exports have named their assets in six ways since 2023 (`file-<id>-<name>`, `<id>.dat`, folders by
user, conversation or generator, page renditions with `#`); all have the id in the base name. Many
ids have no member at all: a missing asset is normal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import orjson

from gptexit.chatgpt import take
from gptexit.chatgpt.names import file_id
from gptexit.codes import Lost, Reason
from gptexit.files.media_types import HEAD, MEDIA_TYPES, media_type, text_type
from gptexit.readers.chatgpt.containers.base import Member
from gptexit.readers.chatgpt.parsing import json_stream as rows
from gptexit.readers.chatgpt.parsing.json_scanner import heavy

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")

Lose = Callable[[str, Reason], None]
"""Called with the name of a member that cannot be read, and why."""
LARGEST = 32 << 20
"""Bytes of a manifest at most."""
TELLS_NOTHING = frozenset(
    ("application/octet-stream", "binary/octet-stream", "application/x-unknown", "")
)
"""Media types of a file of unknown kind."""
_OWN_NAME = re.compile(r"(?:^|#)file[-_][A-Za-z0-9]+-(.+)$")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_VAGUE = ("application/zip", "application/x-ole-storage", "text/plain", "text/xml")
"""Media types that many kinds of files have by their first bytes: the ending tells more."""


@dataclass(slots=True)
class Tables:
    """The rows of the library and of the table of names. Memory follows their number."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Library rows by file id; the first of an id counts."""
    threads: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Library rows by the conversation that they come from."""
    names: dict[str, str] = field(default_factory=dict)
    """File id to the original name, or to the path that the asset had in older exports."""

    def read_library(self, member: Member, lose: Lose) -> None:
        """Add the rows of a `library_files.json`; of several exports, that of the newest first."""
        earlier = set(self.rows)
        for row in _streamed(member, rows.items, lose):
            if not isinstance(row, dict):
                continue
            key = row.get("file_id")
            if isinstance(key, str):
                self.rows.setdefault(file_id(key), row)
            thread = row.get("origination_thread_id")
            known = isinstance(key, str) and file_id(key) in earlier
            if isinstance(thread, str) and not known:
                self.threads.setdefault(thread, []).append(row)

    def read_names(self, member: Member, lose: Lose) -> None:
        """Add the entries of a `conversation_asset_file_names.json`; keys may lack `.dat`."""
        for key, value in _streamed(member, rows.pairs, lose):
            if isinstance(value, str) and value:
                self.names.setdefault(file_id(key.removesuffix(".dat")), value)


def _streamed(
    member: Member, parse: Callable[[BinaryIO], Iterator[Any]], lose: Lose
) -> Iterator[Any]:
    """Yield the rows of `member`, as far as it can be read."""
    try:
        with closing(member.open()) as stream:
            yield from parse(stream)
    except rows.ERRORS as error:
        lose(member.name, Lost.NAMES_CUT.say(error=rows.reason(error)))


def _size(row: dict[str, Any]) -> int | None:
    value = row.get("file_size_bytes")
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _sha256(row: dict[str, Any]) -> str | None:
    value = take.string(row.get("sha256_digest"))
    return value.lower() if value and _SHA256.fullmatch(value) else None


def listed(member: Member) -> list[str]:
    """Return the paths that a manifest names, each once. Raises OSError or ValueError.

    Seen: `export_files: [{path}]` and `logical_files: {name: {files: [path]}}`, either of them
    empty or missing at times. The first part's manifest lists the files of all parts.
    """
    with closing(member.open()) as stream:
        data = whole(stream)
    if heavy(data) or len(data) > LARGEST:
        raise ValueError("too large")
    manifest = take.mapping(orjson.loads(data))
    paths = [
        entry.get("path") if isinstance(entry, dict) else entry
        for entry in _items(manifest.get("export_files"))
    ]
    for group in take.mapping(manifest.get("logical_files")).values():
        paths += _items(take.mapping(group).get("files"))
    return list(dict.fromkeys(path for path in paths if isinstance(path, str) and path))


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def whole(stream: Any) -> bytes:
    """Return the bytes of a manifest, up to about LARGEST of them. Raises OSError."""
    parts, count = [], 0
    while (part := stream.read(1 << 20)) and count <= LARGEST:
        parts.append(part)
        count += len(part)
    return b"".join(parts)


def files_not_there(wanted: Iterable[str], members: Iterable[Member]) -> list[str]:
    """Return the paths of a manifest that no member has, in any folder."""
    bases = {member.base for member in members}
    return [path for path in wanted if path.replace("\\", "/").rsplit("/", 1)[-1] not in bases]


@dataclass(slots=True)
class AssetInfo:
    """What the export knows of an asset."""

    member: str | None = None
    name: str | None = None
    media_type: str | None = None
    size: int | None = None
    """In bytes: the member's own, else from `library_files.json`."""
    sha256: str | None = None
    """64 hex digits, from `library_files.json`; not recomputed."""


Lookup = Callable[[str], AssetInfo]
"""Returns what the export knows of a file id (as `file_id` gives it)."""


class AssetIndex:
    """The asset members of an export, found by id. Memory follows their number."""

    def __init__(
        self,
        members: Iterable[Member],
        tables: Callable[[], Tables],
        viewer: Callable[[], dict[str, str]],
    ) -> None:
        """`viewer` returns the paths in `chat.html` by id; both are called only when needed."""
        self.members: dict[str, Member] = {}
        """Each asset by a unique name: that of the member, numbered if several have it."""
        self._names: dict[Member, str] = {}
        self._by_id: dict[str, list[Member]] = {}
        self._without_id: dict[str, list[Member]] = {}
        """By path and by base name."""
        self._types: dict[Member, str | None] = {}
        self._tables = tables
        self._viewer = viewer
        for member in members:
            self._add(member)
        for key, candidates in self._by_id.items():
            candidates.sort(key=lambda member: _rank(member, key))

    def _add(self, member: Member) -> None:
        name = unique_name(member.name, member, self.members)
        if name is None:
            return
        self.members[name] = member
        self._names[member] = name
        key = file_id(member.base)
        if key.startswith(("file-", "file_")):
            self._by_id.setdefault(key.split("#", 1)[0], []).append(member)
        else:
            for path in {member.path, member.base}:
                self._without_id.setdefault(path, []).append(member)

    def lookup(self, asset: str, *, sniff: bool = True) -> AssetInfo:
        """Return what the export knows of an asset id (as `file_id` gives it).

        `sniff`: read its first bytes if nothing else tells the media type.
        """
        tables = self._tables()
        bare = asset.split("#", 1)[0]
        row = tables.rows.get(bare) or tables.rows.get(_swapped(bare)) or {}
        listed = tables.names.get(bare) or tables.names.get(_swapped(bare))
        row_name = take.string(row.get("file_name"))
        member = self._member(asset, bare, row_name, listed)
        name = _base(row_name) or _base(listed) or _own_name(member)
        return AssetInfo(
            member=self._names[member] if member else None,
            name=name,
            media_type=self._media_type(take.string(row.get("mime_type")), member, name, sniff),
            size=member.size if member else _size(row),
            sha256=_sha256(row),
        )

    def _member(self, asset: str, bare: str, name: str | None, listed: str | None) -> Member | None:
        """Return the member of an asset, by the most certain way that leads to one."""
        member = self._page(asset, bare)
        if member is None and self._without_id:
            for path in (self._viewer().get(bare), listed, name, asset):
                same = self._without_id.get(path or "") or self._without_id.get(_base(path) or "")
                if same and len(same) == 1:  # two with one name are ambiguous
                    return same[0]
        return member or self._page(asset, _swapped(bare))

    def _page(self, asset: str, bare: str) -> Member | None:
        """Return the member with that id: the page that `asset` names, else the first."""
        candidates = self._by_id.get(bare, [])
        page = asset.partition("#")[2]
        if page:
            for member in candidates:
                if file_id(member.base).partition("#")[2] == page:
                    return member
        return candidates[0] if candidates else None

    def _media_type(
        self, declared: str | None, member: Member | None, name: str | None, sniff: bool
    ) -> str | None:
        declared = (declared or "").split(";")[0].strip().lower()
        ending = _ending(name) or _ending(member.base if member else None)
        # A TypeScript source is uploaded as `video/mp2t`, after its ending.
        is_typescript = declared == "video/mp2t" and ending in (".ts", ".mts", ".cts")
        if declared not in TELLS_NOTHING and not is_typescript:
            return declared
        sniffed = self._sniffed(member) if member and sniff else None
        by_ending = MEDIA_TYPES.get(ending)
        if sniffed in _VAGUE:
            return by_ending or sniffed
        return sniffed or by_ending

    def _sniffed(self, member: Member) -> str | None:
        if member not in self._types:
            try:
                with closing(member.open()) as stream:
                    head = stream.read(HEAD)
                    self._types[member] = media_type(head) or text_type(head)
            except OSError:  # the damage is reported when the asset is copied
                self._types[member] = None
        return self._types[member]


def unique_name(wanted: str, member: Member, taken: dict[str, Member]) -> str | None:
    """Return a name that is not in `taken`; None if `taken` holds a copy of the same bytes."""
    name, number = wanted, 1
    while name in taken:
        other = taken[name]
        if member.crc is not None and (member.crc, member.size) == (other.crc, other.size):
            return None
        number += 1
        name = f"{wanted} ({number})"
    return name


def _rank(member: Member, key: str) -> tuple[bool, bool, bool, int]:
    """Order members with one id: prefer one with bytes, `<id>.dat`, no page, the fewest folders."""
    depth = member.path.count("/")
    return not member.size, member.base != f"{key}.dat", "#p_" in member.base, depth


def _swapped(key: str) -> str:
    """Turn `file_x` into `file-x` and back: in some exports pointers and members differ."""
    swap = {"file-": "file_", "file_": "file-"}.get(key[:5])
    return swap + key[5:] if swap else key


def _base(path: str | None) -> str | None:
    """Return the last part of an untrusted path; None if it is empty or only dots."""
    base = (path or "").replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].replace("\0", "")
    return base if base.strip(". ") else None


def _own_name(member: Member | None) -> str | None:
    """Return the user's own name for an upload, which older exports append to the id."""
    match = _OWN_NAME.search(member.base) if member else None
    return match[1] if match and not _UUID.match(match[1]) else None


def _ending(name: str | None) -> str:
    stem, dot, tail = (name or "").rpartition(".")
    return f".{tail.lower()}" if stem and dot and tail.lower() != "dat" else ""
