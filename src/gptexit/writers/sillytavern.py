"""SillyTavern: a folder that is laid over its user folder, such as `data/default-user`.

    characters/chatgpt.png
    chats/chatgpt/2025-03-01-postgres-or-sqlite.jsonl
    chats/chatgpt/2025-03-01-postgres-or-sqlite-version-2.jsonl
    user/images/chatgpt/floor-plan-3f9a.png
    user/files/notes-77b2.txt
    files/contract-0d1c.pdf
    HOW-TO-IMPORT.md

A chat is JSON lines: a head with `chat_metadata`, then a message a line. Field names are those of
SillyTavern 1.19 (`public/global.d.ts`, `ensureSwipes` of `public/script.js`). A character is a
picture that holds its card; its file's name is that of the folder with its chats.
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from gptexit.archive.files import Copy, File, Rendered
from gptexit.archive.manifest import Catalog, readable
from gptexit.codes import NotKept
from gptexit.model import Asset, Conversation, Raw
from gptexit.text.dates import reasoning_title
from gptexit.text.json import dumps
from gptexit.writers.base import UNTITLED, CommonOptions, Unmentioned, copy_of, on_branches
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
    SHOWN,
    USER,
    ChatStyle,
    Turn,
    Turns,
    reasoning,
    superseded,
    turns_of,
    words_of,
)
from gptexit.writers.how_to import how_to
from gptexit.writers.steps import Sketch, Stepped

CHATGPT = "ChatGPT"
"""The character of conversations without a custom GPT, or with one that has no name."""
SPEAKER = "User"
REPEATED = 8 << 20
"""Bytes of the beginning of a conversation that its further versions repeat, all together."""
TEXT = 1 << 20
"""Bytes of a text file that is attached to a message. The app puts all of it into the prompt."""
VIDEOS = frozenset(f"video/{kind}" for kind in ("mp4", "webm", "ogg", "quicktime"))
"""Media types that a browser plays."""
_WIDTH, _HEIGHT = 96, 144
"""Pixels of a character's picture."""


@dataclass(slots=True)
class _Character:
    name: str
    folder: str
    newest: tuple[str, str] = ("", "")
    """Date and name of the chat that the app opens."""


@dataclass(slots=True)
class _Shown:
    """One version of one turn."""

    words: str
    date: str
    extra: Raw


class SillyTavern(Stepped):
    """The writer. It takes all branches unless `--branches current`."""

    def __init__(self, options: CommonOptions, catalog: Catalog) -> None:
        self._branches = options.branches
        self._include = options.include
        self._catalog = catalog
        self._characters: dict[str, _Character] = {}
        self._unmentioned = Unmentioned()

    def draft(self, conversation: Conversation) -> Sketch:
        """Write a chat for each line of the conversation, and copy its files."""
        done = Rendered()
        conversation = on_branches(conversation, self._branches, done)
        key, character = self._character(conversation)
        copies = _Copies(character.folder, self._catalog)
        turns = turns_of(conversation, self._include)
        shown = _shown(conversation, turns, copies)
        lines = lines_of(turns)
        files = _Files(conversation, self._catalog, character)
        costs = {
            turn_id: len(_message(turn, Line([]), shown, character.name))
            for turn_id, turn in turns.by_id.items()
        }
        befores = repeated(lines, turns, costs, REPEATED)
        for number, (line, before) in enumerate(zip(lines, befores, strict=True), 1):
            messages = [
                *_before(before, line, shown, character.name),
                *(_message(turn, line, shown, character.name) for turn in line.own),
            ]
            done.files.append(files.chat(line, number, messages))
        done.copies += copies.by_id.values()
        done.messages = turns.messages
        done.hidden += turns.hidden
        if copies.outside:
            done.not_kept[NotKept.FILE_NOT_IMPORTED] += len(copies.outside)
        facts = {
            "key": key,
            "character": (character.name, character.folder, character.newest),
            "none": no_chats(lines, turns, files.further),
        }
        return Sketch(done, facts)

    def settle(self, conversation: Conversation, sketch: Sketch) -> Rendered:
        """Remember the character of the chat, and take away chats of an earlier run."""
        self._unmentioned.see(conversation)
        name, folder, newest = sketch.facts["character"]
        character = self._characters.setdefault(sketch.facts["key"], _Character(name, folder))
        character.newest = max(character.newest, newest)
        sketch.done.files += taken_away(sketch.facts["none"], self._catalog)
        return sketch.done

    def _character(self, conversation: Conversation) -> tuple[str, _Character]:
        gpt = conversation["assistant"]
        name = " ".join((gpt["name"] or "").split()) if gpt else ""
        key = f"character/{gpt['id']}" if gpt and name else "character"
        path = self._catalog.name(key, "characters", name or CHATGPT, ending=".png")
        folder = posixpath.basename(path).removesuffix(".png")
        return key, _Character(name or CHATGPT, folder)

    def others(self, assets: Sequence[Asset]) -> Rendered:
        """Leave them out: the app shows a file in a message."""
        return self._unmentioned.left(assets)

    def finish(self) -> Rendered:
        """Write the characters, and tell how to bring all of it into the app."""
        cards = [
            File(f"characters/{character.folder}.png", _card(character), key)
            for key, character in self._characters.items()
        ]
        return Rendered(files=[*cards, how_to("sillytavern")])


