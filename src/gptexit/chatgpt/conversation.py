"""A raw ChatGPT conversation in, a neutral one out.

The reader owns the raw object and empties it: see `take`. With `source.nodes` and `extra`, the
neutral conversation holds every field of the source and can be written back as an export.

`extra["mapping"]` holds the nodes that the messages alone do not give back: without a message,
with an odd parent, or with `children` in another order than the tree's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gptexit.chatgpt import library, take, tools
from gptexit.chatgpt.assetbook import AssetBook, Facts, Lookup
from gptexit.chatgpt.citations import References
from gptexit.chatgpt.message import Scene, read_message
from gptexit.chatgpt.tree import Tree, build, newest_leaf
from gptexit.export.copies import made_up
from gptexit.model import VERSION, Conversation, Gone, Message, Named, Raw


@dataclass(slots=True)
class Account:
    """What the export holds beside the conversations, as far as they need it."""

    lookup: Lookup = lambda file_id: Facts()
    library: Callable[[str], list[Raw]] = lambda conversation: []
    """The rows of `library_files.json` for a conversation's id."""
    feedback: dict[str, str] = field(default_factory=dict)
    """Message id to `up` or `down`."""
    gone: Callable[[str], Gone | None] = lambda conversation: None
    """What the newest of several exports lacks of a conversation, by its id."""


@dataclass(slots=True)
class Met:
    """What the reader met and had to decide, summed over conversations, for the report."""

    oddities: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)


def read_conversation(raw: Raw, account: Account, met: Met) -> Conversation:
    """The neutral conversation of `raw`, which is emptied. Never raises on odd input."""
    identity = take.string(raw.get("conversation_id")) or take.string(raw.get("id"))
    url = f"https://chatgpt.com/c/{identity}" if identity else None
    if identity is None:
        identity = made_up(raw)
        met.oddities["conversation without an id"] += 1
    mapping = _mapping(raw, met)
    tree = build(mapping, met.oddities)
    current = _current(raw, mapping, tree, met)
    slim = not any("children" in node for node in mapping.values())
    scene = Scene(
        AssetBook(account.lookup),
        _once(lambda: _references(mapping)),
        account.feedback,
        met.oddities,
        met.unknown,
    )
    # References are learnt from metadata that the messages keep, so reading may go first.
    messages = _messages(mapping, tree, scene)
    rows = account.library(identity)
    if rows:
        library.add_generated(messages, rows, scene.book, met.oddities)
    library.add_sandbox_files(messages, rows, scene.book, met.oddities)
    odd_nodes = _odd_nodes(mapping, tree, messages, slim)
    if odd_nodes:
        raw["mapping"] = odd_nodes
    template = _template(raw)
    times = [message["created"] for message in messages if message["created"]]
    return {
        "version": VERSION,
        "id": identity,
        "title": take.text(raw, "title"),
        "created": take.time(raw, "create_time") or min(times, default=None),
        "updated": take.time(raw, "update_time") or max(times, default=None),
        "source": {
            "provider": "chatgpt",
            "url": url,
            "kind": "chat",
            "nodes": "slim" if slim else "full",
            "gone": account.gone(identity),
        },
        "model": take.text(raw, "default_model_slug"),
        "assistant": _named(template, project=False),
        "project": _named(template, project=True),
        "archived": take.flag(raw, "is_archived"),
        "starred": take.flag(raw, "is_starred"),
        "current": current,
        "messages": messages,
        "assets": list(scene.book.assets.values()),
        "extra": raw,
    }


def _mapping(raw: Raw, met: Met) -> dict[str, Raw]:
    """The nodes; what is no node stays in `raw`, and is counted."""
    found = raw.get("mapping")
    if not isinstance(found, dict):
        met.oddities["conversation without a mapping"] += 1
        return {}
    del raw["mapping"]
    odd = [key for key, node in found.items() if not isinstance(node, dict)]
    for key in odd:
        met.oddities["node that is no object"] += 1
        raw.setdefault("odd_nodes", {})[key] = found.pop(key)
    return found


