"""Convert a raw ChatGPT conversation to a neutral one.

The reader owns the raw object and empties it: see `take`. With `source.nodes` and `extra`, the
neutral conversation holds every field of the source and can be written back as an export.

`extra["mapping"]` holds the nodes that cannot be rebuilt from the messages: without a message, with
an odd parent, or with `children` in another order than the tree's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from gptexit.chatgpt import take
from gptexit.chatgpt.names import KIND
from gptexit.chatgpt.tree import Tree, build, newest_leaf
from gptexit.codes import Oddity
from gptexit.model import VERSION, Conversation, Gone, Message, Named, Raw
from gptexit.readers.chatgpt.asset_index import AssetInfo, Lookup
from gptexit.readers.chatgpt.merge.conversation import MADE_UP, made_up
from gptexit.readers.chatgpt.normalize import research, tools
from gptexit.readers.chatgpt.normalize.assets import AssetBook
from gptexit.readers.chatgpt.normalize.library_files import add_generated, add_sandbox_files
from gptexit.readers.chatgpt.normalize.message import MessageContext, read_message

_NONE: list[str] = []


@dataclass(slots=True)
class Account:
    """What the conversations need of the rest of the export."""

    lookup: Lookup = lambda file_id: AssetInfo()
    library: Callable[[str], list[Raw]] = lambda conversation: []
    """Returns the rows of `library_files.json` for a conversation's id."""
    feedback: dict[str, str] = field(default_factory=dict)
    """Message id to `up` or `down`."""
    gone: Callable[[str], Gone | None] = lambda conversation: None
    """Returns what the newest of several exports lacks of a conversation, by its id."""


@dataclass(slots=True)
class ReadStats:
    """Anomalies and unknown types that the reader met, summed over conversations."""

    oddities: Counter[Oddity] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)


def read_conversation(raw: Raw, account: Account, stats: ReadStats) -> Conversation:
    """Convert `raw`, and empty it. Never raises on odd input."""
    own = take.string(raw.get("conversation_id")) or take.string(raw.get("id"))
    identity = own or made_up(raw)
    if own is None:
        stats.oddities[Oddity.NO_ID] += 1
    kind = _kind(raw)
    has_page = own is not None and not own.startswith(MADE_UP) and kind == "chat"
    mapping = _mapping(raw, stats)
    tree = build(mapping, stats.oddities)
    current = _current(raw, mapping, tree, stats)
    slim = not any("children" in node for node in mapping.values())
    book = AssetBook(account.lookup)
    messages: list[Message] = []
    above = _metadata_above(messages)
    context = MessageContext(book, above, account.feedback, stats.oddities, stats.unknown)
    odd = _read_messages(mapping, tree, context, messages, slim)
    if context.hosts:
        research.show_once(messages, context.hosts)
    rows = account.library(identity)
    # First the files that a message links to: only the others need a place.
    add_sandbox_files(context.others, rows, book, stats.oddities)
    if rows:
        add_generated(messages, rows, book, current, stats.oddities)
    if odd:
        raw["mapping"] = _without_messages(mapping, tree, odd)
    # The id of a custom GPT (`g-…`) or project (`g-p-…`).
    template = take.string(raw.get("gizmo_id")) or take.string(raw.get("conversation_template_id"))
    times = [message["created"] for message in messages if message["created"]]
    created, updated = take.dates(raw, times, stats.oddities)
    return {
        "version": VERSION,
        "id": identity,
        "title": take.text(raw, "title"),
        "created": created,
        "updated": updated,
        "source": {
            "provider": "chatgpt",
            "url": f"https://chatgpt.com/c/{own}" if has_page else None,
            "kind": kind,
            "nodes": "slim" if slim else "full",
            "gone": account.gone(identity),
        },
        # "auto" is what the user chose, and names no model.
        "model": None
        if raw.get("default_model_slug") == "auto"
        else take.text(raw, "default_model_slug"),
        "assistant": _named(template, project=False),
        "project": _named(template, project=True),
        "archived": take.flag(raw, "is_archived"),
        "starred": take.flag(raw, "is_starred"),
        "current": current,
        "messages": messages,
        "assets": list(book.assets.values()),
        "extra": raw,
    }


def _kind(raw: Raw) -> Literal["chat", "codex", "group"]:
    """Take the kind of the conversation, as the container marked it."""
    kind = raw.get(KIND)
    if kind not in ("codex", "group"):
        return "chat"
    del raw[KIND]
    return "codex" if kind == "codex" else "group"


