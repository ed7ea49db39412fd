"""llama.cpp: ZIPs for the import page of its server's own UI, *Settings > Import / Export*.

    chats-001.zip/00001-postgres-or-sqlite-for-a-small-shop.jsonl
    files/floor-plan-3f9a.pdf
    HOW-TO-IMPORT.md

A JSONL file is a conversation: a line `{"harness", "type": "session", …}`, and for each message a
line `{"type": "message", "message": {…}}`. The fields are those of `types/database.d.ts` and
`services/conversation-transfer.service.ts` in `tools/ui/src/lib` (November 2026). From there, too:

- The first message is of the type `root` and is not shown.
- The page shows a path in the order of its timestamps, so they have to rise along each path.
- `currNode` is a message without any below it.
- Messages of all conversations are in one table, by id: one that is there twice would be moved.
- An answer of several messages is shown as one if the first of them calls a tool. A version of a
  later one could then not be chosen.
- A picture in an answer is shown where the text names it, by the name that it has in `extra`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid5

from gptexit.archive.files import File, Read, Rendered, read_up_to
from gptexit.archive.manifest import Catalog, readable
from gptexit.codes import NotKept
from gptexit.files.media_types import ending_of, kind, media_type
from gptexit.model import Asset, Conversation, Part, Raw
from gptexit.text.json import dumps
from gptexit.text.markdown import line
from gptexit.writers.base import (
    UNTITLED,
    CommonOptions,
    Unmentioned,
    is_pinned,
    on_branches,
    title_of,
)
from gptexit.writers.chat.beside import Beside
from gptexit.writers.chat.turns import (
    ASSISTANT,
    USER,
    ChatStyle,
    Inline,
    Turn,
    Turns,
    last_instructions,
    reasoning,
    superseded,
    turns_of,
    words_of,
)
from gptexit.writers.how_to import how_to
from gptexit.writers.parts import Blocks
from gptexit.writers.steps import Sketch, Stepped

MESSAGES, BYTES = 5_000, 48 << 20
"""The most that one ZIP holds, in bytes before it is packed. The page imports a ZIP in one go, and
shows nothing until it is done: so many messages take some seconds."""
TEXT, TEXTS = 1 << 20, 8 << 20
"""Bytes of a text file, and of all text files of a chat, that go into the chat."""
_IDS = UUID("6f7c1f0e-9a56-4c0b-8a43-6d0f2f6b9d10")
"""The namespace of the ids of messages."""
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""A conversation's id that can be in the page's address as it is."""


@dataclass(slots=True)
class Session:
    """One conversation as the page takes it."""

    data: bytes
    """Its JSONL."""
    messages: int
    """The number of messages in `data`."""
    turns: Turns


@dataclass(slots=True)
class _Step:
    """A part of an answer: what was said, and the tool that was called then, with its result."""

    parts: list[Part] = field(default_factory=list)
    call: tuple[Any, Any] | None = None
    """The code, and what it printed."""


@dataclass(slots=True)
class _Style(ChatStyle):
    """The style of one message, which shows pictures of an answer where they are."""

    show: Callable[[Asset], str | None] = lambda asset: None
    """Returns the name that an asset has in the message; None if the text does not show it."""

    def media(self, part: Any) -> Blocks:
        """Show a picture by its name, or tell the place of a file."""
        asset = self.assets.get(part["asset"])
        name = self.show(asset) if asset is not None and not asset["missing"] else None
        if name is None:
            return ChatStyle.media(self, part)
        return [f"![{line(part['title'] or '')}]({name})"]