def _once(make: Callable[[], Any]) -> Callable[[], Any]:
    made: list[Any] = []

    def get() -> Any:
        if not made:
            made.append(make())
        return made[0]

    return get


def _references(mapping: dict[str, Raw]) -> References:
    references = References()
    for node in mapping.values():
        metadata = take.mapping(node.get("message")).get("metadata")
        if isinstance(metadata, dict):
            references.learn(metadata)
    return references


def _messages(mapping: dict[str, Raw], tree: Tree, scene: Scene) -> list[Message]:
    messages: list[Message] = []
    holder: dict[str | None, str | None] = {None: None}
    """For each node: itself where it has a message, else the nearest above that has one."""
    start = tools.State()
    states: dict[str | None, tools.State] = {None: start}
    parent = tree.parent
    turn = tools.Turn([], {}, start, found=scene.oddities)
    for key in tree.order:
        above = parent[key]
        message = mapping[key].get("message")
        if not isinstance(message, dict):
            holder[key] = holder[above]
            states[key] = states[above]
            continue
        turn.state = states[above]
        recipient = message.get("recipient")
        if recipient != "all" and isinstance(recipient, str) and recipient.startswith("canmore"):
            turn.replies = [
                take.mapping(take.mapping(mapping[child].get("message")).get("metadata"))
                for child in tree.children.get(key, ())
            ]
        messages.append(read_message(key, holder[above], message, turn, scene))
        holder[key] = key
        states[key] = turn.state
    return messages


def _current(raw: Raw, mapping: dict[str, Raw], tree: Tree, met: Met) -> str | None:
    """The leaf that the user saw last; what `current_node` says stays in `raw` where it differs."""
    said = raw.get("current_node")
    at = said if isinstance(said, str) and said in mapping else None
    while at is not None and not isinstance(mapping[at].get("message"), dict):
        at = tree.parent[at]
    if at is None:
        at = newest_leaf(mapping, tree)
        if mapping:
            met.oddities["conversation without a usable current_node"] += 1
    if at is not None and at == said:
        del raw["current_node"]
    return at


def _odd_nodes(
    mapping: dict[str, Raw], tree: Tree, messages: list[Message], slim: bool
) -> dict[str, Raw]:
    """The nodes that cannot be told from the messages, in tree order: see the module.

    Beside one without a message all are odd, so that their order can be told.
    """
    odd: dict[str, Raw] = {}
    said = {message["id"]: message["parent"] for message in messages}
    has_message = said.__contains__
    keys = 2 if slim else 3
    among_odd: set[str] = set()
    if len(mapping) > len(messages):
        roots = [key for key in tree.order if tree.parent[key] is None]
        among_odd.update(roots if len(roots) > 1 else _NONE)
    for key in tree.order:
        node = mapping[key]
        below = tree.children.get(key, _NONE)
        whole = all(map(has_message, below))
        if not whole:
            among_odd.update(below)
        if key not in said:
            odd[key] = node
            continue
        del node["message"]
        if (
            len(node) != keys
            or node.get("id") != key
            or not (node.get("parent", 0) == said[key] == tree.parent[key])
            or not (slim or node.get("children") == below)
            or not whole
            or key in among_odd
        ):
            odd[key] = node
    return odd


_NONE: list[str] = []


def _template(raw: Raw) -> str | None:
    """The id of the custom GPT (`g-…`) or project (`g-p-…`) that the conversation belongs to."""
    for key in ("gizmo_id", "conversation_template_id"):
        found = take.string(raw.get(key))
        if found:
            return found
    return None


def _named(template: str | None, *, project: bool) -> Named | None:
    if template is None or template.startswith("g-p-") != project:
        return None
    return {"id": template, "name": None}
