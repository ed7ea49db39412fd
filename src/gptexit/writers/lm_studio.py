"""LM Studio: chats for its folder `.lmstudio`.

    conversations/ChatGPT/1740000000250.conversation.json
    conversations/ChatGPT/bakery/1740000300125.conversation.json
    user-files/drawing-3f9a.png
    user-files/drawing-3f9a.png.metadata.json
    files/floor-plan-81c4.pdf
    HOW-TO-IMPORT.md

LM Studio is closed, has no import, and advises not to rely on the form of these files. Field names
are those in which several programs agree that read or write them (seen in 2025 and 2026). A chat
has no tree: a message has `versions` that share what follows. So other branches are chats of their
own. A message has no date.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from gptexit.archive.files import Copy, File, Read, Rendered, read_up_to
from gptexit.archive.manifest import Catalog, readable
from gptexit.model import Asset, Conversation, Raw
from gptexit.text.dates import milliseconds
from gptexit.text.json import dump_line
from gptexit.writers.base import (
    CommonOptions,
    Unmentioned,
    copy_of,
    is_pinned,
    on_branches,
    title_of,
)
from gptexit.writers.chat.beside import Beside
from gptexit.writers.chat.lines import (
    CUT,
    Line,
    Repeated,
    lines_of,
    no_chats,
    repeated,
    taken_away,
)
from gptexit.writers.chat.turns import (
    INLINE,
    USER,
    ChatStyle,
    Turn,
    Turns,
    last_instructions,
    superseded,
    thoughts_of,
    turns_of,
    words_of,
)
from gptexit.writers.how_to import how_to
from gptexit.writers.steps import Sketch, Stepped

CHATS, USER_FILES = "conversations/ChatGPT", "user-files"
ENDING = ".conversation.json"
REPEATED = 32 << 20
"""Bytes of turns that the chats of one conversation repeat, about."""
_A_TURN = 500
"""Bytes of a turn beside its words, about."""
_SHOWN = frozenset(("image/png", "image/jpeg", "image/webp"))
_TRIED = 100
"""File names that are tried for chats that began at the same moment."""
_SILENT = "\N{HORIZONTAL ELLIPSIS}"
"""The text of a turn that has none."""
_SYSTEM = "llm.prediction.systemPrompt"


class LMStudio(Stepped):
    """The writer. It takes all branches unless `--branches current`."""

    def __init__(
        self, options: CommonOptions, catalog: Catalog, read: Read, *, copies: bool = True
    ) -> None:
        """`copies`: whether files that LM Studio does not take are put beside the chats."""
        self._branches = options.branches
        self._include = options.include
        self._catalog = catalog
        self._copies = copies
        self._read = read
        self._unmentioned = Unmentioned()

    def draft(self, conversation: Conversation) -> Sketch:
        """Make a chat for each branch, and the images that they show."""
        done = Rendered()
        conversation = on_branches(conversation, self._branches, done)
        turns = turns_of(conversation, self._include)
        beside = Beside(self._catalog if self._copies else None)
        images = _Images(self._catalog, self._read)
        messages = _messages(conversation, turns, beside, images)
        costs = {key: len(str(message)) + _A_TURN for key, message in messages.items()}
        lines = lines_of(turns)
        befores = repeated(lines, turns, costs, REPEATED)
        system = last_instructions(conversation) if "instructions" in self._include else ""
        chats: list[tuple[str, int, bytes]] = []

        def further(turn: Turn) -> str:
            return f"branch/{conversation['id']}/{turn.id}"

        for number, (line, before) in enumerate(zip(lines, befores, strict=True), 1):
            chat = _chat(conversation, line, before, messages, system)
            key = f"conversation/{conversation['id']}"
            if number > 1:
                chat["name"] += f" (version {number})"
                key = further(line.own[0])
            chats.append((key, chat["createdAt"], dump_line(chat)))
        done.files += images.files
        done.copies += images.copies
        beside.add_to(done)
        done.messages = turns.messages
        done.hidden += turns.hidden
        return Sketch(done, {"chats": chats, "none": no_chats(lines, turns, further)})

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Name the chats by times that no other chat has."""
        self._unmentioned.see(conversation)
        folder = self._folder(conversation)
        chats = [
            File(self._path(key, folder, when), data, key)
            for key, when, data in sketch.facts["chats"]
        ]
        gone = taken_away(sketch.facts["none"], self._catalog)
        sketch.done.files[:0] = [*chats, *gone]
        return sketch.done

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: the app has no place for them."""
        return self._unmentioned.left(assets)

    def finish(self) -> Rendered:
        """Tell where the files go."""
        return Rendered(files=[how_to("lm-studio")])

    def _folder(self, conversation: Conversation) -> str:
        """Return the folder of a conversation's project or custom GPT, or that of all chats."""
        project, gpt = conversation["project"], conversation["assistant"]
        named, kind = (project, "project") if project else (gpt, "gpt")
        if named is None:
            return CHATS
        short = named["id"].removeprefix("g-p-").removeprefix("g-")[:8]
        words = readable(named["name"] or "") or f"{kind}-{short}"
        return self._catalog.name(f"folder/{named['id']}", CHATS, words)

    def _path(self, key: str, folder: str, when: int) -> str:
        """Return the file of a chat: its time, or the next one that is free."""
        known = self._catalog.get(key)
        for number in range(when, when + _TRIED):
            taken = self._catalog.at(f"{folder}/{number}{ENDING}")
            if known or taken is None:
                break
        return self._catalog.name(key, folder, str(number), ending=ENDING)


