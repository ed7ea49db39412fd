"""One conversation of the export, with what several readers of archives ask about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any
from zoneinfo import ZoneInfo

from gptexit.chatgpt.names import file_id
from gptexit.verification.documents import Given, cited_by
from gptexit.verification.expected import (
    ShownConversation,
    ShownMessage,
    is_in_sight,
    is_wish,
    said_in,
    seen,
)
from gptexit.verification.moments import before_1970, moment
from gptexit.verification.raw import (
    Raw,
    answered,
    branch_of,
    leaves,
    nodes_of,
    object_of,
    parents,
    shown,
    shown_in,
    strings,
)
from gptexit.verification.words import Words


class Told:
    """A raw conversation; what is worked out of it is kept as long as it."""

    def __init__(self, raw: Raw, rows: list[Raw]) -> None:
        """`rows`: those of the account's file library that name the conversation."""
        self.raw = raw
        self.nodes = nodes_of(raw)
        self.above = parents(self.nodes)
        self.path = branch_of(raw, self.nodes, self.above)
        self.rows = rows
        """What the account's table of files has of it."""
        self._seen: dict[tuple[bool, bool], ShownConversation] = {}
        self._said: dict[tuple[str, bool], ShownMessage | None] = {}
        self._given: dict[str, Given] = {}
        self._files: dict[str, set[str]] = {}
        self._minutes: dict[str | None, set[int]] = {}

    @property
    def title(self) -> str | None:
        """The title, where it is a string."""
        title = self.raw.get("title")
        return title if isinstance(title, str) else None

    def nearest(self, answered: Mapping[str, Any]) -> dict[str, Any]:
        """Return, for each message of an archive, the nearest above it that the export has too.

        `answered`: for each message of the archive the one that it answers. An archive may hold
        messages that a later or a slim export has not; what follows them answers the one before.
        Takes time in proportion to the messages, also where they answer each other in a circle.
        """
        found: dict[str, Any] = {}
        for key in answered:
            passed: dict[str, None] = {}
            at: Any = key
            while at not in found and at not in passed:
                passed[at] = None
                above = answered[at]
                if not isinstance(above, str) or above in self.answers or above not in answered:
                    found[at] = above
                else:
                    at = above
            end = found.get(at)
            found |= dict.fromkeys(passed, end)
        return found

    @cached_property
    def answers(self) -> dict[str, str | None]:
        """For each message the one that it answers."""
        return answered(self.nodes, self.above)

    @cached_property
    def opens_at(self) -> str | None:
        """The message that it opens at; None where the source does not say without doubt."""
        current = self.raw.get("current_node")
        if isinstance(current, str) and current in self.path:
            return next((key for key in reversed(self.path) if key in self.answers), None)
        ends = set(self.answers) - set(self.answers.values())
        return ends.pop() if len(ends) == 1 else None

    @cached_property
    def dates(self) -> dict[str, float | None]:
        """When it was begun and changed last, or its messages where it cannot be right.

        None: neither it nor a message says when.
        """
        found = {key: moment(self.raw.get(f"{key[:-1]}_time")) for key in ("created", "updated")}
        said = [moment(self.message(key).get("create_time")) for key in self.answers]
        times = [time for time in said if time is not None]
        last = max(times, default=None)
        created, updated = found["created"], found["updated"]
        if created is not None and last is not None and created > last:
            # None begins after its last message: some exports date them by their own day.
            late = updated is None or updated >= created
            found = {"created": min(times), "updated": last if late else updated}
        if times:  # where it does not say, its first and its last message do
            found = {"created": found["created"] or min(times), "updated": found["updated"] or last}
        raw = {key: self.raw.get(f"{key[:-1]}_time") for key in found}
        return {
            key: time
            for key, time in found.items()
            if (time is not None or raw[key] is None) and before_1970(raw[key]) is None
        }

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
        """Return who wrote a message; None where the source does not say."""
        role = object_of(self.message(key).get("author")).get("role")
        return role if isinstance(role, str) and role else None

    def message(self, key: str) -> Raw:
        """Return the message of a node; an empty one where it has none."""
        return object_of(self.nodes[key].get("message"))

    def minutes(self, zone: str | None) -> set[int]:
        """Return the minutes of the day at which a message was made, in the time zone `zone`.

        Where no zone is given, the minutes of the quarter: zones differ by quarters of an hour.
        """
        if zone not in self._minutes:
            raw = (self.message(key).get("create_time") for key in self.nodes)
            times = (moment(time) or before_1970(time) for time in raw)
            minutes = (_minute(time, zone) for time in times if time is not None)
            self._minutes[zone] = {minute for minute in minutes if minute is not None}
        return self._minutes[zone]

    def seen(self, *, every_branch: bool, reasoning: bool) -> ShownConversation:
        """Return what a person saw of it."""
        wanted = (every_branch, reasoning)
        if wanted not in self._seen:
            say = partial(self._say, reasoning)
            found = seen(self.nodes, self.path, say, every_branch=every_branch)
            if not self.nodes:
                found.anywhere += self._of_no_shape()
            self._seen[wanted] = found
        return self._seen[wanted]

    def _say(self, reasoning: bool, key: str) -> ShownMessage | None:
        """Return what a message shows, worked out once."""
        known = (key, reasoning)
        if known not in self._said:
            said = said_in(key, self.nodes[key], reasoning)
            if said is not None and not said.plain:
                self._add_cited(said)
            self._said[known] = said
        return self._said[known]

    def _of_no_shape(self) -> list[Words]:
        """A conversation in which no message is found, and that yet holds words."""
        told = [value for value in self.raw.values() if isinstance(value, dict | list)]
        words = Words()
        words.say(*(text for each in _objects(told) for text in _parts(each)))
        if not words.phrases:
            return []
        words.unknown.append("conversation without messages")
        return [words]

    def _add_cited(self, said: ShownMessage) -> None:
        metadata = object_of(self.message(said.id).get("metadata"))
        if said.by_user or metadata.get("content_references") or metadata.get("citations"):
            return
        text = "\n".join(said.texts)
        if "\ue202turn" in text or "†" in text:
            said.words.addresses += cited_by(
                text, self.given(said.id), map(self.given, self.chain(said.id))
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
            self.given(each).has(address) for each in self.chain(key)
        )

    def generated(self) -> Iterator[tuple[str, str | None]]:
        """Yield each file of the library that no message shows itself, and where it was seen.

        A row names the message that a picture was made by. In slim exports that one was dropped;
        the empty answer whose `metadata.parent_id` names it shows the picture. None where the
        source does not tell, and where a person did not see that message. Such a file is asked for
        where all messages are on one branch, since it may belong to another one else, and where a
        person saw one of them.
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


def _objects(value: Any) -> Iterator[Raw]:
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack += node.values()
        elif isinstance(node, list):
            stack += node


def _parts(value: Raw) -> list[str]:
    """Return the texts of an object that may be a message's content."""
    parts = value.get("parts")
    listed = parts if isinstance(parts, list) else [parts]
    return strings(*listed, value.get("content"), value.get("text"))


def _minute(time: float, zone: str | None) -> int | None:
    """Return the minute of the day of a time in a zone; of the quarter where none is given.

    Return None where this machine cannot tell: it may not know the zone.
    """
    try:
        when = datetime.fromtimestamp(time, ZoneInfo(zone) if zone else UTC)
    except (KeyError, ValueError, OverflowError, OSError, TypeError):
        return None
    return when.hour * 60 + when.minute if zone else when.minute % 15
