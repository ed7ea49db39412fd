"""An export, whatever it came as: its conversations one by one, its assets by id.

with open_export(["export.zip"]) as export:
    for where, raw in export.conversations():
        ...
"""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from gptexit.chatgpt.names import CONVERSATIONS
from gptexit.codes import Lost, Reason, Repair
from gptexit.errors import NotAnExport
from gptexit.model import Gone
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.containers import diagnosis
from gptexit.readers.chatgpt.containers.base import Loss, Volume
from gptexit.readers.chatgpt.containers.layout import lay_out
from gptexit.readers.chatgpt.containers.open import check, kept, open_stdin, open_volumes
from gptexit.readers.chatgpt.merge.copies import CopyIndex, SeenConversations, Verdict
from gptexit.readers.chatgpt.merge.exports import editions, in_order, shown
from gptexit.readers.chatgpt.merge.stream import Union, Witness
from gptexit.readers.chatgpt.parsing.conversation_files import Feed, Reading
from gptexit.readers.chatgpt.parsing.weight import Keep
from gptexit.readers.chatgpt.side_files import Files

Raw = dict[str, Any]
_STDIN = "standard input"
LISTED = 10_000
"""Losses that are listed at most."""
_READ_WITHOUT = (
    *(Lost.LINK, Lost.LINK_OUT_OF_FOLDER, Lost.BROKEN_LINK),
    *(Lost.ZIP_BOMB, Lost.OVER_ALLOWANCE),
)
"""Why a file with conversations may be left out, and the others are read all the same."""


class AnotherCopy(Exception):
    """A conversation already yielded turned up again (see `Export.settle`)."""


def open_export(
    sources: str | Path | Sequence[str | Path],
    stdin: BinaryIO | None = None,
    *,
    careful: bool = False,
    allow_large: bool = False,
    made: type[ExportSet] | None = None,
) -> ExportSet:
    """The export in `sources`: ZIPs, parts of one, folders, JSON files, or `-` for `stdin`.

    One path may be given without a list around it.

    Reads tables of contents and first bytes only. `careful`: conversations are then parsed without
    any guess (see `array_items.split`). `allow_large`: take also the members of a ZIP that unpack
    to more than an export's do. `made`: the class to make, in place of Export. Raises NotAnExport.
    """
    sources = [sources] if isinstance(sources, str | Path) else sources
    if not sources:
        raise NotAnExport(f"no source is given: {diagnosis.GET}.")
    stack = ExitStack()
    with stack:
        spooled = False

        def spool() -> Path:
            nonlocal spooled
            spooled = True
            return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gptexit-")))

        paths = [Path(source) for source in sources if source != "-"]
        volumes = open_volumes(paths, spool, allow_large=allow_large)
        piped = None
        if len(paths) < len(sources):
            if stdin is None:
                raise NotAnExport("standard input is not there to be read: give a path instead.")
            stream = open_stdin(stdin)
            if volumes:
                volumes.append(kept(stream, spool(), _STDIN))
            else:
                piped = Feed(_STDIN, stream=stream)
        export = (made or ExportSet)(volumes, piped, _label(sources), careful=careful)
        export.held = stack.pop_all()
        if not (spooled or piped):
            export.again = Again(tuple(map(str, paths)), allow_large)
        return export
    raise AssertionError  # the block above returns or raises


def _label(sources: Sequence[str | Path]) -> str:
    """The first source's name, and how many follow."""
    first = _STDIN if sources[0] == "-" else Path(sources[0]).name or str(sources[0])
    return first if len(sources) == 1 else f"{first} and {len(sources) - 1} more"


@dataclass(frozen=True, slots=True)
class Again:
    """How another process opens the same export."""

    paths: tuple[str, ...]
    allow_large: bool


