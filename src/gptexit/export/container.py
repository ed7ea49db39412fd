"""An export, whatever it came as: its conversations one by one, its assets by id.

with open_export(["export.zip"]) as export:
    for where, raw in export.conversations():
        ...
"""

from __future__ import annotations

import hashlib
import io
import math
import tempfile
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

from gptexit.export import diagnosis, manifest
from gptexit.export.assets import AssetIndex, unique_name
from gptexit.export.chathtml import asset_table
from gptexit.export.copies import Index, Seen, Verdict
from gptexit.export.diagnosis import NotAnExport
from gptexit.export.editions import Edition, editions, in_order, shown
from gptexit.export.facts import Facts, file_id
from gptexit.export.feed import Feed, Reading
from gptexit.export.layout import lay_out
from gptexit.export.sources import check, kept, open_stdin, open_volumes
from gptexit.export.tables import LIBRARY, NAMES, Tables
from gptexit.export.union import Union, Witness
from gptexit.export.volumes import CONVERSATIONS, Loss, Member, Volume
from gptexit.model import Gone

__all__ = ["AnotherCopy", "Export", "Loss", "NotAnExport", "open_export"]

Raw = dict[str, Any]
_STDIN = "standard input"
_VIEWER = "chat.html"
_MANIFEST = "export_manifest.json"
LISTED = 10_000
"""Losses that are listed at most."""


class AnotherCopy(Exception):
    """A conversation already yielded turned up again (see `Export.settle`)."""


def open_export(
    sources: Sequence[str | Path],
    stdin: BinaryIO | None = None,
    *,
    careful: bool = False,
    made: type[Export] | None = None,
) -> Export:
    """The export in `sources`: ZIPs, parts of one, folders, JSON files, or `-` for `stdin`.

    Reads tables of contents and first bytes only. `careful`: conversations are then parsed without
    any guess (see `splitter.split`). `made`: the class to make, in place of Export. Raises
    NotAnExport.
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
            stream = open_stdin(stdin)
            if volumes:
                volumes.append(kept(stream, spool(), _STDIN))
            else:
                piped = Feed(_STDIN, stream=stream)
        export = (made or Export)(volumes, piped, _label(sources), careful=careful)
        export.held = stack.pop_all()
        return export
    raise AssertionError  # the block above returns or raises


def _label(sources: Sequence[str | Path]) -> str:
    """The first source's name, and how many follow."""
    first = _STDIN if sources[0] == "-" else Path(sources[0]).name or str(sources[0])
    return first if len(sources) == 1 else f"{first} and {len(sources) - 1} more"


