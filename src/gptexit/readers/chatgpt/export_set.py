"""Read an export of any form: its conversations one by one, its assets by id.

with open_export(["export.zip"]) as export:
    for where, raw in export.conversations():
        ...
"""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from gptexit.chatgpt.names import CONVERSATIONS
from gptexit.codes import Lost, Reason, Repair
from gptexit.errors import NotAnExport
from gptexit.files.numbers import NumberMap
from gptexit.model import Gone, Raw
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.containers import recognize
from gptexit.readers.chatgpt.containers.base import Loss, Member, Volume, label_of, plain
from gptexit.readers.chatgpt.containers.layout import lay_out
from gptexit.readers.chatgpt.containers.open import check, kept, open_stdin, open_volumes
from gptexit.readers.chatgpt.containers.own_files import need_no_archive
from gptexit.readers.chatgpt.merge.conversation import key_of, moment
from gptexit.readers.chatgpt.merge.exports import editions, in_order, shown
from gptexit.readers.chatgpt.merge.stream import MergePass, Witness
from gptexit.readers.chatgpt.parsing.conversation_files import Feed, Reading
from gptexit.readers.chatgpt.parsing.json_scanner import Keep
from gptexit.readers.chatgpt.side_files import Files

_STDIN = "standard input"
LISTED = 10_000
"""Losses that are listed at most."""
_READ_WITHOUT = (
    *(Lost.LINK, Lost.LINK_OUT_OF_FOLDER, Lost.BROKEN_LINK),
    *(Lost.ZIP_BOMB, Lost.OVER_ALLOWANCE),
)
"""Reasons to leave out one file with conversations and read the others all the same."""


class AnotherCopy(Exception):
    """A conversation already yielded turned up again (see `ExportSet.settle`)."""


@dataclass(frozen=True, slots=True)
class Again:
    """Arguments with which another process opens the same export."""

    paths: tuple[str, ...]
    allow_large: bool
    stamps: tuple[tuple[int, ...], ...]
    """By path, what tells whether another file has taken its place."""

    def need_same(self) -> None:
        """Check that the paths still lead to the export. Raises OSError if they do not."""
        if _stamps(self.paths) != self.stamps:
            raise OSError("the export was changed while it was read")


