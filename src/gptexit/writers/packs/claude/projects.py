"""The folders of the pack: which conversations belong in which, and what each is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from gptexit.archive.manifest import Catalog, readable
from gptexit.model import Conversation
from gptexit.writers.packs.conversation import PackedChat
from gptexit.writers.packs.spool import Spool
from gptexit.writers.packs.topics import LOOKED_AT, Topic, telling

INSTRUCTIONS = "instructions.md"
RECENT = "recent"
_SHORT = 8
"""Characters of an id in a name."""


@dataclass(frozen=True, slots=True)
class ProjectFolder:
    """A folder that becomes a project of Claude."""

    key: str
    """As the spool knows it: `projects/g-p-…`, `gpts/g-…`, `topics/tax`, `recent`."""
    name: str
    path: str
    file_key: str
    """Of its `instructions.md`, for the catalog."""

    @property
    def kind(self) -> str:
        """`projects`, `gpts`, `topics` or `recent`."""
        return self.key.partition("/")[0]

    @property
    def id(self) -> str:
        """ChatGPT's id of the project or the custom GPT, or the name of the topic."""
        return self.key.partition("/")[2]


def belongs(
    conversation: Conversation, chat: PackedChat, topics: Sequence[Topic]
) -> Iterator[tuple[str, str]]:
    """The folders of a conversation, each with why it is there."""
    elsewhere = False
    for kind, each, what in (
        ("projects", conversation["project"], "project"),
        ("gpts", conversation["assistant"], "custom GPT"),
    ):
        if each is not None:
            elsewhere = True
            name = f" “{each['name']}”" if each["name"] else ""
            yield f"{kind}/{each['id']}", f"{what} {each['id']}{name}"
    texts = [piece.data.decode("utf-8", "replace") for piece in chat.pieces] if topics else []
    for topic in topics:
        where = topic.found(chat.title, texts)
        if where:
            elsewhere = True
            yield f"topics/{topic.name}", where
    if not elsewhere:
        yield RECENT, "in no project, custom GPT or topic"


def folders(spool: Spool, catalog: Catalog, names: Mapping[str, str]) -> Iterator[ProjectFolder]:
    """The folders of a pack, the one of all other conversations last.

    `names`: of projects and custom GPTs, by their ids.

    A folder keeps the path that it had in an earlier run, unless the user gives it a name.
    """
    keys = spool.folders()
    for key in sorted(keys, key=lambda each: (each == RECENT, each)):
        yield _folder(key, spool, catalog, names)


def _folder(key: str, spool: Spool, catalog: Catalog, names: Mapping[str, str]) -> ProjectFolder:
    kind, _, own = key.partition("/")
    if key == RECENT:
        return ProjectFolder(key, "Other conversations", RECENT, f"folder/{RECENT}")
    given = own if kind == "topics" else names.get(own)
    file_key = f"folder/{key}" + (f"/{given}" if given else "")
    short = readable(own.removeprefix("g-p-").removeprefix("g-"))[:_SHORT].strip("-")
    titles = (chat.title for chat in islice(spool.members(key), LOOKED_AT))
    words = given or telling(titles)
    path = catalog.name(
        file_key, kind, words or "untitled", "" if given else short, f"/{INSTRUCTIONS}"
    )
    what = {"projects": "Project", "gpts": "Custom GPT"}.get(kind, "")
    name = given or f"{what} {short}" + (f" ({words})" if words else "")
    return ProjectFolder(key, name, path.rpartition("/")[0], file_key)
