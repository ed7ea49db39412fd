"""Merge several copies of one raw conversation: the union of their nodes, each in its fullest.

The conversation's own fields (title, times, where the user was) come from the latest copy; those
that it lacks from the one before. Nothing here changes the copies themselves.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gptexit.model import Raw
from gptexit.text.json import dumps

MADE_UP = "no-id-"
"""The beginning of the id of a conversation that has none of its own."""
OLDER = "older_content"
"""The key of a merged message that holds the contents that had to give way."""
_TEXTS = {"parts", "text", "content", "summary", "result", "output_str"}
"""Keys of written text, which may be the beginning of the other copy's: exported early, or cut."""
_END = object()
_TEMPLATES = ("gizmo_id", "conversation_template_id")
"""Both hold the id of the custom GPT or the project. Slim exports have only the second."""


def key_of(raw: Raw) -> str:
    """Return the id of a conversation, or one that is made from its content."""
    for name in ("conversation_id", "id"):
        value = raw.get(name)
        if isinstance(value, str) and value:
            return value
    return made_up(raw)


def made_up(raw: Raw) -> str:
    """Make an id from the content, the same in every run."""
    data = dumps(raw, sort_keys=True)
    return MADE_UP + hashlib.sha256(data).hexdigest()[:24]


def moment(value: Any) -> float:
    """Convert a time to Unix seconds, however it is written; minus infinity if it is no time."""
    try:
        if isinstance(value, str):
            try:
                seconds = float(value)
            except ValueError:
                time = datetime.fromisoformat(value)
                seconds = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
        elif isinstance(value, int | float) and not isinstance(value, bool):
            seconds = float(value)
        else:
            return -math.inf
    except (ValueError, OverflowError):
        return -math.inf
    return seconds if math.isfinite(seconds) else -math.inf


def moment_of(raw: Raw) -> float:
    """Return when a copy was changed: its `update_time`, else that of its latest message."""
    updated = moment(raw.get("update_time"))
    if updated != -math.inf:
        return updated
    times = (moment(message.get("create_time")) for _, message in messages_of(raw))
    return max(times, default=updated)


def messages_of(raw: Raw) -> Iterator[tuple[str, Raw]]:
    """Yield the messages of a raw conversation, each with the id of its node."""
    for key, node in _nodes(raw).items():
        if isinstance(node, dict) and isinstance(message := node.get("message"), dict):
            yield key, message


class Apart(Exception):
    """Two values that exclude each other."""


def join(older: Any, newer: Any, *, text: bool = False) -> Any:
    """Return one value with everything of both; `text`: strings are written text. Raises Apart."""
    if older is None or newer is None:
        return older if newer is None else newer
    if isinstance(older, dict) and isinstance(newer, dict):
        joined = {
            key: join(older[key], value, text=key in _TEXTS) if key in older else value
            for key, value in newer.items()
        }
        return _with_rest(joined, older)
    if isinstance(older, list) and isinstance(newer, list):
        return _lists(older, newer, text)
    if text and isinstance(older, str) and isinstance(newer, str):
        if newer.startswith(older):
            return newer
        if older.startswith(newer):
            return older
    elif older == newer:
        return newer
    raise Apart


def _lists(older: list[Any], newer: list[Any], text: bool) -> list[Any]:
    """Return the longer list, with each item of the shorter one joined to its own."""
    if len(older) == len(newer):
        return [join(a, b, text=text) for a, b in zip(older, newer, strict=True)]
    longer, rest = (older, iter(newer)) if len(older) > len(newer) else (newer, iter(older))
    wanted = next(rest, _END)
    joined = []
    for item in longer:
        if wanted is _END:
            joined.append(item)
            continue
        try:
            pair = (item, wanted) if longer is older else (wanted, item)
            joined.append(join(*pair, text=text))
        except Apart:
            joined.append(item)
        else:
            wanted = next(rest, _END)
    if wanted is not _END:
        raise Apart
    return joined


def decide(older: Any, newer: Any, *, for_older: bool) -> Any:
    """Join two values; if they exclude each other, take the older or the newer one."""
    if isinstance(older, dict) and isinstance(newer, dict):
        decided = {
            key: decide(older[key], value, for_older=for_older) if key in older else value
            for key, value in newer.items()
        }
        return _with_rest(decided, older)
    try:
        return join(older, newer)
    except Apart:
        return older if for_older else newer


def _with_rest(joined: Raw, older: Raw) -> Raw:
    for key, value in older.items():
        joined.setdefault(key, value)
    return joined


