"""Find the messages that showed a generated file or a file of the code interpreter.

Slim exports lack the message of the tool that generated an image. The image's row in the library
leads to the message that showed it: by an id, else by the time (see docs/format.md).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from gptexit.chatgpt import take
from gptexit.chatgpt.sandbox import HINT, addresses, names
from gptexit.codes import Oddity
from gptexit.model import Asset, Message, Raw
from gptexit.readers.chatgpt.normalize.assets import AssetBook, Kind, kind_of, media

_MOST = 1000
"""Answers, or messages, that are tried for one file."""
_EXTENSION = re.compile(r"\.\w{1,8}\Z")
_FENCE = re.compile(r"^[ \t>]{0,20}(?:```|~~~)", re.MULTILINE)
_ODDITIES = {"time": Oddity.PLACED_BY_TIME, "chat": Oddity.PLACE_UNKNOWN}


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """The message that shows a file, and how it was found; see `Media.placed`."""

    message: Message | None
    placed: Literal["time", "chat"] | None
    before: bool = False
    """True if the file was shown before the message's own parts."""

    def index(self) -> int:
        """Return the file's index among the message's parts: behind the files found before."""
        parts = self.message["parts"] if self.message else []
        if not self.before:
            return len(parts)
        own = (place for place, part in enumerate(parts) if part["type"] not in ("image", "file"))
        return next(own, len(parts))


@dataclass(frozen=True, slots=True)
class _EmptyAnswer:
    message: Message
    requested: str
    """Time of the user's message that it answers, to the second."""
    answered: str


@dataclass(slots=True)
class ImagePlaces:
    """The messages of one conversation that may have shown a file."""

    messages: list[Message]
    current: str | None
    _by_id: dict[str, Message] = field(default_factory=dict)
    _named: dict[str, Message] = field(default_factory=dict)
    """By a message's own id, which mostly is that of its node."""
    _below_missing: dict[str, list[Message]] = field(default_factory=dict)
    """By the id of a missing message, the messages that name it as their parent."""
    _empty: list[_EmptyAnswer] = field(default_factory=list)
    """In the order of their times."""
    _taken: set[str] = field(default_factory=set)
    _children: dict[str, list[Message]] = field(default_factory=dict)
    """By the id of a message, those that follow it; filled by the first search."""

    def __post_init__(self) -> None:
        requested: dict[str | None, str] = {None: ""}
        for message in self.messages:
            key, when = message["id"], message["created"]
            self._by_id[key] = message
            above = requested[message["parent"]]
            requested[key] = (_second(when) or above) if message["role"] == "user" else above
            self._named.setdefault(take.string(message["extra"].get("id")) or key, message)
            if message["role"] != "assistant":
                continue
            parent = take.mapping(message["extra"].get("metadata")).get("parent_id")
            if isinstance(parent, str):
                self._below_missing.setdefault(parent, []).append(message)
            if when and _is_empty(message):
                self._empty.append(_EmptyAnswer(message, above, _second(when)))
        self._named = {**self._by_id, **self._named}
        for key in self._named:
            self._below_missing.pop(key, None)
        self._empty.sort(key=lambda answer: answer.answered)

    def knows(self, origin: str | None) -> bool:
        """Tell whether the message `origin` is in the export, or was above one that is."""
        return origin is not None and (origin in self._named or origin in self._below_missing)

    def find(self, origin: str | None, created: str | None) -> ImagePlace:
        """Return the place of a file whose row names the message `origin` and the time `created`.

        Call it in the order of the times, since each empty answer is given to one file first.
        """
        place = self._by_origin(origin) if origin else None
        if place is None and created:
            place = self._by_time(_second(created))
        if place is None:
            return ImagePlace(self._last(), "chat")
        if place.message is not None:
            self._taken.add(place.message["id"])
        return place

    def _by_origin(self, origin: str) -> ImagePlace | None:
        message = self._named.get(origin)
        if message is not None:
            visible = self._visible_below(message) if message["hidden"] is not None else None
            return ImagePlace(visible or message, None, before=visible is not None)
        below = self._below_missing.get(origin, [])
        free = (message for message in below if message["id"] not in self._taken)
        return ImagePlace(next(free, below[-1]), None, before=True) if below else None

    def _visible_below(self, message: Message) -> Message | None:
        """Return the nearest visible message below a hidden one, up to the user's next message."""
        if not self._children:
            for child in self.messages:
                if child["parent"] is not None:
                    self._children.setdefault(child["parent"], []).append(child)
        waiting = [message]
        for _ in range(_MOST):
            if not waiting:
                return None
            below = self._children.get(waiting.pop(0)["id"], [])
            below = [child for child in below if child["role"] != "user"]
            for child in below:
                if child["hidden"] is None:
                    return child
            waiting += below
        return None

    def _by_time(self, created: str) -> ImagePlace | None:
        """Return the first empty answer after `created` to a request before, a free one first."""
        start = bisect_left(self._empty, created, key=lambda answer: answer.answered)
        fitting = None
        for answer in islice(self._empty, start, start + _MOST):
            if answer.requested <= created:
                fitting = answer.message
                if fitting["id"] not in self._taken:
                    break
        return ImagePlace(fitting, "time") if fitting else None

    def _last(self) -> Message | None:
        """Return the last visible message of the current branch; else the last of all."""
        message = self._by_id.get(self.current) if self.current else None
        last = message or (self.messages[-1] if self.messages else None)
        while message is not None and message["hidden"] is not None:
            message = self._by_id.get(message["parent"]) if message["parent"] else None
        return message or last


