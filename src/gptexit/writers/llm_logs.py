"""llm: conversations as rows of `logs.db`, which the command `llm` keeps its own in.

    logs.db
    HOW-TO-USE.md

A file's bytes are the messages of one conversation, as JSON; `updating/llm_logs.py` stores them
through llm's own library. An image that a person sent follows as a copy into the database. One that
ChatGPT made is only named: the models of OpenAI and Anthropic refuse an answer of theirs that has
an image in it, and so the conversation could not be gone on with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from gptexit.archive.files import Copy, File, Rendered
from gptexit.codes import NotKept
from gptexit.model import Asset, Conversation
from gptexit.names import names_in
from gptexit.templates import render
from gptexit.text.json import dumps
from gptexit.writers.base import CommonOptions, Unmentioned, on_branches, title_of
from gptexit.writers.chat.beside import Beside
from gptexit.writers.chat.turns import (
    USER,
    ChatStyle,
    Turn,
    last_instructions,
    reasoning,
    superseded,
    turns_of,
    words_of,
)
from gptexit.writers.steps import Sketch, Stepped

NAME = "logs.db"
KEY = "llm-database"
"""The key of the file in the manifest."""
HOW_TO = "HOW-TO-USE.md"
NO_MODEL = "chatgpt"
"""The model of an answer of which the export does not say it: llm has none without."""
IMAGES = frozenset(f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp"))
"""Media types that the models of llm's plugins take."""
LARGEST_IMAGE = 32 << 20
"""Bytes. The image is in memory while it is stored, and again whenever llm sends it."""
SILENT = "\N{HORIZONTAL ELLIPSIS}"
"""The text of a message that has none: models refuse an empty one."""


class LlmMessage(TypedDict):
    """A question, or an answer."""

    id: str
    parent: int | None
    """The place in `messages` of the message above."""
    role: str
    """`user` or `assistant`."""
    reasoning: list[str]
    text: str
    images: dict[str, str]
    """The media types of the copies that follow, by their keys."""
    when: str | None
    model: str


class LlmConversation(TypedDict):
    """The rows of one conversation."""

    id: str
    title: str
    created: str | None
    system: str
    """Custom instructions, if they are wanted."""
    messages: list[LlmMessage]
    """A parent is before its children."""
    current: int | None
    """The place of the last message of the branch that the user saw last."""


class Llm(Stepped):
    """The writer. It takes all branches unless `--branches current`."""

    def __init__(self, options: CommonOptions) -> None:
        self._branches = options.branches
        self._include = options.include
        self._unmentioned = Unmentioned()

    def draft(self, conversation: Conversation) -> Sketch:
        """Return the messages, and the images that belong to them."""
        done = Rendered()
        conversation = on_branches(conversation, self._branches, done)
        turns = turns_of(conversation, self._include)
        assets = {asset["id"]: asset for asset in conversation["assets"]}
        later = superseded(turns)
        places = {key: place for place, key in enumerate(turns.by_id)}
        copies: dict[str, Copy] = {}
        beside = Beside(None)
        messages = [
            _message(
                turn, places, assets, later.get(turn.id, {}), copies, beside, conversation["model"]
            )
            for turn in turns.by_id.values()
        ]
        first = next(filter(None, (message["when"] for message in messages)), None)
        rows: LlmConversation = {
            "id": conversation["id"],
            "title": title_of(conversation),
            "created": conversation["created"] or first or conversation["updated"],
            "system": last_instructions(conversation) if "instructions" in self._include else "",
            "messages": messages,
            "current": None if turns.current is None else places[turns.current],
        }
        key = f"conversation/{conversation['id']}"
        done.files.append(File(NAME, dumps(rows), key, append=True))
        done.copies += copies.values()
        beside.add_to(done)
        done.messages = turns.messages
        done.hidden += turns.hidden
        done.not_kept[NotKept.GIVEN_NAME] += sum(1 for _ in names_in(conversation))
        done.not_kept = +done.not_kept
        return Sketch(done)

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Remember the files of the conversation."""
        self._unmentioned.see(conversation)
        return sketch.done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: llm keeps files of messages alone."""
        return self._unmentioned.left(assets)

    def finish(self) -> Rendered:
        """End the database, and tell how to use it."""
        text = render("llm/HOW-TO-USE.md.j2").encode()
        return Rendered(files=[File(NAME, b"", KEY), File(HOW_TO, text, "how-to")])


def _message(
    turn: Turn,
    places: dict[str, int],
    assets: dict[str, Asset],
    later: dict[str, int],
    copies: dict[str, Copy],
    beside: Beside,
    usual: str | None,
) -> LlmMessage:
    """Make the message of a turn; add the images that come along to `copies`, by asset."""
    images: dict[str, str] = {}

    def place(asset: Asset) -> str | None:
        if turn.role != USER or not _goes_along(asset):
            return beside.place(asset)
        key = f"asset/{asset['id']}"
        digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
        copies[asset["id"]] = Copy(f"{NAME}/{digest}", key, asset["member"] or "")
        images[key] = asset["media_type"] or ""
        return None

    words = words_of(turn.parts, ChatStyle(assets, place, None, later)).replace("\0", "")
    return {
        "id": turn.id,
        "parent": None if turn.parent is None else places[turn.parent],
        "role": turn.role,
        "reasoning": [_thoughts(part) for part in turn.parts if part["type"] == "reasoning"],
        "text": words if words.strip() or images else SILENT,
        "images": images,
        "when": turn.created,
        "model": turn.model or usual or NO_MODEL,
    }


def images_of(conversation: LlmConversation) -> dict[str, str]:
    """Return the media types of the images of a conversation, by the keys of their copies."""
    messages = conversation["messages"]
    return {key: kind for message in messages for key, kind in message["images"].items()}


def _goes_along(asset: Asset) -> bool:
    size = asset["size"]
    return asset["media_type"] in IMAGES and size is not None and 0 < size <= LARGEST_IMAGE


def _thoughts(part: object) -> str:
    title, words = reasoning(part)
    text = f"**{title}**\n\n{words}" if words else title
    return text.replace("\0", "")


def milliseconds(time: str | None) -> int:
    """Return a time as llm's ids hold it: milliseconds since 1970, 0 without a time."""
    return max(0, int(datetime.fromisoformat(time).timestamp() * 1000)) if time else 0
