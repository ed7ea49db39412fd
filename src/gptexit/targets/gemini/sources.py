"""The chats as Markdown, for Gems and notebooks: `sources/2025.md`, `sources/2025-part-02.md`.

A file a year, and the next one before a limit is reached. They are written as the conversations
come, so nothing waits in memory; the order in a file is that of the export.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from gptexit.model import Asset, Conversation
from gptexit.printable import printable
from gptexit.select import without_other_branches
from gptexit.targets.base import File
from gptexit.targets.chat.turns import USER, turns_of
from gptexit.targets.chat.words import Scene, words_of
from gptexit.targets.gemini.limits import LARGEST_SOURCE, MARGIN, NOTEBOOK_WORDS
from gptexit.targets.markdown.moments import moment
from gptexit.targets.markdown.protect import encoded, line

FOLDER = "sources"
UNDATED = "undated"
_YEARS = range(2022, 2050)
"""Each year has a file that is open, so there may not be any number of them."""
_ONE_BY_ONE = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Characters that count as words of their own: their scripts have no spaces."""


@dataclass(slots=True)
class Source:
    """One file."""

    path: str
    conversations: int = 0
    words: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one file."""

    words: int = int(NOTEBOOK_WORDS * MARGIN)
    bytes: int = int(LARGEST_SOURCE * MARGIN)


USUAL = Limits()


class Sources:
    """What has to be written comes out of its methods, as files that are appended to."""

    def __init__(
        self, zone: tzinfo | None, include: frozenset[str], limits: Limits = USUAL
    ) -> None:
        self._zone = zone
        self._include = include
        self._limits = limits
        self.restart()

    def restart(self) -> None:
        """Begin again."""
        self.made: list[Source] = []
        self._open: dict[str, Source] = {}
        self._numbers: dict[str, int] = {}

    def add(self, conversation: Conversation) -> tuple[list[File], str, int]:
        """What has to be written for a conversation, the file that it begins in, and its bytes.

        The file is empty for a conversation in which nothing is said.
        """
        begun = moment(conversation["created"], self._zone)
        year = str(begun.year) if begun and begun.year in _YEARS else UNDATED
        files: list[File] = []
        first, size = "", 0
        for piece in self._pieces(conversation):
            source = self._room(year, piece, files)
            source.conversations += not first
            first = first or source.path
            data = encoded(piece)
            size += len(data)
            source.bytes += len(data)
            source.words += words_in(piece)
            files.append(File(source.path, data, source.path, append=True))
        return files, first, size

    def finish(self) -> list[File]:
        """The ends of the files that are open."""
        return [_end(source) for source in self._open.values()]

    def _room(self, year: str, piece: str, files: list[File]) -> Source:
        """The file that has room for a piece; one that has none left is ended."""
        source = self._open.get(year)
        if source is not None and (
            source.words + words_in(piece) > self._limits.words
            or source.bytes + len(piece.encode("utf-8", "replace")) > self._limits.bytes
        ):
            files.append(_end(self._open.pop(year)))
            source = None
        if source is None:
            number = self._numbers[year] = self._numbers.get(year, 0) + 1
            tail = "" if number == 1 else f"-part-{number:02}"
            source = self._open[year] = Source(f"{FOLDER}/{year}{tail}.md")
            self.made.append(source)
        return source

    def _pieces(self, conversation: Conversation) -> Iterator[str]:
        """The text of a conversation, in pieces none of which is too long for a file."""
        turns = turns_of(without_other_branches(conversation), self._include)
        assets = {asset["id"]: asset for asset in conversation["assets"]}
        head = self._head(conversation)
        for turn in turns.by_id.values():
            words = words_of(turn.parts, Scene(assets, _not_here))
            if not words.strip():
                continue
            when = moment(turn.created, self._zone)
            day = f", {when:%Y-%m-%d %H:%M}" if when else ""
            text = f"{head}## {'You' if turn.role == USER else 'ChatGPT'}{day}\n\n{words}\n\n"
            head = ""
            yield from _cut(text, self._limits)

    def _head(self, conversation: Conversation) -> str:
        begun = moment(conversation["created"], self._zone)
        title = line(printable(conversation["title"] or "Untitled"))
        project = conversation["project"]
        facts = [
            f"{begun:%Y-%m-%d}" if begun else "",
            f"project {printable(project['id'])}" if project else "",
            f"id {printable(conversation['id'])}",
        ]
        return f"# {title}\n\nConversation with ChatGPT; {', '.join(filter(None, facts))}.\n\n"


def words_in(text: str) -> int:
    """Words as a notebook may count them; of scripts without spaces, every character is one."""
    return len(text.split()) + sum(1 for _ in _ONE_BY_ONE.finditer(text))


def _cut(text: str, limits: Limits) -> Iterator[str]:
    """`text` in pieces that are within the limits, whatever their characters are."""
    # A character is at most two words, itself and the run that it stands in, and four bytes.
    most = max(1, min(limits.words // 2, limits.bytes // 4))
    for at in range(0, len(text), most):
        yield text[at : at + most]


def _end(source: Source) -> File:
    return File(source.path, b"", source.path, append=True, last=True)


def _not_here(asset: Asset) -> str:
    return "not part of this text"
