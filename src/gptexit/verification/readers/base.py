"""What reads an archive of one format back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Set

from gptexit.verification.expected import ShownConversation
from gptexit.verification.told import Told


class Reader(ABC):
    """One archive as its own files tell it."""

    exact = False
    """Whether the archive may hold no conversation that was not asked for: it is for others."""

    def __init__(self) -> None:
        self.messages = 0
        """Messages that were compared."""
        self.redacted = 0
        """Messages in which a mark stands for what the export has."""
        self.assets = 0
        """Files that conversations show and that were compared with them."""
        self.unreadable: list[tuple[str, str]] = []
        """File and sentence for each thing that cannot be read."""

    @abstractmethod
    def ids(self) -> Set[str]:
        """The conversations that are there; no copy, since it is asked for each of them."""

    @abstractmethod
    def check(self, key: str, told: Told) -> list[tuple[str, str]] | None:
        """File and sentence for each thing that is lacking; None where the conversation is."""

    def expects(self, told: Told) -> ShownConversation | None:
        """What a person saw of a conversation and the archive has to hold; None where all of it."""
        return None

    def elsewhere(self, key: str) -> str | None:
        """The file of the archive that was not asked about and has the conversation."""
        return None

    def digests(self) -> set[str]:
        """The SHA-256 of files inside of its files."""
        return set()
