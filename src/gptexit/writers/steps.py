"""Render a conversation in two steps, so that any process can make the first.

    draft(conversation) -> Sketch       needs this conversation alone
    settle(conversation, sketch)        in the order of the export: counters, sizes, lists

Only the names of files and the bytes of images are missing in another process. It takes each name
for new and free, which most are, and notes what it asked for. The process that writes asks its
catalog the same questions: where an answer is another one, it renders the conversation itself. So
it does with a conversation that holds the bytes of an image.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO, cast

from gptexit.archive.files import Copy, File, Rendered
from gptexit.archive.manifest import Catalog, Entry, new_path
from gptexit.codes import Hidden, NotKept, as_text, from_text
from gptexit.model import Conversation
from gptexit.writers.base import CommonOptions, Draft, Drafting, Format, Writer, WriterSetting


@dataclass(slots=True)
class Sketch:
    """A conversation, rendered without a look at others."""

    done: Rendered = field(default_factory=Rendered)
    """Its files, copies and counts, as far as they are known."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What `settle` needs besides: dictionaries, lists, strings, bytes and numbers."""


class Stepped(ABC):
    """The base of writers that render in two steps."""

    def render(self, conversation: Conversation) -> Rendered:
        """Take both steps."""
        return self.settle(conversation, self.draft(conversation))

    @abstractmethod
    def draft(self, conversation: Conversation) -> Sketch:
        """Do what needs this conversation alone; change nothing but the catalog."""

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Do the rest; without a rest, return what the sketch holds.

        `conversation` may come without `messages` and `extra`.
        """
        return sketch.done


class OnlyInOrder(Exception):
    """A conversation needs what only the process that writes has."""


class GuessedCatalog(Catalog):
    """A catalog that takes each name for new and free."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        """For each name that was asked for: the answer and the question."""

    def name(self, key: str, folder: str, words: str, mark: str = "", ending: str = "") -> str:
        """Return the path that `key` has if no other file has it."""
        path = new_path(folder, words, mark, ending)
        self.asked.append([path, key, folder, words, mark, ending])
        return path

    def get(self, key: str) -> Entry | None:
        """Raise OnlyInOrder."""
        raise OnlyInOrder


def _read(member: str) -> BinaryIO:
    """Raise OnlyInOrder: the bytes of an image would go through a pipe."""
    raise OnlyInOrder


class StepDrafter:
    """Makes the drafts of a writer in two steps; it can be pickled."""

    def __init__(self, make: Callable[[Any, WriterSetting], Writer], options: Any) -> None:
        """`make`: makes the writer, as in its `Format`, from `options`."""
        self._make = make
        self._options = options

    @cached_property
    def _catalog(self) -> GuessedCatalog:
        return GuessedCatalog()

    @cached_property
    def _writer(self) -> Stepped:
        return cast(Stepped, self._make(self._options, WriterSetting(self._catalog, _read)))

    def __call__(self, conversation: Conversation) -> Draft | None:
        """Return the sketch, with the names that it guesses; None if it needs the right order."""
        self._catalog.asked = []
        try:
            sketch = self._writer.draft(conversation)
        except OnlyInOrder:
            return None
        done = sketch.done
        return {
            "asked": self._catalog.asked,
            "facts": sketch.facts,
            "files": [
                (file.path, file.data, file.key, file.append, file.last) for file in done.files
            ],
            "copies": [(copy.path, copy.key, copy.member) for copy in done.copies],
            "messages": done.messages,
            "hidden": as_text(done.hidden),
            "not_kept": as_text(done.not_kept),
        }


class StepDrafting:
    """Settles the drafts of a writer in two steps, which other processes may make."""

    def __init__(self, writer: Stepped, drafter: StepDrafter, catalog: Catalog) -> None:
        self.drafter = drafter
        self._writer = writer
        self._catalog = catalog

    def settle(
        self, conversation: Conversation, draft: Draft, whole: Callable[[], Conversation]
    ) -> Rendered:
        """Return the files of a conversation; render it anew if a guessed name is another one."""
        if any(self._catalog.name(*question) != guess for guess, *question in draft["asked"]):
            return self._writer.render(whole())
        done = Rendered(
            files=[File(*values) for values in draft["files"]],
            copies=[Copy(*values) for values in draft["copies"]],
            messages=draft["messages"],
            hidden=from_text(Hidden, draft["hidden"]),
            not_kept=from_text(NotKept, draft["not_kept"]),
        )
        return self._writer.settle(conversation, Sketch(done, draft["facts"]))


def drafting_of(
    writer: Writer, format: Format, options: CommonOptions, catalog: Catalog
) -> Drafting | None:
    """Return what drafts for a writer of `format` in other processes; None if nothing does."""
    if isinstance(writer, Stepped):
        return StepDrafting(writer, StepDrafter(format.writer, options), catalog)
    return writer if isinstance(writer, Drafting) else None