def _second(when: str | None) -> str:
    """Return a time without fractions of a second, which the rows do not have."""
    return when[:19] if when else ""


def _is_empty(message: Message) -> bool:
    """Tell whether a visible answer has no parts; empty thoughts are no answer."""
    kind = take.mapping(message["extra"].get("content")).get("content_type")
    visible = message["hidden"] is None
    return not message["parts"] and visible and kind in ("text", "multimodal_text")


def add_generated(
    messages: list[Message],
    rows: list[Raw],
    book: AssetBook,
    current: str | None,
    oddities: Counter[Oddity],
) -> None:
    """Add each library file of this conversation that no message shows yet, where it was shown.

    `current`: id of the last message of the current branch; it gets the files without a place.
    """
    new: list[tuple[Raw, str]] = []
    for row in rows:
        pointer = take.string(row.get("file_id"))
        if pointer is None or "#thumbnail" in pointer:
            continue
        known = len(book.assets)
        asset = book.add(
            pointer,
            name=row.get("file_name"),
            media_type=row.get("mime_type"),
            size=row.get("file_size_bytes"),
        )
        if len(book.assets) > known:
            new.append((row, asset))
    if not new:
        return
    places = ImagePlaces(messages, current)
    # Rows that name a message go first, so that no guess takes its answer; without a time last.
    new.sort(key=lambda entry: _created(entry[0]) or "\uffff")
    new.sort(key=lambda entry: not places.knows(_origin(entry[0])))
    for row, asset in new:
        place = places.find(_origin(row), _created(row))
        if place.placed is not None:
            oddities[_ODDITIES[place.placed]] += 1
        if place.message is not None:
            name = take.string(row.get("file_name"))
            title = name if name and not _EXTENSION.search(name) else None
            kind = _kind(row, book.assets[asset])
            part = media(kind, asset, title=title, placed=place.placed)
            place.message["parts"].insert(place.index(), part)


def _origin(row: Raw) -> str | None:
    return take.string(row.get("origination_message_id"))


def _created(row: Raw) -> str | None:
    """Return when a library file was made, RFC 3339; None if its row has no time."""
    keys = ("created_at", "record_creation_time", "version_created_at", "file_upload_time")
    return next((time for key in keys if (time := take.as_time(row.get(key)))), None)


def _kind(row: Raw, asset: Asset) -> Kind:
    """Return how to show a library file: an image by its row, whatever its media type."""
    kind = kind_of(asset["name"], asset["media_type"])
    return "image" if kind == "file" and row.get("image_gen_generation_id") else kind


def add_sandbox_files(
    messages: list[Message], rows: list[Raw], book: AssetBook, oddities: Counter[Oddity]
) -> None:
    """Add each file of the code interpreter that an answer links to.

    It is looked up in the library by message and name, else by name. A file that is not there stays
    with OpenAI, and is listed as missing. Messages of the user and code are not read.
    """
    for message in messages:
        if message["role"] == "user":
            continue
        for part in list(message["parts"]):
            if part["type"] != "text" or HINT not in part["text"]:
                continue
            for path in dict.fromkeys(_linked_paths(part["text"])):
                row = _row(rows, message, names(path)) or {}
                pointer = take.string(row.get("file_id"))
                if pointer is None:
                    oddities[Oddity.FILE_STAYED] += 1
                name = take.string(row.get("file_name")) or names(path)[-1]
                asset = book.add(pointer or f"sandbox:{path}", name=name)
                if all(other.get("asset") != asset for other in message["parts"]):
                    kind = kind_of(name, book.assets[asset]["media_type"])
                    message["parts"].append(media(kind, asset))


def _linked_paths(text: str) -> Iterator[str]:
    """Yield the paths of the code interpreter that `text` links to, or names outside of code."""
    at, fences = 0, 0
    for address in addresses(text):
        fences += sum(1 for _ in _FENCE.finditer(text, at, address.start))
        at = address.start
        line = text[max(0, at - 1_000) : at].rpartition("\n")[2]
        if address.linked or (fences % 2 == 0 and line.count("`") % 2 == 0):
            yield address.path


def _row(rows: list[Raw], message: Message, names: list[str]) -> Raw | None:
    """Return the library's row of a file: of several with its name, the one of the message.

    If none is of the message: the last that was made before it, else the first.
    """
    for name in names:
        named = _named(rows, name)
        exact = [row for row in named if row.get("origination_message_id") == message["id"]]
        if exact:
            return exact[-1]
        times = [take.as_time(row.get("created_at")) or "" for row in named]
        limit = message["created"] or ""
        before = [row for time, row in zip(times, named, strict=True) if time <= limit]
        if named:
            return before[-1] if before else named[0]
    return None


def _named(rows: list[Raw], name: str) -> list[Raw]:
    """Return the rows with a file name, in whichever Unicode form it is written."""
    same = [row for row in rows if row.get("file_name") == name]
    if same or name.isascii():
        return same
    form = unicodedata.normalize("NFC", name)
    return [
        row
        for row in rows
        if unicodedata.normalize("NFC", take.string(row.get("file_name")) or "") == form
    ]
