"""What a target is: a conversation in, named bytes out. It touches no disk."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from gptexit.archive.files import Copy, File, Rendered
from gptexit.archive.manifest import Catalog, readable, short_mark
from gptexit.codes import Hidden, NotKept
from gptexit.files.media_types import ending_of
from gptexit.model import Asset, Conversation
from gptexit.names import Names
from gptexit.selection import without_other_branches
from gptexit.text.json import dumps

if TYPE_CHECKING:
    from gptexit.writers.packs.topics import Topic


def on_branches(conversation: Conversation, options: Options, done: Rendered) -> Conversation:
    """What of `conversation` a format with all branches takes; what is left out is counted."""
    if options.branches != "current":
        return conversation
    narrowed = without_other_branches(conversation)
    left_out = len(conversation["messages"]) - len(narrowed["messages"])
    if left_out:
        done.hidden[Hidden.OTHER_BRANCH] += left_out
    return narrowed


SECRETS = "secrets"
NOTHING = "nothing"
"""What may be redacted."""


def no_place_for(assets: Sequence[Asset]) -> Rendered:
    """What a format that holds conversations alone makes of files that none of them mentions."""
    return Rendered(not_kept=+Counter({NotKept.FILE_UNMENTIONED: len(assets)}))


class Unmentioned:
    """For a format that takes not every file: which of them no conversation mentions.

    Holds the name in the export of each file that one does.
    """

    def __init__(self) -> None:
        self._mentioned: set[str] = set()

    def see(self, conversation: Conversation) -> None:
        """Take note of what the conversation mentions."""
        members = (asset["member"] for asset in conversation["assets"])
        self._mentioned.update(filter(None, members))

    def left(self, assets: Sequence[Asset]) -> Rendered:
        """How many of `assets` no conversation mentioned, as not kept."""
        return no_place_for([each for each in assets if each["member"] not in self._mentioned])


Draft = dict[str, Any]
"""A conversation rendered as far as it can be on its own: dictionaries, lists, strings, bytes and
numbers, so that one process can hand it to another."""
Drafter = Callable[[Conversation], Draft]
"""Makes drafts, without a memory from one to the next; it can be pickled."""


class Target(Protocol):
    """One format."""

    def render(self, conversation: Conversation) -> Rendered:
        """The files of one conversation."""

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """What becomes of the files of the export that no conversation led to.

        Asked before `finish`, and only where the whole export is converted.
        """

    def finish(self) -> Rendered:
        """What can only be written once every conversation has been seen."""

    def restart(self) -> None:
        """Forget what was rendered: the source is read from the start again."""


@runtime_checkable
class Drafting(Target, Protocol):
    """A format of which most is done for each conversation on its own."""

    drafter: Drafter

    def settle(
        self, conversation: Conversation, draft: Draft, whole: Callable[[], Conversation]
    ) -> Rendered:
        """The files of one conversation, of which `drafter` made `draft`.

        `conversation` may come without `messages` and `extra`; `whole` returns all of it.
        """


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may choose about the output; each target takes what it understands."""

    branches: str | None = None
    """`current` or `all`; None for the target's own default."""
    include: frozenset[str] = frozenset({"reasoning"})
    timezone: Any = None
    """A `tzinfo`; None for the machine's own."""
    form: str | None = None
    """For `chatgpt` and `gemini`: `classic` or `2026`; for `claude` and `gemini`: `api`."""
    max_size: int | None = None
    """For `chatgpt` and `gemini`: bytes of one ZIP at most."""
    fit: str | None = None
    """For `chatgpt`: the program whose limits its ZIPs keep."""
    redact: str | None = None
    """`secrets` or `nothing`; None for secrets in packs, which go to another company, only."""
    why: str = "all chosen"
    """For packs: what chose the conversations, in words."""
    topics: tuple[Topic, ...] = ()
    """For `claude`: topics that get a folder of their own."""
    names: Names = field(default_factory=Names)
    """Of projects and custom GPTs, which exports name by their ids alone. A dictionary by ids does
    too, and pairs of the beginning of an id and a name."""
    layout: str | None = None
    """For `markdown`: `year`, `project` or `flat`; None for what the archive has, else `year`."""
    tokens: int | None = None
    """For `claude`: what a project may hold, estimated."""
    web_images: str | None = None
    """For notes: `link` for links to pictures on other servers, `keep` for the pictures; None for
    links: a picture tells its server whenever it is shown."""

    def __post_init__(self) -> None:
        """Make names of what a program gives as such."""
        given: Any = self.names
        if not isinstance(given, Names):
            made = Names(given) if isinstance(given, Mapping) else Names(beginnings=tuple(given))
            object.__setattr__(self, "names", made)


def copy_of(
    asset: Asset, member: str, folder: str, catalog: Catalog, key: str | None = None
) -> Copy:
    """The copy of an asset, named by its own name and, so that two of one name are two, its id.

    `key`: what the copy is in the catalog, where it is not the asset of a conversation.
    """
    key = key or f"asset/{asset['id']}"
    name = posixpath.basename((asset["name"] or "").replace("\\", "/"))
    ending = ending_of(name, asset["media_type"])
    stem = name[: -len(ending)] if name.lower().endswith(ending) else posixpath.splitext(name)[0]
    stem = stem or (asset["media_type"] or "file").partition("/")[0]
    words = readable(stem) or "file"
    return Copy(catalog.name(key, folder, words, short_mark(key), ending), key, member)


class Series:
    """Adds items to the last file and begins a new one before it grows too large."""

    def __init__(self, pattern: str, key: str, most: int, most_bytes: int) -> None:
        """`pattern`: the files' names, with a place for a number; `most`: of what `add` counts."""
        self._pattern = pattern
        self._key = key
        self._most = most
        self._most_bytes = most_bytes
        self.restart()

    def restart(self) -> None:
        """Begin again with the first file."""
        self.number = 1
        self._count = 0
        self._bytes = 0

    @property
    def name(self) -> str:
        """The file that is written now."""
        return self._pattern.format(self.number)

    def add(self, item: Any, count: int) -> list[File]:
        """What has to be written so that `item` is in the series."""
        data = dumps(item)
        files = []
        full = self._count + count > self._most or self._bytes + len(data) > self._most_bytes
        if self._bytes and full:
            files += self.end()
            self.number += 1
            self._count = self._bytes = 0
        files.append(self._file((b",\n" if self._bytes else b"[\n") + data))
        self._count += count
        self._bytes += len(data)
        return files

    def end(self) -> list[File]:
        """The end of the last file; an empty array where nothing was added."""
        return [self._file(b"\n]\n" if self._bytes else b"[]\n", last=True)]

    def _file(self, data: bytes, *, last: bool = False) -> File:
        return File(self.name, data, f"{self._key}/{self.number}", append=True, last=last)
