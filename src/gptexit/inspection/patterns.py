"""Sort nodes by pattern: the keys of a node, of its message and of the objects in it.

An export of a million messages has some hundreds of patterns. Each is judged once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gptexit.inspection import drift as known
from gptexit.inspection.drift import Drift, Location
from gptexit.model import Raw
from gptexit.readers.chatgpt.normalize.mentions import LOOK, SPECIAL

HELD = 4096
"""Patterns that are held at once; then they are summed up, and counting begins anew."""
OTHER = "other"
_MOST = 1000
"""Different content types, roles or models that are distinguished; the rest is `other`."""
_PLAIN = {("content_type", "parts"), ("parts", "content_type")}

Keys = tuple[str, ...]


class Look(NamedTuple):
    """The keys and a few values of a node with a message."""

    node: Keys
    message: Keys
    author: Keys
    role: Any
    content: Keys
    content_type: Any
    metadata: Keys
    model: Any


@dataclass(slots=True)
class Pattern:
    """How to count a message that has a certain look."""

    look: Look
    first: Location
    plain: bool
    """True for a text, which is mostly one string."""
    looked: bool
    """True if its contents have to be looked at: they may name files, or be strange."""
    references: bool
    """True if it has `content_references`."""
    count: int = 0


@dataclass(slots=True)
class Patterns:
    """The patterns of an export by their hash, and the sums of those that were forgotten."""

    by_hash: dict[int, Pattern] = field(default_factory=dict)
    roles: Counter[str] = field(default_factory=Counter)
    """Messages by role; `none` if they have none."""
    content_types: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    _known: set[Keys] = field(default_factory=set)
    """Keys of whole conversations that hold no stranger."""

    def pattern(self, look: Look, place: Location, drift: Drift) -> Pattern:
        """Return the pattern of a look; make it if it is new."""
        key = hash(look)
        pattern = self.by_hash.get(key)
        if pattern is None:
            if len(self.by_hash) >= HELD:
                self.settle(drift)
            plain = look.content_type == "text" and look.content in _PLAIN
            looked = not SPECIAL.isdisjoint(look.metadata)
            looked |= not plain and ("parts" in look.content or look.content_type in LOOK)
            references = "content_references" in look.metadata
            pattern = Pattern(look, place, plain and not looked, looked, references)
            self.by_hash[key] = pattern
        return pattern

    def settle(self, drift: Drift) -> None:
        """Sum up the patterns, report their strangers, and forget them."""
        for pattern in self.by_hash.values():
            look = pattern.look
            for counts, name in ((self.roles, look.role), (self.content_types, look.content_type)):
                count_up(counts, name if isinstance(name, str) else "none", pattern.count)
            if isinstance(look.model, str) and look.model:
                count_up(self.models, look.model, pattern.count)
            _judge(pattern, drift)
        self.by_hash.clear()

    def conversation(self, keys: Keys, place: Location, drift: Drift) -> None:
        """Report strange keys of a conversation."""
        usual = known.KEYS["conversation"]
        if keys not in self._known and not _strangers(
            "conversation key", keys, usual, 1, place, drift
        ):
            if len(self._known) >= HELD:
                self._known.clear()
            self._known.add(keys)


def count_up(counts: Counter[str], name: str, count: int = 1, most: int = _MOST) -> None:
    """Add to the count of a name; to that of OTHER if there are `most` already."""
    counts[name if name in counts or len(counts) < most else OTHER] += count


def _judge(pattern: Pattern, drift: Drift) -> None:
    look, count, first = pattern.look, pattern.count, pattern.first
    for kind, keys in (("node", look.node), ("message", look.message), ("author", look.author)):
        _strangers(f"{kind} key", keys, known.KEYS[kind], count, first, drift)
    if look.author and look.role is not None and look.role not in known.ROLES:
        drift.add("role", look.role, count, first)
    for key in look.metadata:
        if key not in known.METADATA and not known.METADATA_FAMILIES.fullmatch(key):
            drift.add("metadata key", key, count, first)
    if not look.content:
        return
    if look.content_type not in known.CONTENT:
        drift.add("content type", look.content_type, count, first)
        return
    usual = known.CONTENT[look.content_type]
    if usual is not None:
        _strangers(f"key of {look.content_type}", look.content, usual, count, first, drift)


def _strangers(
    kind: str, keys: Iterable[str], usual: frozenset[str], count: int, first: Location, drift: Drift
) -> bool:
    strangers = [key for key in keys if key not in usual]
    for key in strangers:
        drift.add(kind, key, count, first)
    return bool(strangers)


def careful(node: Any, place: Location, drift: Drift) -> Look | None:
    """Return the look of any node at all; None if it has no message."""
    if not isinstance(node, dict):
        drift.add("node", node, 1, place)
        return None
    message = node.get("message")
    if not isinstance(message, dict):
        if message is not None:
            drift.add("message", message, 1, place)
        _strangers("node key", node, known.KEYS["node"], 1, place, drift)
        return None
    author, content, metadata = (
        _inner(message, name, place, drift) for name in ("author", "content", "metadata")
    )
    return Look(
        tuple(node),
        tuple(message),
        tuple(author),
        _value(author.get("role")),
        tuple(content),
        _value(content.get("content_type")),
        tuple(metadata),
        _value(metadata.get("model_slug")),
    )


def _inner(message: Raw, name: str, place: Location, drift: Drift) -> Raw:
    value = message.get(name)
    if isinstance(value, dict):
        return value
    if value is not None:
        drift.add(name, value, 1, place)
    return {}


def _value(value: Any) -> Any:
    """Return a value that can be part of a key: a text as it is, else its type."""
    return value if value is None or isinstance(value, str) else type(value)


def judge_parts(parts: Any, place: Location, drift: Drift) -> None:
    """Report strange parts of a message, those that are texts aside."""
    if not isinstance(parts, list):
        if parts is not None and not isinstance(parts, str):
            drift.add("parts", parts, 1, place)
        return
    for part in parts:
        if part is None or isinstance(part, str):
            continue
        if not isinstance(part, dict):
            drift.add("part", part, 1, place)
            continue
        name = part.get("content_type") or part.get("type")
        if not isinstance(name, str) or name not in known.PARTS:
            drift.add("part type", name, 1, place)
        elif known.PARTS[name] is not None:
            _strangers(f"key of {name}", part, known.PARTS[name] or frozenset(), 1, place, drift)


def judge_references(references: Any, place: Location, drift: Drift) -> None:
    """Report types of citations that no table has."""
    for reference in references if isinstance(references, list) else ():
        name = reference.get("type") if isinstance(reference, dict) else None
        if name is not None and (not isinstance(name, str) or name not in known.REFERENCES):
            drift.add("reference type", name, 1, place)
