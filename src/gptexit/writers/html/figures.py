"""Stand-in for the figures of a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from gptexit.model import Conversation, Message


def figures_of(
    conversation: Conversation, shown: Sequence[Message], zone: tzinfo | None
) -> dict[str, Any]:
    """Return the figures of a conversation."""
    return {"messages": len(shown)}
