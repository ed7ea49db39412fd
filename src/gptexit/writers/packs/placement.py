"""Place the conversations of a folder into files, within every limit.

In the order of the folder, each conversation goes behind the one before it, or into a new file if
it does not fit there; one that is larger than a file is split over several. A conversation that is
too large for the rest of the folder is left out, and smaller ones after it still come in. Of one
that is larger than the whole folder, the end is kept, up to half of the folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate

from gptexit.archive.files import File
from gptexit.archive.manifest import readable
from gptexit.text.markdown import line
from gptexit.text.terminal import count
from gptexit.writers.markdown.embed import encoded
from gptexit.writers.packs.conversation import PackLimits
from gptexit.writers.packs.spool import Part, Sizes, Spool, Waiting
from gptexit.writers.packs.topics import telling

LONGEST_NAME = 80
"""Characters of a folder's name in its files."""


@dataclass(frozen=True, slots=True)
class KnowledgeFile:
    """A file that was written."""

    name: str
    bytes: int
    tokens: int
    conversations: int


class Knowledge:
    """The knowledge files of one folder of a pack. The constructor places the conversations."""

    def __init__(self, spool: Spool, folder: str, name: str, path: str, limits: PackLimits) -> None:
        """`folder`: its name in the spool; `name`: for a reader; `path`: that of its files."""
        self.spool = spool
        self.folder = folder
        self.name = " ".join(name.split())[:LONGEST_NAME]
        self.path = path
        self.limits = limits
        place(spool, folder, limits, self._frame)
        self.count = spool.files(folder)
        self.made: list[KnowledgeFile] = []
        """The files that `files` has returned so far."""

    def files(self) -> Iterator[File]:
        """Return the files one at a time: no more than one is in memory."""
        for number in range(1, self.count + 1):
            parts = self.spool.parts(self.folder, number)
            data = self._frame(number) + b"".join(self._text(chat, part) for chat, part in parts)
            data = data.rstrip(b"\n") + b"\n"
            name = self.file_name(number)
            self.made.append(KnowledgeFile(name, len(data), self.limits.measure(data), len(parts)))
            path = f"{self.path}/{name}"
            yield File(path, data, f"pack/{path}")

    def file_name(self, number: int) -> str:
        """Name a file by the subject and the months of its conversations."""
        parts = self.spool.parts(self.folder, number)
        words = readable(telling(chat.title for chat, _ in parts)) or "conversations"
        months = sorted(
            time[:7] for chat, _ in parts for time in (chat.created, chat.updated) if time
        )
        dates = "-to-".join(dict.fromkeys((months[0], months[-1]))) if months else "undated"
        width = max(2, len(str(self.count)))
        return f"{number:0{width}}-{words}-{_PLAIN.sub('', dates)}.md"

    def _frame(self, number: int) -> bytes:
        """Return the first lines of a file."""
        return encoded(
            f"*{line(self.name)}, file {number}. Conversations with ChatGPT, from its data export; "
            "“You” is the user.*\n\n"
        )

    def _text(self, chat: Waiting, part: Part) -> bytes:
        """Return a conversation, or as much of it as the file holds."""
        sizes = self.spool.sizes(chat.number)
        others = self.spool.parts_of(self.folder, chat.number)
        notes = []
        if others[0].first:
            notes.append(left_out(sum(sizes.begins[: others[0].first])))
        if part.first > others[0].first:
            notes.append(f"continued from file {part.file - 1}")
        text = self.spool.text(chat.number, part.first, part.end)
        if part.end < len(sizes.bytes):
            text += encoded(f"*“{line(chat.title)}” continues in file {part.file + 1}.*\n\n")
        return heading(chat, *notes) + text


_PLAIN = re.compile(r"[^0-9a-z-]")


Frame = Callable[[int], bytes]
"""Takes the number of a file; returns its first lines."""

NO_ROOM = "no room: newer and longer-lived ones filled the folder"
NO_TEXT = "nothing to read in it"
MARK_BYTES, MARK_TOKENS = 200, 120
"""The most that the notes of a conversation in several files take."""


