"""Files of a conversation that an app does not take: they lie beside the chats, or stay behind."""

from __future__ import annotations

from gptexit.archive.files import Copy, Rendered
from gptexit.archive.manifest import Catalog
from gptexit.codes import NotKept
from gptexit.model import Asset
from gptexit.writers.base import copy_of

ELSEWHERE = "in your export, not in this app"
"""Where a person finds a file, if the chats go straight into an app."""


class Beside:
    """The files of one conversation that its chat only names."""

    def __init__(self, catalog: Catalog | None, folder: str = "files") -> None:
        """`folder`: where the copies go. `catalog`: None to make none."""
        self._catalog = catalog
        self._folder = folder
        self._copies: dict[str, Copy] = {}
        self._named: set[str] = set()

    def place(self, asset: Asset) -> str:
        """Return the words that tell a person where the file is, and note its copy."""
        self._named.add(asset["id"])
        if self._catalog is None:
            return ELSEWHERE
        copy = copy_of(asset, asset["member"] or "", self._folder, self._catalog)
        self._copies[asset["id"]] = copy
        return f"in your archive, {copy.path}"

    def add_to(self, done: Rendered) -> None:
        """Add the copies to what a conversation became, and count the files that it only names."""
        done.copies += self.copies
        if self:
            done.not_kept[self.code] += len(self)

    @property
    def code(self) -> NotKept:
        """What to count each of the files as."""
        return NotKept.FILE_NOT_IN_APP if self._catalog is None else NotKept.FILE_NOT_IMPORTED

    @property
    def copies(self) -> list[Copy]:
        """The copies to make."""
        return list(self._copies.values())

    def __len__(self) -> int:
        """Count the files that the chat names."""
        return len(self._named)