class ExportSet:
    """One logical export, made of one or several. Use it as a context manager, or call `close`."""

    def __init__(
        self, volumes: list[Volume], piped: Feed | None, label: str, *, careful: bool = False
    ) -> None:
        self.label = label
        """Names the source for a person."""
        self.losses: list[Loss] = []
        """What cannot be read, and what is refused; grows while reading, each loss once."""
        self.repairs: Counter[Repair] = Counter()
        """What was repaired in the current pass, by kind."""
        self.duplicates = 0
        """Copies beyond the first of each conversation, in the current pass."""
        self.witness: Witness | None = None
        """Whoever wants to see how copies were merged."""
        self.keep: Keep | None = None
        """Who keeps conversations that are too large to be converted."""
        self.again: Again | None = None
        """How to open it once more; None where that takes unpacking, or standard input."""
        self.held = ExitStack()
        """What `close` gives back."""
        self._told: set[tuple[str, Reason]] = set()
        self._reading = Reading(self.lose, careful=careful)
        self._copies: dict[str, int] | None = None
        self._union: Union | None = None
        self._cut = any(volume.cut for volume in volumes)
        layouts = [lay_out(volume) for volume in volumes]
        self._tell_volumes(volumes)
        for volume, layout in zip(volumes, layouts, strict=True):
            check(volume, [member for _, _, member in layout.conversations])
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
        self.files = Files(layouts, self.lose)
        """What is beside the conversations."""
        self.passed = [each for volume in volumes for each in volume.passed]
        """Files beside the conversations that are not read as such, and what they are."""
        self.missing = self.files.missing(groups)
        """Files that the manifest lists and that nobody supplied."""

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
        seen = SeenConversations()
        for _, where, raw in self._pass(self.keep):
            verdict = seen.judge(raw)
            if verdict is not Verdict.FIRST:
                if not (once or self._piped):
                    raise AnotherCopy(where)
                if verdict is Verdict.SAME:
                    self.duplicates += 1
                    continue
                self.lose(where, Lost.SECOND_COPY.say())
            yield where, raw

    def _merged(self) -> Iterator[tuple[str, Raw]]:
        assert self._copies is not None
        last = self.editions[-1]
        tells = len(self.editions) > 1 and not (last.pieces or last.broken)
        newest = len(self.editions) - 1 if tells else None
        self._union = Union(
            dict(self._copies), len(self.editions), shown(last), newest, self.witness
        )
        for where, raw in self._union.run(self._pass(self.keep)):
            self.duplicates = self._union.duplicates
            yield where, raw

    def settle(self) -> None:
        """Find out, in a pass of its own, how many copies of each conversation there are.

        After that `conversations` never raises AnotherCopy. A pipe cannot be read twice: there it
        changes nothing.
        """
        if self._piped or self._copies is not None:
            return
        index = CopyIndex([-math.inf] * len(self.editions))
        for number, _, raw in self._pass(None):
            index.add(number, raw)
        self._copies = index.copies()
        self.editions = [self.editions[at] for at in in_order(self.editions, index.latest)]

    def _pass(self, keep: Keep | None) -> Iterator[tuple[int, str, Raw]]:
        """Every conversation, with the number of its export and where it stands."""
        self._reading.start()
        self._reading.keep = keep
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

    def hash_members(self) -> None:
        """From now on, work out the SHA-256 of conversation files as they are read."""
        self._reading.hashing = True

    def inventory(self) -> Iterator[tuple[str, int, str | None]]:
        """Every member: its name, its bytes, and its SHA-256 as far as it was read to its end.

        Side files are read here, since they are small; all but the viewer.
        """
        read = {feed.member for feed in self._feeds}
        for feed in self._feeds:
            if feed.member:
                yield feed.label, feed.member.size, self._reading.digests.get(feed.member)
        yield from self.files.inventory(read)

    def lookup(self, file_id: str, *, sniff: bool = True) -> AssetInfo:
        """What the export knows of the asset with that id; `sniff`: also by its first bytes."""
        return self.files.lookup(file_id, sniff=sniff)

    def library(self, thread_id: str) -> list[Raw]:
        """The rows of `library_files.json` that come from that conversation."""
        return self.files.library(thread_id)

    def others(self, taken: Container[str]) -> Iterator[str]:
        """The asset members that are not `taken`; of a folder those with a name of ChatGPT's."""
        return self.files.others(taken)

    def open(self, member: str) -> BinaryIO:
        """An asset's bytes. Raises OSError, at the damaged place where there is one."""
        return self.files.open(member)

    def size(self, member: str) -> int:
        """An asset's size in bytes, as declared. Raises FileNotFoundError."""
        return self.files.size(member)

    def lose(self, where: str, why: Reason) -> None:
        """Note a loss; one that a second pass meets again is noted once."""
        if (where, why) in self._told or len(self._told) > LISTED:
            return
        self._told.add((where, why))
        if len(self._told) > LISTED:
            where, why = self.label, Lost.MORE_LOSSES.say(most=LISTED)
        self.losses.append(Loss(where, why))

    def _tell_volumes(self, volumes: list[Volume]) -> None:
        """Note what each volume lacks. Raises NotAnExport where conversations are locked."""
        for volume in volumes:
            for name, why in volume.barred:
                chats = CONVERSATIONS.search(name.replace("\\", "/"))
                if chats and why.code not in _READ_WITHOUT:
                    raise diagnosis.locked(volume.label, name, why.sentence)
                self.lose(f"{volume.label}: {name}", why)
            for loss in volume.losses:
                self.lose(loss.where, loss.why)

    def _nothing(self, volumes: list[Volume]) -> NotAnExport:
        """The sentence for sources without conversations."""
        if self._cut:
            return diagnosis.incomplete(self.label)
        for volume in volumes:
            for name, why in volume.barred:
                return diagnosis.locked(volume.label, name, why.sentence)
        return diagnosis.wrong_members(self.label, [m.path for v in volumes for m in v.members])
