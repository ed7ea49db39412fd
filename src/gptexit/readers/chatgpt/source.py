"""A ChatGPT export as a source: its raw conversations, read into the neutral model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gptexit.codes import Lost
from gptexit.model import Conversation, Raw
from gptexit.readers.chatgpt.containers.base import Loss
from gptexit.readers.chatgpt.export_set import ExportSet
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.readers.chatgpt.parsing import json_stream as rows

_RATINGS = {"thumbs_up": "up", "thumbsup": "up", "thumbs_down": "down", "thumbsdown": "down"}


class ChatGPTExport(ExportSet):
    """An export whose conversations come out neutral."""

    def account(self) -> Account:
        """Read the tables beside the conversations, and report what is unreadable in them."""
        self.library("")
        return Account(self.lookup, self.library, _feedback(self), self.gone)

    def neutral(
        self, met: ReadStats, *, once: bool = False
    ) -> Iterator[tuple[str, Conversation | Loss]]:
        """Yield each conversation, or why it could not be read. Raises like `conversations`."""
        account = self.account()
        for where, raw in self.conversations(once=once):
            yield where, read(where, raw, account, met)


open_chatgpt = ChatGPTExport.from_sources


def read(where: str, raw: Raw, account: Account, met: ReadStats) -> Conversation | Loss:
    """Read a raw conversation, which is emptied; return a Loss with its place if that fails."""
    title = raw.get("title")
    try:
        return read_conversation(raw, account, met)
    except Exception as error:  # a fault of ours must not cost the user the rest
        return fault(where, title, error)


def fault(where: str, title: Any, error: Exception) -> Loss:
    """Describe a conversation that one of our own functions cannot handle."""
    named = f" “{title}”" if isinstance(title, str) else ""
    why = Lost.OUR_FAULT.say(error=f"{type(error).__name__}: {error}")
    return Loss(f"{where}{named}", why._replace(sentence=why.sentence[:500]))


def _feedback(export: ExportSet) -> dict[str, str]:
    """Return the user's ratings from `message_feedback.json`, by message id; the newest counts."""
    ratings: dict[str, str] = {}
    for name, stream in export.files.every("message_feedback.json"):
        with stream:
            try:
                for row in rows.items(stream):
                    if not isinstance(row, dict):
                        continue
                    rating, key = row.get("rating"), row.get("id")
                    if isinstance(rating, str) and isinstance(key, str):
                        ratings[key] = _RATINGS.get(rating.lower(), "")
            except rows.ERRORS as error:
                export.lose(name, Lost.NOT_JSON.say(error=rows.reason(error)))
    return {key: rating for key, rating in ratings.items() if rating}
