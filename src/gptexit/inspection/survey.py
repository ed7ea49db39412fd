"""Count raw conversations, in one tight loop over their nodes.

Reading a gigabyte takes seconds, and half a million messages go by in them: there is no time to ask
each of them many questions. So the loop asks one: the keys of its objects, its role, its content
type and its model, as the hash of one tuple. In an export there are some hundreds of these; each is
counted, and judged when it is found for the first time. (Two that differ have the same hash of 64
bits once in a billion exports.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from gptexit.chatgpt import take
from gptexit.inspection.attachments import Attachments
from gptexit.inspection.drift import Drift, Location
from gptexit.inspection.patterns import (
    Patterns,
    careful,
    count_up,
    judge_parts,
    judge_references,
)
from gptexit.model import Raw
from gptexit.names import NameRow
from gptexit.readers.chatgpt.normalize.assets import points
from gptexit.readers.chatgpt.normalize.conversation import Account
from gptexit.readers.chatgpt.normalize.mentions import may_mention, mentioned
from gptexit.text.terminal import printable

MOST = 10_000
"""Different projects and custom GPTs that are distinguished."""
TITLES = 5
"""Titles of a group that are kept: those of the conversations that were changed last."""
LONGEST = 60
"""Columns of a title."""
FEW = 8
"""Nodes of a conversation that show whether it is slim: all of them have the same style."""
_USUAL = {("id", "message", "parent", "children"), ("id", "message", "parent")}
"""Keys of a node, in the order that exports have; any other order is looked at with more care."""
UNDATED = "undated"


@dataclass(slots=True)
class Lifetime:
    """When the first of some conversations was begun and the last changed, RFC 3339."""

    first: str | None = None
    last: str | None = None

    def add(self, created: str | None, updated: str | None) -> None:
        """Include a conversation."""
        self.first = min(filter(None, (self.first, created)), default=None)
        self.last = max(filter(None, (self.last, updated)), default=None)


@dataclass(slots=True)
class Group:
    """A project or a custom GPT, with the marks by which a person recognizes it."""

    conversations: int = 0
    lifetime: Lifetime = field(default_factory=Lifetime)
    titles: list[tuple[str, str]] = field(default_factory=list)
    """When a conversation was changed, and its title; the latest first."""

    def add(self, title: str | None, created: str | None, updated: str | None) -> None:
        """Count a conversation."""
        self.conversations += 1
        updated = updated or created
        self.lifetime.add(created, updated)
        shown = printable(title or "", LONGEST)
        if shown and all(shown != known for _, known in self.titles):
            self.titles.append((updated or "", shown))
            self.titles.sort(reverse=True)
            del self.titles[TITLES:]


@dataclass(slots=True)
class Groups:
    """The projects and custom GPTs by id. Memory follows their number, up to `MOST`."""

    by_id: dict[str, Group] = field(default_factory=dict)
    others: int = 0
    """Conversations of projects and custom GPTs beyond `MOST`."""

    def add(self, key: str, title: str | None, created: str | None, updated: str | None) -> None:
        """Count a conversation of the project or custom GPT with the id `key`."""
        if key not in self.by_id and len(self.by_id) >= MOST:
            self.others += 1
        else:
            self.by_id.setdefault(key, Group()).add(title, created, updated)

    def rows(self) -> Iterator[NameRow]:
        """Yield a row of the table of names for each: projects first, the largest first."""
        ordered = sorted(
            self.by_id.items(), key=lambda pair: (not _is_project(pair[0]), -pair[1].conversations)
        )
        for key, group in ordered:
            days = [(time or "")[:10] for time in (group.lifetime.first, group.lifetime.last)]
            kind = "project" if _is_project(key) else "GPT"
            titles = " | ".join(title for _, title in group.titles)
            yield NameRow([key, kind, "", str(group.conversations), *days, titles])


def _is_project(key: str) -> bool:
    return key.startswith("g-p-")


@dataclass(slots=True)
class Survey:
    """The numbers that were counted so far."""

    account: Account
    attachments: Attachments
    drift: Drift = field(default_factory=Drift)
    conversations: int = 0
    messages: int = 0
    empty: int = 0
    """Conversations without a word of the user's or of an answer."""
    slim: int = 0
    full: int = 0
    """Conversations whose nodes name only their parent, or their children too."""
    archived: int = 0
    starred: int = 0
    branched: int = 0
    """Conversations in which something was edited or answered again."""
    branchings: int = 0
    """Messages below which several versions go on."""
    lifetime: Lifetime = field(default_factory=Lifetime)
    years: dict[str, list[int]] = field(default_factory=dict)
    """The numbers of conversations and messages, by the year of their beginning."""
    projects: Counter[str] = field(default_factory=Counter)
    gpts: Counter[str] = field(default_factory=Counter)
    groups: Groups = field(default_factory=Groups)
    """Projects and custom GPTs with titles and dates."""
    faults: list[tuple[str, str]] = field(default_factory=list)
    """Conversations that could not be counted, and why: faults of ours."""
    patterns: Patterns = field(default_factory=Patterns)

    def add(self, raw: Raw, where: str) -> None:
        """Count a conversation; the files that it mentions are taken out of it."""
        self.conversations += 1
        place = Location(self.conversations, where)
        self.patterns.conversation(tuple(raw), place, self.drift)
        mapping = raw.get("mapping")
        if not isinstance(mapping, dict):
            if mapping is not None:
                self.drift.add("mapping", mapping, 1, place)
            mapping = {}
        group = self._fields(raw)
        if mapping:
            first = islice(mapping.values(), FEW)
            slim = not any("children" in node for node in first if isinstance(node, dict))
            self.slim += slim
            self.full += not slim
        messages, suspects = self._nodes(mapping, place)
        self.empty += _is_empty(mapping)
        created = self._times(raw, mapping, messages)
        if group:
            updated = take.as_time(raw.get("update_time"))
            self.groups.add(group, take.string(raw.get("title")), created, updated)
        key = take.string(raw.get("conversation_id")) or take.string(raw.get("id"))
        if suspects or (key and self.account.library(key)):
            title = take.string(raw.get("title"))
            for mention in mentioned(raw, key, suspects, self.account):
                self.attachments.add(mention, key, title, created)

    def finish(self) -> None:
        """Sum up the patterns that are still held."""
        self.patterns.settle(self.drift)

    def _nodes(self, mapping: dict[str, Any], place: Location) -> tuple[int, list[str]]:
        """Count the nodes: how many messages, and the keys of those that may mention files."""
        patterns = self.patterns.by_hash
        suspects: list[str] = []
        parents: set[Any] = set()
        above = parents.add
        nothing: Raw = {}
        without = 0
        for key, node in mapping.items():
            # A node in an unusual form raises here, and is looked at with more care.
            try:
                above(node["parent"])
                message = node["message"]
                if message is None and tuple(node) in _USUAL:  # the root, most often
                    without += 1
                    continue
                content = message["content"]
                author = message["author"]
                metadata = message.get("metadata", nothing)
                pattern = patterns[
                    hash(
                        (
                            tuple(node),
                            tuple(message),
                            tuple(author),
                            author["role"],
                            tuple(content),
                            content["content_type"],
                            tuple(metadata),
                            metadata.get("model_slug"),
                        )
                    )
                ]
            except (KeyError, TypeError, AttributeError):
                look = careful(node, place, self.drift)
                if look is None:
                    without += 1
                    continue
                pattern = self.patterns.pattern(look, place, self.drift)
                content = take.mapping(node["message"].get("content"))
                metadata = take.mapping(node["message"].get("metadata"))
            pattern.count += 1
            if pattern.plain:
                parts = content["parts"]
                if type(parts) is list and len(parts) == 1 and type(parts[0]) is str:
                    words = parts[0]
                    if "/" in words and points(words):
                        suspects.append(key)
                elif self._looked(content, metadata, place):
                    suspects.append(key)
            elif pattern.looked and self._looked(content, metadata, place):
                suspects.append(key)
            if pattern.references and metadata["content_references"]:
                judge_references(metadata["content_references"], place, self.drift)
        messages = len(mapping) - without
        self.messages += messages
        if len(parents) < len(mapping):
            self._branches(mapping)
        return messages, suspects

    def _looked(self, content: Raw, metadata: Raw, place: Location) -> bool:
        judge_parts(content.get("parts"), place, self.drift)
        return may_mention(content, metadata)

    def _branches(self, mapping: Raw) -> None:
        """Count the nodes below which several go on."""
        parents = [node.get("parent") for node in mapping.values() if isinstance(node, dict)]
        below = Counter(parent for parent in parents if isinstance(parent, str))
        branchings = sum(count > 1 for key, count in below.items() if key in mapping)
        self.branchings += branchings
        self.branched += branchings > 0

    def _fields(self, raw: Raw) -> str | None:
        """Count the flags and group of a conversation; return the id of its project or GPT."""
        self.archived += raw.get("is_archived") is True
        self.starred += raw.get("is_starred") is True
        template = take.string(raw.get("gizmo_id"))
        template = template or take.string(raw.get("conversation_template_id"))
        if template:
            count_up(self.projects if _is_project(template) else self.gpts, template, most=MOST)
        return template

    def _times(self, raw: Raw, mapping: Raw, messages: int) -> str | None:
        """Count a conversation into its period; return when it began, RFC 3339."""
        created, updated = map(take.as_time, (raw.get("create_time"), raw.get("update_time")))
        if created is None or updated is None or _may_be_late(created, raw, mapping):
            times = (take.as_time(message.get("create_time")) for message in _messages(mapping))
            created, updated = take.settle((created, updated), list(filter(None, times)))
        self.lifetime.add(created, updated)
        year = self.years.setdefault(created[:4] if created else UNDATED, [0, 0])
        year[0] += 1
        year[1] += messages
        return created


def _messages(mapping: Raw) -> Iterator[Raw]:
    """Yield the messages of a mapping that are objects."""
    for node in mapping.values():
        message = node.get("message") if isinstance(node, dict) else None
        if isinstance(message, dict):
            yield message


def _may_be_late(created: str, raw: Raw, mapping: Raw) -> bool:
    """Tell, at little cost, whether the last message may be older than its conversation."""
    current = raw.get("current_node")
    node = mapping.get(current) if isinstance(current, str) else None
    message = take.mapping(take.mapping(node).get("message"))
    last = take.as_time(message.get("create_time"))
    return last is None or take.is_late(created, last)


def _is_empty(mapping: Raw) -> bool:
    """Tell whether there is no message but those of the system."""
    for message in _messages(mapping):
        author = message.get("author")
        if not isinstance(author, dict) or author.get("role") != "system":
            return False
    return True
