"""Faults of conversations and of the nodes of their trees, a function a kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from support.faults.changes import AsText, Rng, a_value

Items = list[Any]
Raw = dict[str, Any]


# The items of an array of conversations


def item_replaced(items: Items, rng: Rng) -> None:
    items[rng.randrange(len(items))] = a_value(rng)


def item_added(items: Items, rng: Rng) -> None:
    items.insert(rng.randrange(len(items) + 1), a_value(rng))


def item_deleted(items: Items, rng: Rng) -> None:
    del items[rng.randrange(len(items))]


def item_twice(items: Items, rng: Rng) -> None:
    """Another copy: the same, an older or later one, or one of another id."""
    copy = deepcopy(rng.choice(items))
    if isinstance(copy, dict):
        rng.choice((_same, _later, _renumbered, _nameless, _odd_time))(copy, rng)
    items.insert(rng.randrange(len(items) + 1), copy)


def _same(raw: Raw, rng: Rng) -> None:
    pass


def _later(raw: Raw, rng: Rng) -> None:
    time = raw.get("update_time")
    raw["update_time"] = (time if isinstance(time, (int, float)) else 1.7e9) + rng.choice((-9, 9))
    raw["title"] = "another copy"


def _renumbered(raw: Raw, rng: Rng) -> None:
    raw["conversation_id"] = raw["id"] = f"another-{rng.randrange(10**9)}"


def _nameless(raw: Raw, rng: Rng) -> None:
    raw.pop("id", None)
    raw.pop("conversation_id", None)


def _odd_time(raw: Raw, rng: Rng) -> None:
    raw["update_time"] = rng.choice(("2030-01-01", "x", None, True, AsText("NaN"), AsText("1e999")))


def items_shuffled(items: Items, rng: Rng) -> None:
    rng.shuffle(items)


def items_nested(items: Items, rng: Rng) -> None:
    at = rng.randrange(len(items))
    items[at:] = [items[at:]]


ITEMS: list[Callable[[Items, Rng], None]] = [
    *(
        item_replaced,
        item_added,
        item_deleted,
        item_twice,
        item_twice,
        items_shuffled,
        items_nested,
    ),
]


# The nodes of a conversation's mapping


def node_deleted(raw: Raw, nodes: Raw, rng: Rng) -> None:
    del nodes[rng.choice(list(nodes))]


def node_twice(raw: Raw, nodes: Raw, rng: Rng) -> None:
    nodes[f"copy-{rng.randrange(99)}"] = deepcopy(nodes[rng.choice(list(nodes))])


def node_moved(raw: Raw, nodes: Raw, rng: Rng) -> None:
    """Below another node, perhaps below itself."""
    node = nodes[rng.choice(list(nodes))]
    if isinstance(node, dict):
        node["parent"] = rng.choice(list(nodes))


def all_moved(raw: Raw, nodes: Raw, rng: Rng) -> None:
    for node in nodes.values():
        if isinstance(node, dict) and rng.random() < 0.5:
            node["parent"] = rng.choice(list(nodes))


def node_orphaned(raw: Raw, nodes: Raw, rng: Rng) -> None:
    node = nodes[rng.choice(list(nodes))]
    if isinstance(node, dict):
        node["parent"] = rng.choice(("nobody", "", None, 7, [], {}, True))
        if rng.random() < 0.2:
            del node["parent"]


def children_changed(raw: Raw, nodes: Raw, rng: Rng) -> None:
    node = nodes[rng.choice(list(nodes))]
    if isinstance(node, dict):
        keys = list(nodes)
        made = [
            [rng.choice(keys) for _ in range(rng.randrange(5))],
            None,
            ["nobody"],
            "x",
            [1, None],
        ]
        node["children"] = rng.choice(made)


def node_replaced(raw: Raw, nodes: Raw, rng: Rng) -> None:
    nodes[rng.choice(list(nodes))] = a_value(rng)


def node_renamed(raw: Raw, nodes: Raw, rng: Rng) -> None:
    nodes[rng.choice(("", "\0", "a/b", "\ud800", "x" * 3000, "null"))] = nodes.pop(
        rng.choice(list(nodes))
    )


def message_changed(raw: Raw, nodes: Raw, rng: Rng) -> None:
    node = nodes[rng.choice(list(nodes))]
    if isinstance(node, dict):
        message = node.get("message")
        if isinstance(message, dict) and message and rng.random() < 0.8:
            message[rng.choice(list(message))] = a_value(rng)
        else:
            node["message"] = a_value(rng)


def messages_swapped(raw: Raw, nodes: Raw, rng: Rng) -> None:
    one, other = nodes[rng.choice(list(nodes))], nodes[rng.choice(list(nodes))]
    if isinstance(one, dict) and isinstance(other, dict):
        one["message"], other["message"] = other.get("message"), one.get("message")


def current_changed(raw: Raw, nodes: Raw, rng: Rng) -> None:
    raw["current_node"] = rng.choice((*nodes, "nobody", None, 7, [], {}))


def nodes_shuffled(raw: Raw, nodes: Raw, rng: Rng) -> None:
    pairs = list(nodes.items())
    rng.shuffle(pairs)
    nodes.clear()
    nodes.update(pairs)


def mapping_as_list(raw: Raw, nodes: Raw, rng: Rng) -> None:
    raw["mapping"] = list(nodes.values())


NODES: list[Callable[[Raw, Raw, Rng], None]] = [
    *(node_deleted, node_twice, node_moved, node_moved, all_moved, node_orphaned, children_changed),
    *(node_replaced, node_renamed, message_changed, message_changed, messages_swapped),
    *(current_changed, nodes_shuffled, mapping_as_list),
]


def in_a_tree(items: Items, rng: Rng) -> str | None:
    """One such fault in one of the conversations; its name, None where there is no tree."""
    trees = [item for item in items if isinstance(item, dict)]
    trees = [tree for tree in trees if isinstance(tree.get("mapping"), dict) and tree["mapping"]]
    if not trees:
        return None
    raw = rng.choice(trees)
    change = rng.choice(NODES)
    change(raw, raw["mapping"], rng)
    return change.__name__


# JSON text


def dumped(value: Any, rng: Rng) -> bytes:
    """`value` as JSON, in one of the ways that JSON is written."""
    texts: list[str] = []
    plain = rng.random() < 0.5
    made = json.dumps(
        _marked(value, texts),
        ensure_ascii=rng.random() < 0.5,
        separators=None if plain else rng.choice(((",", ":"), (", ", ": "), (" ,\n", "\t:  "))),
        indent=None if plain or rng.random() < 0.8 else rng.choice((0, 1)),
    )
    for number, text in enumerate(texts):
        made = made.replace(f'"as-text-{number}-"', text, 1)
    front = "\ufeff" if rng.random() < 0.05 else ""
    return (front + made).encode("utf-8", "surrogatepass")


def _marked(root: Any, texts: list[str]) -> Any:
    """`root` with a mark in place of each AsText; iterative, since some samples nest."""
    holder = [root]
    stack: list[Any] = [holder]
    while stack:
        node = stack.pop()
        for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
            if isinstance(value, AsText):
                node[key] = f"as-text-{len(texts)}-"
                texts.append(str(value))
            elif isinstance(value, (dict, list)):
                stack.append(value)
    return holder[0]
