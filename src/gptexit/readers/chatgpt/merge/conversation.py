"""Several copies of one raw conversation into one: the union of their nodes, each in its fullest.

What is the conversation's own (title, times, where the user was) comes from the latest copy; what
that copy does not say is taken from the one before. Nothing here changes the copies themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gptexit.readers.chatgpt.merge.copies import messages_of, moment

Raw = dict[str, Any]
OLDER = "older_content"
"""The key of a merged message under which contents stand that had to give way."""
_TEXTS = {"parts", "text", "content", "summary", "result", "output_str"}
"""Keys of what was written. Such a text may be the beginning of the other copy's: an answer that
was exported while it was being written, or one that was cut."""
_END = object()


class Apart(Exception):
    """Two values that exclude each other."""


def join(older: Any, newer: Any, *, text: bool = False) -> Any:
    """One value that holds everything of both. Raises Apart where there is none.

    `text`: whether a string is something that was written.
    """
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
    """The longer list, with each item of the shorter one joined to its own."""
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
    """The same, but never without a value: where two exclude each other, one of them counts."""
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


def _with_rest(found: Raw, older: Raw) -> Raw:
    for key, value in older.items():
        if key not in found:
            found[key] = value
    return found


def unite_messages(older: Any, newer: Any) -> tuple[Any, bool]:
    """The fullest message of both, and whether their contents exclude each other.

    Then the newer content counts, and the older one stands under `older_content`.
    """
    if not (isinstance(older, dict) and isinstance(newer, dict)):
        return (newer if isinstance(newer, dict) or older is None else older), False
    if older == newer:
        return newer, False
    differs = False
    try:
        content = join(older.get("content"), newer.get("content"), text=True)
    except Apart:
        content, differs = newer["content"], True
    # A slim copy of a message never replaces what a full one says.
    for_older = not differs and _keys(older) > _keys(newer)
    united = decide(_but_content(older), _but_content(newer), for_older=for_older)
    if "content" in older or "content" in newer:
        united["content"] = content
    before = list(_older(older, newer, differs))
    if before:
        united[OLDER] = [each for each in before if each != content]
    return united, differs


def _but_content(message: Raw) -> Raw:
    return {key: value for key, value in message.items() if key not in ("content", OLDER)}


def _keys(message: Raw) -> int:
    metadata = message.get("metadata")
    return len(message) + (len(metadata) if isinstance(metadata, dict) else 0)


def _older(older: Raw, newer: Raw, differs: bool) -> Iterator[Any]:
    for message in (older, newer):
        kept = message.get(OLDER, [])
        yield from kept if isinstance(kept, list) else [kept]
    if differs:
        yield older["content"]


_TEMPLATES = ("gizmo_id", "conversation_template_id")
"""Both say the same: the custom GPT or the project. Slim exports have only the second."""


@dataclass(slots=True)
class MergedConversation:
    """What copies were merged into, and what that took."""

    raw: Raw
    holders: dict[str, int] = field(default_factory=dict)
    """For each node with a message the exports that hold it, as bits."""
    differing: list[tuple[str, int]] = field(default_factory=list)
    """Each node whose content had to give way to a later one, with the export that it was of."""


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
    """Where the user was last: at the end of what the newer copy says, or behind it."""
    before, now = older.get("current_node"), newer.get("current_node")
    if not isinstance(before, str) or before not in nodes or before == now:
        return now
    if not isinstance(now, str) or now not in _nodes(newer):
        # A place in an older copy is no place in a conversation that went on since.
        return before if _nodes(newer).keys() <= _nodes(older).keys() else now
    # What the newer copy has lost of its end is shown, too; so is what it leaves out there.
    seen: set[str] = set()
    at: Any = before
    while isinstance(at, str) and at != now and at not in seen:
        seen.add(at)
        at = _parent_of(nodes.get(at))
    return before if at == now else now


def _kept(older: Raw, newer: Raw) -> Raw:
    """What a merged conversation has from its older copy."""
    kept = {key: value for key, value in older.items() if key not in newer}
    if any(key in newer for key in _TEMPLATES):
        said = [newer[key] for key in _TEMPLATES if key in newer]
        for key in _TEMPLATES:
            if key in kept and kept[key] not in said:  # it was moved since
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
    """The nodes of both, and those whose content differs."""
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
    for key, node in older.items():
        if key not in united:
            united[key] = node
    return united, differing


def _united_node(older: Raw, newer: Raw, above_old: _Above, above_new: _Above) -> tuple[Raw, bool]:
    if older == newer:
        return newer, False
    differs = False
    united: Raw = decide(_but_links(older), _but_links(newer), for_older=False)
    if "message" in newer or "message" in older:
        message, differs = unite_messages(older.get("message"), newer.get("message"))
        united["message"] = message
    if "parent" in newer or "parent" in older:
        united["parent"] = _parent(older.get("parent"), newer.get("parent"), above_old, above_new)
    if "children" in newer or "children" in older:
        united["children"] = _children(older.get("children"), newer.get("children"))
    return united, differs


def _but_links(node: Raw) -> Raw:
    return {
        key: value for key, value in node.items() if key not in ("message", "parent", "children")
    }


class _Above:
    """For a node of one copy the nearest at or above it that another copy has too.

    A slim copy hangs an answer below the question, where a full one has the tools between them.
    """

    def __init__(self, nodes: Raw, other: Raw) -> None:
        self._nodes = nodes
        self._other = other
        self._known: dict[str, str | None] = {}

    def own(self, key: Any) -> str | None:
        """`key` where this copy has a node of it."""
        return key if isinstance(key, str) and key in self._nodes else None

    def __call__(self, key: Any) -> str | None:
        trail: list[str] = []
        while isinstance(key, str) and key not in self._other and key not in self._known:
            self._known[key] = None  # a circle ends here
            trail.append(key)
            key = _parent_of(self._nodes.get(key))
        found = self._known.get(key, key) if isinstance(key, str) else None
        for each in trail:
            self._known[each] = found
        return found


def _parent_of(node: Any) -> Any:
    return node.get("parent") if isinstance(node, dict) else None


def _parent(older: Any, newer: Any, above_old: _Above, above_new: _Above) -> Any:
    """The parent by the copy that leaves nothing out between it and the node."""
    if older == newer:
        return newer
    if above_old(older) == above_new.own(newer):
        return older
    if above_new(newer) == above_old.own(older):
        return newer
    return newer if newer is not None else older


def _children(older: Any, newer: Any) -> Any:
    """The children that either copy names, those of the newer one first."""
    if not (isinstance(older, list) and isinstance(newer, list)):
        return newer if isinstance(newer, list) else older
    if not all(isinstance(each, str) for each in (*older, *newer)):
        return newer
    return list(dict.fromkeys([*newer, *older]))


def _with_all_children(raw: Raw) -> Raw:
    """Return the conversation `raw` with each node named among its parent's children.

    Nodes that came from another copy are missing there. Where no node names children, nothing
    changes. `raw` may be one of the copies, so it is not changed in place.
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
            known = {each for each in named if isinstance(each, str)}
            more = [each for each in below.get(key, ()) if each not in known]
            if more or "children" not in node:
                mapping[key] = {**node, "children": [*named, *more]}
    return {**raw, "mapping": mapping}
