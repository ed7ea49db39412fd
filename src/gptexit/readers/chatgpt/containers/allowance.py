"""How much the members of ZIPs may unpack to, so that a small file does not fill a disk.

Text such as an export's shrinks 5 to 20 times, pictures hardly at all; a ZIP bomb shrinks up to
1,000 times, and members that share their packed bytes any number of times. Nothing is asked: what
goes beyond is left out and named, and taken with `--allow-large`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gptexit.readers.chatgpt.containers.base import CONVERSATIONS

RATIO = 200
"""How much smaller than its content a large member may be."""
LARGE = 10_000_000
"""Bytes from which on that ratio counts."""
LARGE_CONVERSATIONS = 2_000_000_000
"""Bytes from which on it counts for conversations: they are read in pieces."""
TIMES = 20
"""How many times the size of all ZIPs the files beside the conversations may unpack to together,
or else to TOTAL."""
TOTAL = 500_000_000
TAKE = "--allow-large takes it"
"""What every reason says."""


@dataclass(slots=True)
class Allowance:
    """What may still be unpacked; one for all ZIPs of a run, those inside a ZIP too."""

    left: int = TOTAL
    """Bytes that files beside the conversations may still take together."""
    unbounded: bool = False

    @classmethod
    def of(cls, paths: Iterable[Path], *, allow_large: bool) -> Allowance:
        """Make one for the sources at `paths`."""
        size = sum(path.stat().st_size for path in paths if path.is_file())
        return cls(max(TOTAL, TIMES * size), allow_large)

    def refusal(self, name: str, size: int, packed: int) -> str | None:
        """Count a member, and say why it is left out; None for one that is taken.

        `size`: bytes unpacked, as they are declared or were counted.
        """
        if self.unbounded:
            return None
        chats = bool(CONVERSATIONS.search(name.replace("\\", "/")))
        large = size > (LARGE_CONVERSATIONS if chats else LARGE)
        if large and size > RATIO * max(packed, 1):
            return f"would unpack to {size} bytes from {packed}, as a ZIP bomb does; {TAKE}"
        if chats:
            return None
        if size > self.left:
            return f"would unpack to {size} bytes, more than is left of what is allowed; {TAKE}"
        self.left -= size
        return None

    def most(self, packed: int) -> int | None:
        """How many bytes a member may give whose size nobody knows; None for no bound."""
        return None if self.unbounded else max(LARGE, RATIO * packed)