class Export:
    """One logical export, made of one or several. Use it as a context manager, or call `close`."""

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
        """Copies beyond the first of each conversation, in the current pass."""
        self.witness: Witness | None = None
        """Whoever wants to see how copies were merged."""
        self.held = ExitStack()
        """What `close` gives back."""
        self._told: set[tuple[str, str]] = set()
        self._reading = Reading(self._lose, careful=careful)
        self._copies: dict[str, int] | None = None
        self._union: Union | None = None
        self._cut = any(volume.cut for volume in volumes)
        layouts = [lay_out(volume) for volume in volumes]
        self._tell_volumes(volumes)
        for volume, layout in zip(volumes, layouts, strict=True):
            check(volume, layout.conversations[0][2] if layout.conversations else None)
        groups = editions(volumes, layouts)
        self.editions = [each for each in groups if each.feeds]
        """The exports that it is made of, from `settle` on in the order of their making."""
        self._piped = piped
        if not self.conversation_files:
            raise self._nothing(volumes)
        by_volume = {id(volume): layout for volume, layout in zip(volumes, layouts, strict=True)}
        # Of what several exports hold, the newest comes first.
        newest_first = dict.fromkeys(id(each) for group in groups[::-1] for each in group.volumes)
        layouts = [by_volume[key] for key in newest_first]
        self._sides: dict[str, Member] = {}
        for layout in layouts:
            for name, member in layout.sides:
                own = unique_name(name, member, self._sides)
                if own:
                    self._sides[own] = member
        self.missing = self._missing(groups)
        """Files that the manifest lists and that nobody supplied."""
        self._tables: Tables | None = None
        self._viewer: dict[str, str] | None = None
        assets = (member for layout in layouts for member in layout.assets)
        self._assets = AssetIndex(assets, self._read_tables, self._read_viewer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was unpacked for reading."""
        self.held.close()

    @property
    def _feeds(self) -> list[Feed]:
        piped = [self._piped] if self._piped else []
        return [feed for each in self.editions for feed in each.feeds] + piped

    @property
    def conversation_files(self) -> list[str]:
        """The files with conversations, in reading order."""
        return [feed.label.split(": ", 1)[-1] for feed in self._feeds]

    @property
    def bytes_total(self) -> int | None:
        """The unpacked bytes of the conversation files; None where a pipe is among them."""
        sizes = [feed.size for feed in self._feeds]
        return None if None in sizes else sum(size or 0 for size in sizes)

    @property
    def bytes_read(self) -> int:
        """How many of them the current pass has read."""
        return self._reading.bytes

    def conversations(self, *, once: bool = False) -> Iterator[tuple[str, Raw]]:
        """Each conversation, raw, and where it stands; several copies of one merged into one.

        Raises AnotherCopy where a conversation turns up again that was yielded already: call
        `settle` and begin again. With `once`, and for a pipe, it is yielded again and told as a
        loss. Raises NotAnExport where an incomplete ZIP holds not one whole conversation.
        """
        if len(self.editions) > 1 or any(each.several for each in self.editions):
            self.settle()
        self.repairs.clear()
        self.duplicates = 0
        count = 0
        for where, raw in self._single(once) if self._copies is None else self._merged():
            count += 1
            yield where, raw
        if self._cut and not count and self._reading.cut:
            raise diagnosis.incomplete(self.label)

    def _single(self, once: bool) -> Iterator[tuple[str, Raw]]:
        seen = Seen()
        for _, where, raw in self._pass():
            verdict = seen.judge(raw)
            if verdict is not Verdict.FIRST:
                if not (once or self._piped):
                    raise AnotherCopy(where)
                if verdict is Verdict.SAME:
                    self.duplicates += 1
                    continue
                self._lose(where, "another copy of a conversation that was read before; both stay")
            yield where, raw

    def _merged(self) -> Iterator[tuple[str, Raw]]:
        assert self._copies is not None
        last = self.editions[-1]
        tells = len(self.editions) > 1 and not (last.pieces or last.broken)
        newest = len(self.editions) - 1 if tells else None
        self._union = Union(
            dict(self._copies), len(self.editions), shown(last), newest, self.witness
        )
        for where, raw in self._union.run(self._pass()):
            self.duplicates = self._union.duplicates
            yield where, raw

    def settle(self) -> None:
        """Find out, in a pass of its own, how many copies of each conversation there are.

        After that `conversations` never raises AnotherCopy. A pipe cannot be read twice: there it
        changes nothing.
        """
        if self._piped or self._copies is not None:
            return
        index = Index([-math.inf] * len(self.editions))
        for number, _, raw in self._pass():
            index.add(number, raw)
        self._copies = index.copies()
        self.editions = [self.editions[at] for at in in_order(self.editions, index.latest)]

    def _pass(self) -> Iterator[tuple[int, str, Raw]]:
        """Every conversation, with the number of its export and where it stands."""
        self._reading.start()
        for number, edition in enumerate(self.editions):
            before = len(self.losses)
            for feed in edition.feeds:
                for where, raw in self._reading.read(feed, self.repairs):
                    yield number, where, raw
            edition.broken |= len(self.losses) > before
        if self._piped:
            for where, raw in self._reading.read(self._piped, self.repairs):
                yield 0, where, raw

    def gone(self, conversation: str) -> Gone | None:
        """What the newest of several exports lacks of the conversation that was yielded last."""
        return self._union.gone if self._union else None

    @property
    def union(self) -> Union | None:
        """What merging several exports took, in the current pass; None for a single export."""
        return self._union if len(self.editions) > 1 else None

    def lookup(self, file_id: str, *, sniff: bool = True) -> Facts:
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

    def _missing(self, groups: list[Edition]) -> list[str]:
        """What the manifests list: conversations in the same export, other files in any."""
        everywhere = [member for group in groups for member in group.members]
        missing: list[str] = []
        for file in self._named(_MANIFEST):
            group = next(each for each in groups if file in each.members)
            try:
                wanted = manifest.listed(file)
            except (OSError, ValueError) as error:
                self._lose(file.name, f"not readable ({error})")
                continue
            untold = manifest.absent(wanted, group.members)
            shards = [name for name in untold if CONVERSATIONS.search(name)]
            group.pieces |= bool(shards)
            absent = {*manifest.absent(untold, everywhere), *shards}
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
                self._lose(member.name, str(error))

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
