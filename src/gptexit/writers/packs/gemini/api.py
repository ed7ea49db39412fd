"""A conversation as a request to the Gemini API, for scripts.

`contents` and `systemInstruction` as in the reference of `models.generateContent` (ai.google.dev,
looked up on 25 November 2026); a model and settings are the script's own affair.
"""

from __future__ import annotations

from typing import Any

from gptexit.model import Conversation
from gptexit.writers.base import Options, Rendered
from gptexit.writers.chat.api_requests import Requests, Spoken, spoken


def form(said: Spoken) -> dict[str, Any]:
    """The request."""
    system = {"systemInstruction": {"parts": [{"text": said.told}]}} if said.told else {}
    contents = [
        {"role": "user" if user else "model", "parts": [{"text": text} for text in words]}
        for user, words in said.turns
    ]
    return {**system, "contents": contents}


def request(conversation: Conversation, include: frozenset[str], done: Rendered) -> dict[str, Any]:
    """The branch that the user saw last as a request; what it cannot hold is counted in `done`."""
    return form(spoken(conversation, include, done))


class GeminiApi(Requests):
    """The target: one line a conversation."""

    def __init__(self, options: Options) -> None:
        super().__init__(options, form)