def _without(value: Raw, *keys: str) -> Raw:
    return {key: inner for key, inner in value.items() if key not in keys}


def unite_messages(older: Any, newer: Any) -> tuple[Any, bool]:
    """Return the fullest message of both, and whether the older content had to give way."""
    if not (isinstance(older, dict) and isinstance(newer, dict)):
        return (newer if isinstance(newer, dict) or older is None else older), False
    if older == newer:
        return newer, False
    differs = False
    try:
        content = join(older.get("content"), newer.get("content"), text=True)
    except Apart:
        content, differs = newer["content"], True
    # A slim copy of a message never replaces the fields of a full one.
    for_older = not differs and _keys(older) > _keys(newer)
    bare = (_without(message, "content", OLDER) for message in (older, newer))
    united = decide(*bare, for_older=for_older)
    if "content" in older or "content" in newer:
        united["content"] = content
    before: list[Any] = []
    for message in (older, newer):
        kept = message.get(OLDER, [])
        before += kept if isinstance(kept, list) else [kept]
    if differs:
        before.append(older["content"])
    if before:
        united[OLDER] = [
            value
            for number, value in enumerate(before)
            if value != content and value not in before[:number]
        ]
    return united, differs


def _keys(message: Raw) -> int:
    metadata = message.get("metadata")
    return len(message) + (len(metadata) if isinstance(metadata, dict) else 0)


@dataclass(slots=True)
class MergedConversation:
    """A conversation merged of its copies."""

    raw: Raw
    holders: dict[str, int] = field(default_factory=dict)
    """Node id to the exports that hold its message, as bits."""
    differing: list[tuple[str, int]] = field(default_factory=list)
    """Node id and export of each content that had to give way to a later one."""


def merge(copies: Iterable[tuple[int, Raw]]) -> MergedConversation:
    """Merge copies, each with the number of its export: the oldest first, and at least one."""
    merged: MergedConversation | None = None
    owners: dict[str, int] = {}
    several = False
    for export, raw in copies:
        if merged is None:
            merged = MergedConversation(raw)
        elif _same(merged.raw, raw):
            merged.raw = raw
        else:
            merged.raw = _united(merged, owners, export, raw)
            several = True
        for key, _ in messages_of(raw):
            merged.holders[key] = merged.holders.get(key, 0) | 1 << export
            owners[key] = export
    assert merged is not None
    if several:
        merged.raw = _with_all_children(merged.raw)
    return merged


def _same(one: Raw, other: Raw) -> bool:
    try:
        return one == other
    except RecursionError:
        return False


def _united(merged: MergedConversation, owners: dict[str, int], export: int, newer: Raw) -> Raw:
    older = merged.raw
    united = {**newer, **_kept(older, newer)}
    nodes, known = _nodes(newer), _nodes(older)
    if known and nodes:
        united["mapping"], differing = _united_nodes(known, nodes)
        merged.differing += [(key, owners.get(key, export)) for key in differing]
    elif known:
        united["mapping"] = older["mapping"]
    united.pop("current_node", None)
    current = _current(older, newer, _nodes(united))
    if current is not None:
        united["current_node"] = current
    return united


def _current(older: Raw, newer: Raw, nodes: Raw) -> Any:
    """Return the node where the user was last: at the end of the newer copy, or behind it."""
    before, now = older.get("current_node"), newer.get("current_node")
    if not isinstance(before, str) or before not in nodes or before == now:
        return now
    if not isinstance(now, str) or now not in _nodes(newer):
        # The place in an older copy does not count if the conversation went on since.
        return before if _nodes(newer).keys() <= _nodes(older).keys() else now
    # Messages at the end that the newer copy has lost or leaves out are shown too.
    seen: set[str] = set()
    at: Any = before
    while isinstance(at, str) and at != now and at not in seen:
        seen.add(at)
        at = _parent_of(nodes.get(at))
    return before if at == now else now


def _kept(older: Raw, newer: Raw) -> Raw:
    """Return the fields that a merged conversation has from its older copy."""
    kept = {key: value for key, value in older.items() if key not in newer}
    if any(key in newer for key in _TEMPLATES):
        templates = [newer[key] for key in _TEMPLATES if key in newer]
        for key in _TEMPLATES:
            if key in kept and kept[key] not in templates:  # it was moved since
                del kept[key]
                kept.pop("gizmo_type", None)
    for key in ("title", "default_model_slug"):
        if not newer.get(key) and older.get(key):
            kept[key] = older[key]
    if moment(newer.get("update_time")) < moment(older.get("update_time")):
        kept["update_time"] = older["update_time"]
    begun = moment(older.get("create_time"))
    if begun > 0 and not 0 < moment(newer.get("create_time")) <= begun:
        kept["create_time"] = older["create_time"]
    return kept


