"""A conversation as a request to the Gemini API, for scripts.

`contents` and `systemInstruction` as in the reference of `models.generateContent` (ai.google.dev,
looked up on 25 November 2026); a model and settings are the script's own affair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from gptexit.jsontext import dumps
from gptexit.model import Asset, Conversation
from gptexit.select import without_other_branches
from gptexit.targets.base import OTHERS, File, Options, Rendered
from gptexit.targets.chat.turns import USER, turns_of
from gptexit.targets.chat.words import Scene, instructions, words_of

FILE = "conversations.jsonl"
_SILENT = "\N{HORIZONTAL ELLIPSIS}"
"""A question where a conversation begins with an answer: the API wants one first."""


class Api:
    """The target: one line a conversation."""

    def __init__(self, options: Options) -> None:
        self._include = options.include

    def render(self, conversation: Conversation) -> Rendered:
        """The conversation's line."""
        done = Rendered()
        line = {
            "id": conversation["id"],
            "title": conversation["title"],
            "created": conversation["created"],
            "updated": conversation["updated"],
            "request": request(conversation, self._include, done),
        }
        done.files.append(File(FILE, dumps(line) + b"\n", FILE, append=True))
        return done

    def restart(self) -> None:
        """Nothing to forget."""

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """A request has no place for them."""
        return Rendered(not_kept=Counter({OTHERS: len(assets)} if assets else {}))

    def finish(self) -> Rendered:
        """An empty file where there was no conversation."""
        return Rendered(files=[File(FILE, b"", FILE, append=True, last=True)])


def request(conversation: Conversation, include: frozenset[str], done: Rendered) -> dict[str, Any]:
    """The branch that the user saw last as a request; what it cannot hold is counted in `done`."""
    branch = without_other_branches(conversation)
    left_out = len(conversation["messages"]) - len(branch["messages"])
    if left_out:
        done.not_kept["message on another branch; a request is one line of talk"] += left_out
    turns = turns_of(branch, include)
    done.messages, done.hidden = turns.messages, turns.hidden
    assets = {asset["id"]: asset for asset in conversation["assets"]}
    shown: set[str] = set()

    def place(asset: Asset) -> str:
        shown.add(asset["id"])
        return "not part of this text"

    contents: list[dict[str, Any]] = []
    for turn in turns.by_id.values():
        words = words_of(turn.parts, Scene(assets, place))
        role = "user" if turn.role == USER else "model"
        if not words.strip():
            continue
        if not contents and role == "model":
            contents.append({"role": "user", "parts": [{"text": _SILENT}]})
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"].append({"text": words})
        else:
            contents.append({"role": role, "parts": [{"text": words}]})
    if shown:
        done.not_kept["file that a request names and does not hold"] += len(shown)
    told = _told(branch)
    system = {"systemInstruction": {"parts": [{"text": told}]}} if told else {}
    return {**system, "contents": contents}


def _told(branch: Conversation) -> str:
    """The custom instructions that stood last."""
    found = [
        instructions(part)
        for message in branch["messages"]
        for part in message["parts"]
        if part["type"] == "instructions"
    ]
    return found[-1] if found else ""
