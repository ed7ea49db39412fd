"""What of a conversation goes into which columns: the form in which a target hands it to the sink.

It holds places in the conversation and no numbers of the database, so the same conversation gives
the same bytes wherever it goes, and their digest tells whether it has changed.
"""

from __future__ import annotations

from typing import Any, TypedDict


class Rows(TypedDict):
    """One conversation. Each list is the values of a row, in the order of the columns below."""

    conversation: list[Any]
    project: list[Any] | None
    """Id and name, as for `gpt`."""
    gpt: list[Any] | None
    models: list[str]
    messages: list[list[Any]]
    """The place of a message and of its parent first."""
    assets: list[list[Any]]
    """The place of the message that shows it first; None where none does."""
    memories: list[list[Any]]
    instructions: list[list[Any]]


CONVERSATION = (
    "id, title, created, updated, project, gpt, model, messages, archived, starred, url, gone"
)
MESSAGE = "id, role, name, recipient, created, model, hidden, current, feedback, text, hidden_text"
ASSET = "id, name, media_type, size, sha256, member, missing"
MEMORY = "written, snapshot, text"
CITED = 2
"""The value of `snapshot` for a memory that an answer cites: it was written at an earlier time."""
INSTRUCTION = "written, about, response"
