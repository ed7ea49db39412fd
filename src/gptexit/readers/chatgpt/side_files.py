"""Find and read the files of an export beside its conversations: assets, tables, account files."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Container, Iterator, Sequence
from contextlib import closing
from functools import cached_property
from typing import Any, BinaryIO, cast

from gptexit.chatgpt.names import CONVERSATIONS, LIBRARY, NAMES, file_id
from gptexit.codes import Lost, reason_of
from gptexit.readers.chatgpt import asset_index
from gptexit.readers.chatgpt.containers.base import Member, part_number
from gptexit.readers.chatgpt.containers.layout import Layout
from gptexit.readers.chatgpt.merge.exports import Edition
from gptexit.readers.chatgpt.parsing.chat_html import asset_table

USER = "user.json"
"""The side file that tells the account."""
_VIEWER = "chat.html"
_MANIFEST = "export_manifest.json"


_MOST = 10_000
"""Numbered files of an export at most; one of a higher number says nothing."""


def _gaps(group: Edition) -> list[str]:
    """Return the names of ZIPs and of conversation files whose numbers are skipped in an export.

    Parts count from 1 (`…-part-0001.zip`), conversation files from 0 (`conversations-000.json`).
    """
    volumes = [layout.volume for layout in group.layouts]
    stem = next((volume.part_of for volume in volumes if part_number(volume.label)), "")
    parts = {part_number(volume.label) for volume in volumes} - {0}
    shards = {
        int(match[1])
        for member in group.members
        if (match := CONVERSATIONS.search(member.path)) and len(match[1] or "") == _DIGITS
    }
    return [
        name.format(stem, number)
        for name, numbers, first in ((_ZIP, parts, 1), (_SHARD, shards, 0))
        for number in range(first, min(max(numbers, default=0), _MOST))
        if number not in numbers
    ]


_ZIP, _SHARD = "{0}-part-{1:04}.zip", "conversations-{1:03}.json"
_DIGITS = 3


class Files:
    """Finds files by their names, and reads them only when needed."""

    def __init__(self, layouts: Sequence[Layout], lose: asset_index.Lose) -> None:
        """`layouts`: of the newest export first; `lose`: called for a file that cannot be read."""
        self._lose = lose
        self._sides: dict[str, Member] = {}
        for layout in layouts:
            for name, member in layout.sides:
                unique = asset_index.unique_name(name, member, self._sides)
                if unique:
                    self._sides[unique] = member
        assets = (member for layout in layouts for member in layout.assets)
        self._assets = asset_index.AssetIndex(assets, lambda: self._tables, lambda: self._viewer)

    def lookup(self, file_id: str, *, sniff: bool = True) -> asset_index.AssetInfo:
        """Return what the export knows of an asset id; `sniff`: also by its first bytes."""
        return self._assets.lookup(file_id, sniff=sniff)

    def library(self, thread_id: str) -> list[dict[str, Any]]:
        """Return the rows of `library_files.json` that come from that conversation."""
        return self._tables.threads.get(thread_id, [])

    def assets(self) -> Iterator[str]:
        """Yield the name of every asset member, for `open` and `size`."""
        return iter(self._assets.members)

    def others(self, taken: Container[str]) -> Iterator[str]:
        """Yield the asset members that are not `taken`.

        Of an unpacked folder, which may hold anything, only those that ChatGPT has named.
        """
        for name, member in self._assets.members.items():
            if name not in taken and (
                member.crc is not None or file_id(member.base) != member.base
            ):
                yield name

    def open(self, member: str) -> BinaryIO:
        """Open an asset. It, or a read at a damaged place, raises OSError."""
        return _buffered(self._asset(member))

    def size(self, member: str) -> int:
        """Return an asset's size in bytes, as declared. Raises FileNotFoundError."""
        return self._asset(member).size

    def _asset(self, member: str) -> Member:
        try:
            return self._assets.members[member]
        except KeyError:
            raise FileNotFoundError(f"the export holds no {member}") from None

    def inventory(self, read: Container[object] = ()) -> Iterator[tuple[str, int, str | None]]:
        """Yield name, size and SHA-256 of every file, except those `read` as conversations.

        The SHA-256 is None for assets and `chat.html`, which may be large.
        """
        for name, member in self._sides.items():
            is_viewer = name.startswith(_VIEWER)
            if is_viewer or member not in read:
                yield name, member.size, None if is_viewer else _digest(member)
        for name, member in self._assets.members.items():
            yield name, member.size, None

    def side_files(self) -> list[str]:
        """Return the names of the JSON and HTML files beside the conversations."""
        return list(self._sides)

    def side_file(self, name: str) -> BinaryIO | None:
        """Open a side file, such as `user.json`; return None if it is absent or damaged."""
        member = self._sides.get(name)
        return self._opened(member) if member else None

    def _opened(self, member: Member) -> BinaryIO | None:
        try:
            return _buffered(member)
        except OSError as error:
            self._lose(member.name, reason_of(error))
            return None

    def missing(self, groups: list[Edition]) -> list[str]:
        """Return the files that manifests list and that are missing, and gaps in numbered files.

        A conversation file must be in the same export as the manifest, any other file in any. An
        export without its manifest, which is in its first ZIP, is not whole if a number is missing.
        """
        everywhere = [member for group in groups for member in group.members]
        missing: list[str] = []
        listed = []
        for file in self._named(_MANIFEST):
            group = next(group for group in groups if file in group.members)
            listed.append(group)
            try:
                wanted = asset_index.listed(file)
            except (OSError, ValueError) as error:
                self._lose(file.name, Lost.LIST_UNREADABLE.say(error=error))
                continue
            elsewhere = asset_index.files_not_there(wanted, group.members)
            shards = [name for name in elsewhere if CONVERSATIONS.search(name)]
            group.pieces |= bool(shards)
            absent = {*asset_index.files_not_there(elsewhere, everywhere), *shards}
            missing += [name for name in elsewhere if name in absent]
        missing += [name for group in groups if group not in listed for name in _gaps(group)]
        return list(dict.fromkeys(missing))

    def _named(self, name: str) -> list[Member]:
        """Return the side files of that name; each of several exports may have one."""
        return [
            member
            for own, member in self._sides.items()
            if own == name or own.startswith(f"{name} (")
        ]

    def every(self, name: str) -> Iterator[tuple[str, BinaryIO]]:
        """Yield name and stream of the side file of that name in each export, the oldest first."""
        for member in reversed(self._named(name)):
            stream = self._opened(member)
            if stream is not None:
                yield member.name, stream

    def users(self) -> Iterator[tuple[Member, BinaryIO]]:
        """Yield each `user.json`, that of the oldest export first."""
        for member in reversed(self._named(USER)):
            stream = self._opened(member)
            if stream is not None:
                yield member, stream

    @cached_property
    def _tables(self) -> asset_index.Tables:
        tables = asset_index.Tables()
        for member in self._named(LIBRARY):
            tables.read_library(member, self._lose)
        for member in self._named(NAMES):
            tables.read_names(member, self._lose)
        return tables

    @cached_property
    def _viewer(self) -> dict[str, str]:
        """The path of each asset in `chat.html`, by its id."""
        paths: dict[str, str] = {}
        for member in self._named(_VIEWER):
            paths.update(asset_table(member))
        return paths


def _digest(member: Member) -> str | None:
    try:
        with closing(member.open()) as stream:
            return hashlib.file_digest(cast(Any, stream), "sha256").hexdigest()
    except OSError:  # the loss is reported when the file is used
        return None


def _buffered(member: Member) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, member.open())))
