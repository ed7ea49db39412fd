"""The account of a push."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class PushTally:
    """What was read, sent, found and left."""

    dry: bool = False
    read: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    """Not selected, by option."""
    done: Counter[str] = field(default_factory=Counter)
    """Conversations, as `inventory.Verdict` names what was to be done; and `messages` sent."""
    continued: list[str] = field(default_factory=list)
    """Titles of chats that somebody has written in: left as they are."""
    refused: list[str] = field(default_factory=list)
    """What the server did not take, with the reason."""
    unreadable: list[str] = field(default_factory=list)
    """What could not be read from the export."""
    files: int = 0
    folders: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    """Names that folders of earlier runs got, which had a piece of an id for one."""
    tidied: Counter[str] = field(default_factory=Counter)
    """`chats` and `files` that were there twice and are no longer."""
    memories: Counter[str] = field(default_factory=Counter)
    """`added`, and `known`: there already."""
    memories_refused: str | None = None
    stopped: str | None = None
    """Why the run did not come to its end."""

    @property
    def complete(self) -> bool:
        """Whether all that was asked for is in the app now."""
        faults = (self.refused, self.unreadable, self.memories_refused, self.stopped)
        return not any(faults)

    def as_json(self) -> dict[str, Any]:
        """For `--report`."""
        return {
            "dry_run": self.dry,
            "read": self.read,
            "left_out": dict(self.left_out),
            **{name: self.done[name] for name in ("new", "changed", "same")},
            "continued": self.continued,
            "messages": self.done["messages"],
            "files": self.files,
            "folders": self.folders,
            "renamed": self.renamed,
            "refused": self.refused,
            "unreadable": self.unreadable,
            "tidied": dict(self.tidied),
            "memories": {**self.memories, "refused": self.memories_refused},
            "stopped": self.stopped,
            "complete": self.complete,
        }
