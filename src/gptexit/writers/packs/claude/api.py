"""A conversation as a request to the Messages API of Claude, for scripts.

`system` and `messages` as in the reference of *Create a Message* (platform.claude.com, looked up on
25 November 2026): the user first, then in turn; no content is empty, and none of an answer ends
with white space. `model` and `max_tokens` are the script's own affair.
"""

from __future__ import annotations

from typing import Any

from gptexit.writers.base import Options
from gptexit.writers.chat.api_requests import Requests, Spoken


def form(spoken: Spoken) -> dict[str, Any]:
    """The request."""
    system = {"system": spoken.told} if spoken.told.strip() else {}
    messages = [
        {"role": "user" if user else "assistant", "content": "\n\n".join(words).rstrip()}
        for user, words in spoken.turns
    ]
    return {**system, "messages": messages}


class ClaudeApi(Requests):
    """The target."""

    def __init__(self, options: Options) -> None:
        super().__init__(options, form)
