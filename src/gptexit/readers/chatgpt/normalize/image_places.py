"""Which message of a slim conversation showed a generated image.

The message of the tool that made it is not in the export. What is left is an empty answer, whose
`metadata.parent_id` names the message that is gone, and the image's row in `library_files.json`,
whose `origination_message_id` names the same one (seen in exports of August and September 2026; the
row may also name no message). Where no id fits, the time tells: the image was made some seconds
before its empty answer, and after the wish that it answers. Else only the chat is known.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from gptexit.chatgpt import take
from gptexit.model import Message

Placed = Literal["time", "chat"] | None


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """The message that shows a file, and how it was found; see `Media.placed`."""

    message: Message | None
    placed: Placed
    before: bool = False
    """Whether the file stood before the message's own parts."""

    def at(self) -> int:
        """Return where among the message's parts the file goes: behind the files found before."""
        parts = self.message["parts"] if self.message else []
        if not self.before:
            return len(parts)
        own = (place for place, part in enumerate(parts) if part["type"] not in ("image", "file"))
        return next(own, len(parts))


@dataclass(frozen=True, slots=True)
class _Answer:
    """An empty answer, and when the wish was said that it answers."""

    message: Message
    wished: str
    answered: str


@dataclass(slots=True)
class ImagePlaces:
    """The messages of one conversation that may have shown a file."""

    messages: list[Message]
    current: str | None
    _by_id: dict[str, Message] = field(default_factory=dict)
    _named: dict[str, Message] = field(default_factory=dict)
    """By a message's own id, which mostly is that of its node."""
    _below_gone: dict[str, list[Message]] = field(default_factory=dict)
    """By the id of a message that is gone, the messages that name it as their parent."""
    _empty: list[_Answer] = field(default_factory=list)
    """In the order of their times."""
    _taken: set[str] = field(default_factory=set)
    _children: dict[str, list[Message]] = field(default_factory=dict)
    """By the id of a message, those that follow it; made when asked for."""

    def __post_init__(self) -> None:
        wished: dict[str | None, str] = {None: ""}
        for message in self.messages:
            key, when = message["id"], message["created"]
            self._by_id[key] = message
            above = wished[message["parent"]]
            wished[key] = (_second(when) or above) if message["role"] == "user" else above
            self._named.setdefault(_own_id(message), message)
            if message["role"] != "assistant":
                continue
            parent = take.mapping(message["extra"].get("metadata")).get("parent_id")
            if isinstance(parent, str):
                self._below_gone.setdefault(parent, []).append(message)
            if when and _is_empty(message):
                self._empty.append(_Answer(message, above, _second(when)))
        self._named = {**self._by_id, **self._named}
        for key in self._named:
            self._below_gone.pop(key, None)
        self._empty.sort(key=lambda answer: answer.answered)

    def names(self, origin: str | None) -> bool:
        """Tell whether the message `origin` is there, or was above one that is there."""
        return origin is not None and (origin in self._named or origin in self._below_gone)

    def find(self, origin: str | None, made: str | None) -> ImagePlace:
        """Return the place of a file whose row names the message `origin` and the time `made`.

        To be asked in the order of the times, since each empty answer is given to one file first.
        """
        message = self._named.get(origin) if origin else None
        if message is not None:
            after = self._shown_below(message) if message["hidden"] is not None else None
            return self._take(ImagePlace(after or message, None, before=after is not None))
        below = self._below_gone.get(origin) if origin else None
        if below:
            free = (one for one in below if one["id"] not in self._taken)
            return self._take(ImagePlace(next(free, below[-1]), None, before=True))
        message = self._by_time(_second(made)) if made else None
        if message is not None:
            return self._take(ImagePlace(message, "time"))
        return ImagePlace(self._last(), "chat")

    def _shown_below(self, message: Message) -> Message | None:
        """The nearest message below a hidden one that a person saw, up to the user's next one."""
        if not self._children:
            for one in self.messages:
                if one["parent"] is not None:
                    self._children.setdefault(one["parent"], []).append(one)
        waiting = [message]
        for _ in range(_MOST):
            if not waiting:
                return None
            below = self._children.get(waiting.pop(0)["id"], [])
            for child in below:
                if child["hidden"] is None and child["role"] != "user":
                    return child
            waiting += (child for child in below if child["role"] != "user")
        return None

    def _take(self, place: ImagePlace) -> ImagePlace:
        if place.message is not None:
            self._taken.add(place.message["id"])
        return place

    def _by_time(self, made: str) -> Message | None:
        """The first empty answer after `made` to a wish before it; one that has no file first."""
        start = bisect_left(self._empty, made, key=lambda answer: answer.answered)
        fitting = None
        for answer in islice(self._empty, start, start + _MOST):
            if answer.wished <= made:
                fitting = answer.message
                if fitting["id"] not in self._taken:
                    break
        return fitting

    def _last(self) -> Message | None:
        """The last message of the current branch that is shown; else the last of all."""
        at = self._by_id.get(self.current) if self.current else None
        last = at or (self.messages[-1] if self.messages else None)
        while at is not None and at["hidden"] is not None:
            at = self._by_id.get(at["parent"]) if at["parent"] else None
        return at or last


_MOST = 1000
"""Answers, or messages, that are looked at for one file."""


def _own_id(message: Message) -> str:
    """Return the id that a message gives itself; that of its node where it gives none."""
    return take.string(message["extra"].get("id")) or message["id"]


def _second(when: str | None) -> str:
    """A time to the second, to be compared: rows have no fractions."""
    return when[:19] if when else ""


def _is_empty(message: Message) -> bool:
    """Tell whether an answer is there and says nothing; empty thoughts are no answer."""
    kind = take.mapping(message["extra"].get("content")).get("content_type")
    return not message["parts"] and message["hidden"] is None and kind in _WORDED


_WORDED = ("text", "multimodal_text")
