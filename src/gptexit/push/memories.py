"""What ChatGPT noted about a person, as memories of the app."""

from __future__ import annotations

import time

from gptexit.errors import Refusal, ServerError
from gptexit.memories.model import Memory
from gptexit.push.client import ATTEMPTS, Server

_PATH = "/api/v1/memories/"


class Memories:
    """The app's memories of the account."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.added = 0
        self.known = 0
        """How many were there already."""
        self.refused: str | None = None
        """Why the app takes none."""

    def add(self, memory: Memory, *, dry: bool) -> None:
        """Add what counts of `memory` and is not there, the oldest first. Raises ServerError."""
        texts = [each.text for each in sorted(memory.entries, key=lambda each: each.dated)]
        try:
            there = self._there()
            for text in texts:
                if text in there:
                    self.known += 1
                    continue
                if not dry:
                    self._add(text)
                self.added += 1
        except Refusal as refusal:
            self.refused = str(refusal)

    def _there(self) -> dict[str, str]:
        """Ids by text."""
        try:
            rows = self._server.get(_PATH)
        except Refusal as refusal:
            if refusal.status == 404:
                raise Refusal(
                    "its memory is switched off (Settings > General, for administrators).", 404
                ) from None
            raise
        rows = rows if isinstance(rows, list) else []
        return {
            each["content"].strip(): each["id"]
            for each in rows
            if isinstance(each, dict) and isinstance(each.get("content"), str)
        }

    def _add(self, text: str) -> None:
        """The app stores a memory before it works out where to find it again. So after a fault
        it is looked up instead of being sent twice."""
        fault = None
        for attempt in range(ATTEMPTS):
            try:
                self._server.post_once(f"{_PATH}add", {"content": text})
                return
            except Refusal as refusal:
                if refusal.status not in (0, 429, 500, 502, 503, 504):
                    raise
                fault = refusal
            there = self._there().get(text)
            if there and fault.status == 500:
                self._server.delete(f"{_PATH}{there}")
                raise Refusal(
                    "it has no embedding model, which memories need. An administrator sets one "
                    "under Settings > Documents; then run the same command again.",
                    500,
                )
            if there:
                return
            time.sleep(min(8.0, 0.5 * 2**attempt))
        raise ServerError(f"the memories cannot be added: {fault}")