@dataclass(slots=True)
class _Files:
    """Names the chats of one conversation."""

    conversation: Conversation
    catalog: Catalog
    character: _Character

    def chat(self, line: Line, number: int, messages: list[bytes]) -> File:
        """Return the file of a line. `number`: counted from 1, for the line the user saw last."""
        conversation = self.conversation
        key = f"conversation/{conversation['id']}"
        dated = f"{conversation['created'][:10]} " if conversation["created"] else ""
        project = conversation["project"]
        words = dated + (readable(conversation["title"] or "") or UNTITLED.lower())
        mark = _short((project["name"] or "") if project else "")
        if number > 1:
            key = self.further(line.own[0])
            mark = "-".join(filter(None, (mark, f"version-{number}")))
        folder = f"chats/{self.character.folder}"
        path = self.catalog.name(key, folder, words, mark, ".jsonl")
        name = posixpath.basename(path).removesuffix(".jsonl")
        if number == 1 and path.startswith(f"{folder}/"):  # an earlier run may have chosen another
            newest = (conversation["updated"] or conversation["created"] or "", name)
            self.character.newest = max(self.character.newest, newest)
        return File(path, b"\n".join([_head(conversation), *messages]) + b"\n", key)

    def further(self, turn: Turn) -> str:
        """Return the key of the chat of the further line that begins with a turn."""
        return f"version/{self.conversation['id']}/{turn.id}"


def _short(name: str) -> str:
    """Return a name as a part of a file name, of 60 bytes at most."""
    return readable(name).encode()[:60].decode(errors="ignore").strip("-")


def _head(conversation: Conversation) -> bytes:
    """Return the first line of a chat. What the app has no field for is in its metadata."""
    told = {
        "id": conversation["id"],
        "title": conversation["title"],
        "url": conversation["source"]["url"],
        "created": conversation["created"],
        "updated": conversation["updated"],
        "archived": conversation["archived"],
        "starred": conversation["starred"],
        "project": conversation["project"],
        "gpt": conversation["assistant"],
    }
    kept = {key: value for key, value in told.items() if value not in (None, False)}
    unused = {"user_name": "unused", "character_name": "unused"}
    return _line({"chat_metadata": {"gptexit": kept}, **unused})


def _line(value: Any) -> bytes:
    """Return a line of JSON. Node.js, which reads it, takes U+2028 and U+2029 for its end."""
    data = dumps(value)
    if b"\xe2\x80" in data:
        for character in ("\u2028", "\u2029"):
            data = data.replace(character.encode(), f"\\u{ord(character):04x}".encode())
    return data


@dataclass(slots=True)
class _Copies:
    """Puts the files of one conversation where the app shows them, or beside its folders."""

    folder: str
    """Of the character."""
    catalog: Catalog
    by_id: dict[str, Copy] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)
    """Ids of files that the app does not get."""

    def attach(self, asset: Asset, extra: Raw) -> str | None:
        """Add a file to a message. Return where a person finds it if the app does not show it."""
        media_type = asset["media_type"] or ""
        kind = media_type.partition("/")[0]
        size = asset["size"]
        name = asset["name"] or ""
        if media_type in SHOWN | VIDEOS or kind == "audio":
            entry = {"url": self._url(asset, f"user/images/{self.folder}"), "type": kind}
            media = extra.setdefault("media", [])
            extra |= {"inline_image": True, "media_display": "list"}
            entry |= {"title": name, "source": "upload"}
            media += [entry] if entry not in media else []
            return None
        if kind == "text" and size is not None and size <= TEXT:
            text = {"url": self._url(asset, "user/files"), "size": size, "name": name}
            files = extra.setdefault("files", [])
            files += [text] if text not in files else []
            return None
        self.outside.add(asset["id"])
        return f"in your archive, {self._copy(asset, 'files').path}"

    def _copy(self, asset: Asset, folder: str) -> Copy:
        copy = copy_of(asset, asset["member"] or "", folder, self.catalog)
        self.by_id[asset["id"]] = copy
        return copy

    def _url(self, asset: Asset, folder: str) -> str:
        return "/" + quote(self._copy(asset, folder).path)


