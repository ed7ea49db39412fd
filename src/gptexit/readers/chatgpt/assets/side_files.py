"""The files of an export beside its conversations: assets by id, tables of names, account files."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import closing
from typing import Any, BinaryIO, cast

from gptexit.chatgpt.names import CONVERSATIONS, LIBRARY, NAMES, file_id
from gptexit.codes import Lost, Reason, reason_of
from gptexit.readers.chatgpt.assets.index import (
    AssetIndex,
    AssetInfo,
    Tables,
    files_not_there,
    listed,
    unique_name,
)
from gptexit.readers.chatgpt.containers.base import Member
from gptexit.readers.chatgpt.containers.layout import Layout
from gptexit.readers.chatgpt.merge.exports import Edition
from gptexit.readers.chatgpt.parsing.chat_html import asset_table

Raw = dict[str, Any]
_VIEWER = "chat.html"
_MANIFEST = "export_manifest.json"


class Files:
    """They are found by their names; what is in them is read when it is asked for."""

    def __init__(self, layouts: Sequence[Layout], lose: Callable[[str, Reason], None]) -> None:
        """`layouts`: of the newest export first; `lose`: is told of what cannot be read."""
        self._lose = lose
        self._sides: dict[str, Member] = {}
        for layout in layouts:
            for name, member in layout.sides:
                own = unique_name(name, member, self._sides)
                if own:
                    self._sides[own] = member
        self._tables: Tables | None = None
        self._viewer: dict[str, str] | None = None
        assets = (member for layout in layouts for member in layout.assets)
        self._assets = AssetIndex(assets, self._read_tables, self._read_viewer)

    def lookup(self, file_id: str, *, sniff: bool = True) -> AssetInfo:
        """What the export knows of the asset with that id; `sniff`: also by its first bytes."""
        return self._assets.lookup(file_id, sniff=sniff)

    def library(self, thread_id: str) -> list[Raw]:
        """The rows of `library_files.json` that come from that conversation."""
        return self._read_tables().threads.get(thread_id, [])

    def assets(self) -> Iterator[str]:
        """Every asset member, named so that `open` and `size` find it."""
        return iter(self._assets.members)

    def others(self, taken: Container[str]) -> Iterator[str]:
        """The asset members that are not `taken`.

        Of an unpacked folder only those with a name of ChatGPT's: it may hold anything.
        """
        for name, member in self._assets.members.items():
            if name not in taken and (
                member.crc is not None or file_id(member.base) != member.base
            ):
                yield name

    def open(self, member: str) -> BinaryIO:
        """An asset's bytes. Raises OSError, at the damaged place where there is one."""
        return _buffered(self._asset(member))

    def size(self, member: str) -> int:
        """An asset's size in bytes, as declared. Raises FileNotFoundError."""
        return self._asset(member).size

    def _asset(self, member: str) -> Member:
        try:
            return self._assets.members[member]
        except KeyError:
            raise FileNotFoundError(f"the export holds no {member}") from None

    def inventory(self, read: Container[object] = ()) -> Iterator[tuple[str, int, str | None]]:
        """Every one of them but those that are `read` as conversations.

        The SHA-256 is of those that are read here, since they are small.
        """
        for name, member in self._sides.items():
            if member in read and not name.startswith(_VIEWER):
                continue
            yield name, member.size, None if name.startswith(_VIEWER) else _digest(member)
        for name, member in self._assets.members.items():
            yield name, member.size, None

    def side_files(self) -> list[str]:
        """The names of the JSON and HTML files beside the conversations."""
        return list(self._sides)

    def side_file(self, name: str) -> BinaryIO | None:
        """The bytes of a side file, `user.json` for one; None where it is absent or damaged."""
        member = self._sides.get(name)
        if member is None:
            return None
        try:
            return _buffered(member)
        except OSError as error:
            self._lose(member.name, reason_of(error))
            return None

    def missing(self, groups: list[Edition]) -> list[str]:
        """What the manifests list: conversations in the same export, other files in any."""
        everywhere = [member for group in groups for member in group.members]
        missing: list[str] = []
        for file in self._named(_MANIFEST):
            group = next(each for each in groups if file in each.members)
            try:
                wanted = listed(file)
            except (OSError, ValueError) as error:
                self._lose(file.name, Lost.LIST_UNREADABLE.say(error=error))
                continue
            untold = files_not_there(wanted, group.members)
            shards = [name for name in untold if CONVERSATIONS.search(name)]
            group.pieces |= bool(shards)
            absent = {*files_not_there(untold, everywhere), *shards}
            missing += [name for name in untold if name in absent]
        return list(dict.fromkeys(missing))

    def _named(self, name: str) -> list[Member]:
        """Every side file of that name; several exports have one each."""
        return [
            member
            for own, member in self._sides.items()
            if own == name or own.startswith(f"{name} (")
        ]

    def every(self, name: str) -> Iterator[tuple[str, BinaryIO]]:
        """The side file of that name in each export, the oldest first: its name and its bytes."""
        for member in reversed(self._named(name)):
            try:
                yield member.name, _buffered(member)
            except OSError as error:
                self._lose(member.name, reason_of(error))

    def _read_tables(self) -> Tables:
        if self._tables is None:
            self._tables = Tables()
            for member in self._named(LIBRARY):
                self._tables.read_library(member, self._complain)
            for member in self._named(NAMES):
                self._tables.read_names(member, self._complain)
        return self._tables

    def _complain(self, member: Member, why: Reason) -> None:
        self._lose(member.name, why)

    def _read_viewer(self) -> dict[str, str]:
        if self._viewer is None:
            self._viewer = {}
            for member in self._named(_VIEWER):
                self._viewer.update(asset_table(member))
        return self._viewer


def _digest(member: Member) -> str | None:
    try:
        with closing(member.open()) as stream:
            return hashlib.file_digest(cast(Any, stream), "sha256").hexdigest()
    except OSError:  # the loss is told where the file is used
        return None


def _buffered(member: Member) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, member.open())))
