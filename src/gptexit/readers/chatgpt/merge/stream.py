"""One pass over exports that share conversations: each is given once, merged of all its copies.

How many copies exist is known from a pass before. A copy that is not the last waits in a temporary
file, so memory holds one conversation and the index of ids.
"""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import IO

from gptexit.model import Gone, Raw
from gptexit.readers.chatgpt.merge.conversation import (
    MergedConversation,
    key_of,
    merge,
    messages_of,
    moment_of,
)

LISTED = 10_000
"""Messages that read differently and are listed; the others are only counted."""
_SAID = {"text", "multimodal_text"}

Witness = Callable[[Raw, Raw], None]
"""Called with each copy and the merged conversation: `verify` checks that nothing is lost."""


@dataclass(frozen=True, slots=True)
class ConversationCopy:
    """A copy of a conversation, in memory or in the file."""

    moment: float
    """When it was changed last; Unix seconds."""
    export: int
    """The number of its export; a higher one was made later."""
    read: Callable[[], tuple[str, Raw]]
    """Returns where it was met, and its content."""


class WaitingCopies:
    """The temporary file, and where in it each copy is. Memory follows their number."""

    def __init__(self) -> None:
        self._copies: dict[str, list[ConversationCopy]] = {}
        self._end = 0

    @cached_property
    def _file(self) -> IO[bytes]:
        return tempfile.TemporaryFile(prefix="gptexit-")  # without a name: it goes with us

    def put(self, key: str, moment: float, export: int, where: str, raw: Raw) -> None:
        """Keep a copy of the conversation `key`. Raises OSError if the disk is full."""
        # `marshal` takes whatever a parser gives, and is never read from a file of anybody else.
        data = marshal.dumps((where, raw))
        if self._file.tell() != self._end:
            self._file.seek(self._end)
        self._file.write(data)
        copy = ConversationCopy(moment, export, partial(self._read, self._end, len(data)))
        self._copies.setdefault(key, []).append(copy)
        self._end += len(data)

    def _read(self, start: int, size: int) -> tuple[str, Raw]:
        self._file.seek(start)
        where, raw = marshal.loads(self._file.read(size))
        return where, raw

    def take(self, key: str) -> list[ConversationCopy]:
        """Return the copies of a conversation in the order of reading; they wait no longer."""
        return self._copies.pop(key, [])

    def left(self) -> list[str]:
        """List the conversations that copies wait of, in the order of reading."""
        return list(self._copies)

    def close(self) -> None:
        """Give the file up."""
        if "_file" in self.__dict__:
            self._file.close()
            del self.__dict__["_file"]


@dataclass(slots=True)
class Share:
    """Counts of what one of several exports brought."""

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
class MergePass:
    """The pass. `run` may be called once."""

    copies: dict[str, int]
    """Number of copies, for the conversations that have several. Is used up."""
    exports: int
    """Number of exports; they are numbered from 0 in the order of their making."""
    since: str | None = None
    """When the newest export was made."""
    newest: int | None = None
    """The number of the newest export, if it is whole: then it shows which messages are gone."""
    witness: Witness | None = None
    duplicates: int = 0
    """Copies beyond the first of each conversation."""
    differing: list[Differing] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    gone: Gone | None = None
    """The messages that the newest export lacks of the conversation that was given last."""
    _waiting: WaitingCopies = field(default_factory=WaitingCopies)

    def __post_init__(self) -> None:
        self.shares = [Share() for _ in range(self.exports)]

    def run(self, copies: Iterator[tuple[int, str, Raw]]) -> Iterator[tuple[str, Raw]]:
        """Yield each conversation of `copies` (export, place, content) once. Raises OSError."""
        try:
            for export, where, raw in copies:
                key = key_of(raw)
                left = self.copies.get(key, 1)
                if left > 1:
                    self.copies[key] = left - 1
                    self._waiting.put(key, moment_of(raw), export, where, raw)
                elif key in self.copies:
                    del self.copies[key]
                    yield self._together(key, (export, where, raw))
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

    def _together(self, key: str, last: tuple[int, str, Raw] | None = None) -> tuple[str, Raw]:
        """Merge the copies that wait, and the `last` one: number of its export, place, content."""
        copies = self._waiting.take(key)
        if last:
            export, *_, content = last
            copies.append(ConversationCopy(moment_of(content), export, lambda: last[1:]))
        copies.sort(key=lambda copy: (copy.moment, copy.export))
        self.duplicates += len(copies) - 1
        exports = {copy.export for copy in copies}
        place = ""

        def read() -> Iterator[tuple[int, Raw]]:
            nonlocal place
            for copy in copies:  # the oldest first
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
    """Tell whether a person would miss the message: it has text, of the user or the assistant."""
    author, content, metadata = (
        value if isinstance(value := message.get(key), dict) else {}
        for key in ("author", "content", "metadata")
    )
    parts = content.get("parts")
    return (
        author.get("role") in ("user", "assistant")
        and content.get("content_type") in _SAID
        and message.get("recipient") in (None, "all")
        and metadata.get("is_visually_hidden_from_conversation") is not True
        and isinstance(parts, list)
        and any(parts)
    )