class _Extras:
    """The files that go into the messages of one conversation."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._images = Inline(read)
        self._left = TEXTS
        self._numbers: dict[str, int] = {}

    def image(self, asset: Asset, role: str) -> Raw | None:
        """Return a picture; None if it is none, or too large."""
        entry = self._images.entry(asset, role)
        if entry is None:
            return None
        number = self._numbers.setdefault(asset["id"], len(self._numbers) + 1)
        name = f"image-{number}{ending_of('', asset['media_type'])}"
        named = asset["name"] if role == USER else None
        return {"type": "IMAGE", "name": named or name, "base64Url": entry["url"]}

    def text(self, asset: Asset) -> Raw | None:
        """Return a text file; None if it is none, or too large."""
        member, size = asset["member"], asset["size"]
        if kind(asset["name"], asset["media_type"], None) != "document" or member is None:
            return None
        if size is None or size > min(TEXT, self._left):
            return None
        data = read_up_to(self._read, member, TEXT)
        if data is None or b"\0" in data or media_type(data) is not None:
            return None
        try:
            words = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None
        self._left -= len(data)
        return {"type": "TEXT", "name": asset["name"] or "file.txt", "content": words}


def session_of(
    conversation: Conversation,
    include: frozenset[str],
    read: Read,
    place: Callable[[Asset], str],
) -> Session:
    """Make the lines of a conversation. `place` returns where a file is that stays outside."""
    turns = turns_of(conversation, include)
    maker = _Maker(conversation, turns, _Extras(read), place)
    maker.begin(last_instructions(conversation) if "instructions" in include else "")
    for turn in turns.by_id.values():
        maker.add(turn)
    head = _head(conversation, maker)
    lines = [head, *({"type": "message", "message": one} for one in maker.messages.values())]
    return Session(b"\n".join(map(dumps, lines)) + b"\n", len(maker.messages), turns)


def _head(conversation: Conversation, maker: _Maker) -> Raw:
    changed = _milliseconds(conversation["updated"]) or _milliseconds(conversation["created"])
    return {
        "harness": "llama.app",
        "type": "session",
        "id": maker.id,
        "name": title_of(conversation),
        "lastModified": max(one["timestamp"] for one in maker.messages.values())
        if changed is None
        else changed,
        "currNode": maker.last(),
        **({"pinned": True} if is_pinned(conversation) else {}),
    }


class _Maker:
    """Makes the messages of one conversation."""

    def __init__(
        self,
        conversation: Conversation,
        turns: Turns,
        extras: _Extras,
        place: Callable[[Asset], str],
    ) -> None:
        key = conversation["id"]
        self.id = key if _PLAIN_ID.fullmatch(key) else str(uuid5(_IDS, _storable(key)))
        self.messages: dict[str, Raw] = {}
        """By id; a message is behind the one above it."""
        self._conversation = conversation
        self._turns = turns
        self._extras = extras
        self._place = place
        self._assets = {asset["id"]: asset for asset in conversation["assets"]}
        self._later = superseded(turns)
        self._top = ""
        self._ends: dict[str, str] = {}
        """The id of the last message of each turn."""

    def begin(self, instructions: str) -> None:
        """Add the root, and the instructions below it."""
        tops = [turn.created for turn in self._turns.by_id.values() if turn.parent is None]
        times = map(_milliseconds, (self._conversation["created"], *tops))
        first = min((time for time in times if time is not None), default=0)
        self._top = self._put("root", None, "system", "", first - 2, type="root")
        if instructions:
            self._top = self._put("system", self._top, "system", instructions, None, type="system")

    def add(self, turn: Turn) -> None:
        """Add a question, or an answer with its calls of tools."""
        above = self._top if turn.parent is None else self._ends[turn.parent]
        time = _milliseconds(turn.created)
        # A version of what comes after a call could not be chosen.
        calls = turn.role == ASSISTANT and not any(
            self._turns.by_id[key].role == ASSISTANT for key in turn.children
        )
        for number, step in enumerate(_steps(turn.parts) if calls else [_Step(turn.parts)]):
            key = f"{turn.id}\n{number}" if number else turn.id
            above = self._said(key, above, turn, step, time)
            if step.call:
                above = self._called(key, above, *step.call)
            time = None
        self._ends[turn.id] = above

    def last(self) -> str:
        """Return the id of the message at the end of the branch that was seen last."""
        turn = self._turns.by_id.get(self._turns.current or "")
        while turn is not None and turn.children:
            turn = self._turns.by_id[turn.children[-1]]
        return self._top if turn is None else self._ends[turn.id]

    def _said(self, key: str, above: str, turn: Turn, step: _Step, time: int | None) -> str:
        extras: list[Raw] = []

        def attach(asset: Asset) -> Raw | None:
            entry = self._extras.image(asset, turn.role)
            if entry is None and turn.role == USER:
                entry = self._extras.text(asset)
            if entry is not None and entry not in extras:
                extras.append(entry)
            return entry

        def show(asset: Asset) -> str | None:
            entry = attach(asset) if turn.role == ASSISTANT else None
            return entry["name"] if entry else None

        def place(asset: Asset) -> str | None:
            return self._place(asset) if attach(asset) is None else None

        style = _Style(self._assets, place, superseded=self._later.get(turn.id, {}), show=show)
        words = words_of(step.parts, style)
        thoughts = [_thoughts(part) for part in step.parts if part["type"] == "reasoning"]
        more: Raw = {"reasoningContent": "\n\n".join(thoughts)} if thoughts else {}
        if turn.role == ASSISTANT and turn.model:
            more["model"] = turn.model
        if step.call:
            code, _ = step.call
            # The page shows JSON with an item a line, and a text with line breaks as one long line.
            lines = code["text"].split("\n")
            arguments = dumps({"code": lines if len(lines) > 1 else code["text"]}).decode()
            function = {"name": code["language"] or "code", "arguments": arguments}
            more["toolCalls"] = [
                {"id": self._key(f"{key}\ncall"), "type": "function", "function": function}
            ]
        if extras:
            more["extra"] = extras
        return self._put(key, above, turn.role, words, time, **more)

    def _called(self, key: str, above: str, code: Any, output: Any) -> str:
        call = self._key(f"{key}\ncall")
        return self._put(f"{key}\nresult", above, "tool", output["text"], None, toolCallId=call)

    def _put(
        self, key: str, above: str | None, role: str, content: str, time: int | None, **more: Any
    ) -> str:
        """Add a message that is later than the one above it. Return its id."""
        message_id = self._key(key)
        if above is not None:
            parent = self.messages[above]
            parent["children"].append(message_id)
            soonest = parent["timestamp"] + 1
            time = soonest if time is None else max(time, soonest)
        self.messages[message_id] = {
            "id": message_id,
            "convId": self.id,
            "type": "text",
            "timestamp": time,
            "role": role,
            "content": content,
            "parent": above,
            "children": [],
            **more,
        }
        return message_id

    def _key(self, key: str) -> str:
        """Return an id that no message of another conversation has."""
        return str(uuid5(_IDS, _storable(f"{self._conversation['id']}\n{key}")))


def _steps(parts: list[Part]) -> list[_Step]:
    """Part an answer behind each piece of code that has its output right after it."""
    steps = [_Step()]
    taken = 0
    for place, (part, following) in enumerate(pairwise([*parts, None])):
        if place < taken or part is None:
            continue
        runs = part["type"] == "code" and following is not None and following["type"] == "output"
        if runs and part["type"] == "code" and part["text"].strip():
            steps[-1].call = (part, following)
            steps.append(_Step())
            taken = place + 2
        else:
            steps[-1].parts.append(part)
    last = steps[-1]
    return steps if last.parts or len(steps) == 1 else steps[:-1]


def _thoughts(part: Any) -> str:
    title, words = reasoning(part)
    return f"**{title}**\n\n{words}" if words else title


def _storable(words: str) -> str:
    """Replace halves of surrogate pairs, which cannot be hashed."""
    return words.encode("utf-8", "replace").decode()


def _milliseconds(time: str | None) -> int | None:
    return int(datetime.fromisoformat(time).timestamp() * 1000) if time else None


class LlamaCpp(Stepped):
    """The writer. It takes all branches unless `--branches current`."""

    def __init__(self, options: CommonOptions, catalog: Catalog, read: Read) -> None:
        self._branches = options.branches
        self._include = options.include
        self._catalog = catalog
        self._read = read
        self._unmentioned = Unmentioned()
        self._zips = 1
        self._conversations = self._messages = self._bytes = 0

    @property
    def _zip(self) -> str:
        return f"chats-{self._zips:03}.zip"

    def draft(self, conversation: Conversation) -> Sketch:
        """Make the file of the conversation, and copy files outside of it."""
        done = Rendered()
        conversation = on_branches(conversation, self._branches, done)
        beside = Beside(self._catalog)
        session = session_of(conversation, self._include, self._read, beside.place)
        beside.add_to(done)
        done.messages = session.turns.messages
        done.hidden += session.turns.hidden
        done.not_kept += _not_kept(conversation, session.turns)
        return Sketch(done, {"data": session.data, "messages": session.messages})

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Add the conversation to the open ZIP or the next one."""
        self._unmentioned.see(conversation)
        done, data, messages = sketch.done, sketch.facts["data"], sketch.facts["messages"]
        many = self._messages + messages > MESSAGES
        if self._bytes and (many or self._bytes + len(data) > BYTES):
            done.files.append(self._end())
        self._conversations += 1
        self._messages += messages
        self._bytes += len(data)
        words = readable(conversation["title"] or "") or UNTITLED.lower()
        path = f"{self._zip}/{self._conversations:05}-{words}.jsonl"
        done.files.append(File(path, data, f"conversation/{conversation['id']}"))
        return done

    def _end(self) -> File:
        ended = File(self._zip, b"", self._zip, append=True, last=True)
        self._zips += 1
        self._messages = self._bytes = 0
        return ended

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: the app has no place for them."""
        return self._unmentioned.left(assets)

    def finish(self) -> Rendered:
        """End the last ZIP, and tell how to import the ZIPs."""
        last = self._zip if self._bytes else ""
        files = [self._end()] if self._bytes else []
        return Rendered(files=[*files, how_to("llama-cpp", zips=self._zips - 1, last=last)])


def _not_kept(conversation: Conversation, turns: Turns) -> dict[NotKept, int]:
    """Count what the page has no place for."""
    named = (conversation["project"], conversation["assistant"])
    count = {
        NotKept.ARCHIVED: int(bool(conversation["archived"])),
        NotKept.PROJECT_OR_GPT: sum(one is not None for one in named),
        NotKept.RATING: sum(turn.feedback is not None for turn in turns.by_id.values()),
    }
    return {code: number for code, number in count.items() if number}
