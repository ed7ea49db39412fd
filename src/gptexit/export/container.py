"""An export, whatever it came as: its conversations one by one, its assets by id.

with open_export(["export.zip"]) as export:
    for where, raw in export.conversations():
        ...
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, BinaryIO, cast

from gptexit.export import diagnosis, manifest
from gptexit.export.assets import AssetIndex, unique_name
from gptexit.export.chathtml import asset_table
from gptexit.export.copies import Index, Seen, Settled, Verdict
from gptexit.export.diagnosis import NotAnExport
from gptexit.export.facts import Facts
from gptexit.export.feed import Feed, Reading
from gptexit.export.layout import Layout, lay_out
from gptexit.export.made import Made, made
from gptexit.export.sources import check, open_stdin, open_volumes
from gptexit.export.tables import LIBRARY, NAMES, Tables
from gptexit.export.volumes import CONVERSATIONS, Loss, Member, Volume

__all__ = ["Export", "Loss", "NewerCopy", "NotAnExport", "open_export"]

Raw = dict[str, Any]
_VIEWER = "chat.html"
_MANIFEST = "export_manifest.json"
LISTED = 10_000
"""Losses that are listed at most."""


class NewerCopy(Exception):
    """A conversation already yielded turned up again with a later date (see `Export.settle`)."""


def open_export(
    sources: Sequence[str | Path], stdin: BinaryIO | None = None, *, careful: bool = False
) -> Export:
    """The export in `sources`: ZIPs, parts of one, folders, JSON files, or `-` for `stdin`.

    Reads tables of contents and first bytes only. `careful`: conversations are then parsed without
    any guess (see `splitter.split`). Raises NotAnExport.
    """
    if not sources:
        raise NotAnExport(f"no source is given: {diagnosis.GET}.")
    stack = ExitStack()
    with stack:

        def spool() -> Path:
            return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gptexit-")))

        paths = [Path(source) for source in sources if source != "-"]
        volumes = open_volumes(paths, spool)
        piped = None
        if len(paths) < len(sources):
            if stdin is None:
                raise NotAnExport("standard input is not there to be read: give a path instead.")
            piped = Feed("standard input", stream=open_stdin(stdin))
        export = Export(volumes, piped, _label(sources), careful=careful)
        export.held = stack.pop_all()
        return export
    raise AssertionError  # the block above returns or raises


def _label(sources: Sequence[str | Path]) -> str:
    """The first source's name, and how many follow."""
    first = "standard input" if sources[0] == "-" else Path(sources[0]).name or str(sources[0])
    return first if len(sources) == 1 else f"{first} and {len(sources) - 1} more"