def _nodes(raw: Raw) -> Raw:
    mapping = raw.get("mapping")
    return mapping if isinstance(mapping, dict) else {}


def _united_nodes(older: Raw, newer: Raw) -> tuple[Raw, list[str]]:
    """Return the nodes of both, and the ids of those whose content differs."""
    united: Raw = {}
    differing = []
    above = _Above(older, newer), _Above(newer, older)
    for key, node in newer.items():
        before = older.get(key)
        if not (isinstance(before, dict) and isinstance(node, dict)):
            united[key] = before if isinstance(before, dict) else node
            continue
        try:
            united[key], differs = _united_node(before, node, *above)
        except RecursionError:  # nested deeper than any message is: the later one counts
            united[key], differs = node, True
        if differs:
            differing.append(key)
    return _with_rest(united, older), differing


def _united_node(older: Raw, newer: Raw, above_old: _Above, above_new: _Above) -> tuple[Raw, bool]:
    if older == newer:
        return newer, False
    differs = False
    bare = (_without(node, "message", "parent", "children") for node in (older, newer))
    united: Raw = decide(*bare, for_older=False)
    if "message" in newer or "message" in older:
        message, differs = unite_messages(older.get("message"), newer.get("message"))
        united["message"] = message
    if "parent" in newer or "parent" in older:
        united["parent"] = _parent(older.get("parent"), newer.get("parent"), above_old, above_new)
    if "children" in newer or "children" in older:
        united["children"] = _children(older.get("children"), newer.get("children"))
    return united, differs


class _Above:
    """Finds, for a node of one copy, the nearest at or above it that another copy has too.

    A slim copy hangs an answer below the question, where a full one has the tools between them.
    """

    def __init__(self, nodes: Raw, other: Raw) -> None:
        self._nodes = nodes
        self._other = other
        self._known: dict[str, str | None] = {}

    def own(self, key: Any) -> str | None:
        """Return `key` if this copy has a node of it."""
        return key if isinstance(key, str) and key in self._nodes else None

    def __call__(self, key: Any) -> str | None:
        trail: list[str] = []
        while isinstance(key, str) and key not in self._other and key not in self._known:
            self._known[key] = None  # a circle ends here
            trail.append(key)
            key = _parent_of(self._nodes.get(key))
        shared = self._known.get(key, key) if isinstance(key, str) else None
        self._known |= dict.fromkeys(trail, shared)
        return shared


def _parent_of(node: Any) -> Any:
    return node.get("parent") if isinstance(node, dict) else None


def _parent(older: Any, newer: Any, above_old: _Above, above_new: _Above) -> Any:
    """Return the parent by the copy that leaves nothing out between it and the node."""
    if older == newer:
        return newer
    if above_old(older) == above_new.own(newer):
        return older
    if above_new(newer) == above_old.own(older):
        return newer
    return newer if newer is not None else older


def _children(older: Any, newer: Any) -> Any:
    """Return the children that either copy names, those of the newer one first."""
    if not (isinstance(older, list) and isinstance(newer, list)):
        return newer if isinstance(newer, list) else older
    if not all(isinstance(child, str) for child in (*older, *newer)):
        return newer
    return list(dict.fromkeys([*newer, *older]))


def _with_all_children(raw: Raw) -> Raw:
    """Return a conversation with each node among its parent's children, if nodes name children.

    Nodes that came from another copy are missing there. Not in place: `raw` may be a copy.
    """
    nodes = {key: node for key, node in _nodes(raw).items() if isinstance(node, dict)}
    if not any("children" in node for node in nodes.values()):
        return raw
    below: dict[str, list[str]] = {}
    for key, node in nodes.items():
        if isinstance(above := node.get("parent"), str) and above != key:
            below.setdefault(above, []).append(key)
    mapping = dict(raw["mapping"])
    for key, node in nodes.items():
        named = node.get("children", [])
        if isinstance(named, list):
            known = {child for child in named if isinstance(child, str)}
            more = [child for child in below.get(key, ()) if child not in known]
            if more or "children" not in node:
                mapping[key] = {**node, "children": [*named, *more]}
    return {**raw, "mapping": mapping}
