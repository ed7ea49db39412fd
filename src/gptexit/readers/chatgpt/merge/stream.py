"""One pass over exports that share conversations: each is given once, merged of all its copies.

How many copies there are is known from a pass before. A copy that is not the last waits in a
temporary file; so what is held in memory is one conversation and the index of ids.
"""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO

from gptexit.model import Gone
from gptexit.readers.chatgpt.merge.conversation import MergedConversation, merge
from gptexit.readers.chatgpt.merge.copies import Raw, key_of, messages_of, moment_of


@dataclass(frozen=True, slots=True)
class Held:
    """A copy of a conversation in memory."""

    moment: float
    """When it was changed last; Unix seconds."""
    export: int
    """The number of its export; a higher one was made later."""
    where: str
    raw: Raw

    def read(self) -> tuple[str, Raw]:
        """Where it was met, and its content."""
        return self.where, self.raw


@dataclass(frozen=True, slots=True)
class Waits:
    """A copy in the file."""

    moment: float
    export: int
    file: IO[bytes]
    start: int
    """Its place in the file, in bytes."""
    size: int

    def read(self) -> tuple[str, Raw]:
        """Where it was met, and its content, made anew."""
        self.file.seek(self.start)
        where, raw = marshal.loads(self.file.read(self.size))
        return where, raw


class WaitingCopies:
    """The file, and where in it each copy stands. Memory follows their number."""

    def __init__(self) -> None:
        self._places: dict[str, list[Waits]] = {}
        self._end = 0

    @cached_property
    def _file(self) -> IO[bytes]:
        return tempfile.TemporaryFile(prefix="gptexit-")  # without a name: it goes with us

    def put(self, key: str, moment: float, export: int, where: str, raw: Raw) -> None:
        """Keep a copy of the conversation `key`. Raises OSError where the disk is full."""
        # `marshal` takes whatever a parser gives, and is never read from a file of anybody else.
        data = marshal.dumps((where, raw))
        if self._file.tell() != self._end:
            self._file.seek(self._end)
        self._file.write(data)
        copy = Waits(moment, export, self._file, self._end, len(data))
        self._places.setdefault(key, []).append(copy)
        self._end += len(data)

    def take(self, key: str) -> list[Waits]:
        """The copies of a conversation in the order of reading; they wait no longer."""
        return self._places.pop(key, [])

    def left(self) -> list[str]:
        """The conversations that copies wait of, in the order of reading."""
        return list(self._places)

    def close(self) -> None:
        """Give the file up."""
        if "_file" in self.__dict__:
            self._file.close()
            del self.__dict__["_file"]


LISTED = 10_000
"""Messages that read differently and are listed; the others are only counted."""
_SAID = {"text", "multimodal_text"}

Witness = Callable[[Raw, Raw], None]
"""Is shown each copy of a conversation, as it was read, and what it was merged into."""


@dataclass(slots=True)
class Share:
    """What one of several exports brought."""

    conversations: int = 0
    conversations_only: int = 0
    """Conversations that no other export holds."""
    messages_only: int = 0
    """Messages that no other export holds."""
    differing: int = 0
    """Messages that read otherwise in a later copy."""


@dataclass(frozen=True, slots=True)
class Differing:
    """A message whose text had to give way to that of a later copy."""

    conversation: str
    message: str
    export: int


@dataclass(slots=True)
class Union:
    """The pass. `run` may be called once."""

    copies: dict[str, int]
    """How many copies there are, for the conversations that have several. Is used up."""
    exports: int
    """How many exports there are; they are numbered from 0 in the order of their making."""
    since: str | None = None
    """When the newest export was made."""
    newest: int | None = None
    """The number of the newest export, if it can tell what is gone."""
    witness: Witness | None = None
    duplicates: int = 0
    """Copies beyond the first of each conversation."""
    differing: list[Differing] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    gone: Gone | None = None
    """What is gone of the conversation that was given last."""
    _waiting: WaitingCopies = field(default_factory=WaitingCopies)

    def __post_init__(self) -> None:
        self.shares = [Share() for _ in range(self.exports)]

    def run(self, found: Iterator[tuple[int, str, Raw]]) -> Iterator[tuple[str, Raw]]:
        """Each conversation of `found` (number of its export, place, content) once, and its place.

        Raises OSError where the temporary file cannot be written.
        """
        try:
            for export, where, raw in found:
                key = key_of(raw)
                left = self.copies.get(key, 1)
                if left > 1:
                    self.copies[key] = left - 1
                    self._waiting.put(key, moment_of(raw), export, where, raw)
                elif key in self.copies:
                    del self.copies[key]
                    yield self._together(key, (moment_of(raw), export, where, raw))
                else:
                    yield self._alone(export, where, raw)
            for key in self._waiting.left():  # a file that broke off earlier than the time before
                yield self._together(key)
        finally:
            self._waiting.close()

    def _alone(self, export: int, where: str, raw: Raw) -> tuple[str, Raw]:
        share = self.shares[export]
        share.conversations += 1
        share.conversations_only += 1
        share.messages_only += sum(1 for _ in messages_of(raw))
        self.gone = self._gone([]) if self.newest not in (None, export) else None
        return where, raw

    def _together(
        self, key: str, last: tuple[float, int, str, Raw] | None = None
    ) -> tuple[str, Raw]:
        """The copies that wait, and the `last` one, merged."""
        copies: list[Waits | Held] = [*self._waiting.take(key)]
        if last:
            copies.append(Held(*last))
        copies.sort(key=lambda each: (each.moment, each.export))  # the oldest first
        self.duplicates += len(copies) - 1
        exports = {copy.export for copy in copies}
        place = ""

        def read() -> Iterator[tuple[int, Raw]]:
            nonlocal place
            for copy in copies:
                place, raw = copy.read()
                yield copy.export, raw

        merged = merge(read())
        self._count(key, exports, merged)
        self.gone = self._missing(exports, merged)
        if self.witness:
            for _, raw in read():
                self.witness(raw, merged.raw)
        return place, merged.raw

    def _count(self, key: str, exports: set[int], merged: MergedConversation) -> None:
        for export in exports:
            self.shares[export].conversations += 1
            self.shares[export].conversations_only += len(exports) == 1
        for holders in merged.holders.values():
            if holders & (holders - 1) == 0:
                self.shares[holders.bit_length() - 1].messages_only += 1
        for message, export in merged.differing:
            self.shares[export].differing += 1
            if len(self.differing) < LISTED:
                self.differing.append(Differing(key, message, export))

    def _missing(self, exports: set[int], merged: MergedConversation) -> Gone | None:
        if self.newest is None:
            return None
        if self.newest not in exports:
            return self._gone([])
        bit = 1 << self.newest
        gone = [
            key
            for key, message in messages_of(merged.raw)
            if not merged.holders[key] & bit and is_said(message)
        ]
        return self._gone(gone) if gone else None

    def _gone(self, messages: list[str]) -> Gone:
        return {"since": self.since, "conversation": not messages, "messages": messages}


def is_said(message: Raw) -> bool:
    """Whether a person would miss the message: one with text, of the user or the assistant."""
    author, content, metadata = (
        each if isinstance(each := message.get(key), dict) else {}
        for key in ("author", "content", "metadata")
    )
    parts = content.get("parts")
    return (
        author.get("role") in ("user", "assistant")
        and content.get("content_type") in _SAID
        and message.get("recipient") in (None, "all")
        and metadata.get("is_visually_hidden_from_conversation") is not True
        and isinstance(parts, list)
        and any(bool(part) for part in parts)
    )
