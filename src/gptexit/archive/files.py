"""Define the contract between writers and sinks.

A writer hands over files with their bytes, and copies of assets; a sink puts them somewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, Protocol

from gptexit.archive.manifest import About, Catalog
from gptexit.archive.note_contents import NoteContents
from gptexit.codes import Hidden, NotKept
from gptexit.errors import Closed

JSONL = "conversations.jsonl"
"""The file of the format jsonl."""


@dataclass(frozen=True, slots=True)
class File:
    """Bytes for a file of the archive."""

    path: str
    """Relative to the archive, with `/`, safe on every system."""
    data: bytes
    key: str
    """Names the content, in every run alike: `conversation/<id>`, `asset/<id>`, `index`."""
    append: bool = False
    """True if `data` continues the file instead of being all of it."""
    last: bool = False
    """True if nothing more will be appended."""
    place: str = ""
    """With `last`: the final path, if it is known only then."""
    gone: bool = False
    """True to remove the file that an earlier run wrote, unless the user changed it."""
    about: About = field(default_factory=dict)
    """For a conversation: what the index says of it, and for a note what its sink remembers."""
    holding: NoteContents | None = None
    """For a note: what it shows of its conversation, so that it never replaces one with more."""
    along: str = ""
    """The key of the note without which it is not written, since the archive's own holds more."""


@dataclass(frozen=True, slots=True)
class Copy:
    """An asset that goes into the archive as it is."""

    path: str
    key: str
    member: str
    """Its name in the export, as `Export.open` takes it."""


Read = Callable[[str], BinaryIO]
"""Opens an asset's bytes by its member, for a format that holds them inside. Raises OSError."""


def read_up_to(read: Read, member: str, most: int) -> bytes | None:
    """Return the bytes of an asset; None if there are more than `most`, or it cannot be read.

    The run names what cannot be read when it copies the asset.
    """
    try:
        with closing(read(member)) as stream:
            data = stream.read(most + 1)
    except OSError:
        return None
    return data if len(data) <= most else None


@dataclass(slots=True)
class Rendered:
    """The files that a writer made of one conversation, or at the end of a run."""

    files: list[File] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    more: Iterable[File] = ()
    """Further files, each made when the one before it is written."""
    messages: int = 0
    hidden: Counter[Hidden] = field(default_factory=Counter)
    """Messages that the options leave out, by reason."""
    not_kept: Counter[NotKept] = field(default_factory=Counter)
    """What the format cannot hold, by reason."""


Outcome = Literal["written", "unchanged", "edited", "kept", "part"]
"""The result for a file. `part`: it is not complete yet, or is in a file such as a ZIP. `kept`: the
archive's own holds more."""


@dataclass(slots=True)
class Tally:
    """Counts of what earlier runs left in an archive, without the files that the user changed."""

    kept: list[str] = field(default_factory=list)
    """Notes that hold more than this export."""
    beside: list[str] = field(default_factory=list)
    """Files with what only an older export holds, each beside its note."""
    anew: int = 0
    """Notes written again because this gptexit writes them otherwise."""
    merged: int = 0
    """Conversations that hold more than this export, because the archive did."""
    filled: int = 0
    """Notes that this export, an older one, has more of than the export that they were of."""
    stayed: int = 0
    """Conversations of the archive that this run did not bring."""
    healed: list[str] = field(default_factory=list)
    """Files that were damaged, as by a power cut, and were written again."""
    restored: list[str] = field(default_factory=list)
    """Files of an earlier run that were gone, and were written again."""
    new_texts: dict[str, str] = field(default_factory=dict)
    """For a file that the user changed, the path of its new text."""
    moved: dict[str, str] = field(default_factory=dict)
    """For a file that the user moved, the path at which it was found and stays."""
    options: list[str] = field(default_factory=list)
    """Options of the run before that showed text which this run leaves out."""


class Sink(Protocol):
    """Takes the files of a writer."""

    catalog: Catalog

    def put(self, file: File) -> Outcome:
        """Write a file, unless it is there already."""

    def copy(self, copy: Copy, size: int, open_asset: Callable[[], BinaryIO]) -> Outcome:
        """Write an asset, unless it is there already."""

    def finish(self) -> int:
        """Complete every file. Return how many bytes the archive's files have."""

    def discard(self) -> None:
        """Give up what is not complete, since a second pass begins with a new sink."""


class StdoutSink:
    """Standard output as a sink, for a writer that appends to one file."""

    def __init__(self, out: BinaryIO) -> None:
        self.catalog = Catalog()
        self._out = out
        self._written = 0

    def put(self, file: File) -> Outcome:
        """Pass the bytes on. Raises Closed."""
        try:
            self._out.write(file.data)
        except BrokenPipeError as error:
            raise Closed from error
        self._written += len(file.data)
        return "part"

    def copy(self, copy: Copy, size: int, open_asset: Callable[[], BinaryIO]) -> Outcome:
        """Ignore the asset."""
        return "part"

    def discard(self) -> None:
        """Raise RuntimeError: output cannot be taken back. Settle the source beforehand."""
        raise RuntimeError("standard output cannot be started again")

    def finish(self) -> int:
        """Return how many bytes went out. Raises Closed."""
        try:
            self._out.flush()
        except BrokenPipeError as error:
            raise Closed from error
        return self._written
