"""Conversations as requests to a provider's API, for scripts: one line of JSON each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gptexit.archive.files import File, Rendered
from gptexit.codes import NotKept
from gptexit.model import Asset, Conversation
from gptexit.selection import without_other_branches
from gptexit.text.json import dump_line
from gptexit.writers.base import CommonOptions, Unmentioned
from gptexit.writers.chat.turns import USER, ChatStyle, last_instructions, turns_of, words_of
from gptexit.writers.steps import Sketch, Stepped

FILE = "conversations.jsonl"
SILENT = "\N{HORIZONTAL ELLIPSIS}"
"""A question for a conversation that begins with an answer: APIs want a question first."""


@dataclass(slots=True)
class Spoken:
    """The branch that the user saw last, as a dialogue."""

    instructions: str = ""
    """The last custom instructions."""
    turns: list[tuple[bool, list[str]]] = field(default_factory=list)
    """Whether the user speaks, and the texts. Both sides take turns; the user begins."""


class Requests(Stepped):
    """The writer. `form` makes the API's request of a dialogue."""

    def __init__(self, options: CommonOptions, form: Callable[[Spoken], dict[str, Any]]) -> None:
        self._include = options.include
        self._form = form
        self._unmentioned = Unmentioned()

    def draft(self, conversation: Conversation) -> Sketch:
        """Write a line."""
        done = Rendered()
        line = {
            "id": conversation["id"],
            "title": conversation["title"],
            "created": conversation["created"],
            "updated": conversation["updated"],
            **_named(conversation),
            "request": self._form(spoken(conversation, self._include, done)),
        }
        done.files.append(File(FILE, dump_line(line), FILE, append=True))
        return Sketch(done)

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Remember the files of the conversation."""
        self._unmentioned.see(conversation)
        return sketch.done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: a request has no place for them."""
        return self._unmentioned.left(assets)

    def finish(self) -> Rendered:
        """Write an empty file if there was no conversation."""
        return Rendered(files=[File(FILE, b"", FILE, append=True, last=True)])


def _named(conversation: Conversation) -> dict[str, str]:
    """Return the names of the project and the custom GPT, as far as they have one."""
    pairs = (("project", conversation["project"]), ("gpt", conversation["assistant"]))
    return {key: named["name"] for key, named in pairs if named and named["name"]}


def spoken(conversation: Conversation, include: frozenset[str], done: Rendered) -> Spoken:
    """Return a conversation as a dialogue; count in `done` what a request cannot hold."""
    branch = without_other_branches(conversation)
    left_out = len(conversation["messages"]) - len(branch["messages"])
    if left_out:
        done.not_kept[NotKept.MESSAGE_OTHER_BRANCH] += left_out
    turns = turns_of(branch, include)
    done.messages, done.hidden = turns.messages, turns.hidden
    assets = {asset["id"]: asset for asset in conversation["assets"]}
    shown: set[str] = set()

    def place(asset: Asset) -> str:
        shown.add(asset["id"])
        return "not part of this text"

    dialogue = Spoken(last_instructions(branch))
    for turn in turns.by_id.values():
        words = words_of(turn.parts, ChatStyle(assets, place))
        user = turn.role == USER
        if not words.strip():
            continue
        if not dialogue.turns and not user:
            dialogue.turns.append((True, [SILENT]))
        if dialogue.turns and dialogue.turns[-1][0] == user:
            dialogue.turns[-1][1].append(words)
        else:
            dialogue.turns.append((user, [words]))
    if shown:
        done.not_kept[NotKept.FILE_NOT_IN_REQUEST] += len(shown)
    return dialogue


def claude_request(spoken: Spoken) -> dict[str, Any]:
    """Make a request to Claude's Messages API."""
    system = {"system": spoken.instructions} if spoken.instructions.strip() else {}
    messages = [
        {"role": "user" if user else "assistant", "content": "\n\n".join(words).rstrip()}
        for user, words in spoken.turns
    ]
    return {**system, "messages": messages}


class ClaudeApi(Requests):
    """The writer `claude-api`."""

    def __init__(self, options: CommonOptions) -> None:
        super().__init__(options, claude_request)


def gemini_request(spoken: Spoken) -> dict[str, Any]:
    """Make a request to the Gemini API."""
    system = (
        {"systemInstruction": {"parts": [{"text": spoken.instructions}]}}
        if spoken.instructions
        else {}
    )
    contents = [
        {"role": "user" if user else "model", "parts": [{"text": text} for text in words]}
        for user, words in spoken.turns
    ]
    return {**system, "contents": contents}


def request(conversation: Conversation, include: frozenset[str], done: Rendered) -> dict[str, Any]:
    """Make a request to the Gemini API; count in `done` what it cannot hold."""
    return gemini_request(spoken(conversation, include, done))


class GeminiApi(Requests):
    """The writer `gemini-api`."""

    def __init__(self, options: CommonOptions) -> None:
        super().__init__(options, gemini_request)
