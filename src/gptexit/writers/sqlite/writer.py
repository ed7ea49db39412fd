"""A conversation as rows of the SQLite archive; all branches unless `--branches current`.

Every message is there with its text. The bytes of files are not, nor the fields of the export that
have no column; jsonl has those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gptexit.archive.files import File, Rendered
from gptexit.codes import NotKept
from gptexit.memories.extract import cited_memories
from gptexit.model import Asset, Conversation, Gone, Message, Named
from gptexit.selection import current_branch
from gptexit.sqlite import CITED, NAME, PLACES, Rows
from gptexit.text.json import dumps
from gptexit.text.markdown import line
from gptexit.writers.base import CommonOptions, Unmentioned, on_branches
from gptexit.writers.parts import Blocks, PartStyle, assets_of, blocks_of
from gptexit.writers.steps import Sketch, Stepped


@dataclass(slots=True)
class SearchStyle(PartStyle):
    """The words of a message, to be searched; a file is shown by its name."""

    assets: dict[str, Asset]
    """By id."""

    def media(self, part: Any) -> Blocks:
        """Show the name of a file, its title and its prompt."""
        asset = self.assets.get(part["asset"])
        name = [f"[{line(asset['name'])}]"] if asset and asset["name"] else []
        return [*name, *PartStyle.media(self, part)]


def texts_of(message: Message, style: SearchStyle) -> tuple[str, str]:
    """Return the text that a person saw, and the text that no one saw.

    The second is reasoning, and all of a message that ChatGPT does not show.
    """
    seen: Blocks = []
    unseen: Blocks = []
    for part in message["parts"]:
        is_unseen = message["hidden"] is not None or part["type"] == "reasoning"
        (unseen if is_unseen else seen).extend(filter(str.strip, blocks_of(part, style)))
    return _joined(seen), _joined(unseen)


def _joined(blocks: Blocks) -> str:
    return storable("\n\n".join(blocks))


def storable(text: str) -> str:
    """Return text as SQLite's functions take it: without NUL, where they would stop."""
    return text.replace("\0", "\ufffd") if "\0" in text else text


KEY = "database"
"""The key of the file in the manifest."""
_LARGEST = 2**63 - 1
"""SQLite's largest whole number."""


class Sqlite(Stepped):
    """The writer."""

    def __init__(self, options: CommonOptions) -> None:
        self._branches = options.branches
        self._unmentioned = Unmentioned()

    def draft(self, conversation: Conversation) -> Sketch:
        """Return the conversation's rows, as JSON."""
        done = Rendered()
        conversation = on_branches(conversation, self._branches, done)
        messages = conversation["messages"][: PLACES - 1]
        if len(messages) < len(conversation["messages"]):
            beyond = len(conversation["messages"]) - len(messages)
            done.not_kept[NotKept.MESSAGE_OVER_MILLION] += beyond
        done.messages = len(messages)
        files = sum(not asset["missing"] for asset in conversation["assets"])
        if files:
            done.not_kept[NotKept.FILE_BYTES] += files
        data = dumps(_rows(conversation, messages))
        key = f"conversation/{_safe(conversation['id'])}"
        done.files.append(File(NAME, data, key, append=True))
        return Sketch(done)

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Remember the files of the conversation."""
        self._unmentioned.see(conversation)
        return sketch.done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: the database holds no files."""
        return self._unmentioned.left(assets)

    def finish(self) -> Rendered:
        """End the file, also if there was no conversation."""
        return Rendered(files=[File(NAME, b"", KEY)])


def _rows(conversation: Conversation, messages: list[Message]) -> Rows:
    style = SearchStyle({asset["id"]: asset for asset in conversation["assets"]})
    places = {message["id"]: place for place, message in enumerate(messages, 1)}
    branch = {message["id"] for message in current_branch(conversation)}
    message_rows: list[list[Any]] = []
    shown = 0
    for message in messages:
        text, hidden_text = texts_of(message, style)
        current = message["id"] in branch
        shown += current and bool(text.strip())
        message_rows.append(
            [
                places[message["id"]],
                None if message["parent"] is None else places.get(message["parent"]),
                *(_safe(message[key]) for key in ("id", "role", "name", "to")),
                message["created"],
                _safe(message["model"]),
                message["hidden"],
                int(current),
                message["feedback"],
                text,
                hidden_text,
            ]
        )
    models = Counter(message["model"] for message in messages if message["model"])
    return {
        "conversation": [
            _safe(conversation["id"]),
            _safe(conversation["title"]),
            conversation["created"],
            conversation["updated"],
            _safe(conversation["project"]["id"]) if conversation["project"] else None,
            _safe(conversation["assistant"]["id"]) if conversation["assistant"] else None,
            _safe(models.most_common(1)[0][0] if models else conversation["model"]),
            shown,
            _flag(conversation["archived"]),
            _flag(conversation["starred"]),
            _safe(conversation["source"]["url"]),
            _gone(conversation["source"]["gone"]),
        ],
        "project": _named(conversation["project"]),
        "gpt": _named(conversation["assistant"]),
        "models": sorted({storable(model) for model in models if model}),
        "messages": message_rows,
        "assets": _assets(conversation, messages, places),
        "memories": [*_memories(messages, places), *_cited(messages, places)],
        "instructions": _instructions(messages, places),
    }


def _assets(
    conversation: Conversation, messages: list[Message], places: dict[str, int]
) -> list[list[Any]]:
    shown_by: dict[str, int] = {}
    for message in messages:
        for asset_id in assets_of(message):
            shown_by.setdefault(asset_id, places[message["id"]])
    return [
        [
            shown_by.get(asset["id"]),
            *(_safe(asset[key]) for key in ("id", "name", "media_type")),
            _whole(asset["size"]),
            _safe(asset["sha256"]),
            _safe(asset["member"]),
            int(asset["missing"]),
        ]
        for asset in conversation["assets"]
    ]


def _memories(messages: list[Message], places: dict[str, int]) -> list[list[Any]]:
    return [
        [places[message["id"]], message["created"], int(part["snapshot"]), storable(part["text"])]
        for message in messages
        for part in message["parts"]
        if part["type"] == "memory"
    ]


def _cited(messages: list[Message], places: dict[str, int]) -> list[list[Any]]:
    """Return a row for each memory that an answer cites, with `CITED` in place of `snapshot`."""
    return [
        [places[message["id"]], message["created"], CITED, storable(memory.text)]
        for message in messages
        for memory in cited_memories(message)
        if memory.text
    ]


def _instructions(messages: list[Message], places: dict[str, int]) -> list[list[Any]]:
    return [
        [places[message["id"]], message["created"], _safe(part["about"]), _safe(part["response"])]
        for message in messages
        for part in message["parts"]
        if part["type"] == "instructions"
    ]


def _named(thing: Named | None) -> list[Any] | None:
    return [_safe(thing["id"]), _safe(thing["name"])] if thing else None


def _safe(value: str | None) -> str | None:
    return storable(value) if value else value


def _flag(value: Any) -> int | None:
    return None if value is None else int(bool(value))


def _whole(value: Any) -> int | None:
    """Return a size; None for another value, or one that is larger than any file."""
    return value if isinstance(value, int) and 0 <= value <= _LARGEST else None


def _gone(gone: Gone | None) -> str | None:
    if gone is None:
        return None
    return "conversation" if gone["conversation"] else f"{len(gone['messages'])} messages"
