"""Define the functions and the class that `import gptexit` offers to Python programs.

Each function imports what it needs when it is called, so that a program that only reads an export
does not wait for the writers.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from gptexit.errors import BadOption, ClosedExport, NoSuchAsset
from gptexit.model import Asset, Conversation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gptexit.archive_status import Status
    from gptexit.bagging import Bagged
    from gptexit.inspection.run import Inspection
    from gptexit.memories.model import Memory
    from gptexit.readers.chatgpt.containers.base import Loss
    from gptexit.source import Source
    from gptexit.verification.result import Result

AnyPath = str | PathLike[str]
"""A path, as a string or a `pathlib.Path`."""


class Export:
    """An export that is open for reading. Iterate over it for its conversations.

    Each iteration reads the export from its beginning. Conversations come one at a time, so that
    memory does not grow with the export. Use it in a `with` statement, or call `close`.
    """

    def __init__(self, source: Source, names: Mapping[str, str] | None = None) -> None:
        from gptexit.names import Names

        self.source = source
        """The source that the command line reads too. Its methods may change with any release."""
        self._names = Names(names or {})
        self._closed = False

    def __iter__(self) -> Iterator[Conversation]:
        from gptexit.pipeline import conversations

        for conversation in conversations(self.source, self._names):
            self._need_open()
            yield conversation

    def _need_open(self) -> None:
        """Raise ClosedExport if the export was closed."""
        if self._closed:
            raise ClosedExport

    @property
    def label(self) -> str:
        """The name of the export, for a person."""
        return self.source.label

    @property
    def errors(self) -> list[Loss]:
        """Return the losses until now: of each, `where` it is and the `reason`, a sentence.

        The list is whole when an iteration has ended.
        """
        return list(self.source.losses)

    def open_asset(self, asset: Asset) -> BinaryIO:
        """Open a file of a conversation, such as a picture; `asset` is one of its `assets`.

        Raises NoSuchAsset, a FileNotFoundError, where the export mentions the file and does not
        hold it, and OSError where its bytes are damaged.
        """
        self._need_open()
        if not isinstance(asset, dict) or "member" not in asset:
            raise BadOption('an asset is one of the "assets" of a conversation.')
        if asset["member"] is None:
            raise NoSuchAsset(f"the export does not hold {asset['id']}.")
        return self.source.open(asset["member"])

    def read_asset(self, asset: Asset) -> bytes:
        """Return the bytes of a file of a conversation. Raises what `open_asset` does."""
        with self.open_asset(asset) as stream:
            return stream.read()

    def close(self) -> None:
        """Close the files, and remove what was unpacked for reading."""
        self._closed = True
        self.source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open(
    *sources: AnyPath | Sequence[AnyPath],
    names: Mapping[str, str] | None = None,
    allow_large: bool = False,
) -> Export:
    """Open an export: a ZIP, a folder, a JSON file, or several of them that belong to one account.

    `names` gives projects and custom GPTs their names, by their ids. `allow_large` takes also the
    members of a ZIP that unpack to far more than an export's do. Raises NotAnExport.
    """
    from gptexit.source import open_source, paths_of

    return Export(open_source(paths_of(*sources), allow_large=allow_large), names)


def open_export(sources: AnyPath | Sequence[AnyPath], *, allow_large: bool = False) -> Source:
    """Open an export as older versions did. Use `gptexit.open` instead."""
    from gptexit.source import open_source

    warnings.warn("use gptexit.open(path, ...)", DeprecationWarning, stacklevel=2)
    given = [sources] if isinstance(sources, str | PathLike) else sources
    return open_source([*map(Path, given)], allow_large=allow_large)


def conversations(export: Export | Source) -> Iterator[Conversation]:
    """Yield the conversations of an export. Iterate over a `gptexit.Export` instead."""
    from gptexit.pipeline import conversations

    return iter(export) if isinstance(export, Export) else conversations(export)


def inspect(*sources: AnyPath | Sequence[AnyPath], allow_large: bool = False) -> Inspection:
    """Say what an export holds and what it lacks, without converting it. Raises NotAnExport."""
    from gptexit.inspection.run import inspect
    from gptexit.readers.chatgpt.export_set import open_export
    from gptexit.source import paths_of

    with open_export(paths_of(*sources), allow_large=allow_large) as export:
        return inspect(export)


def verify(
    archive: AnyPath,
    *sources: AnyPath | Sequence[AnyPath],
    allow_large: bool = False,
    jobs: int | None = 1,
) -> Result:
    """Prove that an archive holds what the export in `sources` holds.

    Without sources, say whether a byte of the archive has changed since it was written. The verdict
    is `result.verdict`; `result.problems` says what is not right. `jobs`: how many processes
    compare; None for one for each core if the export is large enough. Raises NoArchive,
    NotAnExport.
    """
    from gptexit.proof import verify
    from gptexit.readers.chatgpt.export_set import open_export
    from gptexit.source import paths_of

    (root,) = paths_of(archive)
    if not sources:
        return verify(root)
    with open_export(paths_of(*sources), careful=True, allow_large=allow_large) as export:
        return verify(root, export, jobs=jobs)


def memory(*sources: AnyPath | Sequence[AnyPath], allow_large: bool = False) -> Memory:
    """Collect what ChatGPT remembered of its user, and the custom instructions.

    Raises NotAnExport.
    """
    from gptexit.remembering import gather
    from gptexit.source import open_source, paths_of

    with open_source(paths_of(*sources), allow_large=allow_large) as export:
        return gather(export)


def status(archive: AnyPath) -> Status:
    """Say what an archive is, what it was made from, when it was checked, and what to do next.

    Raises NoArchive.
    """
    from gptexit.archive_status import status_of
    from gptexit.source import paths_of

    (root,) = paths_of(archive)
    return status_of(root)


def bag(archive: AnyPath, out: AnyPath | None = None, *, dry_run: bool = False) -> Bagged:
    """Copy an archive into a BagIt bag in the new folder `out`; by default beside the archive.

    `dry_run`: write nothing, and only count. Raises NoArchive; Unusable if something is in `out`;
    MissingPackages.
    """
    from gptexit.bagging import free_place, make_bag
    from gptexit.source import paths_of

    (root,) = paths_of(archive)
    place = free_place(root) if out is None else paths_of(out)[0]
    return make_bag(root, place, dry=dry_run)
