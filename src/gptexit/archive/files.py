"""Define what writers hand to an archive: files with their bytes, and copies of assets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from gptexit.archive.manifest import About
from gptexit.archive.note_contents import NoteContents
from gptexit.codes import Hidden, NotKept

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
    """True where `data` continues the file instead of being all of it."""
    last: bool = False
    """True where nothing more will be appended to it."""
    place: str = ""
    """With `last`: where the file goes, if not to `path`: a name that is known only then."""
    about: About = field(default_factory=dict)
    """For a conversation: what the index says of it."""
    holding: NoteContents | None = None
    """For a note: what it shows of its conversation, so that it never replaces one with more."""


@dataclass(frozen=True, slots=True)
class Copy:
    """An asset that goes into the archive as it is."""

    path: str
    key: str
    member: str
    """Its name in the export, as `Export.open` takes it."""


Read = Callable[[str], BinaryIO]
"""Opens an asset's bytes by its member, for a format that holds them inside. Raises OSError."""


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
