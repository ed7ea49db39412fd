"""Define what a source provides, and open the kinds of sources that gptexit reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from itertools import product
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self

from gptexit.codes import Reason, Repair
from gptexit.errors import BadOption, Choice, Unusable
from gptexit.model import Conversation
from gptexit.readers.chatgpt.asset_index import AssetInfo
from gptexit.readers.chatgpt.containers.base import Loss
from gptexit.readers.chatgpt.containers.own_files import need_no_archive
from gptexit.readers.chatgpt.normalize.conversation import ReadStats
from gptexit.readers.chatgpt.parsing.json_scanner import Keep
from gptexit.text.terminal import printable


class Source(Protocol):
    """Give conversations in the neutral model, one at a time, and the files of each."""

    label: str
    """The name of the source, for a person."""
    losses: list[Loss]
    """What could not be read so far."""
    missing: list[str]
    """Files that the source's own list has and that were not given."""
    repairs: Counter[Repair]
    """Repairs in the current pass, by kind."""
    duplicates: int
    """Copies beyond the first of each conversation, in the current pass."""
    keep: Keep | None
    """Keeps conversations that are too large to be converted."""
    editions: list[Any]
    """The exports that were merged, if several were."""

    @property
    def union(self) -> Any:
        """The state of a merge of several exports; None if nothing is merged."""

    @property
    def conversation_files(self) -> list[str]:
        """The files with conversations, in reading order."""

    @property
    def bytes_total(self) -> int | None:
        """The bytes of the files with conversations, unpacked; None if one is a pipe."""

    @property
    def bytes_read(self) -> int:
        """The bytes of them that the current pass has read."""

    def neutral(
        self, met: ReadStats, *, once: bool = False
    ) -> Iterator[tuple[str, Conversation | Loss]]:
        """Yield each conversation, or why it could not be read, with its place in the source.

        Raises AnotherCopy at another copy of a conversation that was yielded before, unless `once`
        is set: call `settle` and begin again.
        """

    def lose(self, where: str, why: Reason) -> None:
        """Note something that cannot be read, once, however often it is met."""

    def settle(self) -> bool:
        """Count the copies of each conversation, in a pass of its own.

        Return whether a conversation has several.
        """

    def hash_members(self) -> None:
        """Compute the SHA-256 of each file that is read from now on."""

    def inventory(self) -> Iterator[tuple[str, int, str | None]]:
        """Yield each file: its name, its bytes, and its SHA-256 if it was read to its end."""

    def lookup(self, file_id: str) -> AssetInfo:
        """Return what the source knows of the asset with that id."""

    def others(self, taken: Container[str]) -> Iterator[str]:
        """Yield the asset members that are not `taken`."""

    def open(self, member: str) -> BinaryIO:
        """Open an asset for its bytes. Raises OSError."""

    def size(self, member: str) -> int:
        """Return the size of an asset in bytes. Raises FileNotFoundError."""

    def close(self) -> None:
        """Remove what was unpacked for reading."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def is_path(given: Any) -> bool:
    """Tell whether a program gave a path: a text, or a `pathlib.Path` and its like."""
    return isinstance(given, str) or (
        isinstance(given, PathLike) and isinstance(fspath(given), str)
    )


def paths_of(*sources: Any) -> list[Path]:
    """Return the paths that a program gave, one by one or as a list. Raises BadOption."""
    paths: list[Path] = []
    for source in sources:
        for path in source if isinstance(source, list | tuple) else [source]:
            if not is_path(path) or not str(path):
                what = "an empty text" if path == "" else f"of the type {type(path).__name__}"
                raise BadOption(
                    f"a source is {what}, not a path.",
                    'Give the path of a file or folder, such as "chatgpt-export.zip".',
                )
            paths.append(Path(path))
    return paths


def need_outside(sources: Sequence[str | Path], roots: Sequence[Path]) -> None:
    """Raise Unusable if a folder to write to is that of an export, which would then be in it.

    Raise NotAnExport if it is an archive.
    """
    for source, root in product(sources, roots):
        if Path(source).is_dir() and Path(source).resolve() == root.resolve():
            need_no_archive(Path(source))
            error = Unusable(
                f"{printable(str(source))} is the folder of the export itself.",
                "Name another folder to write to, such as a new one in it. Nothing was written.",
            )
            other = Choice((), "into a folder of its own", str(root / "chatgpt-archive"))
            raise error.with_choices((), [other])


def open_source(
    sources: str | Path | Sequence[str | Path],
    stdin: BinaryIO | None = None,
    *,
    allow_large: bool = False,
) -> Source:
    """Open `sources`: a path or several, or `-` for `stdin`. Raises NotAnExport.

    `allow_large`: take also the members of a ZIP that unpack to more than an export's do.
    """
    from gptexit.readers.chatgpt.source import open_chatgpt
    from gptexit.readers.neutral import is_neutral, open_neutral

    sources = [sources] if isinstance(sources, str | Path) else sources
    given = (stdin if source == "-" and stdin is not None else Path(source) for source in sources)
    if any(map(is_neutral, given)):
        return open_neutral(sources, stdin)
    # This reader takes whatever is left, and says what it is if it is no export.
    return open_chatgpt(sources, stdin, allow_large=allow_large)
