"""Read archives back, one module a format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Any, Protocol, TypeVar

from gptexit.verification.checked_archive import CheckedArchive
from gptexit.verification.compare_text import REMEMBERED, key_of_address
from gptexit.verification.conversation import SourceConversation
from gptexit.verification.expected import ShownConversation
from gptexit.verification.export_files import Locator
from gptexit.verification.index import Index, Keys, WordSet
from gptexit.verification.raw import mended, same_time
from gptexit.verification.redacted_text import TextFinder
from gptexit.verification.vocabulary import vocabulary_of
from gptexit.verification.words import Words

Lack = tuple[str, str]
"""A file of the archive, and a sentence on what it lacks."""


L = TypeVar("L")
_AT_ONCE = 1_000
"""Names whose words are listed at once."""


class Places(Keys, Protocol):
    """Where an archive has each conversation, by its id: a table, or groups."""

    def get(self, key: str, /) -> Any:
        """Return the place of a conversation, or places; None if the archive does not have it."""


class Reader(ABC):
    """Compares the conversations of one archive, read from its own files, with their source."""

    strict = False
    """Whether an unselected conversation is an error: the archive is meant to be handed on."""
    reasoning = True
    """Whether the archive holds reasoning."""
    places: Places
    """Where the archive has each conversation."""

    def __init__(self, archive: CheckedArchive, locate: Locator) -> None:
        self.archive = archive
        self.locate = locate
        self.look = TextFinder(archive.redacted)
        self.every_branch = archive.option("branches") != "current"
        self.several = bool(archive.record.get("several"))
        """Whether the archive was written from several exports."""
        self.others = archive.others
        """True if it may have words, messages and addresses of an export that is not at hand."""
        self.open_files = ExitStack()
        """Files that are open as long as the reader is used."""
        self.messages = 0
        """Messages that were compared."""
        self.redacted = 0
        """Messages in which a mark replaces words of the export."""
        self.assets = 0
        """Files that conversations show and that were compared with them."""
        self.searched: dict[int, int] = {}
        """The sum of the words by which the search has to find a conversation, by its number."""
        self.unreadable: list[Lack] = []
        """File and sentence for each thing that cannot be read."""

    def ids(self) -> Keys:
        """Return the conversations of the archive; no copy, since it is asked for each of them."""
        return self.places

    def listed(self, name: str, kind: Callable[[Index], L], fill: Callable[[L], None]) -> L:
        """Return a list of the archive, which is filled unless another process has done so."""
        lists = self.archive.lists
        if name not in lists:
            lists[name] = kind(self.archive.index)
            fill(lists[name])
        listed: L = lists[name]
        return listed

    def words_of_names(self, words: WordSet) -> None:
        """Add the words in the names of files, projects and custom GPTs to a list."""
        words.add(vocabulary_of(self.archive.names))
        paths = self.archive.keys.values()
        while some := list(islice(paths, _AT_ONCE)):
            words.add(vocabulary_of(some))

    def check(self, key: str, source: SourceConversation) -> list[Lack] | None:
        """Return what the archive lacks of a conversation; None if it does not have it at all."""
        place = self.places.get(key)
        return None if place is None else self.compare(key, place, source)

    @abstractmethod
    def compare(self, key: str, place: Any, source: SourceConversation) -> list[Lack]:
        """Return what a conversation lacks that the archive has at `place`."""

    def passed_over(self, key: str) -> Iterator[Lack]:
        """Yield what is wrong with a conversation that the export does not have."""
        yield from ()

    def at_end(self) -> Iterator[Lack]:
        """Yield what the archive lacks apart from its conversations."""
        yield from ()

    def expects(self, source: SourceConversation) -> ShownConversation | None:
        """Return what of a conversation the archive has to hold; None for all of it."""
        return source.seen(every_branch=self.every_branch, reasoning=self.reasoning)

    def elsewhere(self, key: str) -> str | None:
        """Return the file that has a conversation, if that file is not verified."""
        return None

    def holds(self, digest: str) -> bool:
        """Tell whether a file inside of the files of the archive has a SHA-256."""
        return False

    @staticmethod
    def spelled(text: str) -> str:
        """Return an id or a name as the archive can hold it."""
        return mended(text)

    def misattributed(
        self, source: SourceConversation, key: str, role: Any, created: Any, above: Any
    ) -> Iterator[str]:
        """Yield a sentence if a message has another author, time or place than in the source.

        `above`: the message that it answers by the archive, of those that the export has.
        """
        author, answered = source.role(key), source.answers.get(key)
        if author is not None and role not in (author, self.spelled(author)):
            yield f"the archive names another author of message {self.spelled(key)}"
        if not same_time(source.message(key).get("create_time"), created):
            yield f"message {self.spelled(key)} has another time"
        if above != answered and (answered is None or above != self.spelled(answered)):
            yield f"message {self.spelled(key)} answers another one"

    def misdescribed(self, name: str, missing: bool, digest: Any) -> Iterator[str]:
        """Yield a sentence if the archive is wrong about a file that the export has.

        `missing`: whether the archive says that the export lacks it; `digest`: its SHA-256 by the
        archive, or None.
        """
        member = self.locate.member_of(name)
        if member is None or name.startswith("sandbox:"):
            return
        if missing:
            yield f"the file {name} is marked as missing, which it is not"
        elif digest not in (None, self.locate.member(member)) and not self.archive.redacted:
            yield f"the file {name} has other bytes than the archive says"

    def gone(self, words: Words, texts: list[str], leading: list[str]) -> str | None:
        """Return the first words or source that no text has, if there are any.

        `texts` are searched for words, `leading` for addresses.
        """
        essences = [self.look.essence(text) for text in texts]
        for segment in [*words.segments, *words.phrases]:
            if all(self.look.find(segment, text) < 0 for text in essences):
                return segment[:40]
        if words.addresses and not self.archive.redacted:
            # Most are texts of their own, whose keys are remembered.
            alone = {key_of_address(text) for text in leading if len(text) <= REMEMBERED}
            groups = [group for group in words.addresses if alone.isdisjoint(group)]
            keys = "\0".join(map(key_of_address, leading)) if groups else ""
            for group in groups:
                if not any(key in keys for key in group):
                    return f"the source {group[0]}"
        return None