class _Images:
    """The images of one conversation, as files of the app."""

    def __init__(self, catalog: Catalog, read: Read) -> None:
        self._catalog = catalog
        self._read = read
        self._entries: dict[str, Raw | None] = {}
        self.copies: list[Copy] = []
        self.files: list[File] = []

    def entry(self, asset: Asset) -> Raw | None:
        """Return the entry for a message, or None if the app does not get the image."""
        key = asset["id"]
        if key not in self._entries:
            self._entries[key] = self._add(asset)
        return self._entries[key]

    def _add(self, asset: Asset) -> Raw | None:
        member, size = asset["member"], asset["size"]
        if asset["media_type"] not in _SHOWN or member is None or not 0 < (size or 0) <= INLINE:
            return None
        data = read_up_to(self._read, member, INLINE)
        if data is None:
            return None
        copy = copy_of(asset, member, USER_FILES, self._catalog)
        name = copy.path.rpartition("/")[2]
        self.copies.append(copy)
        coded = base64.b64encode(data).decode()
        about = {
            "type": "image",
            "sizeBytes": len(data),
            "originalName": asset["name"] or name,
            "fileIdentifier": name,
            "preview": {"data": f"data:{asset['media_type']};base64,{coded}"},
        }
        about_path, about_key = f"{copy.path}.metadata.json", f"about/{copy.key}"
        self.files.append(File(about_path, dump_line(about), about_key))
        return {
            "type": "file",
            "fileIdentifier": name,
            "fileType": "image",
            "sizeBytes": len(data),
        }


def _messages(
    conversation: Conversation, turns: Turns, beside: Beside, images: _Images
) -> dict[str, Raw]:
    """Return one version of a message for each turn, by its id."""
    assets = {asset["id"]: asset for asset in conversation["assets"]}
    later = superseded(turns)
    messages = {}
    for turn in turns.by_id.values():
        files: list[Raw] = []

        def place(asset: Asset, turn: Turn = turn, files: list[Raw] = files) -> str | None:
            entry = images.entry(asset) if turn.role == USER else None
            if entry is None:
                return beside.place(asset)
            if entry not in files:
                files.append(entry)
            return None

        words = words_of(turn.parts, ChatStyle(assets, place, superseded=later.get(turn.id, {})))
        make = _question if turn.role == USER else _answer
        messages[turn.id] = make(turn, words, files, conversation["model"])
    return messages


