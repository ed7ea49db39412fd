"""The files of a folder: conversations one after the other, each with its title and its days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gptexit.archive.catalog import readable
from gptexit.writers.base import File
from gptexit.writers.markdown.embed import encoded, line
from gptexit.writers.packs.pack_limits import PackLimits
from gptexit.writers.packs.placement import heading, left_out, place
from gptexit.writers.packs.spool import Part, Spool, Waiting
from gptexit.writers.packs.topics import telling

LONGEST_NAME = 80
"""Characters of a folder's name in its files."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was made."""

    name: str
    bytes: int
    tokens: int
    conversations: int


class Knowledge:
    """The knowledge files of one folder of a pack. Placing is done when it is made."""

    def __init__(self, spool: Spool, folder: str, name: str, path: str, limits: PackLimits) -> None:
        """`folder`: as the spool knows it; `name`: for a reader; `path`: where its files go."""
        self.spool = spool
        self.folder = folder
        self.name = " ".join(name.split())[:LONGEST_NAME]
        self.path = path
        self.limits = limits
        place(spool, folder, limits, self._frame)
        self.count = spool.files(folder)
        self.made: list[Made] = []
        """The files that `files` has made so far."""

    def files(self) -> Iterator[File]:
        """The files, one at a time: no more than one is in memory."""
        for number in range(1, self.count + 1):
            parts = self.spool.parts(self.folder, number)
            data = self._frame(number) + b"".join(self._text(*each) for each in parts)
            data = data.rstrip(b"\n") + b"\n"
            name = self.file_name(number)
            self.made.append(Made(name, len(data), self.limits.measure(data), len(parts)))
            path = f"{self.path}/{name}"
            yield File(path, data, f"pack/{path}")

    def file_name(self, number: int) -> str:
        """What the conversations of a file are about, and of which months they are."""
        parts = self.spool.parts(self.folder, number)
        words = readable(telling(chat.title for chat, _ in parts)) or "conversations"
        months = sorted(
            time[:7] for chat, _ in parts for time in (chat.created, chat.updated) if time
        )
        dates = "-to-".join(dict.fromkeys((months[0], months[-1]))) if months else "undated"
        width = max(2, len(str(self.count)))
        return f"{number:0{width}}-{words}-{_PLAIN.sub('', dates)}.md"

    def _frame(self, number: int) -> bytes:
        """The first lines of a file."""
        return encoded(
            f"*{line(self.name)}, file {number}. Conversations with ChatGPT, from its data export; "
            "“You” is the user.*\n\n"
        )

    def _text(self, chat: Waiting, part: Part) -> bytes:
        """A conversation, or as much of it as the file holds."""
        sizes = self.spool.sizes(chat.number)
        others = self.spool.parts_of(self.folder, chat.number)
        said = []
        if others[0].first:
            said.append(left_out(sum(sizes.begins[: others[0].first])))
        if part.first > others[0].first:
            said.append(f"continued from file {part.file - 1}")
        text = self.spool.text(chat.number, part.first, part.end)
        if part.end < len(sizes.bytes):
            text += encoded(f"*“{line(chat.title)}” continues in file {part.file + 1}.*\n\n")
        return heading(chat, *said) + text


_PLAIN = re.compile(r"[^0-9a-z-]")
