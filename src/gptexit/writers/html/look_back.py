"""Stand-in for the look back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class LookBack:
    """Adds up the figures of conversations."""

    def __init__(self) -> None:
        self._chats = 0

    def add(self, figures: Mapping[str, Any], about: Mapping[str, str | None]) -> None:
        """Take in the figures of a conversation."""
        self._chats += 1

    def html(self) -> str:
        """Return the contents of `<main id="look-back">`."""
        return f"<h1>{self._chats} conversations</h1>\n"