@dataclass(slots=True)
class Room:
    """The room in a folder, and how much of it is used."""

    limits: PackLimits
    frame: Frame
    file: int = 0
    bytes: int = 0
    """Bytes of the current file, as are the tokens."""
    tokens: int = 0
    total: int = 0
    """Tokens of all files."""

    def fits(self, size: int, tokens: int) -> bool:
        """Tell whether so much more fits into the current file."""
        return (
            self.file > 0
            and self.bytes + size <= self.limits.file_bytes
            and self.tokens + tokens <= self.limits.file_tokens
            and self.total + tokens <= self.limits.tokens - self.limits.contents_tokens
        )

    def begin(self) -> bool:
        """Begin a file. Return False if the folder may have no more files."""
        if self.file == self.limits.files:
            return False
        head = self.frame(self.file + 1)
        self.file, self.bytes, self.tokens = self.file + 1, len(head), self.limits.measure(head)
        self.total += self.tokens
        return self.total <= self.limits.tokens

    def take(self, size: int, tokens: int) -> None:
        """Use so much of the current file."""
        self.bytes += size
        self.tokens += tokens
        self.total += tokens


def place(spool: Spool, folder: str, limits: PackLimits, frame: Frame) -> None:
    """Place every conversation of `folder`; record in the spool the files, or why not."""
    room = Room(limits, frame)
    whole = limits.tokens - limits.contents_tokens
    for chat in spool.members(folder):
        if not chat.bytes:
            spool.tell(folder, chat.number, NO_TEXT)
            continue
        if room.total + chat.tokens > whole >= chat.tokens:
            spool.tell(folder, chat.number, NO_ROOM)
            continue
        sizes = spool.sizes(chat.number)
        if chat.tokens > whole:
            fate, placed = _end_of(room, chat, sizes, whole // 2)
        else:
            fate, placed = NO_ROOM, _placed(room, chat, sizes)
        if placed is not None:
            room, parts = placed
            spool.place(folder, chat.number, parts)
        if placed is None or fate != NO_ROOM:
            spool.tell(folder, chat.number, fate)


Placed = tuple[Room, list[Part]]


def _placed(room: Room, chat: Waiting, sizes: Sizes) -> Placed | None:
    """Place a whole conversation. Return the folder with it; None if there is no room."""
    head = heading(chat)
    size, tokens = len(head) + chat.bytes, room.limits.measure(head) + chat.tokens
    for begins in (False, True):
        tried = replace(room)
        if (not begins or tried.begin()) and tried.fits(size, tokens):
            tried.take(size, tokens)
            return tried, [Part(tried.file, 0, len(sizes.bytes))]
    return _split(room, chat, sizes, 0)


def _split(room: Room, chat: Waiting, sizes: Sizes, first: int) -> Placed | None:
    """Place a conversation from piece `first` on, over as many files as needed."""
    head = heading(chat)
    room = replace(room)
    parts: list[Part] = []
    at, end = first, len(sizes.bytes)
    fresh = room.file == 0 or room.tokens > room.limits.file_tokens // 2
    if fresh and not room.begin():
        return None
    while at < end:
        start = at
        size, tokens = len(head) + MARK_BYTES, room.limits.measure(head) + MARK_TOKENS
        while at < end and room.fits(size + sizes.bytes[at], tokens + sizes.tokens[at]):
            size, tokens = size + sizes.bytes[at], tokens + sizes.tokens[at]
            at += 1
        if at > start:
            room.take(size, tokens)
            parts.append(Part(room.file, start, at))
        elif fresh:
            return None
        if at < end and not room.begin():
            return None
        fresh = True
    return room, parts


def _end_of(room: Room, chat: Waiting, sizes: Sizes, most: int) -> tuple[str, Placed | None]:
    """Place the last messages of a conversation, as many as fit. Return the words for that too."""
    starts = [number for number, begins in enumerate(sizes.begins) if begins]
    ends = [*starts[1:], len(sizes.tokens)]
    spans = zip(reversed(starts), reversed(ends), strict=True)
    totals = accumulate(sum(sizes.tokens[start:end]) for start, end in spans)
    kept = sum(total <= most for total in totals)
    while kept:
        placed = _split(room, chat, sizes, starts[-kept])
        if placed is not None:
            return f"only its end: {left_out(len(starts) - kept)}", placed
        kept = kept * 3 // 4
    return NO_ROOM, None


def left_out(messages: int) -> str:
    """Return the words for messages that are not there."""
    return f"the first {count(messages, 'message')} left out for space"


def heading(chat: Waiting, *more: str) -> bytes:
    """Return the title of a conversation, and a line with its days, its model and `more`."""
    about = "; ".join(filter(None, (chat.line, *more)))
    return encoded(f"# {line(chat.title)}\n\n" + (f"*{about}*\n\n" if about else ""))