class Export:
    """One logical export. Use it as a context manager, or call `close`."""

    def __init__(
        self, volumes: list[Volume], piped: Feed | None, label: str, *, careful: bool = False
    ) -> None:
        self.label = label
        """Names the source for a person."""
        self.losses: list[Loss] = []
        """What cannot be read, and what is refused; grows while reading, each loss once."""
        self.repairs: Counter[str] = Counter()
        """What was repaired in the current pass, by kind."""
        self.duplicates = 0
        """Copies left out in the current pass, in favour of a later or an equal one."""
        self.held = ExitStack()
        """What `close` gives back."""
        self._told: set[tuple[str, str]] = set()
        self._reading = Reading(self._lose, careful=careful)
        self._winners: dict[str, int] | None = None
        self._volumes = volumes
        self._cut = any(volume.cut for volume in volumes)
        layouts = [lay_out(volume) for volume in volumes]
        self._tell_volumes(volumes)
        self._feeds, self._several = _feeds(volumes, layouts)
        self._feeds += [piped] if piped else []
        self._piped = piped
        if not self._feeds:
            raise self._nothing(volumes)
        self._sides: dict[str, Member] = {}
        for layout in layouts:
            for name, member in layout.sides:
                own = unique_name(name, member, self._sides)
                if own:
                    self._sides[own] = member
        members = [member for volume in volumes for member in volume.members]
        self.missing = self._missing(members)
        """Files that the manifest lists and that nobody supplied."""
        self._tables: Tables | None = None
        self._viewer: dict[str, str] | None = None
        assets = (member for layout in layouts for member in layout.assets)
        self._assets = AssetIndex(assets, self._read_tables, self._read_viewer)

    def __enter__(self) -> Export:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was unpacked for reading."""
        self.held.close()

    @property
    def conversation_files(self) -> list[str]:
        """The files with conversations, in reading order."""
        return [feed.label.split(": ", 1)[-1] for feed in self._feeds]

    @property
    def made(self) -> list[tuple[str, Made | None]]:
        """For each source that is no pipe its name, and when the export in it was made."""
        return [(volume.label, made(volume)) for volume in self._volumes]

    @property
    def bytes_total(self) -> int | None:
        """The unpacked bytes of the conversation files; None where a pipe is among them."""
        sizes = [feed.size for feed in self._feeds]
        return None if None in sizes else sum(size or 0 for size in sizes)

    @property
    def bytes_read(self) -> int:
        """How many of them the current pass has read."""
        return self._reading.bytes

    def conversations(self) -> Iterator[tuple[str, Raw]]:
        """Each conversation, raw, and where it stands; of several copies the latest.

        Raises NewerCopy where a later copy turns up of a conversation that was yielded already:
        call `settle` and begin again. Raises NotAnExport where an incomplete ZIP holds not one
        whole conversation.
        """
        if self._several and self._winners is None:
            self.settle()
        self.repairs.clear()
        self.duplicates = 0
        count = 0
        judge = (Seen() if self._winners is None else Settled(self._winners)).judge
        for where, raw in self._pass():
            verdict = judge(raw)
            if verdict is Verdict.DROP:
                self.duplicates += 1
                continue
            if verdict is Verdict.NEWER:
                if not self._piped:
                    raise NewerCopy(where)
                self._lose(where, "a later copy of a conversation that was read before; both stay")
            count += 1
            yield where, raw
        if self._cut and not count and self._reading.cut:
            raise diagnosis.incomplete(self.label)

    def settle(self) -> None:
        """Find out, in a pass of its own, which copy of each conversation is the latest.

        After that `conversations` never raises NewerCopy. A pipe cannot be read twice: there it
        changes nothing.
        """
        if self._piped or self._winners is not None:
            return
        index = Index()
        for _, raw in self._pass():
            index.add(raw)
        self._winners = index.winners()

    def _pass(self) -> Iterator[tuple[str, Raw]]:
        self._reading.start()
        for feed in self._feeds:
            yield from self._reading.read(feed, self.repairs)

    def lookup(self, file_id: str, *, sniff: bool = True) -> Facts:
        """What the export knows of the asset with that id; `sniff`: also by its first bytes."""
        return self._assets.lookup(file_id, sniff=sniff)

    def library(self, thread_id: str) -> list[Raw]:
        """The rows of `library_files.json` that come from that conversation."""
        return self._read_tables().threads.get(thread_id, [])

    def assets(self) -> Iterator[str]:
        """Every asset member, named so that `open` and `size` find it."""
        return iter(self._assets.members)

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

    def hash_members(self) -> None:
        """From now on, work out the SHA-256 of conversation files as they are read."""
        self._reading.hashing = True

    def inventory(self) -> Iterator[tuple[str, int, str | None]]:
        """Every member: its name, its bytes, and its SHA-256 as far as it was read to its end.

        Side files are read here, since they are small; all but the viewer.
        """
        for feed in self._feeds:
            if feed.member:
                yield feed.label, feed.member.size, self._reading.digests.get(feed.member)
        for name, member in self._sides.items():
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
            self._lose(member.name, str(error))
            return None

    def _lose(self, where: str, reason: str) -> None:
        """Note a loss; one that a second pass meets again is noted once."""
        if (where, reason) in self._told or len(self._told) > LISTED:
            return
        self._told.add((where, reason))
        if len(self._told) > LISTED:
            where, reason = self.label, f"more than {LISTED} losses; the others are not listed"
        self.losses.append(Loss(where, reason))

    def _tell_volumes(self, volumes: list[Volume]) -> None:
        """Note what each volume lacks. Raises NotAnExport where conversations are locked."""
        for volume in volumes:
            for name, reason in volume.barred:
                if CONVERSATIONS.search(name.replace("\\", "/")) and "link" not in reason:
                    raise diagnosis.locked(volume.label, name, reason)
                self._lose(f"{volume.label}: {name}", reason)
            for loss in volume.losses:
                self._lose(loss.where, loss.reason)

    def _nothing(self, volumes: list[Volume]) -> NotAnExport:
        """The sentence for sources without conversations."""
        if self._cut:
            return diagnosis.incomplete(self.label)
        for volume in volumes:
            for name, reason in volume.barred:
                return diagnosis.locked(volume.label, name, reason)
        return diagnosis.wrong_members(self.label, [m.path for v in volumes for m in v.members])

    def _missing(self, members: list[Member]) -> list[str]:
        wanted: list[str] = []
        for member in self._named(_MANIFEST):
            try:
                wanted += manifest.listed(member)
            except (OSError, ValueError) as error:
                self._lose(member.name, f"not readable ({error})")
        return manifest.absent(dict.fromkeys(wanted), members)

    def _named(self, name: str) -> list[Member]:
        """Every side file of that name; several exports have one each."""
        return [
            member
            for own, member in self._sides.items()
            if own == name or own.startswith(f"{name} (")
        ]

    def _read_tables(self) -> Tables:
        if self._tables is None:
            self._tables = Tables()
            for member in self._named(LIBRARY):
                self._tables.read_library(member, self._complain)
            for member in self._named(NAMES):
                self._tables.read_names(member, self._complain)
        return self._tables

    def _complain(self, member: Member, reason: str) -> None:
        self._lose(member.name, reason)

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


def _feeds(volumes: list[Volume], layouts: list[Layout]) -> tuple[list[Feed], bool]:
    """What to read, in order, and whether the same conversation may well stand in it twice."""
    groups: dict[tuple[object, str], list[tuple[int, Feed]]] = {}
    viewers: list[Feed] = []
    for volume, layout in zip(volumes, layouts, strict=True):
        first = layout.conversations[0][2] if layout.conversations else None
        check(volume, first)
        for root, number, member in layout.conversations:
            # Parts of one export share their shards out; two exports may both have a shard 0.
            key = (volume.part_of or id(volume), root if not volume.part_of else "")
            feed = Feed(_where(volume, member), member)
            groups.setdefault(key, []).append((number, feed))
        viewers += [
            Feed(_where(volume, member), member, viewer=True)
            for name, member in layout.sides
            if name == _VIEWER
        ]
    if not groups:
        return viewers, len(viewers) > 1
    several = len(groups) > 1
    feeds: list[Feed] = []
    for group in groups.values():
        group.sort(key=lambda each: each[0])
        numbers = [number for number, _ in group]
        several |= len(set(numbers)) < len(numbers) or (numbers[0] < 0 and len(numbers) > 1)
        feeds += [feed for _, feed in group]
    return feeds, several


def _where(volume: Volume, member: Member) -> str:
    """`export.zip: conversations.json`; only the one where both are the same."""
    return member.name if member.name == volume.label else f"{volume.label}: {member.name}"
