"""One conversation of the export, with everything that several readers of archives ask about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from gptexit.chatgpt.names import file_id
from gptexit.verification.documents import Given, cited_by
from gptexit.verification.expected import (
    ShownConversation,
    ShownMessage,
    beside,
    is_in_sight,
    is_wish,
    said_in,
)
from gptexit.verification.raw import (
    Raw,
    answered,
    before_1970,
    branch,
    leaves,
    message_of,
    moment,
    nodes_of,
    object_of,
    objects_below,
    parents,
    settled,
    shown,
    shown_in,
    strings,
    title_of,
)
from gptexit.verification.vocabulary import Vocabulary
from gptexit.verification.words import Words


class SourceConversation:
    """A raw conversation; what is computed from it is kept as long as it."""

    def __init__(self, raw: Raw, rows: list[Raw]) -> None:
        """`rows`: the rows of the account's table of files that name the conversation."""
        self.raw = raw
        self.title = title_of(raw)
        self.nodes = nodes_of(raw)
        self._messages = {key: message_of(node) for key, node in self.nodes.items()}
        self.above = parents(self.nodes)
        self.path = branch(raw, self.nodes, self.above)
        self.rows = rows
        self._seen: dict[tuple[bool, bool], ShownConversation] = {}
        self._shown: dict[tuple[str, bool], ShownMessage | None] = {}
        self._given: dict[str, Given] = {}
        self._files: dict[str, set[str]] = {}
        self._minutes: dict[str | None, set[int]] = {}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of the conversation and of the account's table about it."""
        return Vocabulary([self.raw, *self.rows])

    def texts(self, keys: Iterable[str]) -> list[str]:
        """Return the strings in the contents of messages."""
        return leaves([self.message(key).get("content") for key in keys])

    def nearest(self, answered: Mapping[str, Any]) -> dict[str, Any]:
        """Return for each message of an archive the nearest above it that the export has too.

        `answered`: for each message of the archive the one that it answers. An archive may hold
        messages that a later or a slim export has not; a message below them answers the one above.
        Takes time in proportion to the messages, even if they answer each other in a circle.
        """
        nearest: dict[str, Any] = {}
        if answered == self.answers:  # nearly always
            return dict(answered)
        for key in answered:
            passed: dict[str, None] = {}
            at: Any = key
            while at not in nearest and at not in passed:
                passed[at] = None
                above = answered[at]
                if not isinstance(above, str) or above in self.answers or above not in answered:
                    nearest[at] = above
                else:
                    at = above
            nearest |= dict.fromkeys(passed, nearest.get(at))
        return nearest

    @cached_property
    def answers(self) -> dict[str, str | None]:
        """For each message the one that it answers."""
        return answered(self.nodes, self.above)

    @cached_property
    def opens_at(self) -> str | None:
        """The message that it opens at, if the source leaves no doubt."""
        current = self.raw.get("current_node")
        if isinstance(current, str) and current in self.path:
            return next((key for key in reversed(self.path) if key in self.answers), None)
        ends = set(self.answers) - set(self.answers.values())
        return ends.pop() if len(ends) == 1 else None

    @cached_property
    def dates(self) -> dict[str, float | None]:
        """When it was begun (`created`) and changed last (`updated`), in seconds since 1970.

        A date that lacks or cannot be right is that of its first or last message. None: no message
        has a date either. A key lacks if any date may be right.
        """
        raw = {key: self.raw.get(f"{key[:-1]}_time") for key in ("created", "updated")}
        created, updated = moment(raw["created"]), moment(raw["updated"])
        times = [time for key in self.answers if (time := self._times[key]) is not None]
        created, updated = settled(created, updated, times)
        return {
            key: time
            for key, time in (("created", created), ("updated", updated))
            if (time is not None or raw[key] is None) and before_1970(raw[key]) is None
        }

    @cached_property
    def _times(self) -> dict[str, float | None]:
        """When each message was made, in seconds since 1970."""
        return {key: moment(one.get("create_time")) for key, one in self._messages.items()}

    @cached_property
    def library_files(self) -> set[str]:
        """The ids of the files that the account's table of files has for the conversation."""
        return {file_id(key) for row in self.rows for key in strings(row.get("file_id"))}

    def files(self, key: str) -> set[str]:
        """Return the ids of the files that a message shows, hidden from a person or not."""
        if key not in self._files:
            self._files[key] = {file_id(pointer) for pointer in shown_in(self.message(key))}
        return self._files[key]

    def names(self, key: str, file: str) -> bool:
        """Tell whether a message names a file by its id, wherever in it."""
        return any(file in leaf for leaf in leaves(self.message(key)))

    def role(self, key: str) -> str | None:
        """Return the role of the author of a message, if the source tells it."""
        role = object_of(self.message(key).get("author")).get("role")
        return role if isinstance(role, str) and role else None

    def message(self, key: str) -> Raw:
        """Return the message of a node; an empty one if it has none."""
        return self._messages[key]

    def minutes(self, zone: str | None) -> set[int]:
        """Return the minutes of the day at which a message was made, in the time zone `zone`.

        Without a zone, return minutes of the quarter: zones differ by quarters of an hour.
        """
        if zone not in self._minutes:
            times = (
                time or before_1970(self.message(key).get("create_time"))
                for key, time in self._times.items()
            )
            minutes = (_minute(time, zone) for time in times if time is not None)
            self._minutes[zone] = {minute for minute in minutes if minute is not None}
        return self._minutes[zone]

    def seen(self, *, every_branch: bool, reasoning: bool) -> ShownConversation:
        """Return all that a person saw, if wanted on every branch, with reasoning or without."""
        wanted = (every_branch, reasoning)
        if wanted not in self._seen:
            on_path = set(self.path)
            others = [key for key in self.nodes if key not in on_path] if every_branch else []
            current, aside = (
                [shown for key in keys if (shown := self._show(key, reasoning))]
                for keys in (self.path, others)
            )
            self._seen[wanted] = ShownConversation(current, aside, self._anywhere)
        return self._seen[wanted]

    @cached_property
    def _anywhere(self) -> list[Words]:
        """The words of documents and reports, and of a conversation in which no message is."""
        return list(beside(self.nodes, self.path) if self.nodes else self._of_no_shape())

    def _show(self, key: str, reasoning: bool) -> ShownMessage | None:
        """Return what a message shows, computed once."""
        known = (key, reasoning)
        if known not in self._shown:
            shown = said_in(key, self.nodes[key], reasoning)
            if shown is not None and not shown.plain:
                self._add_cited(shown)
            self._shown[known] = shown
        return self._shown[known]

    def _of_no_shape(self) -> Iterator[Words]:
        """Yield the words of a conversation in which no message is found, if it has any."""
        values = [value for value in self.raw.values() if isinstance(value, dict | list)]
        words = Words()
        words.say(*(text for content in objects_below(values) for text in _parts(content)))
        if words.phrases:
            words.unknown.append("conversation without messages")
            yield words

    def _add_cited(self, shown: ShownMessage) -> None:
        metadata = object_of(self.message(shown.id).get("metadata"))
        if shown.by_user or metadata.get("content_references") or metadata.get("citations"):
            return
        text = "\n".join(shown.texts)
        if "\ue202turn" in text or "†" in text:
            shown.words.addresses += cited_by(
                text, self.given(shown.id), map(self.given, self.chain(shown.id))
            )

    def given(self, key: str) -> Given:
        """Return the addresses that a message gives."""
        if key not in self._given:
            self._given[key] = Given(self.message(key))
        return self._given[key]

    def chain(self, key: str) -> Iterator[str]:
        """Yield the messages above one, the nearest first, up to the user's before it."""
        at = self.above[key]
        while at is not None:
            yield at
            if is_wish(self.message(at)):
                return
            at = self.above[at]

    def gives(self, key: str, address: str) -> bool:
        """Tell whether a message, or one above it in its turn, gives an address, by its key."""
        return self.given(key).has(address) or any(
            self.given(above).has(address) for above in self.chain(key)
        )

    def leads(self, address: str) -> bool:
        """Tell whether any message gives an address, by its key."""
        return any(self.given(key).has(address) for key in self.nodes)

    def generated(self) -> Iterator[tuple[str, str | None]]:
        """Yield each file of the library that no message shows itself, with the message it was in.

        A row names the message that made a picture. In slim exports that one was dropped; the empty
        answer whose `metadata.parent_id` names it shows the picture. None: the source does not tell
        the message, or a person did not see it. Such a file is yielded only if all messages are on
        one branch, since it may belong to another one, and a person saw one of them.
        """
        if not self.rows:
            return
        known = {file_id(pointer) for pointer in shown(self.raw)}
        ids: dict[str, str] = {}
        for key in self.nodes:
            name = self.message(key).get("id")
            if isinstance(name, str):
                ids.setdefault(name, key)
        for key in self.nodes:  # a message that is there comes before one that names it
            parent = object_of(self.message(key).get("metadata")).get("parent_id")
            if isinstance(parent, str):
                ids.setdefault(parent, key)
        messages = {key for key in self.nodes if self.message(key)}
        alone = bool(messages) and messages <= set(self.path)
        in_sight = {key for key in messages if is_in_sight(self.message(key))}
        alone = alone and not in_sight.isdisjoint(self.path)
        for row in self.rows:
            origin = row.get("origination_message_id")
            place = ids.get(origin) if isinstance(origin, str) else None
            place = place if place in in_sight else None
            for pointer in strings(row.get("file_id")):
                wanted = pointer and "#thumbnail" not in pointer and file_id(pointer) not in known
                if wanted and (place is not None or alone):
                    yield pointer, place


def _parts(value: Raw) -> list[str]:
    """Return the texts of an object that may be a message's content."""
    parts = value.get("parts")
    listed = parts if isinstance(parts, list) else [parts]
    return strings(*listed, value.get("content"), value.get("text"))


def _minute(time: float, zone: str | None) -> int | None:
    """Return the minute of the day of a time in a zone; without a zone, that of the quarter.

    Return None if this machine cannot tell: it may not know the zone.
    """
    try:
        when = datetime.fromtimestamp(time, ZoneInfo(zone) if zone else UTC)
    except (KeyError, ValueError, OverflowError, OSError, TypeError):
        return None
    return when.hour * 60 + when.minute if zone else when.minute % 15