def _question(turn: Turn, words: str, files: list[Raw], model: str | None) -> Raw:
    text = [_text(words)] if words.strip() else []
    content = [*text, *files] or [_text(_SILENT)]
    return {"type": "singleStep", "role": "user", "content": content}


def _answer(turn: Turn, words: str, files: list[Raw], model: str | None) -> Raw:
    thoughts = thoughts_of(turn.parts)
    steps: list[Raw] = [
        _block(f"{turn.id}-{number}", thought)
        | {
            "style": {"type": "thinking", "ended": True, "title": "Thoughts"},
            "prefix": "<think>",
            "suffix": "</think>",
        }
        for number, thought in enumerate(thoughts, 1)
    ]
    if words.strip() or not steps:
        steps.append(_block(turn.id, words if words.strip() else _SILENT))
    return {
        "type": "multiStep",
        "role": "assistant",
        "senderInfo": {"senderName": turn.model or model or "ChatGPT"},
        "steps": steps,
    }


def _block(key: str, words: str) -> Raw:
    return {
        "type": "contentBlock",
        "stepIdentifier": key,
        "content": [_text(words)],
        "defaultShouldIncludeInContext": True,
        "shouldIncludeInContext": True,
    }


def _text(words: str) -> Raw:
    return {"type": "text", "text": words}


def _chat(
    conversation: Conversation,
    line: Line,
    before: Repeated,
    messages: dict[str, Raw],
    system: str,
) -> Raw:
    path = [*before.turns, *line.own]
    shown = [_only(_cut(path[0]))] if before.is_cut else []
    shown += [_only(messages[turn.id]) for turn in before.turns]
    shown += [_with_versions(turn, line, messages) for turn in line.own]
    model = next((turn.model for turn in reversed(path) if turn.model), conversation["model"])
    created = _milliseconds(conversation["created"] or conversation["updated"])
    files = {
        file["fileIdentifier"]: file["sizeBytes"]
        for turn in path
        for file in messages[turn.id].get("content", ())
        if file["type"] == "file"
    }
    chat: Raw = {
        "name": title_of(conversation),
        "pinned": is_pinned(conversation),
        "createdAt": created,
        "preset": "",
        "tokenCount": 0,
        "systemPrompt": system,
        "messages": shown,
        "usePerChatPredictionConfig": True,
        "perChatPredictionConfig": {"fields": [{"key": _SYSTEM, "value": system}]},
        "clientInput": "",
        "clientInputFiles": [],
        "userFilesSizeBytes": sum(files.values()),
        "notes": [],
        "plugins": [],
        "pluginConfigs": {},
        "disabledPluginTools": [],
        "looseFiles": [],
    }
    for name, user in (("userLastMessagedAt", True), ("assistantLastMessagedAt", False)):
        dated = [turn.created for turn in path if (turn.role == USER) == user and turn.created]
        if dated:
            chat[name] = _milliseconds(dated[-1])
    if model:
        chat["lastUsedModel"] = {
            "identifier": model,
            "indexedModelIdentifier": model,
            "instanceLoadTimeConfig": {"fields": []},
            "instanceOperationTimeConfig": {"fields": []},
        }
    return chat


def _only(message: Raw) -> Raw:
    return {"versions": [message], "currentlySelected": 0}


def _with_versions(turn: Turn, line: Line, messages: dict[str, Raw]) -> Raw:
    """Return a message with the other answers to its question that nothing follows."""
    versions = [
        other.id
        for other in line.versions.get(turn.id, (turn,))
        if other is turn or not other.children
    ]
    return {
        "versions": [messages[version] for version in versions],
        "currentlySelected": versions.index(turn.id),
    }


def _cut(turn: Turn) -> Raw:
    """Return what stands in front of a turn, in the place of those above it."""
    return {
        "type": "multiStep",
        "role": "assistant",
        "senderInfo": {"senderName": "gptexit"},
        "steps": [_block(f"{turn.id}-above", CUT)],
    }


def _milliseconds(time: str | None) -> int:
    return max(0, milliseconds(time) or 0)