def _stamps(paths: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    return tuple(_stamp(Path(path)) for path in paths)


def _stamp(path: Path) -> tuple[int, ...]:
    """Return the numbers of a file, and what changes with its bytes. Raises OSError."""
    status = path.stat()
    changes = (status.st_size, status.st_mtime_ns) if path.is_file() else ()
    return (status.st_dev, status.st_ino, *changes)


class UserFile(NamedTuple):
    """The `user.json` of an export, which tells its account."""

    label: str
    """Of the export, with its date if it has one."""
    given: tuple[str, ...]
    """The paths that were given and that the export came from."""
    paths: tuple[str, ...]
    """The paths to give for this export alone: the same, but for one of several in a folder."""
    stream: BinaryIO


class ExportSet:
    """One logical export, made of one or several. Use it as a context manager, or call `close`."""

    @classmethod
    def from_sources(
        cls,
        sources: str | Path | Sequence[str | Path],
        stdin: BinaryIO | None = None,
        *,
        careful: bool = False,
        allow_large: bool = False,
    ) -> Self:
        """Open the export in `sources`: ZIPs, parts of one, folders, JSON files, `-` for `stdin`.

        One path may be given without a list around it. Reads tables of contents and first bytes
        only. Raises NotAnExport.

        `careful`: conversations are then parsed without any guess (see `array_items.split`).
        `allow_large`: take also the members of a ZIP that unpack to more than an export's do.
        """
        sources = [sources] if isinstance(sources, str | Path) else sources
        if not sources:
            raise NotAnExport(f"no source is given: {recognize.GET}.")
        spooled = False

        def spool() -> Path:
            nonlocal spooled
            spooled = True
            return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gptexit-")))

        with ExitStack() as stack:
            if "" in sources:
                raise NotAnExport("the path of the source is empty.", f"Instead {recognize.GET}.")
            paths = [Path(source) for source in sources if source != "-"]
            volumes = open_volumes(paths, spool, allow_large=allow_large)
            piped = None
            if len(paths) < len(sources):
                if stdin is None:
                    raise NotAnExport("there is no standard input to read: give a path instead.")
                stream = open_stdin(stdin)
                if volumes:
                    volumes.append(kept(stream, spool(), _STDIN))
                else:
                    piped = Feed(_STDIN, stream=stream)
            export = cls(volumes, piped, _label(sources), careful=careful)
            export._unpacked = stack.pop_all()
        if not (spooled or piped):
            names = tuple(map(str, paths))
            with suppress(OSError):
                export.again = Again(names, allow_large, _stamps(names))
        return export

    def __init__(
        self, volumes: list[Volume], piped: Feed | None, label: str, *, careful: bool = False
    ) -> None:
        self.label = label
        """Names the source for a person."""
        self.losses: list[Loss] = []
        """What cannot be read, and what is refused; grows while reading, each loss once."""
        self.repairs: Counter[Repair] = Counter()
        """Repairs in the current pass, by kind."""
        self.duplicates = 0
        """Copies beyond the first of each conversation, in the current pass."""
        self.witness: Witness | None = None
        """Called after every merge of copies, if set."""
        self.keep: Keep | None = None
        """Takes conversations that are too large to be converted, if set."""
        self.again: Again | None = None
        """Arguments to open it once more; None if that takes unpacking, or standard input."""
        self._unpacked = ExitStack()
        self._told: set[tuple[str, Reason]] = set()
        self._reading = Reading(self.lose, careful=careful)
        self._copies: dict[str, int] | None = None
        self._merging: MergePass | None = None
        self._cut = any(volume.cut for volume in volumes)
        self._given = list(dict.fromkeys(volume.given for volume in volumes if volume.given))
        self._typed = (self._given or [label])[0]
        if len(self._given) > 1:
            self._typed += f" and {len(self._given) - 1} more"
        layouts = [lay_out(volume) for volume in volumes]
        self._tell_volumes(volumes)
        for layout in layouts:
            check(layout.volume, [member for _, _, member in layout.conversations])
        groups = editions(layouts)
        self.editions = [group for group in groups if group.feeds]
        """The exports that it is made of, from `settle` on in the order of their making."""
        self._piped = piped
        if not self.conversation_files:
            raise self._nothing(volumes)
        # Of the files that several exports hold, the newest comes first.
        newest_first = dict.fromkeys(layout for group in groups[::-1] for layout in group.layouts)
        self.files = Files(list(newest_first), self.lose)
        """The files beside the conversations."""
        self.passed = [loss for volume in volumes for loss in volume.passed]
        """Files beside the conversations that are not read as such, and what they are."""
        self.missing = self.files.missing(groups)
        """Files that the manifest lists and that nobody supplied."""

    @property
    def is_one_file(self) -> bool:
        """True if all that was given is a file out of an export, such as `chat.html`."""
        volumes = [layout.volume for group in self.editions for layout in group.layouts]
        return bool(volumes) and all(
            volume.bare and (volume.label == "chat.html" or CONVERSATIONS.search(volume.label))
            for volume in volumes
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove files that were unpacked for reading."""
        self._unpacked.close()

    @property
    def _feeds(self) -> list[Feed]:
        piped = [self._piped] if self._piped else []
        return [feed for edition in self.editions for feed in edition.feeds] + piped

    @property
    def conversation_files(self) -> list[str]:
        """The files with conversations, in reading order."""
        return [feed.label.split(": ", 1)[-1] for feed in self._feeds]

    @property
    def bytes_total(self) -> int | None:
        """The unpacked bytes of the conversation files; None if a pipe is among them."""
        sizes = (feed.member.size for feed in self._feeds if feed.member)
        return None if self._piped else sum(sizes)

    @property
    def bytes_read(self) -> int:
        """How many of them the current pass has read."""
        return self._reading.bytes

    def conversations(
        self, *, once: bool = False, unread: bool = False
    ) -> Iterator[tuple[str, Raw]]:
        """Yield each conversation, raw, and its place; copies of one are merged into one.

        `unread`: leave the reading of usual ones to whoever asks, if there are no copies: they are
        objects of the type `Unread`.

        Raises AnotherCopy if one turns up again that was yielded already: call `settle` and begin
        again. With `once`, and for a pipe, it is yielded again and reported as a loss. Raises
        NotAnExport if an incomplete ZIP holds not one whole conversation.
        """
        if len(self.editions) > 1 or any(edition.several for edition in self.editions):
            self.settle()
        self.repairs.clear()
        self.duplicates = 0
        self._reading.unread = unread and self._copies is None
        count = 0
        for where, raw in self._single(once) if self._copies is None else self._merged():
            count += 1
            yield where, raw
        if self._cut and not count and self._reading.cut:
            raise recognize.incomplete(self._typed)

    def _single(self, once: bool) -> Iterator[tuple[str, Raw]]:
        """Yield conversations as they come. Memory: two numbers an id."""
        marks = NumberMap()
        for _, where, raw in self._pass(self.keep):
            key, mapping = hash(key_of(raw)), raw.get("mapping")
            nodes = tuple(mapping) if isinstance(mapping, dict) else ()
            mark = hash((moment(raw.get("update_time")), nodes))
            known = marks.put(key, mark)
            if known is not None:
                if not (once or self._piped):
                    raise AnotherCopy(where)
                if known == mark:  # the same by its time and its nodes
                    self.duplicates += 1
                    continue
                self.lose(where, Lost.SECOND_COPY.say())
            yield where, raw

    def _merged(self) -> Iterator[tuple[str, Raw]]:
        assert self._copies is not None
        last = self.editions[-1]
        tells = len(self.editions) > 1 and not (last.pieces or last.broken)
        newest = len(self.editions) - 1 if tells else None
        self._merging = MergePass(
            dict(self._copies), len(self.editions), shown(last), newest, self.witness
        )
        for where, raw in self._merging.run(self._pass(self.keep)):
            self.duplicates = self._merging.duplicates
            yield where, raw

    def settle(self) -> bool:
        """Count the copies of each conversation in a pass of its own; two numbers an id.

        After that `conversations` never raises AnotherCopy. Not for a pipe, which is read once.
        Return whether a conversation has several copies.
        """
        if self._piped:
            return False
        if self._copies is not None:
            return bool(self._copies)
        seen, more = NumberMap(), Counter[str]()
        latest = [-math.inf] * len(self.editions)
        for number, _, raw in self._pass(None):
            key = key_of(raw)
            if seen.put(hash(key), 1):
                more[key] += 1
            latest[number] = max(latest[number], moment(raw.get("update_time")))
        self._copies = {key: 1 + count for key, count in more.items()}
        self.editions = [self.editions[number] for number in in_order(self.editions, latest)]
        return bool(self._copies)

    def _pass(self, keep: Keep | None) -> Iterator[tuple[int, str, Raw]]:
        """Yield every conversation, with the number of its export and its place."""
        self._reading.start(keep)
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
        """Return what the newest export lacks of the conversation that was yielded last."""
        return self._merging.gone if self._merging else None

    @property
    def union(self) -> MergePass | None:
        """The merging of several exports in the current pass; None for a single export."""
        return self._merging if len(self.editions) > 1 else None

    def user_files(self) -> Iterator[UserFile]:
        """Yield the `user.json` of each export that has one."""
        for member, stream in self.files.users():
            edition = next((it for it in self.editions if member in it.members), None)
            if edition is None:  # a ZIP with files alone
                yield UserFile(self.label, (), (), stream)
                continue
            date = shown(edition)
            volumes = [layout.volume for layout in edition.layouts]
            yield UserFile(
                f"{edition.label} ({date[:10]})" if date else edition.label,
                tuple(dict.fromkeys(volume.given for volume in volumes)),
                tuple(dict.fromkeys(_alone(volume, member) for volume in volumes)),
                stream,
            )

    def hash_members(self) -> None:
        """From now on, compute the SHA-256 of conversation files as they are read."""
        self._reading.hashing = True

    def inventory(self) -> Iterator[tuple[str, int, str | None]]:
        """Yield every member: name, bytes, SHA-256 if it was read; side files are read here."""
        for feed in self._feeds:
            if feed.member:
                yield feed.label, feed.member.size, self._reading.digests.get(feed.member)
        yield from self.files.inventory({feed.member for feed in self._feeds})

    def lookup(self, file_id: str, *, sniff: bool = True) -> AssetInfo:
        """Return what is known of the asset with that id; `sniff`: also by its first bytes."""
        return self.files.lookup(file_id, sniff=sniff)

    def library(self, thread_id: str) -> list[Raw]:
        """Return the rows of `library_files.json` that come from that conversation."""
        return self.files.library(thread_id)

    def others(self, taken: Container[str]) -> Iterator[str]:
        """Yield the asset members that are not `taken`; of a folder those with ids."""
        return self.files.others(taken)

    def open(self, member: str) -> BinaryIO:
        """Open an asset. Raises OSError, at the damaged place if it has one."""
        return self.files.open(member)

    def size(self, member: str) -> int:
        """Return an asset's size in bytes, as declared. Raises FileNotFoundError."""
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
        """Note the losses of each volume. Raises NotAnExport if conversations are locked."""
        for volume in volumes:
            for name, why in volume.barred:
                chats = CONVERSATIONS.search(name.replace("\\", "/"))
                if chats and why.code not in _READ_WITHOUT:
                    raise recognize.locked(volume.given or volume.label, name, why.sentence)
                self.lose(f"{volume.label}: {name}", why)
            for loss in volume.losses:
                self.lose(loss.where, loss.why)

    def beside(self) -> list[str]:
        """Return the names of what was given beside what names the exports, such as other parts."""
        names = [plain(Path(path).name) for path in self._given]
        labels = {edition.label for edition in self.editions}
        return [name for name in dict.fromkeys(names) if name not in labels and names[1:]]

    def _nothing(self, volumes: list[Volume]) -> NotAnExport:
        """Return the error for sources without conversations. Raises it if they are an archive."""
        if self._cut:
            return recognize.incomplete(self._typed)
        for volume in volumes:
            for name, why in volume.barred:
                return recognize.locked(volume.given or volume.label, name, why.sentence)
        paths = [member.path for volume in volumes for member in volume.members]
        for path in self._given:
            need_no_archive(Path(path))
        folders = [path for path in self._given if Path(path).is_dir()]
        return recognize.wrong_members(self._typed, paths).with_choices(folders, [])


def _alone(volume: Volume, member: Member) -> str:
    """Return the path of the export in `volume` that has `member`: of a folder, the one in it."""
    folder = member.path.rpartition("/")[0]
    inside = folder and not (volume.zipped or volume.bare)
    return str(Path(volume.given) / folder) if inside else volume.given


def _label(sources: Sequence[str | Path]) -> str:
    """Return the first source's name, and how many follow."""
    first = _STDIN if sources[0] == "-" else label_of(Path(sources[0]))
    return first if len(sources) == 1 else f"{first} and {len(sources) - 1} more"


open_export = ExportSet.from_sources
