"""LibreChat: its own JSON, for *Settings > Data controls > Import conversations*.

    2025/2025-03-01-postgres-or-sqlite-for-a-small-shop.json
    files/2025/floor-plan-3f9a.pdf
    HOW-TO-IMPORT.md

One conversation a file: `conversationId`, `title`, `endpoint`, `options`, `messages`. Field names
are from `api/server/utils/import/importers.js` and `fork.js` of LibreChat. The tree is in
`parentMessageId`. The importer also takes nested `children`, but it unrolls those by recursion, and
drops a message without text with everything below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gptexit.archive.files import File, Rendered
from gptexit.archive.manifest import Catalog, readable
from gptexit.model import Asset, Cited, Conversation
from gptexit.names import names_in
from gptexit.text.json import dump_line
from gptexit.writers.base import (
    UNTITLED,
    CommonOptions,
    is_pinned,
    no_place_for,
    on_branches,
    title_of,
)
from gptexit.writers.chat.beside import Beside
from gptexit.writers.chat.turns import (
    USER,
    ChatStyle,
    Turn,
    superseded,
    thoughts_of,
    turns_of,
    words_of,
)
from gptexit.writers.how_to import how_to
from gptexit.writers.markdown.embed import in_angles
from gptexit.writers.steps import Sketch, Stepped

NO_PARENT = "00000000-0000-0000-0000-000000000000"
"""The parent of a first message (`Constants.NO_PARENT`)."""
ENDPOINT = "openAI"
_SILENT = "\N{HORIZONTAL ELLIPSIS}"
"""The text of a turn that has none: without any it would be dropped."""


class LibreChat(Stepped):
    """The writer. It takes all branches unless `--branches current`."""

    def __init__(self, options: CommonOptions, catalog: Catalog) -> None:
        self._branches = options.branches
        self._include = options.include
        self._catalog = catalog

    def draft(self, conversation: Conversation) -> Sketch:
        """Write the conversation's file, and copy the files that it names."""
        done = Rendered()
        conversation = on_branches(conversation, self._branches, done)
        year = (conversation["created"] or "undated")[:4]
        year = year if year.isdigit() else "undated"
        beside = Beside(self._catalog, f"files/{year}")
        turns = turns_of(conversation, self._include)
        assets = {asset["id"]: asset for asset in conversation["assets"]}
        later = superseded(turns)
        title = title_of(conversation)
        form = {
            "conversationId": conversation["id"],
            "title": title,
            "endpoint": ENDPOINT,
            "options": _options(conversation),
            "recursive": False,
            "messages": [
                _message(
                    turn,
                    ChatStyle(assets, beside.place, _link, later.get(turn.id, {})),
                    conversation,
                )
                for turn in turns.by_id.values()
            ],
        }
        key = f"conversation/{conversation['id']}"
        begun = conversation["created"]
        dated = f"{begun[:10]}-" if begun else ""
        words = dated + (readable(title) or UNTITLED.lower())
        path = self._catalog.name(key, year, words, ending=".json")
        done.files.append(File(path, dump_line(form), key))
        beside.add_to(done)
        done.messages = turns.messages
        done.hidden += turns.hidden
        return Sketch(done)

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: the app has no place for them."""
        return no_place_for(assets)

    def finish(self) -> Rendered:
        """Tell how to import the files."""
        return Rendered(files=[how_to("librechat")])


def _options(conversation: Conversation) -> dict[str, Any]:
    """Return the fields of the app's conversation beside its messages.

    There is no model: the app would send the next question to it, and hardly a server has one of
    that name. Each message keeps its model. The names of the project and custom GPT are tags, which
    the app calls bookmarks (`tags` of a conversation in `importBatchBuilder.js`).
    """
    kept = {"isArchived": conversation["archived"], "pinned": is_pinned(conversation)}
    named = [name for _, name in names_in(conversation)]
    tags = {"tags": named} if named else {}
    return {"endpoint": ENDPOINT} | {key: True for key, holds in kept.items() if holds} | tags


def _message(turn: Turn, style: ChatStyle, conversation: Conversation) -> dict[str, Any]:
    user = turn.role == USER
    model = turn.model or conversation["model"]
    words = words_of(turn.parts, style)
    thoughts = thoughts_of(turn.parts)
    message: dict[str, Any] = {
        "messageId": turn.id,
        "conversationId": conversation["id"],
        "parentMessageId": turn.parent or NO_PARENT,
        "isCreatedByUser": user,
        "sender": "User" if user else (model or "ChatGPT"),
        "endpoint": ENDPOINT,
        "text": words if words.strip() else _SILENT,
        "createdAt": turn.created or conversation["created"] or conversation["updated"],
    }
    if thoughts:
        shown = [{"type": "text", "text": words}] if words.strip() else []
        message["content"] = [*({"type": "think", "think": text} for text in thoughts), *shown]
    if not user and model:
        message["model"] = model
    return message


def _link(source: Cited) -> str:
    """Show a source as a link in the text: the format has no field for sources."""
    name = (source["title"] or source["url"] or "source").translate(_NO_BRACKETS)
    url = source["url"]
    return f"([{name}]({in_angles(url)}))" if url else f"({name})"


_NO_BRACKETS = {ord("["): "(", ord("]"): ")", ord("\n"): " "}
