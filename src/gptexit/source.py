"""What a source has to provide, and every kind of source that gptexit reads.

A new kind is a class that provides it, and a line in the table at the end of this module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self

from gptexit.codes import Reason, Repair
from gptexit.model import Conversation
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.containers.base import Loss
from gptexit.readers.chatgpt.normalize.conversation import ReadStats
from gptexit.readers.chatgpt.parsing.json_scanner import Keep


class Source(Protocol):
    """Conversations in the neutral model, one at a time, and the files that belong to them."""

    label: str
    """Names the source for a person."""
    losses: list[Loss]
    """What cannot be read; grows while reading."""
    missing: list[str]
    """Files that the source says it has and that nobody supplied."""
    repairs: Counter[Repair]
    """What was repaired in the current pass, by kind."""
    duplicates: int
    """Copies beyond the first of each conversation, in the current pass."""
    keep: Keep | None
    """Who keeps conversations that are too large to be converted."""
    editions: list[Any]
    """The exports that it is made of, where it is made of several."""

    @property
    def union(self) -> Any:
        """What merging several exports took; None if nothing is merged."""

    @property
    def conversation_files(self) -> list[str]:
        """The files with conversations, in reading order."""

    @property
    def bytes_total(self) -> int | None:
        """Their unpacked bytes; None if a pipe is among them."""

    @property
    def bytes_read(self) -> int:
        """How many of them the current pass has read."""

    def neutral(
        self, met: ReadStats, *, once: bool = False
    ) -> Iterator[tuple[str, Conversation | Loss]]:
        """Each conversation, or why it could not be read, with where it stands.

        Raises AnotherCopy where one turns up again that was yielded already, unless `once`: call
        `settle` and begin again.
        """

    def lose(self, where: str, why: Reason) -> None:
        """Note something that cannot be read, once, however often it is met."""

    def settle(self) -> None:
        """Find out, in a pass of its own, how many copies of each conversation there are."""

    def hash_members(self) -> None:
        """From now on, work out the SHA-256 of the files that are read."""

    def inventory(self) -> Iterator[tuple[str, int, str | None]]:
        """Every file: its name, its bytes, and its SHA-256 as far as it was read to its end."""

    def lookup(self, file_id: str) -> AssetInfo:
        """What the source knows of the asset with that id."""

    def others(self, taken: Container[str]) -> Iterator[str]:
        """The asset members that are not `taken`."""

    def open(self, member: str) -> BinaryIO:
        """An asset's bytes. Raises OSError."""

    def size(self, member: str) -> int:
        """An asset's size in bytes. Raises FileNotFoundError."""

    def close(self) -> None:
        """Remove what was unpacked for reading."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A line of the table."""

    name: str
    what: str
    """One sentence for a person."""
    is_one: Callable[[Path | BinaryIO], bool]
    """Whether a path, or standard input without being read, is of this kind."""
    open: Callable[[Sequence[str | Path], BinaryIO | None, bool], Source]
    """The last is `allow_large`. Raises NotAnExport."""


def open_source(
    sources: str | Path | Sequence[str | Path],
    stdin: BinaryIO | None = None,
    *,
    allow_large: bool = False,
) -> Source:
    """What is in `sources`: a path or several, or `-` for `stdin`. Raises NotAnExport.

    `allow_large`: take also the members of a ZIP that unpack to more than an export's do.
    """
    sources = [sources] if isinstance(sources, str | Path) else sources
    given: list[Path | BinaryIO] = [
        stdin if source == "-" and stdin is not None else Path(source) for source in sources
    ]
    for kind in KINDS[:-1]:
        found = [kind.is_one(source) for source in given]
        if any(found):
            return kind.open(sources, stdin, allow_large)
    return KINDS[-1].open(sources, stdin, allow_large)


def _is_neutral(source: Path | BinaryIO) -> bool:
    from gptexit.readers.neutral import is_neutral

    return is_neutral(source)


def _open_neutral(
    sources: Sequence[str | Path], stdin: BinaryIO | None, allow_large: bool
) -> Source:
    from gptexit.readers.neutral import open_neutral

    return open_neutral(sources, stdin)


def _open_chatgpt(
    sources: Sequence[str | Path], stdin: BinaryIO | None, allow_large: bool
) -> Source:
    from gptexit.readers.chatgpt.source import open_chatgpt

    return open_chatgpt(sources, stdin, allow_large=allow_large)


KINDS = (
    Kind("jsonl", "Neutral JSON that gptexit wrote.", _is_neutral, _open_neutral),
    Kind("chatgpt", "A ChatGPT data export.", lambda source: True, _open_chatgpt),
)
"""The first that a source is one of; the last takes the rest, and says what it is instead."""
