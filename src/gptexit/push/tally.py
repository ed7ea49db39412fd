"""The account of a run of `gptexit push`, to a server or to a place on this machine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from gptexit.codes import NotKept, as_text
from gptexit.errors import Exit
from gptexit.model import Conversation

Verdict = Literal["new", "same", "changed", "continued"]
"""Whether the app lacks a conversation, has it as it is now, has an older version of it, or has one
that the user changed there."""


@dataclass(slots=True)
class PushTally:
    """The account of a run."""

    dry: bool = False
    read: int = 0
    span: dict[str, str | None] = field(default_factory=lambda: {"first": None, "last": None})
    """When the first conversation was begun, and when the last one was changed."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Conversations that are not selected, by option."""
    done: Counter[str] = field(default_factory=Counter)
    """Conversations by `Verdict`, and the number of `messages` sent."""
    continued: list[str] = field(default_factory=list)
    """Titles of the conversations that the user changed in the app: they stay as they are."""
    refused: list[str] = field(default_factory=list)
    """Everything that the app did not take, with the reason."""
    unreadable: list[str] = field(default_factory=list)
    """Places in the export that could not be read, with the reason."""
    files: int = 0
    bytes: int = 0
    """Bytes that a dry run would send."""
    not_kept: Counter[NotKept] = field(default_factory=Counter)
    """What a place on this machine cannot hold; a server says so in `refused`."""
    compared: bool = True
    """False for a dry run without a key, which does not ask the server."""
    folders: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    """New names of folders whose name was a piece of an id."""
    tidied: Counter[str] = field(default_factory=Counter)
    """Second copies that were deleted: `chats` and `files`."""
    memories: Counter[str] = field(default_factory=Counter)
    """`added`, and `known` to the app already."""
    memories_refused: str | None = None
    stopped: str | None = None
    """The error that ended the run early."""

    def add(self, conversation: Conversation) -> None:
        """Count a conversation that was read."""
        self.read += 1
        if begun := conversation["created"]:
            self.span["first"] = min(self.span["first"] or begun, begun)
        self.span["last"] = max(self.span["last"] or "", conversation["updated"] or "") or None

    def selects_nothing(self) -> bool:
        """Tell whether the export has conversations, and the selection matches none of them."""
        return 0 < self.read == self.left_out.total()

    @property
    def complete(self) -> bool:
        """Whether all that was asked for is in the app now."""
        return not (self.refused or self.unreadable or self.memories_refused or self.stopped)

    @property
    def exit_code(self) -> Exit:
        """The exit code of a run that came to its end."""
        if self.selects_nothing():
            return Exit.NOTHING_SELECTED
        return Exit.COMPLETE if self.complete else Exit.INCOMPLETE

    def as_json(self) -> dict[str, Any]:
        """Return the account for `--report`."""
        return {
            "dry_run": self.dry,
            "read": self.read,
            "left_out": dict(self.left_out),
            **{name: self.done[name] for name in ("new", "changed", "same")},
            "continued": self.continued,
            "messages": self.done["messages"],
            "files": self.files,
            **({"bytes": self.bytes, "compared": self.compared} if self.dry else {}),
            "folders": self.folders,
            "renamed": self.renamed,
            "refused": self.refused,
            "not_kept": as_text(self.not_kept),
            "unreadable": self.unreadable,
            "tidied": dict(self.tidied),
            "memories": {**self.memories, "refused": self.memories_refused},
            "stopped": self.stopped,
            "complete": self.complete,
        }