def _mapping(raw: Raw, stats: ReadStats) -> dict[str, Raw]:
    """Take the nodes; a value that is no node stays in `raw`, and is counted."""
    nodes = raw.get("mapping")
    if not isinstance(nodes, dict):
        stats.oddities[Oddity.NO_MAPPING] += 1
        return {}
    del raw["mapping"]
    odd = [key for key, node in nodes.items() if not isinstance(node, dict)]
    for key in odd:
        stats.oddities[Oddity.NODE_NO_OBJECT] += 1
        raw.setdefault("odd_nodes", {})[key] = nodes.pop(key)
    return nodes


def _metadata_above(messages: list[Message]) -> Callable[[str | None], Iterator[Raw]]:
    """Return a function that finds the metadata of the messages above one, for its citations.

    `messages` may grow. They are indexed when first needed, as most conversations cite nothing.
    """
    by_id: dict[str, Message] = {}

    def metadata(key: str | None) -> Iterator[Raw]:
        by_id.update((message["id"], message) for message in messages[len(by_id) :])
        while key is not None and by_id[key]["role"] != "user":
            yield take.mapping(by_id[key]["extra"].get("metadata"))
            key = by_id[key]["parent"]

    return metadata


def _read_messages(
    mapping: dict[str, Raw],
    tree: Tree,
    context: MessageContext,
    messages: list[Message],
    slim: bool,
) -> set[str]:
    """Append each message of the tree to `messages`, parents before children.

    Return the nodes that cannot be rebuilt from the messages: see the module.
    """
    odd: set[str] = set()
    bare: dict[str | None, str | None] = {}
    """For each node without a message: the nearest above that has one."""
    states: dict[str | None, tools.State] = {}
    """For each node: what its branch remembers, if that is anything."""
    parent, children = tree.parent, tree.children

    def replies(key: str) -> list[Raw]:
        below = (take.mapping(mapping[child].get("message")) for child in children.get(key, _NONE))
        return [take.mapping(message.get("metadata")) for message in below]

    turn = tools.ToolTurn([], {}, tools.START, replies=replies, oddities=context.oddities)
    for key in tree.order:
        node, above = mapping[key], parent[key]
        message = node.get("message")
        if not isinstance(message, dict):
            odd.update(_around(key, tree))
            bare[key] = bare.get(above, above)
            if above in states:
                states[key] = states[above]
            continue
        rebuilt: Raw = {"id": key, "message": message, "parent": above}
        if not slim:
            rebuilt["children"] = children.get(key, _NONE)
        if node != rebuilt or above in bare:
            odd.add(key)
        if states:
            turn.state = states.get(above, tools.START)
        messages.append(read_message(key, bare.get(above, above), message, turn, context))
        if turn.state is not tools.START:
            states[key] = turn.state
    if bare:
        roots = [key for key, above in parent.items() if above is None]
        odd.update(roots if len(roots) > 1 else _NONE)
    return odd


def _around(bare: str, tree: Tree) -> list[str]:
    """Return a node without a message, its parent and its siblings, so that their order is kept."""
    above = tree.parent[bare]
    return [bare] if above is None else [above, *tree.children[above]]


def _without_messages(mapping: dict[str, Raw], tree: Tree, odd: set[str]) -> dict[str, Raw]:
    """Return the nodes `odd`, in the order of the tree, without their messages."""
    nodes = {key: mapping[key] for key in filter(odd.__contains__, tree.order)}
    for node in nodes.values():
        if isinstance(node.get("message"), dict):
            del node["message"]
    return nodes


def _current(raw: Raw, mapping: dict[str, Raw], tree: Tree, stats: ReadStats) -> str | None:
    """Return the leaf that the user saw last; take `current_node` if it names the same one."""
    declared = raw.get("current_node")
    at = declared if isinstance(declared, str) and declared in mapping else None
    while at is not None and not isinstance(mapping[at].get("message"), dict):
        at = tree.parent[at]
    if at is None:
        at = newest_leaf(mapping, tree)
        if mapping:
            stats.oddities[Oddity.NO_CURRENT_NODE] += 1
    if at is not None and at == declared:
        del raw["current_node"]
    return at


def _named(template: str | None, *, project: bool) -> Named | None:
    if template is None or template.startswith("g-p-") != project:
        return None
    return {"id": template, "name": None}
