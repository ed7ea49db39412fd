"""Counting conversations as they stand in the source, in one tight loop over their nodes.

Reading a gigabyte takes seconds, and half a million messages go by in them: there is no time to ask
each of them many questions. So the loop asks one: which keys its objects have, its role, its
content type and its model, as the hash of one tuple. In an export there are some hundreds of these;
each is counted, and looked into when it is met for the first time. (Two that differ have the same
hash of 64 bits once in a billion exports.)
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
from gptexit.inspection.groups import Groups
from gptexit.inspection.patterns import OTHER, Shapes, careful, judge_parts, judge_references
from gptexit.model import Raw
from gptexit.readers.chatgpt.normalize.conversation import Account
from gptexit.readers.chatgpt.normalize.mentions import may_mention, mentioned, points

MOST = 10_000
"""Different models, projects and custom GPTs that are told apart."""
FEW = 8
"""Nodes of a conversation that tell whether it is slim: all of them have the same style."""
_USUAL = {("id", "message", "parent", "children"), ("id", "message", "parent")}
"""Keys of a node, in the order that exports have; any other order is looked at with more care."""
UNDATED = "undated"


@dataclass(slots=True)
class Survey:
    """What was counted so far."""

    account: Account
    attachments: Attachments
    drift: Drift = field(default_factory=Drift)
    conversations: int = 0
    messages: int = 0
    empty: int = 0
    """Conversations without a word of the user's or of an answer."""
    slim: int = 0
    full: int = 0
    """Conversations by what their nodes name: only their parent, or their children too."""
    archived: int = 0
    starred: int = 0
    branched: int = 0
    """Conversations in which something was edited or answered again."""
    branchings: int = 0
    """Messages below which several versions go on."""
    first: str | None = None
    last: str | None = None
    """The earliest beginning and the latest change of a conversation, RFC 3339."""
    years: dict[str, list[int]] = field(default_factory=dict)
    """By the year of their beginning, conversations and their messages."""
    projects: Counter[str] = field(default_factory=Counter)
    gpts: Counter[str] = field(default_factory=Counter)
    groups: Groups = field(default_factory=Groups)
    """The same two with titles and dates."""
    faults: list[tuple[str, str]] = field(default_factory=list)
    """Conversations that could not be counted, and why: faults of ours."""
    _shapes: Shapes = field(default_factory=Shapes)

    def add(self, raw: Raw, where: str) -> None:
        """Count a conversation; what it mentions of files is taken out of it."""
        self.conversations += 1
        place = Location(self.conversations, where)
        self._shapes.conversation(tuple(raw), place, self.drift)
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
        identity = take.string(raw.get("conversation_id")) or take.string(raw.get("id"))
        if suspects or (identity and self.account.library(identity)):
            title = take.string(raw.get("title"))
            for each in mentioned(raw, identity, suspects, self.account):
                self.attachments.add(each, identity, title, created)

    def finish(self) -> None:
        """Sum up what is still held by pattern."""
        self._shapes.settle(self.drift)

    @property
    def roles(self) -> Counter[str]:
        """Messages by role; `none` where they tell none."""
        return self._shapes.roles

    @property
    def content_types(self) -> Counter[str]:
        """Messages by content type."""
        return self._shapes.content_types

    @property
    def models(self) -> Counter[str]:
        """Messages by the model that they name."""
        return self._shapes.models

    def _nodes(self, mapping: dict[str, Any], place: Location) -> tuple[int, list[str]]:
        """Count the nodes: how many messages, and the keys of those that may mention files."""
        patterns = self._shapes.patterns
        suspects: list[str] = []
        parents: set[Any] = set()
        above = parents.add
        nothing: Raw = {}
        without = 0
        for key, node in mapping.items():
            # Whatever is not of the usual shape raises here, and is looked at with more care.
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
                pattern = self._shapes.pattern(look, place, self.drift)
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
        below = Counter(each for each in parents if isinstance(each, str))
        found = sum(count > 1 for key, count in below.items() if key in mapping)
        self.branchings += found
        self.branched += found > 0

    def _fields(self, raw: Raw) -> str | None:
        """Count what a conversation says of itself; the id of its project or custom GPT."""
        self.archived += raw.get("is_archived") is True
        self.starred += raw.get("is_starred") is True
        template = take.string(raw.get("gizmo_id"))
        template = template or take.string(raw.get("conversation_template_id"))
        if template:
            counts = self.projects if template.startswith("g-p-") else self.gpts
            counts[template if template in counts or len(counts) < MOST else OTHER] += 1
        return template

    def _times(self, raw: Raw, mapping: Raw, messages: int) -> str | None:
        """Count a conversation into its period; when it began, RFC 3339."""
        created, updated = (
            take.as_time(raw.get("create_time")),
            take.as_time(raw.get("update_time")),
        )
        if created is None or updated is None or _may_be_late(created, raw, mapping):
            told = [take.as_time(each.get("create_time")) for each in _messages(mapping)]
            created, updated = take.settle((created, updated), [each for each in told if each])
        if created and (self.first is None or created < self.first):
            self.first = created
        if updated and (self.last is None or updated > self.last):
            self.last = updated
        year = self.years.setdefault(created[:4] if created else UNDATED, [0, 0])
        year[0] += 1
        year[1] += messages
        return created


def _messages(mapping: Raw) -> Iterator[Raw]:
    """The messages of a mapping that are objects."""
    for node in mapping.values():
        message = node.get("message") if isinstance(node, dict) else None
        if isinstance(message, dict):
            yield message


def _may_be_late(created: str, raw: Raw, mapping: Raw) -> bool:
    """Whether the message that the user saw last is older than its conversation: a cheap look."""
    current = raw.get("current_node")
    node = mapping.get(current) if isinstance(current, str) else None
    message = take.mapping(take.mapping(node).get("message"))
    last = take.as_time(message.get("create_time"))
    return last is None or take.is_late(created, last)


def _is_empty(mapping: Raw) -> bool:
    """Whether there is no message but those of the system."""
    for message in _messages(mapping):
        author = message.get("author")
        if not isinstance(author, dict) or author.get("role") != "system":
            return False
    return True