def _shown(conversation: Conversation, turns: Turns, copies: _Copies) -> dict[str, _Shown]:
    """Return what the app shows of each turn, by its id. A turn has the date of the one above."""
    assets = {asset["id"]: asset for asset in conversation["assets"]}
    later = superseded(turns)
    begun = conversation["created"] or conversation["updated"] or "1970-01-01T00:00:00Z"
    shown: dict[str, _Shown] = {}
    for turn in turns.by_id.values():
        extra: Raw = {"gptexit": {"id": turn.id}}
        place = _placing(copies.attach, extra)
        words = words_of(turn.parts, ChatStyle(assets, place, None, later.get(turn.id, {})))
        date = turn.created or (shown[turn.parent].date if turn.parent else begun)
        if turn.role != USER:
            extra |= _thoughts(turn)
            model = turn.model or conversation["model"]
            extra |= {"api": "openai", "model": model} if model else {}
            extra["gptexit"] |= {"feedback": turn.feedback} if turn.feedback else {}
        shown[turn.id] = _Shown(words, date, extra)
    return shown


def _placing(
    attach: Callable[[Asset, Raw], str | None], extra: Raw
) -> Callable[[Asset], str | None]:
    return lambda asset: attach(asset, extra)


def _thoughts(turn: Turn) -> Raw:
    """Return the thoughts of an answer, in the app's own fields for them."""
    parts: list[Any] = [part for part in turn.parts if part["type"] == "reasoning"]
    texts = []
    for part in parts:
        title, words = reasoning(part)
        told = title == reasoning_title(None, part["seconds"]) or not part["summary"]
        texts.append(words if told else f"**{title}**\n\n{words}".rstrip())
    text = "\n\n".join(filter(None, texts))
    seconds = sum(part["seconds"] or 0 for part in parts)
    kept: Raw = {"reasoning": text, "reasoning_type": "model"} if text else {}
    return kept | ({"reasoning_duration": round(seconds * 1000)} if seconds else {})


def _message(turn: Turn, line: Line, shown: dict[str, _Shown], character: str) -> bytes:
    """Return a message, with the other versions of an answer as its swipes."""
    one = shown[turn.id]
    user = turn.role == USER
    message: Raw = {
        "name": SPEAKER if user else character,
        "is_user": user,
        "is_system": False,
        **_about(one),
        "mes": one.words,
    }
    versions = line.versions.get(turn.id)
    if versions:
        every = [shown[version.id] for version in versions]
        message |= {
            "swipe_id": versions.index(turn),
            "swipes": [version.words for version in every],
            "swipe_info": [_about(version) for version in every],
        }
    return _line(message)


def _about(shown: _Shown) -> Raw:
    """Return the date of a version, and what the app keeps beside its words.

    The app shows how long a model thought only where it knows when that began.
    """
    begun = {"gen_started": shown.date} if "reasoning_duration" in shown.extra else {}
    return {"send_date": shown.date, **begun, "extra": shown.extra}


def _before(
    before: Repeated, line: Line, shown: dict[str, _Shown], character: str
) -> Iterator[bytes]:
    """Yield the messages that stand above a line, and what stands in the place of more."""
    if before.is_cut:
        yield _note(CUT, shown[(before.turns or line.own)[0].id].date)
    for turn in before.turns:
        yield _message(turn, Line([]), shown, character)


def _note(words: str, date: str) -> bytes:
    told = {"name": "gptexit", "is_user": False, "is_system": True}
    return _line({**told, "send_date": date, "mes": words, "extra": {}})


def _card(character: _Character) -> bytes:
    """Return a picture of one colour that holds a character's card.

    The card is that of `characters` (“chara_card_v2”): JSON in base64, in a text chunk `chara`.
    """
    note = "Conversations from ChatGPT, brought here by gptexit."
    texts = ("description", "personality", "scenario", "first_mes", "mes_example")
    empty = dict.fromkeys(texts, "")
    data = {
        "name": character.name,
        **empty,
        "creator_notes": note,
        "system_prompt": "",
        "post_history_instructions": "",
        "alternate_greetings": [],
        "tags": [],
        "creator": "",
        "character_version": "",
        "extensions": {},
    }
    card = {
        "spec": "chara_card_v2",
        "spec_version": "2.0",
        "name": character.name,
        **empty,
        "chat": character.newest[1],
        "data": data,
    }
    text = b"chara\0" + base64.b64encode(dumps(card))
    color = hashlib.sha256(character.folder.encode()).digest()[:3]
    head = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 1, 3, 0, 0, 0)
    pixels = zlib.compress(bytes(1 + _WIDTH // 8) * _HEIGHT, 0)
    chunks = [(b"IHDR", head), (b"PLTE", color), (b"tEXt", text), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
