"""A ChatGPT export as a source: its raw conversations, read into the neutral model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from gptexit.codes import Lost
from gptexit.model import Conversation, Raw
from gptexit.readers.chatgpt.containers.base import Loss
from gptexit.readers.chatgpt.export_set import ExportSet, open_export
from gptexit.readers.chatgpt.normalize.conversation import Account, ReadStats, read_conversation
from gptexit.readers.chatgpt.parsing import json_stream as rows

_RATINGS = {"thumbs_up": "up", "thumbsup": "up", "thumbs_down": "down", "thumbsdown": "down"}
_SIDE = "message_feedback.json"


class ChatGPTExport(ExportSet):
    """An export whose conversations come out neutral."""

    def account(self) -> Account:
        """Return what the export holds beside the conversations; its tables are read now.

        So what cannot be read of them is told before anything of the conversations.
        """
        self.library("")
        return Account(self.lookup, self.library, _feedback(self), self.gone)

    def neutral(
        self, met: ReadStats, *, once: bool = False
    ) -> Iterator[tuple[str, Conversation | Loss]]:
        """Each conversation, or why it could not be read. Raises what `conversations` raises."""
        account = self.account()
        for where, raw in self.conversations(once=once):
            yield where, read(where, raw, account, met)


def open_chatgpt(
    sources: Sequence[str | Path],
    stdin: BinaryIO | None = None,
    *,
    careful: bool = False,
    allow_large: bool = False,
) -> ChatGPTExport:
    """The export in `sources`; see `open_export`. Raises NotAnExport."""
    export = open_export(
        sources, stdin, careful=careful, allow_large=allow_large, made=ChatGPTExport
    )
    assert isinstance(export, ChatGPTExport)
    return export


def read(where: str, raw: Raw, account: Account, met: ReadStats) -> Conversation | Loss:
    """Read a raw conversation, which is emptied; return why, where that cannot be done.

    `where` tells a person where it stands in the source.
    """
    title = raw.get("title")
    try:
        return read_conversation(raw, account, met)
    except Exception as error:  # a fault of ours must not cost the user the rest
        return fault(where, title, error)


def fault(where: str, title: Any, error: Exception) -> Loss:
    """What to say of a conversation that one of our own functions cannot handle."""
    named = f" “{title}”" if isinstance(title, str) else ""
    why = Lost.OUR_FAULT.say(error=f"{type(error).__name__}: {error}")
    return Loss(f"{where}{named}", why._replace(sentence=why.sentence[:500]))


def _feedback(export: ExportSet) -> dict[str, str]:
    """The user's ratings from `message_feedback.json`, by message id; the newest counts."""
    found: dict[str, str] = {}
    for name, stream in export.files.every(_SIDE):
        with stream:
            try:
                for row in rows.items(stream):
                    rating, key = (
                        (row.get("rating"), row.get("id")) if isinstance(row, dict) else (0, 0)
                    )
                    if isinstance(rating, str) and isinstance(key, str):
                        found[key] = _RATINGS.get(rating.lower(), "")
            except rows.ERRORS as error:
                export.lose(name, Lost.NOT_JSON.say(error=rows.reason(error)))
    return {key: rating for key, rating in found.items() if rating}
